"""Edits by their pixels: right ones pass however they were drawn; missing, wrong, extra and hostile ones do not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from pydantic import ValidationError

from codedance.rewards import edit_fault
from codedance.schema import EditCheck

Box = tuple[int, int, int, int]
RED, BLACK, BLUE, WHITE = (255, 0, 0), (0, 0, 0), (0, 0, 255), (255, 255, 255)
SIZE = (320, 240)


def scene(seed: int = 0) -> Image.Image:
    """A light picture with shapes in several colours."""
    rng = Random(seed)
    image = Image.new("RGB", SIZE, (244, 240, 232))
    draw = ImageDraw.Draw(image)
    for colour in ("green", "yellow", "purple", "cyan", "gray"):
        for _ in range(2):
            x, y, half = rng.randrange(300), rng.randrange(220), rng.randint(6, 14)
            draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)
    return image


def drawn(image: Image.Image, draw: Callable[[ImageDraw.ImageDraw], object]) -> Image.Image:
    copy = image.copy()
    draw(ImageDraw.Draw(copy))
    return copy


def ruled_with(image: Image.Image, lines: Iterable[Box], *, colour: str, width: int) -> Image.Image:
    def rule(draw: ImageDraw.ImageDraw) -> None:
        for line in lines:
            draw.line(line, fill=colour, width=width)

    return drawn(image, rule)


def sides(box: Box) -> tuple[Box, ...]:
    left, top, right, bottom = box
    return (
        (left, top, right, top),
        (right, top, right, bottom),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
    )


boxes = st.tuples(st.integers(20, 120), st.integers(20, 80), st.integers(50, 150), st.integers(50, 120)).map(
    lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3])
)
points = st.tuples(st.integers(20, 300), st.integers(20, 220))
jitters = st.tuples(*[st.integers(-4, 4)] * 4)
widths = st.integers(1, 5)


@settings(deadline=None, max_examples=60)
@given(boxes, jitters, widths, st.integers(0, 50))
def test_a_box_passes_a_few_pixels_off_and_in_any_width(box: Box, jitter: Box, width: int, seed: int) -> None:
    image = scene(seed)
    check = EditCheck(colour=RED, strokes=sides(box), reach=6)
    about = tuple(edge + move for edge, move in zip(box, jitter, strict=True))
    assert (
        edit_fault(image, drawn(image, lambda draw: draw.rectangle(about, outline="red", width=width)), check) is None
    )


@settings(deadline=None, max_examples=60)
@given(boxes, widths, st.integers(0, 3))
def test_a_box_with_a_side_missing_fails(box: Box, width: int, missing: int) -> None:
    image = scene()
    check = EditCheck(colour=RED, strokes=sides(box), reach=6)

    def three(draw: ImageDraw.ImageDraw) -> None:
        for index, side in enumerate(sides(box)):
            if index != missing:
                draw.line(side, fill="red", width=width)

    stroke = sides(box)[missing]
    assert edit_fault(image, drawn(image, three), check) == (f"the line from {stroke[:2]} to {stroke[2:]} is not drawn")


@settings(deadline=None, max_examples=60)
@given(boxes, st.integers(0, 50))
def test_a_box_that_is_filled_is_no_box(box: Box, seed: int) -> None:
    image = scene(seed)
    check = EditCheck(colour=RED, strokes=sides(box), reach=6)
    filled = drawn(image, lambda draw: draw.rectangle(box, fill="red"))
    assert edit_fault(image, filled, check) == "something was drawn where nothing should be"


def test_a_small_box_must_keep_what_is_in_it() -> None:
    image, box = scene(), (100, 100, 120, 120)
    kept = ((104, 104, 116, 116),)
    outline = drawn(image, lambda draw: draw.rectangle(box, outline="red", width=3))
    filled = drawn(image, lambda draw: draw.rectangle(box, fill="red"))
    lenient, strict = (EditCheck(colour=RED, strokes=sides(box), kept=kept if keep else ()) for keep in (False, True))
    assert edit_fault(image, outline, strict) is None
    assert edit_fault(image, filled, lenient) is None, "all of it is within reach of a side"
    assert edit_fault(image, filled, strict) == "something was drawn where nothing should be"


@settings(deadline=None, max_examples=60)
@given(points, points, jitters, widths)
def test_a_line_passes_at_every_slope(start: tuple[int, int], end: tuple[int, int], jitter: Box, width: int) -> None:
    if max(abs(start[0] - end[0]), abs(start[1] - end[1])) < 20:
        return
    image = scene()
    check = EditCheck(colour=BLUE, strokes=((*start, *end),), reach=6)
    about = tuple(edge + move for edge, move in zip((*start, *end), jitter, strict=True))
    line = drawn(image, lambda draw: draw.line(about, fill="blue", width=width))
    assert edit_fault(image, line, check) is None


@settings(deadline=None, max_examples=60)
@given(points, points, st.integers(0, 1))
def test_a_line_that_ends_early_fails(start: tuple[int, int], end: tuple[int, int], side: int) -> None:
    if max(abs(start[0] - end[0]), abs(start[1] - end[1])) < 80:
        return
    image = scene()
    check = EditCheck(colour=BLUE, strokes=((*start, *end),), reach=6)
    half = tuple((a + b) // 2 for a, b in zip(start, end, strict=True))
    line = drawn(image, lambda draw: draw.line((*(end if side else start), *half), fill="blue", width=3))
    assert "is not drawn" in (edit_fault(image, line, check) or "")


@settings(deadline=None, max_examples=60)
@given(boxes, points, st.integers(4, 12))
def test_an_extra_mark_elsewhere_fails(box: Box, spot: tuple[int, int], radius: int) -> None:
    image = scene()
    check = EditCheck(colour=RED, strokes=sides(box), reach=6)
    x, y = spot
    near = any(abs(x - edge) < radius + 12 for edge in box[::2]) or any(
        abs(y - edge) < radius + 12 for edge in box[1::2]
    )
    if near:
        return

    def both(draw: ImageDraw.ImageDraw) -> None:
        draw.rectangle(box, outline="red", width=3)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="black")

    assert edit_fault(image, drawn(image, both), check) == "something was drawn where nothing should be"


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 6), st.integers(2, 6), widths)
def test_a_grid_needs_all_its_lines(rows: int, columns: int, width: int) -> None:
    image = scene()
    across = [(0, SIZE[1] * k // rows, SIZE[0] - 1, SIZE[1] * k // rows) for k in range(1, rows)]
    down = [(SIZE[0] * k // columns, 0, SIZE[0] * k // columns, SIZE[1] - 1) for k in range(1, columns)]
    lines = across + down
    check = EditCheck(colour=BLACK, strokes=tuple(lines), reach=6)

    def ruled(some: list[Box]) -> Image.Image:
        return ruled_with(image, some, colour="black", width=width)

    assert edit_fault(image, ruled(lines), check) is None
    for missing in lines:
        assert edit_fault(image, ruled([line for line in lines if line != missing]), check) is not None
    extra = (SIZE[0] // (2 * columns), 0, SIZE[0] // (2 * columns), SIZE[1])
    if SIZE[0] // (2 * columns) > 12:
        assert edit_fault(image, ruled([*lines, extra]), check) == "something was drawn where nothing should be"


@settings(deadline=None, max_examples=40)
@given(points, st.integers(-3, 3), st.integers(2, 4))
def test_a_dot_must_be_at_its_place(spot: tuple[int, int], off: int, radius: int) -> None:
    image, (x, y) = scene(), spot
    check = EditCheck(colour=BLACK, strokes=((x, y, x, y),), reach=6)

    def dot(u: int, v: int) -> Image.Image:
        return drawn(image, lambda draw: draw.ellipse((u - radius, v - radius, u + radius, v + radius), fill="black"))

    assert edit_fault(image, dot(x + off, y - off), check) is None
    assert edit_fault(image, dot(x + 30 if x < 160 else x - 30, y), check) == f"the dot at {spot} is not drawn"


MARKS = ((30, 30, 70, 70), (130, 40, 180, 90), (230, 140, 270, 180))


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, 2)), st.integers(2, 14), st.booleans())
def test_marks_must_be_on_all_of_the_right_things_and_on_no_other(marked: set[int], radius: int, wrong: bool) -> None:
    image = scene()
    check = EditCheck(colour=BLACK, writing=MARKS)

    def mark(draw: ImageDraw.ImageDraw) -> None:
        for box in [MARKS[index] for index in marked] + ([(60, 170, 100, 210)] if wrong else []):
            x, y = (box[0] + box[2]) // 2, (box[1] + box[3]) // 2
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="black")

    fault = edit_fault(image, drawn(image, mark), check)
    assert (fault is None) == (len(marked) == len(MARKS) and not wrong)


@pytest.mark.parametrize("text", ["1", "7", "12", "no"])
@pytest.mark.parametrize("size", [14, 24])
@pytest.mark.parametrize("colour", ["black", "white", "blue"])
def test_writing_passes_in_any_colour_if_none_is_asked_for(text: str, size: int, colour: str) -> None:
    image = scene()
    written = drawn(image, lambda draw: draw.text((140, 48), text, fill=colour, font_size=size))
    assert edit_fault(image, written, EditCheck(writing=(MARKS[1],))) is None
    wrong = edit_fault(image, written, EditCheck(colour=RED, writing=(MARKS[1],)))
    assert wrong == "nothing was drawn in the colour"


def test_a_box_that_is_painted_over_is_not_written_in() -> None:
    image = scene()
    painted = drawn(image, lambda draw: draw.rectangle(MARKS[1], fill="black"))
    assert edit_fault(image, painted, EditCheck(writing=(MARKS[1],))) == f"the box {MARKS[1]} is covered"


@settings(deadline=None, max_examples=40)
@given(boxes, st.integers(0, 5), st.sampled_from(["black", "white"]))
def test_a_covered_area_may_be_a_little_larger_but_not_smaller(box: Box, more: int, colour: str) -> None:
    image = drawn(scene(), lambda draw: draw.text((box[0] + 10, box[1] + 10), "8", fill="black", font_size=40))
    check = EditCheck(colour=(0, 0, 0) if colour == "black" else (255, 255, 255), areas=(box,))
    left, top, right, bottom = box

    def cover(by: int) -> Image.Image:
        around = (left - by, top - by, right - 1 + by, bottom - 1 + by)
        return drawn(image, lambda draw: draw.rectangle(around, fill=colour))

    assert edit_fault(image, cover(more), check) is None
    assert edit_fault(image, cover(-4), check) == f"the area {box} is not covered"
    assert (edit_fault(image, cover(16), check) or "").endswith("where nothing should be")


def test_an_area_that_has_the_colour_in_parts_is_still_covered() -> None:
    image = drawn(scene(), lambda draw: draw.rectangle((100, 60, 200, 100), fill="black"))
    check = EditCheck(colour=BLACK, areas=((100, 60, 200, 140),))
    assert (
        edit_fault(image, drawn(image, lambda draw: draw.rectangle((100, 60, 200, 140), fill="black")), check) is None
    )
    assert edit_fault(image, image.copy(), check) == "nothing was drawn"


def test_a_line_may_run_over_things_of_its_own_colour() -> None:
    image = drawn(scene(), lambda draw: draw.rectangle((100, 100, 160, 140), fill="red"))
    check = EditCheck(colour=RED, strokes=((20, 120, 300, 120),))
    assert (
        edit_fault(image, drawn(image, lambda draw: draw.line((20, 120, 300, 120), fill="red", width=3)), check) is None
    )
    gap = drawn(image, lambda draw: draw.line((20, 120, 240, 120), fill="red", width=3))
    assert "is not drawn" in (edit_fault(image, gap, check) or "")


def test_free_boxes_may_be_drawn_in_or_not() -> None:
    image = scene()
    check = EditCheck(colour=RED, strokes=((20, 120, 300, 120),), free=((20, 20, 60, 60),))
    line = drawn(image, lambda draw: draw.line((20, 120, 300, 120), fill="red", width=3))
    more = drawn(line, lambda draw: draw.rectangle((22, 22, 58, 58), fill="blue"))
    assert edit_fault(image, line, check) is None
    assert edit_fault(image, more, check) is None


CHECK = EditCheck(colour=RED, strokes=sides((100, 60, 220, 180)))
HOSTILE: dict[str, tuple[Callable[[Image.Image], Image.Image | None], str]] = {
    "none": (lambda right: None, "no picture was shown"),
    "another size": (lambda right: right.resize((160, 120)), "the picture shown has 160x120 pixels, not 320x240"),
    "turned": (lambda right: right.rotate(90, expand=True), "the picture shown has 240x320 pixels, not 320x240"),
    "one pixel": (lambda right: Image.new("RGB", (1, 1)), "the picture shown has 1x1 pixels, not 320x240"),
    "grey": (lambda right: right.convert("L"), "nothing was drawn in the colour"),
    "black and white": (lambda right: right.convert("1"), "nothing was drawn in the colour"),
    "blank": (lambda right: Image.new("RGB", SIZE, "white"), "nothing was drawn in the colour"),
    "painted over": (lambda right: Image.new("RGB", SIZE, "red"), "something was drawn where nothing should be"),
    "transparent": (lambda right: Image.new("RGBA", SIZE, (255, 0, 0, 0)), "nothing was drawn in the colour"),
    "of floats": (lambda right: Image.new("F", SIZE, 0.5), "nothing was drawn in the colour"),
    "of wide integers": (lambda right: Image.new("I", SIZE, 70_000), "nothing was drawn in the colour"),
    "mirrored": (
        lambda right: ImageOps.mirror(right.crop((0, 0, 319, 240))).resize(SIZE),
        "something was drawn where nothing should be",
    ),
    "recoloured": (lambda right: ImageOps.invert(ImageOps.invert(right).point(lambda v: v * 0.8)), "something was"),
    "tinted": (lambda right: right.point(lambda value: max(0, value - 12)), "the picture was changed where nothing"),
    "faintly tinted": (lambda right: right.point(lambda value: max(0, value - 6)), "the whole picture was recoloured"),
    "blurred": (lambda right: right.filter(ImageFilter.GaussianBlur(2)), "nothing was drawn in the colour"),
    "moved": (lambda right: right.transform(SIZE, Image.Transform.AFFINE, (1, 0, 20, 0, 1, 0)), "the line from"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_picture_is_a_fault_and_no_error(kind: str) -> None:
    image = scene()
    right = drawn(image, lambda draw: draw.rectangle((100, 60, 220, 180), outline="red", width=3))
    assert edit_fault(image, right, CHECK) is None
    spoil, reason = HOSTILE[kind]
    assert (edit_fault(image, spoil(right), CHECK) or "").startswith(reason)


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK", "YCbCr", "HSV", "LAB", "LA", "PA", "La", "I;16", "RGBX", "RGBa"])
def test_every_mode_is_compared_or_named(mode: str) -> None:
    image = scene()
    right = drawn(image, lambda draw: draw.rectangle((100, 60, 220, 180), outline="red", width=3))
    shown = right.convert(mode) if mode in ("RGBA", "CMYK", "YCbCr", "RGBX") else Image.new(mode, SIZE)
    fault = edit_fault(image, shown, CHECK)
    assert (fault is None) == (mode in ("RGBA", "CMYK", "YCbCr", "RGBX")), fault


@pytest.mark.parametrize("colour", ["blue", "black", "green", "orange", "magenta"])
def test_the_wrong_colour_fails(colour: str) -> None:
    image = scene()
    wrong = drawn(image, lambda draw: draw.rectangle((100, 60, 220, 180), outline=colour, width=3))
    assert edit_fault(image, wrong, CHECK) is not None
    assert edit_fault(image, wrong, EditCheck(strokes=CHECK.strokes)) is None


@pytest.mark.parametrize("quality", [98, 95])
def test_traces_of_a_lossy_file_are_no_fault(quality: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    image, path = scene(), tmp_path_factory.mktemp("lossy") / "picture.jpg"
    right = drawn(image, lambda draw: draw.rectangle((100, 60, 220, 180), outline=(255, 0, 0), width=5))
    right.save(path, quality=quality, subsampling=0)
    with Image.open(path) as lossy:
        assert edit_fault(image, lossy, CHECK) is None


def test_what_lies_outside_the_picture_is_no_error() -> None:
    image = scene()
    right = drawn(image, lambda draw: draw.line((0, 120, 319, 120), fill="red", width=3))
    far = EditCheck(colour=RED, strokes=((-5000, 120, 5000, 120),), reach=100)
    assert "is not drawn" in (edit_fault(image, right, far) or "")
    for check in (
        EditCheck(colour=RED, areas=((400, 300, 500, 400),)),
        EditCheck(colour=RED, writing=((-50, -50, -10, -10),)),
        EditCheck(colour=RED, strokes=((-50, -50, -50, -50),)),
    ):
        assert edit_fault(image, right, check) is not None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "must ask for"),
        ({"free": [(0, 0, 9, 9)]}, "must ask for"),
        ({"areas": [(5, 5, 5, 9)]}, "is empty"),
        ({"strokes": [(0, 0, 9, 9)], "kept": [(9, 9, 0, 0)]}, "is empty"),
        ({"strokes": [(0, 0, 10**9, 9)]}, "less than or equal"),
        ({"strokes": [(0, 0, 9, 9)], "colour": (0, 0, 256)}, "less than or equal"),
        ({"strokes": [(0, 0, 9, 9)], "reach": 0}, "greater than or equal"),
        ({"strokes": [(0, 0, 9)]}, "required"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        EditCheck.model_validate(fields)


def test_a_check_reads_back_as_it_was_written() -> None:
    check = EditCheck(colour=RED, strokes=((1, 2, 3, 4),), writing=((0, 0, 9, 9),), kept=((1, 1, 2, 2),), reach=9)
    assert EditCheck.model_validate_json(check.model_dump_json()) == check


def test_a_megapixel_takes_a_moment() -> None:
    image = Image.effect_noise((1200, 900), 20).convert("RGB")
    lines = tuple((1200 * k // 8, 0, 1200 * k // 8, 899) for k in range(1, 8))
    check = EditCheck(colour=RED, strokes=lines)
    right = ruled_with(image, lines, colour="red", width=3)
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        assert edit_fault(image, right, check) is None
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.3
