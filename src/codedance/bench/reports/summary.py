"""One run in numbers: accuracies with intervals, what the model did, what it cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import comb
from pathlib import Path

from pydantic import Field, JsonValue

from codedance.bench.contract import Benchmark, Mode
from codedance.bench.data.loading import DataManifest
from codedance.bench.evaluation.ends import CostLine, RowEnd
from codedance.bench.evaluation.run import read_costs, read_data, read_ends
from codedance.bench.evaluation.verdicts import Attempt, Verdict, judged_end, read_verdicts
from codedance.bench.judging import JudgeReport, count_judgements, goes_to_judge
from codedance.bench.outcomes import Metric, Metrics, RowScore, Tally
from codedance.bench.registry import expand
from codedance.bench.scoring import make_report, tally
from codedance.errors import StoreError
from codedance.schema import Record
from codedance.store import RunFolder

__all__ = ["Behaviour", "BenchReport", "JudgedReport", "ModeReport", "RunReport", "pass_at", "summarize"]


class Behaviour(Record):
    """What a model did, over all attempts that were not errors of infrastructure."""

    episodes: int
    turns: float | None
    """Mean."""
    tool_use: float | None
    """Share of episodes with at least one call."""
    calls: int
    """Pieces of code that were run, and boxes that were looked at."""
    calls_ok: int
    stops: dict[str, int]
    prompt_tokens: float | None
    """Mean of those that were counted."""
    completion_tokens: float | None
    pixels: float | None
    """Mean of the pixels that were shown after the task's own pictures."""
    seconds: float | None
    """Mean wall-clock time of an episode; ``None`` for a run that has not come to its end."""
    model_seconds: float | None
    sandbox_seconds: float | None
    retries: int
    """How often servers were asked again."""

    @property
    def execution_success(self) -> float | None:
        """Share of calls that ran without an error."""
        return self.calls_ok / self.calls if self.calls else None


class ModeReport(Record):
    """One benchmark by one way of scoring."""

    overall: Tally
    groups: dict[str, dict[str, Tally]] = Field(default_factory=dict)
    metrics: Metrics = Metrics()
    """The benchmark's own measures; of several attempts, their means."""
    pass_at: dict[int, float] = Field(default_factory=dict)
    """Chance that one of k attempts is right, where there are several."""
    paths: dict[str, int] = Field(default_factory=dict)
    asks_judge: int = 0


class JudgedReport(Record):
    """One benchmark once a judge has decided what rules leave open."""

    judge: JudgeReport
    """Who decided, and how it went."""
    unasked: int
    """Attempts that rules leave open and the judge was not given: it was asked before they ended."""
    scores: dict[Mode, ModeReport]


class BenchReport(Record):
    """One benchmark of a run."""

    benchmark: str
    title: str
    data: DataManifest
    rows: int
    """Rows with at least one attempt that has ended."""
    attempts: int
    """Attempts that have ended."""
    complete: bool
    """Every row of the benchmark, with every attempt: the numbers are the benchmark's."""
    scores: dict[Mode, ModeReport]
    """By rules alone."""
    judged: JudgedReport | None = None
    """``None`` if no judge was asked about this benchmark."""
    behaviour: Behaviour
    notes: dict[str, int] = Field(default_factory=dict)
    """What failed, and how often."""


class RunReport(Record):
    """A run."""

    name: str
    model: str
    mode: str
    """How the model might reason."""
    prompt: str
    """Name and version of the system prompt."""
    finished: bool
    settings: dict[str, JsonValue]
    """Everything that the results depend on, budgets included."""
    created_at: str
    versions: dict[str, str]
    benchmarks: tuple[BenchReport, ...]
    together: dict[str, dict[Mode, Tally]] = Field(default_factory=dict)
    """Several worlds counted together: all, and by difficulty."""


def pass_at(k: int, counts: Iterable[tuple[int, int]]) -> float | None:
    """Chance that one of ``k`` attempts is right: the mean of 1 - C(n - c, k) / C(n, k), unbiased (Chen et al., 2021).

    Args:
        k: how many attempts.
        counts: attempts ``n`` and right ones ``c`` of each row; rows with fewer than ``k`` are left out.

    >>> pass_at(1, [(4, 1)]), pass_at(4, [(4, 1)]), pass_at(2, [(1, 1)])
    (0.25, 1.0, None)
    """
    chances = [1 - comb(n - c, k) / comb(n, k) for n, c in counts if n >= k]
    return sum(chances) / len(chances) if chances else None


