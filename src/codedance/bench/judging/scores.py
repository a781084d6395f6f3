"""Scores by rule and by judge, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import anyio

from codedance.bench.contract import Benchmark
from codedance.bench.judging.judge import Judge, prompt_versions
from codedance.bench.judging.judgement import Judgement, JudgeReport
from codedance.bench.outcomes import Outcome, RowScore
from codedance.bench.scoring import Reply
from codedance.errors import ungrouped
from codedance.models.asking import Usage

__all__ = ["JudgedRow", "count_judgements", "goes_to_judge", "judge_rows", "judge_summary"]


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row's score as the judge leaves it."""

    score: RowScore
    judgement: Judgement | None
    """``None`` for rows that rules decide."""


def goes_to_judge(score: RowScore) -> bool:
    """True for a reply with an answer that the benchmark's own protocol would have a judge read.

    >>> goes_to_judge(RowScore(outcome=Outcome.NO_ANSWER, score=0.0, asks_judge=True))
    False
    """
    return score.asks_judge and score.outcome not in (Outcome.ERROR, Outcome.NO_ANSWER)


async def judge_rows(
    judge: Judge,
    benchmark: Benchmark,
    rows: Sequence[tuple[Reply, RowScore]],
    *,
    tick: Callable[[], None] = lambda: None,
) -> list[JudgedRow]:
    """Have a judge decide what rules leave open; every row comes back, in order.

    Args:
        judge: who decides.
        benchmark: whose rows.
        rows: replies with their scores by rule.
        tick: called after each row that was given to the judge.

    Raises:
        ModelUnreachableError: the judge has failed too often in a row; what it decided is in its cache.
        StoreError: the cache cannot be used.
    """
    judged: list[JudgedRow | None] = [None if goes_to_judge(score) else JudgedRow(score, None) for _, score in rows]
    waiting = iter([place for place, row in enumerate(judged) if row is None])

    async def work() -> None:
        for place in waiting:
            reply, score = rows[place]
            judgement = await judge.decide(benchmark, reply.row, reply.prediction or "")
            judged[place] = JudgedRow(_rescored(score, judgement), judgement)
            tick()

    with ungrouped():
        async with anyio.create_task_group() as group:
            for _ in range(judge.settings.concurrency):
                group.start_soon(work)
    return [row for row in judged if row is not None]


def judge_summary(judge: Judge, rows: Sequence[JudgedRow]) -> JudgeReport:
    """Count what the judge did."""
    decisions = [row.judgement for row in rows if row.judgement is not None]
    return count_judgements(judge.name, decisions, prompts=prompt_versions(), calls=judge.calls)


def count_judgements(
    name: str, judgements: Sequence[Judgement], *, prompts: Mapping[str, int], calls: int = 0
) -> JudgeReport:
    """Count what a judge decided.

    Args:
        name: the judge's specification.
        judgements: what came of every row that it was given.
        prompts: versions of its prompts.
        calls: how many went out; none if the judgements were read from a file.
    """
    reasons = Counter(_reason(one) for one in judgements if one.score is None)
    return JudgeReport(
        judge=name,
        prompts=dict(prompts),
        asked=len(judgements),
        right=sum(one.score == 1 for one in judgements),
        wrong=sum(one.score == 0 for one in judgements),
        undecided=sum(one.score is None for one in judgements),
        reasons=dict(reasons.most_common()),
        calls=calls,
        usage=sum((one.usage for one in judgements), Usage()),
    )


def _rescored(score: RowScore, judgement: Judgement) -> RowScore:
    if judgement.score is None:
        outcome = Outcome.NEEDS_JUDGE
    else:
        outcome = Outcome.RIGHT if judgement.score == 1 else Outcome.WRONG
    return score.model_copy(
        update={"outcome": outcome, "score": judgement.score, "asks_judge": judgement.score is None}
    )


def _reason(judgement: Judgement) -> str:
    undecided = judgement.undecided.value if judgement.undecided is not None else "undecided"
    return f"{undecided}: {judgement.detail.split(':')[0]}" if judgement.detail else undecided
