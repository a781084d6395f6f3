"""Geometry: answers follow from what is drawn, nothing can be guessed, the oracle's code finds it all again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping

import numpy as np
import pytest
from tests.worlds.figure_checks import (
    Mode,
    answered,
    computed_again,
    digest,
    drawn,
    faults,
    figure_of,
    given,
    known,
    near,
    number,
    texts,
)

from codedance.sandbox import LocalSandbox
from codedance.tasks.worlds import Category, Difficulty
from codedance.tasks.worlds.baselines import best_constant, blind_result
from codedance.tasks.worlds.figures.puzzle import Figure
from codedance.tasks.worlds.question import Question

EASY, HARD = Difficulty.EASY, Difficulty.HARD


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


@pytest.mark.parametrize(("difficulty", "expected"), [(EASY, "ae753a8d4ad7621e"), (HARD, "05d733ff6b03c551")])
def test_a_seed_means_the_same_pixels_and_words_for_ever(difficulty: Difficulty, expected: str) -> None:
    # A change here makes published seeds and numbers mean something else: do it on purpose only.
    assert digest("geometry", difficulty, range(12)) == expected


@pytest.mark.parametrize("difficulty", Difficulty)
def test_steps_lead_from_what_is_given_to_the_answer(difficulty: Difficulty) -> None:
    for scene in known("geometry", difficulty):
        if scene.asks in ("clock", "compare", "mirror", "map", "scale-bar"):
            continue  # steps of measuring, which have no numbers in the picture
        values = computed_again(scene)
        assert values == [step.value for step in figure_of(scene).steps], scene.question
        assert math.isclose(number(scene), float(str(values[-1])), abs_tol=1e-4), scene.question


TRUTHS: Mapping[str, Callable[[dict[str, float], Figure], float]] = {
    "triangle-angle": lambda one, _: 180 - sum(one.values()),
    "quadrilateral-angle": lambda one, _: 360 - sum(one.values()),
    "angles-around": lambda one, about: (360 if "360" in about.plan else 180) - sum(one.values()),
    "circle": lambda one, about: circle(one.get("radius", one.get("diameter", 0) / 2), about.sought),
    "ring": lambda one, _: round(math.pi * one["large"] ** 2 - math.pi * one["small"] ** 2, 1),
    "slice": lambda one, _: round(math.pi * one["radius"] ** 2 / 360 * one["degrees"], 1),
    "house": lambda one, _: one["width"] * (one["wall_height"] + one["roof_height"] / 2),
    "hole": lambda one, _: round(one["side"] ** 2 * (1 - math.pi / 4), 1),
    "similar": lambda one, _: one["b"] / one["a"] * one["c"],
    "corner-cut": lambda one, about: (
        one["top"] * one["height"] + (one["width"] - one["top"]) * one["side"]
        if "area" in about.sought
        else 2 * (one["width"] + one["height"])
    ),
    "round-ends": lambda one, about: (
        round(one["length"] * one["width"] + math.pi / 4 * one["width"] ** 2, 1)
        if "area" in about.sought
        else round(2 * one["length"] + math.pi * one["width"], 1)
    ),
    "rectangle": lambda one, about: (
        one["width"] * one["height"]
        if "area" in about.sought
        else 2 * one["width"] + 2 * one["height"]
        if "perimeter" in about.sought
        else round(math.dist((0, 0), (one["width"], one["height"])), 1)
    ),
    "right-triangle": lambda one, _: round(
        math.sqrt(one["c"] ** 2 - one["a"] ** 2) if "c" in one else math.hypot(one["a"], one["b"]), 1
    ),
    "grid": lambda one, _: one.get("squares", one.get("edges", 0)) * one["worth"],
    "angle-between": lambda one, _: abs(one["one"] - one["other"]),
}


def circle(radius: float, asked: str) -> float:
    if "half circle" in asked:
        half = math.pi * radius
        return round(half * radius / 2 if "area" in asked else half + 2 * radius, 1)
    if "area" in asked:
        return round(math.pi * radius * radius, 1)
    if "circumference" in asked:
        return round(math.tau * radius, 1)
    return radius if "radius" in asked else 2 * radius


def test_figures_obey_geometry() -> None:
    seen: Counter[str] = Counter()
    for scene in (*known("geometry", EASY), *known("geometry", HARD)):
        truth = TRUTHS.get(scene.asks)
        if truth is not None:
            expected = truth(given(scene), figure_of(scene))
            assert math.isclose(number(scene), expected, abs_tol=0.11), (scene.asks, scene.seed, scene.question)
            seen[scene.asks] += 1
    assert set(seen) == set(TRUTHS)


def test_lengths_on_rulers_are_drawn_to_scale() -> None:
    for scene in drawn("geometry", HARD, ("ruler", "upright-ruler")):
        level, ends = figure_of(scene).values["level"], list(given(scene).values())
        scales = []
        for colour, start, end in zip(texts(scene, "colours"), ends[::2], ends[1::2], strict=True):
            rows, columns = np.where(near(scene, colour))
            scales.append((np.ptp(columns if level else rows) + 1) / (end - start))
        assert max(scales) - min(scales) < 2, "one scale for all"
        assert 30 < min(scales) < 130


def test_lengths_beside_a_scale_bar_are_drawn_to_its_scale() -> None:
    for scene in drawn("geometry", HARD, ("scale-bar",)):
        (left, _, right, _), level = (figure_of(scene).evidence[-2], figure_of(scene).values["level"])
        total = 0.0
        for colour in texts(scene, "colours"):
            rows, columns = np.where(near(scene, colour))
            total += np.ptp(columns if level else rows) + 1
        measured = total / (right - left) * given(scene)["scale"]
        assert abs(measured - number(scene)) <= max(0.6, scene.tolerance)


@pytest.mark.parametrize("difficulty", Difficulty)
def test_the_extreme_thing_is_the_extreme_by_its_pixels(difficulty: Difficulty) -> None:
    for scene in drawn("geometry", difficulty, ("compare",)):
        values, found = figure_of(scene).values, {}
        for colour in texts(scene, "colours"):
            rows, columns = np.where(near(scene, colour))
            line = values["what"] == "line"
            found[colour] = float(np.hypot(np.ptp(rows), np.ptp(columns))) if line else float(len(rows))
        order = sorted(found, key=lambda colour: found[colour], reverse=bool(values["most"]))
        assert order[0] == values["winner"], scene.question
        assert abs(found[order[0]] / found[order[1]] - 1) > 0.02, "it is seen"
        assert scene.answer in (values["winner"], values["letter"])


def test_clocks_show_the_time_that_is_told() -> None:
    for scene in drawn("geometry", HARD, ("clock",)):
        if len(given(scene)) != 2:
            continue
        left, top, right, bottom = (int(one) for one in texts(scene, "whole"))
        turns = []
        for colour in texts(scene, "colours"):
            rows, columns = np.where(near(scene, colour)[top:bottom, left:right])
            x, y = columns.mean() - (right - left) / 2, (bottom - top) / 2 - rows.mean()
            turns.append(math.degrees(math.atan2(x, y)) % 360)
        hours, minutes = given(scene)["hours"] % 12, given(scene)["minutes"]
        assert abs((turns[1] - 6 * minutes + 180) % 360 - 180) < 4
        assert abs((turns[0] - 30 * hours - minutes / 2 + 180) % 360 - 180) < 4
        assert answered(scene) in (str(minutes), f"{int(hours) or 12}:{int(minutes):02d}")


@pytest.mark.parametrize("difficulty", Difficulty)
def test_nothing_can_be_guessed_and_everything_is_asked(difficulty: Difficulty) -> None:
    asked, kinds, categories, letters = [], Counter[str](), Counter[Category](), Counter[str]()
    for scene in known("geometry", difficulty):
        asked.append(Question.of(scene))
        kinds[scene.asks] += 1
        categories[scene.category] += 1
        letters.update([scene.answer] if scene.options else [])
        width, height = scene.image.size
        assert figure_of(scene).evidence
        for left, top, right, bottom in figure_of(scene).evidence:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
    assert best_constant(asked).accuracy < 0.14
    assert blind_result(asked[80:], asked[:80]).accuracy < 0.25
    assert max(letters.values()) < 0.4 * sum(letters.values())
    assert set(categories) == {Category.VISUAL, Category.COMPUTATION}
    assert min(categories.values()) > 40
    assert len(kinds) >= (14 if difficulty is EASY else 22)


@pytest.mark.anyio
async def test_demonstrations_of_easy_scenes_have_no_fault(sandbox: LocalSandbox) -> None:
    runs: dict[Mode, range] = {"code": range(2000, 2022), "slip": range(2100, 2105), "direct": range(2200, 2205)}
    assert await faults(sandbox, "geometry", EASY, runs) == []


@pytest.mark.anyio
async def test_demonstrations_of_hard_scenes_have_no_fault(sandbox: LocalSandbox) -> None:
    runs: dict[Mode, range] = {"code": range(2000, 2025), "slip": range(2100, 2107)}
    assert await faults(sandbox, "geometry", HARD, runs) == []
