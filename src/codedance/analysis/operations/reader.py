"""Reads code as the interpreter would, without running it: every value is only its kind and its history."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from codedance.analysis.operations.ledger import Ledger
from codedance.analysis.operations.scope import Scope
from codedance.analysis.operations.values import Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation

__all__ = ["Arguments", "BudgetSpentError", "Reader"]

_STEPS = 60_000
"""Nodes that are read of one cell, functions again each time that they are called."""
_DEPTH = 60
"""Nested expressions, statements and calls."""
_CALLS = 12


class BudgetSpentError(Exception):
    """The code is larger or deeper than anything that a model writes; what was found so far counts."""


@dataclass(slots=True)
class Arguments:
    """What a call was given."""

    positional: list[Value] = field(default_factory=list)
    named: dict[str, Value] = field(default_factory=dict)

    def first(self) -> Value | None:
        """The first one."""
        return self.positional[0] if self.positional else next(iter(self.named.values()), None)

    def at(self, place: int, name: str) -> Value | None:
        """The argument of this name, which may also stand at this place."""
        if name in self.named:
            return self.named[name]
        return self.positional[place] if place < len(self.positional) else None

    def values(self, *, start: int = 0) -> list[Value]:
        """All of them, the positional ones from ``start``."""
        return [*self.positional[start:], *self.named.values()]


class Caller(Protocol):
    """Reads the call of a value."""

    def __call__(self, reader: Reader, function: Value, node: ast.Call, *, arguments: Arguments) -> Value:
        """What the call gives."""
        ...


class Reader:
    """State of one session while its cells are read.

    Args:
        evaluators: how each type of expression is read.
        executors: how each type of statement is read.
        caller: what a call gives of a value that stands for a function.
    """

    def __init__(
        self,
        evaluators: dict[type[ast.expr], Callable[[Reader, ast.expr], Value]],
        executors: dict[type[ast.stmt], Callable[[Reader, ast.stmt], None]],
        *,
        caller: Caller,
    ) -> None:
        self._evaluators, self._executors, self._caller = evaluators, executors, caller
        self.ledger = Ledger()
        self.scope = Scope()
        self.axes = Value(Kind.AXES)
        """Those that ``plt`` draws in."""
        self.files: dict[str, Value] = {}
        """Pictures that code saved."""
        self.cell = 0
        self.loops = 0
        """Loops around the statement that is being read."""
        self.quiet = 0
        """Above 0 where a number of things is asked for to index or to loop, not to tell it."""
        self.returned: list[list[Value]] = []
        """Of the functions that are being read."""
        self._path: list[ast.AST] = []
        """Calls through which the code that is being read was reached."""
        self._steps = 0
        self._depth = 0

    def read_cell(self, statements: Sequence[ast.stmt]) -> bool:
        """Read one cell; false if it was too large to be read to its end."""
        self._steps = self._depth = self.loops = self.quiet = 0
        self._path, self.returned = [], []
        self.scope = self.scope.session()
        self.axes = Value(Kind.AXES)
        last = statements[-1] if statements else None
        try:
            if isinstance(last, ast.Expr):
                self.execute(statements[:-1])
                self.show([self.evaluate(last.value)])
            else:
                self.execute(statements)
        except (BudgetSpentError, RecursionError):
            return False
        finally:
            self.cell += 1
        return True

    def execute(self, statements: Sequence[ast.stmt]) -> None:
        """Read statements one after the other."""
        for one in statements:
            self._down()
            self._executors.get(type(one), _pass)(self, one)
            self._depth -= 1

    def evaluate(self, node: ast.expr) -> Value:
        """Read an expression."""
        self._down()
        value = self._evaluators.get(type(node), _unknown)(self, node)
        self._depth -= 1  # when the budget is spent, the cell ends: then the depth does not matter
        return value

    def evaluate_quietly(self, node: ast.expr) -> Value:
        """Read an expression whose outcome only steers."""
        with self.quietly():
            return self.evaluate(node)

    def apply(self, function: Value, node: ast.Call, *, arguments: Arguments) -> Value:
        """What a function that was given to another one makes of these arguments."""
        return self._caller(self, function, node, arguments=arguments)

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """While what is read only steers."""
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    @contextmanager
    def inside(self, scope: Scope, call: ast.AST) -> Iterator[None]:
        """While the body of a function is read, reached by this call; raises nothing, but may be refused."""
        before = self.scope, self.loops, self.quiet
        self.scope, self.loops, self.quiet = scope, 0, 0
        self._path.append(call)
        self.returned.append([])
        try:
            yield
        finally:
            self.returned.pop()
            self._path.pop()
            self.scope, self.loops, self.quiet = before

    def may_call(self, call: ast.AST) -> bool:
        """Whether a function may be followed here: not too deep, and not in circles."""
        return len(self._path) < _CALLS and sum(one is call for one in self._path) < 2

    def note(self, operation: Operation, node: ast.AST, inputs: frozenset[int]) -> int:
        """Note an operation at this place of the code; its number."""
        line = getattr(node, "lineno", 1)
        return self.ledger.enter(operation, self._place(node), cell=self.cell, line=line, inputs=inputs)

    def note_tentative(self, operation: Operation, node: ast.AST, inputs: frozenset[int]) -> int:
        """Note an operation that counts only once its outcome is shown."""
        inputs = self.ledger.without_computing(inputs)
        line = getattr(node, "lineno", 1)
        return self.ledger.enter_tentative(operation, self._place(node), cell=self.cell, line=line, inputs=inputs)

    def show(self, values: Sequence[Value]) -> None:
        """The model is shown these."""
        self.ledger.confirm(origins(values))

    def _place(self, node: ast.AST) -> tuple[object, ...]:
        return (self.cell, *(id(one) for one in self._path), id(node))

    def _down(self) -> None:
        self._steps += 1
        self._depth += 1
        if self._steps > _STEPS or self._depth > _DEPTH:
            raise BudgetSpentError


def _pass(reader: Reader, node: ast.stmt) -> None:
    del reader, node


def _unknown(reader: Reader, node: ast.expr) -> Value:
    parts = [reader.evaluate(one) for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
    return Value(Kind.UNKNOWN, origins(parts))
