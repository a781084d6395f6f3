"""The judge: a model that decides what scoring by rule leaves open, in closed answers, or leaves it undecided."""

from codedance.bench.judging.judge import Judge, JudgeSettings, prompt_versions, reference_text
from codedance.bench.judging.judgement import Judgement, JudgeReport, Undecided
from codedance.bench.judging.scores import JudgedRow, count_judgements, goes_to_judge, judge_rows, judge_summary

__all__ = [
    "Judge",
    "JudgeReport",
    "JudgeSettings",
    "JudgedRow",
    "Judgement",
    "Undecided",
    "count_judgements",
    "goes_to_judge",
    "judge_rows",
    "judge_summary",
    "prompt_versions",
    "reference_text",
]
