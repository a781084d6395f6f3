"""Boxes on the inputs: what code says of them is told exactly, and what cannot be known is not told."""

from __future__ import annotations

import time

import anyio
import pytest

from codedance.imaging import Picture
from codedance.protocol.prompt import ZOOM_NAME
from codedance.sandbox import LocalSandbox
from codedance.schema import ExecutionStatus, ImageSource, ReasoningMode, Task, Trajectory, Turn
from codedance.viewer.trace.evaluating import FoundKind
from codedance.viewer.trace.marks import Mark, marks_of
from tests.viewer.samples import cell, failed, noise, part, told

WHOLE = noise(200, 120)


def boxes(*codes: str) -> list[tuple[float, float, float, float]]:
    """What is known of cells that showed nothing."""
    return [mark.box for mark in marks_of(told(*[cell(code) for code in codes], picture=WHOLE), {})]


KNOWN = {
    "input_image.crop((10, 20, 60, 70))": (10, 20, 60, 70),
    "w, h = input_image.size\ninput_image.crop((w // 2, 0, w, h / 2))": (100, 0, 200, 60),
    "x, y = 10, 20\nx += 5\nbox = [x, y, x + 30, y + 40]\npart = input_image.crop(box)": (15, 20, 45, 60),
    "crop = input_image.crop(box=(int(input_image.width * 0.25), 0, 100, min(90, 30)))": (50, 0, 100, 30),
    "import numpy as np\na = np.array(input_image)\na[10:50, 20:-80]": (20, 10, 120, 50),
    "import numpy as np\nh, w = np.asarray(input_image).shape[:2]\nnp.array(input_image)[: h // 2]": (0, 0, 200, 60),
    "import cv2\nimg = cv2.imread('input_image.jpg')\ngrey = cv2.cvtColor(img, 6)\nt = grey[5:25, 5:25].copy()": (
        5,
        5,
        25,
        25,
    ),
    "from PIL import Image\nImage.open('input_image.jpg').convert('L').crop((1, 2, 30, 40))": (1, 2, 30, 40),
    "small = input_image.resize((100, 60))\nsmall.crop((10, 10, 20, 20))": (20, 20, 40, 40),
    "print(input_image.crop((150, 100, 250, 200)).size)": (150, 100, 200, 120),
    "from PIL import ImageDraw as d\nd.Draw(input_image).rectangle([5, 6, 14, 15], outline='red')": (5, 6, 15, 16),
    "from PIL import ImageDraw\np = ImageDraw.Draw(input_image)\np.rectangle(((5, 6), (14, 15)))": (5, 6, 15, 16),
    "import cv2\nimport numpy as np\ncv2.rectangle(np.array(input_image), (5, 6), (14, 15), (255, 0, 0), 2)": (
        5,
        6,
        15,
        16,
    ),
}


@pytest.mark.parametrize("code", KNOWN)
def test_boxes_that_code_names_are_told(code: str) -> None:
    assert boxes(code) == [KNOWN[code]]


UNKNOWN = [
    "input_image.crop((rows.min(), 0, 50, 50))",
    "if input_image.width > 100:\n    input_image.crop((0, 0, 50, 50))",
    "for x in (1, 2):\n    input_image.crop((x, 0, 50, 50))",
    "f = lambda: input_image.crop((0, 0, 50, 50))",
    "[input_image.crop(b) for b in [(0, 0, 5, 5)]]",
    "x or input_image.crop((0, 0, 5, 5))",
    "input_image = input_image.rotate(90)\ninput_image.crop((0, 0, 50, 50))",
    "input_image = other\ninput_image.crop((0, 0, 50, 50))",
    "box = [0, 0, 50, 50]\nbox[2] = 70\ninput_image.crop(box)",
    "box = [0, 0, 50, 50]\nbox.sort()\ninput_image.crop(box)",
    "if x:\n    w = 5\nelse:\n    w = 6\ninput_image.crop((0, 0, w, 50))",
    "int = len\ninput_image.crop((0, 0, int('abc'), 50))",
    "exec('input_image = x')\ninput_image.crop((0, 0, 50, 50))",
    "input_image.thumbnail((20, 20))\ninput_image.crop((0, 0, 10, 10))",
    "type(input_image).crop = f\ninput_image.crop((0, 0, 50, 50))",
    "from os import *\ninput_image.crop((0, 0, 50, 50))",
    "def f():\n    global input_image\n    input_image = x\nf()\ninput_image.crop((0, 0, 50, 50))",
    "(input_image := x).crop((0, 0, 5, 5))\ninput_image.crop((0, 0, 50, 50))",
    "x.save('input_image.jpg')\nfrom PIL import Image\nImage.open('input_image.jpg').crop((0, 0, 5, 5))",
    "input_image.crop((0, 0) + (5, 5), *x)",
    "input_image.crop((0, 0, 200, 120))",
    "input_image.crop((300, 300, 400, 400))",
    "input_image.crop((50, 50, 10, 10))",
    "input_image.crop((0, 0, 9**9**9, 5))",
    "input_image.crop((0, 0, 5 // 0, 5))",
    "import numpy as np\nnp.array(input_image)[::2, ::2]",
    "input_image.crop(" * 400 + ")" * 400,
    "\x00",
]


