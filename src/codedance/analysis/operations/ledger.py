"""The operations that were found, where, and what each worked on."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.analysis.operations.vocabulary import Operation, is_flow

__all__ = ["Ledger", "Occurrence", "flows_of"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One operation at one place of the code."""

    number: int
    operation: Operation
    cell: int
    """Index of the cell that did it, which may have called a function of an earlier one."""
    line: int
    """Line of the code that says so, from 1."""
    inputs: frozenset[int]
    """Numbers of the operations whose outcome it worked on."""


class Ledger:
    """Collects operations while code is read.

    Arithmetic and counting are only worth telling if their outcome is shown: they are entered as tentative and stay out
    of the result unless they are confirmed; what worked on them is then taken to have worked on what they worked on.
    """

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._places: list[tuple[int, int]] = []
        self._inputs: list[set[int]] = []
        self._tentative: set[int] = set()
        self._by_place: dict[tuple[object, ...], int] = {}

    def enter(
        self, operation: Operation, place: tuple[object, ...], *, cell: int, line: int, inputs: frozenset[int]
    ) -> int:
        """Note an operation; the same place again is the same operation, which then worked on more. Its number."""
        key = (operation, *place)
        number = self._by_place.setdefault(key, len(self._operations))
        if number == len(self._operations):
            self._operations.append(operation)
            self._places.append((cell, line))
            self._inputs.append(set())
        self._inputs[number] |= inputs
        return number

    def enter_tentative(
        self, operation: Operation, place: tuple[object, ...], *, cell: int, line: int, inputs: frozenset[int]
    ) -> int:
        """Note an operation that counts only if it is confirmed."""
        new = (operation, *place) not in self._by_place
        number = self.enter(operation, place, cell=cell, line=line, inputs=inputs)
        if new:
            self._tentative.add(number)
        return number

    def confirm(self, numbers: frozenset[int]) -> None:
        """Their outcome is shown."""
        self._tentative -= numbers

    def without_computing(self, numbers: frozenset[int]) -> frozenset[int]:
        """The same operations, arithmetic replaced by what it worked on: one computation, not a chain of them."""
        return self._replaced(numbers, {one for one in numbers if self._operations[one] is Operation.COMPUTE})

    def occurrences(self) -> tuple[Occurrence, ...]:
        """All that counts, in the order in which it was found."""
        return tuple(
            Occurrence(number, operation, *self._places[number], self._replaced(frozenset(inputs), self._tentative))
            for number, (operation, inputs) in enumerate(zip(self._operations, self._inputs, strict=True))
            if number not in self._tentative
        )

    def _replaced(self, numbers: frozenset[int], away: set[int]) -> frozenset[int]:
        """The numbers, with those of ``away`` replaced by their inputs, and these likewise."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(numbers)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            if number in away:
                waiting += self._inputs[number]
            else:
                found.add(number)
        return frozenset(found)


def flows_of(occurrences: tuple[Occurrence, ...]) -> frozenset[tuple[Occurrence, Occurrence]]:
    """Pairs of operations of which the second worked on what the first made."""
    by_number = {one.number: one for one in occurrences}
    return frozenset(
        (by_number[number], one)
        for one in occurrences
        for number in one.inputs
        if number in by_number and is_flow(by_number[number].operation, one.operation)
    )
