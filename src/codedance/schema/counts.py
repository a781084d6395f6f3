"""Numbers of things in what people read."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, which is in the plural unless it is one; thousands are set apart by commas.

    Args:
        number: how many.
        noun: for one.
        plural: for any other number; the noun with an s, or ies for y, if not given.

    >>> counted(1, "trajectory"), counted(1200, "trajectory"), counted(0, "turn"), counted(3, "is", "are")
    ('1 trajectory', '1,200 trajectories', '0 turns', '3 are')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {plural or (f'{noun[:-1]}ies' if noun.endswith('y') else f'{noun}s')}"
