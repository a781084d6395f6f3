"""The report of faithfulness: tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codedance.analysis.faithfulness import Faithfulness, Looked
from codedance.analysis.figures import Bar, bars
from codedance.analysis.tables import Section, Table, share_text

__all__ = ["faithfulness_figures", "faithfulness_sections"]


def faithfulness_sections(found: Sequence[Faithfulness]) -> list[Section]:
    """The text, run by run."""
    sections = []
    for one in found:
        name = f" ({one.run})" if len(found) > 1 else ""
        facts = (
            f"{one.attempts:,} attempts; the evidence of {one.without_evidence:,} is not known. A view counts "
            "if it is a part of the input picture, found by its pixels; a box is seen if one view holds 90 % of it."
        )
        sections += [
            Section(f"Views and evidence{name}", facts, _views(one), f"faithful-{_slug(one.run)}.svg"),
            Section(f"How attempts looked{name}", "", _ways(one)),
            Section(
                f"Counting{name}",
                "Numbers that a counting cell printed last, beside the true number and the answer.",
                _counts(one),
            ),
        ]
    return sections


def faithfulness_figures(found: Sequence[Faithfulness]) -> dict[str, Callable[[], bytes]]:
    """What draws the figures, by file name."""
    return {f"faithful-{_slug(one.run)}.svg": _figure(one) for one in found}


def _slug(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name)[:60] or "run"


def _figure(one: Faithfulness) -> Callable[[], bytes]:
    rows = []
    for row in one.domains:
        for group, (label, found) in enumerate(
            (
                ("evidence seen", row.faithful),
                ("right, seen", row.right_if_seen),
                ("right, not seen", row.right_if_unseen),
            )
        ):
            if found is not None:
                rows.append(Bar(f"{row.domain}: {label}", found.value, found.low, found.high, group))
    groups = ("evidence seen", "right if seen", "right if not seen")
    return lambda: bars(
        rows, title="Views and evidence", axis="share of the attempts that looked at parts", groups=groups
    )


def _views(one: Faithfulness) -> Table:
    head = ("domain", "attempts", "right, %", "saw all evidence, %", "coverage", "tightness")
    more = ("right if seen, %", "right if not seen, %", "not seen, of the right, %")
    return Table(
        (*head, *more),
        tuple(
            (
                row.domain,
                f"{row.attempts:,}",
                share_text(row.accuracy),
                share_text(row.faithful),
                f"{row.coverage:.3f}" if row.coverage is not None else "-",
                f"{row.tightness:.3f}" if row.tightness is not None else "-",
                share_text(row.right_if_seen),
                share_text(row.right_if_unseen),
                share_text(row.unfaithful_if_right),
            )
            for row in one.domains
        ),
    )


def _ways(one: Faithfulness) -> Table:
    head = ("domain", *(way.value for way in Looked))
    rows = tuple((row.domain, *(f"{row.ways.get(way.value, 0):,}" for way in Looked)) for row in one.domains)
    return Table(head, rows)


def _counts(one: Faithfulness) -> Table:
    rows = tuple(
        (row.domain, share_text(row.counts), share_text(row.follows)) for row in one.domains if row.counts is not None
    )
    return Table(("domain", "right counts, %", "answer is the count, %"), rows)
