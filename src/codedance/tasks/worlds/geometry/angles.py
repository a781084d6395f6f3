"""Angles that follow from other angles: in triangles and quadrangles, around a point, between parallels."""

from __future__ import annotations

import math
from random import Random

from codedance.tasks.worlds.figures.drawing import Point, fitted, polar
from codedance.tasks.worlds.figures.marks import angle_mark, corner_name, equal_mark
from codedance.tasks.worlds.figures.puzzle import Figure, Given, Kind, Panel, Puzzle, Step
from codedance.tasks.worlds.figures.reading import reading_script
from codedance.tasks.worlds.figures.words import ask, unit_tail

__all__ = ["ANGLE_KINDS", "marked_question"]

_SIGNS = ("?", "x", "?", "y", "w")
_ORDINALS = ("one angle", "another angle", "a third angle", "a fourth angle")
_MARKED_ASKS = (
    "How large is {x}?",
    "{X} has no number. How many degrees does it have?",
    "How many degrees is {x}?",
    "What size is {x}?",
    "One angle is not given: {x}. How large is it?",
    "Which value does {x} have?",
    "How many degrees belong to {x}?",
)


def marked_question(rng: Random, sign: str) -> tuple[str, str]:
    """A question for the angle that carries a sign instead of degrees, and what it is called."""
    if sign == "?":
        quantity, sought = rng.choice(('the angle marked "?"', "the angle with the question mark")), "the missing angle"
    else:
        quantity, sought = (
            rng.choice((f"the angle {sign}", f"angle {sign}", f"the angle marked {sign}")),
            f"the angle {sign}",
        )
    asks = [one.format(x=quantity, X=quantity[0].upper() + quantity[1:]) for one in _MARKED_ASKS]
    return ask(rng, quantity, also=asks), sought


def _parts(rng: Random, whole: int, least: list[int]) -> list[int]:
    """Random angles that add up to a whole, none below its least."""
    while True:
        cuts = sorted(rng.randint(1, whole - 1) for _ in least[1:])
        parts = [end - start for start, end in zip([0, *cuts], [*cuts, whole], strict=True)]
        if all(part >= low and part != 180 for part, low in zip(parts, least, strict=True)):
            return parts


def _given(givens: list[Given], value: int, box: tuple[int, int, int, int], *, meaning: str | None = None) -> None:
    count = len(givens)
    meaning = meaning or _ORDINALS[count]
    givens.append(Given(name="abcd"[count], meaning=meaning, value=value, text=f"{value}°", box=box))


def _triangle(panel: Panel, rng: Random) -> Puzzle:
    angles = _parts(rng, 180, [30, 30, 30] if panel.hard else [40, 40, 40])
    turn, size = rng.randrange(360), panel.inner(1.0)
    # Corners on a circle: the arc between two of them is twice the angle that looks at it.
    ways = [turn, turn + 2 * angles[2], turn + 2 * angles[2] + 2 * angles[0]]
    points = fitted([polar((0, 0), 1, way) for way in ways], size)
    return _polygon(panel, rng, points, angles=angles)


def _quadrangle(panel: Panel, rng: Random) -> Puzzle:
    while True:
        a, b, c = (rng.randint(58, 125) for _ in range(3))
        d = 360 - a - b - c
        if 58 <= d <= 125 and a + b not in (180, 181, 179):
            break
    # From the base upwards: side lengths are free as long as the figure stays convex.
    base, left = 1.0, rng.uniform(0.55, 0.9)
    p, q = (0.0, 0.0), (base, 0.0)
    s = polar(p, left, a)
    # The side from q rises at 180 - b, the one from s runs at a - 180 + d: they meet in r.
    u, v = math.radians(180 - b), math.radians(a - 180 + d)
    ds = (s[0] - q[0], -(s[1] - q[1]))
    across = math.cos(u) * math.sin(v) - math.sin(u) * math.cos(v)
    reach = (ds[0] * math.sin(v) - ds[1] * math.cos(v)) / across if abs(across) > 1e-6 else 0.0
    r = polar(q, reach, 180 - b)
    if not 0.35 < reach < 1.6 or math.dist(r, s) < 0.35:
        return _quadrangle(panel, rng)
    points = fitted([p, q, r, s], panel.inner(1.0))
    return _polygon(panel, rng, points, angles=[a, b, c, d])


