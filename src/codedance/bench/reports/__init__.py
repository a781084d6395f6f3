"""What evaluations are worth: tables with intervals, comparisons of two runs, pages."""

from codedance.bench.reports.comparison import Comparison, compare_runs
from codedance.bench.reports.published import PUBLISHED, Published, published_for
from codedance.bench.reports.summary import Behaviour, BenchReport, ModeReport, RunReport, summarize

__all__ = [
    "PUBLISHED",
    "Behaviour",
    "BenchReport",
    "Comparison",
    "ModeReport",
    "Published",
    "RunReport",
    "compare_runs",
    "published_for",
    "summarize",
]
