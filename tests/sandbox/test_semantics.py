"""What a model may expect of a cell: a notebook's manners."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codedance.imaging import Picture
from codedance.sandbox import LocalSandbox
from codedance.schema import ExecutionStatus, ImageSource
from tests.sandbox.conftest import Run

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("code", "stdout", "value"),
    [
        ("print('a'); 1 + 1", "a\n", "2"),
        ("x = 5", "", None),
        ("None", "", None),
        ("5;", "", None),
        ("'é日本'", "", "'é日本'"),
        ("print('\\0')", "\0\n", None),
        ("2 ** 100", "", str(2**100)),
        ("(n for n in range(3)).__class__.__name__", "", "'generator'"),
        ("import asyncio\nawait asyncio.sleep(0)\n'awaited'", "", "'awaited'"),
        ("if __name__ == '__main__':\n    print('main')", "main\n", None),
        ("import sys\nsys.stdout.write('x')\nNone", "x", None),
        ("import os\nos.write(1, b'raw')\nNone", "raw", None),
        ("class Point:\n    pass\nimport pickle\ntype(pickle.loads(pickle.dumps(Point()))).__name__", "", "'Point'"),
        ("import threading\nt = threading.Thread(target=print, args=('in',))\nt.start()\nt.join()", "in\n", None),
        ("import numpy as np\nnp.arange(3).sum()", "", "np.int64(3)"),
        ("import scipy.ndimage, skimage.measure\n1", "", "1"),
    ],
)
async def test_a_cell_prints_and_shows_its_last_value(run: Run, code: str, stdout: str, value: str | None) -> None:
    execution = (await run(code)).execution
    assert (execution.status, execution.stdout, execution.value) == (ExecutionStatus.OK, stdout, value)


async def test_names_imports_and_functions_live_through_the_session(run: Run) -> None:
    execution = (await run("import math\ndef area(r): return math.pi * r ** 2", "round(area(2), 2)")).execution
    assert execution.value == "12.57"


async def test_sessions_share_nothing(sandbox: LocalSandbox) -> None:
    async with sandbox.session() as one, sandbox.session() as other:
        await one.run("secret = 1\nopen('note.txt', 'w').write('x')\nimport numpy\nnumpy.array = None")
        result = await other.run("import os, numpy\n'secret' in globals(), os.listdir('.'), numpy.array is None")
    assert result.execution.value == "(False, [], False)"


async def test_a_traceback_names_the_users_lines_and_nothing_of_ours(run: Run) -> None:
    code = "import json\ndef deep():\n    return json.loads('{')\ndeep()"
    error = (await run("x = 1", code)).execution.error
    assert error is not None
    assert error.type == "JSONDecodeError"
    assert 'File "<cell 2>", line 3, in deep' in error.traceback
    assert "return json.loads('{')" in error.traceback
    assert "codedance" not in error.traceback
    assert "interpreter" not in error.traceback


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("if", "SyntaxError"),
        ("x = '\0'", "SyntaxError"),
        ("input()", "EOFError"),
        ("import sys\nsys.stdin.read() or 1/0", "ZeroDivisionError"),
        ("breakpoint()", "BdbQuit"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class E(Exception):\n    def __str__(self): raise ValueError\nraise E", "E"),
        ("import sys\nsys.exit = None\nraise BaseException('x')", "BaseException"),
    ],
)
async def test_a_failing_cell_is_an_error_and_the_session_lives(run: Run, code: str, kind: str) -> None:
    async def both() -> tuple[str | None, str | None]:
        result = await run(code)
        after = await run(code, "'alive'")
        return result.execution.error.type if result.execution.error else None, after.execution.value

    assert await both() == (kind, "'alive'")


async def test_exit_ends_the_cell_and_is_no_success(run: Run) -> None:
    for code in ("exit()", "import sys\nsys.exit(0)", "quit(3)", "raise SystemExit"):
        assert (await run(code)).execution.status is ExecutionStatus.EXITED
        assert (await run("x = 4", code, "x")).execution.value == "4"


async def test_warnings_and_stderr_are_kept_apart(run: Run) -> None:
    execution = (
        await run("import warnings, sys\nwarnings.warn('careful')\nprint('out')\nprint('err', file=sys.stderr)")
    ).execution
    assert execution.stdout == "out\n"
    assert "careful" in execution.stderr
    assert "err\n" in execution.stderr


async def test_pictures_are_shown_in_order_with_their_place_in_the_text(run: Run) -> None:
    code = (
        "from PIL import Image\nimport matplotlib.pyplot as plt\n"
        "print('one')\nImage.new('L', (9, 8)).show()\nprint('two')\ndisplay(Image.new('RGBA', (5, 4)))\n"
        "plt.plot([1, 2])\nplt.show()\nprint('three')\nplt.figure(figsize=(2, 1), dpi=50)\nImage.new('P', (3, 2))"
    )
    result = await run(code)
    shown = [(one.source, one.image.width, one.image.height, one.after_characters) for one in result.execution.images]
    assert shown == [
        (ImageSource.DISPLAY, 9, 8, 4),
        (ImageSource.DISPLAY, 5, 4, 8),
        (ImageSource.FIGURE, 640, 480, 8),
        (ImageSource.VALUE, 3, 2, 14),
        (ImageSource.FIGURE, 100, 50, 14),
    ]
    assert [picture.ref for picture in result.pictures] == [one.image for one in result.execution.images]


async def test_a_failing_cell_shows_its_figures_and_leaves_none_to_the_next(sandbox: LocalSandbox) -> None:
    async with sandbox.session() as session:
        failed = await session.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\n1 / 0")
        after = await session.run("plt.plot([3, 4])\nprint(len(plt.gca().lines))")
    assert failed.execution.error is not None
    assert failed.execution.error.type == "ZeroDivisionError"
    assert [one.source for one in failed.execution.images] == [ImageSource.FIGURE]
    assert after.execution.stdout == "1\n"


async def test_a_figure_that_cannot_be_drawn_fails_its_own_cell_alone(sandbox: LocalSandbox) -> None:
    broken = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.figure()\nplt.title(r'$\\frac{$')\nplt.figure()"
    async with sandbox.session() as session:
        first, second = await session.run(broken), await session.run("print('well')")
    assert first.execution.error is not None
    assert first.execution.error.type == "ValueError"
    assert len(first.execution.images) == 2, "the others are shown"
    assert (second.execution.status, second.execution.stdout) == (ExecutionStatus.OK, "well\n")
    assert not second.execution.images


@pytest.mark.parametrize(
    ("array", "is_image"),
    [
        ("np.zeros((20, 30, 3), 'uint8')", True),
        ("np.zeros((20, 30, 4), 'uint8')", True),
        ("np.zeros((20, 30, 3))", True),
        ("np.zeros((40, 40), 'uint8')", True),
        ("np.zeros((40, 40), bool)", True),
        ("np.zeros((3, 3), 'uint8')", False),
        ("np.zeros((40, 40))", False),
        ("np.zeros((20, 30, 3)) + 7", False),
        ("np.zeros((0, 0, 3), 'uint8')", False),
        ("np.full((20, 30, 3), np.nan)", False),
        ("np.array([object()])", False),
    ],
)
async def test_arrays_are_shown_as_pictures_when_they_look_like_one(run: Run, array: str, is_image: bool) -> None:
    result = await run(f"import numpy as np\n{array}")
    assert result.execution.ok
    assert (len(result.pictures) == 1) is is_image
    assert (result.execution.value is None) is is_image


async def test_colours_of_arrays_are_taken_as_rgb(run: Run) -> None:
    result = await run("import numpy as np\na = np.zeros((20, 20, 3), 'uint8')\na[..., 0] = 255\na")
    assert result.pictures[0].to_image().getpixel((3, 3)) == (255, 0, 0)


async def test_the_input_is_a_pil_image_and_a_file(sandbox: LocalSandbox, picture: Picture) -> None:
    async with sandbox.session([picture]) as session:
        value = (
            await session.run(
                "import cv2\nfrom PIL import Image\nseen = cv2.imread('input_image.jpg')\n"
                "isinstance(input_image, Image.Image), input_image.mode, input_image.size, seen.shape, "
                "seen[15, 15].tolist(), Image.open('input_image.jpg').size"
            )
        ).execution.value
    assert value == "(True, 'RGB', (64, 48), (48, 64, 3), [0, 0, 255], (64, 48))"


async def test_several_inputs_are_numbered(sandbox: LocalSandbox, make_picture: Callable[..., Picture]) -> None:
    async with sandbox.session([make_picture(5, 5), make_picture(6, 6)]) as session:
        code = "import os\nsorted(os.listdir('.')), [one.width for one in input_images], input_image is input_images[0]"
        value = (await session.run(code)).execution.value
    assert value == "(['input_image_1.jpg', 'input_image_2.jpg'], [5, 6], True)"


async def test_two_sessions_draw_different_random_numbers(run: Run) -> None:
    code = "import random, numpy\nrandom.random(), numpy.random.rand()"
    assert (await run(code)).execution.value != (await run(code)).execution.value


async def test_lone_surrogates_become_question_marks(run: Run) -> None:
    error = (await run("raise ValueError(chr(0xd800))")).execution.error
    assert error is not None
    assert error.message == "?"
    assert (await run("print(chr(0xd800))")).execution.stdout == "?\n"


async def test_an_evil_repr_is_only_a_text(run: Run) -> None:
    code = "class Evil:\n    def __repr__(self): raise RuntimeError('no')\nEvil()"
    assert (await run(code)).execution.value == "<Evil object; its repr raised RuntimeError>"


async def test_cv2_imshow_takes_bgr_as_opencv_does(run: Run, picture: Picture, sandbox: LocalSandbox) -> None:
    code = (
        "import cv2\nimage = cv2.imread('input_image.jpg')\ncv2.imshow('window', image)\ncv2.waitKey(0)\n"
        "cv2.destroyAllWindows()\ncv2.cvtColor(image, cv2.COLOR_BGR2RGB)"
    )
    async with sandbox.session([picture]) as session:
        result = await session.run(code)
    wanted = picture.to_image().getpixel((15, 15))
    assert [shown.to_image().getpixel((15, 15)) for shown in result.pictures] == [wanted, wanted]
    assert (await run("import cv2\ncv2.imshow('x', 5)")).execution.status is ExecutionStatus.ERROR


async def test_files_are_copied_touched_and_dated(run: Run) -> None:
    code = (
        "import os, pathlib, shutil, tempfile\npathlib.Path('a').touch()\nshutil.copy2('a', 'b')\n"
        "os.chmod('b', 0o600)\nos.utime('b')\nopen(os.devnull, 'w').write('x')\n"
        "with tempfile.TemporaryDirectory(dir='.') as folder: shutil.copytree('.', folder + '/c', "
        "ignore=lambda *_: [os.path.basename(folder)])\n"
        "sorted(os.listdir('.'))"
    )
    execution = (await run(code)).execution
    assert execution.error is None, execution.error.traceback
    assert execution.value == "['a', 'b']"
    assert (await run("import os\nos.chmod('missing', 0o600)")).execution.status is ExecutionStatus.ERROR


async def test_the_code_of_an_exit_is_told(run: Run) -> None:
    for code, told in (("exit()", 0), ("import sys\nsys.exit(3)", 3), ("raise SystemExit('no')", 1)):
        assert (await run(code)).execution.exit_code == told
    assert (await run("1")).execution.exit_code is None


async def test_threads_that_show_pictures_at_once_do_not_mix_their_messages(run: Run) -> None:
    code = (
        "import threading\nfrom PIL import Image\n"
        "def show(side): [Image.new('RGB', (side, 200)).show() for _ in range(3)]\n"
        "threads = [threading.Thread(target=show, args=(side,)) for side in (100, 200, 300)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()"
    )
    result = await run(code)
    assert result.execution.ok
    assert sorted(picture.ref.width for picture in result.pictures) == [100] * 3 + [200] * 3 + [300] * 3
