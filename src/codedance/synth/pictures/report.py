"""What came of a synthesis run: stage by stage, with reasons, counts of calls, and examples chosen by hash."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from codedance.models.asking import Party, Usage
from codedance.schema import Record
from codedance.synth.pictures.filtering import Stratum, label_text
from codedance.synth.pictures.journal import Decision, Outcome, Stage, finished_pictures
from codedance.synth.pictures.stages import Draft, Spot
from codedance.tasks.worlds import Category

__all__ = ["PAPER_RATES", "Ended", "StageRow", "SynthReport", "markdown", "summarise"]

_OF_PICTURES = (Stage.READ, Stage.IMAGE)
PAPER_RATES = {
    Stage.IMAGE: 0.20,
    Stage.QUESTION_CHECK: 0.90,
    Stage.BOX_CHECK: 0.15,
    Stage.RULES: 0.65,
    Stage.FINAL: 0.90,
}
"""Pass rates of the same stages that CodeDance's authors give, about; with other pictures and another teacher."""
_EXAMPLES = 3
"""Of each stage's ends."""


class StageRow(Record):
    """What came of one stage."""

    stage: Stage
    unit: str
    """What passes through it: pictures or questions."""
    entered: int
    passed: int
    attempts: int
    """Answers that were asked for, further readings and tries included."""
    accepted: int
    """Attempts that were accepted."""
    reasons: dict[Outcome, dict[str, int]]
    """Why attempts were not accepted."""

    @property
    def rate(self) -> float | None:
        """Share that passed."""
        return self.passed / self.entered if self.entered else None


class SynthReport(Record):
    """A run in numbers; the same decisions give the same report."""

    pictures: int
    """Picture files that were given."""
    finished: int
    kept: int
    """Trajectories."""
    direct: int
    """Of these, direct answers."""
    stages: tuple[StageRow, ...]
    wanted: dict[Category, float]
    """Shares in which questions were asked for."""
    made_by_category: dict[Category, int]
    """Questions that passed their check."""
    kept_by_category: dict[Category, int]
    kept_by_difficulty: dict[Stratum, int]
    rules: dict[str, int]
    """By which rule the kept ones were rated."""
    usage: dict[Party, Usage]
    """Calls and tokens of finished pictures, as if nothing had come from the cache."""
    faults: int
    """Stages that ended because a model or the sandbox failed."""

    @property
    def calls_per_kept(self) -> float | None:
        """Calls of all models for each trajectory."""
        calls = sum(one.calls for one in self.usage.values())
        return calls / self.kept if self.kept else None


@dataclass(frozen=True, slots=True)
class Ended:
    """A picture or question that ended at a stage, as an example."""

    picture: str
    stage: Stage
    outcome: Outcome
    reason: str
    detail: str
    question: str | None
    answer: str | None
    spot: Spot | None


@dataclass(slots=True)
class _Tally:
    """Sums over finished pictures."""

    entered: Counter[Stage] = field(default_factory=Counter)
    passed: Counter[Stage] = field(default_factory=Counter)
    outcomes: Counter[tuple[Stage, Outcome, str]] = field(default_factory=Counter)
    made: Counter[Category] = field(default_factory=Counter)
    kept: Counter[tuple[Category, Stratum, str, bool]] = field(default_factory=Counter)
    usage: dict[Party, Usage] = field(default_factory=dict)
    finished: int = 0
    faults: int = 0
    examples: dict[Stage, list[tuple[int, int, Ended]]] = field(default_factory=dict)

    def take(self, picture: str, decisions: Sequence[Decision]) -> None:
        self.finished += 1
        items: dict[int | None, dict[Stage, Decision]] = {}
        latest: dict[int | None, Decision] = {}
        for one in decisions:
            latest[one.question] = one
            self.outcomes[one.stage, one.outcome, one.reason] += 1
            items.setdefault(one.question, {})[one.stage] = one
            for party, usage in one.usage.items():
                self.usage[party] = self.usage.get(party, Usage()) + usage
        for question, last in items.items():
            for stage, one in last.items():
                self.entered[stage] += 1
                self.passed[stage] += one.accepted
                self.faults += one.outcome is Outcome.FAULT
            self._count(last)
            if not latest[question].accepted:
                self._show(latest[question], last)

    def _count(self, last: Mapping[Stage, Decision]) -> None:
        draft = _draft(last)
        checked = last.get(Stage.QUESTION_CHECK)
        if draft is not None and checked is not None and checked.accepted:
            self.made[draft.category] += 1
        final = last.get(Stage.FINAL)
        if final is not None and final.accepted and draft is not None:
            value = last[Stage.DIFFICULTY].value
            rule = value["filter"]
            text = str(rule["rule"]) if isinstance(rule, dict) else ""
            self.kept[draft.category, Stratum(str(value["difficulty"])), text, bool(final.value["direct"])] += 1

    def _show(self, end: Decision, last: Mapping[Stage, Decision]) -> None:
        """Perhaps take the end of a picture or question as an example."""
        draft = _draft(last)
        spot = Spot.model_validate(last[Stage.BOX].value) if Stage.BOX in last and last[Stage.BOX].accepted else None
        ended = Ended(
            picture=end.picture,
            stage=end.stage,
            outcome=end.outcome,
            reason=end.reason,
            detail=end.detail,
            question=draft.question if draft else None,
            answer=label_text(draft.answer) if draft else None,
            spot=spot,
        )
        # The smallest hashes are the examples: no matter in which order pictures were finished.
        rank = -int(hashlib.sha256(f"{end.picture}#{end.question}".encode()).hexdigest()[:12], 16)
        kept = self.examples.setdefault(end.stage, [])
        entry = (rank, self.finished, ended)
        (heapq.heappush if len(kept) < _EXAMPLES else heapq.heappushpop)(kept, entry)


