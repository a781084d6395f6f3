"""From the cells of a session to the operations in them."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from codedance.analysis.operations.calls import call_value
from codedance.analysis.operations.expressions import EVALUATORS
from codedance.analysis.operations.ledger import Occurrence, flows_of
from codedance.analysis.operations.reader import Reader
from codedance.analysis.operations.statements import EXECUTORS
from codedance.analysis.operations.vocabulary import Operation

__all__ = ["CodeOperations", "Flow", "operations_of_cells"]

Flow = tuple[Operation, Operation]
"""An operation, and one that worked on its outcome."""
_LONGEST = 200_000
"""Characters of a cell; what is longer is no code of a model."""
_MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)
"""Lines of notebooks that are no Python."""


@dataclass(frozen=True, slots=True)
class CodeOperations:
    """What the cells of one session do."""

    occurrences: tuple[Occurrence, ...]
    unreadable: tuple[int, ...] = ()
    """Cells that are no Python."""
    unfinished: tuple[int, ...] = ()
    """Cells too large or too deep to be read to their end."""

    @property
    def operations(self) -> frozenset[Operation]:
        """Which operations there are."""
        return frozenset(one.operation for one in self.occurrences)

    @property
    def flows(self) -> frozenset[Flow]:
        """Which compositions of two there are."""
        return frozenset((first.operation, second.operation) for first, second in flows_of(self.occurrences))

    def in_cell(self, cell: int) -> frozenset[Operation]:
        """The operations that one cell does."""
        return frozenset(one.operation for one in self.occurrences if one.cell == cell)


def operations_of_cells(cells: Sequence[str]) -> CodeOperations:
    r"""The operations in the cells of one session, read in order; what a cell defined, later cells use.

    Never raises for what the code is.

    >>> found = operations_of_cells(["part = input_image.crop((0, 0, 9, 9))", "part.resize((90, 90))"])
    >>> sorted(one.value for one in found.operations), [(a.value, b.value) for a, b in found.flows]
    (['crop', 'resize'], [('crop', 'resize')])
    >>> operations_of_cells(["print(1 +"]).unreadable
    (0,)
    """
    reader = Reader(EVALUATORS, EXECUTORS, caller=call_value)
    trees: list[ast.Module] = []  # alive to the end: places are told apart by their nodes
    unreadable: list[int] = []
    unfinished: list[int] = []
    for number, cell in enumerate(cells):
        tree = _parsed(cell)
        if tree is None:
            unreadable.append(number)
            reader.cell += 1
            continue
        trees.append(tree)
        if not reader.read_cell(tree.body):
            unfinished.append(number)
    return CodeOperations(reader.ledger.occurrences(), tuple(unreadable), tuple(unfinished))


def _parsed(cell: str) -> ast.Module | None:
    if len(cell) > _LONGEST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of wrong escapes in the code
        for text in (cell, _MAGIC.sub("", cell)):
            try:
                return ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None
