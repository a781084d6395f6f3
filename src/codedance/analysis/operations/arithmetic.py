"""Operators: with numbers they compute, with pixels they change, compare, mask or threshold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.values import Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Reader

__all__ = ["combine", "compare", "computed"]

_FREE: Final = frozenset({Kind.ITEMS, Kind.TEXT, Kind.SYMBOL, Kind.AXES, Kind.INSTANCE, Kind.LIBRARY})
"""Kinds whose operators join, repeat or transform rather than compute."""


def combine(reader: Reader, node: ast.BinOp | ast.AugAssign, left: Value, *, right: Value) -> Value:
    """``left OPERATOR right``."""
    if left.shows or right.shows:
        return _combine_pixels(reader, node, left, right=right)
    for one in (left, right):
        if one.kind in _FREE:
            return _joint(one, left, right)
    if Kind.TRUTH in (left.kind, right.kind) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor):
        return Value(Kind.TRUTH, left.sources | right.sources)
    if Kind.COUNTED in (left.kind, right.kind) and isinstance(node.op, ast.Add | ast.Sub):
        other = right if left.kind is Kind.COUNTED else left
        if isinstance(other.literal, int):
            return Value(Kind.COUNTED, left.sources | right.sources)
    value = computed(reader, node, [left, right])
    value.regular = left.regular or right.regular
    return value


def computed(reader: Reader, node: ast.AST, values: list[Value]) -> Value:
    """A number that was computed from these; told if it is shown."""
    number = reader.note_tentative(Op.COMPUTE, node, origins(values))
    return Value(Kind.NUMBER, frozenset({number}))


def compare(reader: Reader, node: ast.Compare) -> Value:
    """``left < right``, also chained."""
    values = [reader.evaluate(one) for one in (node.left, *node.comparators)]
    sources = origins(values)
    if all(isinstance(one, ast.Is | ast.IsNot | ast.In | ast.NotIn) for one in node.ops):
        return Value(Kind.TRUTH, sources)
    if any(one.kind in (Kind.PIXELS, Kind.PICTURE) for one in values):
        return Value(Kind.MASK, frozenset({reader.note(Op.THRESHOLD, node, sources)}))
    kinds = {one.kind for one in values}
    component = Kind.PARTS in kinds and isinstance(node.ops[0], ast.Eq | ast.NotEq)
    if component or kinds & {Kind.MASK, Kind.BLANK}:
        return Value(Kind.MASK, sources)
    return Value(Kind.PARTS if Kind.PARTS in kinds else Kind.TRUTH, sources)


def _joint(free: Value, left: Value, right: Value) -> Value:
    if free.kind is Kind.ITEMS:
        held = [one for one in (left, right) if one.kind is Kind.ITEMS]
        if len(held) == 2 and all(one.items is not None for one in held):
            return Value(Kind.ITEMS, items=[*(left.items or ()), *(right.items or ())])
        if len(held) == 2:
            return Value(Kind.ITEMS, origins([left, right]), element=left.any_element())
        return held[0].changed(sources=left.sources | right.sources)
    return Value(free.kind, origins([left, right]))


def _combine_pixels(reader: Reader, node: ast.BinOp | ast.AugAssign, left: Value, *, right: Value) -> Value:
    inputs = origins([left, right])
    kinds = {left.kind, right.kind}
    both = left.shows and right.shows
    if kinds == {Kind.MASK} or (Kind.MASK in kinds and not both):
        return Value(Kind.MASK, inputs)
    operation: Op | None = None
    if both and Kind.BLANK not in kinds:
        operation = _of_two(node.op, left, right)
    elif isinstance(node.op, ast.Sub) and left.literal is not None and right.kind is Kind.PIXELS:
        operation = Op.CONVERT  # 255 - pixels: inverted
    if operation is not None:
        return Value(Kind.PIXELS, frozenset({reader.note(operation, node, inputs)}))
    shown = left if left.shows and left.kind is not Kind.BLANK else right
    value = Value(Kind.BLANK if kinds == {Kind.BLANK} else Kind.PIXELS, inputs)
    value.channel = left.channel or right.channel
    value.scaled = shown.scaled or (isinstance(node.op, ast.Mult | ast.Div | ast.Pow) and not both)
    return value


def _of_two(operator: ast.operator, left: Value, right: Value) -> Op | None:
    """What an operator between two pictures is; between channels of one it is none."""
    if Kind.MASK in (left.kind, right.kind):
        return Op.MASK
    if left.channel or right.channel:
        return None
    match operator:
        case ast.Sub() | ast.BitXor():
            return Op.COMPARE
        case ast.Add() | ast.BitOr():
            return Op.COMPOSE
        case _:
            return None
