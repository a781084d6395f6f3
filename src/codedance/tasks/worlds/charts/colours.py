"""How the oracle finds bars and slices by their colours, and shows the numbers that stand there."""

from __future__ import annotations

from collections.abc import Generator

from codedance.tasks.worlds.charts.looking import Job
from codedance.tasks.worlds.charts.model import ChartKind, Entry, Mark
from codedance.tasks.worlds.charts.style import PLAIN_PALETTE
from codedance.tasks.worlds.charts.thoughts import think
from codedance.tasks.worlds.closeups import masked_code
from codedance.tasks.worlds.family import Code, View
from codedance.tasks.worlds.figures.looking import union
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.pieces import largest_piece
from codedance.tasks.worlds.scene import Box, Difficulty

__all__ = ["colour_race", "colour_turns", "recovery"]


def colour_turns(job: Job) -> Generator[Code, str, None] | None:
    """Find named colours by masks and show the numbers at them; ``None`` where colours are not named."""
    facts, asked = job.facts, job.facts.asked
    if not (asked.by_colour and facts.by_item) or len(asked.needed) > 3:
        return None
    found = [_found(job, mark) for mark in job.marks]
    boxes = [box for box in found if box is not None]
    if len(boxes) < len(found):
        return None
    cuts = zip(_beside(job, boxes)[1], (mark.label for mark in job.marks), strict=True)
    fits = all(label is not None and union([cut, label]) == cut for cut, label in cuts)
    if fits and facts.kind is ChartKind.PIE and job.rng.random() < 0.7:
        middle = _middle_turn(job)
        return middle or _masked_turns(job, boxes)
    return _masked_turns(job, boxes) if fits else None


def _middle_turn(job: Job) -> Generator[Code, str, None] | None:
    """Show the middle of each named slice, where its number stands; ``None`` if it does not stand there."""
    image, entries = job.scene.image, [job.facts.entry(*place) for place in job.facts.asked.needed]
    height = max(mark.label[3] - mark.label[1] for mark in job.marks if mark.label is not None)
    across, up = 2 * height + 6, height + 6
    cuts: list[Box] = []
    for entry, mark in zip(entries, job.marks, strict=True):
        found = blob(near_mask(image, entry.colour))
        # A patch of the same colour in the legend would pull the middle away.
        if found is None or entry.box is not None or mark.label is None:
            return None
        x, y = int(found.mean[0]), int(found.mean[1])
        cuts.append((x - across, y - up, x + across, y + up))
        if union([cuts[-1], mark.label]) != cuts[-1]:
            return None
    return _middle_code(job, [entry.colour for entry in entries], cuts, room=(across, up))


