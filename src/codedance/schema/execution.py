"""What happened when one cell of code ran."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from codedance.schema.images import ImageRef
from codedance.schema.record import Record, Text

__all__ = ["CapturedImage", "Execution", "ExecutionStatus", "GuestError", "ImageSource"]


class ExecutionStatus(StrEnum):
    """How a cell ended, as the host saw it (exit status, deadline) or the guest reported it (``ok``, ``error``)."""

    OK = "ok"
    """Ran to its end without an exception."""
    ERROR = "error"
    """Raised an exception; the session lives on."""
    TIMEOUT = "timeout"
    """Ran past the wall-clock or CPU limit and was killed by the host."""
    MEMORY = "memory"
    """Went over the memory limit: an uncaught ``MemoryError``, or killed by the host."""
    EXITED = "exited"
    """Called ``exit()`` or ``sys.exit()``; the session lives on."""
    CRASHED = "crashed"
    """The session's process died (signal, ``os._exit``) or broke the channel."""
    DENIED = "denied"
    """The process was killed for a system call that no cell may make, or for too many threads or files."""
    LOST = "lost"
    """The session had already ended before this cell; nothing ran."""


class ImageSource(StrEnum):
    """How a picture came to be shown."""

    VALUE = "value"
    """Value of the cell's last expression."""
    FIGURE = "figure"
    """A matplotlib figure, shown or left open."""
    DISPLAY = "display"
    """``image.show()`` or ``display(image)``."""


class CapturedImage(Record):
    """A picture that a cell showed."""

    image: ImageRef
    source: ImageSource
    after_characters: int = Field(ge=0)
    """How many characters of ``stdout`` were printed before the picture was shown."""


class GuestError(Record):
    """An exception of the model's code."""

    type: Text
    """Class name, for example ``ZeroDivisionError``."""
    message: Text
    traceback: Text
    """As Python prints it, naming only the lines of cells."""


class Execution(Record):
    r"""The structured result of one cell; what it printed is a claim of the guest, its status is the host's verdict.

    >>> Execution(status=ExecutionStatus.OK, stdout="3\n", seconds=0.01).showed_something
    True
    """

    status: ExecutionStatus
    stdout: Text = ""
    """Printed text, cut at the limit of output characters."""
    stderr: Text = ""
    """Warnings and whatever else went to the error stream, cut likewise."""
    value: Text | None = None
    """Text of the last expression's value, unless it is ``None`` or an image."""
    error: GuestError | None = None
    images: tuple[CapturedImage, ...] = ()
    """In the order in which they were shown."""
    seconds: float = Field(ge=0.0)
    """Wall-clock time by the host's clock."""
    truncated: bool = False
    """True if text or pictures were cut or dropped at a limit."""
    exit_code: int | None = None
    """What ``sys.exit`` was called with, as the guest says (0 without); ``None`` if the cell did not exit."""
    detail: Text | None = None
    """One line of the host about an end that the guest did not choose (which limit, which signal)."""

    @property
    def ok(self) -> bool:
        """True if the cell ran to its end without an exception."""
        return self.status is ExecutionStatus.OK

    @property
    def showed_something(self) -> bool:
        """True if the cell printed, had a value or showed a picture."""
        return bool(self.stdout.strip() or self.value or self.images)
