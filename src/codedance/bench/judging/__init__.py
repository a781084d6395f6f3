"""The judge: a model that decides what scoring by rule leaves open, in closed answers, or leaves it undecided."""

from codedance.bench.judging.judge import Judge, JudgeSettings
from codedance.bench.judging.judgement import Judgement, JudgeReport, Undecided
from codedance.bench.judging.scores import JudgedRow, goes_to_judge, judge_rows, judge_summary

__all__ = [
    "Judge",
    "JudgeReport",
    "JudgeSettings",
    "JudgedRow",
    "Judgement",
    "Undecided",
    "goes_to_judge",
    "judge_rows",
    "judge_summary",
]
