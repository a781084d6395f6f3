"""Calls of methods, by the kind of what they are called on."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.arithmetic import computed
from codedance.analysis.operations.arrays import call_array
from codedance.analysis.operations.builtin import counted, keyed
from codedance.analysis.operations.drawing import call_axes, draw_round, draw_with_pen
from codedance.analysis.operations.libraries import METHODS
from codedance.analysis.operations.pictures import call_picture
from codedance.analysis.operations.values import Kind, Value, joined, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Arguments, Reader

__all__ = ["call_method"]

_LIKE_A_PICTURE = frozenset({"crop", "thumbnail", "getpixel", "resize", "rotate", "getbbox", "paste"})
"""Methods that tell that something is a picture."""
_ARITHMETIC = frozenset({"sum", "mean", "median", "std", "var", "prod", "cumsum", "dot", "corr", "subs"})
_GROUPING = frozenset({"fit", "fit_predict", "predict"})
_MATCHERS = frozenset({"detectAndCompute", "knnMatch", "match"})


def call_method(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    """``target.name(arguments)``."""
    if name == "sort" and "key" in arguments.named:
        keyed(reader, node, arguments.named["key"], each=target.any_element())
        return Value()
    handler = _BY_KIND.get(target.kind)
    if handler is not None:
        return handler(reader, name, node, target=target, arguments=arguments)
    return _of_unknown(reader, name, node, target=target, arguments=arguments)


def _of_pen(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    if name in ("ellipse", "circle"):
        return draw_round(reader, node, pen=target, arguments=arguments)
    effect = METHODS.get(f"pen.{name}")
    if effect is None or effect.operation is None:
        return Value(Kind.NUMBER)
    if effect.operation is Op.DRAW_TEXT:
        reader.show(arguments.positional[1:2])
    return draw_with_pen(reader, effect.operation, node, pen=target, arguments=arguments)


def _of_axes(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    return call_axes(reader, name, node, axes=target, arguments=arguments)


def _of_reader(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    effect = METHODS.get(f"reader.{name}")
    if effect is None:
        return Value(Kind.UNKNOWN, target.sources)
    number = reader.note(Op.OCR, node, origins(arguments.values()))
    each = Value(Kind.UNKNOWN, frozenset({number}))
    return Value(Kind.UNKNOWN, each.sources, element=each)


def _of_enhancer(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    if name not in ("enhance", "apply"):
        return target
    number = reader.note(Op.ENHANCE, node, origins([target.target, *arguments.values()]))
    return Value(Kind.PICTURE if name == "enhance" else Kind.PIXELS, frozenset({number}))


def _of_items(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    given = arguments.first()
    if name in ("append", "add", "insert", "appendleft") and arguments.positional:
        return _appended(target, arguments.positional[-1])
    if name in ("extend", "update") and given is not None:
        return _appended(target, given.any_element())
    if name == "setdefault" and len(arguments.positional) > 1:
        _appended(target, arguments.positional[1])
        return arguments.positional[1]
    if name == "count":
        return counted(reader, node, target)
    if name == "items":
        pair = Value(Kind.ITEMS, items=[Value(Kind.UNKNOWN), target.any_element()])
        return Value(Kind.ITEMS, element=pair)
    if name in ("pop", "get", "popleft"):
        return target.any_element()
    each = target.any_element()
    if name in _ARITHMETIC and each.kind is Kind.TRUTH:
        return counted(reader, node, target)
    if name in _ARITHMETIC:
        return computed(reader, node, [target])
    return target.changed()


def _appended(target: Value, value: Value) -> Value:
    held = [*(target.items or ()), *([target.element] if target.element is not None else ())]
    if value.kind is Kind.ITEMS and not held:
        target.element = value
    else:
        target.element = joined([*held, value])
    target.items = None
    return Value()


def _of_text(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    if name == "count":
        return counted(reader, node, target)
    sources = origins([target, *arguments.values()])
    if name in ("split", "splitlines", "partition"):
        return Value(Kind.ITEMS, element=Value(Kind.TEXT, sources))
    return Value(Kind.TEXT, sources)


def _of_found(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    """Parts, profiles, statistics, numbers: their methods reshape them or pick some."""
    sources = origins([target, *arguments.values()])
    if target.kind is Kind.PARTS and name == "max":
        return Value(Kind.COUNTED, frozenset({reader.note_tentative(Op.COUNT, node, sources)}))
    if target.kind is Kind.TRUTH and name == "sum":
        return counted(reader, node, target)
    if target.kind is Kind.COUNTED:
        return Value(Kind.ITEMS, element=Value(Kind.COUNTED, sources)) if name != "get" else target
    return target.changed(sources=sources)


def _of_symbol(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    if name == "subs":
        return computed(reader, node, [target, *arguments.values()])
    if name in ("diff", "integrate", "solve", "expand", "factor", "simplify", "inv"):
        number = reader.note(Op.SOLVE, node, origins([target, *arguments.values()]))
        return Value(Kind.SYMBOL, frozenset({number}))
    return Value(Kind.SYMBOL, origins([target, *arguments.values()]))


def _of_unknown(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    given = arguments.first()
    if name in _LIKE_A_PICTURE or (name == "convert" and given is not None and given.kind is Kind.TEXT):
        return call_picture(reader, name, node, target=target, arguments=arguments)
    sources = origins([target, *arguments.values()])
    if name in _MATCHERS:
        return Value(Kind.PARTS, frozenset({reader.note(Op.MATCH, node, sources)}))
    if name in _GROUPING and target.path.startswith("sklearn.cluster."):
        target.kind, target.sources = Kind.PARTS, frozenset({reader.note(Op.SEGMENT, node, sources)})
        return target
    if name == "detect" and "Blob" in target.path:
        return Value(Kind.PARTS, frozenset({reader.note(Op.CONTOURS, node, sources)}))
    if name in _ARITHMETIC:
        return computed(reader, node, [target, *arguments.values()])
    if name in ("value_counts", "count", "nunique"):
        return Value(Kind.COUNTED, frozenset({reader.note_tentative(Op.COUNT, node, sources)}))
    if name in ("plot", "hist", "boxplot") or target.path == "plot":
        return Value(Kind.AXES, frozenset({reader.note(Op.PLOT, node, sources)}))
    if name in ("append", "add"):
        target.sources |= sources
    return Value(Kind.UNKNOWN, sources, path=target.path)


_BY_KIND: Final[dict[Kind, Callable[..., Value]]] = {
    Kind.PICTURE: call_picture,
    Kind.PIXELS: call_array,
    Kind.MASK: call_array,
    Kind.BLANK: call_array,
    Kind.PEN: _of_pen,
    Kind.AXES: _of_axes,
    Kind.READER: _of_reader,
    Kind.ENHANCER: _of_enhancer,
    Kind.ITEMS: _of_items,
    Kind.TEXT: _of_text,
    Kind.PARTS: _of_found,
    Kind.PROFILE: _of_found,
    Kind.STATS: _of_found,
    Kind.COUNTED: _of_found,
    Kind.NUMBER: _of_found,
    Kind.TRUTH: _of_found,
    Kind.COLOUR: _of_found,
    Kind.SYMBOL: _of_symbol,
}
