"""Reading and detection inside of cells, and the list of what cells can use."""

from __future__ import annotations

import importlib.util

import pytest
from PIL import Image, ImageDraw, ImageFont

from codedance.imaging import Picture
from codedance.sandbox import Limits, LocalSandbox, Tier, describe_guest, guest_libraries
from codedance.sandbox.guest.eyes import FUNCTIONS
from tests.sandbox.conftest import Run

pytestmark = pytest.mark.anyio


@pytest.mark.slow
@pytest.mark.parametrize("tier", [Tier.B, Tier.A])
async def test_text_is_read_inside_the_walls(tier: Tier) -> None:
    image = Image.new("RGB", (400, 160), "white")
    draw = ImageDraw.Draw(image)
    draw.text((20, 20), "Invoice 4711", font=ImageFont.load_default(40), fill="black")
    draw.text((20, 90), "Total 12.50", font=ImageFont.load_default(36), fill="navy")
    async with (
        LocalSandbox(tier=tier, limits=Limits(wall_seconds=60)) as sandbox,
        sandbox.session([Picture.from_image(image)]) as session,
    ):
        lines = (await session.run("lines = read_text(input_image)\n[line['text'] for line in lines]")).execution
        assert lines.value == "['Invoice 4711', 'Total 12.50']", lines
        assert lines.stderr == ""
        box = (
            await session.run("left, top, right, bottom = lines[0]['box']\n10 < left + 5 < 40, 200 < right < 300")
        ).execution
        assert box.value == "(True, True)"
        assert (await session.run("read_text('input_image.jpg') == lines")).execution.value == "True"
        assert (await session.run("read_text(input_image.crop((0, 140, 90, 160)))")).execution.value == "[]"


async def test_faces_and_codes_are_found(run: Run) -> None:
    faces = (
        await run("import skimage.data\nfind_faces(skimage.data.astronaut())", limits=Limits(wall_seconds=60))
    ).execution
    assert faces.value is not None, faces.error
    ((left, top, right, bottom),) = eval(faces.value)
    assert left < 224 < right
    assert top < 118 < bottom
    code = (
        "import cv2, numpy as np\ncode = cv2.QRCodeEncoder_create().encode('hello')\n"
        "code = np.pad(np.kron(code, np.ones((8, 8), 'uint8')), 40, constant_values=255)\n"
        "[(one['text'], len(one['box'])) for one in read_codes(code)]"
    )
    assert (await run(code)).execution.value == "[('hello', 4)]"
    assert (await run("read_codes(np.zeros((50, 50), 'uint8'))")).execution.value in ("[]", None)


async def test_what_is_no_picture_is_told(run: Run) -> None:
    error = (await run("read_text([1, 2])")).execution.error
    assert error is not None
    assert (error.type, "expected a picture" in error.message) == ("TypeError", True)


async def test_nothing_is_loaded_before_the_first_call(run: Run) -> None:
    code = "import sys\n[name for name in ('rapidocr', 'onnxruntime', 'skimage') if name in sys.modules]"
    assert (await run(code)).execution.value == "[]"


def test_the_description_names_every_library_and_function() -> None:
    text = describe_guest()
    for name in (*guest_libraries(), *FUNCTIONS):
        assert name in text
    assert importlib.util.find_spec("rapidocr") is not None
