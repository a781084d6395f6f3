"""How the oracle answers questions about scatter charts: points are found by colour, counted and measured."""

from __future__ import annotations

from codedance.tasks.worlds.charts.clouds import point_result, point_value
from codedance.tasks.worlds.charts.looking import Job, entries_read, legend_turn
from codedance.tasks.worlds.charts.measuring import Frame, axes_code, find_frame
from codedance.tasks.worlds.charts.model import Asked, ChartFacts
from codedance.tasks.worlds.charts.thoughts import think
from codedance.tasks.worlds.family import Code, Final, Script, View
from codedance.tasks.worlds.figures.looking import Look
from codedance.tasks.worlds.scene import Box

__all__ = ["points_script"]

_PLANS: dict[str, tuple[str, ...]] = {
    "count": (
        "Counting by eye is risky here. I find the points{s} by colour and count the pieces.",
        "Code can count: a mask of the colour, then connected pieces within the axes.",
        "I let code count the points{s} between the axes.",
        "The points do not touch, so pieces of the colour can be counted.",
    ),
    "measure": (
        "The {v} axis goes from {low} to {high}. Now I find the points{s} and convert.",
        "I read {low} and {high} at the ends of the {v} axis. Next come the points{s}.",
        "So the ticks of the {v} axis span {low} to {high}. I locate the points{s} by colour.",
        "With {low} at the first tick and {high} at the last I can compute the {v} of each point{s}.",
    ),
    "axes": (
        "I need the scale of the {v} axis. Code finds the ticks, a crop shows their numbers.",
        "First the axis of the {v}: tick positions by code, numbers by looking.",
        "To turn pixels into {v} I look at the axis first.",
        "Step one: the {v} axis with its ticks and labels.",
    ),
}


def points_script(job: Job) -> Script:
    """The turns for a scatter chart."""
    facts, rng, asked = job.facts, job.rng, job.facts.asked
    legend, said = (legend_turn(job), "") if asked.asks != "most" or not asked.by_colour else (None, "")
    if legend is not None:
        yield legend
        said = entries_read(job) + " "
    words = _shown_words(facts)
    if asked.asks in ("count", "most"):
        code, prints = _counting(facts)
        thought = said + rng.choice(_PLANS["count"]).format(s=words)
        shown = yield Code(thought, code, views=(), prints=prints)
        if asked.asks == "most" and not asked.by_colour:
            answer = next(entry.name for entry in facts.entries if entry.word == shown)
            return Final(f"The code names {shown}, and the legend calls that {answer}.", answer)
        if asked.asks == "count" and facts.ticks and rng.random() < 0.3:
            yield Code(think("ringed", rng), _rings(facts), prints="")
            return Final(think("rings", rng, answer=shown), shown)
        return Final(think("result", rng, answer=shown), shown)
    frame = find_frame(job.scene.image, facts)
    assert frame is not None, "charts that cannot be measured are not asked about"
    look, views = _axis_look(job, frame)
    v = facts.noun if asked.level else facts.measure
    yield Code(
        said + rng.choice(_PLANS["axes"]).format(v=v),
        f"{_both_axes(facts)}\n{look}",
        views=views,
        prints=_printed(frame),
    )
    ticks = facts.columns if asked.level else facts.ticks
    low, high = f"{ticks[0].value:g}", f"{ticks[-1].value:g}"
    measured = [
        point_value(job.scene.image, facts, frame, facts.mark(*place), level=asked.level) for place in asked.needed
    ]
    thought = rng.choice(_PLANS["measure"]).format(v=v, low=low, high=high, s=words)
    shown = yield Code(thought, _measuring(facts, low, high), views=(), prints=_prints(asked, measured))
    return Final(think("result", rng, answer=shown), shown)


def _shown_words(facts: ChartFacts) -> str:
    if len(facts.entries) == 1 or facts.asked.asks == "most":
        return ""
    return f" in {facts.entries[facts.asked.needed[0][0]].word}"


def _prints(asked: Asked, measured: list[float]) -> str:
    match asked.asks:
        case "above":
            return str(sum(value > (asked.threshold or 0) for value in measured))
        case "below":
            return str(sum(value < (asked.threshold or 0) for value in measured))
        case _:
            result = point_result(asked.asks, measured)
            return str(round(result, asked.places)) if asked.places else str(round(result))


def _both_axes(facts: ChartFacts) -> str:
    lines = axes_code(facts).split("\n")
    columns = "columns = [column for column in range(axis - 1, ink.shape[1]) if ink[base + 3:base + 6, column].all()]"
    return "\n".join([*lines[:-1], columns, "print(axis, base, ticks, columns)"])


