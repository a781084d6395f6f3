"""How expressions are read."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from codedance.analysis.operations.arithmetic import combine, compare
from codedance.analysis.operations.binding import assign, walk
from codedance.analysis.operations.calls import call
from codedance.analysis.operations.following import member
from codedance.analysis.operations.pixels import load
from codedance.analysis.operations.reader import Reader
from codedance.analysis.operations.scope import Scope, customary
from codedance.analysis.operations.stars import from_stars
from codedance.analysis.operations.values import Kind, Value, joined, origins
from codedance.analysis.operations.vocabulary import Operation as Op

__all__ = ["EVALUATORS"]

_MANY = 200
"""Items of a list that are told apart."""
_OF_REGIONS = frozenset(
    {"area", "bbox", "centroid", "eccentricity", "perimeter", "coords", "orientation", "equivalent_diameter"}
)
"""Measured attributes of the regions of scikit-image."""
_OF_PICTURES = frozenset({"size", "width", "height", "shape", "T", "real", "flat", "dtype", "ndim"})


def _name(reader: Reader, node: ast.Name) -> Value:
    found = reader.scope.find(node.id)
    if found is None:
        found = from_stars(reader.scope, node.id)
    if found is None:
        found = customary(node.id)
        if found is not None and found.kind is not Kind.LIBRARY:
            reader.scope.session().names[node.id] = found  # one picture, however often it is named
    return found if found is not None else Value(Kind.UNKNOWN, path=node.id)


def _constant(reader: Reader, node: ast.Constant) -> Value:
    del reader
    match node.value:
        case bool():
            return Value(Kind.TRUTH, literal=node.value)
        case int() | float() | complex():
            return Value(Kind.NUMBER, literal=node.value)
        case str():
            return Value(Kind.TEXT, literal=node.value)
        case None:
            return Value(Kind.UNKNOWN, path="None")
        case _:
            return Value()


def _items(reader: Reader, node: ast.Tuple | ast.List | ast.Set) -> Value:
    values = [reader.evaluate(one) for one in node.elts]
    if len(values) > _MANY or any(isinstance(one, ast.Starred) for one in node.elts):
        return Value(Kind.ITEMS, element=joined(values))
    return Value(Kind.ITEMS, items=values)


def _mapping(reader: Reader, node: ast.Dict) -> Value:
    for key in node.keys:
        if key is not None:
            reader.evaluate(key)
    values = [reader.evaluate(one) for one in node.values]
    return Value(Kind.ITEMS, element=joined(values) if values else None)


def _starred(reader: Reader, node: ast.Starred) -> Value:
    return reader.evaluate(node.value).any_element()


def _attribute(reader: Reader, node: ast.Attribute) -> Value:
    held = reader.evaluate(node.value)
    name = node.attr
    match held.kind:
        case Kind.LIBRARY:
            return Value(Kind.LIBRARY, path=f"{held.path}.{name}")
        case Kind.INSTANCE | Kind.CLASS:
            return member(reader, held, name, node=node)
        case Kind.PICTURE | Kind.PIXELS | Kind.MASK | Kind.BLANK if name in _OF_PICTURES:
            return _of_picture(held, name)
        case Kind.PARTS:
            if name in _OF_REGIONS:
                return Value(Kind.PROFILE, frozenset({reader.note(Op.MEASURE, node, held.sources)}))
            if name == "shape":
                number = reader.note_tentative(Op.COUNT, node, held.sources)
                return Value(Kind.ITEMS, element=Value(Kind.COUNTED, frozenset({number})))
        case _:
            pass
    return Value(Kind.METHOD, held.sources, path=name, target=held)


def _of_picture(held: Value, name: str) -> Value:
    """An attribute of a picture or array."""
    match name:
        case "size" if held.kind is Kind.PICTURE:
            return Value(Kind.ITEMS, items=[Value(Kind.NUMBER), Value(Kind.NUMBER)])
        case "shape":
            return Value(Kind.ITEMS, element=Value(Kind.NUMBER))
        case "T" | "real" | "flat":
            return held
        case _:
            return Value(Kind.NUMBER)


def _binary(reader: Reader, node: ast.BinOp) -> Value:
    left, right = reader.evaluate(node.left), reader.evaluate(node.right)
    return combine(reader, node, left, right=right)


def _unary(reader: Reader, node: ast.UnaryOp) -> Value:
    value = reader.evaluate(node.operand)
    if isinstance(node.op, ast.Not):
        return Value(Kind.TRUTH, value.sources)
    if isinstance(node.op, ast.USub) and isinstance(value.literal, int | float):
        return Value(Kind.NUMBER, literal=-value.literal)
    if isinstance(node.op, ast.Invert) and value.kind is Kind.PIXELS:
        return Value(Kind.PIXELS, frozenset({reader.note(Op.CONVERT, node, value.sources)}))
    return value


def _either(reader: Reader, node: ast.BoolOp) -> Value:
    values = [reader.evaluate(one) for one in node.values]
    kinds = {one.kind for one in values}
    return Value(Kind.TRUTH if kinds <= {Kind.TRUTH} else joined(values).kind, origins(values))


def _choice(reader: Reader, node: ast.IfExp) -> Value:
    test = reader.evaluate_quietly(node.test)
    value = joined([reader.evaluate(node.body), reader.evaluate(node.orelse)])
    if value.kind in (Kind.TEXT, Kind.UNKNOWN, Kind.NUMBER, Kind.COUNTED):
        return value.changed(sources=value.sources | test.sources)
    return value


def _formatted(reader: Reader, node: ast.JoinedStr) -> Value:
    parts = [reader.evaluate(one.value) for one in node.values if isinstance(one, ast.FormattedValue)]
    return Value(Kind.TEXT, origins(parts))


def _comprehension(reader: Reader, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    before = reader.scope
    reader.scope = Scope(before)
    reader.loops += 1
    try:
        walked = []
        for one in node.generators:
            walked.append(walk(reader, one.target, one.iter))
            for test in one.ifs:
                reader.evaluate_quietly(test)
        if isinstance(node, ast.DictComp):
            reader.evaluate(node.key)
            element = reader.evaluate(node.value)
        else:
            element = reader.evaluate(node.elt)
        if element.regular and any(one.ifs for one in node.generators):
            element = element.changed()
            element.regular = False  # what was chosen is no longer at regular places
        if element.literal is not None:  # all that it tells is how often there was something
            element = element.changed(sources=element.sources | origins(walked))
    finally:
        reader.loops -= 1
        reader.scope = before
    return Value(Kind.ITEMS, element=element)


def _named(reader: Reader, node: ast.NamedExpr) -> Value:
    value = reader.evaluate(node.value)
    assign(reader, node.target, value)
    return value


def _lambda(reader: Reader, node: ast.Lambda) -> Value:
    value = Value(Kind.FUNCTION)
    value.definition, value.scope = node, reader.scope
    return value


def _yielded(reader: Reader, node: ast.Yield | ast.YieldFrom) -> Value:
    value = reader.evaluate(node.value) if node.value is not None else Value()
    if reader.returned:
        given = value if isinstance(node, ast.YieldFrom) else Value(Kind.ITEMS, element=value)
        reader.returned[-1].append(given)
    return Value()


EVALUATORS: Final[dict[type[ast.expr], Callable[[Reader, Any], Value]]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Tuple: _items,
    ast.List: _items,
    ast.Set: _items,
    ast.Dict: _mapping,
    ast.Starred: _starred,
    ast.Attribute: _attribute,
    ast.Subscript: load,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _either,
    ast.Compare: compare,
    ast.IfExp: _choice,
    ast.JoinedStr: _formatted,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.NamedExpr: _named,
    ast.Lambda: _lambda,
    ast.Yield: _yielded,
    ast.YieldFrom: _yielded,
    ast.Call: call,
}
"""How each type of expression is read."""
