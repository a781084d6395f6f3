"""Which operations attempts use, how often, how well they run, and with what answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from codedance.analysis.attempts import Analysed
from codedance.analysis.operations import Flow, Operation
from codedance.analysis.shares import Lift, Share, lift_within, share
from codedance.analysis.tables import Section, Table, lift_text, per_thousand, share_text
from codedance.rewards import CallOutcome
from codedance.schema import Record

__all__ = ["FlowUse", "OperationUse", "SequenceUse", "Usage", "flow_name", "usage_of", "usage_sections"]

_SHOWN = 25
_LONGEST_SEQUENCE = 8


class OperationUse(Record):
    """One operation over all attempts."""

    operation: Operation
    attempts: int
    """That use it at least once."""
    per_thousand: float
    """Of all attempts."""
    cells: int
    """Pieces of code that do it."""
    success: Share | None
    """Of these pieces: ran to their end and showed something."""
    accuracy_with: Share | None
    """Of the scored attempts that use it."""
    accuracy_without: Share | None
    lift: Lift | None
    """Accuracy with it less accuracy without it, at the same task; ``None`` where no task has both."""
    domains: dict[str, int]
    """Attempts that use it, by domain."""


class FlowUse(Record):
    """A composition: an operation on the outcome of another."""

    flow: str
    attempts: int
    per_thousand: float
    accuracy_with: Share | None


class SequenceUse(Record):
    """Operations in the order of their first use."""

    sequence: tuple[Operation, ...]
    attempts: int
    accuracy_with: Share | None


class Usage(Record):
    """What the code of one or several runs does."""

    runs: tuple[str, ...] = ()
    attempts: int
    with_code: int
    cells: int
    unreadable: int
    """Cells that are no Python."""
    unfinished: int
    """Cells too large to be read to their end."""
    scored: int
    accuracy: Share | None
    domains: dict[str, int] = Field(default_factory=dict)
    """Attempts by domain."""
    operations: tuple[OperationUse, ...] = ()
    """The most frequent first; those never used are left out."""
    flows: tuple[FlowUse, ...] = ()
    sequences: tuple[SequenceUse, ...] = ()
    """The most frequent ones."""


@dataclass(slots=True)
class _Tally:
    attempts: int = 0
    right: list[bool] = field(default_factory=list)
    succeeded: list[bool] = field(default_factory=list)
    domains: Counter[str] = field(default_factory=Counter)


def usage_of(attempts: Iterable[Analysed], *, runs: Sequence[str] = ()) -> Usage:
    """Count what attempts do.

    Args:
        attempts: any number; little of each is kept.
        runs: where they come from, for the report.
    """
    operations: defaultdict[Operation, _Tally] = defaultdict(_Tally)
    flows: defaultdict[Flow, _Tally] = defaultdict(_Tally)
    sequences: defaultdict[tuple[Operation, ...], _Tally] = defaultdict(_Tally)
    domains: Counter[str] = Counter()
    scored: list[tuple[str, frozenset[Operation], bool]] = []
    totals: Counter[str] = Counter()
    for one in attempts:
        domains[one.domain] += 1
        totals.update(
            attempts=1,
            with_code=bool(one.cells),
            cells=len(one.cells),
            unreadable=sum(not cell.readable for cell in one.cells),
            unfinished=one.unfinished,
        )
        if one.right is not None:
            scored.append((one.task, one.operations, one.right))
        for tally in (
            *(operations[operation] for operation in one.operations),
            *(flows[flow] for flow in one.flows),
            *((sequences[one.order[:_LONGEST_SEQUENCE]],) if one.order else ()),
        ):
            tally.attempts += 1
            tally.right += [one.right] if one.right is not None else []
        for operation in one.operations:
            operations[operation].domains[one.domain] += 1
        for cell in one.cells:
            for operation in cell.operations:
                operations[operation].succeeded += [cell.outcome is CallOutcome.OK] if cell.outcome is not None else []
    count = totals["attempts"]
    rows = [_operation_use(name, tally, scored, count=count) for name, tally in operations.items()]
    return Usage(
        runs=tuple(runs),
        attempts=count,
        with_code=totals["with_code"],
        cells=totals["cells"],
        unreadable=totals["unreadable"],
        unfinished=totals["unfinished"],
        scored=len(scored),
        accuracy=share(right for *_, right in scored),
        domains=dict(sorted(domains.items())),
        operations=tuple(sorted(rows, key=lambda one: (-one.attempts, one.operation))),
        flows=_flow_uses(flows, count),
        sequences=_sequence_uses(sequences),
    )


def flow_name(flow: Flow) -> str:
    """How a composition is written.

    >>> flow_name((Operation.CROP, Operation.RESIZE))
    'crop > resize'
    """
    return f"{flow[0].value} > {flow[1].value}"


def usage_sections(usage: Usage) -> list[Section]:
    """The report of a usage."""
    facts = (
        f"{usage.attempts:,} attempts, {usage.with_code:,} with code in {usage.cells:,} cells. "
        f"{usage.unreadable:,} cells are no Python; {usage.unfinished:,} were too large to be read to their end. "
        f"Right: {share_text(usage.accuracy)}."
    )
    rows = tuple(
        (
            one.operation.value,
            f"{one.attempts:,}",
            f"{one.per_thousand:.1f}",
            share_text(one.success),
            share_text(one.accuracy_with),
            share_text(one.accuracy_without),
            lift_text(one.lift),
        )
        for one in usage.operations
    )
    head = ("operation", "attempts", "per 1,000", "cells that succeeded, %", "right with it, %", "right without it, %")
    flows = tuple(
        (one.flow, f"{one.attempts:,}", f"{one.per_thousand:.1f}", share_text(one.accuracy_with))
        for one in usage.flows[:_SHOWN]
    )
    sequences = tuple(
        (" -> ".join(one.sequence), f"{one.attempts:,}", share_text(one.accuracy_with)) for one in usage.sequences
    )
    return [
        Section("Operations", facts, Table((*head, "same task: with less without, points"), rows), "operations.svg"),
        Section(
            "Compositions",
            "`a > b`: b worked on what a made, followed through assignments, functions and cells. The most frequent.",
            Table(("composition", "attempts", "per 1,000", "right with it, %"), flows),
        ),
        Section(
            "Sequences",
            "Operations in the order of their first use in an attempt. The most frequent.",
            Table(("sequence", "attempts", "right with it, %"), sequences),
        ),
        Section(
            "Operations by domain",
            "Attempts that use it, per 1,000 attempts of the domain.",
            _by_domain(usage),
            "domains.svg",
        ),
    ]


def _by_domain(usage: Usage) -> Table:
    names = tuple(usage.domains)
    rows = tuple(
        (one.operation.value, *(per_thousand(one.domains.get(name, 0), usage.domains[name]) for name in names))
        for one in usage.operations
    )
    return Table(("operation", *names), rows)


def _operation_use(
    operation: Operation, tally: _Tally, scored: Sequence[tuple[str, frozenset[Operation], bool]], *, count: int
) -> OperationUse:
    without = (right for _, used, right in scored if operation not in used)
    return OperationUse(
        operation=operation,
        attempts=tally.attempts,
        per_thousand=1000 * tally.attempts / count,
        cells=len(tally.succeeded),
        success=share(tally.succeeded),
        accuracy_with=share(tally.right),
        accuracy_without=share(without),
        lift=lift_within((task, operation in used, right) for task, used, right in scored),
        domains=dict(sorted(tally.domains.items())),
    )


def _flow_uses(flows: dict[Flow, _Tally], count: int) -> tuple[FlowUse, ...]:
    found = [
        FlowUse(
            flow=flow_name(flow),
            attempts=tally.attempts,
            per_thousand=1000 * tally.attempts / count,
            accuracy_with=share(tally.right),
        )
        for flow, tally in flows.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.attempts, one.flow)))


def _sequence_uses(sequences: dict[tuple[Operation, ...], _Tally]) -> tuple[SequenceUse, ...]:
    found = [
        SequenceUse(sequence=sequence, attempts=tally.attempts, accuracy_with=share(tally.right))
        for sequence, tally in sequences.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.attempts, one.sequence))[:_SHOWN])