def summarize(folder: Path) -> RunReport:
    """Add up a run, finished or not.

    Raises:
        StoreError: the folder holds no evaluation, or one that cannot be read.
    """
    manifest = RunFolder.open(folder).manifest()
    if manifest.kind != "eval":
        raise StoreError(f"{folder}: holds a run of kind '{manifest.kind}', not an evaluation")
    data = read_data(folder)
    ends: dict[str, list[RowEnd]] = defaultdict(list)
    for end in read_ends(folder):
        ends[end.benchmark].append(end)
    costs: dict[str, list[CostLine]] = defaultdict(list)
    for cost in read_costs(folder):
        costs[cost.benchmark].append(cost)
    benchmarks = {one.name: one for one in expand(one.benchmark for one in data.data)}
    verdicts = read_verdicts(folder)
    reports = tuple(
        _benchmark(
            benchmarks[one.benchmark],
            one,
            ends[one.benchmark],
            costs=costs[one.benchmark],
            verdicts=verdicts,
            attempts=data.attempts,
        )
        for one in data.data
    )
    protocol = _nested(manifest.settings, "episode", "protocol")
    return RunReport(
        name=folder.resolve().name,
        model=str(manifest.settings.get("model", "")),
        mode=str(protocol.get("mode", "code")),
        prompt=str(protocol.get("prompt", "")),
        finished=(folder / "scores.jsonl").exists(),
        settings=manifest.settings,
        created_at=manifest.created_at,
        versions=manifest.versions,
        benchmarks=reports,
        together=_together(ends),
    )


def _benchmark(
    benchmark: Benchmark,
    data: DataManifest,
    ends: Sequence[RowEnd],
    *,
    costs: Sequence[CostLine],
    verdicts: Mapping[Attempt, Verdict],
    attempts: int,
) -> BenchReport:
    rows = len({end.key for end in ends})
    return BenchReport(
        benchmark=benchmark.name,
        title=benchmark.title,
        data=data,
        rows=rows,
        attempts=len(ends),
        complete=rows == data.expected_rows and len(ends) == attempts * rows,
        scores={mode: _mode(benchmark, ends, mode, attempts=attempts) for mode in Mode},
        judged=_judged(benchmark, ends, verdicts, attempts=attempts),
        behaviour=_behaviour(ends, costs),
        notes=dict(Counter(end.note for end in ends if end.note).most_common(20)),
    )


def _judged(
    benchmark: Benchmark, ends: Sequence[RowEnd], verdicts: Mapping[Attempt, Verdict], *, attempts: int
) -> JudgedReport | None:
    found = [verdicts.get((end.benchmark, end.key, end.attempt)) for end in ends]
    given = [one for one in found if one is not None]
    if not given:
        return None
    missing = [end for end, verdict in zip(ends, found, strict=True) if verdict is None]
    judged = [judged_end(end, verdict) for end, verdict in zip(ends, found, strict=True)]
    return JudgedReport(
        judge=count_judgements(given[0].judge, [one.judgement for one in given], prompts=given[0].prompts),
        unasked=sum(any(goes_to_judge(end.row_score(mode)) for mode in end.scores) for end in missing),
        scores={mode: _mode(benchmark, judged, mode, attempts=attempts) for mode in Mode},
    )


def _mode(benchmark: Benchmark, ends: Sequence[RowEnd], mode: Mode, *, attempts: int) -> ModeReport:
    by_attempt: dict[int, list[RowEnd]] = defaultdict(list)
    for end in ends:
        by_attempt[end.attempt].append(end)
    single = [
        make_report(benchmark, [end.row_score(mode) for end in kept], mode=mode, keys=[end.key for end in kept])
        for _, kept in sorted(by_attempt.items())
    ]
    if attempts == 1 and single:
        overall, groups = single[0].overall, single[0].groups
    else:
        overall, groups = _tallies([_clustered(end, mode, attempts) for end in ends])
    chances = {k: pass_at(k, _right_by_row(ends, mode).values()) for k in _powers(attempts)} if attempts > 1 else {}
    paths = Counter(path.value for end in ends if (path := end.scores[mode].path) is not None)
    return ModeReport(
        overall=overall,
        groups=groups,
        metrics=_mean_metrics([one.metrics for one in single]),
        pass_at={k: chance for k, chance in chances.items() if chance is not None},
        paths=dict(sorted(paths.items())),
        asks_judge=sum(end.scores[mode].asks_judge for end in ends),
    )


