"""Operations are found in code without running it, whatever the code is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codedance.analysis.operations import Operation, operations_of_cells
from codedance.analysis.operations.labelled import labelled_cells, labelled_report


def names(*cells: str) -> set[str]:
    return {one.value for one in operations_of_cells(cells).operations}


def flows(*cells: str) -> set[str]:
    return {f"{first.value}>{second.value}" for first, second in operations_of_cells(cells).flows}


@pytest.mark.parametrize("held_out", [False, True])
def test_what_is_found_agrees_with_what_people_labelled(held_out: bool) -> None:
    cells = [one for one in labelled_cells() if one.held_out is held_out]
    report = labelled_report("part", cells)
    assert report.sessions >= 60
    for found in (report.operations, report.flows):
        assert found.precision is not None
        assert found.precision >= 0.95
        assert found.recall is not None
        assert found.recall >= 0.95


def test_every_operation_is_labelled_somewhere() -> None:
    assert {one for cell in labelled_cells() for one in cell.operations} == set(Operation)


def test_a_disagreement_lowers_precision_and_recall() -> None:
    (first, *_) = labelled_cells()
    wrong = first.model_copy(update={"operations": (Operation.OCR,), "flows": ()})
    report = labelled_report("part", [wrong])
    assert report.operations.recall == 0.0
    assert report.operations.precision == 0.0
    assert "-ocr" in report.wrong[0]


def test_what_one_cell_defines_the_next_one_uses() -> None:
    assert flows("part = input_image.crop((0, 0, 9, 9))", "part.crop((1, 1, 3, 3))") == {"crop>crop"}


def test_a_function_that_is_never_called_does_nothing() -> None:
    code = "def look(box):\n    return input_image.crop(box)\n"
    assert names(code) == set()
    assert names(code + "look((0, 0, 9, 9))") == {"crop"}


def test_a_function_called_on_its_own_outcome_is_a_composition() -> None:
    code = "def cut(image):\n    return image.crop((1, 1, 8, 8))\ncut(cut(input_image))"
    assert flows(code) == {"crop>crop"}


def test_a_loop_that_goes_on_with_its_outcome_is_a_composition() -> None:
    assert flows("view = input_image\nfor i in [1, 2]:\n    view = view.crop((i, i, 90, 90))") == {"crop>crop"}


def test_drawing_changes_every_name_of_a_picture() -> None:
    code = (
        "from PIL import ImageDraw\na = input_image.copy()\nb = a\nImageDraw.Draw(a).line((0, 0, 5, 5))\nb.rotate(90)"
    )
    assert flows(code) == {"draw_line>rotate"}


def test_a_copy_is_not_drawn_on() -> None:
    code = "from PIL import ImageDraw\nb = input_image.copy()\nImageDraw.Draw(b).line((0, 0, 5, 5))\n"
    code += "input_image.rotate(90)"
    assert flows(code) == set()


def test_a_picture_that_was_saved_and_opened_again_is_the_same() -> None:
    code = "input_image.crop((0, 0, 9, 9)).save('a.png')"
    assert flows(code, "from PIL import Image\nImage.open('a.png').resize((90, 90))") == {"crop>resize"}


def test_names_of_libraries_may_be_other_ones() -> None:
    assert names("import cv2 as vision\nvision.Canny(vision.imread('input_image.jpg'), 1, 2)") == {"edges"}
    assert names("from cv2 import Canny as find\nfind(input_image, 1, 2)") == {"edges"}
    assert names("crop = 3\nprint(crop)") == set()


def test_arithmetic_counts_only_if_its_outcome_is_shown() -> None:
    assert names("x = 2 * 3") == set()
    assert names("x = 2 * 3", "print(f'{x} cm')") == {"compute"}


def test_lines_in_a_regular_loop_are_a_grid_and_others_are_not() -> None:
    head = "from PIL import ImageDraw\npen = ImageDraw.Draw(input_image)\n"
    assert names(head + "for x in range(0, 90, 10):\n    pen.line((x, 0, x, 90))") == {"draw_grid"}
    assert names(head + "for x in [1, 5]:\n    pen.line((x, 0, x, 90))") == {"draw_line"}
    assert names(head + "x = 0\nwhile x < 90:\n    pen.line((x, 0, x, 90))\n    x += 10") == {"draw_grid"}


def test_adding_up_what_holds_is_a_count() -> None:
    code = "import cv2\nn, labels, stats, centres = cv2.connectedComponentsWithStats(mask)\nsizes = stats[1:, 4]\n"
    assert "count" in names(code + "print((sizes > 40).sum())")
    assert "count" in names(code + "print(((sizes > 40) & (sizes < 90)).sum())")
    assert "count" not in names(code + "print(sizes.sum())")


def test_the_same_code_gives_the_same_findings() -> None:
    cells = labelled_cells()[3].cells
    assert operations_of_cells(cells) == operations_of_cells(cells)


def test_code_that_is_no_python_is_told_and_the_rest_is_read() -> None:
    found = operations_of_cells(["input_image.crop((0, 0, 9, 9)", "input_image.rotate(90)"])
    assert found.unreadable == (0,)
    assert found.in_cell(1) == {Operation.ROTATE}


def test_magic_of_notebooks_is_passed_over() -> None:
    assert names("!pip install opencv-python\n%matplotlib inline\ninput_image.rotate(90)") == {"rotate"}


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "(" * 60 + "1" + ")" * 60,
        "x = 1" + " + 1" * 5000,
        "def f(n):\n    return f(n - 1) + f(n - 2)\nprint(f(30))",
        "f = lambda g: g(g)\nf(f)",
        "class A:\n    def __init__(self):\n        self.a = A()\nA()",
        "a = []\na.append(a)\nprint(len(a))\n",
        "x = input_image\n" + "\n".join("x = x.crop((0, 0, 9, 9))" for _ in range(3000)),
        "for a in x:\n"
        + "".join("    " * depth + f"for a{depth} in a:\n" for depth in range(1, 15))
        + "    " * 15
        + "pass",
        "\x00",
        "print('\ud800')",
        "# " + "a" * 300_000,
    ],
)
@pytest.mark.timeout(20)
def test_code_made_to_hurt_ends_soon(code: str) -> None:
    operations_of_cells([code, "input_image.rotate(1)"])


TEXT = """input_image np cv2 x y .crop( ) ( [ ] : , = 1 0.5 'a' for in range if def return lambda + - * / == .resize(
.array( print( len( sum( .line( ImageDraw.Draw( import as with try: except: None *x **y @ := await"""
WORDS = st.sampled_from([*TEXT.split(), "\n", "\n    ", "\n        "])


@given(st.lists(WORDS, max_size=40))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_makes_it_fail(words: list[str]) -> None:
    operations_of_cells([" ".join(words), " ".join(reversed(words))])
