"""What the check of a data set found: values, and the page that people read."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from codedance.episode.replaying import MOST_EXAMPLES, ReplayReport, replay_page
from codedance.schema import Record, Text

__all__ = ["MOST_EXAMPLES", "Check", "CheckName", "CheckReport", "Lengths", "page"]


class CheckName(StrEnum):
    """What must hold."""

    READABLE = "readable"
    """Every line is a record of ours, and identifiers are unique."""
    PICTURES = "pictures"
    """Every picture is there and its bytes have the recorded hash."""
    REPLIES = "replies"
    """Every reply reads to the code and the answer that were recorded with it."""
    ANSWERS = "answers"
    """The answer is right where a reference is known."""
    DUPLICATES = "duplicates"
    """No two tasks ask the same about the same picture."""
    HELD_OUT = "held-out"
    """Generated scenes are all for training or all held out."""
    RERUN = "rerun"
    """Code that runs again ends as it did and shows what it showed."""
    DISJOINT = "disjoint"
    """Another set shares neither scenes nor questions about the same pictures."""


_MEANINGS = {
    CheckName.READABLE: "every line is a record, identifiers are unique",
    CheckName.PICTURES: "every picture is there, with the recorded hash",
    CheckName.REPLIES: "replies read to the recorded code and answer",
    CheckName.ANSWERS: "answers are right where a reference is known",
    CheckName.DUPLICATES: "no question is asked twice about one picture",
    CheckName.HELD_OUT: "training scenes and held-out scenes are not mixed",
    CheckName.RERUN: "code that runs again shows what it showed",
    CheckName.DISJOINT: "the other set shares no scene and no question about one picture",
}


class Check(Record):
    """One check's result."""

    name: CheckName
    passed: bool | None
    """``None`` if there was nothing to look at."""
    examined: int = 0
    """What was looked at: records, pictures, replies, ... as the check has it."""
    failed: int = 0
    note: Text = ""
    examples: tuple[Text, ...] = ()
    """The first faults."""


class Lengths(Record):
    """How long something is, over all trajectories."""

    median: int
    p90: int
    p99: int
    largest: int
    histogram: dict[str, int]
    """Trajectories by range; a range's name is its upper end."""


class CheckReport(Record):
    """Everything that was found."""

    folder: Text
    against: Text | None = None
    trajectories: int = 0
    tasks: int = 0
    """Different tasks, of trajectories or alone."""
    checks: tuple[Check, ...] = ()
    direct: int = 0
    """Trajectories that answer without code."""
    cells: int = 0
    failed_cells: int = 0
    """Cells whose recorded execution did not end well."""
    unrecorded_cells: int = 0
    """Cells of imported trajectories, whose end nobody recorded."""
    tails: int = 0
    """Replies with text after their action that stays in the context (imported ones)."""
    turns: dict[str, int] = Field(default_factory=dict)
    """Trajectories by number of turns."""
    balance: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Tasks by category, family, difficulty and source."""
    tokens: str = ""
    """How tokens were counted."""
    context: Lengths | None = None
    """Tokens of the whole conversation, pictures not counted."""
    written: Lengths | None = None
    """Tokens that the model wrote."""
    questions: int = 0
    """Different questions, by their normalised text."""
    lookalikes: int = 0
    """Pairs with like pictures and questions that differ in a detail or in the answer: no duplicates."""
    plain_pictures: int = 0
    """Pictures whose perceptual hash fits more than 64 others; they were compared by pixels alone."""
    grades: dict[str, int] = Field(default_factory=dict)
    """Tasks by their best match in the other set: ``leak``, ``suspect``, ``template``."""
    rerun: ReplayReport | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """True if no check failed."""
        return all(check.passed is not False for check in self.checks)


def page(report: CheckReport) -> str:
    """The report in Markdown."""
    verdict = "all checks pass" if report.passed else "some checks FAIL"
    lines = [f"# Check of {report.folder}: {verdict}", ""]
    lines += [f"{report.trajectories} trajectories, {report.tasks} tasks, {report.seconds:.0f} s.", ""]
    lines += ["| check | result | examined | failed | |", "|---|---|---|---|---|"]
    for check in report.checks:
        result = {True: "pass", False: "**FAIL**", None: "nothing to check"}[check.passed]
        note = f"; {check.note}" if check.note else ""
        what = f"{_MEANINGS[check.name]}{note}"
        lines.append(f"| {check.name.value} | {result} | {check.examined} | {check.failed} | {what} |")
    for check in report.checks:
        if check.examples:
            lines += ["", f"## {check.name.value}: {check.failed} faults", ""]
            lines += [f"- {_line(example)}" for example in check.examples]
            if check.failed > len(check.examples):
                lines.append(f"- ... and {check.failed - len(check.examples)} more")
    return "\n".join([*lines, *_rerun_lines(report), *_balance_lines(report), *_length_lines(report), ""])


def _rerun_lines(report: CheckReport) -> list[str]:
    return ["", "## Code that ran again", "", *replay_page(report.rerun)] if report.rerun is not None else []


def _balance_lines(report: CheckReport) -> list[str]:
    lines = ["", "## Balance", ""]
    if report.trajectories:
        unrecorded = f"; of {report.unrecorded_cells} nobody recorded the end" if report.unrecorded_cells else ""
        lines.append(
            f"{report.direct / report.trajectories:.1%} of the trajectories answer without code. Of {report.cells} "
            f"cells {report.failed_cells} ({report.failed_cells / max(1, report.cells):.1%}) failed{unrecorded}."
        )
        if report.tails:
            lines.append(f"{report.tails} replies go on after their action.")
        lines += _table("turns", report.turns)
    for name, counts in report.balance.items():
        lines += _table(name, counts)
    lines += [
        "",
        f"{report.questions} different questions; {report.lookalikes} look-alikes with another answer or detail.",
    ]
    if report.plain_pictures:
        lines.append(f"{report.plain_pictures} plain pictures were compared by their pixels alone.")
    if report.grades:
        lines += _table(f"best match in {report.against}", report.grades)
    return lines


def _length_lines(report: CheckReport) -> list[str]:
    lines: list[str] = []
    for name, lengths in (("whole conversation", report.context), ("written by the model", report.written)):
        if lengths is None:
            continue
        lines += ["", f"## Tokens, {name}", "", f"{report.tokens}; pictures are not counted."]
        lines.append(
            f"Median {lengths.median}, 90 % below {lengths.p90}, 99 % below {lengths.p99}, largest {lengths.largest}."
        )
        lines += _table("up to", lengths.histogram)
    return lines


def _table(name: str, counts: dict[str, int]) -> list[str]:
    total = sum(counts.values())
    head = ["", f"| {_line(name)} | n | share |", "|---|---|---|"]
    return head + [f"| {_line(key)} | {count} | {count / max(1, total):.1%} |" for key, count in counts.items()]


def _line(text: str) -> str:
    """Text of records within a page: one line, no table or markup of its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