def _polygon(panel: Panel, rng: Random, points: list[Point], *, angles: list[int]) -> Puzzle:
    """A polygon with all angles but one written in it; corners go counterclockwise."""
    count = len(points)
    middle = (sum(x for x, _ in points) / count, sum(y for _, y in points) / count)
    panel.sheet.area(points, rng.choice(panel.theme.fills))
    panel.sheet.path(points, panel.theme.ink, panel.stroke, closed=True)
    sign, hidden = rng.choice(_SIGNS), rng.randrange(count)
    names = rng.sample("ABCDEKLMPQRST", count) if rng.random() < 0.6 else []
    givens: list[Given] = []
    for index, (point, angle) in enumerate(zip(points, angles, strict=True)):
        arms = (points[(index + 1) % count], points[index - 1])
        box = angle_mark(panel, point, arms, text=sign if index == hidden else f"{angle}°")
        if names:
            corner_name(panel, point, middle, text=names[index])
        if index != hidden:
            _given(givens, angle, box, meaning=f"the angle at {names[index]}" if names else None)
    whole, noun = (180, "triangle") if count == 3 else (360, "quadrilateral")
    question, sought = marked_question(rng, sign)
    if names and rng.random() < 0.4:
        sought = f"the angle at {names[hidden]}"
        question = ask(rng, sought, also=[f"How large is {sought}?", f"How many degrees does {sought} have?"])
    plan = (
        f"The angles of a {noun} add up to {whole}°, so I subtract the others.",
        f"In any {noun} the angles make {whole}° together.",
        f"What is missing to {whole}° is the answer, since this is a {noun}.",
    )
    return _rest(
        rng,
        givens,
        angles[hidden],
        whole=whole,
        words=(question, sought, rng.choice(plan), noun, f"angle sum of a {noun}"),
    )


def _rest(
    rng: Random, givens: list[Given], hidden: int, *, whole: int, words: tuple[str, str, str, str, str]
) -> Puzzle:
    """The puzzle of the part that is left of a whole."""
    question, sought, plan, noun, knowledge = words
    names = [one.name for one in givens]
    total = sum(int(one.value) for one in givens)
    return Puzzle(
        question=question,
        tail=unit_tail(rng, "degrees"),
        mistakes=(whole - int(givens[0].value), total, abs(540 - whole - total), abs(hidden - 90), hidden + 10),
        figure=Figure(
            kind="",
            givens=tuple(givens),
            steps=(
                Step(
                    name="missing",
                    question=f"What is left of {whole} degrees?",
                    expression=f"{whole} - {' - '.join(names)}",
                    value=hidden,
                    knowledge=knowledge,
                ),
            ),
            sought=sought,
            plan=plan,
            check=f"missing + {' + '.join(names)} == {whole}",
            noun=noun,
            unit="°",
        ),
    )


def _around(panel: Panel, rng: Random) -> Puzzle:
    """Angles side by side along a straight line, or all around a point."""
    full = panel.hard and rng.random() < 0.5
    whole = 360 if full else 180
    count = rng.randint(3, 4) if full else rng.randint(3, 4) if panel.hard else 2
    parts = _parts(rng, whole, [30 if count > 2 else 42] * count)
    left, top, right, bottom = panel.inner(0.6)
    centre = ((left + right) / 2, (top + bottom) / 2 if full else top + (bottom - top) * 0.66)
    reach = min((right - left) / 2, (bottom - top) * (0.5 if full else 0.64))
    turn = rng.randrange(360) if full else 0
    ways = [turn + sum(parts[:index]) for index in range(count + full)]
    if not full:
        panel.sheet.line(
            (centre[0] - reach, centre[1]), (centre[0] + reach, centre[1]), panel.theme.ink, width=panel.stroke
        )
    sign, hidden = rng.choice(_SIGNS), rng.randrange(count)
    givens: list[Given] = []
    for way in ways[full - 1 :] if not full else ways[:count]:
        panel.sheet.line(centre, polar(centre, reach, way), panel.theme.ink, width=panel.stroke)
    for index, part in enumerate(parts):
        arms = (polar(centre, reach, ways[index]), polar(centre, reach, ways[index] + part))
        box = angle_mark(panel, centre, arms, text=sign if index == hidden else f"{part}°")
        if index != hidden:
            _given(givens, part, box)
    panel.sheet.disc(centre, panel.stroke * 1.2, panel.theme.ink)
    question, sought = marked_question(rng, sign)
    if full:
        plan, knowledge = "All angles around a point make 360° together.", "angles around a point"
    else:
        plan, knowledge = "Angles along a straight line add up to 180°.", "angles on a straight line"
    return _rest(rng, givens, parts[hidden], whole=whole, words=(question, sought, plan, "figure", knowledge))


