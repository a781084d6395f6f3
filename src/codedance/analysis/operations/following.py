"""Functions and classes of the cell's own are followed into their bodies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codedance.analysis.operations.scope import Scope
from codedance.analysis.operations.values import Kind, Value, joined, origins

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Arguments, Reader

__all__ = ["follow", "instantiate", "method_of"]

_BASES = 8


def follow(reader: Reader, function: Value, node: ast.AST, *, arguments: Arguments) -> Value:
    """What a function of the cell's own gives for these arguments; its body is read as if it stood here."""
    definition = function.definition
    if definition is None or isinstance(definition, ast.ClassDef) or not reader.may_call(node):
        return Value(Kind.UNKNOWN, origins(arguments.values()))
    scope = Scope(function.scope)
    _bind(reader, scope, definition.args, arguments=arguments)
    with reader.inside(scope, node):
        if isinstance(definition, ast.Lambda):
            return reader.evaluate(definition.body)
        reader.execute(definition.body)
        returned = reader.returned[-1]
        return joined(returned) if returned else Value()


def instantiate(reader: Reader, function: Value, node: ast.Call, *, arguments: Arguments) -> Value:
    """An object of a class of the cell's own."""
    made = Value(Kind.INSTANCE)
    made.attributes, made.definition, made.scope = {}, function.definition, function.scope
    start = method_of(made, "__init__")
    if start is not None:
        arguments.positional.insert(0, made)
        follow(reader, start, node, arguments=arguments)
        return made
    fields = [
        one.target.id
        for one in getattr(function.definition, "body", ())
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    made.attributes.update(zip(fields, arguments.positional, strict=False))
    made.attributes.update(arguments.named)
    return made


def method_of(instance: Value, name: str) -> Value | None:
    """The method of that name of an object's class or of the classes that it extends."""
    definition, scope = instance.definition, instance.scope
    for _ in range(_BASES):
        if not isinstance(definition, ast.ClassDef):
            return None
        for one in definition.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == name:
                value = Value(Kind.FUNCTION)
                value.definition, value.scope = one, scope
                return value
        base = definition.bases[0] if definition.bases else None
        above = scope.find(base.id) if scope is not None and isinstance(base, ast.Name) else None
        if above is None:
            return None
        definition, scope = above.definition, above.scope
    return None


def _bind(reader: Reader, scope: Scope, parameters: ast.arguments, *, arguments: Arguments) -> None:
    names = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    given = arguments.positional
    defaults = [None] * (len(names) - len(parameters.defaults)) + list(parameters.defaults)
    for place, (name, default) in enumerate(zip(names, defaults, strict=True)):
        if name in arguments.named:
            scope.names[name] = arguments.named[name]
        elif place < len(given):
            scope.names[name] = given[place]
        else:
            scope.names[name] = reader.evaluate(default) if default is not None else Value()
    if parameters.vararg is not None:
        scope.names[parameters.vararg.arg] = Value(Kind.ITEMS, items=list(given[len(names) :]))
    for one, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        value = arguments.named.get(one.arg)
        if value is None:
            value = reader.evaluate(default) if default is not None else Value()
        scope.names[one.arg] = value
    if parameters.kwarg is not None:
        rest = [value for name, value in arguments.named.items() if name not in names]
        scope.names[parameters.kwarg.arg] = Value(Kind.ITEMS, element=joined(rest) if rest else None)
