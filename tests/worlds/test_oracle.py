"""The oracle: its code, really run, finds the known answer in every family; what it writes can be read back."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Literal

import pytest
from PIL import Image

from codedance.protocol import AnswerAction, CodeAction, parse_reply
from codedance.rewards import matches
from codedance.sandbox import LocalSandbox
from codedance.schema import CodeFormat, ExecutionStatus, StopReason, Trajectory
from codedance.synth.oracle import demonstrate
from codedance.tasks.worlds import FAMILIES, Code, Difficulty, Final, Oracle, Scene, make_scene, scene_answer
from codedance.tasks.worlds.families import family_named
from codedance.tasks.worlds.family import Family, Script
from codedance.tasks.worlds.vocabulary import CODE_LINES, FILLS

CELLS = list(itertools.product(FAMILIES, Difficulty))
MOST_CODE_TURNS = 4


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


def first_code(scene: Scene) -> str:
    """The first code that the oracle writes about a scene."""
    oracle = Oracle(scene, Random(0))
    oracle.reply()
    return oracle.steps[0].code


def run_bare(scene: Scene) -> tuple[str, object]:
    """What the oracle's first code prints and the value of its last expression, without the sandbox around it."""
    *lines, last = ast.parse(first_code(scene)).body
    names: dict[str, object] = {"input_image": scene.image}
    value: object = None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(lines, []), "cell", "exec"), names)
        assert isinstance(last, ast.Expr)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return printed.getvalue(), value


@pytest.mark.parametrize("difficulty", Difficulty)
def test_the_code_counts_right_in_every_scene(difficulty: Difficulty) -> None:
    for seed in range(1000, 1015):
        scene = make_scene("counting", difficulty, seed)
        assert run_bare(scene)[0] == f"{scene.answer}\n", scene.question


@pytest.mark.parametrize("difficulty", Difficulty)
def test_the_code_shows_the_card_that_is_asked_about_in_every_scene(difficulty: Difficulty) -> None:
    for seed in range(1000, 1015):
        scene = make_scene("search", difficulty, seed)
        assert scene.target is not None
        left, top, right, bottom = scene.target.box
        printed, shown = run_bare(scene)
        assert isinstance(shown, Image.Image)
        assert printed == ""
        expected = scene.image.crop((left - 9, top - 9, right + 8, bottom + 8))
        assert (shown.size, shown.tobytes()) == (expected.size, expected.tobytes())


def check_replies(trajectory: Trajectory, code_format: CodeFormat) -> None:
    """Every reply reads back without a fault: thought and code, at last thought and answer."""
    replies = [parse_reply(turn.text) for turn in trajectory.turns]
    assert all(reply.thought and not reply.faults for reply in replies)
    assert all(reply.thought == reply.thought.strip() for reply in replies if reply.thought)
    *coded, last = [reply.action for reply in replies]
    assert coded == [CodeAction(turn.code or "", code_format) for turn in trajectory.turns[:-1]]
    assert last == AnswerAction(trajectory.answer or "")


@pytest.mark.anyio
@pytest.mark.parametrize("code_format", CodeFormat)
@pytest.mark.parametrize(("family", "difficulty"), CELLS)
async def test_demonstrations_in_the_real_loop_have_no_fault(
    sandbox: LocalSandbox, family: str, difficulty: Difficulty, code_format: CodeFormat
) -> None:
    first = 2000 if code_format is CodeFormat.CODE else 2100
    for seed in (first, first + 1):
        scene = make_scene(family, difficulty, seed)
        shown = await demonstrate(scene, sandbox=sandbox, code_format=code_format, seed=seed)
        trajectory = shown.rollout.trajectory
        assert shown.fault is None, trajectory.task.id
        assert (trajectory.stop, trajectory.model) == (StopReason.ANSWERED, "oracle")
        assert matches(trajectory.answer, scene_answer(scene))
        assert 1 <= len(trajectory.turns) - 1 <= MOST_CODE_TURNS
        assert trajectory.protocol.code_format is code_format
        check_replies(trajectory, code_format)


@pytest.mark.anyio
@pytest.mark.parametrize(("family", "difficulty"), CELLS)
async def test_a_slip_is_shown_as_an_error_and_mended(
    sandbox: LocalSandbox, family: str, difficulty: Difficulty
) -> None:
    scene = make_scene(family, difficulty, 2200)
    shown = await demonstrate(scene, sandbox=sandbox, mode="slip")
    trajectory = shown.rollout.trajectory
    assert shown.fault is None, trajectory.task.id
    check_replies(trajectory, CodeFormat.CODE)
    slipped, mended = trajectory.turns[:2]
    assert slipped.execution is not None
    assert mended.execution is not None
    assert slipped.execution.error is not None, "the first code of every family has room for a slip"
    assert slipped.execution.status is ExecutionStatus.ERROR
    assert not slipped.execution.images
    assert mended.execution.status is ExecutionStatus.OK
    assert slipped.code != mended.code
    assert len(trajectory.turns) - 2 <= MOST_CODE_TURNS


