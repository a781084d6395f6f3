"""Running a model on benchmarks: hundreds of episodes in flight, every one kept, none asked twice."""

from codedance.bench.evaluation.ends import ModeScore, RowEnd, score_episode
from codedance.bench.evaluation.run import EvalRun, read_costs, read_ends
from codedance.bench.evaluation.runner import Progress, evaluate
from codedance.bench.evaluation.settings import EvalSettings, Patience
from codedance.bench.evaluation.sources import open_rows
from codedance.bench.evaluation.verdicts import Verdict, count_open, judge_run, judged_end, read_verdicts

__all__ = [
    "EvalRun",
    "EvalSettings",
    "ModeScore",
    "Patience",
    "Progress",
    "RowEnd",
    "Verdict",
    "count_open",
    "evaluate",
    "judge_run",
    "judged_end",
    "open_rows",
    "read_costs",
    "read_ends",
    "read_verdicts",
    "score_episode",
]
