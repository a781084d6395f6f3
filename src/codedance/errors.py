"""Every error that CodeDance raises on purpose, drawn as a tree.

::

    CodeDanceError
    ├── UsageError          a flag, setting or question that cannot be used
    ├── PictureError        a picture that cannot be read or is over its limits
    ├── DataError           a file of ours or of the user's with wrong content
    ├── StoreError          a run folder that cannot be read or written
    ├── MissingExtraError   an optional dependency is not installed
    ├── EngineError         a training engine is missing, of another version, or did not load our plug-in
    ├── SandboxError        the sandbox itself failed (never the guest's fault)
    │   ├── TierUnavailableError    an isolation tier was asked for and cannot be had
    │   └── SandboxLostError        the machine that a session ran on is gone
    └── ModelError          a model could not be asked
        ├── ModelUnreachableError   no connection, or no answer in time
        ├── ModelAccessError        the key was refused
        ├── ModelNotFoundError      the server has no such model
        ├── ModelReplyError         the reply could not be understood
        └── ModelContextFullError   the conversation does not fit the model's context

A message is one line that says what happened and what to do about it. What model-written code does wrong is never an
exception: it is an :class:`~codedance.schema.Execution`. Work that is done side by side raises errors in groups;
:func:`ungrouped` takes them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "CodeDanceError",
    "DataError",
    "EngineError",
    "MissingExtraError",
    "ModelAccessError",
    "ModelContextFullError",
    "ModelError",
    "ModelNotFoundError",
    "ModelReplyError",
    "ModelUnreachableError",
    "PictureError",
    "SandboxError",
    "SandboxLostError",
    "StoreError",
    "TierUnavailableError",
    "UsageError",
    "ungrouped",
]


class CodeDanceError(Exception):
    """Root of the tree; catching it catches everything that CodeDance raises on purpose."""


class UsageError(CodeDanceError):
    """A flag, setting or question that cannot be used as given."""


class PictureError(CodeDanceError):
    """A picture that is missing, broken, or over the limits of :mod:`codedance.imaging`."""


class DataError(CodeDanceError):
    """A file with content that does not fit its format or schema version."""


class StoreError(CodeDanceError):
    """A run folder that cannot be read, written or resumed."""


class MissingExtraError(CodeDanceError):
    """An optional dependency is missing; the message names the extra that brings it.

    >>> print(MissingExtraError("the nano model", "local"))
    the nano model needs the extra 'local': pip install 'codedance[local]'
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'codedance[{extra}]'")


class EngineError(CodeDanceError):
    """A training engine is missing, of a version that is not supported, or did not load our plug-in."""


class SandboxError(CodeDanceError):
    """The sandbox's own machinery failed: no process, no channel, no isolation."""


class TierUnavailableError(SandboxError):
    """An isolation tier was asked for by name and this machine cannot give it."""


class SandboxLostError(SandboxError):
    """The machine that a session ran on is gone, and the session with it; the episode can be begun anew elsewhere."""


class ModelError(CodeDanceError):
    """A model could not be asked, or not understood."""


class ModelUnreachableError(ModelError):
    """No connection to the model, or no answer within the time allowed, after retries."""


class ModelAccessError(ModelError):
    """The model's server refused the key."""


class ModelNotFoundError(ModelError):
    """The server has no model of that name."""


class ModelReplyError(ModelError):
    """The model's server answered with something that is not a completion."""


class ModelContextFullError(ModelError):
    """The conversation is longer than the model can read; the episode ends as if its token budget were used up."""


@contextmanager
def ungrouped(*kinds: type[BaseException]) -> Iterator[None]:
    """Raise the one error that tells what happened instead of the group that a task group raises, even for one error.

    The first failure of a task group cancels the other tasks, so what else lies in the group is mostly its consequence.
    A cancellation, and whatever comes without a group, passes unchanged. The error keeps its own cause.

    Args:
        kinds: which errors, in order of preference: the first error of the first kind that is there, however deep its
            group lies. :class:`CodeDanceError` if none is named. A group without any of them is raised as it is: all
            of it is needed to find a bug.

    >>> with ungrouped():
    ...     raise ExceptionGroup("tasks", [OSError(), ExceptionGroup("more", [StoreError("the disk is full")])])
    Traceback (most recent call last):
    codedance.errors.StoreError: the disk is full
    """
    try:
        yield
    except BaseExceptionGroup as group:
        error = next(filter(None, (_first(group, kind) for kind in kinds or (CodeDanceError,))), None)
        if error is None:
            raise
        context = error.__context__
        try:
            raise error
        finally:
            error.__context__ = context  # raised here, it would have got the group


def _first(group: BaseExceptionGroup[BaseException], kind: type[BaseException]) -> BaseException | None:
    """The first error of a kind in a tree of groups, depth first."""
    found: BaseException | None = group.subgroup(kind)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
