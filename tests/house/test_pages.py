"""The tutorials and the page of questions say what happens: every block of them is run."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.house.pages import blocks_of, run_page
from tests.models.faulty_server import FaultyServer, serve
from tests.synth.teacher import Teacher
from tests.synth.teacher_server import serve_teacher

from codedance.tasks.worlds import Difficulty, make_scene

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
SMALLER = {
    "codedance data generate": "--count 8 --workers 1",
    "codedance data check": "--cells 2",
    "codedance train sft": "--set train.steps=2",
    "codedance train evaluate": "--count 2",
    "codedance train grpo": (
        "--steps 1 --set groups=2 --set attempts=2 --set exam_tasks=2 --set keep_rollouts_every=1 --set save_every=1"
    ),
    "codedance eval": "--limit 2",
}
"""Minutes of work on a page are seconds here: the same commands with fewer steps."""
LOOK = "<think>I look at its size.</think>\n<code>\nprint(input_image.size)\n</code>"
ANSWER = "<think>I count.</think>\n<answer>14</answer>"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what a reader has before a tutorial begins."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(900)  # A page with training starts PyTorch eight times.
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_does_what_it_says(page: Path, desk: Path) -> None:
    with _served(page) as server:
        server.replies = [LOOK, ANSWER, LOOK, ANSWER]
        again = server.url.replace("127.0.0.1", "localhost")  # Several servers of a page are one here.
        instead = {
            "http://localhost:8000/v1": server.url,
            "http://localhost:8001/v1": again,
            "step-000020": "step-000001",
        }
        assert run_page(page, desk, smaller=SMALLER, instead=instead)


@pytest.mark.slow
def test_the_page_about_the_loop_shows_what_happens(desk: Path) -> None:
    assert run_page(ROOT / "docs" / "loop.md", desk, smaller={}, instead={}) == 2


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_errors_among_the_questions_are_the_real_ones(desk: Path) -> None:
    page = ROOT / "docs" / "faq.md"
    asked = sum(block.kind == "sh" for block in blocks_of(page))
    assert run_page(page, desk, smaller={}, instead={}, codes=(2, 4)) == asked > 5


def _served(page: Path) -> AbstractContextManager[FaultyServer]:
    """The server of a tutorial: one that says lines, or one that knows the truth about the pictures."""
    if page.stem != "own-pictures":
        return serve()
    drawn = {f"{one}-{seed}": make_scene("search", one, seed) for one in Difficulty for seed in (0, 1)}
    return serve_teacher(Teacher(drawn))
