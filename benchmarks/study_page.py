"""Writes ``docs/study.md`` from the numbers in ``docs/study``, ``docs/ablation`` and ``docs/sweeps``; none is typed.

    python benchmarks/study_page.py            # write the page and its figures
    python benchmarks/study_page.py --check    # say whether the page is what the numbers give

``docs/study/evidence.json`` and ``settings.json`` are those of a study (``codedance reproduce``), the others are what
``codedance analyze`` and ``codedance train sweep`` leave. The words are in ``study_page.md``, with a dollar sign and a
name for each number and table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from string import Template
from typing import Any

from codedance.analysis.comeback import Comeback, comeback_sections
from codedance.analysis.faithfulness import Faithfulness
from codedance.analysis.feedback import Feedback
from codedance.analysis.tables import Section, Table, section_text, share_text
from codedance.store import RecordFile, write_bytes, write_text
from codedance.study.claims import Verdict, judge
from codedance.study.evidence import Evidence
from codedance.study.report import StudyReport, study_figures, study_report, study_sections
from codedance.study.settings import StudySettings
from codedance.train.ablation import Ablation, ablation_table
from codedance.train.curves import CurveLine
from codedance.train.sweep import Sweep, SweepPoint, failure_rate

__all__ = ["figures", "main", "page"]

_DOCS = Path(__file__).parents[1] / "docs"
_WORDS = Path(__file__).with_suffix(".md")
_FIGURES = ("claims.svg", "accuracy.svg", "turns.svg", "training.svg", "scaling-data.svg", "scaling-size.svg")
_SAMPLED = ("accuracy", "turns", "turns_easy", "turns_hard", "tool_rate_easy", "execution_success")


def page(docs: Path) -> str:
    """The page, from the numbers below this folder."""
    report = _report(docs)
    sweep = Sweep.model_validate(_json(docs / "sweeps" / "sweep.json"))
    larger = Sweep.model_validate(_json(docs / "sweeps" / "nano.json"))
    longer = list(RecordFile(docs / "study" / "longer.jsonl", CurveLine))
    feedback = Feedback.model_validate(_json(docs / "study" / "feedback.json"))
    choice = Ablation.model_validate(_json(docs / "ablation" / "choice.json"))
    values = {
        **_facts(report),
        **_sweep_facts(sweep),
        **{f"nano_{name}": value for name, value in _sweep_facts(larger).items()},
        **dict(zip(("claims", "rewards", "scaled"), _tables(report), strict=True)),
        "viewed": str(sum(one.attempts for view in _faithful(docs) for one in view.domains[:1])),
        "choice": ablation_table(choice),
        "choice_exam": str(choice.exam),
        "choice_seeds": " and ".join(_seeds_of(choice)),
        "sweep": _table(_points(sweep)),
        "leads": "; ".join(_leads(sweep)),
        "nano_sweep": _table(_points(larger)),
        "nano_leads": "; ".join(_leads(larger)),
        "longer": _table(_longer(longer)),
        "longer_steps": str(longer[-1].step),
        "views": _table(_views(docs)),
        "feedback": _table(_followed(feedback)),
        "pairs": str(feedback.pairs),
        "new": _table(_new(report)),
        **_held_facts(_comebacks(docs)),
        "comeback": section_text(comeback_sections(_comebacks(docs))).split("\n\n", 2)[2].split("\n\n![")[0].strip(),
    }
    return Template(_WORDS.read_text(encoding="utf-8")).substitute(values)


def figures(docs: Path) -> dict[str, bytes]:
    """What the page shows of the study, by file name in ``docs/study``."""
    drawn = study_figures(_report(docs))
    return {name: drawn[name]() for name in _FIGURES}


def _report(docs: Path) -> StudyReport:
    evidence = Evidence.model_validate(_json(docs / "study" / "evidence.json"))
    settings = StudySettings.model_validate(_json(docs / "study" / "settings.json"))
    return study_report(settings, scale="nano", evidence=evidence, judged=judge(evidence), times=[])


def _facts(report: StudyReport) -> dict[str, str]:
    found, settings = report.evidence, report.settings
    counts = Counter(one.finding.verdict for one in report.judged)
    return {
        "count": str(len(report.judged)),
        "verdicts": ", ".join(f"{verdict.value} {counts[verdict]}" for verdict in Verdict),
        "parameters": f"{found.parameters:,}",
        "steps": str(settings.steps),
        "batch": f"{settings.grpo.groups} x {settings.grpo.attempts}",
        "seeds": str(len(settings.seeds)),
        "scenes": str(2 * len(settings.families) * settings.rows),
        "trajectories": f"{found.trajectories:,}",
        "grades": str(len(found.scaled)),
        "taught": str(settings.sft.train.steps),
        "scaled_families": " and ".join(settings.scaled_families),
        "scaled_seeds": str(len(settings.scaling.seeds)),
    }


def _sweep_facts(sweep: Sweep) -> dict[str, str]:
    seeds = sorted({len(one.seeds) for one in sweep.points})
    steps = sorted({step for one in sweep.points for step in one.steps})
    return {
        "choices": str(len(sweep.points)),
        "sweep_seeds": str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}",
        "sweep_steps": str(steps[0]) if len(steps) == 1 else f"{steps[0]} to {steps[-1]}",
        **{f"start_{name}": f"{sweep.start[f'batch/{name}']:.2f}" for name in _SAMPLED},
    }


def _comebacks(docs: Path) -> list[Comeback]:
    return [Comeback.model_validate(one) for one in _json(docs / "study" / "comeback.json")]


def _held_facts(found: list[Comeback]) -> dict[str, str]:
    """Runs are named by what they began with and their seed."""
    seeds = Counter(one.run.rsplit("-", 1)[0] for one in found)
    return {
        "held_steps": str(max(part.last for one in found for part in one.parts)),
        "held_seeds": " and ".join(str(count) for count in sorted(set(seeds.values()))),
    }


def _seeds_of(found: Ablation) -> list[str]:
    """How many seeds the rewards have, the fewest first."""
    return [str(count) for count in sorted({len(row.seeds) for row in found.rows})]


def _tables(report: StudyReport) -> list[str]:
    """The claims, the rewards, and what more data and larger networks bring."""
    wanted = ("Claims", "Rewards", "More data, larger networks")
    return [_table(one.table) for one in study_sections(report) if one.title in wanted and one.table is not None]


def _table(table: Table) -> str:
    return section_text([Section("", table=table)]).split("\n", 2)[2].strip()


def _points(sweep: Sweep) -> Table:
    head = ("constants", "seeds", "accuracy", "turns", "turns, easy", "turns, hard", "tool rate, easy", "failed code")
    rows = tuple(
        (
            one.name,
            str(len(one.seeds)),
            *(_cell(one, name) for name in _SAMPLED),
            f"{one.bounds.nobody:.3f} to {one.bounds.everybody:.3f}",
            f"{one.bounds.zero:.3f}" if one.bounds.zero is not None else "-",
        )
        for one in sweep.points
    )
    return Table((*head, "d, nobody to everybody right", "calls cost above"), rows)


def _cell(point: SweepPoint, name: str) -> str:
    figure = point.figures.get(f"batch/{name}")
    figure = failure_rate(figure) if name == "execution_success" else figure
    if figure is None:
        return "-"
    spread = f" ({abs(figure.low):.2f}-{figure.high:.2f})" if len(point.seeds) > 1 else ""
    return f"{abs(figure.mean):.2f}{spread}"


def _longer(lines: list[CurveLine]) -> Table:
    """The exams of one run: greedy, on held-out scenes."""
    names = ("accuracy_easy", "accuracy_hard", "turns_easy", "turns_hard", "tool_rate_easy", "execution_success")
    head = ("step", "accuracy, easy", "accuracy, hard", "turns, easy", "turns, hard", "tool rate, easy", "code ran")
    rows = []
    for line in lines:
        exam = line.exam.model_dump() if line.exam is not None else {}
        values = [exam.get(name) for name in names]
        rows.append((str(line.step), *("-" if value is None else f"{value:.3f}" for value in values)))
    return Table(head, tuple(rows))


def _leads(sweep: Sweep) -> list[str]:
    """Turns on easy questions of each constant changed alone, less those of the first point."""
    theirs = sweep.points[0].figures["batch/turns_easy"]
    found = []
    for one in sweep.points[1:]:
        ours = one.figures["batch/turns_easy"]
        if "," not in one.name:
            apart = ours.high < theirs.low or ours.low > theirs.high
            found.append(f"{one.name} {ours.mean - theirs.mean:+.2f}{'' if apart else ' (seeds overlap)'}")
    return found


def _views(docs: Path) -> Table:
    views = _faithful(docs)
    rows = tuple(
        (one.run, f"{row.attempts:,}", share_text(row.faithful), share_text(row.unfaithful_if_right))
        for one in views
        for row in one.domains[:1]
    )
    return Table(("policy", "attempts", "saw all of the evidence, %", "right answers that did not, %"), rows)


def _faithful(docs: Path) -> list[Faithfulness]:
    return [Faithfulness.model_validate(one) for one in _json(docs / "study" / "faithfulness.json")]


def _followed(feedback: Feedback) -> Table:
    rows = tuple(
        (one.condition.value, share_text(one.right), share_text(one.follows), share_text(one.no_answer))
        for one in feedback.outcomes
    )
    return Table(("feedback", "right, %", "right for the other question, %", "no answer, %"), rows)


def _new(report: StudyReport) -> Table:
    rows = tuple(
        (use.kind, f"{use.attempts:,}", f"{1000 * use.used / max(1, use.attempts):.1f}", ", ".join(use.names) or "-")
        for use in report.evidence.new
    )
    return Table(("new", "attempts", "per 1,000", "most frequent"), rows)


def _json(path: Path) -> Any:  # noqa: ANN401 - whatever it holds
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description="Write docs/study.md from the stored numbers.")
    parser.add_argument("--docs", type=Path, default=_DOCS, help="folder of the numbers and of the page")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page differs")
    given = parser.parse_args()
    text, path = page(given.docs), given.docs / "study.md"
    if given.check:
        sys.exit(0 if path.read_text(encoding="utf-8") == text else f"{path}: is not what the numbers give")
    for name, data in figures(given.docs).items():
        write_bytes(given.docs / "study" / name, data)
    write_text(path, text)


if __name__ == "__main__":
    main()
