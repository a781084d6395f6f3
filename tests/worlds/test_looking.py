"""Grounds and crops: pale everywhere, the same on every machine; crops hold what they are made for."""

from __future__ import annotations

import hashlib
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from codedance.tasks.worlds.backgrounds import BACKGROUNDS, background
from codedance.tasks.worlds.looking import Eighths, Grid, contains
from codedance.tasks.worlds.vocabulary import COLOURS


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_a_ground_is_far_from_every_colour_that_questions_name(kind: str) -> None:
    for seed in range(4):
        pixels = np.array(background((160, 120), Random(seed), kind=kind)).astype(int)
        for colour in COLOURS:
            assert np.abs(pixels - ImageColor.getrgb(colour)[:3]).sum(2).min() > 120, colour


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_a_ground_has_the_size_that_was_asked_for_and_depends_on_nothing_but_the_source_of_chance(kind: str) -> None:
    first, second, other = (background((211, 97), Random(seed), kind=kind) for seed in (5, 5, 6))
    assert (first.size, first.mode) == ((211, 97), "RGB")
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


def test_the_grounds_of_a_seed_are_these_for_ever() -> None:
    found = hashlib.sha256()
    for number, kind in enumerate(BACKGROUNDS):
        found.update(background((120, 90), Random(number), kind=kind).tobytes())
    assert found.hexdigest()[:16] == "abd0dbb0e1e6827d"


sizes = st.tuples(st.integers(80, 3000), st.integers(80, 3000))


@given(sizes, st.data())
def test_a_crop_in_eighths_holds_its_box_and_stays_inside(size: tuple[int, int], data: st.DataObject) -> None:
    left, top = data.draw(st.integers(0, size[0] - 2)), data.draw(st.integers(0, size[1] - 2))
    box = (left, top, data.draw(st.integers(left + 1, size[0])), data.draw(st.integers(top + 1, size[1])))
    least, offset = data.draw(st.integers(1, 8)), (data.draw(st.integers(0, 500)), 7)
    moved = (box[0] + offset[0], box[1] + offset[1], box[2] + offset[0], box[3] + offset[1])
    cells = Eighths.around(moved, size, least=least, offset=offset)
    assert contains(cells.box(size, offset), moved)
    assert contains((0, 0, 8, 8), (cells.left, cells.top, cells.right, cells.bottom))
    assert min(cells.right - cells.left, cells.bottom - cells.top) >= least


@given(sizes, st.integers(1, 3), st.integers(1, 3))
def test_tiles_cover_the_picture_without_overlap(size: tuple[int, int], rows: int, columns: int) -> None:
    grid = Grid(rows, columns, size)
    assert sum((right - left) * (bottom - top) for left, top, right, bottom in grid.boxes()) == size[0] * size[1]
    for number, box in enumerate(grid.boxes()):
        assert grid.tile_of(box) == number
        assert grid.cut([box]) == 0


def test_the_code_of_tiles_and_of_crops_shows_what_they_say() -> None:
    image = background((470, 330), Random(1), kind="wood")
    for grid in (Grid(2, 3, image.size), Grid(4, 1, image.size)):
        shown: list[Image.Image] = []
        exec(grid.code(), {"input_image": image, "display": shown.append})
        wanted = [image.crop(view.box).resize(view.size) for view in grid.views()]
        assert [one.tobytes() for one in shown] == [one.tobytes() for one in wanted]
    cells = Eighths(1, 2, 4, 7)
    cut = eval(cells.expression(), {"input_image": image, "w": image.width, "h": image.height})
    assert cut.tobytes() == image.crop(cells.box(image.size)).tobytes()
