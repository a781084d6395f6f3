"""HR-Bench 4K and 8K: 200 questions about photographs of high resolution, each in four rotations of its options.

The headline is the mean of the four rotations' accuracies, over all rows and over each category (``single`` for one
object, ``cross`` for several). It is not the share of questions that are right in all four. With complete data it
equals the plain mean of the 800 rows. The rotations of a question are one observation: intervals draw questions, not
rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from codedance.bench.answers.options import row_options
from codedance.bench.contract import Benchmark, Hub, Prompt, Row, Split, field_text
from codedance.bench.outcomes import Metric, Metrics, RowScore
from codedance.bench.statistics import cluster_mean_interval
from codedance.bench.vstar import choice_answer, choice_compat, choice_strict, lettered_question

__all__ = ["HRBENCH_4K", "HRBENCH_8K", "cycle_means"]

_ALL = "all"


def cycle_means(rows: Sequence[RowScore]) -> dict[str, float]:
    """Accuracy of each ``cycle|category``, and of ``Average|category`` over the cycles, as the authors report them.

    A cycle without a category adds nothing to its average and still counts as a cycle, as in their code.
    """
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        for category in (_ALL, row.row["category"]):
            sums[row.row["cycle_category"], category].append(row.value)
    cycles = sorted({cycle for cycle, _ in sums})
    means = {f"{cycle}|{category}": sum(values) / len(values) for (cycle, category), values in sums.items()}
    for category in sorted({category for _, category in sums}):
        means[f"Average|{category}"] = sum(means.get(f"{cycle}|{category}", 0.0) for cycle in cycles) / len(cycles)
    return means


def _metrics(rows: Sequence[RowScore]) -> Metrics:
    if not rows or any(not {"category", "cycle_category"} <= row.row.keys() for row in rows):
        return Metrics(refused="rows without category and cycle_category have no cycle means")
    means = cycle_means(rows)
    values = {}
    for name, value in sorted(means.items()):
        cycle, _, category = name.partition("|")
        # With every rotation of each question drawn, the mean of the cycles is the mean of the rows.
        kept = [(row.cluster or "", row.value) for row in rows if category in (_ALL, row.row["category"])]
        values[name] = Metric(value=value, interval=cluster_mean_interval(kept) if cycle == "Average" else None)
    return Metrics(values=values, headline=f"Average|{_ALL}")


def _cluster(row: Row) -> str | None:
    """The question with its options in any order: what the four rotations share."""
    return "\n".join([str(row["question"]), *sorted(row_options(row).values())]) if row.get("question") else None


def _groups(row: Row) -> dict[str, tuple[str, ...]]:
    names = ("category", "cycle_category")
    return {name: (str(row[name]),) for name in names if row.get(name) is not None}


def _for_qwen(row: Row) -> str:
    options = "\n".join(f"{letter}. {text}" for letter, text in row_options(row).items())
    order = "Please select the correct answer from the options above."
    return "\n".join([f"Question: {field_text(row, 'question')}", "Options:", options, order])


def _benchmark(size: str) -> Benchmark:
    name = f"hrbench_{size}"
    return Benchmark(
        name=name,
        title=f"HR-Bench {size.upper()}",
        metric="mean of the accuracies of the four rotations",
        splits=(Split(name, 800, Hub("DreamMr/HR-Bench", config="hrbench_version_split", split=name)),),
        columns=(("question",), ("answer",), ("category",), ("cycle_category",), ("A",), ("B",)),
        keys=("index",),
        prompts=(
            Prompt("plain", "question and options", lettered_question),
            Prompt("vlmevalkit", "VLMEvalKit, Qwen's prompt for multiple choice", _for_qwen),
            Prompt(
                "lmms-eval",
                "lmms-eval, hrbench",
                lambda row: f"{lettered_question(row)}\nAnswer the option letter directly.",
            ),
        ),
        compat=choice_compat,
        strict=choice_strict,
        answer=choice_answer,
        groups=_groups,
        metrics=_metrics,
        facts=("category", "cycle_category"),
        cluster=_cluster,
        judged=True,
    )


HRBENCH_4K = _benchmark("4k")
"""800 rows at 4K."""
HRBENCH_8K = _benchmark("8k")
"""800 rows at 8K."""
