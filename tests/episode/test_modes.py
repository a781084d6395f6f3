"""Rival ways of reasoning in the one loop: what counts as an action, what comes back, and how an episode ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.episode.zooming import zoom
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import ChatMessage, Role, conversation, parse_reply, protocol_info, stop_texts
from codedance.rewards import format_fault
from codedance.sandbox import LocalSandbox
from codedance.schema import Budgets, ExecutionStatus, ReasoningMode, StopReason, Task
from codedance.store import PictureStore
from codedance.synth.check_items import Examiner
from codedance.viewer import trace_page

pytestmark = pytest.mark.anyio

PROGRAM = "<think>x</think>\n<code>\n```python\n{}\n```\n</code>"


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


def call(box: object, **more: object) -> str:
    arguments = json.dumps({"bbox_2d": box, **more})
    return f'<think>closer</think><tool_call>{{"name": "image_zoom_in_tool", "arguments": {arguments}}}</tool_call>'


async def play(
    mode: ReasoningMode,
    replies: Sequence[str] | Callable[[Sequence[ChatMessage]], str],
    sandbox: LocalSandbox,
    picture: Picture,
    budgets: Budgets | None = None,
) -> Rollout:
    task = Task(id="t", source="test", question="How many?", images=(picture.ref,))
    chosen = EpisodeSettings(protocol=protocol_info(mode=mode), budgets=budgets or Budgets())
    return await run_episode(task, [picture], model=ScriptedModel(replies), sandbox=sandbox, settings=chosen)


async def test_a_box_comes_back_enlarged_and_can_be_zoomed_into_again(sandbox: LocalSandbox, picture: Picture) -> None:
    asked: list[str] = []

    def replies(messages: Sequence[ChatMessage]) -> str:
        asked.append(messages[-1].text)
        boxes = [call([10, 10, 30, 30], label="square"), call([0, 0, 40, 40], image=2), "<answer>1</answer>"]
        return boxes[len(asked) - 1]

    rollout = await play(ReasoningMode.SCHEMA, replies, sandbox, picture)
    trajectory = rollout.trajectory
    assert (trajectory.stop, trajectory.answer) == (StopReason.ANSWERED, "1")
    assert asked[0] == "Picture 1 is 64x48 pixels.\nHow many?"
    assert asked[1] == "Picture 2, 80x80 pixels: the part (10, 10, 30, 30) of picture 1, enlarged 4 times.\n"
    shown = [turn.observation.images[0] for turn in trajectory.turns[:2] if turn.observation]
    assert [(ref.width, ref.height) for ref in shown] == [(80, 80), (160, 160)]
    assert rollout.pictures[shown[0].sha256].to_image().getpixel((40, 40)) == (255, 0, 0)
    assert [turn.code for turn in trajectory.turns] == [None, None, None]
    again = conversation(trajectory.task, trajectory.turns[:1], trajectory.protocol, pictures=rollout.pictures)
    assert [message.role for message in again] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL]
    assert "bbox_2d" in trace_page(trajectory, rollout.pictures)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "it is missing"),
        ({"bbox_2d": "10, 10, 30, 30"}, "must be four numbers"),
        ({"bbox_2d": [1, 2, 3]}, "must be four numbers"),
        ({"bbox_2d": ["1", 2, 3, 4]}, "one of them is '1'"),
        ({"bbox_2d": [float("nan"), 0, 9, 9]}, "one of them is nan"),
        ({"bbox_2d": [0, 0, float("inf"), 9]}, "one of them is inf"),
        ({"bbox_2d": [True, 0, 9, 9]}, "one of them is True"),
        ({"bbox_2d": [30, 30, 10, 10]}, "ends before it begins"),
        ({"bbox_2d": [5, 5, 5, 9]}, "ends before it begins"),
        ({"bbox_2d": [0.1, 0.1, 0.6, 0.6]}, "give pixels, not fractions; the picture is 64x48"),
        ({"bbox_2d": [100, 0, 10**400, 9]}, "lies outside the picture, which is 64x48"),
        ({"bbox_2d": [1, 1, 3, 40]}, "too small"),
        ({"bbox_2d": [0, 0, 9, 9], "image": 2}, "there is 1 picture"),
        ({"bbox_2d": [0, 0, 9, 9], "image": "first"}, "image is 'first'"),
        ({"bbox_2d": {"left": 1}}, "must be four numbers"),
        ({"bbox_2d": [[[[]]]] * 4}, "one of them is [[[]]]"),
    ],
)
def test_a_box_that_makes_no_sense_is_told_why(arguments: dict[str, object], said: str, picture: Picture) -> None:
    result = zoom(arguments, [picture])
    assert result.execution.status is ExecutionStatus.ERROR
    assert result.execution.error is not None
    assert said in result.execution.error.message
    assert len(result.execution.error.message) < 300
    assert result.pictures == ()


def test_a_box_that_reaches_beyond_the_picture_is_cut_at_its_edge(picture: Picture) -> None:
    result = zoom({"bbox_2d": [-(10**500), -5, 20.2, 10**500]}, [picture])
    assert result.execution.ok
    assert "the part (0, 0, 21, 48) of picture 1" in result.execution.stdout


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = LEAF | st.lists(LEAF, max_size=5) | st.lists(st.lists(LEAF, max_size=3), max_size=3)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(["bbox_2d", "image", "label"]), JSON))
def test_any_json_gives_a_picture_or_a_reason(arguments: dict[str, object]) -> None:
    from PIL import Image

    execution = zoom(arguments, [Picture.from_image(Image.new("RGB", (20, 10)))]).execution
    assert execution.ok == bool(execution.images)
    assert execution.ok or (execution.error is not None and execution.error.message)


async def test_a_hostile_box_becomes_feedback_and_the_model_may_recover(
    sandbox: LocalSandbox, picture: Picture
) -> None:
    hostile = call([0, 0, 9, 9]).replace("[0, 0, 9, 9]", "[NaN, -Infinity, 1e999, 9]")
    trajectory = (await play(ReasoningMode.SCHEMA, [hostile, "<answer>1</answer>"], sandbox, picture)).trajectory
    first = trajectory.turns[0]
    assert first.observation is not None
    assert first.observation.text == (
        "Error: bbox_2d must be four numbers, [left, top, right, bottom] in pixels; one of them is nan"
    )
    assert trajectory.answer == "1"
    assert type(trajectory).model_validate_json(trajectory.model_dump_json()) == trajectory


async def test_code_is_not_run_where_only_boxes_are_allowed(sandbox: LocalSandbox, picture: Picture) -> None:
    trajectory = (await play(ReasoningMode.SCHEMA, [PROGRAM.format("print(1)")] * 2, sandbox, picture)).trajectory
    assert trajectory.stop is StopReason.NO_ACTION
    assert [turn.execution for turn in trajectory.turns] == [None, None]
    assert trajectory.turns[0].observation is not None
    assert "complete JSON" in trajectory.turns[0].observation.text


async def test_a_call_of_another_tool_twice_is_a_bad_format(sandbox: LocalSandbox, picture: Picture) -> None:
    other = '<tool_call>{"name": "execute_python_code", "arguments": {"code": "1"}}</tool_call>'
    trajectory = (await play(ReasoningMode.SCHEMA, [other, other], sandbox, picture)).trajectory
    assert trajectory.stop is StopReason.BAD_FORMAT


async def test_pictures_that_zooming_shows_count_against_the_budget(sandbox: LocalSandbox, picture: Picture) -> None:
    replies = [call([0, 0, 20, 20]), call([0, 0, 20, 20]), "<answer>1</answer>"]
    rollout = await play(ReasoningMode.SCHEMA, replies, sandbox, picture, Budgets(images=1))
    first, second = (turn.observation for turn in rollout.trajectory.turns[:2])
    assert first is not None
    assert second is not None
    assert (len(first.images), len(second.images)) == (1, 0)
    assert "budget used up" in second.text


async def test_the_last_line_that_a_program_prints_is_the_answer(sandbox: LocalSandbox, picture: Picture) -> None:
    cell = "print('looking')\nprint(input_image.width // 2)"
    trajectory = (await play(ReasoningMode.PROGRAM, [PROGRAM.format(cell)], sandbox, picture)).trajectory
    assert (trajectory.stop, trajectory.answer, len(trajectory.turns)) == (StopReason.ANSWERED, "32", 1)
    assert trajectory.turns[0].observation is None


@pytest.mark.parametrize("cell", ["1 / 0", "x = 1"])
async def test_a_program_that_fails_or_is_silent_gives_no_answer_and_no_second_try(
    cell: str, sandbox: LocalSandbox, picture: Picture
) -> None:
    replies = [PROGRAM.format(cell), PROGRAM.format("print(1)")]
    trajectory = (await play(ReasoningMode.PROGRAM, replies, sandbox, picture)).trajectory
    assert (trajectory.stop, trajectory.answer, len(trajectory.turns)) == (StopReason.MAX_TURNS, None, 1)


async def test_an_answer_is_no_program(sandbox: LocalSandbox, picture: Picture) -> None:
    replies = ["<answer>7</answer>", PROGRAM.format("print(8)")]
    trajectory = (await play(ReasoningMode.PROGRAM, replies, sandbox, picture)).trajectory
    assert trajectory.answer == "8"


async def test_without_tools_code_is_text_and_the_answer_counts(sandbox: LocalSandbox, picture: Picture) -> None:
    reply = f"{PROGRAM.format('print(1)')} so <answer>7</answer>"
    trajectory = (await play(ReasoningMode.DIRECT, [reply], sandbox, picture)).trajectory
    assert (trajectory.answer, trajectory.turns[0].code) == ("7", None)
    assert trajectory.turns[0].kept_characters == len(reply)


@pytest.mark.parametrize("mode", list(ReasoningMode))
def test_every_mode_has_a_versioned_prompt_that_names_its_actions(mode: ReasoningMode) -> None:
    protocol = protocol_info(mode=mode)
    assert protocol.prompt == f"{mode.value}@1"
    for tag in stop_texts(mode):
        opening = tag.replace("</", "<")
        assert opening in protocol.system_prompt or opening == "<tool_call>"


@given(st.text(), st.sampled_from(list(ReasoningMode)))
def test_any_text_is_read_in_any_mode(text: str, mode: ReasoningMode) -> None:
    whole = f"<tool_call>{text}</tool_call>{text}<code>{text}"
    reply = parse_reply(whole, mode)
    assert reply.end <= len(whole)
    assert reply.action is None or reply.end > 0


@pytest.mark.parametrize(
    ("mode", "replies"),
    [
        (ReasoningMode.CODE, [PROGRAM.format("print(1)"), "<think>y</think><answer>1</answer>"]),
        (ReasoningMode.SCHEMA, [call([10, 10, 30, 30]), "<think>y</think><answer>1</answer>"]),
        (ReasoningMode.PROGRAM, [PROGRAM.format("print(1)")]),
        (ReasoningMode.DIRECT, ["<think><code>x</code></think><answer>1</answer>"]),
    ],
)
async def test_the_check_of_data_and_the_format_reward_know_the_modes(
    mode: ReasoningMode, replies: list[str], sandbox: LocalSandbox, picture: Picture, tmp_path: Path
) -> None:
    rollout = await play(mode, replies, sandbox, picture)
    store = PictureStore(tmp_path)
    for one in rollout.pictures.values():
        store.add(one)
    assert rollout.trajectory.answer == "1"
    assert Examiner(store, len).trajectory(rollout.trajectory).faults == []
    assert format_fault(rollout.trajectory) is None
