"""The claims of the paper, each with its number there and the rule by which a study of ours judges it.

A difference is judged by its 95 % interval: wholly on the claimed side it holds, wholly on the other side it does not,
and otherwise nothing is shown. What this program cannot ask at its scale is a row as well, and says what it would take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import fmean

from codedance.bench.reports.published import published_for
from codedance.rewards import difficulty
from codedance.rewards.intervals import wilson
from codedance.schema import Record
from codedance.study.evidence import FOLLOWED, Evidence, Kind, Training
from codedance.study.measures import Estimate, Measure, Policy, contrast, gap, over_seeds
from codedance.study.scaling import by_data, by_size, gains
from codedance.train.ablation import REWARDS

__all__ = ["CLAIMS", "Claim", "Finding", "Judged", "Verdict", "judge"]

_FEWEST_EXAMS = 5
"""Exams of a run from which its course can be told."""
_RARE = 0.002
"""What none of the attempts did is absent if at most so large a share, with 95 %, may do it."""
_RIVALS = tuple(one for one in REWARDS if one != FOLLOWED)
_BENCHMARKS = ("countbench", "pixmo_count", "vstar", "hrbench_4k", "chartqa", "mathvision", "mathvista", "wemath")


class Verdict(StrEnum):
    """What is said of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not shown"
    """The interval allows both, or there is too little for one."""
    UNTESTED = "not tested here"


class Finding(Record):
    """What a study has to say about a claim."""

    verdict: Verdict
    ours: str = ""
    estimate: Estimate | None = None
    of_shares: bool = False
    """Whether the estimate is a difference of shares, which is told in points of 100."""
    note: str = ""


