"""The report of what emerged: tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codedance.analysis.emergence import Emergence, Habit
from codedance.analysis.figures import Curve, curves, heat_map
from codedance.analysis.tables import Section, Table, lift_text, per_thousand, share_text

__all__ = ["emergence_figures", "emergence_sections"]

_CURVES = 8
_ROWS = 30


def emergence_sections(found: Emergence) -> list[Section]:
    """The text."""
    new = [one for one in found.habits if one.new]
    known = [one for one in found.habits if not one.new]
    facts = (
        f"Corpus: {found.corpus_attempts:,} trajectories. Run: {found.attempts:,} attempts, right: "
        f"{share_text(found.accuracy)}. {len(new)} of {len(found.habits)} operations and compositions of the run are "
        "absent from the corpus."
    )
    lost = f"The corpus does {len(found.lost)} that the run never does: {', '.join(found.lost[:_ROWS]) or 'none'}."
    return [
        Section("New: never in the corpus", facts, _habits(new[:_ROWS]), "new.svg" if new else None),
        Section("Known: how their frequency changed", lost, _habits(known[:_ROWS]), "known.svg" if known else None),
        Section(
            "Moved to another domain",
            "Operations in domains where the corpus never does them.",
            Table(
                ("operation", "domain", "used there, %", "trajectories of the corpus that do it, by domain"),
                tuple(
                    (
                        one.operation,
                        one.domain,
                        share_text(one.used),
                        ", ".join(f"{place} {count:,}" for place, count in one.learned_in.items()) or "none",
                    )
                    for one in found.moved[:_ROWS]
                ),
            ),
        ),
        Section(
            "Transfer matrix",
            "Per 1,000 attempts of each domain: in the corpus, then in the run.",
            _transfer(found),
            "transfer.svg",
        ),
        Section("Novelty by step", _novelty_text(found), _novelty(found), "novelty.svg"),
    ]


def emergence_figures(found: Emergence) -> dict[str, Callable[[], bytes]]:
    """What draws the figures, by file name."""
    figures: dict[str, Callable[[], bytes]] = {}
    for file, title, habits in (
        ("new.svg", "Never in the corpus", [one for one in found.habits if one.new][:_CURVES]),
        ("known.svg", "In the corpus", [one for one in found.habits if not one.new][:_CURVES]),
    ):
        if habits:
            figures[file] = _over_steps(habits, title)
    names = [name for name in found.run_domains if name]
    places = list(found.run_domains.get("", {}))
    values = [[_rate(found.run_domains, name, place) for place in places] for name in names]
    figures["transfer.svg"] = lambda: heat_map(
        values, rows=names, columns=places, title="Operations by domain in the run", axis="per 1,000 attempts"
    )
    points = [(one.step or 0, one.surprise_bits) for one in found.novelty if one.surprise_bits is not None]
    lines = [Curve("run", points)]
    if found.corpus_surprise_bits is not None and points:
        ends = [(points[0][0], found.corpus_surprise_bits), (points[-1][0], found.corpus_surprise_bits)]
        lines.append(Curve("corpus", ends, dashed=True))
    figures["novelty.svg"] = lambda: curves(
        lines, title="Surprise of what attempts do, by the corpus", axes_names=("step", "bits")
    )
    return figures


def _over_steps(habits: Sequence[Habit], title: str) -> Callable[[], bytes]:
    lines = [
        Curve(
            one.name,
            [(use.step or 0, 1000 * use.share.value) for use in one.by_step],
            [(1000 * use.share.low, 1000 * use.share.high) for use in one.by_step],
        )
        for one in habits
    ]
    return lambda: curves(lines, title=title, axes_names=("step", "attempts that do it, per 1,000"))


def _habits(habits: Sequence[Habit]) -> Table:
    head = ("operation or composition", "corpus, per 1,000", "run, per 1,000", "first step")
    more = (
        "cells that succeeded, %",
        "right with it, %",
        "right without it, %",
        "same task: with less without, points",
    )
    return Table(
        (*head, *more),
        tuple(
            (
                one.name,
                per_thousand(one.in_corpus.right, one.in_corpus.count),
                f"{1000 * one.in_run.value:.1f} ({1000 * one.in_run.low:.1f}-{1000 * one.in_run.high:.1f})",
                str(one.first_step) if one.first_step is not None else "-",
                share_text(one.success),
                share_text(one.accuracy_with),
                share_text(one.accuracy_without),
                lift_text(one.lift),
            )
            for one in habits
        ),
    )


def _transfer(found: Emergence) -> Table:
    places = sorted({*found.corpus_domains.get("", {}), *found.run_domains.get("", {})})
    names = sorted({name for name in (*found.corpus_domains, *found.run_domains) if name})
    rows = []
    for name in names:
        cells = []
        for place in places:
            before, after = _rate(found.corpus_domains, name, place), _rate(found.run_domains, name, place)
            shown = [f"{one:.0f}" if one is not None else "" for one in (before, after)]
            cells.append(" -> ".join(shown) if any(shown) else "")
        rows.append((name, *cells))
    return Table(("operation", *places), tuple(rows))


def _rate(domains: dict[str, dict[str, int]], name: str, place: str) -> float | None:
    """Per 1,000 attempts of the domain; ``None`` where there are none."""
    count = domains.get("", {}).get(place, 0)
    return 1000 * domains.get(name, {}).get(place, 0) / count if count else None


def _novelty_text(found: Emergence) -> str:
    own = f"{found.corpus_surprise_bits:.2f} bits" if found.corpus_surprise_bits is not None else "unknown"
    return (
        "Surprise: the mean of -log2((n + 1) / (N + 2)) over the operations and compositions of an attempt, n of the "
        f"corpus's N trajectories doing them. The corpus itself: {own}."
    )


def _novelty(found: Emergence) -> Table:
    return Table(
        ("step", "attempts", "surprise, bits", "set of operations that the corpus never has, %"),
        tuple(
            (
                str(one.step) if one.step is not None else "-",
                f"{one.attempts:,}",
                f"{one.surprise_bits:.2f}" if one.surprise_bits is not None else "-",
                share_text(one.new_sets),
            )
            for one in found.novelty
        ),
    )
