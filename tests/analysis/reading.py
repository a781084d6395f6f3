"""Cases of code with what it does, written as text, so that the code reads like that of a model."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.analysis.operations import Operation, operations_of_cells

__all__ = ["Case", "assert_reads", "cases"]


@dataclass(frozen=True)
class Case:
    """The cells of one session, and what they do."""

    name: str
    cells: tuple[str, ...]
    operations: frozenset[str]
    flows: frozenset[str]

    def __str__(self) -> str:
        return self.name


def cases(text: str) -> list[Case]:
    """Cases from text: ``## NAME: OPERATIONS; COMPOSITIONS`` and the code; cells are apart by a line of ``---``.

    A line ``# COMPOSITIONS`` may follow the first one where that would be too long.
    """
    found = []
    for block in text.strip("\n").removeprefix("## ").split("\n## "):
        head, _, code = block.partition("\n")
        if head.endswith(";"):
            more, _, code = code.partition("\n")
            head += more.removeprefix("#")
        name, _, told = head.rpartition(":")
        operations, _, flows = told.partition(";")
        one = Case(name, tuple(code.split("\n---\n")), frozenset(operations.split()), frozenset(flows.split()))
        assert one.operations <= {known.value for known in Operation}, head
        found.append(one)
    assert len({one.name for one in found}) == len(found)
    return found


def assert_reads(case: Case) -> None:
    """What is found in the code is what the case says, no more and no less."""
    found = operations_of_cells(case.cells)
    assert not found.unreadable
    assert not found.unfinished
    assert {one.value for one in found.operations} == case.operations
    assert {f"{first.value}>{second.value}" for first, second in found.flows} == case.flows
