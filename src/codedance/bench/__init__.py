"""Public benchmarks: their rows, their prompts, their scores, and how sure those are."""

from codedance.bench.answers.extract import AnswerPath, Extracted, extract
from codedance.bench.contract import Benchmark, Mode, Prompt, Row, Split, Verdict
from codedance.bench.outcomes import Metric, Metrics, Outcome, Report, RowScore, Tally
from codedance.bench.registry import BENCHMARKS, expand, get

__all__ = [
    "BENCHMARKS",
    "AnswerPath",
    "Benchmark",
    "Extracted",
    "Metric",
    "Metrics",
    "Mode",
    "Outcome",
    "Prompt",
    "Report",
    "Row",
    "RowScore",
    "Split",
    "Tally",
    "Verdict",
    "expand",
    "extract",
    "get",
]
