"""A page of real traces of a model on held-out worlds: what it saw, wrote, ran and answered; failures among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counting
from pathlib import Path

from PIL import Image

from codedance.episode import run_episode
from codedance.errors import ModelError
from codedance.imaging import Picture
from codedance.models.contract import Model
from codedance.rewards import is_right
from codedance.sandbox import Sandbox
from codedance.schema import Trajectory
from codedance.store import write_bytes, write_text
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, make_scene, scene_task
from codedance.train.evaluate import failure_of

__all__ = ["Cell", "write_gallery"]

Cell = tuple[str, Difficulty]
"""Family and difficulty."""
_FIRST_SEED = HELD_OUT_SEEDS + 700_000
"""Apart from the scenes that tables are measured on: nobody chooses among those."""
_WIDEST = 420
_MOST_SCENES = 60
"""Scenes tried for each trace: a model that never fails has no failures to show."""


@dataclass(frozen=True, slots=True)
class _Trace:
    trajectory: Trajectory
    pictures: Mapping[str, Picture]
    truth: str
    right: bool


async def write_gallery(
    model: Model,
    sandbox: Sandbox,
    cells: Sequence[Cell],
    out: Path,
    *,
    right: int = 8,
    wrong: int = 4,
    listener: Callable[[int], None] = lambda found: None,
) -> Path:
    """Ask about held-out scenes, cell by cell in turn, until there are enough of both kinds; write ``gallery.md``.

    Args:
        model: who is asked.
        sandbox: where its code runs.
        cells: where the scenes are from, in turn.
        out: folder of the page and its pictures.
        right: traces with a right answer.
        wrong: traces with a wrong answer or none, if so many are found.
        listener: told how many traces there are.

    Raises:
        ModelError: the model or the sandbox failed in an episode.
    """
    found: dict[bool, list[_Trace]] = {True: [], False: []}
    wanted = {True: right, False: wrong}
    for number in counting():
        family, difficulty = cells[number % len(cells)]
        seed = _FIRST_SEED + number // len(cells)
        trace = await _trace(model, sandbox, family, difficulty, seed=seed)
        # Right ones from every cell: no more than its share of each.
        share = -(-right // len(cells))
        same = [one for one in found[trace.right] if one.trajectory.task.meta["family"] == family]
        if len(found[trace.right]) < wanted[trace.right] and (not trace.right or len(same) < 2 * share):
            found[trace.right].append(trace)
            listener(sum(map(len, found.values())))
        if all(len(found[kind]) >= wanted[kind] for kind in wanted) or number >= _MOST_SCENES * (right + wrong):
            break
    parts = ["# Traces of the nano model on held-out scenes\n", _lead(found)]
    for kind, title in ((True, "Right"), (False, "Wrong")):
        for index, trace in enumerate(found[kind], 1):
            parts.append(_section(trace, f"{title} {index}", out, prefix=f"{title.lower()}-{index}"))
    write_text(out / "gallery.md", "\n".join(parts))
    return out / "gallery.md"


def _lead(found: Mapping[bool, Sequence[_Trace]]) -> str:
    return (
        f"{len(found[True])} right and {len(found[False])} wrong ones, the first of each kind in the order of the "
        f"seeds from {_FIRST_SEED:,} on, cell by cell: nobody chose among them. Greedy, the real loop. Made by "
        "`codedance train gallery`.\n"
    )


async def _trace(model: Model, sandbox: Sandbox, family: str, difficulty: Difficulty, *, seed: int) -> _Trace:
    scene = make_scene(family, difficulty, seed)
    task, pictures = scene_task(scene)
    rollout = await run_episode(task, pictures, model=model, sandbox=sandbox)
    if (failed := failure_of(rollout.trajectory)) is not None:
        raise ModelError(f"{family}/{difficulty.value}, seed {seed}: {failed}")
    right = bool(is_right(rollout.trajectory, pictures=rollout.pictures))
    return _Trace(rollout.trajectory, rollout.pictures, scene.answer, right)


def _section(trace: _Trace, title: str, out: Path, *, prefix: str) -> str:
    """One trace as Markdown; its pictures are written beside it, made small."""
    trajectory, meta = trace.trajectory, trace.trajectory.task.meta
    lines = [f"## {title}: {meta['family']}, {meta['difficulty']}\n"]
    lines.append(_image(trace.pictures[trajectory.task.images[0].sha256], out, f"{prefix}-question", "the picture"))
    lines.append("**Question.** " + trajectory.task.question.replace("\n", "  \n") + "\n")
    for number, turn in enumerate(trajectory.turns, 1):
        lines.append(_fenced(turn.text, "text"))
        if turn.execution is None:
            continue
        printed = turn.execution.stdout + (turn.execution.error.message if turn.execution.error else "")
        if printed.strip():
            lines.append("It printed:\n\n" + _fenced(printed[:600], "text"))
        for index, shown in enumerate(turn.execution.images[:4], 1):
            name = f"{prefix}-turn{number}-{index}"
            lines.append(_image(trace.pictures[shown.image.sha256], out, name, f"shown in turn {number}"))
    lines.append(f"**Answer.** {trajectory.answer or 'none'}; the truth is {trace.truth}.\n")
    return "\n".join(lines)


def _fenced(text: str, kind: str) -> str:
    fence = "`" * 4
    return f"{fence}{kind}\n{text.strip().replace(fence, '')}\n{fence}\n"


def _image(picture: Picture, out: Path, name: str, what: str) -> str:
    image = picture.to_image()
    scale = min(1.0, _WIDEST / max(image.size))
    small = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BOX
    )
    write_bytes(out / f"{name}.png", Picture.from_image(small).data)
    return f"![{what}]({name}.png)\n"
