"""What figures are made of: options, recipes, pixels found as numpy finds them, crops as the code cuts them."""

from __future__ import annotations

import contextlib
import io
import math
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from codedance.tasks.worlds.drawing import jittered
from codedance.tasks.worlds.family import View
from codedance.tasks.worlds.figures.drawing import INKS, Sheet, Theme, fitted, page
from codedance.tasks.worlds.figures.family import figure_family
from codedance.tasks.worlds.figures.looking import Look, colour_look, eighths_look, tens_look
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.figures.puzzle import Kind, Panel
from codedance.tasks.worlds.figures.recipes import evaluate
from codedance.tasks.worlds.figures.words import numeric_options
from codedance.tasks.worlds.geometry.angles import ANGLE_KINDS
from codedance.tasks.worlds.geometry.axes import AXES_KINDS
from codedance.tasks.worlds.geometry.clocks import CLOCK_KINDS
from codedance.tasks.worlds.geometry.compare import COMPARE_KINDS
from codedance.tasks.worlds.geometry.composite import COMPOSITE_KINDS
from codedance.tasks.worlds.geometry.dials import DIAL_KINDS
from codedance.tasks.worlds.geometry.grid import GRID_KINDS
from codedance.tasks.worlds.geometry.levels import LEVEL_KINDS
from codedance.tasks.worlds.geometry.mirror import MIRROR_KINDS
from codedance.tasks.worlds.geometry.plane import PLANE_KINDS
from codedance.tasks.worlds.geometry.round import ROUND_KINDS
from codedance.tasks.worlds.geometry.ruler import RULER_KINDS
from codedance.tasks.worlds.geometry.scale import SCALE_KINDS
from codedance.tasks.worlds.geometry.turns import TURN_KINDS
from codedance.tasks.worlds.mathematics.balance import BALANCE_KINDS
from codedance.tasks.worlds.mathematics.calendar import CALENDAR_KINDS
from codedance.tasks.worlds.mathematics.dots import DOT_KINDS
from codedance.tasks.worlds.mathematics.graphs import GRAPH_KINDS
from codedance.tasks.worlds.mathematics.lines import LINE_KINDS
from codedance.tasks.worlds.mathematics.money import MONEY_KINDS
from codedance.tasks.worlds.mathematics.numbers import NUMBER_KINDS
from codedance.tasks.worlds.mathematics.parts import PART_KINDS
from codedance.tasks.worlds.mathematics.plans import PLAN_KINDS
from codedance.tasks.worlds.mathematics.sets import SET_KINDS
from codedance.tasks.worlds.mathematics.squares import SQUARE_KINDS
from codedance.tasks.worlds.scene import Box, Difficulty

GEOMETRY = (
    *ANGLE_KINDS, *PLANE_KINDS, *ROUND_KINDS, *COMPOSITE_KINDS, *RULER_KINDS, *SCALE_KINDS, *LEVEL_KINDS, *DIAL_KINDS,
    *CLOCK_KINDS, *TURN_KINDS, *GRID_KINDS, *AXES_KINDS, *COMPARE_KINDS, *MIRROR_KINDS,
)  # fmt: skip
MATHEMATICS = (
    *BALANCE_KINDS, *CALENDAR_KINDS, *DOT_KINDS, *GRAPH_KINDS, *LINE_KINDS, *MONEY_KINDS, *NUMBER_KINDS, *PART_KINDS,
    *PLAN_KINDS, *SET_KINDS, *SQUARE_KINDS,
)  # fmt: skip
KINDS = (*GEOMETRY, *MATHEMATICS)
DRAWN = [(kind, hard) for kind in KINDS for hard in (False, True) if (kind.hard if hard else kind.easy)]


def run_bare(code: str, image: Image.Image) -> list[Image.Image]:
    """The pictures that code shows, without the sandbox around it."""
    shown: list[Image.Image] = []
    *lines, last = code.split("\n")
    names: dict[str, Any] = {"input_image": image, "show": shown.append}
    source = "\n".join([*lines, last]).replace(".show()", "")
    source = "\n".join(
        f"{line[: len(line) - len(line.lstrip())]}show({line.lstrip()})" if line == source.split("\n")[-1] else line
        for line in source.split("\n")
    )
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, names)
    return shown


def assert_shows(look: Look, image: Image.Image) -> None:
    code, views = look
    shown = run_bare(code, image)
    wanted = [image.crop(view.box).resize(view.size) for view in views]
    assert [one.tobytes() for one in shown] == [one.tobytes() for one in wanted]


@pytest.fixture
def noisy() -> Image.Image:
    return Image.frombytes("RGB", (331, 247), Random(5).randbytes(331 * 247 * 3))


@pytest.mark.parametrize("boxes", [[(20, 30, 90, 80)], [(3, 2, 40, 50), (200, 100, 320, 240)], [(0, 0, 331, 247)]])
def test_code_cuts_what_its_views_say(noisy: Image.Image, boxes: list[Box]) -> None:
    for look in (eighths_look(boxes, noisy.size), tens_look(boxes, noisy.size)):
        assert_shows(look, noisy)
        for box, view in zip(boxes, look[1], strict=True):
            left, top, right, bottom = view.box
            assert (min(left, box[0]), min(top, box[1])) == (left, top)
            assert (max(right, box[2]), max(bottom, box[3])) == (right, bottom)


