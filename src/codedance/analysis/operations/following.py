"""Functions and classes of the cell's own are followed into their bodies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codedance.analysis.operations.reader import Arguments
from codedance.analysis.operations.scope import Scope
from codedance.analysis.operations.values import Kind, Value, joined, origins

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Reader

__all__ = ["follow", "instantiate", "member", "method_of", "parent"]

_BASES = 8
_CLASS = "__class__"
"""The name by which a method knows the class that it stands in, as in Python itself."""


def follow(reader: Reader, function: Value, node: ast.AST, *, arguments: Arguments) -> Value:
    """What a function of the cell's own gives for these arguments; its body is read as if it stood here."""
    definition = function.definition
    if definition is None or isinstance(definition, ast.ClassDef) or not reader.may_call(node):
        shown = [one for one in arguments.values() if one.shows]  # of a picture and a number it makes a picture
        return Value(Kind.UNKNOWN, origins(shown or arguments.values()))
    scope = Scope(function.scope)
    _bind(reader, scope, definition.args, arguments=arguments)
    if function.target is not None:
        scope.names[_CLASS] = function.target
    with reader.inside(scope, node):
        if isinstance(definition, ast.Lambda):
            return reader.evaluate(definition.body)
        reader.execute(definition.body)
        returned = reader.returned[-1]
        return joined(returned) if returned else Value()


def instantiate(reader: Reader, function: Value, node: ast.Call, *, arguments: Arguments) -> Value:
    """An object of a class of the cell's own."""
    made = Value(Kind.INSTANCE, target=function)
    made.definition, made.scope, made.attributes = function.definition, function.scope, {}
    for one in reversed(_classes(function)):
        made.attributes.update(one.attributes or {})
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


def member(reader: Reader, held: Value, name: str, *, node: ast.AST) -> Value:
    """``held.name`` of an object or class of the cell's own."""
    for attributes in (held.attributes, *(one.attributes for one in _classes(held))):
        if attributes is not None and name in attributes:
            return attributes[name]
    found = method_of(held, name)
    if found is None:
        return Value(Kind.METHOD, path=name, target=held)
    decorators = _decorators(found)
    if "staticmethod" in decorators or (held.kind is Kind.CLASS and "classmethod" not in decorators):
        return found
    if decorators & {"property", "cached_property"}:
        return follow(reader, found, node, arguments=Arguments([held]))
    return Value(Kind.METHOD, path=name, target=held)


def method_of(holder: Value, name: str) -> Value | None:
    """The method of that name of a class, or of an object's class, or of the classes that it extends."""
    for one in _classes(holder):
        for statement in getattr(one.definition, "body", ()):
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                value = Value(Kind.FUNCTION, target=one)
                value.definition, value.scope = statement, one.scope
                return value
    return None


def parent(reader: Reader) -> Value:
    """``super()``: the object whose method is being read, as one of the class above."""
    scope: Scope | None = reader.scope
    while scope is not None and _CLASS not in scope.names:
        scope = scope.outer
    if scope is None:
        return Value()
    held, here = next(iter(scope.names.values())), scope.names[_CLASS]
    above = _classes(here)[1:2]
    if not above:
        return Value()
    seen = held.changed()
    seen.target, seen.definition, seen.scope = above[0], above[0].definition, above[0].scope
    return seen


def _classes(holder: Value) -> list[Value]:
    """A class, or the class of an object, and those that it extends, from bottom to top."""
    here = holder.target if holder.kind is Kind.INSTANCE else holder
    found: list[Value] = []
    while here is not None and isinstance(here.definition, ast.ClassDef) and len(found) < _BASES:
        found.append(here)
        base = here.definition.bases[0] if here.definition.bases else None
        here = here.scope.find(base.id) if here.scope is not None and isinstance(base, ast.Name) else None
    return found


def _decorators(function: Value) -> set[str]:
    names = [ast.unparse(one) for one in getattr(function.definition, "decorator_list", ())]
    return {one.rpartition(".")[2] for one in names}


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