@pytest.mark.parametrize("code", UNKNOWN)
def test_what_cannot_be_known_is_not_told(code: str) -> None:
    assert boxes(code) == []


def test_names_live_on_from_turn_to_turn() -> None:
    assert boxes("left = 10\nhalf = input_image.crop((left, 0, 110, 120))", "half.crop((0, 0, left, 10))") == [
        (10, 0, 110, 120),
        (10, 0, 20, 10),
    ]


def test_code_that_failed_tells_nothing_and_its_names_are_unknown() -> None:
    turns = (
        cell("x = 10"),
        failed("x = 20; 1 / 0; input_image.crop((0, 0, 5, 5))"),
        cell("input_image.crop((0, 0, x, x))"),
    )
    assert marks_of(told(*turns, picture=WHOLE), {}) == ()


def test_after_a_lost_session_only_the_inputs_are_known() -> None:
    stuck = failed("while True: pass", ExecutionStatus.TIMEOUT)
    turns = (cell("x = 10"), stuck, cell("input_image.crop((0, 0, x, x))"), cell("input_image.crop((0, 0, 7, 7))"))
    assert [mark.box for mark in marks_of(told(*turns, picture=WHOLE), {})] == [(0, 0, 7, 7)]


def test_of_several_inputs_each_is_known_by_its_name() -> None:
    other = noise(80, 60, seed=2)
    task = Task(id="two", source="test", question="?", images=(WHOLE.ref, other.ref))
    code = (
        "input_images[1].crop((1, 2, 30, 40))\nfrom PIL import Image\n"
        "Image.open('input_image_2.jpg').crop((0, 0, 9, 9))\ninput_image.crop((0, 0, 8, 8))"
    )
    marks = marks_of(Trajectory(id="two", task=task, model="m", turns=(cell(code),), stop="max_turns"), {})
    assert [(mark.source, mark.box) for mark in marks] == [(1, (1, 2, 30, 40)), (1, (0, 0, 9, 9)), (0, (0, 0, 8, 8))]


def test_a_shown_part_is_found_by_its_pixels_alone() -> None:
    crop = part(WHOLE, (33, 44, 93, 84))
    pictures = {one.ref.sha256: one for one in (WHOLE, crop)}
    marks = marks_of(told(cell("show_me(found)", crop), picture=WHOLE), pictures)
    assert marks == (Mark(1, 0, (33, 44, 93, 84), FoundKind.CROP, picture=0),)


def test_a_part_that_is_there_twice_is_not_placed() -> None:
    tile = noise(20, 20)
    image = WHOLE.to_image()
    for place in ((0, 0), (100, 50)):
        image.paste(tile.to_image(), place)
    twice = Picture.from_image(image)
    pictures = {one.ref.sha256: one for one in (twice, tile)}
    assert marks_of(told(cell("found", tile), picture=twice), pictures) == ()


def test_an_enlarged_part_is_placed_by_its_code_if_the_size_agrees() -> None:
    crop = part(WHOLE, (10, 20, 40, 50), times=4)
    code = "c = input_image.crop((10, 20, 40, 50))\nc.resize((c.width * 4, c.height * 4))"
    (mark,) = marks_of(told(cell(code, crop), picture=WHOLE), {})
    assert (mark.box, mark.picture) == ((10, 20, 40, 50), 0)
    (other,) = marks_of(told(cell(code, part(WHOLE, (10, 20, 40, 50))), picture=WHOLE), {})
    assert other.picture is None


