"""How calls are read: whose function is it, and what does it do?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codedance.analysis.operations.builtin import BUILTINS, call_builtin
from codedance.analysis.operations.drawing import is_title
from codedance.analysis.operations.following import follow, instantiate, method_of
from codedance.analysis.operations.library_calls import call_library
from codedance.analysis.operations.methods import call_method
from codedance.analysis.operations.reader import Arguments
from codedance.analysis.operations.values import Kind, Value, origins

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Reader

__all__ = ["call"]

_LOUD = ("IPython.display.display", "pprint.pprint", "sys.stdout.write", "functools.partial", "cv2.putText")
"""Library functions whose arguments may tell how many there are of something."""
_TELLING = (Kind.ITEMS, Kind.INSTANCE, Kind.TEXT)
"""Whose methods may do so too."""
_STEERING = frozenset({"range", "enumerate", "slice"})


def call(reader: Reader, node: ast.Call) -> Value:
    """``function(arguments)``."""
    function = reader.evaluate(node.func)
    name = function.path if function.kind is Kind.UNKNOWN and isinstance(node.func, ast.Name) else ""
    if name in _STEERING or not _may_tell(function):
        with reader.quietly():
            arguments = _arguments(reader, node)
    else:
        arguments = _arguments(reader, node)
    return call_value(reader, function, node, arguments=arguments)


def _may_tell(function: Value) -> bool:
    """Whether what a call is given may be told by it, rather than only used."""
    path, target = function.path, function.target
    if function.kind is Kind.LIBRARY:
        return path in _LOUD or (path.startswith("matplotlib.") and is_title(path.rpartition(".")[2]))
    if function.kind is not Kind.METHOD or target is None or target.kind in _TELLING:
        return True
    return (target.kind is Kind.PEN and path.endswith("text")) or (target.kind is Kind.AXES and is_title(path))


def call_value(reader: Reader, function: Value, node: ast.Call, *, arguments: Arguments) -> Value:
    """A call of what this value is."""
    match function.kind:
        case Kind.UNKNOWN if function.path in BUILTINS:
            return call_builtin(reader, function.path, node, arguments=arguments)
        case Kind.FUNCTION:
            return follow(reader, function, node, arguments=arguments)
        case Kind.CLASS:
            return instantiate(reader, function, node, arguments=arguments)
        case Kind.LIBRARY:
            return call_library(reader, function.path, node, arguments=arguments)
        case Kind.READER:
            return call_method(reader, "__call__", node, target=function, arguments=arguments)
        case Kind.METHOD if function.target is not None:
            target = function.target
            if target.kind in (Kind.INSTANCE, Kind.CLASS):
                found = method_of(target, function.path)
                if found is None:
                    return Value(Kind.UNKNOWN, origins(arguments.values()))
                given = Arguments([target, *arguments.positional], arguments.named)
                return follow(reader, found, node, arguments=given)
            return call_method(reader, function.path, node, target=target, arguments=arguments)
        case Kind.INSTANCE:
            found = method_of(function, "__call__")
            given = Arguments([function, *arguments.positional], arguments.named)
            return follow(reader, found, node, arguments=given) if found is not None else Value()
        case _:
            return Value(Kind.UNKNOWN, function.sources | origins(arguments.values()))


def _arguments(reader: Reader, node: ast.Call) -> Arguments:
    found = Arguments()
    for one in node.args:
        value = reader.evaluate(one)
        if isinstance(one, ast.Starred):
            held = reader.evaluate(one.value)
            found.positional += held.items if held.items is not None else [value]
        else:
            found.positional.append(value)
    for keyword in node.keywords:
        value = reader.evaluate(keyword.value)
        if keyword.arg is not None:
            found.named[keyword.arg] = value
    return found
