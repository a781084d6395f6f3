"""The card of a generated set: contents, origin, what was thrown away, what guessing is worth, samples."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image

from codedance.errors import DataError
from codedance.rewards import matches
from codedance.schema import Trajectory
from codedance.store import RunFolder, write_bytes, write_text
from codedance.synth.generate import read_chunks
from codedance.synth.samples import Sample, sample_sheet
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, make_scene
from codedance.tasks.worlds.baselines import Question, best_constant, question_only

__all__ = ["CellCount", "count_cells", "write_card"]

_SAMPLES = 8
"""Pictures on the sheet of one family."""


@dataclass(slots=True)
class CellCount:
    """What a set holds of one family and difficulty."""

    categories: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    asks: Counter[str] = field(default_factory=Counter)
    turns: int = 0
    code_turns: int = 0
    failed: int = 0
    """Cells that ended with an error: the slips that are mended."""
    shown: int = 0
    """Pictures that code showed."""

    @property
    def trajectories(self) -> int:
        """How many there are."""
        return sum(self.modes.values())


Cells = Mapping[tuple[str, str], CellCount]


def count_cells(trajectories: Sequence[Trajectory] | RunFolder) -> Cells:
    """Counts by family and difficulty, in the order of their names; one pass, nothing is kept in memory."""
    cells: defaultdict[tuple[str, str], CellCount] = defaultdict(CellCount)
    for one in trajectories.trajectories() if isinstance(trajectories, RunFolder) else trajectories:
        meta = one.task.meta
        cell = cells[str(meta.get("family")), str(meta.get("difficulty"))]
        cell.categories[str(meta.get("category"))] += 1
        cell.modes[str(meta.get("mode", "code"))] += 1
        cell.asks[str(meta.get("asks"))] += 1
        cell.turns += len(one.turns)
        executions = [turn.execution for turn in one.turns if turn.execution is not None]
        cell.code_turns += len(executions)
        cell.failed += sum(not execution.ok for execution in executions)
        cell.shown += sum(len(execution.images) for execution in executions)
    return dict(sorted(cells.items()))


def write_card(
    folder: Path, out: Path, *, scenes: int = 300, listener: Callable[[str], None] = lambda text: None
) -> Path:
    """Write ``card.md`` and its pictures; returns the page's path.

    Args:
        folder: a set made by :func:`codedance.synth.generate.generate`.
        out: where the page is written.
        scenes: how many fresh scenes of each cell the baselines are measured on.
        listener: told what is being done.

    Raises:
        StoreError: the folder is no set.
        DataError: the set is empty.
    """
    run = RunFolder.open(folder)
    listener("counting trajectories")
    cells = count_cells(run)
    if not cells:
        raise DataError(f"{folder}: holds no trajectories to describe")
    parts = [_head(run, cells), _table(cells), _thrown_away(folder)]
    listener("measuring what guessing is worth")
    parts.append(_baselines(folder, cells, scenes=scenes, listener=listener))
    listener("drawing samples")
    parts.append(_samples(run, out))
    page = out / "card.md"
    write_text(page, "\n".join(parts))
    return page


def _head(run: RunFolder, cells: Cells) -> str:
    manifest = run.manifest()
    total = sum(cell.trajectories for cell in cells.values())
    categories: Counter[str] = Counter()
    for cell in cells.values():
        categories.update(cell.categories)
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items() if name != "commit")
    shares = ", ".join(f"{name} {count:,} ({count / total:.1%})" for name, count in sorted(categories.items()))
    return f"""# {total:,} executable trajectories from generated worlds

Each is an episode of the one loop: a picture, a question, thoughts, Python that ran in the sandbox, what it printed and
showed, an answer. The oracle wrote them knowing how the picture was drawn; every cell was executed, every outcome
compared with what is known about the scene, and every answer with the truth.

- Categories: {shares}.
- Made by `codedance data generate` with `{manifest.settings.get("worlds")}` on {manifest.created_at[:10]} ({versions}).
- SHA-256 of `trajectories.jsonl`: `{_digest(run.folder / "trajectories.jsonl")}`;
  the same settings and versions make the same file.
- Scene seeds below {HELD_OUT_SEEDS:,} are for training, those above are held out.
- Licence: the pictures and texts are made by this program (Apache-2.0); fonts and small pictures in them are listed in
  `src/codedance/tasks/worlds/assets/LICENSES.md`.