def _middle_code(job: Job, colours: list[str], cuts: list[Box], *, room: tuple[int, int]) -> Generator[Code, str, None]:
    scale = max(1, min(6, 240 // (2 * room[0])))
    enlarged = f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    several, margin = len(colours) > 1, "    " if len(colours) > 1 else ""
    lines = ["import numpy as np", "from PIL import ImageColor", "pixels = np.array(input_image).astype(int)"]
    if several:
        lines.append(f"for colour in ({', '.join(repr(one) for one in colours)}):")
    colour = "colour" if several else f"'{colours[0]}'"
    lines += [
        f"{margin}near = np.abs(pixels - ImageColor.getrgb({colour})).sum(2) < 60",
        f"{margin}rows, columns = np.where(near)",
        f"{margin}x, y = int(columns.mean()), int(rows.mean())",
        f"{margin}part = input_image.crop((x - {room[0]}, y - {room[1]}, x + {room[0]}, y + {room[1]}))",
        f"{margin}{enlarged}.show()" if several else enlarged,
    ]
    views = tuple(View(one, scale) for one in cuts)
    yield Code(think("colour look", job.rng, what=job.what), "\n".join(lines), views=views, prints="")


def _found(job: Job, mark: Mark) -> Box | None:
    """The box of what code takes for a bar or slice: the largest piece of its colour."""
    piece = largest_piece(near_mask(job.scene.image, job.facts.entry(mark.series, mark.item).colour))
    return None if piece is None else piece.box


def _masked_turns(job: Job, boxes: list[Box]) -> Generator[Code, str, None]:
    facts, rng = job.facts, job.rng
    entries = [facts.entry(*place) for place in facts.asked.needed]
    thought = think("colour look", rng, what=job.what)
    recovered = recovery(job, entries[0]) if rng.random() < 0.15 else None
    if recovered is not None:
        first, then = recovered
        yield first
        thought = then
    image = job.scene.image
    simple = all(near_mask(image, one.colour).getbbox() == box for one, box in zip(entries, boxes, strict=True))
    cut, cuts = _beside(job, boxes)
    scale = max(1, min(5, 320 // max(max(c - a, d - b) for a, b, c, d in cuts)))
    views = tuple(View(one, scale) for one in cuts)
    code = masked_code([one.colour for one in entries], cut=cut, scale=scale, simple=simple)
    yield Code(thought, code, views=views, prints="")


def _beside(job: Job, boxes: list[Box]) -> tuple[str, list[Box]]:
    """Where the number of a bar stands, seen from the bar: as code, and for each bar."""
    facts = job.facts
    width, height = job.scene.image.size
    label, box = job.marks[0].label or boxes[0], boxes[0]
    part = 8 if job.scene.difficulty is Difficulty.EASY else 16
    if facts.kind is ChartKind.PIE:
        return "(left, top, right, bottom)", boxes
    if facts.kind is ChartKind.ROW:
        room = width // 8
        if label[0] >= box[2]:
            return "(right, top, right + W // 8, bottom)", [(c, b, c + room, d) for _, b, c, d in boxes]
        return "(right - W // 8, top, right, bottom)", [(c - room, b, c, d) for _, b, c, d in boxes]
    room, beside = height // part, width // 32
    if label[3] <= box[1]:
        cut = f"(left - W // 32, top - H // {part}, right + W // 32, top + 3)"
        return cut, [(a - beside, b - room, c + beside, b + 3) for a, b, c, _ in boxes]
    return f"(left, top, right, top + H // {part})", [(a, b, c, b + room) for a, b, c, _ in boxes]


def recovery(job: Job, entry: Entry, *, plan: str = "colour look") -> tuple[Code, str] | None:
    """A first try at a colour that finds nothing, and the thought after it."""
    image, rng = job.scene.image, job.rng
    if entry.word != entry.colour and near_mask(image, entry.word).getbbox() is None:
        code = (
            "import numpy as np\nfrom PIL import ImageColor\npixels = np.array(input_image).astype(int)\n"
            f"near = np.abs(pixels - ImageColor.getrgb('{entry.word}')).sum(2) < 60\nprint(near.sum())"
        )
        first = Code(think(plan, rng, what=job.what), code, views=(), prints="0")
        return first, think("colour missed", rng, word=entry.word, shade=entry.colour)
    if not entry.exact and near_mask(image, entry.colour, reach=1).getbbox() is None:
        code = (
            "import numpy as np\nfrom PIL import ImageColor\npixels = np.array(input_image)\n"
            f"print((pixels == ImageColor.getrgb('{entry.colour}')).all(2).sum())"
        )
        first = Code(think(plan, rng, what=job.what), code, views=(), prints="0")
        return first, think("exact missed", rng)
    return None


def colour_race(job: Job) -> Code | None:
    """One cell that names the colour that is ahead or behind, trying all usual colours.

    ``None`` where something else is asked, where colours have other names, or where something else has them too.
    """
    facts, asked = job.facts, job.facts.asked
    if asked.answers != "colour" or not facts.by_item or any(one.word != one.colour for one in facts.entries):
        return None
    found = {tint.name: near_mask(job.scene.image, tint.name).getbbox() for tint in PLAIN_PALETTE}
    boxes = {facts.entry(*place).colour: _found(job, facts.mark(*place)) for place in asked.needed}
    if any(found[name] != boxes.get(name) for name in found):
        return None
    edge, first = {
        ChartKind.ROW: ("np.where(near)[1].max()", asked.asks == "lowest"),
        ChartKind.PIE: ("near.sum()", asked.asks == "lowest"),
    }.get(facts.kind, ("np.where(near)[0].min()", asked.asks == "highest"))
    code = (
        "import numpy as np\nfrom PIL import ImageColor\n"
        "pixels = np.array(input_image).astype(int)\n"
        "found = {}\n"
        f"for colour in ({', '.join(repr(tint.name) for tint in PLAIN_PALETTE)}):\n"
        "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60\n"
        "    if near.any():\n"
        f"        found[colour] = int({edge})\n"
        f"print({'min' if first else 'max'}(found, key=found.get))"
    )
    return Code(think("race", job.rng, what=job.what), code, views=(), prints=job.scene.answer)
