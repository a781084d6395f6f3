"""The plots of the run browser: what is asked of runs first, as charts with their numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from codedance.rewards.intervals import wilson
from codedance.viewer.runs.curves import Curve
from codedance.viewer.runs.filters import Filter, condition
from codedance.viewer.runs.rewarded import MOST_ATTEMPTS, TermMeans
from codedance.viewer.runs.svg import Bar, Series, bar_chart, line_chart

__all__ = ["Plot", "curve_plots", "reward_plots", "table_plots"]

_LAST_TURNS = 12
_MOST_BARS = 24
_SHARES = (
    "accuracy",
    "rate",
    "success",
    "answered",
    "zero_variance",
    "fraction",
    "read_accuracy",
    "cell_accuracy",
    "point_accuracy",
)
_BY_COLUMN = (("difficulty", "Accuracy by difficulty"), ("family", "Accuracy by family"),
              ("category", "Accuracy by category"), ("source", "Accuracy by benchmark"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart with its words."""

    title: str
    chart: Markup
    note: str = ""
    legend: tuple[str, ...] = ()
    """Names of its lines, in the order of the colours."""


def table_plots(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> list[Plot]:
    """Of the trajectories that a filter leaves: accuracy by turns, by use of code and by kind, and how they stopped."""
    plots = [_by_turns(base, chosen, run=run), _by_code(base, chosen, run=run)]
    for column, title in _BY_COLUMN:
        bars = _accuracies(base, chosen, f"CASE t.{column} WHEN '' THEN '(none)' ELSE t.{column} END", run=run)
        if len(bars) > 1:
            linked = [_linked(bar, chosen, column) for bar in bars[:_MOST_BARS]]
            rest = f"the {_MOST_BARS} most frequent of {len(bars)}" if len(bars) > _MOST_BARS else ""
            plots.append(Plot(title, bar_chart(linked, label=title), rest))
    plots.append(_stops(base, chosen, run=run))
    return [one for one in plots if one is not None]


def reward_plots(means: Sequence[TermMeans]) -> list[Plot]:
    """What attempts earn: a bar for each term of a single run, a line for each term over the steps of several."""
    stepped = sorted((one for one in means if one.step is not None), key=lambda one: one.step or 0)
    names = list(dict.fromkeys(name for one in means for name in one.terms))
    note = f"the first {MOST_ATTEMPTS:,} attempts of each run" if any(one.partial for one in means) else ""
    if len(stepped) > 1:
        lines = [Series("reward", [(float(one.step or 0), one.reward) for one in stepped])]
        lines += [Series(name, [(float(one.step or 0), one.terms.get(name, 0.0)) for one in stepped]) for name in names]
        difficulty = [(float(one.step or 0), one.d) for one in stepped if one.d is not None]
        plots = [Plot("Reward terms by step", line_chart(lines, label="Mean reward and its terms over steps"), note,
                      tuple(one.name for one in lines))]  # fmt: skip
        if difficulty:
            chart = line_chart([Series("d", difficulty)], label="Mean difficulty d of the groups over steps")
            plots.append(Plot("d, what a call is worth, by step", chart, note))
        return plots
    if len(means) != 1:
        return []
    (one,) = means
    values = {"reward": one.reward, **one.terms, **({"d": one.d} if one.d is not None else {})}
    most = max(abs(value) for value in values.values()) or 1.0
    bars = [Bar(name, value / most, f"{value:+.3f}") for name, value in values.items()]
    count = f"means over {one.attempts:,} scored attempts in {one.groups:,} groups"
    return [
        Plot("Reward terms", bar_chart(bars, label="Mean reward and its terms"), f"{count}; {note}" if note else count)
    ]


def curve_plots(curves: Sequence[Curve]) -> list[Plot]:
    """A chart for each number of a training curve; those of easy and hard tasks share one."""
    grouped: dict[str, list[Curve]] = {}
    for one in curves:
        stem = one.name.removesuffix("_easy").removesuffix("_hard")
        grouped.setdefault(stem, []).append(one)
    plots = []
    for stem, members in grouped.items():
        lines = [Series(one.name, one.points) for one in members]
        share = any(stem.endswith(ending) for ending in _SHARES) and all(
            0 <= y <= 1 for one in members for _, y in one.points
        )
        legend = tuple(one.name for one in members) if len(members) > 1 else ()
        plots.append(Plot(stem, line_chart(lines, label=f"{stem} over steps", share=share), legend=legend))
    return plots


def _by_turns(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> Plot | None:
    bars = _accuracies(base, chosen, f"min(t.turns, {_LAST_TURNS})", run=run, by_name=True)
    if not bars:
        return None
    named = [
        replace(
            bar,
            name=f"{bar.name} or more" if bar.name == str(_LAST_TURNS) else f"{bar.name} turn{'s' * (bar.name != '1')}",
            href=_turns_link(chosen, bar.name),
        )
        for bar in bars
    ]
    return Plot("Accuracy by turns", bar_chart(named, label="Accuracy by number of turns, with 95 % intervals"))


def _by_code(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> Plot | None:
    kind = "CASE WHEN t.calls = 0 THEN 'no code' WHEN t.failed > 0 THEN 'code that failed' ELSE 'code that ran' END"
    links = {"no code": "no", "code that failed": "failed", "code that ran": "clean"}
    bars = [
        replace(bar, href=f"trajectories?{chosen.query(code=links[bar.name], page=1)}")
        for bar in _accuracies(base, chosen, kind, run=run)
    ]
    return Plot("Accuracy by use of code", bar_chart(bars, label="Accuracy by use of code")) if bars else None


def _stops(base: sqlite3.Connection, chosen: Filter, *, run: int | None) -> Plot | None:
    where = condition(chosen, run=run)
    rows = base.execute(
        f"SELECT t.stop, count(*) FROM trajectories t WHERE {where.sql} GROUP BY 1 ORDER BY 2 DESC",  # noqa: S608 - values are bound
        where.values,
    ).fetchall()
    total = sum(count for _, count in rows)
    bars = [
        Bar(name, count / total, f"{count:,}", href=f"trajectories?{chosen.query(stop=name, page=1)}")
        for name, count in rows
    ]
    return Plot("How they ended", bar_chart(bars, label="Stop reasons")) if rows else None


def _accuracies(
    base: sqlite3.Connection, chosen: Filter, kind: str, *, run: int | None, by_name: bool = False
) -> list[Bar]:
    """Accuracy of the scored attempts by a kind (an SQL expression of ours), the most frequent first."""
    where = condition(chosen, run=run)
    rows = base.execute(
        f"SELECT {kind}, sum(t.verdict IN ('right', 'wrong', 'no_answer')), sum(t.verdict = 'right') "  # noqa: S608
        f"FROM trajectories t WHERE {where.sql} GROUP BY 1 ORDER BY {'1' if by_name else '2 DESC, 1'}",
        where.values,
    )
    bars = []
    for name, scored, right in rows:
        if not scored:
            continue
        low, high = wilson(right, scored)
        bars.append(Bar(str(name), right / scored, f"{100 * right / scored:.1f} % of {scored:,}", low, high))
    return bars


def _linked(bar: Bar, chosen: Filter, column: str) -> Bar:
    return replace(bar, href=f"trajectories?{chosen.query(**{column: bar.name, 'page': 1})}")


def _turns_link(chosen: Filter, name: str) -> str:
    turns = float(name)
    most = None if name == str(_LAST_TURNS) else turns
    return f"trajectories?{chosen.query(turns_min=turns, turns_max=most, page=1)}"