@pytest.mark.anyio
@pytest.mark.parametrize("family", FAMILIES)
async def test_easy_scenes_are_answered_at_a_glance_unless_a_picture_is_to_be_drawn(
    sandbox: LocalSandbox, family: str
) -> None:
    for seed in range(3, 6):
        scene = make_scene(family, Difficulty.EASY, seed)
        if scene.edit is not None:
            with pytest.raises(ValueError, match="cannot be answered directly"):
                Oracle(scene, Random(0), mode="direct")
            continue
        shown = await demonstrate(scene, sandbox=sandbox, mode="direct")
        trajectory = shown.rollout.trajectory
        assert shown.fault is None
        assert [turn.code for turn in trajectory.turns] == [None]
        assert trajectory.answer == scene.answer
        check_replies(trajectory, CodeFormat.CODE)


@pytest.mark.anyio
async def test_a_world_that_knows_a_wrong_count_is_found_out(sandbox: LocalSandbox) -> None:
    scene = make_scene("counting", Difficulty.HARD, 3)
    printed = scene.answer
    shown = await demonstrate(replace(scene, answer="99"), sandbox=sandbox)
    assert shown.rollout.trajectory.answer == printed, "what the code printed is what the trajectory says"
    assert shown.fault == f"the code printed '{printed}', but it is '99'"


@pytest.mark.anyio
async def test_a_world_whose_code_shows_something_else_is_found_out(sandbox: LocalSandbox) -> None:
    scene = make_scene("search", Difficulty.HARD, 3)
    wrong = next(one for one in scene.objects if one != scene.target)
    shown = await demonstrate(replace(scene, target=wrong), sandbox=sandbox)
    assert shown.fault == "the code did not show what the question asks about"


@pytest.mark.anyio
async def test_a_world_whose_code_fails_is_found_out(sandbox: LocalSandbox) -> None:
    scene = make_scene("counting", Difficulty.EASY, 3)
    shown = await demonstrate(replace(scene, colour="no such colour"), sandbox=sandbox)
    assert shown.fault is not None
    assert shown.fault.startswith("the code ended with error")


def test_code_can_be_written_as_a_tool_call() -> None:
    scene = make_scene("search", Difficulty.HARD, 0)
    reply = parse_reply(Oracle(scene, Random(0), code_format=CodeFormat.TOOL_CALL).reply())
    assert reply.action == CodeAction(first_code(scene), CodeFormat.TOOL_CALL)


def test_the_answer_is_what_was_found_even_if_it_is_not_the_truth() -> None:
    oracle = Oracle(make_scene("counting", Difficulty.HARD, 0), Random(0))
    oracle.reply()
    assert parse_reply(oracle.reply("123")).action == AnswerAction("123")
    assert oracle.final is not None
    assert oracle.final.answer == "123"


@pytest.mark.parametrize("mode", ["code", "direct", "slip"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_random_source_chooses_the_same_words(family: str, mode: Literal["code", "direct", "slip"]) -> None:
    scenes = (make_scene(family, Difficulty.EASY, seed) for seed in itertools.count(5))
    scene = next(scene for scene in scenes if mode != "direct" or scene.edit is None)
    assert len({Oracle(scene, Random(7), mode=mode).reply() for _ in range(2)}) == 1


@pytest.mark.parametrize(("family", "difficulty"), CELLS)
def test_the_way_and_the_words_vary(family: str, difficulty: Difficulty) -> None:
    scene = make_scene(family, difficulty, 11)
    assert len({Oracle(scene, Random(seed)).reply() for seed in range(20)}) > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_hard_scene_is_not_answered_at_a_glance(family: str) -> None:
    with pytest.raises(ValueError, match="hard scene cannot be answered directly"):
        Oracle(make_scene(family, Difficulty.HARD, 0), Random(0), mode="direct")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_glance_can_be_filled_in(family: str) -> None:
    for template in family_named(family).glances:
        said = template.format(answer="17")
        assert said == said.strip() != ""
        assert "{" not in said


def test_the_shares_written_in_the_code_are_those_of_the_shapes() -> None:
    table = re.search(r"\{\{.*\}\}", CODE_LINES["fills"])
    assert table is not None
    assert ast.literal_eval(table[0][1:-1]) == FILLS


@pytest.mark.anyio
async def test_a_script_that_trips_over_an_outcome_is_a_fault_and_ends_nothing(
    sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clumsy(scene: Scene, rng: Random) -> Script:
        shown = yield Code("I print a word.", "print('none')")
        return Final("It is a number.", str(int(shown)))

    family = Family(name="counting", make=family_named("counting").make, script=clumsy)
    monkeypatch.setattr("codedance.tasks.worlds.oracle.family_named", lambda name: family)
    shown = await demonstrate(make_scene("counting", Difficulty.HARD, 3), sandbox=sandbox)
    assert shown.fault is not None
    assert "the script failed: ValueError" in shown.fault
