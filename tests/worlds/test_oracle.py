"""The oracle: its code, really run, finds the known answer in every scene; what it writes can be read back."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import re
from collections.abc import AsyncIterator
from random import Random
from typing import Literal

import pytest
from PIL import Image

from codedance.protocol import AnswerAction, CodeAction, parse_reply
from codedance.sandbox import LocalSandbox
from codedance.schema import CodeFormat, StopReason
from codedance.synth.oracle import demonstrate
from codedance.tasks.worlds import (
    FAMILIES,
    Difficulty,
    Scene,
    SceneObject,
    answer_reply,
    code_reply,
    make_scene,
    oracle_replies,
    scene_code,
)
from codedance.tasks.worlds.vocabulary import CODE_LINES, FILLS

CELLS = list(itertools.product(FAMILIES, Difficulty))


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


def run_bare(scene: Scene) -> tuple[str, object]:
    """What the oracle's code prints and the value of its last expression, without the sandbox around it."""
    *lines, last = ast.parse(scene_code(scene)).body
    names: dict[str, object] = {"input_image": scene.image}
    value: object = None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(lines, []), "cell", "exec"), names)
        assert isinstance(last, ast.Expr)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return printed.getvalue(), value


@pytest.mark.parametrize("difficulty", Difficulty)
def test_the_code_counts_right_in_every_scene(difficulty: Difficulty) -> None:
    for seed in range(1000, 1100):
        scene = make_scene("counting", difficulty, seed)
        assert run_bare(scene)[0] == f"{scene.answer}\n", scene.question


@pytest.mark.parametrize("difficulty", Difficulty)
def test_the_code_shows_the_card_that_is_asked_about_in_every_scene(difficulty: Difficulty) -> None:
    for seed in range(1000, 1100):
        scene = make_scene("search", difficulty, seed)
        assert scene.target is not None
        left, top, right, bottom = scene.target.box
        printed, shown = run_bare(scene)
        assert isinstance(shown, Image.Image)
        assert printed == ""
        expected = scene.image.crop((left - 9, top - 9, right + 8, bottom + 8))
        assert (shown.size, shown.tobytes()) == (expected.size, expected.tobytes())


@pytest.mark.anyio
@pytest.mark.parametrize("code_format", CodeFormat)
@pytest.mark.parametrize(("family", "difficulty"), CELLS)
async def test_demonstrations_in_the_real_loop_have_no_fault(
    sandbox: LocalSandbox, family: str, difficulty: Difficulty, code_format: CodeFormat
) -> None:
    for seed in range(2000, 2006):
        scene = make_scene(family, difficulty, seed)
        shown = await demonstrate(scene, sandbox=sandbox, code_format=code_format)
        assert shown.fault is None
        trajectory = shown.rollout.trajectory
        assert (trajectory.stop, trajectory.answer, trajectory.model) == (StopReason.ANSWERED, scene.answer, "oracle")
        assert [turn.code is not None for turn in trajectory.turns] == [True, False]
        assert trajectory.protocol.code_format is code_format
        assert trajectory.turns[0].observation is not None
        assert len(trajectory.turns[0].observation.images) == (0 if scene.target is None else 1)


@pytest.mark.anyio
async def test_easy_scenes_can_be_demonstrated_at_a_glance(sandbox: LocalSandbox) -> None:
    for family in FAMILIES:
        scene = make_scene(family, Difficulty.EASY, 3)
        shown = await demonstrate(scene, sandbox=sandbox, mode="direct")
        assert shown.fault is None
        assert [turn.code for turn in shown.rollout.trajectory.turns] == [None]
        assert shown.rollout.trajectory.answer == scene.answer


@pytest.mark.anyio
async def test_a_world_that_knows_a_wrong_count_is_found_out(sandbox: LocalSandbox) -> None:
    scene = altered(make_scene("counting", Difficulty.HARD, 3), answer="99")
    shown = await demonstrate(scene, sandbox=sandbox)
    printed = make_scene("counting", Difficulty.HARD, 3).answer
    assert shown.rollout.trajectory.answer == printed, "what the code printed is what the trajectory says"
    assert shown.fault == f"answered '{printed}', but it is '99'"


@pytest.mark.anyio
async def test_a_world_whose_code_shows_something_else_is_found_out(sandbox: LocalSandbox) -> None:
    scene = make_scene("search", Difficulty.HARD, 3)
    target = scene.target
    assert target is not None
    wrong = next(one for one in scene.objects if one != target)
    shown = await demonstrate(altered(scene, target=wrong), sandbox=sandbox)
    assert shown.fault == "the code did not show what the question asks about"


@pytest.mark.anyio
async def test_a_world_whose_code_fails_is_found_out(sandbox: LocalSandbox) -> None:
    scene = make_scene("counting", Difficulty.EASY, 3)
    shown = await demonstrate(altered(scene, colour="no such colour"), sandbox=sandbox)
    assert shown.fault is not None
    assert shown.fault.startswith("the code ended with error")


def altered(scene: Scene, **changes: str | SceneObject) -> Scene:
    fields = {name: getattr(scene, name) for name in Scene.__slots__}
    return Scene(**{**fields, **changes})


@pytest.mark.parametrize(("family", "difficulty"), CELLS)
def test_replies_read_back_as_the_code_and_the_answer(family: str, difficulty: Difficulty) -> None:
    for seed in range(20):
        scene = make_scene(family, difficulty, seed)
        first, last = (parse_reply(text) for text in oracle_replies(scene, Random(seed)))
        assert first.action == CodeAction(scene_code(scene), CodeFormat.CODE)
        assert last.action == AnswerAction(scene.answer)
        assert not first.faults | last.faults
        assert first.thought
        assert last.thought


def test_code_can_be_written_as_a_tool_call() -> None:
    scene = make_scene("search", Difficulty.HARD, 0)
    reply = parse_reply(code_reply(scene, Random(0), code_format=CodeFormat.TOOL_CALL))
    assert reply.action == CodeAction(scene_code(scene), CodeFormat.TOOL_CALL)


def test_the_answer_is_what_was_found_even_if_it_is_not_the_truth() -> None:
    scene = make_scene("counting", Difficulty.HARD, 0)
    assert parse_reply(answer_reply(scene, Random(0), found="123")).action == AnswerAction("123")


@pytest.mark.parametrize("mode", ["code", "direct"])
def test_the_same_random_source_chooses_the_same_words(mode: Literal["code", "direct"]) -> None:
    scene = make_scene("search", Difficulty.EASY, 5)
    assert oracle_replies(scene, Random(7), mode=mode) == oracle_replies(scene, Random(7), mode=mode)


def test_a_hard_scene_is_not_answered_at_a_glance() -> None:
    with pytest.raises(ValueError, match="hard scene"):
        oracle_replies(make_scene("search", Difficulty.HARD, 0), Random(0), mode="direct")


def test_the_shares_written_in_the_code_are_those_of_the_shapes() -> None:
    table = re.search(r"\{\{.*\}\}", CODE_LINES["fills"])
    assert table is not None
    assert ast.literal_eval(table[0][1:-1]) == FILLS