def _printed(frame: Frame) -> str:
    return f"{frame.printed} {list(frame.columns)}"


def _axis_look(job: Job, frame: Frame) -> Look:
    """Code that shows the numbers of the axis that is asked about."""
    width = job.scene.image.width
    if job.facts.asked.level:
        cut: Box = (frame.axis - 20, frame.base, width, frame.base + 40)
        code, scale = (
            "part = input_image.crop((axis - 20, base, input_image.width, base + 40))",
            2 if width < 600 else 1,
        )
    else:
        cut = (0, frame.ticks[0] - 13, frame.axis, frame.base + 13)
        code, scale = "part = input_image.crop((0, ticks[0] - 13, axis, base + 13))", 2
    shown = f"part.resize((part.width * {scale}, part.height * {scale}))" if scale > 1 else "part"
    return f"{code}\n{shown}", (View(cut, scale),)


def _pieces(facts: ChartFacts) -> list[str]:
    """Lines of a function that gives the middles of a colour's points between the axes."""
    return [
        "import cv2",
        "from PIL import ImageColor",
        "def points(colour):",
        "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60",
        "    near[:ticks[0] - 9], near[base:] = False, False  # the legend lies outside",
        "    count, labels, stats, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))",
        "    return centres[1:].tolist()",
    ]


def _counting(facts: ChartFacts) -> tuple[str, str]:
    setup = axes_code(facts).split("\n")[:-1]
    if not facts.ticks:
        return _plain_count(facts)
    if facts.asked.asks == "count":
        series = facts.asked.needed[0][0]
        last, prints = f"print(len(points('{facts.entries[series].colour}')))", str(len(facts.asked.needed))
    else:
        named = ", ".join(f"'{entry.word}': '{entry.colour}'" for entry in facts.entries)
        counting = f"counts = {{word: len(points(colour)) for word, colour in {{{named}}}.items()}}"
        last = f"{counting}\nprint(max(counts, key=counts.get))"
        counts = [sum(mark.series == series for mark in facts.marks) for series in range(len(facts.entries))]
        prints = facts.entries[counts.index(max(counts))].word
    return "\n".join([*setup, *_pieces(facts), last]), prints


def _rings(facts: ChartFacts) -> str:
    """A ring around each point that was counted."""
    colour = facts.entries[facts.asked.needed[0][0]].colour
    reach = (facts.marks[0].box[2] - facts.marks[0].box[0]) // 2 + 4
    return (
        "from PIL import ImageDraw\nmarked = input_image.copy()\ndraw = ImageDraw.Draw(marked)\n"
        f"for x, y in points('{colour}'):\n"
        f"    draw.ellipse((x - {reach}, y - {reach}, x + {reach}, y + {reach}), outline='magenta', width=2)\n"
        "marked"
    )


def _plain_count(facts: ChartFacts) -> tuple[str, str]:
    """Counting where there is neither legend nor writing."""
    colour = facts.entries[facts.asked.needed[0][0]].colour
    code = (
        "import cv2\nimport numpy as np\nfrom PIL import ImageColor\n"
        "pixels = np.array(input_image).astype(int)\n"
        f"near = np.abs(pixels - ImageColor.getrgb('{colour}')).sum(2) < 60\n"
        "count, labels, stats, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))\n"
        "print((stats[1:, 4] > 40).sum())"
    )
    return code, str(len(facts.asked.needed))


def _measuring(facts: ChartFacts, low: str, high: str) -> str:
    asked = facts.asked
    colour = facts.entries[asked.needed[0][0]].colour
    if asked.level:
        value = "low + (x - columns[0]) * (high - low) / (columns[-1] - columns[0])"
    else:
        value = "high - (y - ticks[0]) * (high - low) / (ticks[-1] - ticks[0])"
    lines = [f"low, high = {low}, {high}", *_pieces(facts), f"values = [{value} for x, y in points('{colour}')]"]
    after = f", {asked.places}" if asked.places else ""
    match asked.asks:
        case "above" | "below":
            lines.append(
                f"print(sum(value {'>' if asked.asks == 'above' else '<'} {asked.threshold:g} for value in values))"
            )
        case "average":
            lines.append(f"print(round(sum(values) / len(values){after}))")
        case _:
            lines.append(f"print(round({'max' if asked.asks == 'highest' else 'min'}(values){after}))")
    return "\n".join(lines)
