"""What an expression of a cell is worth, as far as that can be known without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from codedance.viewer.trace.views import Box, View, corners

__all__ = ["UNKNOWN", "Dotted", "Evaluator", "Found", "FoundKind", "Listed"]

_DEEPEST = 60
_LARGEST = 1e9


class _Unknown:
    """The one value that stands for everything that is not known."""


UNKNOWN: Final = _Unknown()


class FoundKind(StrEnum):
    """What code did with a part of an input."""

    CROP = "crop"
    """Cut it out."""
    FRAME = "frame"
    """Drew a rectangle around it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A part of an input that code named."""

    kind: FoundKind
    source: int
    box: Box


@dataclass(frozen=True, slots=True)
class Dotted:
    """A module or something in it, by its whole name."""

    path: str


@dataclass(frozen=True, slots=True)
class _Tool:
    """An object that works on an image: a pencil, an enhancer."""

    view: View


class Listed(tuple[object, ...]):
    """A list that nobody has changed; forgotten as soon as anybody changes any list."""

    __slots__ = ()


class Evaluator:
    """Evaluates expressions in the order in which Python would, and notes what they cut out, frame and show.

    Args:
        names: what names are bound to; a builtin counts only while it is not among them.
        files: names of the inputs' files, while nobody has written any.
        lists: whether lists can be trusted to stay as they were written.
    """

    def __init__(self, names: Mapping[str, object], files: Mapping[str, View], *, lists: bool) -> None:
        self.found: list[Found] = []
        self.displayed: list[object] = []
        self._names, self._files, self._lists = names, files, lists
        self._depth = 0

    def value(self, node: ast.expr | None) -> object:
        """The expression's value, or :data:`UNKNOWN`."""
        if node is None or self._depth >= _DEEPEST:
            return UNKNOWN
        self._depth += 1
        try:
            return self._value(node)
        finally:
            self._depth -= 1

    def _value(self, node: ast.expr) -> object:
        match node:
            case ast.Constant(value=bool() | None):
                return UNKNOWN
            case ast.Constant(value=int() | float() | str() as value):
                return _bounded(value)
            case ast.Name(id=name):
                return self._names.get(name, Dotted(name))
            case ast.Tuple(elts=items):
                return tuple(self.value(one) for one in items)
            case ast.List(elts=items):
                values = Listed(self.value(one) for one in items)
                return values if self._lists else UNKNOWN
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                negated = self.value(operand)
                return -negated if isinstance(negated, int | float) else UNKNOWN
            case ast.BinOp(left=left, op=operator, right=right):
                return _computed(self.value(left), operator, self.value(right))
            case ast.Attribute(value=owner, attr=name):
                return _attribute(self.value(owner), name)
            case ast.Subscript(value=owner, slice=index):
                return self._subscript(self.value(owner), index)
            case ast.Call():
                return self._call(node)
            case ast.BoolOp(values=[first, *_]):
                self.value(first)  # the others may never run
                return UNKNOWN
            case _:
                return UNKNOWN

    def _call(self, node: ast.Call) -> object:
        owner, name = None, ""
        if isinstance(node.func, ast.Attribute):
            owner, name = self.value(node.func.value), node.func.attr
        elif isinstance(node.func, ast.Name):
            owner, name = None, node.func.id
        arguments = [self.value(one) for one in node.args]
        named = {one.arg: self.value(one.value) for one in node.keywords}
        if None in named or any(isinstance(one, ast.Starred) for one in node.args):
            return UNKNOWN
        if owner is None:
            bound = self._names.get(name)
            if isinstance(bound, Dotted):
                return self._library(bound.path, arguments)
            return self._builtin(name, arguments) if bound is None else UNKNOWN
        match owner:
            case View():
                return self._method(owner, name, arguments=arguments, named=named)
            case _Tool(view=view):
                return self._tool(view, name, arguments=arguments, named=named)
            case Dotted(path=path):
                return self._library(f"{path}.{name}", arguments)
            case _:
                return UNKNOWN

    def _builtin(self, name: str, arguments: Sequence[object]) -> object:
        if name == "display":
            self.displayed.append(arguments[0] if len(arguments) == 1 else UNKNOWN)
            return UNKNOWN
        if name in ("tuple", "list") and len(arguments) == 1 and isinstance(arguments[0], tuple):
            if name == "tuple":
                return tuple(arguments[0])
            return Listed(arguments[0]) if self._lists else UNKNOWN
        function = _ARITHMETIC.get(name)
        numbers = [one for one in arguments if isinstance(one, int | float)]
        if function is None or len(numbers) != len(arguments) or not numbers:
            return UNKNOWN
        try:
            return _bounded(function(*numbers))
        except (TypeError, ValueError, OverflowError):
            return UNKNOWN

    def _method(
        self, view: View, name: str, *, arguments: Sequence[object], named: Mapping[str | None, object]
    ) -> object:
        if name == "show" and not view.array:
            self.displayed.append(view)
            return UNKNOWN
        if name in ("copy", "astype") or (name in ("convert", "filter") and not view.array):
            return view.copy()
        if view.array:
            return UNKNOWN
        if name == "crop":
            return self._crop(view, arguments[0] if arguments else named.get("box", UNKNOWN))
        if name == "resize" and "box" not in named and "reducing_gap" not in named and len(arguments) < 3:
            return _resized(view, arguments[0] if arguments else named.get("size"))
        return UNKNOWN

    def _crop(self, view: View, argument: object) -> object:
        box = corners(argument)
        if box is None or not isinstance(argument, tuple) or len(argument) != 4:
            return UNKNOWN
        whole = (float(round(box[0])), float(round(box[1])), float(round(box[2])), float(round(box[3])))
        return self._cut(view, whole)

    def _cut(self, view: View, box: Box) -> object:
        part = view.part(box)
        if part is None:
            return UNKNOWN
        self.found.append(Found(FoundKind.CROP, part.source, part.box))
        return part

    def _tool(
        self, view: View, name: str, *, arguments: Sequence[object], named: Mapping[str | None, object]
    ) -> object:
        if name == "rectangle":
            self._frame(view, corners(arguments[0] if arguments else named.get("xy")))
        return view.copy() if name == "enhance" else UNKNOWN

    def _frame(self, view: View, box: Box | None) -> None:
        if box is not None and box[0] <= box[2] and box[1] <= box[3]:
            # Both libraries paint the corner pixels too.
            outer = view.outer((box[0], box[1], box[2] + 1, box[3] + 1))
            self.found.append(Found(FoundKind.FRAME, view.source, outer))

    def _library(self, path: str, arguments: Sequence[object]) -> object:
        first = arguments[0] if arguments else None
        if path in _OPENERS and len(arguments) == 1 and isinstance(first, str):
            view = self._files.get(first)
            return view.copy(array=path.startswith("cv2")) if view is not None else UNKNOWN
        if not isinstance(first, View):
            return UNKNOWN
        if path in _SAME:
            return first.copy()
        if path in _TO_ARRAY:
            return first.copy(array=True)
        if path == "PIL.Image.fromarray" and first.array:
            return first.copy(array=False)
        if path == "PIL.ImageDraw.Draw" or path.startswith("PIL.ImageEnhance."):
            return _Tool(first)
        if path == "cv2.resize" and first.array and len(arguments) == 2:
            return _resized(first, arguments[1])
        if path == "cv2.rectangle" and len(arguments) >= 3:
            self._frame(first, corners((arguments[1], arguments[2])))
            return first
        return UNKNOWN

    def _subscript(self, owner: object, index: ast.expr) -> object:
        if isinstance(owner, tuple):
            return self._item(owner, index)
        if not isinstance(owner, View) or not owner.array:
            if not isinstance(index, ast.Slice):
                self.value(index)
            return UNKNOWN
        axes = index.elts if isinstance(index, ast.Tuple) else [index]
        if not 1 <= len(axes) <= 3:
            return UNKNOWN
        rows = self._extent(axes[0], owner.height)
        columns = self._extent(axes[1], owner.width) if len(axes) > 1 else (0, owner.width)
        if rows is None or columns is None:
            return UNKNOWN
        if rows == (0, owner.height) and columns == (0, owner.width):
            return owner.copy()
        return self._cut(owner, (float(columns[0]), float(rows[0]), float(columns[1]), float(rows[1])))

    def _item(self, owner: tuple[object, ...], index: ast.expr) -> object:
        if isinstance(index, ast.Slice):
            extent = self._extent(index, len(owner))
            return owner[extent[0] : extent[1]] if extent is not None else UNKNOWN
        number = self.value(index)
        if isinstance(number, int) and -len(owner) <= number < len(owner):
            return owner[number]
        return UNKNOWN

    def _extent(self, axis: ast.expr, length: int) -> tuple[int, int] | None:
        """Begin and end of a slice without a step; ``None`` if it is not known, or something else."""
        if not isinstance(axis, ast.Slice) or axis.step is not None:
            return None
        begin = self.value(axis.lower) if axis.lower is not None else 0
        end = self.value(axis.upper) if axis.upper is not None else length
        if not isinstance(begin, int) or not isinstance(end, int):
            return None
        first, last, _ = slice(begin, end).indices(length)
        return first, last


