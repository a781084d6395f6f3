"""How the oracle measures charts without numbers: scale, pixels, values, and what is computed with them."""

from __future__ import annotations

from dataclasses import replace

from codedance.tasks.worlds.charts.areas import areas_script
from codedance.tasks.worlds.charts.looking import Job, entries_read, legend_turn, missed_turn, printed_result
from codedance.tasks.worlds.charts.measuring import (
    Frame,
    axes_code,
    find_frame,
    gauge,
    gauge_code,
    named_code,
    variable,
)
from codedance.tasks.worlds.charts.model import ChartKind
from codedance.tasks.worlds.charts.questions import answer_names
from codedance.tasks.worlds.charts.thoughts import listed, think
from codedance.tasks.worlds.closeups import closer_look
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.figures.looking import Look, union
from codedance.tasks.worlds.scene import Box
from codedance.tasks.worlds.sums import computed, sum_code

__all__ = ["gauge_script"]

_COMPARING = frozenset(
    {"highest", "lowest", "rank", "rises", "falls", "largest rise", "largest fall", "over", "longest rise"}
)
"""Kinds of questions that pixels alone decide."""


def gauge_script(job: Job) -> Script:
    """The turns for a chart without numbers."""
    facts, rng = job.facts, job.rng
    legend, said = legend_turn(job), ""
    if legend is not None:
        if facts.kind is ChartKind.PIE:
            entries = [entry.box for entry in facts.entries if entry.box is not None]
            said = yield from missed_turn(job, entries, what="the legend", share=0.2)
        yield replace(legend, thought=said or legend.thought)
        said = entries_read(job) + " "
    if facts.kind is ChartKind.PIE:
        return (yield from areas_script(job, said))
    frame = find_frame(job.scene.image, facts)
    assert frame is not None, "charts that cannot be measured are not asked about"
    if facts.asked.asks in _COMPARING and rng.random() < 0.6:
        return (yield from _compared(job, frame, said))
    missed = ""
    if not said:
        missed = yield from missed_turn(
            job, [tick.box for tick in facts.ticks], what="the numbers of the scale", share=0.14
        )
    look, views = _scale_look(job, frame)
    if not _asked_by_bar(job) and rng.random() < 0.4:
        more, view = _names_look(job, frame)
        look, views = f"{more}\n{look}", (view, *views)
    yield Code(
        f"{said}{missed} {think('axes', rng)}".strip(), f"{axes_code(facts)}\n{look}", views=views, prints=frame.printed
    )
    low, high = (job.facts.ticks[place].value for place in (0, -1))
    thought = think("measure", rng, low=f"{low:g}", high=f"{high:g}", what=job.what)
    named = named_code(job.scene.image, facts)
    if named is not None:
        return (yield from _by_colour(job, frame, thought, f"low, high = {low:g}, {high:g}\n{named}"))
    series = list(dict.fromkeys(series for series, _ in facts.asked.needed))
    code = f"low, high = {low:g}, {high:g}\n{gauge_code(facts, series, scaled=True)}"
    return (yield from _valued(job, frame, thought=thought, code=code, series=series, scaled=True))


def _scale_look(job: Job, frame: Frame) -> Look:
    """Code that shows the numbers at the axis of values: all of them, or the first and the last."""
    facts, rng = job.facts, job.rng
    width = job.scene.image.width
    first, last = frame.ticks[0], frame.ticks[-1]
    ends = (facts.ticks[0].box, facts.ticks[-1].box)
    if facts.kind is ChartKind.ROW:
        near = "(column - 32, base + 5, column + 32, base + 33)"
        cuts: list[Box] = [(at - 32, frame.base + 5, at + 32, frame.base + 33) for at in (first, last)]
        whole, cut = (
            "(axis - 30, base, input_image.width, base + 40)",
            (frame.axis - 30, frame.base, width, frame.base + 40),
        )
        name = "column"
    else:
        near = "(max(0, axis - 62), row - 13, axis - 6, row + 13)"
        cuts = [(max(0, frame.axis - 62), at - 13, frame.axis - 6, at + 13) for at in (first, last)]
        whole, cut = "(0, ticks[0] - 13, axis, base + 13)", (0, first - 13, frame.axis, frame.base + 13)
        name = "row"
    fits = all(any(union([box, one]) == one for one in cuts) for box in ends)
    if fits and rng.random() < 0.5:
        code = (
            f"for {name} in (ticks[0], ticks[-1]):\n    part = input_image.crop({near})\n"
            "    part.resize((part.width * 4, part.height * 4)).show()"
        )
        return code, tuple(View(one, 4) for one in cuts)
    scale = 2 if max(cut[2] - cut[0], cut[3] - cut[1]) < 560 else 1
    if facts.ticks[0].box[3] - facts.ticks[0].box[1] < 14:
        scale = 2
    code = f"part = input_image.crop({whole})\n"
    code += f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    return code, (View(cut, scale),)