def _isosceles(panel: Panel, rng: Random) -> Puzzle:
    """Two equal sides: from the angle at the tip to one at the base, or from outside the base to the tip."""
    base = rng.randint(38, 74)
    tip, outside = 180 - 2 * base, panel.hard and rng.random() < 0.5
    height = math.tan(math.radians(base))
    left, top, right, bottom = panel.inner(0.8)
    sign = rng.choice(_SIGNS)
    room = (left, top, right - (2.6 * panel.size if outside else 0), bottom)
    points = fitted([(-1, 0), (1, 0), (0, -height)], room)
    panel.sheet.area(points, rng.choice(panel.theme.fills))
    panel.sheet.path(points, panel.theme.ink, panel.stroke, closed=True)
    equal_mark(panel, (points[0], points[2]))
    equal_mark(panel, (points[1], points[2]))
    givens: list[Given] = []
    if outside:
        far = (points[1][0] + 2.6 * panel.size, points[1][1])
        panel.sheet.line(points[1], far, panel.theme.ink, width=panel.stroke)
        _given(
            givens,
            180 - base,
            angle_mark(panel, points[1], (far, points[2]), text=f"{180 - base}°"),
            meaning="the angle outside",
        )
        angle_mark(panel, points[2], (points[0], points[1]), text=sign)
        steps = (
            ("inside", "What is the angle inside at the base?", "180 - a", base, "angles on a straight line"),
            ("tip", "What is the angle at the tip?", "180 - 2 * inside", tip, "base angles of an isosceles triangle"),
        )
        plan = "The marked sides are equal, so both base angles are; the inner one is what the outer leaves of 180°."
        check, mistakes = "tip + 2 * inside == 180", (base, 180 - base, 2 * base)
    else:
        _given(
            givens,
            tip,
            angle_mark(panel, points[2], (points[0], points[1]), text=f"{tip}°"),
            meaning="the angle between the equal sides",
        )
        side = rng.choice((0, 1))
        angle_mark(panel, points[side], (points[1], points[2]) if side == 0 else (points[2], points[0]), text=sign)
        steps = (
            ("both", "How much is left for both base angles?", "180 - a", 180 - tip, "angle sum of a triangle"),
            ("base", "What is one base angle?", "both // 2", base, "base angles of an isosceles triangle"),
        )
        plan = "The strokes mark equal sides, so the two base angles are equal and share what the tip leaves of 180°."
        check, mistakes = "2 * base + a == 180", (180 - tip, tip, base + 10)
    question, sought = marked_question(rng, sign)
    return Puzzle(
        question=question,
        tail=unit_tail(rng, "degrees"),
        mistakes=mistakes,
        figure=Figure(
            kind="",
            givens=tuple(givens),
            steps=tuple(Step(name=n, question=q, expression=e, value=v, knowledge=k) for n, q, e, v, k in steps),
            sought=sought,
            plan=plan,
            check=check,
            noun="triangle",
            unit="°",
        ),
    )


ANGLE_KINDS = (
    Kind(name="triangle-angle", draw=_triangle, script=reading_script, easy=3, hard=2),
    Kind(name="quadrilateral-angle", draw=_quadrangle, script=reading_script, hard=2),
    Kind(name="angles-around", draw=_around, script=reading_script, easy=2, hard=2, shape="wide"),
    Kind(name="isosceles", draw=_isosceles, script=reading_script, hard=2),
)
