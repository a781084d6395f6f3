"""The report of a study: what holds, what does not, what was not tested; tables, figures, and how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from pydantic import JsonValue

from codedance.analysis.figures import Bar, Curve, bars, curves
from codedance.analysis.tables import Section, Table, share_text
from codedance.study.claims import Judged, Verdict
from codedance.study.evidence import Evidence
from codedance.study.measures import Estimate, Measure, Policy, level
from codedance.study.scaling import Scaled, by_data, by_size
from codedance.study.settings import StudySettings
from codedance.study.steps import Done

__all__ = ["StudyReport", "study_figures", "study_report", "study_sections", "study_values"]

_SIDES = ("easy", "hard")
_COLUMNS: tuple[tuple[Measure, str | None], ...] = (
    *((measure, side) for measure in (Measure.ACCURACY, Measure.TURNS, Measure.TOOL_RATE) for side in _SIDES),
    (Measure.SUCCESS, None),
)
"""What is told of each reward; success of code of all tasks together, since easy ones have little code."""


@dataclass(frozen=True, slots=True)
class StudyReport:
    """What the report is made from."""

    settings: StudySettings
    scale: str
    evidence: Evidence
    judged: Sequence[Judged]
    times: Sequence[Done]
    levels: dict[tuple[str, Measure, str | None], Estimate | None]
    """Of each reward, ``start`` for the policy that all began with: measure and difficulty."""


def study_report(
    settings: StudySettings, *, scale: str, evidence: Evidence, judged: Sequence[Judged], times: Sequence[Done]
) -> StudyReport:
    """Everything that the report says, computed once."""
    names = ["start", *dict.fromkeys(settings.variants)]
    levels = {
        (name, measure, side): level(evidence.of(None if name == "start" else name), measure, side)
        for name in names
        for measure, side in _COLUMNS
    }
    return StudyReport(settings, scale, evidence, judged, times, levels)


def study_values(report: StudyReport) -> JsonValue:
    """Every number, for programs."""
    found: dict[str, JsonValue] = {
        "scale": report.scale,
        "settings": report.settings.model_dump(mode="json"),
        "claims": [one.model_dump(mode="json") for one in report.judged],
        "levels": [
            {
                "reward": name,
                "measure": measure.value,
                "difficulty": side,
                "estimate": one.model_dump() if one else None,
            }
            for (name, measure, side), one in report.levels.items()
        ],
        "evidence": report.evidence.model_dump(
            mode="json", exclude={"policies": True, "scaled": {"__all__": {"policy": {"rows"}}}}
        ),
        "steps": [one.model_dump(mode="json") for one in report.times],
    }
    return found


def study_sections(report: StudyReport) -> list[Section]:
    """The text."""
    counts = Counter(one.finding.verdict for one in report.judged)
    settings = report.settings
    said = ", ".join(f"{verdict.value} {counts[verdict]}" for verdict in Verdict)
    smoke = " The smallest scale shows that the parts fit together and nothing about the method." * (
        report.scale == "smoke"
    )
    facts = (
        f"{len(report.judged)} claims: {said}. Scale: {report.scale}; a network of {report.evidence.parameters:,} "
        f"parameters, {report.evidence.trajectories:,} trajectories, {_number(settings.steps, 'step')} of "
        f"{settings.grpo.groups} x {settings.grpo.attempts} attempts, {_number(len(settings.seeds), 'seed')}; "
        f"generated worlds, not photographs.{smoke}"
    )
    rule = (
        "A difference holds if its 95 % interval lies wholly on the claimed side, does not if wholly on the other, and "
        "is not shown otherwise, nor by one seed. Many are judged at once: of twenty, one may hold by chance."
    )
    measured = (
        f"{settings.rows} held-out scenes of each difficulty of {' and '.join(settings.families)}, greedy, the same "
        "for all. Mean over seeds; intervals draw scenes and seeds anew, which few seeds make too narrow."
    )
    return [
        Section("What came of it", facts),
        Section("Claims", rule, _claims(report.judged)),
        Section(
            "Claimed differences",
            "Shares only, as points of 100; left of zero is against the claim.",
            None,
            "claims.svg",
        ),
        Section("Rewards", measured, _rewards(report)),
        Section("Accuracy by reward", figure="accuracy.svg"),
        Section("Turns by reward", figure="turns.svg"),
        Section("Accuracy over training", "Exams; lines from the lowest to the highest seed.", None, "training.svg"),
        *_scaling(report),
        Section("Do views hold the evidence?", "The paper does not measure it.", _views(report)),
        Section("Time", "Of the start that ended each step, in minutes.", _times(report.times)),
    ]


def study_figures(report: StudyReport) -> dict[str, Callable[[], bytes]]:
    """What draws each figure, by file name."""
    scaled = report.evidence.scaled
    data: dict[str, Callable[[], bytes]] = {
        "scaling-data.svg": lambda: curves(
            _data_curves(report), title="Accuracy by size of the set", axes_names=("trajectories", "right answers, %")
        ),
        "scaling-size.svg": lambda: bars(
            _size_bars(report), title="Accuracy by size of the network", axis="right answers, %", groups=_SIDES
        ),
    }
    return {
        "claims.svg": lambda: bars(_claim_bars(report.judged), title="Claimed differences", axis="points of 100"),
        "accuracy.svg": lambda: _side_bars(report, Measure.ACCURACY, 100, axis="right answers, %"),
        "turns.svg": lambda: _side_bars(report, Measure.TURNS, 1, axis="turns, mean"),
        "training.svg": lambda: curves(
            _courses(report), title="Accuracy over training", axes_names=("step", "share of right answers")
        ),
        **(data if scaled else {}),
    }


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _claims(judged: Sequence[Judged]) -> Table:
    rows = []
    for one in judged:
        found = one.finding
        interval = "-"
        if found.estimate is not None and found.estimate.low is not None and found.estimate.high is not None:
            factor, digits = (100, 1) if found.of_shares else (1, 3)
            interval = f"{factor * found.estimate.low:+.{digits}f} to {factor * found.estimate.high:+.{digits}f}"
        rows.append((one.says, one.paper, found.ours or "-", interval, found.verdict.value, found.note))
    return Table(("claim", "paper", "ours", "95 % interval", "verdict", "what was measured"), tuple(rows))


def _rewards(report: StudyReport) -> Table:
    heads = tuple(f"{measure.value}{f', {side}' if side else ''}" for measure, side in _COLUMNS)
    names = list(dict.fromkeys(name for name, _, _ in report.levels))
    rows = tuple(
        (name, *(_level(report.levels[name, measure, side], measure) for measure, side in _COLUMNS)) for name in names
    )
    return Table(("reward", *heads), rows)


def _level(found: Estimate | None, measure: Measure) -> str:
    if found is None:
        return "-"
    factor, digits = (1, 2) if measure is Measure.TURNS else (100, 1)
    interval = (
        f" ({factor * found.low:.{digits}f}-{factor * found.high:.{digits}f})"
        if found.low is not None and found.high is not None
        else ""
    )
    return f"{factor * found.value:.{digits}f}{interval}"


def _scaling(report: StudyReport) -> list[Section]:
    """More data and larger networks; steps of reinforcement learning have a figure of their own."""
    scaled = report.evidence.scaled
    if not scaled:
        return []
    asked = " and ".join(report.settings.scaled_families)
    said = (
        f"By supervised learning alone, on the same held-out scenes of {asked}. All were taught for the same number of "
        "steps, so that a smaller set was seen more often. Intervals draw scenes and seeds anew."
    )
    rows = []
    for (size, number), policies in _grades(scaled).items():
        cells = [level(policies, Measure.ACCURACY, side) for side in (None, *_SIDES)]
        parameters = next(one.parameters for one in scaled if one.size == size)
        shown = (_level(one, Measure.ACCURACY) for one in cells)
        rows.append((size, f"{parameters:,}", f"{number:,}", str(len(policies)), *shown))
    heads = ("network", "parameters", "trajectories", "seeds", "accuracy", *(f"accuracy, {side}" for side in _SIDES))
    return [
        Section("More data, larger networks", said, Table(heads, tuple(rows)), "scaling-data.svg"),
        Section("Accuracy by size of the network", figure="scaling-size.svg"),
    ]


def _grades(scaled: Sequence[Scaled]) -> dict[tuple[str, int], list[Policy]]:
    found: dict[tuple[str, int], list[Policy]] = {}
    for one in sorted(scaled, key=lambda one: (one.parameters, one.trajectories)):
        found.setdefault((one.size, one.trajectories), []).append(one.policy)
    return found


def _data_curves(report: StudyReport) -> list[Curve]:
    lines = []
    for side in _SIDES:
        levels = {
            number: level(policies, Measure.ACCURACY, side)
            for number, policies in by_data(report.evidence.scaled).items()
        }
        known = [(number, one) for number, one in levels.items() if one is not None]
        points = [(float(number), 100 * one.value) for number, one in known]
        lines.append(Curve(side, points, [_ends(one) for _, one in known]))
    return lines


def _size_bars(report: StudyReport) -> list[Bar]:
    rows = []
    for name, policies in by_size(report.evidence.scaled).items():
        for group, side in enumerate(_SIDES):
            found = level(policies, Measure.ACCURACY, side)
            if found is not None:
                low, high = _ends(found)
                rows.append(Bar(f"{name}, {side}", 100 * found.value, low, high, group))
    return rows


def _ends(found: Estimate) -> tuple[float, float]:
    """The interval in percent; the value itself where there is none."""
    low, high = (found.value if end is None else end for end in (found.low, found.high))
    return 100 * low, 100 * high


def _views(report: StudyReport) -> Table:
    rows = tuple(
        (one.name, share_text(one.faithful), share_text(one.unfaithful_if_right)) for one in report.evidence.views
    )
    return Table(("policy", "saw all of the evidence, %", "right answers that did not, %"), rows)


def _times(times: Sequence[Done]) -> Table:
    return Table(("step", "minutes"), tuple((one.step.value, f"{one.seconds / 60:.1f}") for one in times))


def _claim_bars(judged: Sequence[Judged]) -> list[Bar]:
    rows = []
    for one in judged:
        found = one.finding.estimate
        if found is not None and one.finding.of_shares:
            low, high = (None if end is None else 100 * end for end in (found.low, found.high))
            group = {Verdict.HOLDS: 2, Verdict.FAILS: 1}.get(one.finding.verdict, 7)
            rows.append(Bar(one.id, 100 * found.value, low, high, group))
    return rows


def _side_bars(report: StudyReport, measure: Measure, factor: float, *, axis: str) -> bytes:
    rows = []
    for name in dict.fromkeys(name for name, _, _ in report.levels):
        for group, side in enumerate(_SIDES):
            found = report.levels[name, measure, side]
            if found is not None:
                low, high = (None if end is None else factor * end for end in (found.low, found.high))
                rows.append(Bar(f"{name}, {side}", factor * found.value, low, high, group))
    return bars(rows, title=f"{measure.value.capitalize()} by reward", axis=axis, groups=_SIDES)


def _courses(report: StudyReport) -> list[Curve]:
    lines = []
    for variant in dict.fromkeys(report.settings.variants):
        by_step: dict[int, list[float]] = {}
        for run in report.evidence.runs(variant):
            for step, accuracy in run.exams:
                by_step.setdefault(step, []).append(accuracy)
        steps = sorted(by_step.items())
        points = [(float(step), fmean(values)) for step, values in steps]
        lines.append(Curve(variant, points, [(min(values), max(values)) for _, values in steps]))
    return lines
