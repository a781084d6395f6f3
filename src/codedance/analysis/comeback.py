"""Whether training brings back an operation that was held out of the supervised set: :mod:`codedance.analysis.holdout`.

Runs are set beside each other: the one whose start never saw the operation, the one whose start did, and the
counterfactual whose code never runs. Early, middle and late are thirds of the steps whose attempts were kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from codedance.analysis.attempts import Analysed
from codedance.analysis.figures import Curve, curves
from codedance.analysis.operations import Operation
from codedance.analysis.shares import Share, share
from codedance.analysis.tables import Section, Table, share_text
from codedance.errors import DataError
from codedance.rewards import CallOutcome
from codedance.schema import Record

__all__ = ["Comeback", "PartUse", "comeback_figures", "comeback_of", "comeback_sections"]


class PartUse(Record):
    """The attempts of some steps."""

    first: int
    last: int
    """Steps."""
    used: Share
    """Of the attempts: those whose code does any of the operations."""
    success: Share | None
    """Of the cells that do it: those that ran to their end and showed something."""
    right: Share | None
    """Of all scored attempts."""
    right_with: Share | None
    """Of the scored ones that do it."""
    coded: Share
    """Of the attempts: those with any code."""


class Comeback(Record):
    """An operation over one run."""

    run: str
    operations: tuple[Operation, ...]
    domains: tuple[str, ...]
    """Where it was looked for; empty: everywhere."""
    first_step: int | None
    """Of its first use; ``None``: never."""
    parts: tuple[PartUse, ...]
    """Early, middle, late; fewer for fewer steps."""
    by_step: tuple[PartUse, ...]


def comeback_of(
    attempts: Iterable[Analysed], operations: Collection[Operation], *, run: str, domains: Collection[str] = ()
) -> Comeback:
    """Look for operations in the attempts of a run of reinforcement learning.

    Args:
        attempts: of the run.
        operations: any of these.
        run: its name.
        domains: only attempts there; empty: all.

    Raises:
        DataError: there is no attempt of a training step, or none in these domains.
    """
    steps: dict[int, list[Analysed]] = {}
    for one in attempts:
        if one.step is not None and (not domains or one.domain in domains):
            steps.setdefault(one.step, []).append(one)
    if not steps:
        where = f" in {' or '.join(sorted(domains))}" if domains else ""
        raise DataError(f"{run}: keeps no attempts of training steps{where}; train with --set keep_rollouts_every=1")
    wanted, order = frozenset(operations), sorted(steps)
    thirds = [order[len(order) * part // 3 : len(order) * (part + 1) // 3] for part in range(3)]
    first = next((step for step in order if any(one.operations & wanted for one in steps[step])), None)
    return Comeback(
        run=run,
        operations=tuple(sorted(wanted)),
        domains=tuple(sorted(domains)),
        first_step=first,
        parts=tuple(_part([(step, steps[step]) for step in third], wanted) for third in thirds if third),
        by_step=tuple(_part([(step, steps[step])], wanted) for step in order),
    )


def _part(steps: Sequence[tuple[int, Sequence[Analysed]]], wanted: frozenset[Operation]) -> PartUse:
    attempts = [one for _, members in steps for one in members]
    cells = [cell for one in attempts for cell in one.cells if cell.operations & wanted]
    used, coded = share(bool(one.operations & wanted) for one in attempts), share(bool(one.cells) for one in attempts)
    assert used is not None
    assert coded is not None
    return PartUse(
        first=steps[0][0],
        last=steps[-1][0],
        used=used,
        success=share(cell.outcome is CallOutcome.OK for cell in cells if cell.outcome is not None),
        right=share(one.right for one in attempts if one.right is not None),
        right_with=share(one.right for one in attempts if one.right is not None and one.operations & wanted),
        coded=coded,
    )


def comeback_sections(found: Sequence[Comeback]) -> list[Section]:
    """The text: a row for each run and third of its steps."""
    names = " or ".join(one.value for one in found[0].operations)
    where = f" in {' and '.join(found[0].domains)}" if found[0].domains else ""
    head = ("run", "steps", "attempts", "first use", f"{names}, %", "it succeeded, %", "right with it, %")
    rows = tuple(
        (
            one.run if number == 0 else "",
            f"{part.first} to {part.last}",
            f"{part.used.count:,}",
            (f"step {one.first_step}" if one.first_step is not None else "never") if number == 0 else "",
            share_text(part.used),
            share_text(part.success),
            share_text(part.right_with),
            share_text(part.coded),
            share_text(part.right),
        )
        for one in found
        for number, part in enumerate(one.parts)
    )
    said = f"Attempts of training{where} whose code does {names}, by thirds of the steps whose attempts were kept."
    return [Section("Does it come back?", said, Table((*head, "any code, %", "right, %"), rows), "comeback.svg")]


def comeback_figures(found: Sequence[Comeback]) -> dict[str, Callable[[], bytes]]:
    """What draws the figure, by file name."""
    lines = [
        Curve(
            one.run,
            [(part.first, 100 * part.used.value) for part in one.by_step],
            [(100 * part.used.low, 100 * part.used.high) for part in one.by_step],
        )
        for one in found
    ]
    names = " or ".join(one.value for one in found[0].operations)
    return {
        "comeback.svg": lambda: curves(
            lines, title=f"Attempts whose code does {names}", axes_names=("step", "% of the attempts")
        )
    }