def _asked_by_bar(job: Job) -> bool:
    """True if only colours matter, no names along the axis."""
    return job.facts.by_item and job.facts.asked.by_colour


def _names_look(job: Job, frame: Frame) -> tuple[str, View]:
    """Code that shows the names along their axis."""
    width, height = job.scene.image.size
    if job.facts.kind is ChartKind.ROW:
        return "input_image.crop((0, 0, axis + 20, base)).show()", View((0, 0, frame.axis + 20, frame.base))
    cut = (frame.axis - 20, frame.base, width, height)
    return "input_image.crop((axis - 20, base, *input_image.size)).show()", View(cut)


def _compared(job: Job, frame: Frame, said: str) -> Script:
    """Pixels are measured and compared in one go."""
    facts = job.facts
    series = list(dict.fromkeys(series for series, _ in facts.asked.needed))
    setup = axes_code(facts).rsplit("\n", 1)[0]  # the axes need not be printed
    if facts.kind in (ChartKind.BAR, ChartKind.GROUPED, ChartKind.STACKED):
        setup = "\n".join(line for line in setup.split("\n") if not line.startswith("ticks"))
    code = f"{setup}\n{gauge_code(facts, series, scaled=False)}"
    thought = said + think("compare", job.rng, what=job.what)
    return (yield from _valued(job, frame, thought=thought, code=code, series=series, scaled=False))


def _valued(job: Job, frame: Frame, *, thought: str, code: str, series: list[int], scaled: bool) -> Script:
    """Measure, print, compute, and say what came out."""
    facts, rng, asked = job.facts, job.rng, job.facts.asked
    image = job.scene.image
    measured: dict[tuple[int, int], float] = {}
    for one in series:
        for item in range(len(facts.items)):
            value = gauge(image, facts, frame, facts.mark(one, item), scaled=scaled)
            if value is not None:
                measured[one, item] = value
    places = facts.decimals if scaled else 0
    shown_lines, prints = [], []
    for one in series:
        name = variable(facts, one)
        after = f", {places}" if places else ""
        several = f"'{name}', " if len(series) > 1 else ""
        shown_lines.append(f"print({several}[round(value{after}) for value in {name}])")
        texts = [_rounded(measured.get((one, item)), places) for item in range(len(facts.items))]
        prints.append(f"{name} [{', '.join(texts)}]" if len(series) > 1 else f"[{', '.join(texts)}]")
    known = all((one, item) in measured for one in series for item in range(len(facts.items)))
    final, result = _sum(job, [measured[place] for place in asked.needed], series)
    if asked.answers == "item" and asked.asks in ("highest", "lowest", "rank") and rng.random() < 0.5:
        place = answer_names(facts, asked).index(job.scene.answer)
        yield Code(thought, "\n".join([code, *shown_lines]), views=(), prints="\n".join(prints) if known else None)
        return (yield from _name_there(job, place))
    twice = rng.random() < 0.55
    if twice:
        yield Code(thought, "\n".join([code, *shown_lines]), views=(), prints="\n".join(prints) if known else None)
        shown = yield Code(_where_named(job) + think("compute", rng), final, views=(), prints=result)
    else:
        shown = yield Code(f"{thought} {_where_named(job)}".strip(), f"{code}\n{final}", views=(), prints=result)
    if not twice and scaled and facts.kind is ChartKind.BAR and asked.asks == "value" and rng.random() < 0.5:
        yield _check(job)
        return Final(think("checked", rng, value=shown), shown)
    return Final(think("result", rng, answer=shown), shown)


