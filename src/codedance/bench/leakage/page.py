"""The audit as one self-contained page of HTML: pairs of pictures side by side, with what speaks for a match."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from codedance.bench.leakage.collecting import Side
from codedance.bench.leakage.contract import AuditReport, AuditRow
from codedance.bench.leakage.report import MEANINGS, evidence_text, percent, verdict
from codedance.store.pages import asset_text, page_template, visible

__all__ = ["audit_html"]

_PACKAGE = "codedance.bench.leakage"

_LONG = 2_000
_MOST_PICTURES = 4


@dataclass(frozen=True, slots=True)
class _Half:
    """One side of a pair."""

    key: str
    question: str
    answer: str | None
    pictures: tuple[str, ...]
    """Data URLs."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A row that is not clean, beside its like."""

    grade: str
    evidence: str
    ours: _Half
    theirs: _Half | None


def audit_html(report: AuditReport, train: Side, against: Side, *, pairs: int = 200) -> str:
    """The page. What data sets say is escaped; the page loads nothing and runs no script.

    Args:
        report: the audit.
        train: the training set, with its previews.
        against: the benchmark, likewise.
        pairs: how many pairs are shown, the worst first.
    """
    style = asset_text(_PACKAGE, "audit.css")
    items = _by_key(train), _by_key(against)
    shown = [_pair(row, train, against, items) for row in report.flagged[:pairs]]
    return page_template(_PACKAGE, "audit.html").render(
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        report=report,
        verdict=_visible(verdict(report)),
        name=_visible(report.benchmark),
        train=_visible(report.train.place),
        against=_visible(report.against.place),
        scored=_visible(report.scored or ""),
        meanings=MEANINGS,
        percent=percent,
        pairs=shown,
        left_out=len(report.flagged) - len(shown),
    )


def _by_key(side: Side) -> Mapping[str, int]:
    return {key: number for key, number in side.rows if isinstance(number, int)}


def _pair(row: AuditRow, train: Side, against: Side, items: tuple[Mapping[str, int], Mapping[str, int]]) -> _Pair:
    theirs = None
    if row.train is not None:
        theirs = _half(row.train, row.train_asked or "", row.train_answer, _pictures(train, items[0].get(row.train)))
    ours = _half(row.key, row.asked, row.answer, _pictures(against, items[1].get(row.key)))
    return _Pair(row.grade.value, _visible(evidence_text(row)), ours, theirs)


def _half(key: str, question: str, answer: str | None, pictures: Sequence[str]) -> _Half:
    return _Half(_visible(key), _visible(question), _visible(answer) if answer else None, tuple(pictures))


def _pictures(side: Side, number: int | None) -> list[str]:
    shown = side.neighbours.shown(number)[:_MOST_PICTURES] if number is not None else ()
    return [f"data:image/jpeg;base64,{base64.b64encode(side.previews.data(one)).decode()}" for one in shown]


def _visible(text: str) -> str:
    return visible(text, longest=_LONG)
