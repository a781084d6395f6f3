"""What a judge decides of an evaluation, in a file beside the scores by rule, which it does not touch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from codedance.bench.contract import Benchmark, Mode
from codedance.bench.evaluation.ends import ModeScore, RowEnd, is_failed, prediction_of
from codedance.bench.evaluation.run import read_ends
from codedance.bench.judging import Judge, Judgement, Undecided, goes_to_judge, judge_rows, prompt_versions
from codedance.bench.outcomes import Outcome, RowScore
from codedance.bench.registry import expand
from codedance.bench.scoring import Reply
from codedance.errors import StoreError
from codedance.models.asking import Usage
from codedance.schema import Record, Text
from codedance.store import RecordFile, RunFolder, write_bytes

__all__ = ["Attempt", "Verdict", "count_open", "judge_run", "judged_end", "read_verdicts"]

_VERDICTS = "judgements.jsonl"

Attempt = tuple[str, str, int]
"""Names an attempt: benchmark, row, number."""


class Verdict(Record):
    """A line of ``judgements.jsonl``: what a judge decided of an attempt that rules leave open."""

    benchmark: str
    key: str
    attempt: int = Field(ge=0)
    judge: Text
    """The judge's specification."""
    prompts: dict[str, int]
    """Versions of its prompts."""
    score: float | None
    """1 or 0; ``None`` if it left the row open."""
    read: Text | None = None
    """The option or answer that it found in the reply."""
    undecided: Undecided | None = None
    detail: Text = ""
    usage: Usage = Usage()

    @property
    def judgement(self) -> Judgement:
        """As the judge gave it."""
        return Judgement(self.score, self.read, self.undecided, self.detail, self.usage)


def read_verdicts(folder: Path) -> dict[Attempt, Verdict]:
    """The verdicts of a run by attempt; none if no judge was asked. Raises :class:`StoreError` if a line is wrong."""
    return {(one.benchmark, one.key, one.attempt): one for one in RecordFile(folder / _VERDICTS, Verdict)}


def judged_end(end: RowEnd, verdict: Verdict | None) -> RowEnd:
    """The end of an attempt with the judge's score wherever rules leave it to one."""
    if verdict is None:
        return end
    outcome = {None: Outcome.NEEDS_JUDGE, 1.0: Outcome.RIGHT}.get(verdict.score, Outcome.WRONG)
    update = {"outcome": outcome, "score": verdict.score, "asks_judge": verdict.score is None}
    scores: dict[Mode, ModeScore] = {
        mode: one.model_copy(update=update) if goes_to_judge(end.row_score(mode)) else one
        for mode, one in end.scores.items()
    }
    return end.model_copy(update={"scores": scores})


def count_open(folder: Path) -> int:
    """How many attempts of a run would go to a judge, by one way of scoring or the other."""
    return len(_open(folder))


async def judge_run(folder: Path, judge: Judge, *, tick: Callable[[], None] = lambda: None) -> list[Verdict]:
    """Have a judge decide what rules leave open in a run that has come to its end, and write what it decided.

    Its answers are in the judge's cache as they come; the file of verdicts is written once, in the order of the rows,
    and replaces that of an earlier judge. Begun again after a kill, nothing is asked twice.

    Args:
        folder: of the run.
        judge: who decides.
        tick: called after each attempt that was given to the judge.

    Raises:
        ModelUnreachableError: the judge has failed too often in a row; what it decided is in its cache.
        StoreError: the folder holds no evaluation, or cannot be read or written.
    """
    ends = _open(folder)
    benchmarks = {one.name: one for one in expand({end.benchmark for end in ends.values()})}
    replies = dict(_replies(folder, ends))
    verdicts: list[Verdict] = []
    for name, benchmark in benchmarks.items():
        attempts = [one for one in ends if one[0] == name]
        rows = [(replies[one], _asking(ends[one])) for one in attempts]
        verdicts += _verdicts(attempts, judge, await _decide(judge, benchmark, rows, tick))
    ordered = {(one.benchmark, one.key, one.attempt): one for one in verdicts}
    lines = [ordered[one].model_dump_json().encode("utf-8", errors="replace") + b"\n" for one in ends]
    try:
        write_bytes(folder / _VERDICTS, b"".join(lines))
    except OSError as error:
        raise StoreError(f"{folder / _VERDICTS}: cannot be written ({error.strerror or error})") from None
    return verdicts


def _open(folder: Path) -> dict[Attempt, RowEnd]:
    """Attempts that rules leave to a judge, in the order of the rows. What is right by its pixels is for no judge."""
    found: dict[Attempt, RowEnd] = {}
    drawn: dict[str, bool] = {}
    for end in read_ends(folder):
        if not any(goes_to_judge(end.row_score(mode)) for mode in end.scores):
            continue
        if end.benchmark not in drawn:
            drawn[end.benchmark] = expand([end.benchmark])[0].whole is not None
        if not drawn[end.benchmark]:
            found[end.benchmark, end.key, end.attempt] = end
    return found


def _replies(folder: Path, ends: Mapping[Attempt, RowEnd]) -> Iterator[tuple[Attempt, Reply]]:
    """What was said, whole: the lines of scores hold its beginning only."""
    wanted = {end.trajectory: attempt for attempt, end in ends.items()}
    for trajectory in RunFolder.open(folder).trajectories():
        attempt = wanted.get(trajectory.id)
        row = trajectory.task.meta.get("row")
        if attempt is not None and isinstance(row, dict) and not is_failed(trajectory):
            del wanted[trajectory.id]
            yield attempt, Reply(row, prediction_of(trajectory))
    if wanted:
        raise StoreError(f"{folder}: holds no trajectory {next(iter(wanted))}, which its scores name")


def _asking(end: RowEnd) -> RowScore:
    """The score, by whichever way of scoring, that leaves the row to a judge."""
    return next(score for mode in end.scores if goes_to_judge(score := end.row_score(mode)))


async def _decide(
    judge: Judge, benchmark: Benchmark, rows: Sequence[tuple[Reply, RowScore]], tick: Callable[[], None]
) -> list[Judgement]:
    judged = await judge_rows(judge, benchmark, rows, tick=tick)
    return [row.judgement for row in judged if row.judgement is not None]


def _verdicts(attempts: Sequence[Attempt], judge: Judge, judgements: Sequence[Judgement]) -> Iterator[Verdict]:
    for (benchmark, key, attempt), one in zip(attempts, judgements, strict=True):
        yield Verdict(
            benchmark=benchmark,
            key=key,
            attempt=attempt,
            judge=judge.name,
            prompts=prompt_versions(),
            score=one.score,
            read=one.read,
            undecided=one.undecided,
            detail=one.detail,
            usage=one.usage,
        )