def test_a_part_at_the_corner_is_placed_too() -> None:
    corner = part(WHOLE, (0, 0, 30, 20))
    (mark,) = marks_of(told(cell("input_image.crop((0, 0, 30, 20))", corner), picture=WHOLE), {})
    assert (mark.box, mark.picture) == ((0, 0, 30, 20), 0)
    assert marks_of(told(cell("input_image.resize((20, 12))", part(WHOLE, (0, 0, 20, 12))), picture=WHOLE), {}) == ()


def test_shown_pictures_and_calls_that_show_are_matched_only_if_their_numbers_agree() -> None:
    crop = part(WHOLE, (0, 0, 30, 30), times=2)
    straight = "display(input_image.crop((0, 0, 30, 30)).resize((60, 60)))"
    (mark,) = marks_of(told(cell(straight, crop, source=ImageSource.DISPLAY), picture=WHOLE), {})
    assert mark.picture == 0
    hidden = f"{straight}\nif x:\n    display(y)"
    (mark,) = marks_of(told(cell(hidden, crop, source=ImageSource.DISPLAY), picture=WHOLE), {})
    assert mark.picture is None


def test_calls_of_the_zooming_tool_are_placed_also_within_its_own_pictures() -> None:
    def call(arguments: str, *shown: Picture) -> Turn:
        text = f'<tool_call>{{"name": "{ZOOM_NAME}", "arguments": {arguments}}}</tool_call>'
        return cell("", *shown, source=ImageSource.DISPLAY).model_copy(update={"text": text, "code": None})

    first, second = part(WHOLE, (10, 10, 60, 40), times=4), part(WHOLE, (20, 15, 30, 20), times=4)
    turns = (call('{"bbox_2d": [10.4, 10, 60, 40]}', first), call('{"bbox_2d": [40, 20, 80, 40], "image": 2}', second))
    one = told(*turns, picture=WHOLE)
    schema = one.model_copy(update={"protocol": one.protocol.model_copy(update={"mode": ReasoningMode.SCHEMA})})
    assert [mark.box for mark in marks_of(schema, {})] == [(10, 10, 60, 40), (20, 15, 30, 20)]


def test_hostile_cells_cost_little() -> None:
    begin = time.process_time()
    plain = Picture.from_image(WHOLE.to_image().resize((1000, 1000)).point(lambda value: 255 * (value > 250)))
    crop = part(plain, (3, 3, 300, 300))
    shown = {one.ref.sha256: one for one in (plain, crop)}
    codes = [
        "x = 2\n" + "x *= x\n" * 5_000,
        "x" + "[0]" * 5_000,
        "input_image" + ".copy()" * 3_000,
        "(" * 150 + ")" * 150,
    ]
    marks_of(told(*[cell(code, crop) for code in codes], picture=plain), shown)
    assert time.process_time() - begin < 5


def test_what_is_told_is_what_the_sandbox_does() -> None:
    """Every box that code alone gave, cut out here, is the picture that the code really showed."""
    codes = [
        "w, h = input_image.size\ninput_image.crop((w * 0.26, h - 60.5, w - 20, h))",
        "import numpy as np\nfrom PIL import Image\nImage.fromarray(np.array(input_image)[-50:, 10:190])",
        "import numpy as np\na = np.asarray(input_image)\nb = a[5:95, 20:150]\nb[10:-10, :-40]",
        "c = input_image.crop((20, 20, 120, 100))\nd = c.crop((-10 + 15, 5, 60, 60))\nd",
        "import cv2\nimg = cv2.imread('input_image.jpg')\ncv2.cvtColor(img[3:43, 7:77], cv2.COLOR_BGR2RGB)",
    ]

    async def run() -> Trajectory:
        turns = []
        async with LocalSandbox() as sandbox, sandbox.session([WHOLE]) as session:
            for code in codes:
                execution = (await session.run(code)).execution
                turns.append(cell(code).model_copy(update={"execution": execution}))
        return told(*turns, picture=WHOLE)

    trajectory = anyio.run(run)
    marks = [mark for mark in marks_of(trajectory, {}) if mark.picture is not None]
    assert [mark.turn for mark in marks] == [1, 2, 3, 4, 5]
    for mark, turn in zip(marks, trajectory.turns, strict=True):
        left, top, right, bottom = (int(edge) for edge in mark.box)
        assert turn.execution is not None
        assert part(WHOLE, (left, top, right, bottom)).ref == turn.execution.images[0].image