class Judged(Record):
    """A row of the report."""

    id: str
    says: str
    paper: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the paper."""

    id: str
    says: str
    paper: str
    """What the paper reports for it."""
    find: Callable[[Evidence], Finding]


def judge(found: Evidence) -> list[Judged]:
    """Every claim beside the evidence, in the order of :data:`CLAIMS`."""
    return [Judged(id=one.id, says=one.says, paper=one.paper, finding=one.find(found)) for one in CLAIMS]


def verdict_of(estimates: Sequence[Estimate], *, seeds: int = 2) -> Verdict:
    """Whether all of these differences are above zero.

    Policies of one seed each differ by chance alone, by how much nobody knows: with one, nothing is shown.

    >>> str(verdict_of([Estimate(value=0.2, low=0.1, high=0.3)]))
    'holds'
    >>> str(verdict_of([Estimate(value=0.2, low=0.1, high=0.3), Estimate(value=0.1, low=-0.1, high=0.3)]))
    'not shown'
    """
    if seeds < 2:
        return Verdict.OPEN
    if any(one.high is not None and one.high < 0 for one in estimates):
        return Verdict.FAILS
    if all(one.low is not None and one.low > 0 for one in estimates):
        return Verdict.HOLDS
    return Verdict.OPEN


def _shown(estimate: Estimate, measure: Measure) -> str:
    """A difference as the reports write it: shares in points of percent."""
    return f"{estimate.value:+.2f}" if measure is Measure.TURNS else f"{100 * estimate.value:+.1f} points"


def _difference(found: Evidence, estimates: Sequence[Estimate], measure: Measure, *, note: str) -> Finding:
    """The smallest of some differences, and whether all are above zero."""
    smallest = min(estimates, key=lambda one: one.value)
    seeds = len(found.of(FOLLOWED))
    return Finding(
        verdict=verdict_of(estimates, seeds=seeds),
        ours=_shown(smallest, measure),
        estimate=smallest,
        of_shares=measure is not Measure.TURNS,
        note=f"{note}{'; one seed' if seeds == 1 else ''}",
    )


def _untested(why: str) -> Callable[[Evidence], Finding]:
    return lambda found: Finding(verdict=Verdict.UNTESTED, note=why)


def _gap(
    more: str | None, less: str | None, measure: Measure, where: str | None = None
) -> Callable[[Evidence], Finding]:
    """More of a measure with one reward than with another."""

    def find(found: Evidence) -> Finding:
        if not found.of(more) or not found.of(less):
            return _missing(more if not found.of(more) else less)
        estimate = gap(found.of(more), found.of(less), measure, difficulty=where)
        if estimate is None:
            return Finding(verdict=Verdict.OPEN, note="no attempt that it could be measured by")
        note = f"{measure.value}{f', {where} tasks' if where else ''}: {more or 'start'} less {less or 'start'}"
        return _difference(found, [estimate], measure, note=note)

    return find


def _above_all(variant: str, measure: Measure) -> Callable[[Evidence], Finding]:
    """The most of a measure among all rewards: the smallest of its leads is told."""

    def find(found: Evidence) -> Finding:
        rivals = [one for one in _RIVALS if found.of(one)]
        if not found.of(variant) or not rivals:
            return _missing(variant)
        leads = [(gap(found.of(variant), found.of(one), measure), one) for one in rivals]
        known = [(lead, one) for lead, one in leads if lead is not None]
        if not known:
            return Finding(verdict=Verdict.OPEN, note="no attempt that it could be measured by")
        _, rival = min(known, key=lambda pair: pair[0].value)
        note = f"{measure.value}: {variant} less {rival}, its closest rival of {len(known)}"
        return _difference(found, [lead for lead, _ in known], measure, note=note)

    return find


def _between(found: Evidence) -> Finding:
    """Turns between those of the other two."""
    if not all(map(found.of, ("outcome", FOLLOWED, "deepeyes"))):
        return _missing("outcome, bat or deepeyes")
    gaps = [
        gap(found.of(FOLLOWED), found.of("outcome"), Measure.TURNS),
        gap(found.of("deepeyes"), found.of(FOLLOWED), Measure.TURNS),
    ]
    known = [one for one in gaps if one is not None]
    ours = " and ".join(f"{one.value:+.2f}" for one in known)
    note = f"turns: bat less outcome, and deepeyes less bat ({ours}); the smaller"
    return _difference(found, known, Measure.TURNS, note=note)


def _adapts(measure: Measure) -> Callable[[Evidence], Finding]:
    def find(found: Evidence) -> Finding:
        estimate = contrast(found.of(FOLLOWED), measure) if found.of(FOLLOWED) else None
        if estimate is None:
            return _missing(FOLLOWED)
        return _difference(found, [estimate], measure, note=f"{measure.value} with bat: hard tasks less easy ones")

    return find


def _per_seed(
    more: str, less: str, figure: Callable[[Training], float | None], *, what: str
) -> Callable[[Evidence], Finding]:
    """More of a figure of the training with one reward than with another; seeds are compared one by one."""

    def find(found: Evidence) -> Finding:
        if not found.runs(more) or not found.runs(less):
            return _missing(more if not found.runs(more) else less)
        others = {one.seed: figure(one) for one in found.runs(less)}
        pairs = [(figure(one), others.get(one.seed)) for one in found.runs(more)]
        gaps = [left - right for left, right in pairs if left is not None and right is not None]
        estimate = over_seeds(gaps)
        if estimate is None:
            return Finding(verdict=Verdict.OPEN, note=f"{what}: the runs have too few exams, under {_FEWEST_EXAMS}")
        note = f"{what}: {more} less {less}, {_seeds(len(gaps))}"
        return Finding(verdict=verdict_of([estimate]), ours=f"{estimate.value:+.3f}", estimate=estimate, note=note)

    return find


def _jumps(run: Training) -> float | None:
    """Mean size of the changes of accuracy from exam to exam."""
    values = [accuracy for _, accuracy in run.exams]
    if len(values) < _FEWEST_EXAMS:
        return None
    return fmean(abs(after - before) for before, after in pairwise(values))


def _still_rises(found: Evidence) -> Finding:
    """Whether the second half of the steps still brings something."""
    runs = [one for one in found.runs(FOLLOWED) if len(one.exams) >= _FEWEST_EXAMS]
    if found.steps < 240 or not runs:
        return Finding(verdict=Verdict.UNTESTED, note=f"steps: {found.steps}, of 240 that it takes")
    gains = []
    for run in runs:
        half = min(run.exams, key=lambda exam: abs(exam[0] - found.steps // 2))
        gains.append(run.exams[-1][1] - half[1])
    estimate = over_seeds(gains)
    assert estimate is not None, "there are runs"
    note = f"exam accuracy with bat: last step less half of the steps, {_seeds(len(gains))}"
    ours = f"{100 * estimate.value:+.1f} points"
    return Finding(verdict=verdict_of([estimate]), ours=ours, estimate=estimate, of_shares=True, note=note)


def _more_data(found: Evidence) -> Finding:
    """Whether each larger beginning of the set teaches more than the one before it."""
    levels = by_data(found.scaled)
    if len(levels) < 2:
        return Finding(verdict=Verdict.UNTESTED, note="this study taught with one size of set: scaling.trajectories")
    steps = " to ".join(f"{number:,}" for number in levels)
    return _rising(list(levels.values()), note=f"accuracy after supervised learning, {steps}, the same steps for all")


def _larger_model(found: Evidence) -> Finding:
    """Whether the largest network is better than the smallest."""
    levels = by_size(found.scaled)
    if len(levels) < 2:
        return Finding(verdict=Verdict.UNTESTED, note="this study taught one size of network: scaling.sizes")
    names = list(levels)
    note = f"accuracy after supervised learning: {names[-1]} less {names[0]}; millions of parameters, not billions"
    return _rising([levels[names[0]], levels[names[-1]]], note=note)


def _rising(levels: Sequence[Sequence[Policy]], *, note: str) -> Finding:
    """The smallest of the gains from level to level, and whether all are above zero."""
    found = gains(levels)
    if not found:
        return Finding(verdict=Verdict.OPEN, note="no attempt that it could be measured by")
    smallest = min(found, key=lambda one: one.value)
    seeds = min(map(len, levels))
    more = "; the smallest gain" * (len(found) > 1) + "; one seed" * (seeds == 1)
    return Finding(
        verdict=verdict_of(found, seeds=seeds),
        ours=_shown(smallest, Measure.ACCURACY),
        estimate=smallest,
        of_shares=True,
        note=note + more,
    )


def _emerges(kind: Kind) -> Callable[[Evidence], Finding]:
    """Something that the supervised set never does becomes more frequent over training."""

    def find(found: Evidence) -> Finding:
        use = next((one for one in found.new if one.kind == kind), None)
        if use is None:
            return _missing(FOLLOWED)
        rate = f"{1000 * use.used / max(1, use.attempts):.1f} per 1,000"
        if not use.used:
            rare = wilson(0, use.attempts)[1] < _RARE
            note = f"none of {use.attempts:,} attempts has any{'' if rare else ': too few to say'}"
            return Finding(verdict=Verdict.FAILS if rare else Verdict.OPEN, ours=rate, note=note)
        if use.growth is None:
            return Finding(verdict=Verdict.OPEN, ours=rate, note="one step was kept: nothing can be said of growth")
        note = f"{', '.join(use.names)}; interval: growth from the first third of the steps to the last"
        return Finding(verdict=verdict_of([use.growth]), ours=rate, estimate=use.growth, of_shares=True, note=note)

    return find


def _bounds(found: Evidence) -> Finding:
    ends = tuple(round(difficulty(accuracy), 4) for accuracy in (0.0, 0.5, 1.0))
    verdict = Verdict.HOLDS if ends == (0.6808, 0.3, -0.0808) else Verdict.FAILS
    return Finding(verdict=verdict, ours=", ".join(map(str, ends)), note="computed, not measured")


def _set_size(found: Evidence) -> Finding:
    enough = found.trajectories >= 34_000
    verdict = Verdict.HOLDS if enough else Verdict.UNTESTED
    note = "executed and checked, from generated worlds" if enough else "a smaller set was made"
    return Finding(verdict=verdict, ours=f"{found.trajectories:,}", note=note)


def _missing(what: str | None) -> Finding:
    return Finding(verdict=Verdict.UNTESTED, note=f"this study has no run of {what or 'the start'}")


def _seeds(count: int) -> str:
    return "one seed, so no interval" if count == 1 else f"{count} seeds"


def _benchmark(name: str) -> Claim:
    by_model = {one.model: one.percent for one in published_for(name) if "2512.17312" in one.source}
    ours, base = by_model["CodeDance-7B"], by_model["Qwen2.5-VL-7B"]
    why = f"needs the 7B checkpoint: codedance eval {name} --model server:NAME"
    return Claim(f"bench-{name}", f"CodeDance-7B beats its base on {name}", f"{ours} against {base}", _untested(why))


CLAIMS: tuple[Claim, ...] = (
    Claim("data-size", "About 34,000 trajectories teach the atomic capabilities", "34,000", _set_size),
    Claim("d-bounds", "d falls with the group's accuracy: nobody, half, everybody right", "0.68, 0.30, -0.08", _bounds),
    Claim(
        "outcome-turns", "Outcome reward alone: fewer turns than BAT", "fewer", _gap(FOLLOWED, "outcome", Measure.TURNS)
    ),
    Claim(
        "outcome-tools",
        "Outcome reward alone: too little tool use on hard questions",
        "less",
        _gap(FOLLOWED, "outcome", Measure.TOOL_RATE, "hard"),
    ),
    Claim(
        "outcome-hard",
        "Outcome reward alone: worse on hard questions",
        "worse",
        _gap(FOLLOWED, "outcome", Measure.ACCURACY, "hard"),
    ),
    Claim(
        "deepeyes-turns",
        "A bonus for every call: inflated turns on easy questions",
        "more",
        _gap("deepeyes", FOLLOWED, Measure.TURNS, "easy"),
    ),
    Claim(
        "deepeyes-tools",
        "A bonus for every call: tools where none are needed",
        "more",
        _gap("deepeyes", FOLLOWED, Measure.TOOL_RATE, "easy"),
    ),
    Claim(
        "deepeyes-unstable",
        "A bonus for every call: unstable accuracy",
        "unstable",
        _per_seed("deepeyes", FOLLOWED, _jumps, what="mean change of accuracy from exam to exam"),
    ),
    Claim(
        "no-turn-success",
        "Without the turn level: code fails much more often",
        "falls badly",
        _gap(FOLLOWED, "bat-no-turn", Measure.SUCCESS),
    ),
    Claim(
        "no-turn-entropy",
        "Without the turn level: entropy collapses",
        "collapse",
        _per_seed(FOLLOWED, "bat-no-turn", lambda run: run.entropy, what="entropy at the end, nats a token"),
    ),
    Claim("bat-accuracy", "BAT: best accuracy of the four rewards", "best", _above_all(FOLLOWED, Measure.ACCURACY)),
    Claim("bat-turns", "BAT: a moderate number of turns", "moderate", _between),
    Claim("bat-success", "BAT: highest success of code", "highest", _above_all(FOLLOWED, Measure.SUCCESS)),
    Claim("adaptive-tools", "Tools for hard questions, not for easy ones", "by examples", _adapts(Measure.TOOL_RATE)),
    Claim("adaptive-turns", "More turns on hard questions", "by examples", _adapts(Measure.TURNS)),
    Claim(
        "rl-improves",
        "Reinforcement learning improves on supervised learning",
        "clear",
        _gap(FOLLOWED, None, Measure.ACCURACY),
    ),
    Claim("rl-240", "It improves up to 240 steps", "240 steps, no overfitting", _still_rises),
    Claim("new-operations", "Code that supervised learning never showed emerges", "by examples", _emerges("operation")),
    Claim("new-compositions", "New compositions emerge", "by examples", _emerges("composition")),
    Claim("new-domains", "Tools move to domains where they were never shown", "by examples", _emerges("domain")),
    Claim(
        "sft-size",
        "More supervised data, 5K to 34K: steadily better",
        "steady",
        _more_data,
    ),
    Claim(
        "model-size",
        "3B to 7B: clearly better",
        "clear",
        _larger_model,
    ),
    *map(_benchmark, _BENCHMARKS),
)
"""Every claim, in the order of the report."""
