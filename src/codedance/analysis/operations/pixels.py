"""Reading and writing parts of arrays: crops, mirrors, channels, single pixels, masks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from codedance.analysis.operations.values import Kind, Value, joined, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Reader

__all__ = ["load", "store"]

_MANY = 64
"""Items of a list that are told apart."""


def load(reader: Reader, node: ast.Subscript) -> Value:
    """``value[index]``."""
    held = reader.evaluate(node.value)
    indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    with reader.quietly():
        places = [_index(reader, one) for one in indices]
    match held.kind:
        case Kind.PIXELS | Kind.BLANK:
            return _of_pixels(reader, node, held, indices=indices, places=places)
        case Kind.PICTURE:  # the access object of Pillow
            return Value(Kind.COLOUR, frozenset({reader.note(Op.PICK_COLOUR, node, origins([held, *places]))}))
        case Kind.MASK:
            whole = len(indices) == 1 and not isinstance(indices[0], ast.Slice | ast.Name)
            return Value(Kind.PROFILE if whole and _is_number(indices[0]) else Kind.MASK, held.sources)
        case Kind.STATS:
            number = reader.note(Op.MEASURE, node, held.sources)
            return Value(Kind.PROFILE, frozenset({number}))
        case Kind.ITEMS:
            return _of_items(held, indices[0], places)
        case Kind.AXES | Kind.PARTS | Kind.TEXT | Kind.PROFILE | Kind.COLOUR:
            return held
        case Kind.COUNTED:
            return Value(Kind.COUNTED, held.sources)
        case _:
            inner = held.any_element()
            return inner if inner.kind is not Kind.UNKNOWN else Value(Kind.UNKNOWN, held.sources | inner.sources)


def store(reader: Reader, node: ast.Subscript, value: Value) -> None:
    """``target[index] = value``."""
    held = reader.evaluate(node.value)
    indices = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    with reader.quietly():
        places = [_index(reader, one) for one in indices]
    match held.kind:
        case Kind.PIXELS:
            operation = _stored(held, value, indices=indices, places=places)
        case Kind.MASK | Kind.BLANK:
            operation = _stored_blank(held, value, indices=indices, places=places)
        case Kind.PICTURE:
            operation = Op.DRAW_POINT  # the access object of Pillow
        case Kind.ITEMS | Kind.UNKNOWN:
            _put(held, value, indices[0])
            return
        case _:
            held.sources |= origins([value])
            return
    inputs = origins([held, value, *places])
    made = frozenset({reader.note(operation, node, inputs)}) if operation is not None else origins([value])
    for one in (held, held.target):
        if one is not None:
            one.sources |= made


def _put(held: Value, value: Value, index: ast.expr) -> None:
    if held.kind is Kind.UNKNOWN and held.element is None and held.items is None:
        held.kind = Kind.ITEMS
    if held.items and isinstance(index, ast.Constant) and isinstance(index.value, int):
        if -len(held.items) <= index.value < len(held.items):
            held.items[index.value] = value
        return
    held.element = joined([*(held.items or ()), *([held.element] if held.element is not None else ()), value])
    held.items = None


def _stored(held: Value, value: Value, *, indices: list[ast.expr], places: list[Value]) -> Op | None:
    """What writing into an array of pixels is."""
    if any(one.kind in (Kind.MASK, Kind.PROFILE) for one in places):
        return Op.MASK
    if _picks_channel(indices) and not any(_is_bounded(one) for one in indices[:2]):
        return None
    slices = [isinstance(one, ast.Slice) for one in indices[:2]]
    if value.shows and any(slices):
        return Op.COMPOSE
    if any(isinstance(one, ast.Slice) and one.step is not None for one in indices[:2]):
        return Op.DRAW_GRID
    if all(slices):
        return Op.DRAW_BOX if any(_is_bounded(one) for one in indices[:2]) else None
    if any(slices):
        return Op.DRAW_GRID if any(one.regular for one in places) else Op.DRAW_LINE
    if len(indices) == 1 and held.element is None:
        return Op.DRAW_GRID if places[0].regular else Op.DRAW_LINE
    return Op.DRAW_POINT


def _stored_blank(held: Value, value: Value, *, indices: list[ast.expr], places: list[Value]) -> Op | None:
    """What writing into a mask or a new array is."""
    masked = any(one.kind is Kind.MASK for one in places)
    if value.kind in (Kind.PIXELS, Kind.PICTURE):
        held.kind = Kind.PIXELS
        return Op.MASK if masked else Op.COMPOSE
    if masked:
        held.kind = Kind.MASK
        return Op.MASK
    if not any(_is_bounded(one) for one in indices):
        return None
    held.kind = Kind.MASK
    return Op.MASK


def _of_items(held: Value, index: ast.expr, places: list[Value]) -> Value:
    if isinstance(index, ast.Slice):
        return _slice_of_items(held, index)
    number = places[0].literal if places else None
    if held.items is not None and isinstance(number, int) and -len(held.items) <= number < len(held.items):
        return held.items[number]
    return held.any_element()


def _slice_of_items(held: Value, index: ast.Slice) -> Value:
    if held.items is None:
        return held.changed()
    lower, upper = _bound(index.lower), _bound(index.upper)
    if index.step is not None or "?" in (lower, upper) or len(held.items) > _MANY:
        return Value(Kind.ITEMS, items=list(held.items))
    first, last = (one if isinstance(one, int) else None for one in (lower, upper))
    return Value(Kind.ITEMS, items=held.items[first:last])


def _bound(node: ast.expr | None) -> int | Literal["?"] | None:
    """An end of a slice: ``None`` if it is left out, a question mark if it is not known."""
    match node:
        case None:
            return None
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
        case _:
            return "?"


def _of_pixels(
    reader: Reader, node: ast.Subscript, held: Value, *, indices: list[ast.expr], places: list[Value]
) -> Value:
    inputs = origins([held, *places])
    if held.element is not None:
        return _of_line(reader, node, held, places=places)
    spans = [] if _is_dots(indices[0]) else indices[:2]
    steps = [_step(one) for one in spans]
    if any(one.kind is Kind.MASK for one in places):
        return Value(Kind.PIXELS, frozenset({reader.note(Op.MASK, node, inputs)}))
    if -1 in steps:
        return _made(reader, Op.FLIP, node, held=held, inputs=inputs)
    sparse = any(step is not None and step > 1 for step in steps)
    if any(_is_bounded(one) for one in spans) and _are_spans(spans):
        if held.kind is Kind.BLANK:
            return held
        operation = Op.TILE if any(one.regular for one in places) else Op.CROP
        made = _made(reader, operation, node, held=held, inputs=inputs)
        after = [Op.CONVERT] * _picks_channel(indices) + [Op.RESIZE] * sparse
        for one in after:
            made = _made(reader, one, node, held=made, inputs=made.sources)
        return made
    if sparse:
        return _made(reader, Op.RESIZE, node, held=held, inputs=inputs)
    if _picks_channel(indices) and all(isinstance(one, ast.Slice) or _is_dots(one) for one in indices[:-1]):
        made = _made(reader, Op.CONVERT, node, held=held, inputs=inputs)
        made.channel = True
        return made
    return _of_places(reader, node, held, indices=indices, places=places)


def _of_places(
    reader: Reader, node: ast.Subscript, held: Value, *, indices: list[ast.expr], places: list[Value]
) -> Value:
    """Single pixels, rows and columns of an array."""
    inputs = origins([held, *places])
    spans = [] if _is_dots(indices[0]) else indices[:2]
    numbers = [one for one in spans if not isinstance(one, ast.Slice) and not _is_none(one)]
    if not numbers:
        return held
    if len(numbers) == 2 or (len(indices) == 1 and places[0].kind in (Kind.ITEMS, Kind.PROFILE)):
        return Value(Kind.COLOUR, frozenset({reader.note(Op.PICK_COLOUR, node, inputs)}))
    if _picks_channel(indices):
        return _line(_made(reader, Op.CONVERT, node, held=held, inputs=inputs))
    return _line(held)


def _line(held: Value) -> Value:
    """A row or column of pixels."""
    line = Value(held.kind, held.sources, element=Value(Kind.COLOUR, held.sources), target=held)
    line.channel, line.scaled = held.channel, held.scaled
    return line


def _of_line(reader: Reader, node: ast.Subscript, held: Value, *, places: list[Value]) -> Value:
    if places[0].kind is Kind.MASK:
        return Value(Kind.PIXELS, frozenset({reader.note(Op.MASK, node, origins([held, *places]))}))
    if isinstance(node.slice, ast.Slice):
        return held
    return Value(Kind.COLOUR, frozenset({reader.note(Op.PICK_COLOUR, node, origins([held, *places]))}))


def _made(reader: Reader, operation: Op, node: ast.AST, *, held: Value, inputs: frozenset[int]) -> Value:
    made = Value(Kind.PIXELS, frozenset({reader.note(operation, node, inputs)}))
    made.channel = held.channel
    return made


def _index(reader: Reader, node: ast.expr) -> Value:
    if isinstance(node, ast.Slice):
        parts = [reader.evaluate(one) for one in (node.lower, node.upper, node.step) if one is not None]
        value = Value(Kind.UNKNOWN, origins(parts))
        value.regular = any(one.regular for one in parts)
        return value
    return reader.evaluate(node)


def _are_spans(spans: list[ast.expr]) -> bool:
    """Whether rows and columns are both spans, so that the part is a picture."""
    return all(isinstance(one, ast.Slice) or _is_dots(one) for one in spans)


def _is_bounded(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) and (node.lower is not None or node.upper is not None)


def _picks_channel(indices: list[ast.expr]) -> bool:
    """Whether the last index picks or reorders channels."""
    last = indices[-1]
    if len(indices) < 3 and not (len(indices) == 2 and _is_dots(indices[0])):
        return False
    if _is_none(last):
        return False
    return not isinstance(last, ast.Slice) or _step(last) == -1


def _step(node: ast.expr) -> int | None:
    if not isinstance(node, ast.Slice):
        return None
    match node.step:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
        case _:
            return None


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _is_none(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (
        isinstance(node, ast.Attribute) and node.attr == "newaxis"
    )


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
