"""The pages of the run browser that show trajectories themselves: one, the attempts at a task, two runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

from codedance.errors import CodeDanceError, StoreError
from codedance.imaging import Picture
from codedance.protocol import parse_reply
from codedance.rewards import VARIANTS, AttemptReward, score_of
from codedance.schema import ImageRef, Score, Trajectory, Turn
from codedance.store import PictureStore, picture_refs
from codedance.viewer import Judged, Place, Standing, trace_page
from codedance.viewer.runs.browse import Browse
from codedance.viewer.runs.comparing import Change, ComparedRow, compare
from codedance.viewer.runs.filters import Filter
from codedance.viewer.runs.pages import render, trajectory_link
from codedance.viewer.runs.reading import read_trajectory
from codedance.viewer.runs.rewarded import Basis, basis_of, reward_group
from codedance.viewer.runs.tables import Row, find_row, judged_of, row_at, rows_by_number, run_number, table_page, tally
from codedance.viewer.shell import highlighted, visible

__all__ = ["compare_page", "group_page", "picture_of", "trajectory_page"]

_MOST_SIDE_BY_SIDE = 16
_SHORT_THOUGHT, _SHORT_TEXT, _SHORT_CODE = 600, 1_500, 4_000
_MOST_TURNS = 20
_MOST_PICTURE_BYTES = 64 << 20
_TONES = {Change.FIXED: "good", Change.BROKEN: "bad", Change.UNSCORED: "warn"}


def trajectory_page(browse: Browse, base: sqlite3.Connection, query: Mapping[str, str]) -> str:
    """One trajectory, with what it earned in its group and the way to its neighbours in the table."""
    run, name = query.get("of") or ".", query.get("id", "")
    offset, at = _whole_number(query.get("offset")), _whole_number(query.get("at"))
    row = find_row(base, run, name, offset=offset)
    trajectory = read_trajectory(browse.root, row)
    score, standing = _score(base, row, trajectory)
    correct = row.verdict.correct
    if score is not None and score.correct is None:
        score = score.model_copy(update={"correct": correct})
    store = PictureStore(browse.root / row.run / "pictures")
    return trace_page(
        trajectory,
        _Pictures(store, trajectory),
        correct=correct,
        score=score,
        standing=standing,
        judged=judged_of(base, row),
        place=_place(browse.root, base, row, query, at=at),
        link=lambda ref: _picture_link(row.run, ref) if store.path(ref).is_file() else None,
    )


def group_page(browse: Browse, base: sqlite3.Connection, query: Mapping[str, str]) -> str:
    """The attempts at one task side by side, with their rewards."""
    run, task = query.get("of") or ".", query.get("task", "")
    number = run_number(base, run)
    basis = basis_of(base, run, variant=query.get("variant", ""))
    chosen = Filter(run=run, task=task, size=_MOST_SIDE_BY_SIDE)
    rows = table_page(base, chosen, run=number)
    if number is None or not rows:
        raise StoreError(f"the run holds no attempt at the task '{task}' (or not yet)")
    group, rewards = reward_group(base, number, task, basis=basis)
    first = rows[0]
    values = {
        "title": f"Group {visible(task)}", "run": visible(run) if run != "." else "", "task": visible(task), "of": run,
        "task_value": task, "question": visible(first.question), "group": group, "variants": sorted(VARIANTS),
        "reference": visible(first.reference) if first.reference is not None else None,
        "variant": basis.variant.name, "basis": f"{basis.note}: {basis.variant.formula}",
        "total": tally(base, chosen, run=number).count,
        "attempts": [_attempt(browse.root, one, rewards, judged=judged_of(base, one)) for one in rows],
        "picture": f"picture?{urlencode({'of': run, 'file': first.picture})}" if first.picture else None,
        "back": f"groups?{urlencode({'run': run}, errors='replace')}" if run != "." else "groups",
        "all": f"trajectories?{Filter(run=run if run != '.' else '', task=task).query()}",
    }  # fmt: skip
    return render(
        browse, base, "group.html", values, part="groups", chosen=Filter(run=run if run != "." else ""), run=number
    )


def compare_page(browse: Browse, base: sqlite3.Connection, query: Mapping[str, str]) -> str:
    """Two runs row by row."""
    runs = [one.name for one in browse.runs(base) if one.tally.count]
    left, right = query.get("left", ""), query.get("right", "")
    if right and not left:
        left = next((one for one in runs if one != right), "")
    if not left and not right and len(runs) > 1:
        left, right = runs[0], runs[1]
    show = next((one for one in Change if one.value == query.get("show")), None)
    page, size = max(1, _whole_number(query.get("page")) or 1), Filter().size
    values: dict[str, object] = {
        "title": "Comparison", "runs": runs[:500], "left": left, "right": right, "kinds": [one.value for one in Change],
        "show": show.value if show is not None else "", "found": None, "swap": None,
        "nothing": "Choose two runs. A comparison needs a folder that holds at least two: codedance view FOLDER.",
    }  # fmt: skip
    numbers = run_number(base, left), run_number(base, right)
    if numbers[0] is not None and numbers[1] is not None:
        found = compare(base, numbers[0], numbers[1], show=show, page=page, size=size, paired=browse.paired)

        def link(**changes: object) -> str:
            kept = {"left": left, "right": right, "show": show.value if show is not None else "", **changes}
            return f"compare?{urlencode({name: str(one) for name, one in kept.items() if one}, errors='replace')}"

        values |= {
            "found": found, "rows": _compared(base, found.rows), "page": page, "pages": max(1, -(-found.shown // size)),
            "counts": [(kind.value, count, link(show=kind.value)) for kind, count in found.counts.items() if count],
            "link": link, "swap": link(left=right, right=left),
        }  # fmt: skip
    return render(browse, base, "compare.html", values, part="compare", chosen=Filter())


def picture_of(browse: Browse, base: sqlite3.Connection, query: Mapping[str, str]) -> Picture:
    """A picture of a run by its file name, checked against its hash; raises :class:`StoreError` if there is none."""
    run, name = query.get("of") or ".", query.get("file", "")
    run_number(base, run)  # only folders that are runs
    stem, _, ending = name.partition(".")
    try:
        ref = ImageRef(sha256=stem, width=1, height=1, format={"png": "png", "jpg": "jpeg"}[ending])
    except (ValueError, KeyError):
        raise StoreError("there is no such picture") from None
    return PictureStore(browse.root / run / "pictures").get(ref)


class _Pictures(Mapping[str, Picture]):
    """The pictures of a trajectory, read when they are asked for, and no more than a page can bear."""

    def __init__(self, store: PictureStore, trajectory: Trajectory) -> None:
        self._store = store
        self._refs = {ref.sha256: ref for ref in picture_refs(trajectory)}
        self._held: dict[str, Picture] = {}
        self._bytes = 0

    def __getitem__(self, sha256: str) -> Picture:
        if sha256 not in self._held:
            ref = self._refs[sha256]
            try:
                size = self._store.path(ref).stat().st_size
                if self._bytes + size > _MOST_PICTURE_BYTES:
                    raise KeyError(sha256)
                self._held[sha256] = self._store.get(ref)
            except (OSError, CodeDanceError):
                raise KeyError(sha256) from None
            self._bytes += size
        return self._held[sha256]

    def __iter__(self) -> Iterator[str]:
        return iter(self._refs)

    def __len__(self) -> int:
        return len(self._refs)


def _score(base: sqlite3.Connection, row: Row, trajectory: Trajectory) -> tuple[Score | None, Standing | None]:
    number = run_number(base, row.run)
    if number is None or row.replaced:
        return None, None
    basis = basis_of(base, row.run)
    group, rewards = reward_group(base, number, row.task, basis=basis)
    reward = rewards.get(row.name)
    if reward is None or not reward.scored:
        return None, None
    standing = Standing(
        attempts=len(group.attempts),
        accuracy=group.accuracy,
        d=group.d,
        advantage=reward.advantage if len(group.attempts) > 1 else None,
        basis=_basis_words(basis),
    )
    try:
        return score_of(trajectory, reward), standing
    except ValueError:  # more calls than rewards count
        return None, standing


def _basis_words(basis: Basis) -> str:
    return f"{basis.note}; turn credit is normalised over this group alone"


def _place(root: Path, base: sqlite3.Connection, row: Row, query: Mapping[str, str], *, at: int | None) -> Place:
    chosen = Filter.read(query)
    index = f"trajectories?{chosen.query(page=(at or 0) // Filter().size + 1)}"
    name = visible(row.run) if row.run != "." else visible(root.resolve().name)
    if at is None:
        return Place(index=index, name=name, images=("'self'",))
    number = run_number(base, chosen.run)
    before, after = (row_at(base, chosen, run=number, place=at + step) for step in (-1, 1))
    return Place(
        index=index,
        previous=trajectory_link(before, chosen, place=at - 1) if before is not None else None,
        next=trajectory_link(after, chosen, place=at + 1) if after is not None else None,
        position=f"{at + 1:,} of {tally(base, chosen, run=number).count:,}",
        name=name,
        images=("'self'",),
    )


def _attempt(
    root: Path, row: Row, rewards: Mapping[str, AttemptReward], *, judged: Judged | None
) -> Mapping[str, object]:
    """One column of the group's page."""
    reward = rewards.get(row.name)
    terms: list[tuple[str, str, str]] = []
    credit: tuple[float, ...] = ()
    if reward is not None and reward.scored:
        terms = [(visible(name), _signed((term.value or 0.0) * term.weight), visible(term.note))
                 for name, term in reward.terms.items()]  # fmt: skip
        terms += [
            ("reward", _signed(reward.reward or 0.0), ""),
            ("advantage", _signed(reward.advantage), "over the group"),
        ]
        credit = reward.call_credit
    turns: list[Mapping[str, object]] = []
    problem = None
    try:
        trajectory = read_trajectory(root, row)
    except StoreError as error:
        problem = visible(str(error))
    else:
        left = iter(credit)
        for number, turn in enumerate(trajectory.turns[:_MOST_TURNS], start=1):
            earned = next(left, None) if turn.code is not None else None
            turns.append(_turn(number, turn, trajectory, earned))
    return {
        "row": row, "href": trajectory_link(row, Filter(run=row.run, task=row.task)), "terms": terms, "turns": turns,
        "answer": visible(row.answer) if row.answer is not None else None, "stop": row.stop.replace("_", " "),
        "problem": problem, "judged": judged,
    }  # fmt: skip


