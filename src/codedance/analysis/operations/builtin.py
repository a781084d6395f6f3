"""Python's own functions: showing, counting, adding up, looping."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.arithmetic import computed
from codedance.analysis.operations.following import parent
from codedance.analysis.operations.reader import Arguments
from codedance.analysis.operations.values import Kind, Value, joined, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Reader

__all__ = ["BUILTINS", "call_builtin", "counted", "keyed"]

_TESTS = frozenset({"startswith", "endswith", "isinstance", "any", "all", "isdigit", "isupper", "islower", "isalpha"})


def call_builtin(reader: Reader, name: str, node: ast.Call, *, arguments: Arguments) -> Value:
    """A call of one of :data:`BUILTINS`."""
    return BUILTINS[name](reader, node, arguments)


def counted(reader: Reader, node: ast.AST, value: Value) -> Value:
    """How many there are of something; noted unless it only steers."""
    sources = origins([value])
    if reader.quiet:
        return Value(Kind.COUNTED, sources)
    return Value(Kind.COUNTED, frozenset({reader.note(Op.COUNT, node, sources)}))


def _print(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del node
    reader.show(arguments.values())
    return Value()


def _len(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    if held.kind is Kind.TEXT or held.shows:
        return Value(Kind.NUMBER)
    return counted(reader, node, held)


def _sum(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    each = held.any_element()
    if each.kind is Kind.MASK:
        return each
    if each.shows:
        return Value(Kind.PIXELS, frozenset({reader.note(Op.COMPOSE, node, origins([held]))}))
    if node.args and _is_tally(node.args[0], each):
        return counted(reader, node, held)
    return computed(reader, node, arguments.values())


def _is_tally(node: ast.expr, each: Value) -> bool:
    """Whether adding up yes-no values or ones."""
    if each.kind is Kind.TRUTH:
        return True
    match node:
        case ast.GeneratorExp(elt=elt) | ast.ListComp(elt=elt):
            pass
        case _:
            return False
    match elt:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Constant(value=value):
            return value == 1
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name in _TESTS
        case _:
            return False


def _extreme(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    found = arguments.positional
    each = found[0].any_element() if len(found) == 1 else joined(found)
    key = arguments.named.get("key")
    chosen = keyed(reader, node, key, each=each)
    value = each.changed(sources=origins([*found, chosen])) if each.kind is not Kind.UNKNOWN else each
    if value.kind is Kind.UNKNOWN:
        value = Value(Kind.UNKNOWN, origins([*found, chosen]))
    value.literal = None
    return value


def keyed(reader: Reader, node: ast.Call, key: Value | None, *, each: Value) -> Value | None:
    """What a choice or an order goes by."""
    if key is None:
        return None
    with reader.quietly():
        return reader.apply(key, node, arguments=Arguments([each]))


def _same(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first()
    if held is None:
        return Value(Kind.ITEMS, items=[])
    keyed(reader, node, arguments.named.get("key"), each=held.any_element())
    if held.kind is Kind.UNKNOWN:
        return Value(Kind.ITEMS, held.sources, element=held.any_element())
    return held.changed()


def _next(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    held = arguments.first() or Value()
    return held.any_element()


def _number(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    held = arguments.first() or Value(Kind.NUMBER)
    return held.changed(kind=Kind.NUMBER) if held.kind in (Kind.TEXT, Kind.TRUTH) else held.changed()


def _text(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    return Value(Kind.TEXT, origins(arguments.values()))


def _truth(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    return Value(Kind.TRUTH, origins(arguments.values()))


def _range(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node, arguments  # where a loop ends is not what its variable is made of
    return Value(Kind.ITEMS, element=Value(Kind.NUMBER, regular=True))


def _enumerate(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = _measured(reader, node, arguments.first() or Value())
    return Value(Kind.ITEMS, element=Value(Kind.ITEMS, items=[Value(Kind.NUMBER), held.any_element()]))


def _zip(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    each = [_measured(reader, node, one).any_element() for one in arguments.positional]
    return Value(Kind.ITEMS, element=Value(Kind.ITEMS, items=each))


def _measured(reader: Reader, node: ast.Call, held: Value) -> Value:
    """Sizes and places that are looped over are used."""
    if held.kind is not Kind.STATS:
        return held
    return Value(Kind.PROFILE, frozenset({reader.note(Op.MEASURE, node, held.sources)}))


def _map(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    if not arguments.positional:
        return Value()
    function, *lists = arguments.positional
    each = [_measured(reader, node, one).any_element() for one in lists]
    return Value(Kind.ITEMS, element=reader.apply(function, node, arguments=Arguments(each)))


def _filter(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    if len(arguments.positional) < 2:
        return Value()
    function, held = arguments.positional[:2]
    keyed(reader, node, function, each=held.any_element())
    return held.changed()


def _divided(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    value = computed(reader, node, arguments.values())
    value.regular = any(one.regular for one in arguments.positional)
    return Value(Kind.ITEMS, items=[value, value])


def _power(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    return computed(reader, node, arguments.values())


def _attribute(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    held, name = arguments.at(0, ""), arguments.at(1, "")
    if held is None or name is None or not isinstance(name.literal, str):
        return Value()
    if held.kind is Kind.LIBRARY:
        return Value(Kind.LIBRARY, path=f"{held.path}.{name.literal}")
    return Value(Kind.METHOD, held.sources, path=name.literal, target=held)


def _mapping(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    values = arguments.values()
    return Value(Kind.ITEMS, element=joined(values) if values else None)


def _super(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del node, arguments
    return parent(reader)


def _import(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    name = arguments.first()
    path = name.literal if name is not None and isinstance(name.literal, str) else ""
    return Value(Kind.LIBRARY, path=path)


BUILTINS: Final[dict[str, Callable[[Reader, ast.Call, Arguments], Value]]] = {
    "print": _print,
    "display": _print,
    "len": _len,
    "sum": _sum,
    "min": _extreme,
    "max": _extreme,
    **dict.fromkeys(("sorted", "reversed", "list", "tuple", "set", "frozenset", "iter"), _same),
    "next": _next,
    **dict.fromkeys(("abs", "round", "int", "float", "complex"), _number),
    **dict.fromkeys(("str", "repr", "format", "chr", "hex", "bin"), _text),
    **dict.fromkeys(("any", "all", "bool", "isinstance"), _truth),
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "map": _map,
    "filter": _filter,
    "divmod": _divided,
    "pow": _power,
    "getattr": _attribute,
    "dict": _mapping,
    "super": _super,
    "__import__": _import,
}
"""By name, wherever no cell gave the name another meaning."""
