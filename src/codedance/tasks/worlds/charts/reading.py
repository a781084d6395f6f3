"""How the oracle reads charts whose values are written: it looks closer, and computes with the numbers that it read."""

from __future__ import annotations

from codedance.tasks.worlds.charts.colours import colour_turns
from codedance.tasks.worlds.charts.looking import (
    Job,
    entries_read,
    legend_turn,
    missed_turn,
    printed_number,
    printed_result,
)
from codedance.tasks.worlds.charts.model import Mark
from codedance.tasks.worlds.charts.naming import name_of
from codedance.tasks.worlds.charts.questions import answer_names
from codedance.tasks.worlds.charts.thoughts import read_out, think
from codedance.tasks.worlds.closeups import closer_look, two_looks
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.figures.looking import union
from codedance.tasks.worlds.scene import Box, Difficulty
from codedance.tasks.worlds.sums import computed, sum_code

__all__ = ["read_script"]


def read_script(job: Job) -> Script:
    """The turns for a chart with numbers."""
    rng = job.rng
    by_colour = colour_turns(job) if rng.random() < 0.6 else None
    if by_colour is not None:
        yield from by_colour
        return (yield from _conclude(job, again=False))
    legend = legend_turn(job)
    if legend is not None:
        yield legend
    return (yield from _looked(job, f"{entries_read(job)} " if legend is not None else ""))


def _looked(job: Job, said: str) -> Script:
    """Look at the numbers, once or twice, and go on from there."""
    rng, size = job.rng, job.scene.image.size
    boxes = _places(job)
    glyph = min(mark.label[3] - mark.label[1] for mark in job.marks if mark.label is not None)
    thought = ""
    if not said:
        what = (
            job.what if job.what.startswith("the number") else f"the number{'s' * (len(job.marks) > 1)} for {job.what}"
        )
        thought = yield from missed_turn(job, boxes, what=what, share=0.2)
    first = not said and not thought
    close = len(boxes) == 1 and job.scene.difficulty is Difficulty.HARD and not thought and rng.random() < 0.25
    twice = two_looks(boxes[0], size, rng, glyph=glyph) if close else None
    thought = said + (thought or think("look", rng, what=job.what))
    if twice is not None:
        (code, views), (closer, inner) = twice
        yield Code(thought, code, views=views, prints="")
        yield Code(think("closer", rng, what=job.what), closer, views=inner, prints="")
    else:
        code, views = closer_look(boxes, size, rng, glyph=glyph)
        yield Code(thought, code, views=views, prints="")
    return (yield from _conclude(job, again=first and twice is None))


def _places(job: Job) -> list[Box]:
    """What must be seen: a box for each of a few values with its name, one box for many."""
    facts, marks = job.facts, job.marks
    if facts.asked.asks == "inverse":
        marks = list(facts.marks)
    boxes = []
    for mark in marks:
        parts = [mark.label] if mark.label is not None else []
        if facts.item_boxes and not (facts.asked.by_colour and facts.by_item):
            parts.append(facts.item_boxes[mark.item])
        boxes.append(union(parts))
    if len(boxes) <= 3 and len({mark.item for mark in marks}) > 1 and job.rng.random() < 0.6:
        return boxes
    return [union(boxes)]


def _conclude(job: Job, *, again: bool) -> Script:
    """From the numbers that were read to the answer; where ``again``, they may be looked at a second time."""
    rng, asked = job.rng, job.facts.asked
    if asked.asks in ("value", "inverse"):
        yield from ()
        return Final(think("seen", rng, answer=job.scene.answer), job.scene.answer)
    texts = [_plain(mark) for mark in job.marks]
    names = _read_names(job)
    read = read_out(names, texts, rng)
    if asked.answers != "number" and rng.random() < 0.4:
        yield from ()
        return Final(think("decided", rng, read=read, answer=job.scene.answer), job.scene.answer)
    code, printed = _computing(job, texts)
    shown = yield Code(f"{read} {think('compute', rng)}", code, views=(), prints=printed)
    if again and len(texts) > 2 and rng.random() < 0.2:
        boxes = [union([mark.label for mark in job.marks if mark.label is not None])]
        glyph = min(box[3] - box[1] for box in (mark.label for mark in job.marks) if box is not None)
        code, views = closer_look(boxes, job.scene.image.size, rng, glyph=glyph)
        yield Code(think("again", rng), code, views=views, prints="")
        return Final(think("agreed", rng, answer=shown), shown)
    return Final(think("result", rng, answer=shown), shown)


def _plain(mark: Mark) -> str:
    return (mark.text or "").replace(",", "").rstrip("%")


def _read_names(job: Job) -> list[str]:
    facts, asked = job.facts, job.facts.asked
    if asked.asks in ("over", "highest total", "lowest total", "share"):
        return []
    return [
        facts.entry(*place).word
        if asked.by_colour and facts.by_item
        else name_of(facts, place, by_colour=asked.by_colour)
        for place in asked.needed
    ]


def _computing(job: Job, texts: list[str]) -> tuple[str, str]:
    """Code that computes with numbers that were read, and what it prints."""
    asked, rng = job.facts.asked, job.rng
    names = answer_names(job.facts, asked)
    values = [float(text) if "." in text else int(text) for text in texts]
    direct = {"difference": " - ", "ratio": " / ", "sum": " + "}.get(asked.asks)
    if direct and len(texts) <= 4 and rng.random() < 0.6:
        term = direct.join(texts)
        whole = asked.asks != "ratio" and not any("." in text for text in texts)
        code = f"print({term})" if whole else f"print(round({term}, {max(asked.places, 1)}))"
        return code, printed_number(computed(asked.asks, values), None if whole else max(asked.places, 1))
    lines = [f"values = [{', '.join(texts)}]"]
    if names:
        lines.append(f"names = {names!r}")
    threshold = "" if asked.threshold is None else f"{asked.threshold:g}"
    size = len(values) // len(names) if names else 1
    lines.append(sum_code(asked.asks, places=asked.places, threshold=threshold, rank=asked.rank, size=size))
    result = computed(asked.asks, values, names, threshold=asked.threshold, rank=asked.rank)
    return "\n".join(lines), printed_result(job, result)