def _where_named(job: Job) -> str:
    """At which places the named values stand, in words."""
    facts, asked = job.facts, job.facts.asked
    items = list(dict.fromkeys(item for _, item in asked.needed))
    if len(items) > 3 or len(items) == len(facts.items):
        return ""
    side = "top" if facts.kind is ChartKind.ROW else "left"
    named = [f"{facts.items[item]} is number {item + 1}" for item in items]
    return f"{listed(named)} from the {side}. "


def _by_colour(job: Job, frame: Frame, thought: str, code: str) -> Script:
    """Measure only the bars whose colours are named, and compute."""
    facts, asked = job.facts, job.facts.asked
    gauged = [gauge(job.scene.image, facts, frame, mark, scaled=True) for mark in job.marks]
    measured = [value for value in gauged if value is not None]
    threshold = "" if asked.threshold is None else f"{asked.threshold:g}"
    final = sum_code(asked.asks, places=asked.places, threshold=threshold, rank=asked.rank)
    result = printed_result(job, computed(asked.asks, measured, threshold=asked.threshold, rank=asked.rank))
    shown = yield Code(thought, f"{code}\n{final}", views=(), prints=result)
    return Final(think("result", job.rng, answer=shown), shown)


def _rounded(value: float | None, places: int) -> str:
    return "" if value is None else str(round(value, places)) if places else str(round(value))


def _sum(job: Job, measured: list[float], series: list[int]) -> tuple[str, str]:
    """Code that picks the needed values and computes with them, and what it prints."""
    facts, asked = job.facts, job.facts.asked
    names = answer_names(facts, asked)
    lines = [*_picked(job, series)]
    if names:
        lines.append(f"names = {names!r}")
    threshold = "" if asked.threshold is None else f"{asked.threshold:g}"
    size = len(measured) // len(names) if names else 1
    lines.append(sum_code(asked.asks, places=asked.places, threshold=threshold, rank=asked.rank, size=size))
    result = computed(asked.asks, measured, names, threshold=asked.threshold, rank=asked.rank)
    return "\n".join(lines), printed_result(job, result)


def _picked(job: Job, series: list[int]) -> list[str]:
    """Lines that put the needed values into ``values``, in their order."""
    facts, needed = job.facts, job.facts.asked.needed
    everything = [(one, item) for one in series for item in range(len(facts.items))]
    if list(needed) == everything:
        names = [variable(facts, one) for one in series]
        return [] if names == ["values"] else [f"values = {' + '.join(names)}"]
    if facts.asked.asks.endswith("total"):
        names = [variable(facts, one) for one in series]
        return [f"values = [part for parts in zip({', '.join(names)}) for part in parts]"]
    return [f"values = [{', '.join(f'{variable(facts, one)}[{item}]' for one, item in needed)}]"]


def _name_there(job: Job, place: int) -> Script:
    """Look at the name of the value that is ahead."""
    facts, rng = job.facts, job.rng
    box = facts.item_boxes[place]
    code, views = closer_look([box], job.scene.image.size, rng, glyph=min(box[3] - box[1], 12))
    yield Code(think("which", rng, place=place + 1), code, views=views, prints="")
    return Final(think("named", rng, answer=job.scene.answer), job.scene.answer)


def _check(job: Job) -> Code:
    """Draw a line at the height that was measured."""
    place = job.facts.asked.needed[0][1]
    code = (
        "from PIL import ImageDraw\n"
        "marked = input_image.copy()\n"
        f"row = bars[{place}][1]\n"
        "ImageDraw.Draw(marked).line((axis, row, marked.width, row), fill='magenta', width=2)\n"
        "marked.crop((0, ticks[0] - 13, marked.width, base + 13))"
    )
    return Code(think("check", job.rng), code, prints="")
