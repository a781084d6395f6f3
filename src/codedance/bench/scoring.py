"""From replies to a report: each is scored, none is left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codedance.bench.answers.extract import AnswerPath, extract, is_failure
from codedance.bench.contract import Benchmark, Mode, Row
from codedance.bench.outcomes import Metrics, Outcome, Report, RowScore, Tally
from codedance.bench.statistics import cluster_mean_interval, wilson
from codedance.bench.wemath_metrics import domain_accuracies, wemath_metrics
from codedance.rewards.reading import has_content

__all__ = ["Reply", "make_report", "row_key", "score_reply", "tally"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said to a row, or why it said nothing."""

    row: Row
    prediction: str | None
    error: str | None = None


def row_key(benchmark: Benchmark, row: Row) -> str | None:
    """What names a row within its split; ``None`` if it has not the columns for it.

    >>> from codedance.bench import get
    >>> row_key(get("vstar"), {"category": "direct_attributes", "question_id": 3})
    'direct_attributes/3'
    """
    for names in (benchmark.keys, ("index",)):
        values = [row.get(name) for name in names]
        if names and all(value is not None and value != "" for value in values):
            return "/".join(str(value) for value in values)
    return None


def score_reply(benchmark: Benchmark, reply: Reply, mode: Mode, *, raw: bool | None = None) -> RowScore:
    """Score one reply and say how the row ended; raises :class:`DataError` if the row itself is unusable."""
    row = reply.row
    verdict = benchmark.verdict(reply.prediction, row, mode, raw=raw)
    facts = {name: str(row[name]) for name in benchmark.facts if row.get(name) is not None}
    failed = reply.error or ("no reply" if reply.prediction is None else None)
    if failed is None and is_failure(reply.prediction or ""):
        failed = "the reply is VLMEvalKit's mark of a failed request"
    if failed is not None:
        outcome = Outcome.ERROR
    elif verdict.score == 1:
        outcome = Outcome.RIGHT
    else:
        read = verdict.read if verdict.path is not AnswerPath.RAW else extract(verdict.read).text
        said = Outcome.NEEDS_JUDGE if verdict.score is None else Outcome.WRONG
        outcome = said if has_content(read) else Outcome.NO_ANSWER
    return RowScore(
        row=facts,
        outcome=outcome,
        score=0.0 if failed is not None else verdict.score,
        path=None if failed is not None else verdict.path,
        asks_judge=verdict.asks_judge and failed is None,
        groups=dict(benchmark.groups(row)),
        cluster=benchmark.cluster(row) if benchmark.cluster is not None else None,
        note=failed or "",
    )


def tally(scores: Sequence[RowScore]) -> Tally:
    """Count rows, with the interval of their accuracy: of clusters where every row names its own, else Wilson's."""
    ends = Counter(score.outcome for score in scores)
    right = ends[Outcome.RIGHT]
    clusters = [score.cluster for score in scores]
    if not scores:
        interval, kind = None, "wilson"
    elif None in clusters:
        interval, kind = wilson(right, len(scores)), "wilson"
    else:
        pairs = ((cluster or "", score.value) for cluster, score in zip(clusters, scores, strict=True))
        interval, kind = cluster_mean_interval(pairs), "cluster bootstrap"
    return Tally(
        rows=len(scores),
        right=right,
        no_answer=ends[Outcome.NO_ANSWER],
        errors=ends[Outcome.ERROR],
        undecided=sum(score.score is None for score in scores),
        accuracy=right / len(scores) if scores else None,
        interval=interval,
        interval_kind=kind,
    )


def make_report(
    benchmark: Benchmark,
    scores: Sequence[RowScore],
    *,
    mode: Mode,
    keys: Iterable[str | None],
    split: str | None = None,
    allow_partial: bool = False,
    domains: Mapping[str, str] | None = None,
) -> Report:
    """Add scores up.

    Args:
        benchmark: whose rows they are.
        scores: every row's, in any order; errors too.
        mode: how they were scored.
        keys: the rows' names, where they have one, to see whether a row comes twice.
        split: which split; without it the one with so many rows, else the default.
        allow_partial: compute also what makes sense for the whole split only (We-Math's measures), on the problems that
            are there.
        domains: We-Math's domain of each knowledge concept, for the accuracies by domain.
    """
    sizes = {one.rows: one for one in benchmark.splits}
    chosen = benchmark.split(split) if split is not None else sizes.get(len(scores), benchmark.splits[0])
    named = [key for key in keys if key is not None]
    repeated = len(named) - len(set(named))
    groups: dict[str, dict[str, list[RowScore]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        for breakdown, categories in score.groups.items():
            for category in categories:
                groups[breakdown][category].append(score)
    tallies = {
        breakdown: {category: tally(kept) for category, kept in sorted(categories.items())}
        for breakdown, categories in sorted(groups.items())
    }
    metrics = _metrics(benchmark, scores, allow_partial=allow_partial)
    if domains is not None:
        concepts = {name: one.accuracy for name, one in tallies.get("knowledge concept", {}).items()}
        values = {f"domain|{name}": metric for name, metric in domain_accuracies(concepts, domains).items()}
        metrics = metrics.model_copy(update={"values": metrics.values | values})
    return Report(
        benchmark=benchmark.name,
        mode=mode.value,
        split=chosen.name,
        rows=len(scores),
        expected_rows=chosen.rows,
        partial=repeated > 0 or len(scores) != chosen.rows,
        repeated=repeated,
        overall=tally(scores),
        paths=dict(sorted(Counter(score.path.value for score in scores if score.path is not None).items())),
        asks_judge=sum(score.asks_judge for score in scores),
        groups=tallies,
        metrics=metrics,
    )


def _metrics(benchmark: Benchmark, scores: Sequence[RowScore], *, allow_partial: bool) -> Metrics:
    if benchmark.metrics is None:
        return Metrics()
    if benchmark.metrics is wemath_metrics and allow_partial:
        return wemath_metrics(scores, problems=None)
    return benchmark.metrics(scores)
