"""How an attempt at a row ended, scored: one line each, the same whenever it is made from the same trajectory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import Field

from codedance.bench.answers.extract import AnswerPath, extract
from codedance.bench.contract import Benchmark, Mode, Row
from codedance.bench.outcomes import Outcome, RowScore
from codedance.bench.scoring import Reply, score_reply
from codedance.errors import DataError, StoreError
from codedance.imaging import Picture
from codedance.schema import Failure, ImageRef, Record, StopReason, Text, Trajectory

__all__ = ["CostLine", "ModeScore", "RowEnd", "cost_of", "failed_row", "is_failed", "prediction_of", "score_episode"]

_LONGEST_PREDICTION = 2_000
_FAILED = (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED)


class ModeScore(Record):
    """What one way of scoring says."""

    outcome: Outcome
    score: float | None
    """``None`` where only a judge can tell; it counts as wrong until one has."""
    path: AnswerPath | None = None
    asks_judge: bool = False

    @property
    def needs_judge(self) -> bool:
        """True where rules cannot decide."""
        return self.score is None


class RowEnd(Record):
    """A line of ``scores.jsonl``: an attempt at a row.

    It holds no times: it is the same however often the run was interrupted.
    """

    benchmark: str
    key: str
    """The row's name within the benchmark."""
    attempt: int = 0
    trajectory: str | None
    """Identifier of the trajectory; ``None`` if the row could not be asked."""
    stop: StopReason | None = None
    prediction: Text | None = None
    """What was scored, its beginning; ``None`` if no answer was given."""
    scores: dict[Mode, ModeScore]
    facts: dict[str, str] = Field(default_factory=dict)
    """The columns that the benchmark's own metrics need."""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    cluster: str | None = None
    note: Text = ""
    """What failed."""
    turns: int = 0
    calls: int = 0
    """Pieces of code that were run, and boxes that were looked at."""
    calls_ok: int = 0
    prompt_tokens: int | None = None
    """Over all turns, by the model's own count; ``None`` if it does not tell."""
    completion_tokens: int | None = None
    pixels: int = 0
    """Of the pictures that were shown after the task's own."""

    def row_score(self, mode: Mode) -> RowScore:
        """As the aggregates take it."""
        one = self.scores[mode]
        return RowScore(
            row=self.facts,
            outcome=one.outcome,
            score=one.score,
            path=one.path,
            asks_judge=one.asks_judge,
            groups=self.groups,
            cluster=self.cluster,
            note=self.note,
        )


class CostLine(Record):
    """A line of ``costs.jsonl``: the times of an attempt, which are never the same twice."""

    benchmark: str
    key: str
    attempt: int = 0
    seconds: float
    """Wall-clock time of the episode."""
    model_seconds: float
    """Of it, waiting for replies."""
    sandbox_seconds: float
    """Of it, running code."""
    retries: int
    """How often a server was asked again because it had failed."""


def is_failed(trajectory: Trajectory) -> bool:
    """True if infrastructure failed, which says nothing about the model."""
    return trajectory.stop in _FAILED


def prediction_of(trajectory: Trajectory) -> str | None:
    """What the scorers are given: the answer; of a model that twice wrote neither action nor answer, its last text.

    >>> task = {"id": "q", "source": "mine", "question": "?"}
    >>> last = {"text": "It is B.", "kept_characters": 8}
    >>> prediction_of(Trajectory(id="a", task=task, model="m", stop="no_action", turns=(last,)))
    'It is B.'
    """
    if trajectory.answer is not None:
        return trajectory.answer
    if trajectory.stop is StopReason.NO_ACTION and trajectory.turns:
        return trajectory.turns[-1].text
    return None


