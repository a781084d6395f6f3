"""The table of a run: one line for every trajectory, some thousand lines on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codedance.schema import Trajectory
from codedance.viewer.shell import Policy, read_asset, render_page, visible
from codedance.viewer.site.verdicts import Verdict
from codedance.viewer.trace.facts import reference, tokens_of
from codedance.viewer.trace.turns import duration

__all__ = ["ROWS", "IndexRow", "index_name", "index_page", "index_row"]

ROWS = 2_000
"""Trajectories on one page of the table."""
_PACKAGE = "codedance.viewer.site"
_SHOWN = 160
"""Characters of a question or an answer."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A trajectory in the table; every text is safe to show."""

    number: int
    url: str
    question: str
    answer: str | None
    expected: str | None
    correct: bool | None
    judged: bool
    """A judge was asked about it."""
    turns: int
    calls: int
    failed: int
    tokens: int | None
    seconds: float
    stop: str
    task: str
    attempt: int
    reward: float | None
    thumb: str | None

    @property
    def verdict(self) -> str:
        """``right``, ``wrong`` or ``unknown``."""
        return {True: "right", False: "wrong", None: "unknown"}[self.correct]

    @property
    def tools(self) -> str:
        """Whether code was run and how it ended: ``none``, ``ok`` or ``failed``."""
        return "none" if not self.calls else "failed" if self.failed else "ok"

    @property
    def time(self) -> str:
        """The episode's time as people read it."""
        return duration(self.seconds)


def index_row(number: int, trajectory: Trajectory, verdict: Verdict, *, url: str, thumb: str | None) -> IndexRow:
    """The line of a trajectory.

    Args:
        number: its place in the run, from 1.
        trajectory: the episode.
        verdict: what it is worth.
        url: of its page.
        thumb: of a small copy of its first picture.
    """
    task = trajectory.task
    executions = [turn.execution for turn in trajectory.turns if turn.execution is not None]
    return IndexRow(
        number=number,
        url=url,
        question=_short(task.question),
        answer=_short(trajectory.answer) if trajectory.answer is not None else None,
        expected=_short(reference(task.answer)) if task.answer is not None else None,
        correct=verdict.correct,
        judged=verdict.judged is not None,
        turns=len(trajectory.turns),
        calls=len(executions),
        failed=sum(not one.ok for one in executions),
        tokens=tokens_of(trajectory),
        seconds=trajectory.seconds,
        stop=trajectory.stop.value,
        task=_short(task.id),
        attempt=trajectory.attempt,
        reward=verdict.score.total if verdict.score is not None and verdict.score.terms else None,
        thumb=thumb,
    )


def index_name(part: int) -> str:
    """File name of a page of the table; parts count from 0.

    >>> index_name(0), index_name(1)
    ('index.html', 'index-2.html')
    """
    return "index.html" if part == 0 else f"index-{part + 1}.html"


def index_page(rows: Sequence[IndexRow], part: int, *, name: str, facts: Mapping[str, str]) -> str:
    """A page of the table.

    Args:
        rows: of the whole run.
        part: which page, from 0.
        name: of the run.
        facts: what else is said of it.
    """
    parts = max(1, -(-len(rows) // ROWS))
    here = rows[part * ROWS : (part + 1) * ROWS]
    values = {
        "name": visible(name),
        "rows": here,
        "first": part * ROWS + 1,
        "total": len(rows),
        "facts": {visible(key): visible(value) for key, value in facts.items()},
        "stats": _stats(rows),
        "stops": [stop for stop, _ in Counter(row.stop for row in rows).most_common()],
        "has_reward": any(row.reward is not None for row in rows),
        "has_attempts": any(row.attempt for row in rows),
        "parts": [(number + 1, index_name(number), number == part) for number in range(parts)],
    }
    template, style, script = (read_asset(f"index.{kind}", package=_PACKAGE) for kind in ("html", "css", "js"))
    return render_page(template, values, style=style, script=script, policy=Policy(images=("'self'", "file:")))


def _stats(rows: Sequence[IndexRow]) -> list[tuple[str, str, str]]:
    """The run in a few numbers: name, value, and what it is made of."""
    found = [("trajectories", f"{len(rows):,}", "")]
    known = [row.correct for row in rows if row.correct is not None]
    if known:
        found.append(("right", f"{sum(known) / len(known):.1%}", f"{sum(known):,} of {len(known):,}"))
    if rows:
        coding = sum(row.calls > 0 for row in rows)
        calls, failed = sum(row.calls for row in rows), sum(row.failed for row in rows)
        found.append(("wrote code", f"{coding / len(rows):.0%}", f"{coding:,} of {len(rows):,}"))
        if calls:
            found.append(("code ran", f"{(calls - failed) / calls:.1%}", f"{calls - failed:,} of {calls:,} runs"))
        found.append(("turns", f"{sum(row.turns for row in rows) / len(rows):.1f}", "on average"))
        answered = sum(row.stop == "answered" for row in rows)
        found.append(("answered", f"{answered / len(rows):.1%}", f"{answered:,} of {len(rows):,}"))
    return found


def _short(text: str) -> str:
    line = " ".join(visible(text[: 4 * _SHOWN]).split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
