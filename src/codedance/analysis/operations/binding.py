"""Names take on values: assignments, unpacking, the variables of loops."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codedance.analysis.operations.pixels import store
from codedance.analysis.operations.reader import Reader
from codedance.analysis.operations.values import Kind, Value
from codedance.analysis.operations.vocabulary import Operation as Op

__all__ = ["assign", "walk"]


def assign(reader: Reader, target: ast.expr, value: Value) -> None:
    """Give a name, tuple of names, element or attribute this value."""
    match target:
        case ast.Name(id=name):
            reader.scope.names[name] = value
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(reader, targets, value)
        case ast.Starred(value=inner):
            assign(reader, inner, Value(Kind.ITEMS, element=value))
        case ast.Subscript():
            store(reader, target, value)
        case ast.Attribute(value=owner, attr=name):
            held = reader.evaluate(owner)
            if held.attributes is not None:
                held.attributes[name] = value
        case _:
            pass


def _unpack(reader: Reader, targets: Sequence[ast.expr], value: Value) -> None:
    items = value.items
    starred = any(isinstance(one, ast.Starred) for one in targets)
    if items is not None and not starred and len(items) == len(targets):
        for one, item in zip(targets, items, strict=True):
            assign(reader, one, item)
        return
    each = value.any_element()
    if items is None and value.element is None and value.kind is Kind.UNKNOWN:
        each = Value(Kind.UNKNOWN, value.sources)
    each_regular = value.regular and value.items is None
    for one in targets:
        given = each
        if each_regular:
            given = each.changed()
            given.regular = True
        assign(reader, one, given)


def walk(reader: Reader, target: ast.expr, source: ast.expr) -> None:
    """Begin a loop: the target takes on what the source gives."""
    with reader.quietly():
        held = reader.evaluate(source)
    assign(reader, target, _element(reader, held, source))


def _element(reader: Reader, held: Value, source: ast.expr) -> Value:
    if held.kind is Kind.STATS:
        number = reader.note(Op.MEASURE, source, held.sources)
        return Value(Kind.PROFILE, frozenset({number}))
    return held.any_element()