def test_code_cuts_around_a_colour(noisy: Image.Image) -> None:
    ground = Image.new("RGB", (200, 150), "white")
    ground.paste(jittered("purple", Random(1)), (60, 40, 100, 70))
    look = colour_look(ground, "purple", margin=10)
    assert look[1] == (View((50, 30, 110, 80), look[1][0].scale),)
    assert_shows(look, ground)
    with pytest.raises(ValueError, match="nothing in the picture is orange"):
        colour_look(ground, "orange")


def test_pixels_are_found_as_numpy_finds_them() -> None:
    for seed in range(6):
        rng = Random(seed)
        image = page((300, 200), Theme.chosen(rng, plain=True), rng)
        sheet = Sheet(image)
        for colour in rng.sample(INKS, 3):
            sheet.disc((rng.randint(30, 270), rng.randint(30, 170)), rng.uniform(5, 25), jittered(colour, rng))
        for colour in INKS:
            near = np.abs(np.array(image).astype(int) - ImageColor.getrgb(colour)).sum(2) < 60
            found = blob(near_mask(image, colour))
            assert (found is None) == (not near.any())
            if found is not None:
                rows, columns = np.where(near)
                assert found.count == near.sum()
                assert found.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                assert found.mean == (columns.mean(), rows.mean())


def test_the_right_option_has_any_place_equally_often() -> None:
    places: Counter[int] = Counter()
    for seed in range(2000):
        rng = Random(seed)
        right = rng.choice((rng.randint(5, 400), rng.randint(30, 400) / 10))
        options = numeric_options(rng, right, [right * 2, right / 2, right + 1], apart=0.5)
        assert len(set(options)) == 4
        assert list(options) == sorted(options)
        assert all(abs(one - right) > 0.5 for one in options if one != right)
        places[options.index(right)] += 1
    assert all(430 < count < 570 for count in places.values()), places


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + b * 2", 19), ("b - a", 2), ("a / b", 5 / 7), ("b // 2", 3), ("b % a", 2), ("a ** 2", 25),
        ("round(math.sqrt(a), 2)", 2.24), ("round(math.pi * a, 1)", 15.7), ("abs(a - b)", 2), ("-a", -5),
        ("Fraction(a, b) + Fraction(1, 7)", "6/7"), ("math.dist((0, 0), (3, 4))", 5.0), ("max(a, b)", 7),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_that_python_gives_it(expression: str, value: object) -> None:
    assert evaluate(expression, {"a": 5, "b": 7}) == value


@pytest.mark.parametrize("expression", ["__import__('os')", "a.real", "[a for a in (1,)]", "open('x')", "lambda: 1"])
def test_what_is_no_arithmetic_is_refused(expression: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        evaluate(expression, {"a": 5})


def test_a_figure_is_fitted_into_its_box() -> None:
    rng = Random(3)
    points = [(rng.uniform(-9, 9), rng.uniform(-9, 9)) for _ in range(7)]
    found = fitted(points, (10, 20, 110, 220))
    xs, ys = [x for x, _ in found], [y for _, y in found]
    assert 10 - 1e-6 <= min(xs) <= max(xs) <= 110 + 1e-6
    assert 20 - 1e-6 <= min(ys) <= max(ys) <= 220 + 1e-6
    assert math.isclose(max(xs) - min(xs), 100, abs_tol=1e-4) or math.isclose(max(ys) - min(ys), 200, abs_tol=1e-4)


@pytest.mark.parametrize(
    ("kind", "hard"), DRAWN, ids=[f"{kind.name}-{'hard' if hard else 'easy'}" for kind, hard in DRAWN]
)
def test_lettering_lies_in_the_picture_and_apart(kind: Kind, hard: bool) -> None:
    for seed in range(5):
        rng = Random(f"{kind.name}/{hard}/{seed}")
        theme = Theme.chosen(rng, plain=kind.plain)
        if not hard:
            size, lettering = (448, 448), 40
        elif kind.shared:
            size, lettering = (
                {"square": (420, 400), "wide": (480, 320), "tall": (360, 480)}[kind.shape],
                rng.randint(20, 27),
            )
        else:
            longer, lettering = rng.randint(*kind.extent), rng.randint(20, 27)
            size = {
                "square": (longer, longer * 9 // 10),
                "wide": (longer, longer * 13 // 20),
                "tall": (longer * 13 // 20, longer),
            }[kind.shape]
        sheet = Sheet(page(size, theme, rng))
        edge = lettering // 2
        kind.draw(Panel(sheet, (edge, edge, size[0] - edge, size[1] - edge), lettering, theme, hard), rng)
        for index, (left, top, right, bottom) in enumerate(sheet.written):
            assert 0 < left < right < size[0], (seed, sheet.written[index])
            assert 0 < top < bottom < size[1], (seed, sheet.written[index])
            for a, b, c, d in sheet.written[:index]:
                assert right <= a or c <= left or bottom <= b or d <= top, (seed, sheet.written[index], (a, b, c, d))


def test_a_family_draws_only_kinds_with_a_weight() -> None:
    family = figure_family("figures", PLANE_KINDS, choices=0.5, glances=("I see.",))
    easy = {family.make(Difficulty.EASY, seed, Random(seed)).asks for seed in range(40)}
    assert easy == {kind.name for kind in PLANE_KINDS if kind.easy}
