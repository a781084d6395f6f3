"""The pages of the run browser that show many trajectories: runs, the table, groups, plots."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

from codedance.viewer.runs.browse import Browse
from codedance.viewer.runs.curves import read_curves
from codedance.viewer.runs.filters import CHOICES, RANGES, Filter, Sort
from codedance.viewer.runs.plots import Plot, curve_plots, reward_plots, table_plots
from codedance.viewer.runs.reading import excerpt
from codedance.viewer.runs.rewarded import basis_of
from codedance.viewer.runs.tables import (
    Row,
    RunLine,
    Tally,
    changes_of,
    list_groups,
    run_number,
    table_page,
    tally,
)
from codedance.viewer.shell import Policy, read_asset, render_page, visible

__all__ = ["error_page", "groups_page", "plots_page", "render", "runs_page", "table_view", "trajectory_link"]

_PACKAGE = "codedance.viewer.runs"
_POLICY = Policy(images=("'self'",), connect=("'self'",), forms=("'self'",))
_MOST_RUNS, _MOST_CHOICES = 500, 300
_WORDS = {"verdict": "Verdict", "decided": "Decided by", "stop": "Ended", "source": "Benchmark", "family": "Family",
          "difficulty": "Difficulty", "category": "Category", "mode": "Mode", "model": "Model"}  # fmt: skip
_HEADINGS = (
    ("verdict", Sort.VERDICT, ""), ("question", None, ""), ("answer", None, ""), ("turns", Sort.TURNS, "number"),
    ("code", Sort.CALLS, "number"), ("tokens", Sort.TOKENS, "number"), ("seconds", Sort.SECONDS, "number"),
    ("ended", Sort.STOP, ""),
)  # fmt: skip
_MOST_REWARDED_RUNS = 400
_NOTHING = "No trajectory fits. Clear the filter, or wait if the run is still being written."


def runs_page(browse: Browse, base: sqlite3.Connection) -> str:
    """The list of runs."""
    runs = browse.runs(base)
    shown = [
        {
            "line": run, "name": _run_name(run.name, browse.root), "value": run.name,
            "kind": visible(run.kind), "model": visible(run.model),
            "created": visible(run.created[:16].replace("T", " ")),
            "href": f"trajectories?{urlencode({'run': run.name}, errors='replace')}",
            "curve": f"plots?{urlencode({'run': run.name}, errors='replace')}" if run.has_curve else None,
        }
        for run in runs[:_MOST_RUNS]
    ]  # fmt: skip
    values = {"title": "Runs", "root": _folder_name(browse.root), "runs": shown, "more": max(0, len(runs) - _MOST_RUNS)}
    return render(browse, base, "runs.html", values, part="runs", chosen=Filter())


def table_view(browse: Browse, base: sqlite3.Connection, chosen: Filter) -> str:
    """The table of trajectories in one state."""
    run = run_number(base, chosen.run)
    runs = browse.runs(base)
    counted = tally(base, chosen, run=run)
    pages = max(1, -(-counted.count // chosen.size))
    first = (chosen.page - 1) * chosen.size
    several, given = len(runs) > 1 and not chosen.run, chosen.pairs()
    rows = [
        _table_row(browse.root, row, chosen, place=first + index, several=several)
        for index, row in enumerate(table_page(base, chosen, run=run))
    ]
    values = {
        "title": "Trajectories" + (f" of {_run_name(chosen.run, browse.root)}" if chosen.run else ""),
        "heading": _heading(browse, chosen, "Trajectories"),
        "tally": counted, "counts": _counts(counted), "rows": rows, "pages": pages, "action": "trajectories",
        "narrowed": bool(chosen.narrowed), "more": bool(set(chosen.narrowed) - {"q", "verdict", "code", "task"}),
        "clear": f"trajectories?{Filter(run=chosen.run).query()}", "nothing": _NOTHING if runs else "No run yet.",
        "facets": _facets(browse.facets(base, run), chosen), "runs": _choices(runs, chosen.run), "ranges": RANGES,
        "bounds": {f"{name}_{end}": given.get(f"{name}_{end}", "") for name in RANGES for end in ("min", "max")},
        "kept": _kept(chosen, ("task", "replaced", "sort", "down", "size")),
        "headings": [_sorting(chosen, *one) for one in _HEADINGS],
        "link": _pages_link("trajectories", chosen),
    }  # fmt: skip
    if rows == [] and counted.count:
        values["nothing"] = f"There is no page {chosen.page:,}: these are {pages:,} pages."
    return render(browse, base, "table.html", values, part="trajectories", chosen=chosen, run=run)


def groups_page(browse: Browse, base: sqlite3.Connection, chosen: Filter) -> str:
    """All attempts at a task as one line."""
    run = run_number(base, chosen.run)
    runs = browse.runs(base)
    found, count, mixed = list_groups(base, chosen, run=run)
    groups = [
        {
            "line": one, "question": visible(one.question), "task": visible(one.task),
            "run": _run_name(one.run, browse.root) if len(runs) > 1 and not chosen.run else "",
            "href": f"group?{urlencode({'of': one.run, 'task': one.task}, errors='replace')}",
        }
        for one in found
    ]  # fmt: skip
    values = {
        "title": "Groups", "heading": _heading(browse, chosen, "Groups"), "groups": groups, "count": count,
        "mixed": mixed, "pages": max(1, -(-count // chosen.size)), "link": _pages_link("groups", chosen),
        "runs": _choices(runs, chosen.run), "nothing": _NOTHING,
    }  # fmt: skip
    return render(browse, base, "groups.html", values, part="groups", chosen=chosen, run=run)


def plots_page(browse: Browse, base: sqlite3.Connection, chosen: Filter) -> str:
    """Charts of the trajectories that a filter leaves, of their rewards, and of training curves."""
    number = run_number(base, chosen.run)
    runs = browse.runs(base)
    inside = [one for one in runs if not chosen.run or _within(one.name, chosen.run)]
    means = [browse.means(base, one) for one in _rewarded(inside, chosen)]
    curves: list[tuple[str, list[Plot]]] = []
    for one in [one for one in inside if one.has_curve][:8]:
        name = _run_name(one.name, browse.root) if len(runs) > 1 else ""
        curves.append((name, curve_plots(read_curves(browse.root / one.name))))
    values = {
        "title": "Plots", "heading": _heading(browse, chosen, "Plots"), "runs": _choices(runs, chosen.run),
        "rewards": [] if chosen.narrowed else reward_plots([one for one in means if one is not None]),
        "basis": visible(basis_of(base, chosen.run or ".").note), "narrowed": bool(chosen.narrowed),
        "plots": table_plots(base, chosen, run=number), "curves": curves,
        "clear": f"plots?{Filter(run=chosen.run).query()}", "nothing": "Nothing to draw yet.",
        "kept": _kept(chosen, tuple(chosen.narrowed)),
    }  # fmt: skip
    return render(browse, base, "plots.html", values, part="plots", chosen=chosen, run=number)


def error_page(browse: Browse, title: str, message: str) -> str:
    """A page that says what is wrong."""
    values = {"title": title, "message": visible(message)}
    return render(browse, None, "error.html", values, part="", chosen=Filter())


def render(
    browse: Browse,
    base: sqlite3.Connection | None,
    name: str,
    values: Mapping[str, object],
    *,
    part: str,
    chosen: Filter,
    run: int | None = None,
) -> str:
    """A page in the browser's frame.

    Args:
        browse: what is looked at.
        base: the index; ``None`` if it cannot be read.
        name: the template that goes into the frame.
        values: what it shows.
        part: which part of the browser it is.
        chosen: the state that links to other parts keep.
        run: number of the run that is looked at, whose unreadable lines are told.
    """
    kept = chosen.query(page=1, sort=Sort.ORDER, down="", size=Filter().size)
    ended = f"?{kept}" if kept else ""
    compared = f"?{urlencode({'right': chosen.run}, errors='replace')}" if chosen.run else ""
    parts = [
        ("runs", "Runs", "./"),
        ("trajectories", "Trajectories", f"trajectories{ended}"),
        ("groups", "Groups", f"groups{ended}"),
        ("compare", "Compare", f"compare{compared}"),
        ("plots", "Plots", f"plots{ended}"),
    ]
    problems = _bad_lines(base, run) if base is not None else []
    every = {
        "chosen": chosen, "part": part, "parts": parts, "state": browse.words, "problems": problems,
        "changes": changes_of(base) if base is not None else -1, **values,
    }  # fmt: skip
    return render_page(_template(name), every, style=_asset("browser.css"), script=_asset("browser.js"), policy=_POLICY)


def trajectory_link(row: Row, chosen: Filter, *, place: int | None = None) -> str:
    """The address of a trajectory's page; with a place in the table its page leads on to the neighbours there."""
    pairs = [("of", row.run), ("id", row.name)]
    if row.replaced:
        pairs.append(("offset", str(row.offset)))
    if place is not None:
        pairs.append(("at", str(place)))
    rest = chosen.query(page=1, size=Filter().size) if place is not None else ""
    return f"trajectory?{urlencode(pairs, errors='replace')}" + (f"&{rest}" if rest else "")