_ARITHMETIC: Mapping[str, Callable[..., int | float]] = {
    "int": int, "float": float, "round": round, "abs": abs, "min": min, "max": max,
}  # fmt: skip
_OPENERS = frozenset({"PIL.Image.open", "cv2.imread"})
_TO_ARRAY = frozenset({"numpy.array", "numpy.asarray"})
_SAME = frozenset(
    {"numpy.copy", "numpy.ascontiguousarray", "cv2.cvtColor", "PIL.ImageOps.grayscale", "PIL.ImageOps.autocontrast",
     "PIL.ImageOps.invert", "PIL.ImageOps.equalize"}
)  # fmt: skip
"""Functions that change colours and nothing else."""


def _bounded(value: object) -> object:
    """The value, unless it is a number too large for any picture or no number at all."""
    if isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
        return UNKNOWN
    return value


def _computed(left: object, operator: ast.operator, right: object) -> object:
    if not (isinstance(left, int | float) and isinstance(right, int | float)):
        return UNKNOWN
    try:
        match operator:
            case ast.Add():
                return _bounded(left + right)
            case ast.Sub():
                return _bounded(left - right)
            case ast.Mult():
                return _bounded(left * right)
            case ast.Div():
                return _bounded(left / right)
            case ast.FloorDiv():
                return _bounded(left // right)
            case ast.Mod():
                return _bounded(left % right)
            case _:
                return UNKNOWN
    except (ZeroDivisionError, OverflowError):
        return UNKNOWN


def _attribute(owner: object, name: str) -> object:
    match owner:
        case Dotted(path=path):
            return Dotted(f"{path}.{name}")
        case View(array=True):
            return (owner.height, owner.width, UNKNOWN) if name == "shape" else UNKNOWN
        case View():
            return {"size": (owner.width, owner.height), "width": owner.width, "height": owner.height}.get(
                name, UNKNOWN
            )
        case _:
            return UNKNOWN


def _resized(view: View, size: object) -> object:
    match size:
        case (int() as width, int() as height):
            return view.scaled(width, height) or UNKNOWN
        case _:
            return UNKNOWN
