"""What a policy does that it was never shown: operations and compositions that are absent from its supervised data.

Everything is a count: in the corpus, and in the attempts of each training step. An operation is *new* if no trajectory
of the corpus does it, *moved* if the corpus does it only in other domains.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pydantic import Field

from codedance.analysis.attempts import Analysed
from codedance.analysis.shares import Lift, Share, lift_within, share
from codedance.analysis.usage import flow_name
from codedance.rewards import CallOutcome
from codedance.schema import Record

__all__ = ["Corpus", "Emergence", "Habit", "Moved", "StepUse", "corpus_of", "emergence_of"]

_EXAMPLES = 5


class StepUse(Record):
    """How often something was done in the attempts of one step."""

    step: int | None
    """``None``: the run keeps no steps."""
    share: Share


class Habit(Record):
    """An operation or composition over a run, beside the corpus."""

    name: str
    kind: str
    """``operation`` or ``composition``."""
    in_corpus: Share
    in_run: Share
    by_step: tuple[StepUse, ...]
    first_step: int | None
    """Step of its first use; ``None`` if the run keeps no steps."""
    success: Share | None
    """Of the cells that do it, for operations: ran to their end and showed something."""
    accuracy_with: Share | None
    accuracy_without: Share | None
    lift: Lift | None
    """Accuracy with it less accuracy without it at the same task."""
    examples: tuple[str, ...] = ()
    """Some attempts that do it, the first ones: a claim of something new is worth a look at them."""

    @property
    def new(self) -> bool:
        """Whether the corpus never does it."""
        return self.in_corpus.right == 0


class Moved(Record):
    """An operation in a domain where the corpus never does it."""

    operation: str
    domain: str
    learned_in: dict[str, int]
    """Attempts of the corpus that do it, by domain; empty if none does."""
    used: Share
    """Of the run's attempts in this domain."""


class Novelty(Record):
    """How unusual the attempts of a step are, measured by the corpus."""

    step: int | None
    attempts: int
    surprise_bits: float | None
    """Mean over the attempts with code of their mean surprise; see :meth:`Corpus.surprise`."""
    new_sets: Share | None
    """Of the attempts with code: those whose set of operations no trajectory of the corpus has."""


class Emergence(Record):
    """A run beside the corpus that its policy was taught with."""

    corpus: str
    run: str
    corpus_attempts: int
    attempts: int
    accuracy: Share | None
    corpus_surprise_bits: float | None
    """Mean surprise of the corpus's own trajectories, for comparison."""
    habits: tuple[Habit, ...] = ()
    """All that the run does: new ones first, then by how often."""
    lost: tuple[str, ...] = ()
    """What the corpus does and the run never does."""
    moved: tuple[Moved, ...] = ()
    novelty: tuple[Novelty, ...] = ()
    corpus_domains: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Attempts of the corpus by operation and domain; under ``""`` all attempts of the domain."""
    run_domains: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Likewise of the run."""


@dataclass(slots=True)
class Corpus:
    """Counts of a supervised set."""

    attempts: int = 0
    names: Counter[str] = field(default_factory=Counter)
    sets: set[frozenset[str]] = field(default_factory=set)
    domains: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    coded: list[frozenset[str]] = field(default_factory=list)

    def surprise(self, names: frozenset[str]) -> float | None:
        """Mean bits of information in what an attempt does, operations and compositions, by the corpus's frequencies.

        Each is worth ``-log2((n + 1) / (N + 2))``, with n of N trajectories of the corpus that do it (Laplace's rule),
        so what was never seen is worth much but not without bound. ``None`` for an attempt that does nothing.

        >>> corpus = Corpus(attempts=6)
        >>> corpus.surprise(frozenset({"ocr"}))
        3.0
        """
        if not names:
            return None
        return sum(-math.log2((self.names[name] + 1) / (self.attempts + 2)) for name in names) / len(names)


def names_of(attempt: Analysed) -> frozenset[str]:
    """Operations and compositions of an attempt, by name."""
    return frozenset([one.value for one in attempt.operations] + [flow_name(flow) for flow in attempt.flows])


def corpus_of(attempts: Iterable[Analysed]) -> Corpus:
    """Count a supervised set."""
    corpus = Corpus()
    for one in attempts:
        corpus.attempts += 1
        names = names_of(one)
        corpus.names.update(names)
        corpus.domains[""][one.domain] += 1
        for operation in one.operations:
            corpus.domains[operation.value][one.domain] += 1
        if names:
            corpus.sets.add(frozenset(operation.value for operation in one.operations))
            corpus.coded.append(names)
    return corpus