def score_episode(
    benchmark: Benchmark, key: str, trajectory: Trajectory, *, find: Callable[[ImageRef], Picture]
) -> RowEnd:
    """Score a finished episode in both modes.

    Args:
        benchmark: whose row was asked.
        key: the row's name.
        trajectory: the episode; its task holds the row.
        find: reads a picture, for tasks whose result is one.
    """
    row = trajectory.task.meta.get("row")
    if not isinstance(row, dict):
        return failed_row(benchmark, key, {}, "the trajectory holds no row", attempt=trajectory.attempt)
    failure = _failure_text(trajectory.failure) if is_failed(trajectory) else None
    prediction = prediction_of(trajectory)
    try:
        scores = {mode: score_reply(benchmark, Reply(row, prediction or "", failure), mode) for mode in Mode}
        if failure is None and prediction and benchmark.whole is not None:
            told = trajectory
            if trajectory.answer is None:  # read by its last text, like those of other benchmarks
                told = trajectory.model_copy(update={"answer": extract(prediction).text})
            value = benchmark.whole(told, lambda: _pictures(trajectory, find))
            scores = {mode: _rescored(one, value) for mode, one in scores.items()}
    except (DataError, StoreError) as error:
        return failed_row(benchmark, key, row, str(error), attempt=trajectory.attempt)
    first = scores[Mode.COMPAT]
    executions = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    shown = [ref for turn in trajectory.turns if turn.observation for ref in turn.observation.images]
    return RowEnd(
        benchmark=benchmark.name,
        key=key,
        attempt=trajectory.attempt,
        trajectory=trajectory.id,
        stop=trajectory.stop,
        prediction=prediction[:_LONGEST_PREDICTION] if prediction is not None else None,
        scores={mode: _mode_score(one) for mode, one in scores.items()},
        facts=first.row,
        groups=first.groups,
        cluster=first.cluster,
        note=failure or "",
        turns=len(trajectory.turns),
        calls=len(executions),
        calls_ok=sum(execution.ok for execution in executions),
        prompt_tokens=_total([turn.prompt_tokens for turn in trajectory.turns]),
        completion_tokens=_total([turn.completion_tokens for turn in trajectory.turns]),
        pixels=sum(ref.width * ref.height for ref in shown),
    )


def failed_row(benchmark: Benchmark, key: str, row: Row, why: str, *, attempt: int = 0) -> RowEnd:
    """The end of a row that could not be asked or scored: an error, which counts as wrong."""
    groups: dict[str, tuple[str, ...]] = {}
    cluster = None
    try:
        groups = dict(benchmark.groups(row))
        cluster = benchmark.cluster(row) if benchmark.cluster is not None else None
    except (DataError, KeyError):
        why = f"{why} (and the row lacks its categories)"
    error = ModeScore(outcome=Outcome.ERROR, score=0.0)
    return RowEnd(
        benchmark=benchmark.name,
        key=key,
        attempt=attempt,
        trajectory=None,
        scores=dict.fromkeys(Mode, error),
        facts={name: str(row[name]) for name in benchmark.facts if row.get(name) is not None},
        groups=groups,
        cluster=cluster,
        note=why,
    )


def cost_of(benchmark: Benchmark, key: str, trajectory: Trajectory) -> CostLine:
    """What an episode took."""
    return CostLine(
        benchmark=benchmark.name,
        key=key,
        attempt=trajectory.attempt,
        seconds=trajectory.seconds,
        model_seconds=sum(turn.seconds for turn in trajectory.turns),
        sandbox_seconds=sum(turn.execution.seconds for turn in trajectory.turns if turn.execution is not None),
        retries=sum(turn.retries for turn in trajectory.turns),
    )


def _mode_score(one: RowScore) -> ModeScore:
    # Rules that leave everything to a judge leave an empty answer to it too: there is nothing to decide.
    score = 0.0 if one.outcome is Outcome.NO_ANSWER else one.score
    return ModeScore(outcome=one.outcome, score=score, path=one.path, asks_judge=one.asks_judge)


def _rescored(one: RowScore, value: float | None) -> RowScore:
    """With the score of the whole episode in the place of that of its text."""
    if value == 1:
        outcome = Outcome.RIGHT
    elif one.outcome in (Outcome.RIGHT, Outcome.NEEDS_JUDGE):
        outcome = Outcome.NEEDS_JUDGE if value is None else Outcome.WRONG
    else:
        outcome = one.outcome
    return one.model_copy(update={"score": value, "outcome": outcome, "asks_judge": value is None})


def _failure_text(failure: Failure | None) -> str:
    return f"{failure.type}: {failure.message}" if failure is not None else "the model or the sandbox failed"


def _pictures(trajectory: Trajectory, find: Callable[[ImageRef], Picture]) -> Mapping[str, Picture]:
    refs = [*trajectory.task.images]
    for turn in trajectory.turns:
        if turn.execution is not None:
            refs += [captured.image for captured in turn.execution.images]
    return {ref.sha256: find(ref) for ref in refs}


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
