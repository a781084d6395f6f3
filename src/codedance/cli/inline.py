"""Pictures within a terminal: which way it has of showing them, and the codes that do.

Nothing of a model or a file reaches the terminal: a picture is decoded, made small and encoded anew, and only those
bytes are sent, in base64 or as sixels.
"""

from __future__ import annotations

import base64
import io
import os
import select
import sys
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import assert_never

from PIL import Image

from codedance.imaging import Picture

__all__ = ["Graphics", "drawn", "find_graphics", "from_answer", "from_environment"]

_LARGEST_SIDE = 480
"""Pixels of the longer side that is sent."""
_CELL_PIXELS = 10
"""About the width of a character; pictures are not shown larger than they are."""
_SIXEL_COLOURS = 32
_LARGEST_SIXEL_SIDE = 320
"""Sixels are made here, in Python, and are many bytes."""
_KITTY_CHUNK = 4096
_ANSWER_SECONDS = 0.3
_ITERM_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "mintty", "rio"})
_KITTY_PROGRAMS = frozenset({"ghostty"})


class Graphics(StrEnum):
    """A terminal's way of showing pictures."""

    NONE = "none"
    KITTY = "kitty"
    """The protocol of kitty and Ghostty."""
    ITERM2 = "iterm2"
    """The protocol of iTerm2, WezTerm and mintty."""
    SIXEL = "sixel"
    """DEC's sixels: foot, xterm -ti vt340, mlterm, Windows Terminal, ..."""


def from_environment(environment: Mapping[str, str]) -> Graphics | None:
    """What a terminal's own variables tell; ``None`` if it must be asked.

    Within tmux and screen the variables are those of the terminal outside, which does not get what is written here.

    >>> iterm = {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}
    >>> from_environment({"TERM": "xterm-kitty"}), from_environment(iterm)
    (<Graphics.KITTY: 'kitty'>, <Graphics.ITERM2: 'iterm2'>)
    >>> from_environment({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}) is None
    True
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("tmux", "screen")):
        return None
    if term in ("", "dumb", "linux"):
        return Graphics.NONE
    if term in ("xterm-kitty", "xterm-ghostty") or "KITTY_WINDOW_ID" in environment or program in _KITTY_PROGRAMS:
        return Graphics.KITTY
    if program in _ITERM_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2":
        return Graphics.ITERM2
    return None


def from_answer(answer: bytes) -> Graphics:
    r"""What a terminal tells of itself: its attributes name 4 if it knows sixels.

    >>> from_answer(b"\x1b[?62;4;22c"), from_answer(b"\x1b[?1;2c"), from_answer(b"nonsense")
    (<Graphics.SIXEL: 'sixel'>, <Graphics.NONE: 'none'>, <Graphics.NONE: 'none'>)
    """
    begin, end = answer.rfind(b"\x1b[?"), answer.rfind(b"c")
    if begin < 0 or end < begin:
        return Graphics.NONE
    attributes = answer[begin + 3 : end].split(b";")
    return Graphics.SIXEL if b"4" in attributes[1:] else Graphics.NONE


def find_graphics() -> Graphics:
    """How this process's terminal shows pictures: by its variables, else by its answer, else not at all.

    It is asked for its primary attributes, which every terminal answers, and only if both ends are a terminal and this
    process is the one in front; no answer within a third of a second is none.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Graphics.NONE
    known = from_environment(os.environ)
    return known if known is not None else from_answer(_ask_terminal())


def drawn(picture: Picture, graphics: Graphics, *, columns: int) -> str:
    """The codes that draw a picture, a line end after it; empty without graphics.

    Args:
        picture: what is drawn.
        graphics: the terminal's way.
        columns: how wide it may become, in characters.
    """
    if graphics is Graphics.NONE:
        return ""
    image = picture.to_image()
    largest = _LARGEST_SIXEL_SIDE if graphics is Graphics.SIXEL else _LARGEST_SIDE
    side = min(largest, max(1, columns) * _CELL_PIXELS)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    match graphics:
        case Graphics.KITTY:
            return "".join(_kitty(image)) + "\n"
        case Graphics.ITERM2:
            data = _png(image)
            named = f"inline=1;size={len(data)};width={image.width}px;preserveAspectRatio=1"
            return f"\x1b]1337;File={named}:{base64.b64encode(data).decode()}\x07\n"
        case Graphics.SIXEL:
            return "".join(_sixel(image)) + "\n"
        case unreachable:
            assert_never(unreachable)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _kitty(image: Image.Image) -> Iterator[str]:
    """The file in pieces of 4096 characters; q=2: the terminal must not answer into our input."""
    text = base64.b64encode(_png(image)).decode()
    for start in range(0, len(text), _KITTY_CHUNK):
        more = int(start + _KITTY_CHUNK < len(text))
        control = f"f=100,a=T,t=d,q=2,m={more}" if start == 0 else f"q=2,m={more}"
        yield f"\x1b_G{control};{text[start : start + _KITTY_CHUNK]}\x1b\\"


def _sixel(image: Image.Image) -> Iterator[str]:
    """Rows of six pixels, colour by colour; a run of equal columns is written as a count."""
    indexed = image.quantize(_SIXEL_COLOURS)
    palette = indexed.getpalette() or []
    yield f'\x1bPq"1;1;{image.width};{image.height}'
    for number in range(len(palette) // 3):
        red, green, blue = (round(value / 2.55) for value in palette[3 * number : 3 * number + 3])
        yield f"#{number};2;{red};{green};{blue}"
    pixels = indexed.tobytes()
    for top in range(0, image.height, 6):
        columns: dict[int, list[int]] = {}
        for bit in range(min(6, image.height - top)):
            start = (top + bit) * image.width
            for x, colour in enumerate(pixels[start : start + image.width]):
                columns.setdefault(colour, [0] * image.width)[x] |= 1 << bit
        yield "".join(f"#{colour}{_runs(bits)}$" for colour, bits in sorted(columns.items()))
        yield "-"
    yield "\x1b\\"


def _runs(columns: list[int]) -> str:
    """Sixel characters, with ``!N`` for N equal ones.

    >>> _runs([0, 0, 0, 0, 1])
    '!4?@'
    """
    made: list[str] = []
    start = 0
    for end in range(1, len(columns) + 1):
        if end == len(columns) or columns[end] != columns[start]:
            count, sign = end - start, chr(63 + columns[start])
            made.append(f"!{count}{sign}" if count > 3 else sign * count)
            start = end
    return "".join(made)


def _ask_terminal() -> bytes:
    """Its answer to a question for its attributes; empty if there is none."""
    import termios
    import tty

    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return b""
    try:
        # A process in the background that changes a terminal's settings is stopped by the system.
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            return b""
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSANOW)
            os.write(descriptor, b"\x1b[c")
            return _read_answer(descriptor)
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
    except (OSError, termios.error):
        return b""
    finally:
        os.close(descriptor)


def _read_answer(descriptor: int) -> bytes:
    answer = b""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while (left := deadline - time.monotonic()) > 0 and len(answer) < 256:
        if not select.select([descriptor], [], [], left)[0]:
            break
        piece = os.read(descriptor, 64)
        answer += piece
        if not piece or (b"\x1b[?" in answer and answer.endswith(b"c")):
            break
    return answer
