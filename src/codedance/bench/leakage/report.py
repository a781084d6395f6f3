"""The audit as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codedance.bench.leakage.contract import AuditReport, AuditRow, Grade, SideCounts, SubsetScore
from codedance.bench.outcomes import Tally
from codedance.similarity.evidence import PictureMatch, QuestionMatch

__all__ = ["MEANINGS", "audit_page", "evidence_text", "percent", "verdict"]

_LISTED = 500
MEANINGS = {
    Grade.IDENTICAL: "the same question about the same pixels",
    Grade.NEAR: "the same but for size, compression, brightness, a cut, or a few words",
    Grade.SUSPICIOUS: "only the picture, or only a long question: look at it",
    Grade.UNREADABLE: "the picture could not be read: nothing is known",
    Grade.CLEAN: "nothing found",
}
"""What each grade says."""
_HOW = {
    PictureMatch.PIXELS: "same pixels",
    PictureMatch.HASH: "same perceptual hash and colours",
    PictureMatch.ALIGNED: "same once aligned",
    PictureMatch.SIMILAR: "similar",
}
_ASKED = {
    QuestionMatch.SAME: "same question",
    QuestionMatch.REWORDED: "question reworded",
    QuestionMatch.NGRAM: "a long run of words shared",
}


def verdict(report: AuditReport) -> str:
    """The audit in a line."""
    said = f"{report.leaked} of {report.rows} rows of {report.benchmark} are in the training set"
    more = [f"{report.grades[Grade.SUSPICIOUS]} more are suspicious" if report.grades[Grade.SUSPICIOUS] else ""]
    more.append(f"{report.grades[Grade.UNREADABLE]} could not be read" if report.grades[Grade.UNREADABLE] else "")
    return "; ".join([said, *(one for one in more if one)])


def evidence_text(row: AuditRow) -> str:
    """What speaks against a row, in words.

    >>> evidence_text(AuditRow(key="7", grade=Grade.NEAR, picture="hash", bits=4, question="same"))
    'same perceptual hash and colours (4 of 256 bits differ); same question'
    """
    if row.grade is Grade.UNREADABLE:
        return row.note
    parts = []
    if row.picture is not None:
        facts = [f"{row.bits} of 256 bits differ"] if row.bits else []
        facts += [f"likeness {row.likeness:.2f}"] if row.likeness is not None else []
        if row.window is not None and (share := _share(row.window)) < 0.98:
            facts.append(f"one is {share:.0%} of the other")
        parts.append(_HOW[row.picture] + (f" ({', '.join(facts)})" if facts else ""))
    if row.question is not None:
        overlap = f" (overlap {row.jaccard:.2f})" if row.question is QuestionMatch.REWORDED else ""
        overlap = f' ("{row.shared}")' if row.shared else overlap
        parts.append(_ASKED[row.question] + overlap)
    return "; ".join(parts) or "nothing"


def percent(tally: Tally) -> str:
    """An accuracy as people print it."""
    if tally.accuracy is None or tally.interval is None:
        return f"{100 * tally.accuracy:.1f}" if tally.accuracy is not None else "no rows"
    return f"{100 * tally.accuracy:.1f} ({100 * tally.interval[0]:.1f}-{100 * tally.interval[1]:.1f})"


def audit_page(report: AuditReport) -> str:
    """The report in Markdown; text of records cannot add markup of its own."""
    lines = [f"# Leakage audit: {_plain(report.benchmark)}", "", f"{verdict(report)}.", ""]
    lines += ["| grade | rows | share | |", "|---|---|---|---|"]
    for grade, count in report.grades.items():
        lines.append(f"| {grade.value} | {count} | {count / max(1, report.rows):.1%} | {MEANINGS[grade]} |")
    if report.formulaic:
        lines += ["", f"{report.formulaic} clean rows ask, about other pictures, what the training set asks too."]
    if report.scores:
        lines += _scores(report)
    lines += ["", "## What was compared", "", "| | training set | benchmark |", "|---|---|---|"]
    lines += _sides(report.train, report.against)
    if report.data is not None:
        revision = f", revision {report.data.revision}" if report.data.revision else ""
        lines += [
            "",
            f"Benchmark: {_plain(report.data.location)}, split {report.data.split}{revision}, {report.data.rows} of",
        ]
        lines[-1] += f" {report.data.expected_rows} rows, SHA-256 of names and answers {report.data.rows_sha256}."
    for name, side in (("training set", report.train), ("benchmark", report.against)):
        if side.faults:
            lines += ["", f"Unreadable in the {name} (first {len(side.faults)} of {side.unreadable}):", ""]
            lines += [f"- {_plain(fault)}" for fault in side.faults]
    if report.evidence:
        lines += _matrix(report)
    lines += list(_flagged(report.flagged))
    settings = ", ".join(f"{name} {value:g}" for name, value in report.settings.items())
    lines += ["", f"Thresholds: {settings}. {report.seconds:.0f} s in all.", ""]
    return "\n".join(lines)


def _scores(report: AuditReport) -> list[str]:
    lines = ["", f"## Scores of {_plain(report.scored or '')}, {report.mode}", ""]
    lines += ["| rows | accuracy (95 %) | k/N | errors | undecided |", "|---|---|---|---|---|"]
    lines += [_score(one) for one in report.scores]
    if report.unscored:
        lines += ["", f"{report.unscored} rows of the benchmark have no score and are in none of these lines."]
    if report.unknown:
        lines += ["", f"{report.unknown} scored rows are none of the benchmark's and are in none of these lines."]
    return lines


def _score(one: SubsetScore) -> str:
    tally = one.tally
    return f"| {one.subset.value} | {percent(tally)} | {tally.fraction} | {tally.errors} | {tally.undecided} |"


def _sides(train: SideCounts, against: SideCounts) -> list[str]:
    names = {
        "place": "where",
        "rows": "records read",
        "items": "different, readable",
        "pictures": "different pictures",
        "questions": "different questions",
        "unreadable": "unreadable",
        "crowded": "plain pictures",
    }
    lines = []
    for name, told in names.items():
        lines.append(f"| {told} | {_plain(str(getattr(train, name)))} | {_plain(str(getattr(against, name)))} |")
    rates = [f"{side.rows / side.seconds:.0f}/s" if side.seconds else "" for side in (train, against)]
    return [*lines, f"| rate | {rates[0]} | {rates[1]} |"]


def _matrix(report: AuditReport) -> list[str]:
    columns = [*(one.value for one in QuestionMatch), "none"]
    lines = ["", "## Evidence", "", "Rows that are not clean, by picture (lines) and question (columns).", ""]
    lines += ["| picture | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in [*(one.value for one in PictureMatch), "none"]:
        counts = report.evidence.get(name, {})
        if counts:
            lines.append(f"| {name} | " + " | ".join(str(counts.get(one, 0)) for one in columns) + " |")
    return lines


def _flagged(rows: Sequence[AuditRow]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"## Rows that are not clean ({len(rows)})", "")
    yield from ("| row | grade | evidence | training item | question |", "|---|---|---|---|---|")
    for row in rows[:_LISTED]:
        cells = (row.key, row.grade.value, evidence_text(row), row.train or "", row.asked[:160])
        yield "| " + " | ".join(_plain(cell) for cell in cells) + " |"
    if len(rows) > _LISTED:
        yield from ("", f"... and {len(rows) - _LISTED} more in rows.jsonl")


def _share(window: tuple[float, float, float, float]) -> float:
    return (window[2] - window[0]) * (window[3] - window[1])


def _plain(text: str) -> str:
    """One line, no table or markup of its own."""
    line = " ".join(text[:2_000].split())
    return line.replace("|", "\\|").replace("<", "&lt;").replace("`", "'").replace("[", "\\[")