def _table_row(root: Path, row: Row, chosen: Filter, *, place: int, several: bool) -> Mapping[str, object]:
    found = excerpt(root, row, chosen.q) if chosen.q else None
    return {
        "row": row,
        "href": trajectory_link(row, chosen, place=place),
        "question": visible(row.question),
        "name": visible(row.name),
        "run": _run_name(row.run, root) if several else "",
        "kind": visible(" · ".join(one for one in (row.category, row.difficulty) if one and one not in row.name)),
        "answer": visible(row.answer) if row.answer is not None else None,
        "reference": visible(row.reference) if row.reference is not None else None,
        "excerpt": [visible(one) for one in found] if found is not None else None,
        "stop": row.stop.replace("_", " "),
    }


def _facets(
    counted: Mapping[str, Sequence[tuple[str, int]]], chosen: Filter
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    found = []
    for name in CHOICES:
        options = [(value, f"{visible(value[:60]).replace('_', ' ')} ({count:,})") for value, count in counted[name]]
        wanted = getattr(chosen, name)
        if wanted and wanted not in [value for value, _ in options]:
            options.insert(0, (wanted, f"{visible(wanted[:60])} (0)"))
        if len(options) > 1 or wanted:
            found.append((name, _WORDS[name], options))
    return found


def _counts(counted: Tally) -> list[tuple[int, str]]:
    """Attempts by verdict, those that there are."""
    every = ((counted.right, "right"), (counted.wrong, "wrong"), (counted.no_answer, "without answer"),
             (counted.unscored, "not scored"), (counted.error, "errors"))  # fmt: skip
    return [one for one in every if one[0]] or [(0, "in all")]


def _sorting(chosen: Filter, words: str, sort: Sort | None, kind: str) -> tuple[str, str | None, str | None, str]:
    """Words, link, state and class of a column's heading; the link turns the order round, then back."""
    if sort is None:
        return words, None, None, kind
    if chosen.sort is not sort:
        return words, f"trajectories?{chosen.query(sort=sort, down='yes', page=1)}", None, kind
    if chosen.down == "yes":
        return words, f"trajectories?{chosen.query(down='', page=1)}", "descending", kind
    return words, f"trajectories?{chosen.query(sort=Sort.ORDER, down='', page=1)}", "ascending", kind


def _rewarded(runs: Sequence[RunLine], chosen: Filter) -> Sequence[RunLine]:
    """The runs whose rewards are drawn: the one that was chosen, or the steps of a training run, evenly thinned out."""
    full = [one for one in runs if one.tally.count]
    if len(full) == 1 or chosen.run in {one.name for one in full}:
        return [one for one in full if len(full) == 1 or one.name == chosen.run]
    stepped = sorted((one for one in full if one.step is not None), key=lambda one: one.step or 0)
    parents = {one.name.rsplit("/", 1)[0] for one in stepped}
    if len(parents) != 1:  # steps of different runs make no line
        return []
    return stepped[:: max(1, -(-len(stepped) // _MOST_REWARDED_RUNS))]


def _bad_lines(base: sqlite3.Connection, run: int | None) -> list[str]:
    where, values = ("WHERE b.run = ?", (run,)) if run is not None else ("", ())
    found = base.execute(
        f"SELECT r.name, b.number, b.reason, r.bad FROM bad_lines b JOIN runs r ON r.id = b.run {where} LIMIT 4",  # noqa: S608 - our own text
        values,
    ).fetchall()
    said = [
        visible(f"{name}: {f'line {number}: ' if number else ''}{reason}; it is left out")
        for name, number, reason, _ in found
    ]
    return said[:3] + (["… and more lines that cannot be read"] if len(said) > 3 else [])


def _choices(runs: Sequence[RunLine], chosen: str) -> list[str]:
    names = [one.name for one in runs][:_MOST_CHOICES] if len(runs) > 1 else []
    return names if not chosen or chosen in names or not names else [chosen, *names]


def _kept(chosen: Filter, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in chosen.pairs().items() if name in names]


def _pages_link(path: str, chosen: Filter) -> Callable[..., str]:
    def link(page: int) -> str:
        return f"{path}?{chosen.query(page=page)}"

    return link


def _within(name: str, folder: str) -> bool:
    return folder == "." or name == folder or name.startswith(f"{folder}/")


def _heading(browse: Browse, chosen: Filter, words: str) -> str:
    return f"{words} of {_run_name(chosen.run or '.', browse.root)}"


def _run_name(name: str, root: Path) -> str:
    return visible(name) if name != "." else _folder_name(root)


def _folder_name(root: Path) -> str:
    return visible(root.resolve().name or str(root))


@functools.cache
def _template(name: str) -> str:
    return _asset("frame.html").replace("{% block live %}{% endblock %}", _asset(name))


def _asset(name: str) -> str:
    return read_asset(name, package=_PACKAGE)