- Not for: claims about photographs. The pictures are drawn, the thoughts come from templates.
"""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(cells: Cells) -> str:
    lines = [
        "## What is in it\n",
        "| family | difficulty | category | trajectories | direct | with code | with a mended slip | turns, mean "
        "| cells run | of them failed | pictures shown |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (family, difficulty), one in cells.items():
        lines.append(
            f"| {family} | {difficulty} | {_categories(one)} | {one.trajectories:,} | {one.modes['direct']:,} "
            f"| {one.modes['code']:,} | {one.modes['slip']:,} | {one.turns / max(1, one.trajectories):.2f} "
            f"| {one.code_turns:,} | {one.failed:,} | {one.shown:,} |"
        )
    lines.append("\nKinds of questions, with how many there are:\n")
    for family in dict.fromkeys(name for name, _ in cells):
        asks: Counter[str] = sum((one.asks for (name, _), one in cells.items() if name == family), Counter())
        lines.append(f"- {family}: " + ", ".join(f"{kind} {count:,}" for kind, count in asks.most_common()))
    return "\n".join(lines) + "\n"


def _categories(cell: CellCount) -> str:
    """The category of a cell; with their counts, if it has several."""
    if len(cell.categories) == 1:
        return next(iter(cell.categories))
    return ", ".join(f"{name} {count:,}" for name, count in cell.categories.most_common())


def _thrown_away(folder: Path) -> str:
    tries: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    empty = 0
    for chunk in read_chunks(folder):
        tries.update(chunk.tries)
        empty += chunk.empty_slots
        for one in chunk.rejections:
            _, family, difficulty, _ = one.task_id.split("/")
            reasons[f"{family}/{difficulty}", one.reason] += 1
    total, rejected = sum(tries.values()), sum(reasons.values())
    lines = [
        "## What was thrown away\n",
        f"{rejected:,} of {total:,} demonstrations ({rejected / max(1, total):.2%}) had a fault, or a slip made them "
        f"too long, and were replaced by the next scene of their cell; {empty:,} places stayed empty.\n",
    ]
    if reasons:
        lines += ["| cell | tried | thrown away | reason |", "|---|---|---|---|"]
        for (cell, reason), count in reasons.most_common(20):
            text = reason.replace("|", "\\|").replace("\n", " ")[:160]
            lines.append(f"| {cell} | {tries[cell]:,} | {count:,} ({count / tries[cell]:.2%}) | {text} |")
    return "\n".join(lines) + "\n"


def _baselines(folder: Path, cells: Cells, *, scenes: int, listener: Callable[[str], None]) -> str:
    tries: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for chunk in read_chunks(folder):
        tries.update(chunk.tries)
        faults.update("/".join(one.task_id.split("/")[1:3]) for one in chunk.rejections if not one.too_long)
    lines = [
        "## What guessing is worth\n",
        f"On {scenes:,} held-out scenes of each cell; who is blind has learnt from {2 * scenes:,} other questions with "
        "their answers.\n",
        "| family | difficulty | best constant | image-blind | oracle |",
        "|---|---|---|---|---|",
    ]
    for place, (family, difficulty) in enumerate(cells, start=1):
        listener(f"baselines, cell {place} of {len(cells)}: {family}/{difficulty}")
        first = HELD_OUT_SEEDS + 500_000
        made = [Question.of(make_scene(family, Difficulty(difficulty), first + n)) for n in range(3 * scenes)]
        test, train = made[:scenes], made[scenes:]
        constant, blind = best_constant(test, right=matches), question_only(train, test, right=matches)
        cell = f"{family}/{difficulty}"
        oracle = f"{1 - faults[cell] / tries[cell]:.3f} (n = {tries[cell]:,})" if tries[cell] else "-"
        lines.append(f"| {family} | {difficulty} | {constant.accuracy:.3f} | {blind:.3f} | {oracle} |")
    return "\n".join(lines) + "\n"


def _samples(run: RunFolder, out: Path) -> str:
    """A sheet of pictures for every family: chosen by lot among all trajectories, in one pass."""
    rng = Random("card")  # noqa: S311 - the same samples every time
    chosen: defaultdict[str, list[Trajectory]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for one in run.trajectories():
        family = str(one.task.meta.get("family"))
        seen[family] += 1
        if len(chosen[family]) < _SAMPLES:
            chosen[family].append(one)
        elif (place := rng.randrange(seen[family])) < _SAMPLES:
            chosen[family][place] = one
    lines = ["## Samples\n"]
    for family, trajectories in sorted(chosen.items()):
        sheet = sample_sheet([Sample.of(one, run.load_pictures(one)) for one in trajectories])
        name = f"samples-{family}.png"
        write_bytes(out / name, _small_png(sheet))
        lines.append(f"### {family}\n\n![{family}: pictures, questions, what the code showed, answers]({name})\n")
    return "\n".join(lines)


def _small_png(sheet: Image.Image) -> bytes:
    """A sheet is looked at, not measured: 256 colours make a third of the size."""
    buffer = BytesIO()
    sheet.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
