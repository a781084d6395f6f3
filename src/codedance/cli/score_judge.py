"""Having a judge decide what rules leave open, and telling both scores side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from codedance.bench import Benchmark, Report, RowScore, Tally
from codedance.bench.judging import Judge, JudgedRow, JudgeReport, goes_to_judge, judge_rows, judge_summary
from codedance.bench.scoring import Reply
from codedance.cli.parties import loaded, named
from codedance.cli.progress import progress_bar
from codedance.models.asking import Party
from codedance.schema import Record

__all__ = ["Judged", "judge_replies", "judged_lines"]


class Judged(Record):
    """What a judge makes of a file of replies."""

    judge: JudgeReport
    scores: tuple[float | None, ...]
    """In the order of the lines; ``None`` where it is undecided."""
    report: Report


def judge_replies(
    benchmark: Benchmark, rows: Sequence[tuple[Reply, RowScore]], *, spec: str, base_url: str | None, cache: Path
) -> tuple[list[RowScore], JudgeReport]:
    """Score what rules leave open by a judge.

    Raises:
        UsageError: the specification names no model.
        ModelError: the judge cannot be reached.
        StoreError: the cache cannot be used.
    """
    import anyio

    count = sum(goes_to_judge(score) for _, score in rows)

    async def work(tick: Callable[[], None]) -> tuple[list[JudgedRow], JudgeReport]:
        async with loaded(named({Party.JUDGE: spec}, {}, base_url)) as models:
            with Judge(models[Party.JUDGE], cache) as judge:
                if count:
                    await judge.greet()
                judged = await judge_rows(judge, benchmark, rows, tick=tick)
                return judged, judge_summary(judge, judged)

    with progress_bar("judging", count) as tick:
        judged, summary = anyio.run(work, tick)
    return [row.score for row in judged], summary


def judged_lines(rules: Tally, judged: Judged) -> Iterator[str]:
    """Both scores side by side, with the judge's name and what it left open."""
    judge = judged.judge
    versions = ", ".join(f"{name}@{version}" for name, version in judge.prompts.items())
    yield f"rules alone     {_percent(rules)}"
    yield f"with the judge  {_percent(judged.report.overall)}"
    yield f"judge: {judge.judge}, temperature 0, prompts {versions}"
    yield (
        f"{judge.asked} rows asked about: {judge.right} right, {judge.wrong} wrong, {judge.undecided} undecided "
        f"(counted as wrong); {judge.calls} calls went out"
    )
    for reason, count in judge.reasons.items():
        yield f"  undecided, {reason}: {count}"


def _percent(tally: Tally) -> str:
    return f"{100 * tally.accuracy:.1f} ({tally.fraction})" if tally.accuracy is not None else "no rows"
