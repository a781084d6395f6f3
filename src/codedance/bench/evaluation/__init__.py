"""Running a model on benchmarks: hundreds of episodes in flight, every one kept, none asked twice."""

from codedance.bench.evaluation.ends import ModeScore, RowEnd, score_episode
from codedance.bench.evaluation.run import EvalRun, read_costs, read_ends
from codedance.bench.evaluation.runner import Progress, evaluate
from codedance.bench.evaluation.settings import EvalSettings, Patience
from codedance.bench.evaluation.sources import open_rows

__all__ = [
    "EvalRun",
    "EvalSettings",
    "ModeScore",
    "Patience",
    "Progress",
    "RowEnd",
    "evaluate",
    "open_rows",
    "read_costs",
    "read_ends",
    "score_episode",
]
