"""How statements are read: assignments, loops, branches, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

from codedance.analysis.operations.arithmetic import combine
from codedance.analysis.operations.binding import assign, walk
from codedance.analysis.operations.reader import Reader
from codedance.analysis.operations.values import Kind, Value, joined, origins
from codedance.analysis.operations.vocabulary import Operation as Op

__all__ = ["EXECUTORS"]

_AGAIN = 2
"""Loops so deep are read a second time, so that what one round makes is seen by the next."""


def _assign(reader: Reader, node: ast.Assign) -> None:
    value = reader.evaluate(node.value)
    for target in node.targets:
        assign(reader, target, value)


def _assign_annotated(reader: Reader, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(reader, node.target, reader.evaluate(node.value))


def _augment(reader: Reader, node: ast.AugAssign) -> None:
    one = isinstance(node.value, ast.Constant) and node.value.value == 1
    if isinstance(node.op, ast.Add) and one and reader.loops:
        old = reader.evaluate(_as_load(node.target))
        number = reader.note_tentative(Op.COUNT, node, frozenset())
        counted = Value(Kind.COUNTED, old.sources | {number})
        counted.regular = True
        assign(reader, node.target, counted)
        return
    value = combine(reader, node, reader.evaluate(_as_load(node.target)), right=reader.evaluate(node.value))
    if reader.loops and value.kind in (Kind.NUMBER, Kind.UNKNOWN):
        value.regular = True
    assign(reader, node.target, value)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case _:
            return target


def _expression(reader: Reader, node: ast.Expr) -> None:
    reader.evaluate(node.value)


def _for(reader: Reader, node: ast.For | ast.AsyncFor) -> None:
    walk(reader, node.target, node.iter)
    _repeat(reader, node.body)
    reader.execute(node.orelse)


def _while(reader: Reader, node: ast.While) -> None:
    reader.evaluate_quietly(node.test)
    for one in node.body:
        match one:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add() | ast.Sub()) if name in reader.scope.names:
                stepped = reader.scope.names[name].changed()
                stepped.regular = True
                reader.scope.names[name] = stepped
    _repeat(reader, node.body)
    reader.execute(node.orelse)


def _repeat(reader: Reader, body: Sequence[ast.stmt]) -> None:
    reader.loops += 1
    try:
        for _ in range(2 if reader.loops <= _AGAIN else 1):
            reader.execute(body)
    finally:
        reader.loops -= 1


def _if(reader: Reader, node: ast.If) -> None:
    test = reader.evaluate_quietly(node.test)
    if any(_prints(one) for one in (*node.body, *node.orelse)):
        reader.show([test])
    before = dict(reader.scope.names)
    reader.execute(node.body)
    after = reader.scope.names
    reader.scope.names = before
    reader.execute(node.orelse)
    for name, value in after.items():
        other = reader.scope.names.get(name)
        same = other is None or other is value
        reader.scope.names[name] = value if same or other is None else joined([value, other])


def _prints(node: ast.stmt) -> bool:
    """Whether a statement tells something right away."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print" | "display"))):
            return True
        case _:
            return False


def _with(reader: Reader, node: ast.With | ast.AsyncWith) -> None:
    for item in node.items:
        value = reader.evaluate(item.context_expr)
        if item.optional_vars is not None:
            assign(reader, item.optional_vars, value)
    reader.execute(node.body)


def _try(reader: Reader, node: ast.Try) -> None:
    reader.execute(node.body)
    for handler in node.handlers:
        reader.execute(handler.body)
    reader.execute(node.orelse)
    reader.execute(node.finalbody)


def _match(reader: Reader, node: ast.Match) -> None:
    reader.evaluate(node.subject)
    for case in node.cases:
        reader.execute(case.body)


def _define(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
    kind = Kind.CLASS if isinstance(node, ast.ClassDef) else Kind.FUNCTION
    value = Value(kind)
    value.definition, value.scope = node, reader.scope
    reader.scope.names[node.name] = value


def _return(reader: Reader, node: ast.Return) -> None:
    value = reader.evaluate(node.value) if node.value is not None else Value()
    if reader.returned:
        reader.returned[-1].append(value)


def _import(reader: Reader, node: ast.Import) -> None:
    for one in node.names:
        path = one.name if one.asname else one.name.partition(".")[0]
        reader.scope.names[one.asname or path] = Value(Kind.LIBRARY, path=path)


def _import_from(reader: Reader, node: ast.ImportFrom) -> None:
    for one in node.names:
        if one.name == "*":
            reader.scope.stars.append(node.module or "")
        else:
            path = f"{node.module}.{one.name}" if node.module else one.name
            reader.scope.names[one.asname or one.name] = Value(Kind.LIBRARY, path=path)


def _assert(reader: Reader, node: ast.Assert) -> None:
    reader.evaluate_quietly(node.test)


def _forget(reader: Reader, node: ast.Delete) -> None:
    for one in node.targets:
        if isinstance(one, ast.Name):
            reader.scope.names.pop(one.id, None)


def _raise(reader: Reader, node: ast.Raise) -> None:
    if node.exc is not None:
        reader.show([Value(Kind.UNKNOWN, origins([reader.evaluate(node.exc)]))])


EXECUTORS: Final[dict[type[ast.stmt], Callable[[Reader, Any], None]]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _assign_annotated,
    ast.AugAssign: _augment,
    ast.Expr: _expression,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.If: _if,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define,
    ast.ClassDef: _define,
    ast.Return: _return,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Assert: _assert,
    ast.Delete: _forget,
    ast.Raise: _raise,
}
"""How each type of statement is read."""
