"""Slips: every one raises what it says before anything is shown, and its mended code is what was meant."""

from __future__ import annotations

import contextlib
import io
import itertools
from random import Random

import pytest
from PIL import Image

from codedance.tasks.worlds import FAMILIES, Code, Difficulty, Final, Oracle, make_scene
from codedance.tasks.worlds.family import Script
from codedance.tasks.worlds.slips import broken, with_slip

CODES = {
    "import": "import numpy as np\npixels = np.array(input_image)\nprint(pixels.shape)",
    "two imports": "import cv2\nimport numpy as np\ngrey = cv2.cvtColor(np.array(input_image), 6)\nprint(grey.mean())",
    "method": "part = input_image.crop((0, 0, 4, 4))\npart",
    "value": "input_image.crop((0, 0, 4, 4)).resize((40, 40))",
    "parenthesis": "size = 7\nprint(size)",
}


def raised(code: str, image: Image.Image) -> tuple[str | None, str]:
    """Class name of the exception that the code raises, and what it printed or displayed before."""
    printed = io.StringIO()
    names: dict[str, object] = {"input_image": image, "display": lambda *shown: print("shown", file=printed)}
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "cell", "exec"), names)
    except Exception as error:
        return type(error).__name__, printed.getvalue()
    return None, printed.getvalue()


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_slip_raises_what_it_says_and_shows_nothing(code: str) -> None:
    image = Image.new("RGB", (8, 8))
    assert raised(code, image)[0] is None
    kinds = set()
    for seed in range(20):
        slip = broken(code, Random(seed))
        assert slip is not None
        wrong, error, cause = slip
        assert raised(wrong, image) == (error, "")
        assert wrong != code
        assert cause
        kinds.add(error)
    assert kinds <= {"NameError", "AttributeError", "SyntaxError"}


def test_several_kinds_of_slips_are_made_of_the_same_code() -> None:
    code = "import numpy as np\npixels = np.array(input_image.convert('L'))\nprint(pixels.mean())"
    slips = [broken(code, Random(seed)) for seed in range(40)]
    assert {slip[1] for slip in slips if slip} == {"NameError", "AttributeError", "SyntaxError"}


@pytest.mark.parametrize(
    "code",
    [
        "size = input_image.size\nsize",
        "import numpy as np\nif input_image.width > 9:\n    np.zeros(3) * 1\n'no'",
        "import numpy as np\nmean = lambda image: np.array(image).mean(); mean",
        "import numpy as np\ndef mean(image):\n    return np.array(image).mean() / 1\nmean",
        "import numpy as np\nrows = [np.zeros(one) for one in ()]; rows",
        "import numpy as np\nrows = input_image.width < 5 and np.zeros(3); rows",
        "part = None if input_image else input_image.crop((0, 0, 4, 4)); part",
    ],
    ids=["no import", "in a branch", "in a lambda", "in a function", "in a loop", "after and", "after else"],
)
def test_where_no_slip_is_sure_to_raise_none_is_made(code: str) -> None:
    assert all(broken(code, Random(seed)) is None for seed in range(10))


def script(code: str) -> Script:
    shown = yield Code("I look.", code, views=(), prints="3")
    more = yield Code(f"It was {shown}.", "print(4)")
    return Final(f"Then {more}.", "4")


def test_the_mended_code_is_the_original_and_the_script_goes_on_with_its_outcome() -> None:
    code = "import math\nprint(math.floor(3.5))"
    slipping = with_slip(script(code), Random(1))
    first = next(slipping)
    assert first.raises is not None
    assert first.views == ()
    assert first.thought == "I look."
    mended = slipping.send("Traceback: ...")
    assert (mended.code, mended.views, mended.prints, mended.raises) == (code, (), "3", None)
    assert mended.thought != "I look."
    assert slipping.send("3") == Code("It was 3.", "print(4)")
    with pytest.raises(StopIteration) as end:
        slipping.send("4")
    assert end.value.value == Final("Then 4.", "4")


def test_a_script_whose_code_allows_no_slip_stays_as_it_is() -> None:
    slipping = with_slip(script("3"), Random(1))
    assert next(slipping) == Code("I look.", "3", views=(), prints="3")
    assert slipping.send("3").code == "print(4)"


def test_a_script_without_code_stays_as_it_is() -> None:
    def direct() -> Script:
        yield from ()
        return Final("I see it.", "4")

    with pytest.raises(StopIteration) as end:
        next(with_slip(direct(), Random(1)))
    assert end.value.value == Final("I see it.", "4")


@pytest.mark.parametrize(("family", "difficulty"), list(itertools.product(FAMILIES, Difficulty)))
def test_the_first_code_of_every_family_can_slip_and_does_as_it_says(family: str, difficulty: Difficulty) -> None:
    for seed in range(40, 44):
        scene = make_scene(family, difficulty, seed)
        for way in range(3):
            slipping = Oracle(scene, Random(way), mode="slip")
            slipping.reply()
            (step,) = slipping.steps
            assert step.raises is not None, step.code
            assert raised(step.code, scene.image) == (step.raises, ""), step.code
            slipping.reply("Traceback")
            plain = Oracle(scene, Random(way))
            plain.reply()
            assert slipping.steps[1].code == plain.steps[0].code