def _tallies(scores: Sequence[RowScore]) -> tuple[Tally, dict[str, dict[str, Tally]]]:
    """All of them, and those of each category."""
    groups: dict[str, dict[str, list[RowScore]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        for breakdown, categories in score.groups.items():
            for category in categories:
                groups[breakdown][category].append(score)
    counted = {
        name: {category: tally(kept) for category, kept in sorted(found.items())}
        for name, found in sorted(groups.items())
    }
    return tally(scores), counted


def _clustered(end: RowEnd, mode: Mode, attempts: int) -> RowScore:
    """Attempts at one row are one observation, in the benchmark's own cluster where it has such."""
    score = end.row_score(mode)
    if attempts > 1 and score.cluster is None:
        return score.model_copy(update={"cluster": f"{end.benchmark}/{end.key}"})
    return score


def _right_by_row(ends: Sequence[RowEnd], mode: Mode) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for end in ends:
        tried, right = counts.get(end.key, (0, 0))
        counts[end.key] = tried + 1, right + (end.scores[mode].score == 1)
    return counts


def _powers(attempts: int) -> list[int]:
    """1, 2, 4, ... and the number of attempts itself."""
    return sorted({2**power for power in range(attempts.bit_length()) if 2**power <= attempts} | {attempts})


def _mean_metrics(parts: Sequence[Metrics]) -> Metrics:
    """A benchmark's own measures over several attempts: their means; their intervals only of a single one."""
    if len(parts) == 1:
        return parts[0]
    refused = next((one.refused for one in parts if one.refused is not None), None)
    if refused is not None or not parts:
        return Metrics(refused=refused)
    values: dict[str, Metric] = {}
    for name in parts[0].values:
        known = [one.values[name].value for one in parts if name in one.values]
        numbers = [value for value in known if value is not None]
        values[name] = Metric(value=sum(numbers) / len(numbers) if len(numbers) == len(parts) else None)
    return Metrics(values=values, headline=parts[0].headline)


def _behaviour(ends: Sequence[RowEnd], costs: Sequence[CostLine]) -> Behaviour:
    played = [end for end in ends if end.stop is not None and not end.stop.value.endswith("_failed")]
    return Behaviour(
        episodes=len(played),
        turns=_mean([end.turns for end in played]),
        tool_use=_mean([end.calls > 0 for end in played]),
        calls=sum(end.calls for end in played),
        calls_ok=sum(end.calls_ok for end in played),
        stops=dict(Counter(end.stop.value for end in ends if end.stop is not None).most_common()),
        prompt_tokens=_mean([end.prompt_tokens for end in played if end.prompt_tokens is not None]),
        completion_tokens=_mean([end.completion_tokens for end in played if end.completion_tokens is not None]),
        pixels=_mean([end.pixels for end in played]),
        seconds=_mean([cost.seconds for cost in costs]),
        model_seconds=_mean([cost.model_seconds for cost in costs]),
        sandbox_seconds=_mean([cost.sandbox_seconds for cost in costs]),
        retries=sum(cost.retries for cost in costs),
    )


def _together(ends: Mapping[str, Sequence[RowEnd]]) -> dict[str, dict[Mode, Tally]]:
    """The worlds of a run counted together, where there are several."""
    worlds = {name: kept for name, kept in ends.items() if name.startswith("worlds/") and kept}
    if len(worlds) < 2:
        return {}
    parts: dict[str, list[RowEnd]] = {"worlds": [end for kept in worlds.values() for end in kept]}
    for level in ("easy", "hard"):
        parts[f"worlds/{level}"] = [end for name, kept in worlds.items() if name.endswith(f"/{level}") for end in kept]
    return {
        name: {mode: tally([_clustered(end, mode, 2 if end.attempt else 1) for end in kept]) for mode in Mode}
        for name, kept in parts.items()
        if kept
    }


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _nested(settings: Mapping[str, JsonValue], *names: str) -> Mapping[str, JsonValue]:
    for name in names:
        found = settings.get(name)
        settings = found if isinstance(found, dict) else {}
    return settings