def emergence_of(corpus: Corpus, attempts: Sequence[Analysed], *, names: tuple[str, str] = ("", "")) -> Emergence:
    """Compare the attempts of a run with a corpus.

    Args:
        corpus: what the policy was taught with.
        attempts: of the run, in the order of its steps.
        names: of corpus and run, for the report.
    """
    every = [(one, names_of(one)) for one in attempts]
    seen = sorted({name for _, found in every for name in found})
    steps = _by_step(every)
    habits = [_habit(name, corpus, every, steps=steps) for name in seen]
    habits.sort(key=lambda one: (not one.new, one.kind != "operation", -one.in_run.right, one.name))
    domains: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one, _ in every:
        domains[""][one.domain] += 1
        for operation in one.operations:
            domains[operation.value][one.domain] += 1
    own = [value for found in corpus.coded if (value := corpus.surprise(found)) is not None]
    return Emergence(
        corpus=names[0],
        run=names[1],
        corpus_attempts=corpus.attempts,
        attempts=len(every),
        accuracy=share(one.right for one, _ in every if one.right is not None),
        corpus_surprise_bits=sum(own) / len(own) if own else None,
        habits=tuple(habits),
        lost=tuple(sorted(name for name in corpus.names if name not in set(seen))),
        moved=tuple(_moved(corpus, domains)),
        novelty=tuple(_novelty(corpus, step, part) for step, part in steps),
        corpus_domains={name: dict(sorted(counts.items())) for name, counts in sorted(corpus.domains.items())},
        run_domains={name: dict(sorted(counts.items())) for name, counts in sorted(domains.items())},
    )


Row = tuple[Analysed, frozenset[str]]


def _habit(name: str, corpus: Corpus, every: Sequence[Row], *, steps: Sequence[tuple[int | None, list[Row]]]) -> Habit:
    uses = [
        StepUse(step=step, share=found)
        for step, part in steps
        if (found := share(name in names for _, names in part)) is not None
    ]
    scored = [(one.task, name in names, one.right) for one, names in every if one.right is not None]
    succeeded = [
        cell.outcome is CallOutcome.OK
        for one, _ in every
        for cell in one.cells
        if cell.outcome is not None and any(operation.value == name for operation in cell.operations)
    ]
    in_run = share(name in names for _, names in every)
    assert in_run is not None, "the name is one of the run's"
    return Habit(
        name=name,
        kind="composition" if ">" in name else "operation",
        in_corpus=_share_of(corpus.names[name], corpus.attempts),
        in_run=in_run,
        by_step=tuple(uses),
        first_step=next((one.step for one in uses if one.share.right), None),
        success=share(succeeded),
        accuracy_with=share(right for _, has, right in scored if has),
        accuracy_without=share(right for _, has, right in scored if not has),
        lift=lift_within(scored),
        examples=tuple(islice((one.id for one, names in every if name in names), _EXAMPLES)),
    )


def _share_of(right: int, count: int) -> Share:
    found = share([True] * right + [False] * (count - right))
    return found if found is not None else Share(right=0, count=1, low=0.0, high=1.0)


def _by_step(every: Sequence[Row]) -> list[tuple[int | None, list[Row]]]:
    steps: defaultdict[int | None, list[Row]] = defaultdict(list)
    for row in every:
        steps[row[0].step].append(row)
    return sorted(steps.items(), key=lambda item: -1 if item[0] is None else item[0])


def _moved(corpus: Corpus, domains: dict[str, Counter[str]]) -> list[Moved]:
    found = []
    for name, counts in domains.items():
        if not name:
            continue
        for domain, count in counts.items():
            learned = corpus.domains[name] if name in corpus.domains else Counter()
            if not learned[domain]:
                used = _share_of(count, domains[""][domain])
                taught = {place: number for place, number in sorted(learned.items()) if number}
                found.append(Moved(operation=name, domain=domain, learned_in=taught, used=used))
    return sorted(found, key=lambda one: (-one.used.right, one.operation, one.domain))


def _novelty(corpus: Corpus, step: int | None, part: Sequence[Row]) -> Novelty:
    coded = [(one, names) for one, names in part if names]
    bits = [value for _, names in coded if (value := corpus.surprise(names)) is not None]
    return Novelty(
        step=step,
        attempts=len(part),
        surprise_bits=sum(bits) / len(bits) if bits else None,
        new_sets=share(
            frozenset(operation.value for operation in one.operations) not in corpus.sets for one, _ in coded
        ),
    )
