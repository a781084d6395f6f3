"""Names take on values: assignments, unpacking, the variables of loops."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codedance.analysis.operations.pixels import store
from codedance.analysis.operations.reader import Reader
from codedance.analysis.operations.values import Kind, Value
from codedance.analysis.operations.vocabulary import Operation as Op

__all__ = ["assign", "capture", "walk"]


def assign(reader: Reader, target: ast.expr, value: Value) -> None:
    """Give a name, tuple of names, element or attribute this value."""
    match target:
        case ast.Name(id=name):
            reader.scope.put(name, value)
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


def walk(reader: Reader, target: ast.expr, source: ast.expr) -> Value:
    """Begin a loop: the target takes on what the source gives. The value of the source."""
    with reader.quietly():
        held = reader.evaluate(source)
    assign(reader, target, _element(reader, held, source))
    return held


def _element(reader: Reader, held: Value, source: ast.expr) -> Value:
    if held.kind is Kind.STATS:
        number = reader.note(Op.MEASURE, source, held.sources)
        return Value(Kind.PROFILE, frozenset({number}))
    return held.any_element()


def capture(reader: Reader, pattern: ast.pattern, value: Value) -> None:
    """Names in the pattern of a ``case`` take on what they may match."""
    name: str | None = None
    given = value
    match pattern:
        case ast.MatchAs(name=name) | ast.MatchMapping(rest=name):
            pass
        case ast.MatchStar(name=name):
            given = Value(Kind.ITEMS, element=value)
        case ast.MatchSequence(patterns=parts) if value.items is not None and len(parts) == len(value.items):
            if not any(isinstance(one, ast.MatchStar) for one in parts):
                for part, item in zip(parts, value.items, strict=True):
                    capture(reader, part, item)
                return
    if name is not None:
        reader.scope.put(name, given)
    inner = value if isinstance(pattern, ast.MatchAs | ast.MatchOr) else value.any_element()
    for one in ast.iter_child_nodes(pattern):
        if isinstance(one, ast.pattern):
            capture(reader, one, inner)
