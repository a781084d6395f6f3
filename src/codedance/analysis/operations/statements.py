"""How statements are read: assignments, loops, branches, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Final

from codedance.analysis.operations.arithmetic import combine
from codedance.analysis.operations.binding import assign, capture, walk
from codedance.analysis.operations.reader import Reader
from codedance.analysis.operations.scope import Scope
from codedance.analysis.operations.values import Kind, Value, joined, origins
from codedance.analysis.operations.vocabulary import Operation as Op

__all__ = ["EXECUTORS"]

_AGAIN = 2
"""Loops so deep are read a second time, so that what one round makes is seen by the next."""


def _assign(reader: Reader, node: ast.Assign) -> None:
    if reader.loops and _adds_one(node):
        number = reader.note_tentative(Op.COUNT, node, frozenset())
        assign(reader, node.targets[0], Value(Kind.COUNTED, frozenset({number}), regular=True))
        return
    value = reader.evaluate(node.value)
    for target in node.targets:
        assign(reader, target, value)


def _adds_one(node: ast.Assign) -> bool:
    """Whether it is ``n = n + 1`` or ``seen[key] = seen.get(key, 0) + 1``."""
    match node:
        case ast.Assign(targets=[target], value=ast.BinOp(left=before, op=ast.Add(), right=ast.Constant(value=1))):
            pass
        case _:
            return False
    match target, before:
        case (ast.Subscript(value=held, slice=place), ast.Call(func=ast.Attribute(value=asked, attr="get"))):
            key = before.args[0] if before.args else None
            return ast.unparse(held) == ast.unparse(asked) and key is not None and _same(place, key)
        case _:
            return _same(target, before)


def _same(one: ast.expr, other: ast.expr) -> bool:
    return ast.unparse(one) == ast.unparse(other)


def _assign_annotated(reader: Reader, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(reader, node.target, reader.evaluate(node.value))


def _augment(reader: Reader, node: ast.AugAssign) -> None:
    one = isinstance(node.value, ast.Constant) and node.value.value == 1
    shared = isinstance(node.target, ast.Name) and node.target.id in reader.scope.elsewhere
    if isinstance(node.op, ast.Add) and one and (reader.loops or shared):
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
    _branch(reader, [], node.orelse)


def _while(reader: Reader, node: ast.While) -> None:
    reader.evaluate_quietly(node.test)
    for one in node.body:
        match one:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add() | ast.Sub()) if name in reader.scope.names:
                stepped = reader.scope.names[name].changed()
                stepped.regular = True
                reader.scope.names[name] = stepped
    _repeat(reader, node.body)
    _branch(reader, [], node.orelse)


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
    _branch(reader, node.body, node.orelse)


def _branch(reader: Reader, *bodies: Sequence[ast.stmt]) -> None:
    """Read statements of which some are done and others are not: names may stand for what any of them gave."""
    before = reader.scope.names
    ends: list[dict[str, Value]] = []
    for body in bodies:
        reader.scope.names = dict(before)
        reader.execute(body)
        ends.append(reader.scope.names)
    reader.scope.names = {}
    for name in dict.fromkeys(name for end in ends for name in end):
        values = list({id(end[name]): end[name] for end in ends if name in end}.values())
        reader.scope.names[name] = joined(values)


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
    _branch(reader, node.orelse, *(handler.body for handler in node.handlers))
    reader.execute(node.finalbody)


def _match(reader: Reader, node: ast.Match) -> None:
    subject = reader.evaluate_quietly(node.subject)
    for case in node.cases:
        capture(reader, case.pattern, subject)
        if case.guard is not None:
            reader.evaluate_quietly(case.guard)
    if any(_prints(one) for case in node.cases for one in case.body):
        reader.show([subject])
    _branch(reader, [], *(case.body for case in node.cases))


def _define(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
    kind = Kind.CLASS if isinstance(node, ast.ClassDef) else Kind.FUNCTION
    value = Value(kind)
    value.definition, value.scope = node, reader.scope
    reader.scope.put(node.name, value)
    if isinstance(node, ast.ClassDef):
        value.attributes = _class_names(reader, node)


def _class_names(reader: Reader, node: ast.ClassDef) -> dict[str, Value]:
    """What is assigned in the body of a class, not in its methods."""
    before = reader.scope
    reader.scope = Scope(before)
    try:
        reader.execute([one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)])
        return reader.scope.names
    finally:
        reader.scope = before


def _global(reader: Reader, node: ast.Global) -> None:
    for name in node.names:
        reader.scope.elsewhere[name] = reader.scope.session()


def _nonlocal(reader: Reader, node: ast.Nonlocal) -> None:
    for name in node.names:
        scope = reader.scope.outer
        while scope is not None and name not in scope.names:
            scope = scope.outer
        if scope is not None:
            reader.scope.elsewhere[name] = scope


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
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Return: _return,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Assert: _assert,
    ast.Delete: _forget,
    ast.Raise: _raise,
}
"""How each type of statement is read."""
