"""Circles and parts of circles whose radius or diameter is given."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.figures.drawing import Point, polar
from codedance.tasks.worlds.figures.marks import measure_line, side_mark
from codedance.tasks.worlds.figures.puzzle import Kind, Panel, Puzzle
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.recipes import Recipe, prepared
from codedance.tasks.worlds.figures.words import LENGTHS
from codedance.tasks.worlds.geometry.plane import given_length

__all__ = ["ROUND_KINDS"]

_DIAMETER = Recipe(
    sought="the diameter of the circle",
    steps=(("diameter", "What is twice the radius?", "2 * radius", "radius and diameter"),),
    plans=(
        "The line from the middle to the edge is the radius; the diameter is twice that.",
        "A diameter is two radii long.",
    ),
    also=(
        "How wide is the circle?",
        "What does the circle's diameter measure?",
        "How far is it across the circle through its middle?",
    ),
    wrong=("radius", "radius * 3", "radius + 2", "radius ** 2"),
)
_RADIUS = Recipe(
    sought="the radius of the circle",
    steps=(("radius", "What is half the diameter?", "diameter / 2", "radius and diameter"),),
    plans=(
        "The line runs all the way across, so it is the diameter; the radius is half of it.",
        "A radius is half a diameter.",
    ),
    also=("What does the circle's radius measure?", "How far is it from the middle of the circle to its edge?"),
    wrong=("diameter", "diameter * 2", "diameter / 4"),
)
_HALVED = (("radius", "What is the radius?", "diameter / 2", "radius and diameter"),)
_CIRCUMFERENCE = Recipe(
    sought="the circumference of the circle",
    steps=(("around", "How long is the way around?", "round(2 * math.pi * radius, 1)", "circumference of a circle"),),
    plans=("The circumference is 2 times pi times the radius.", "Around a circle it is 2 pi r."),
    also=("How long is the way around the circle?", "What does the circle measure around its edge?"),
    wrong=("math.pi * radius", "math.pi * radius ** 2", "4 * math.pi * radius"),
)
_AREA = Recipe(
    sought="the area of the circle",
    steps=(("area", "How large is the disc?", "round(math.pi * radius ** 2, 1)", "area of a circle"),),
    plans=("The area is pi times the radius squared.", "I use pi r squared."),
    also=("How large is the circle's area?", "What area does the circle cover?"),
    wrong=("2 * math.pi * radius", "math.pi * (2 * radius) ** 2", "math.pi * radius ** 2 / 2"),
    power=2,
)
_HALF_AREA = Recipe(
    sought="the area of the half circle",
    steps=(("area", "How large is half a disc?", "round(math.pi * radius ** 2 / 2, 1)", "area of a half circle"),),
    plans=("Half a disc has pi r squared over 2 as its area.", "It is half of a full circle, so I halve pi r squared."),
    also=("How large is the half circle?", "What area does the half circle cover?"),
    wrong=("math.pi * radius ** 2", "math.pi * radius", "math.pi * radius ** 2 / 4"),
    power=2,
)
_HALF_AROUND = Recipe(
    sought="the perimeter of the half circle",
    steps=(
        ("arc", "How long is the curved part?", "math.pi * radius", "length of an arc"),
        ("perimeter", "How long is it all around?", "round(arc + 2 * radius, 1)", "perimeter of a half circle"),
    ),
    plans=(
        "The way around is the curved half plus the straight diameter.",
        "I must not forget the straight side: half a circumference and one diameter.",
    ),
    also=("How long is the way around the half circle, the straight side included?",),
    wrong=("math.pi * radius", "2 * math.pi * radius", "math.pi * radius + radius"),
)
_RING = Recipe(
    sought="the area of the ring between the two circles",
    steps=(
        ("outside", "How large is the large disc over pi?", "large ** 2", "square"),
        ("inside", "How large is the small disc over pi?", "small ** 2", "square"),
        ("ring", "How large is the ring?", "round(math.pi * (outside - inside), 1)", "area of a ring"),
    ),
    plans=("The ring is the large disc without the small one.", "I subtract the small disc from the large one."),
    also=("How large is the coloured ring?", "What area does the ring cover?"),
    wrong=(
        "math.pi * (large - small) ** 2",
        "math.pi * (large + small)",
        "math.pi * large ** 2",
        "2 * math.pi * (large - small)",
    ),
    power=2,
)
_SLICE = Recipe(
    sought="the area of the coloured slice",
    steps=(
        ("share", "Which share of the disc is it?", "degrees / 360", "part of a whole"),
        ("area", "How large is that share of the disc?", "round(share * math.pi * radius ** 2, 1)", "area of a sector"),
    ),
    plans=(
        "The slice is the share of the disc that its angle is of 360°.",
        "A sector has its angle over 360 times pi r squared.",
    ),
    also=("How large is the coloured slice?", "What area does the slice cover?"),
    wrong=("math.pi * radius ** 2", "share * 2 * math.pi * radius", "(1 - share) * math.pi * radius ** 2"),
    power=2,
)


def _middle(panel: Panel, across: float, down: float) -> tuple[Point, float]:
    """Centre and radius of the largest circle with margins around it."""
    left, top, right, bottom = panel.inner(across, down)
    return ((left + right) / 2, (top + bottom) / 2), min(right - left, bottom - top) / 2


def _from_diameter(recipe: Recipe) -> Recipe:
    """The same question where the diameter is given."""
    return Recipe(recipe.sought, (*_HALVED, *recipe.steps), recipe.plans, recipe.also, recipe.wrong, recipe.power)


def _circle(panel: Panel, rng: Random) -> Puzzle:
    centre, size = _middle(panel, 1.2 if panel.hard else 0, 0.8 if panel.hard else 0)
    unit, across = rng.choice(LENGTHS), rng.random() < 0.5
    half, ink = panel.hard and rng.random() < 0.35, panel.theme.ink
    value = rng.randint(2, 40) if panel.hard else rng.randint(2, 24)
    value *= 2 if across and not panel.hard else 1
    text, turn = f"{value} {unit[0]}", rng.choice((0, 20, 35, 150, 200, 330) if panel.hard else (0, 180))
    if half:
        panel.sheet.sector(centre, size, (0, 180), fill=rng.choice(panel.theme.fills))
        panel.sheet.arc(centre, size, (0, 180), colour=ink, width=panel.stroke)
        panel.sheet.line((centre[0] - size, centre[1]), (centre[0] + size, centre[1]), ink, width=panel.stroke)
        ends = ((centre[0] - (size if across else 0), centre[1]), (centre[0] + size, centre[1]))
        box = measure_line(panel, ends, (centre[0], centre[1] - 9), text=text)
        panel.sheet.disc(centre, panel.stroke * 1.3, ink)
    else:
        panel.sheet.disc(centre, size, rng.choice(panel.theme.fills))
        panel.sheet.ring(centre, size, ink, width=panel.stroke)
        ends = (polar(centre, size if across else 0, turn + 180), polar(centre, size, turn))
        panel.sheet.line(*ends, ink, width=max(2.0, panel.stroke * 0.7))
        panel.sheet.disc(centre, panel.stroke * 1.3, ink)
        start = centre if across else ends[0]
        box = side_mark(panel, (start, ends[1]), (centre[0], centre[1] + 999), text=text)
    name, meaning = ("diameter", "the diameter") if across else ("radius", "the radius")
    if not panel.hard:
        recipe = _RADIUS if across else _DIAMETER
    else:
        recipe = rng.choice((_HALF_AREA, _HALF_AROUND) if half else (_AREA, _CIRCUMFERENCE))
        recipe = _from_diameter(recipe) if across else recipe
    given = given_length(name, meaning, value, written=(text, box))
    return prepared(rng, recipe, (given,), noun="half circle" if half else "circle", unit=unit)


def _ring(panel: Panel, rng: Random) -> Puzzle:
    """Two circles around one middle."""
    centre, size = _middle(panel, 3.2, 0.8)
    unit, ink = rng.choice(LENGTHS), panel.theme.ink
    small = rng.randint(3, 20)
    large = rng.randint(small * 7 // 5 + 1, small * 2 + 1)
    inner = size * small / large
    panel.sheet.disc(centre, size, rng.choice(panel.theme.fills))
    panel.sheet.disc(centre, inner, panel.theme.ground)
    for radius in (size, inner):
        panel.sheet.ring(centre, radius, ink, width=panel.stroke)
    panel.sheet.disc(centre, panel.stroke * 1.3, ink)
    texts = (f"{large} {unit[0]}", f"{small} {unit[0]}")
    way = rng.choice((20, 35, 325, 340))
    far, near = polar(centre, size, way), (centre[0] - inner, centre[1])
    for end in (far, near):
        panel.sheet.line(centre, end, ink, width=max(2.0, panel.stroke * 0.7))
    outside = polar(centre, size + 0.4 * panel.size, way)
    first = panel.sheet.write(texts[0], outside, panel.pen(), anchor="lb" if way < 180 else "lt")
    second = panel.sheet.write(texts[1], (centre[0] - 0.1 * inner, centre[1] - 0.7 * panel.size), panel.pen())
    givens = (
        given_length("large", "the large radius", large, written=(texts[0], first)),
        given_length("small", "the small radius", small, written=(texts[1], second)),
    )
    return prepared(rng, _RING, givens, noun="ring", unit=unit)


def _slice(panel: Panel, rng: Random) -> Puzzle:
    """A sector with its angle and its radius."""
    centre, size = _middle(panel, 1.2, 0.8)
    unit, ink = rng.choice(LENGTHS), panel.theme.ink
    degrees, radius = rng.choice((45, 60, 72, 80, 90, 100, 120, 135, 144, 150)), rng.randint(3, 30)
    start = rng.choice((0, 10, 25, 180, 200))
    panel.sheet.sector(centre, size, (start, start + degrees), fill=rng.choice(panel.theme.fills))
    panel.sheet.ring(centre, size, ink, width=panel.stroke)
    for way in (start, start + degrees):
        panel.sheet.line(centre, polar(centre, size, way), ink, width=panel.stroke)
    turned = f"{degrees}°"
    mark = panel.sheet.write(turned, polar(centre, size * 0.5, start + degrees / 2), panel.pen())
    text = f"{radius} {unit[0]}"
    edge = (polar(centre, size * 0.1, start), polar(centre, size, start))
    box = side_mark(panel, edge, polar(centre, size * 0.5, start + degrees / 2), text=text)
    givens = (
        given_length("degrees", "the angle", degrees, written=(turned, mark)),
        given_length("radius", "the radius", radius, written=(text, box)),
    )
    return prepared(rng, _SLICE, givens, noun="circle", unit=unit)


ROUND_KINDS = (
    Kind(name="circle", draw=_circle, script=reading_script, easy=3, hard=2),
    Kind(name="ring", draw=_ring, script=reading_script, hard=1),
    Kind(name="slice", draw=_slice, script=reading_script, hard=1),
)