def summarise(journal: Path, *, pictures: int, wanted: Mapping[Category, float]) -> tuple[SynthReport, list[Ended]]:
    """The report of a run's journal, and examples of what ended at each stage.

    Args:
        journal: file of decisions.
        pictures: files that were given.
        wanted: shares of the categories.

    Raises:
        StoreError: the journal cannot be read.
    """
    tally = _Tally()
    for picture, decisions in finished_pictures(journal):
        tally.take(picture, decisions)
    kept_by: Counter[Category] = Counter()
    strata: Counter[Stratum] = Counter()
    rules: Counter[str] = Counter()
    direct = 0
    for (category, stratum, rule, is_direct), count in tally.kept.items():
        kept_by[category] += count
        strata[stratum] += count
        rules[rule] += count
        direct += count * is_direct
    report = SynthReport(
        pictures=pictures,
        finished=tally.finished,
        kept=sum(kept_by.values()),
        direct=direct,
        stages=tuple(_row(tally, stage) for stage in Stage if stage is not Stage.DONE),
        wanted=dict(wanted),
        made_by_category={category: tally.made[category] for category in Category},
        kept_by_category={category: kept_by[category] for category in Category},
        kept_by_difficulty={stratum: strata[stratum] for stratum in Stratum},
        rules=dict(sorted(rules.items())),
        usage={party: tally.usage[party] for party in Party if party in tally.usage},
        faults=tally.faults,
    )
    ends = [
        ended
        for stage in Stage
        for _, _, ended in sorted(tally.examples.get(stage, []), key=lambda entry: (-entry[0], entry[2].picture))
    ]
    return report, ends


def _row(tally: _Tally, stage: Stage) -> StageRow:
    reasons: dict[Outcome, dict[str, int]] = {}
    counts = sorted(((outcome, reason), n) for (at, outcome, reason), n in tally.outcomes.items() if at is stage)
    for (outcome, reason), count in counts:
        if outcome is not Outcome.ACCEPTED:
            reasons.setdefault(outcome, {})[reason] = count
    return StageRow(
        stage=stage,
        unit="pictures" if stage in _OF_PICTURES else "questions",
        entered=tally.entered[stage],
        passed=tally.passed[stage],
        attempts=sum(count for _, count in counts),
        accepted=sum(count for (outcome, _), count in counts if outcome is Outcome.ACCEPTED),
        reasons=reasons,
    )


def _draft(last: Mapping[Stage, Decision]) -> Draft | None:
    made = last.get(Stage.QUESTION)
    return Draft.model_validate(made.value) if made is not None and made.accepted else None


def markdown(report: SynthReport) -> str:
    """The report for people, as Markdown; holds nothing that a model said."""
    calls = report.calls_per_kept
    lines = [
        "# Synthesis from pictures",
        "",
        f"{report.kept} trajectories ({report.kept - report.direct} with code, {report.direct} direct answers) of "
        f"{report.finished} finished of {report.pictures} given pictures.",
        "",
        "| stage | of | in | out | passed | in the paper | attempts | why not |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in report.stages:
        why = ", ".join(f"{reason} {n}" for reasons in row.reasons.values() for reason, n in reasons.items())
        lines.append(
            f"| {row.stage.value} | {row.unit} | {row.entered} | {row.passed} | {_percent(row.rate)} "
            f"| {_percent(PAPER_RATES.get(row.stage))} | {row.attempts} | {why} |"
        )
    lines += ["", "| category | wanted | questions made | kept | share of kept |", "|---|---|---|---|---|"]
    for category in Category:
        kept = report.kept_by_category[category]
        share = kept / report.kept if report.kept else None
        lines.append(
            f"| {category.value} | {_percent(report.wanted.get(category))} | {report.made_by_category[category]} "
            f"| {kept} | {_percent(share)} |"
        )
    lines += ["", "| difficulty | kept |", "|---|---|"]
    lines += [f"| {stratum.value} | {count} |" for stratum, count in report.kept_by_difficulty.items()]
    lines += ["", *(f"- {count} by the rule: {rule}" for rule, count in report.rules.items())]
    lines += ["", "| model | calls | tokens read | tokens written |", "|---|---|---|---|"]
    lines += [
        f"| {party.value} | {one.calls} | {one.prompt_tokens} | {one.completion_tokens} |"
        for party, one in report.usage.items()
    ]
    lines += ["", f"Calls for each trajectory: {calls:.1f}." if calls is not None else "No trajectory was kept."]
    if report.faults:
        lines += ["", f"{report.faults} stages ended in a fault; `--retry-faults` asks them again."]
    return "\n".join(lines) + "\n"


def _percent(share: JsonValue | float) -> str:
    return f"{share:.1%}" if isinstance(share, float) else "-"
