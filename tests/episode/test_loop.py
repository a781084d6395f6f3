"""The loop: think, execute, feed back, until a stop reason; budgets come before anything is appended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import anyio
import pytest

from codedance.episode import EpisodeSettings, Event, Rollout, TurnEnded, run_episode
from codedance.errors import ModelContextFullError, ModelUnreachableError, SandboxError
from codedance.imaging import Picture
from codedance.models.contract import Completion
from codedance.models.scripted import ScriptedModel
from codedance.protocol import (
    AnswerAction,
    ChatMessage,
    CodeAction,
    Role,
    conversation,
    protocol_info,
    render_reply,
)
from codedance.sandbox import Limits, LocalSandbox
from codedance.schema import (
    Budgets,
    CodeFormat,
    ExecutionStatus,
    FailureKind,
    FinishReason,
    Sampling,
    StopReason,
    Task,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


def code(text: str, thought: str = "look") -> str:
    return render_reply(thought, CodeAction(text, CodeFormat.CODE))


def answer(text: str) -> str:
    return render_reply("done", AnswerAction(text))


async def play(
    replies: Sequence[str] | Callable[[Sequence[ChatMessage]], str],
    sandbox: LocalSandbox,
    picture: Picture,
    settings: EpisodeSettings | None = None,
) -> Rollout:
    task = Task(id="t", source="test", question="How many?", images=(picture.ref,))
    return await run_episode(
        task, [picture], model=ScriptedModel(replies), sandbox=sandbox, settings=settings or EpisodeSettings()
    )


async def test_code_runs_and_its_output_leads_to_the_answer(sandbox: LocalSandbox, picture: Picture) -> None:
    def replies(messages: Sequence[ChatMessage]) -> str:
        if messages[-1].role is Role.TOOL:
            return answer(messages[-1].text.strip())
        return code("print(input_image.size)")

    trajectory = (await play(replies, sandbox, picture)).trajectory
    assert trajectory.stop is StopReason.ANSWERED
    assert trajectory.answer == "(64, 48)"
    assert [turn.code for turn in trajectory.turns] == ["print(input_image.size)", None]


async def test_pictures_that_code_shows_reach_the_model_in_order(sandbox: LocalSandbox, picture: Picture) -> None:
    cell = "print('before')\ninput_image.crop((0, 0, 9, 7)).show()\nprint('after')\ninput_image.rotate(90, expand=True)"
    rollout = await play([code(cell), answer("1")], sandbox, picture)
    observation = rollout.trajectory.turns[0].observation
    assert observation is not None
    assert [part.kind for part in observation.parts] == ["text", "image", "text", "image"]
    assert [(ref.width, ref.height) for ref in observation.images] == [(9, 7), (48, 64)]
    assert all(ref.sha256 in rollout.pictures for ref in observation.images)


async def test_state_lives_through_the_episode(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play([code("x = 20"), code("x += 1"), code("x * 2"), answer("42")], sandbox, picture)
    executions = [turn.execution for turn in rollout.trajectory.turns[:3]]
    assert [execution and execution.value for execution in executions] == [None, None, "42"]
    assert rollout.trajectory.turns[0].observation is not None
    assert rollout.trajectory.turns[0].observation.text == "[no output]"


async def test_a_failed_cell_becomes_feedback_and_the_model_may_recover(
    sandbox: LocalSandbox, picture: Picture
) -> None:
    rollout = await play([code("1 / 0"), code("print(1)"), answer("1")], sandbox, picture)
    first = rollout.trajectory.turns[0]
    assert first.execution is not None
    assert first.execution.status is ExecutionStatus.ERROR
    assert first.observation is not None
    assert "ZeroDivisionError" in first.observation.text
    assert rollout.trajectory.stop is StopReason.ANSWERED


async def test_a_crash_becomes_feedback_and_the_next_code_starts_afresh(
    sandbox: LocalSandbox, picture: Picture
) -> None:
    replies = [code("x = 1\nimport os\nos._exit(3)"), code("print('x' in dir(), input_image.size)"), answer("1")]
    turns = (await play(replies, sandbox, picture)).trajectory.turns
    assert turns[0].execution is not None
    assert turns[0].execution.status is ExecutionStatus.CRASHED
    assert turns[0].observation is not None
    assert "variables are lost" in turns[0].observation.text
    assert turns[1].execution is not None
    assert turns[1].execution.stdout == "False (64, 48)\n"


async def test_a_time_out_is_an_observation(sandbox: LocalSandbox, picture: Picture) -> None:
    settings = EpisodeSettings(limits=Limits(wall_seconds=0.5))
    turns = (await play([code("while True: pass"), answer("?")], sandbox, picture, settings)).trajectory.turns
    assert turns[0].execution is not None
    assert turns[0].execution.status is ExecutionStatus.TIMEOUT
    assert turns[0].observation is not None
    assert "ran too long" in turns[0].observation.text


async def test_a_silent_model_is_reminded_once_then_the_episode_stops(sandbox: LocalSandbox, picture: Picture) -> None:
    trajectory = (await play(["Hm.", "Hm?", answer("1")], sandbox, picture)).trajectory
    assert trajectory.stop is StopReason.NO_ACTION
    assert len(trajectory.turns) == 2
    assert trajectory.turns[0].observation is not None
    assert "no code to run" in trajectory.turns[0].observation.text
    assert trajectory.turns[1].observation is None


async def test_a_reminded_model_may_go_on(sandbox: LocalSandbox, picture: Picture) -> None:
    assert (await play(["Hm.", answer("1")], sandbox, picture)).trajectory.answer == "1"


async def test_code_that_cannot_be_read_twice_stops_as_bad_format(sandbox: LocalSandbox, picture: Picture) -> None:
    trajectory = (await play(["<code>\n```python\nprint(1)"] * 2, sandbox, picture)).trajectory
    assert trajectory.stop is StopReason.BAD_FORMAT


async def test_everything_sampled_is_kept_and_what_follows_the_code_is_not_shown_again(
    sandbox: LocalSandbox, picture: Picture
) -> None:
    contexts: list[str] = []

    def replies(messages: Sequence[ChatMessage]) -> str:
        contexts.append("".join(message.text for message in messages))
        # A fence without the tags is not cut at a stop text, so more may follow it.
        return "```python\nprint(5)\n```\nIt printed 6." if len(contexts) == 1 else answer("5")

    turn = (await play(replies, sandbox, picture)).trajectory.turns[0]
    assert turn.text.endswith("It printed 6.")
    assert turn.text[: turn.kept_characters].endswith("```")
    assert "It printed 6." not in contexts[1]


async def test_text_that_no_file_can_hold_is_kept_as_question_marks(sandbox: LocalSandbox, picture: Picture) -> None:
    trajectory = (await play(["<answer>\ud800x</answer>"], sandbox, picture)).trajectory
    assert trajectory.answer == "?x"
    assert trajectory.turns[0].text == "<answer>?x</answer>"


class _Listening(ScriptedModel):
    """Remembers the seeds that it was asked with."""

    def __init__(self, replies: Sequence[str]) -> None:
        super().__init__(replies)
        self.seeds: list[int | None] = []

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        self.seeds.append(sampling.seed)
        return await super().complete(messages, sampling, stop=stop, on_text=on_text)


async def test_each_turn_is_drawn_with_a_seed_of_its_own(sandbox: LocalSandbox, picture: Picture) -> None:
    task = Task(id="t", source="test", question="How many?", images=(picture.ref,))

    async def seeds(seed: int | None) -> list[int | None]:
        model = _Listening([code("1"), code("2"), answer("3")])
        settings = EpisodeSettings(sampling=Sampling(temperature=1.0, seed=seed))
        await run_episode(task, [picture], model=model, sandbox=sandbox, settings=settings)
        return model.seeds

    first = await seeds(7)
    assert len(set(first)) == 3
    assert await seeds(7) == first
    assert not set(await seeds(8)) & set(first)
    assert await seeds(None) == [None] * 3


async def test_turns_are_limited(sandbox: LocalSandbox, picture: Picture) -> None:
    settings = EpisodeSettings(budgets=Budgets(turns=3))
    trajectory = (await play(lambda _: code("print(1)"), sandbox, picture, settings)).trajectory
    assert trajectory.stop is StopReason.MAX_TURNS
    assert len(trajectory.turns) == 3


async def test_tokens_are_limited_over_all_turns(sandbox: LocalSandbox, picture: Picture) -> None:
    settings = EpisodeSettings(budgets=Budgets(tokens=60))
    trajectory = (await play(lambda _: code("print(1)"), sandbox, picture, settings)).trajectory
    assert trajectory.stop is StopReason.MAX_TOKENS
    assert 1 < len(trajectory.turns) < 10


async def test_seconds_are_limited_and_finished_turns_are_kept(sandbox: LocalSandbox, picture: Picture) -> None:
    settings = EpisodeSettings(budgets=Budgets(seconds=1.5), limits=Limits(wall_seconds=30))
    replies = [code("print(1)"), code("import time\ntime.sleep(30)")]
    trajectory = (await play(replies, sandbox, picture, settings)).trajectory
    assert trajectory.stop is StopReason.TIME
    assert [turn.execution is not None for turn in trajectory.turns] == [True, False]
    assert trajectory.seconds < 10


async def test_long_output_loses_its_middle_before_it_is_appended(sandbox: LocalSandbox, picture: Picture) -> None:
    settings = EpisodeSettings(budgets=Budgets(output_characters=200))
    rollout = await play([code("print('a' * 5000, 'end')"), answer("1")], sandbox, picture, settings)
    observation = rollout.trajectory.turns[0].observation
    assert observation is not None
    assert observation.truncated
    assert len(observation.text) <= 200
    assert observation.text.endswith("end")
    execution = rollout.trajectory.turns[0].execution
    assert execution is not None
    assert len(execution.stdout) == 5005


async def test_pictures_beyond_the_budget_are_left_out_whole(sandbox: LocalSandbox, picture: Picture) -> None:
    settings = EpisodeSettings(budgets=Budgets(images=3, pixels=1000))
    small, large = "input_image.resize((10, 10))", "input_image.resize((40, 40))"
    show = "\n".join(f"{one}.show()" for one in (small, large, small))
    rollout = await play([code(show), code(show), answer("1")], sandbox, picture, settings)
    observations = [turn.observation for turn in rollout.trajectory.turns[:2]]
    shown = [[(r.width, r.height) for r in one.images] for one in observations if one is not None]
    assert shown == [[(10, 10), (10, 10)], [(10, 10)]]
    assert all(one is not None and "left out: budget used up" in one.text for one in observations)


async def test_both_formats_of_code_are_understood(sandbox: LocalSandbox, picture: Picture) -> None:
    call = render_reply("look", CodeAction("print(3)", CodeFormat.TOOL_CALL))
    for code_format in CodeFormat:
        settings = EpisodeSettings(protocol=protocol_info(code_format))
        trajectory = (await play([call, code("print(4)"), answer("1")], sandbox, picture, settings)).trajectory
        outputs = [turn.execution.stdout for turn in trajectory.turns if turn.execution]
        assert outputs == ["3\n", "4\n"]


async def test_the_context_can_be_built_again_from_the_record(sandbox: LocalSandbox, picture: Picture) -> None:
    contexts: list[list[ChatMessage]] = []

    def replies(messages: Sequence[ChatMessage]) -> str:
        contexts.append(list(messages))
        return [code("input_image"), "Hm.", code("1/0"), answer("1")][len(contexts) - 1]

    rollout = await play(replies, sandbox, picture)
    trajectory = rollout.trajectory
    for count, context in enumerate(contexts):
        again = conversation(trajectory.task, trajectory.turns[:count], trajectory.protocol, pictures=rollout.pictures)
        assert again == context


async def test_events_tell_the_story_and_a_trajectory_is_json(sandbox: LocalSandbox, picture: Picture) -> None:
    events: list[Event] = []
    task = Task(id="t", source="test", question="?", images=(picture.ref,))
    model = ScriptedModel([code("input_image"), answer("1")])
    rollout = await run_episode(task, [picture], model=model, sandbox=sandbox, listener=events.append)
    names = [type(event).__name__ for event in events if type(event).__name__ != "TextSampled"]
    assert names == ["TurnStarted", "CodeStarted", "TurnEnded", "TurnStarted", "TurnEnded", "EpisodeEnded"]
    ended = [event for event in events if isinstance(event, TurnEnded)]
    assert len(ended[0].pictures) == 1
    assert type(rollout.trajectory).model_validate_json(rollout.trajectory.model_dump_json()) == rollout.trajectory


class BrokenModel:
    """A model whose every call fails or never ends."""

    name = "broken"

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        if self.error is not None:
            raise self.error
        await anyio.sleep_forever()
        raise AssertionError("never reached")

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        (ModelUnreachableError("no server"), StopReason.MODEL_FAILED),
        (ModelContextFullError("too long"), StopReason.MAX_TOKENS),
        (None, StopReason.TIME),
    ],
)
async def test_a_failing_model_ends_the_episode_as_data(
    sandbox: LocalSandbox, picture: Picture, error: Exception | None, stop: StopReason
) -> None:
    task = Task(id="t", source="test", question="?", images=(picture.ref,))
    settings = EpisodeSettings(budgets=Budgets(seconds=0.3))
    model = BrokenModel(error)
    trajectory = (await run_episode(task, [picture], model=model, sandbox=sandbox, settings=settings)).trajectory
    assert trajectory.stop is stop
    assert (trajectory.failure is not None) == (error is not None)
    if trajectory.failure is not None:
        assert trajectory.failure.kind is FailureKind.MODEL


async def test_a_sandbox_that_is_gone_ends_the_episode_as_data(picture: Picture) -> None:
    async with LocalSandbox() as sandbox:
        pass
    trajectory = (await play([code("print(1)"), answer("1")], sandbox, picture)).trajectory
    assert trajectory.stop is StopReason.SANDBOX_FAILED
    assert trajectory.failure is not None
    assert trajectory.failure.type == SandboxError.__name__
    assert [turn.code for turn in trajectory.turns] == ["print(1)"]


async def test_a_reply_cut_at_its_token_limit_without_an_action_ends_the_episode(
    sandbox: LocalSandbox, picture: Picture
) -> None:
    settings = EpisodeSettings(sampling=Sampling(max_tokens=5))
    trajectory = (await play(["I am thinking about this picture at length."], sandbox, picture, settings)).trajectory
    assert trajectory.turns[0].finish is FinishReason.LENGTH
    assert trajectory.stop is StopReason.MAX_TOKENS


async def test_several_pictures_are_given_in_order(sandbox: LocalSandbox, make_picture: Callable[..., Picture]) -> None:
    pictures = [make_picture(10 + index, 10) for index in range(3)]
    task = Task(id="t", source="test", question="?", images=tuple(one.ref for one in pictures))
    model = ScriptedModel([code("print([one.width for one in input_images], input_image.width)"), answer("1")])
    rollout = await run_episode(task, pictures, model=model, sandbox=sandbox)
    execution = rollout.trajectory.turns[0].execution
    assert execution is not None
    assert execution.stdout == "[10, 11, 12] 10\n"
