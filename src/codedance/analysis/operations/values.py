"""Values as the analysis knows them: of what kind, and which operations made them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codedance.analysis.operations.scope import Scope

__all__ = ["PIXEL_KINDS", "Kind", "Value", "joined", "origins"]

_DEEPEST = 5


class Kind(StrEnum):
    """What a value is, as far as that matters."""

    UNKNOWN = "unknown"
    PICTURE = "picture"
    """A picture of Pillow."""
    PIXELS = "pixels"
    """An array of pixels."""
    BLANK = "blank"
    """A new array, all one value."""
    MASK = "mask"
    """An array of yes and no."""
    PROFILE = "profile"
    """Numbers along an axis of a picture, or places in it."""
    PARTS = "parts"
    """Contours, components, shapes: things that were found."""
    STATS = "stats"
    """Sizes and places of components."""
    COUNTED = "counted"
    """How many there are of something."""
    NUMBER = "number"
    TRUTH = "truth"
    """A yes or no that is no picture."""
    COLOUR = "colour"
    TEXT = "text"
    ITEMS = "items"
    """A list, tuple, set or mapping."""
    SYMBOL = "symbol"
    """A symbolic expression."""
    PEN = "pen"
    """Draws on ``target``."""
    AXES = "axes"
    """Axes or a figure of matplotlib; ``target`` is the picture shown in them."""
    READER = "reader"
    """Reads text in pictures."""
    ENHANCER = "enhancer"
    """Of Pillow or OpenCV, for ``target`` if it is known."""
    LIBRARY = "library"
    """A module, class or function; ``path`` is its dotted name."""
    METHOD = "method"
    """Method ``path`` of ``target``."""
    FUNCTION = "function"
    """A function of the cell's own; ``definition`` is its code."""
    CLASS = "class"
    """A class of the cell's own."""
    INSTANCE = "instance"
    """An object of such a class."""


PIXEL_KINDS: Final = frozenset({Kind.PICTURE, Kind.PIXELS, Kind.MASK, Kind.BLANK})
"""What shows something."""


class Value:
    """A value of the analysed program. Shared like the objects of the program, so that drawing changes all names of it.

    Args:
        kind: what it is.
        sources: numbers of the operations that made it.
        path: dotted name of a library's thing, or a method's name.
        items: the elements, if each is known.
        element: any element, if they are alike.
        target: what a pen, method or figure works on.
        literal: the constant, if it is one.
        regular: made from the variable of a loop over regular numbers.
    """

    __slots__ = (
        "attributes",
        "channel",
        "definition",
        "element",
        "items",
        "kind",
        "literal",
        "path",
        "regular",
        "scaled",
        "scope",
        "sources",
        "target",
    )

    def __init__(
        self,
        kind: Kind = Kind.UNKNOWN,
        sources: frozenset[int] = frozenset(),
        *,
        path: str = "",
        items: list[Value] | None = None,
        element: Value | None = None,
        target: Value | None = None,
        literal: object = None,
        regular: bool = False,
    ) -> None:
        self.kind, self.sources, self.path = kind, sources, path
        self.items, self.element, self.target = items, element, target
        self.literal, self.regular = literal, regular
        self.channel = self.scaled = False
        self.definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | None = None
        self.scope: Scope | None = None
        self.attributes: dict[str, Value] | None = None

    def changed(self, *, kind: Kind | None = None, sources: frozenset[int] | None = None) -> Value:
        """Another value like this one."""
        other = Value(
            self.kind if kind is None else kind,
            self.sources if sources is None else sources,
            path=self.path,
            items=self.items,
            element=self.element,
            target=self.target,
            literal=self.literal,
            regular=self.regular,
        )
        other.channel, other.scaled = self.channel, self.scaled
        other.definition, other.scope, other.attributes = self.definition, self.scope, self.attributes
        return other

    @property
    def shows(self) -> bool:
        """Whether it is made of pixels."""
        return self.kind in PIXEL_KINDS

    def any_element(self) -> Value:
        """What a loop over it sees."""
        if self.items:
            return joined(self.items)
        if self.element is not None:
            return self.element
        if self.kind in (Kind.PARTS, Kind.PROFILE, Kind.TEXT, Kind.TRUTH):
            return self.changed()
        return Value(Kind.UNKNOWN, self.sources)


def origins(values: Iterable[Value | None]) -> frozenset[int]:
    """The operations that made any of these values or of what they hold.

    >>> sorted(origins([Value(Kind.ITEMS, items=[Value(sources=frozenset({1}))]), Value(sources=frozenset({2}))]))
    [1, 2]
    """
    found: set[int] = set()
    level = [one for one in values if one is not None]
    for _ in range(_DEEPEST):
        below: list[Value] = []
        for one in level:
            found |= one.sources
            below += one.items or ()
            below += [one.element] if one.element is not None else []
            below += list(one.attributes.values()) if one.attributes else []
        level = below[:1000]
    return frozenset(found)


def joined(values: Iterable[Value]) -> Value:
    """A value that may be any of these.

    >>> joined([Value(Kind.PICTURE), Value(Kind.UNKNOWN)]).kind
    <Kind.PICTURE: 'picture'>
    """
    every = list(values)
    if len(every) == 1:
        return every[0]
    known = {one.kind: one for one in every if one.kind is not Kind.UNKNOWN}
    sources = frozenset().union(*(one.sources for one in every)) if every else frozenset()
    if len(known) != 1:
        held = joined([item for one in every for item in one.items or ()]) if any(one.items for one in every) else None
        return Value(Kind.UNKNOWN, sources, element=held)
    first = next(iter(known.values()))
    if all(one is first for one in every):
        return first
    merged = first.changed(sources=sources)
    merged.regular = any(one.regular for one in every)
    lists = [one.items for one in every if one.items is not None]
    if first.kind is Kind.ITEMS and len(lists) == len(every) and len({len(one) for one in lists}) == 1:
        merged.items = [joined(column) for column in zip(*lists, strict=True)]
    return merged