def _turn(number: int, turn: Turn, trajectory: Trajectory, credit: float | None) -> Mapping[str, object]:
    execution = turn.execution
    output = ""
    if execution is not None:
        error = f"{execution.error.type}: {execution.error.message}" if execution.error is not None else ""
        output = "\n".join(one for one in (execution.stdout, execution.value or "", error) if one.strip())
    shown = len(execution.images) if execution is not None else 0
    return {
        "number": number,
        "thought": _short(parse_reply(turn.text, trajectory.protocol.mode).thought, _SHORT_THOUGHT),
        "code": highlighted(turn.code[:_SHORT_CODE]) if turn.code is not None else None,
        "status": execution.status.value if execution is not None else "",
        "tone": "good" if execution is not None and execution.ok else "bad",
        "output": _short(output, _SHORT_TEXT),
        "pictures": f"{shown} picture{'s' * (shown > 1)}" if shown else "",
        "credit": _signed(credit) if credit is not None else "",
    }


def _compared(base: sqlite3.Connection, rows: tuple[ComparedRow, ...]) -> list[Mapping[str, object]]:
    numbers = [one for row in rows for one in (row.left_id, row.right_id) if one is not None]
    found = rows_by_number(base, numbers)
    shown: list[Mapping[str, object]] = []
    for row in rows:
        sides = []
        for name, number, share in (("left", row.left_id, row.left), ("right", row.right_id, row.right)):
            one = found.get(number) if number is not None else None
            said = "" if share is None or share in (0.0, 1.0) else f"{100 * share:.0f} % right"
            sides.append({
                "name": name, "said": said if said or one is None else one.verdict.value.replace("_", " "),
                "href": trajectory_link(one, Filter(run=one.run)) if one is not None else None,
                "answer": visible(one.answer) if one is not None and one.answer is not None else None,
            })  # fmt: skip
        any_side = found.get(row.left_id or 0) or found.get(row.right_id or 0)
        reference = any_side.reference if any_side is not None else None
        shown.append({
            "change": row.change.value, "tone": _TONES.get(row.change, ""), "task": visible(row.task), "sides": sides,
            "question": visible(any_side.question) if any_side is not None else "",
            "reference": visible(reference) if reference is not None else None,
        })  # fmt: skip
    return shown


def _picture_link(run: str, ref: ImageRef) -> str:
    return f"picture?{urlencode({'of': run, 'file': ref.file_name}, errors='replace')}"


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _short(text: str, length: int) -> str:
    return visible(text.strip() if len(text) <= length else text[:length].strip() + " …")


def _whole_number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 15 else None
