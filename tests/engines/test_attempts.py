"""The plug-ins' logic without an engine: tokens of an attempt, driven episodes, rows, and the embedded numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from codedance.engines.carried import Carried, batch_figures, carried_of, lone_reward, reward_batch, token_worth
from codedance.engines.driven import DrivenEpisode
from codedance.engines.names import CARRIED
from codedance.engines.replies import kept_tokens
from codedance.engines.rows import asked_row
from codedance.engines.settings import EngineSettings
from codedance.engines.swift.rewarding import carried_within
from codedance.engines.swift.scheduler import TurnKeeper
from codedance.engines.swift.trainer import sampled_only, spans_of_turns
from codedance.engines.token_model import Sampled, TokenModel
from codedance.engines.verl.configuration import check_algorithm, settings_of
from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.errors import DataError, ModelContextFullError, ModelError, UsageError
from codedance.imaging import Picture
from codedance.models import ScriptedModel
from codedance.models.contract import Completion
from codedance.protocol import ChatMessage, Role
from codedance.rewards import VARIANTS, Attempt, attempt_of, score_batch, score_of
from codedance.sandbox import LocalSandbox
from codedance.schema import Budgets, NumberAnswer, Sampling, StopReason, Task
from codedance.synth.interop.records import record_text
from codedance.train.advantages import TurnSpans, token_advantages
from codedance.train.curves import behaviour, reward_figures

pytestmark = pytest.mark.anyio

CODE = "<think>I look.</think>\n<code>\n```python\n{}\n```\n</code>"
CROP, FAIL, SIZE = (CODE.format(one) for one in ("input_image.crop((0, 0, 9, 9))", "1/0", "print(input_image.size)"))
PICTURE_TOKENS = 5
END, PAD = 1, 2


@pytest.fixture(scope="module")
def question() -> tuple[Task, tuple[Picture, ...]]:
    picture = Picture.from_image(Image.new("RGB", (64, 48), "red"))
    return Task(id="q/1", source="mine", question="How many?", images=(picture.ref,), answer=NumberAnswer(value=3)), (
        picture,
    )


class Letters:
    """An engine whose tokens are characters: a real dialogue, small enough to count by hand."""

    end, reserved = END, frozenset({PAD})

    def __init__(self, replies: Sequence[str | list[int] | Exception]) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[list[int], int]] = []

    async def encode(self, messages: Sequence[ChatMessage]) -> list[int]:
        return [*self._written(messages), *map(ord, "A:")]

    async def extend(self, ids: Sequence[int], messages: Sequence[ChatMessage]) -> list[int]:
        return [*ids, ord("\n"), *self._written(messages), *map(ord, "A:")]

    async def sample(
        self, ids: Sequence[int], images: Sequence[Image.Image], *, most: int, stop: Sequence[str]
    ) -> Sampled:
        assert list(ids).count(PAD) == PICTURE_TOKENS * len(images), "pictures and their tokens belong together"
        self.asked.append((list(ids), most))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        new = [ord(one) for one in reply] if isinstance(reply, str) else reply
        return Sampled(tuple(new[:most]), tuple(-0.25 for _ in new[:most]))

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(chr(one) for one in ids if one not in (END, PAD))

    @staticmethod
    def _written(messages: Sequence[ChatMessage]) -> list[int]:
        found = []
        for message in messages:
            for part in message.content:
                found += [ord(one) for one in part] if isinstance(part, str) else [PAD] * PICTURE_TOKENS
            found.append(END)
        return found


async def played(
    letters: Letters, asked: tuple[Task, tuple[Picture, ...]], *, room: int = 4000
) -> tuple[Rollout, TokenModel]:
    model = TokenModel(letters, name="letters", room=room)
    settings = EpisodeSettings(budgets=Budgets(turns=6), sampling=Sampling(temperature=1.0))
    async with LocalSandbox() as sandbox:
        return await run_episode(*asked, model=model, sandbox=sandbox, settings=settings), model


async def test_an_attempt_is_one_sequence_of_sampled_and_shown_tokens(
    question: tuple[Task, tuple[Picture, ...]],
) -> None:
    letters = Letters([CROP, FAIL, "<answer>3</answer>"])
    rollout, model = await played(letters, question)
    record = model.record()
    assert rollout.trajectory.stop is StopReason.ANSWERED
    assert [letters.decode(record.response[start:stop]) for start, stop in record.spans] == [
        CROP, FAIL, "<answer>3</answer>"
    ]  # fmt: skip
    written = [place for start, stop in record.spans for place in range(start, stop)]
    assert [place for place, one in enumerate(record.mask) if one] == written
    assert record.logprobs is not None
    assert [place for place, one in enumerate(record.logprobs) if one] == written
    assert len(record.images) == 2, "the question's, and the crop"
    assert "ZeroDivisionError" in letters.decode(record.response)
    # Each turn was asked with what the turn before had read, wrote and was shown: nothing was encoded again.
    asked = [ids for ids, _ in letters.asked]
    assert asked[1][: len(asked[0])] == asked[0]
    assert asked[2][: len(asked[1])] == asked[1]
    assert [turn.prompt_tokens for turn in rollout.trajectory.turns] == [len(ids) for ids in asked]


async def test_an_observation_that_does_not_fit_is_not_appended(question: tuple[Task, tuple[Picture, ...]]) -> None:
    letters = Letters([CODE.format("print('x' * 900)"), "<answer>3</answer>"])
    rollout, model = await played(letters, question, room=500)
    assert rollout.trajectory.stop is StopReason.MAX_TOKENS
    assert rollout.trajectory.failure is not None
    assert "the observation has" in rollout.trajectory.failure.message
    record = model.record()
    assert len(record.response) == len(rollout.trajectory.turns[0].text)
    assert len(record.images) == 1


async def test_a_reply_may_use_what_is_left_and_no_more(question: tuple[Task, tuple[Picture, ...]]) -> None:
    letters = Letters(["x" * 99])
    rollout, model = await played(letters, question, room=40)
    assert rollout.trajectory.stop is StopReason.MAX_TOKENS
    assert letters.asked[0][1] == 40
    assert len(model.record().response) == 40


async def test_what_follows_an_action_is_in_neither_context_nor_loss(
    question: tuple[Task, tuple[Picture, ...]],
) -> None:
    bare = "<think>I look.</think>\n```python\nprint(5)\n```\n"
    letters = Letters([bare + "It printed 7, so <answer>7</answer>", "<answer>3</answer>"])
    rollout, model = await played(letters, question)
    record = model.record()
    kept = letters.decode(record.response[slice(*record.spans[0])])
    assert bare.rstrip().startswith(kept.rstrip())
    assert "printed 7" not in letters.decode(letters.asked[1][0])
    assert "printed 7" in rollout.trajectory.turns[0].text, "the reward sees it all the same"


async def test_a_picture_token_that_the_model_samples_ends_its_reply(
    question: tuple[Task, tuple[Picture, ...]],
) -> None:
    letters = Letters([[ord("h"), PAD, PAD, ord("i")], "<answer>3</answer>"])
    rollout, model = await played(letters, question)
    assert rollout.trajectory.turns[0].text == "h"
    assert PAD not in model.record().response


async def test_a_failing_engine_makes_an_attempt_without_score(question: tuple[Task, tuple[Picture, ...]]) -> None:
    rollout, model = await played(Letters([CROP, ModelError("gone")]), question)
    spans = model.record().spans
    carried = carried_of(rollout.trajectory, EngineSettings(), spans=spans, pictures=rollout.pictures, equivalent=None)
    assert (carried.attempt, carried.unscored, carried.spans) == (None, "the model failed", ())
    assert lone_reward(carried, EngineSettings()) == 0.0


def test_kept_tokens_keeps_a_token_whole_and_never_half_an_action() -> None:
    pieces = ["<answer>é", "</answer>\n", "So"]
    text = "".join(pieces)
    assert kept_tokens([0, 1, 2], text, lambda ids: "".join(pieces[: len(ids)])) == 2
    assert kept_tokens([0, 1], "no action at all", lambda ids: "no action at all"[: len(ids)]) == 2
    spelt = "<answer>é</answer> x".encode()  # a character of two tokens: half of it reads as a replacement
    assert kept_tokens(spelt, "<answer>é</answer> x", lambda ids: bytes(ids).decode(errors="replace")) == len(spelt) - 2


async def test_a_driven_episode_is_the_same_as_one_that_samples_itself(
    question: tuple[Task, tuple[Picture, ...]],
) -> None:
    replies = [CROP, FAIL, "?", SIZE, "<answer>3</answer>"]
    settings = EngineSettings()
    episode = settings.episode(system=None, temperature=0.0)
    async with LocalSandbox() as sandbox:
        direct = await run_episode(*question, model=ScriptedModel(replies, name="x"), sandbox=sandbox, settings=episode)
    driven = DrivenEpisode(*question, settings=settings, episode=episode, name="x")
    found: list[ChatMessage] | Rollout = await driven.begin()
    for reply in replies:
        assert not isinstance(found, Rollout)
        found = await driven.reply(Completion(reply))
    assert isinstance(found, Rollout)
    assert _told(found) == _told(direct)


def _told(rollout: Rollout) -> list[tuple[Any, ...]]:
    return [(turn.text, turn.code, turn.observation, turn.kept_characters) for turn in rollout.trajectory.turns] + [
        (rollout.trajectory.answer, rollout.trajectory.stop)
    ]


async def test_a_driven_episode_that_is_out_of_time_ends(question: tuple[Task, tuple[Picture, ...]]) -> None:
    settings = EngineSettings(budgets=Budgets(seconds=0.2))
    driven = DrivenEpisode(*question, settings=settings, episode=settings.episode(system=None, temperature=1), name="x")
    await driven.begin()
    await _sleep(0.4)
    found = await driven.reply(Completion(CROP))
    assert isinstance(found, Rollout)
    assert found.trajectory.stop is StopReason.TIME


async def _sleep(seconds: float) -> None:
    import anyio

    await anyio.sleep(seconds)


@dataclass
class Request:
    """What ms-swift hands to a scheduler."""

    messages: list[dict[str, Any]]
    images: list[str]
    data_dict: dict[str, Any] = field(default_factory=dict)
    uuid: str = "a"


def _request(asked: tuple[Task, tuple[Picture, ...]], folder: Path) -> Request:
    task, (picture,) = asked
    path = folder / "p.png"
    path.write_bytes(picture.data)
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "<image>How many?"}]
    return Request(said, [str(path)], {"codedance": record_text(task), "solution": "3"})


async def test_a_reply_that_comes_when_the_time_is_up_was_sampled_in_the_attempt(
    question: tuple[Task, tuple[Picture, ...]], tmp_path: Path
) -> None:
    request = _request(question, tmp_path)
    keeper = TurnKeeper(
        EngineSettings(budgets=Budgets(seconds=0.3)),
        decode=lambda ids: "".join(map(chr, ids)),
        count=len,
        reserved=frozenset(),
        root=tmp_path,
    )
    await keeper.begin(request)
    await _sleep(0.6)
    told = await keeper.turn(request, ids=[*map(ord, CROP)], cut=False)
    assert (told["done"], told["response_token_ids"]) == (True, [*map(ord, CROP)])
    assert told["response_loss_mask"] == [1] * len(CROP)
    carried = Carried.read(told["rollout_infos"][CARRIED])
    assert (carried.stop, carried.spans, carried.ran_code) == (StopReason.TIME, ((0, len(CROP)),), (False,))
    assert carried.attempt is not None
    assert (carried.attempt.correct, carried.attempt.calls) == (False, ()), "its code did not run"
    mask = torch.ones(1, len(CROP), dtype=torch.bool)
    assert sampled_only(mask, [carried]).equal(mask)
    rewards = reward_batch([carried], ["q"], EngineSettings())
    worth = token_worth([carried], rewards.attempts, tokens=len(CROP))
    assert worth.advantages_BT.shape == (1, len(CROP))


async def test_turns_of_a_request_go_through_the_loop(
    question: tuple[Task, tuple[Picture, ...]], tmp_path: Path
) -> None:
    request = _request(question, tmp_path)
    keeper = TurnKeeper(
        EngineSettings(), decode=lambda ids: "".join(map(chr, ids)), count=len, reserved=frozenset({PAD}), root=tmp_path
    )
    await keeper.begin(request)
    assert request.messages[0] == {"role": "system", "content": "Be brief."}
    told = await keeper.turn(request, ids=[*map(ord, CROP), PAD, PAD], cut=False)
    assert told == {"done": False, "response_token_ids": [ord(one) for one in CROP],
                    "response_loss_mask": [1] * len(CROP)}  # fmt: skip
    request.messages.append({"role": "assistant", "content": CROP})
    after = keeper.next(request)
    assert after["infer_request"].messages[-1]["content"] == "<tool_response>\n<image>\n</tool_response>"
    assert after["rollout_infos"]["images"] == request.images
    assert request.images[1].startswith("data:image/png;base64,")
    last = await keeper.turn(request, ids=[ord(one) for one in "<answer>3</answer> and"], cut=False)
    assert last["done"]
    assert last["response_token_ids"] == [ord(one) for one in "<answer>3</answer>"]
    carried = Carried.read(last["rollout_infos"][CARRIED])
    assert carried.attempt == Attempt(correct=True, format_ok=True, calls=("ok",))
    assert [stop - start for start, stop in carried.spans] == [len(CROP), len("<answer>3</answer>")]


async def test_an_observation_that_may_not_fit_ends_a_request(
    question: tuple[Task, tuple[Picture, ...]], tmp_path: Path
) -> None:
    request = _request(question, tmp_path)
    settings = EngineSettings(context_tokens=400)
    keeper = TurnKeeper(
        settings, decode=lambda ids: "".join(map(chr, ids)), count=len, reserved=frozenset({PAD}), root=tmp_path
    )
    await keeper.begin(request)
    told = await keeper.turn(request, ids=[ord(one) for one in CODE.format("print('x' * 400)")], cut=False)
    assert told["done"]
    assert Carried.read(told["rollout_infos"][CARRIED]).stop is StopReason.MAX_TOKENS


def _carried(correct: bool, calls: tuple[str, ...], lengths: tuple[int, ...], *, asked: str = "q") -> Carried:
    spans, place = [], 0
    for length in lengths:
        spans.append((place, place + length))
        place += length + 3
    attempt = Attempt.model_validate({"correct": correct, "format_ok": True, "calls": calls})
    ran = tuple(number < len(calls) for number in range(len(lengths)))
    return Carried(asked=asked, attempt=attempt, stop=StopReason.ANSWERED, ran_code=ran, spans=tuple(spans), tokens=9,
                   seconds=1.0, code_seconds=0.5)  # fmt: skip


BATCH = [
    _carried(True, ("ok",), (4, 2), asked="a"),
    _carried(False, ("error", "ok"), (3, 3, 1), asked="b"),
    _carried(False, ("error",), (5, 0), asked="a"),
    _carried(True, (), (2,), asked="b"),
    _carried(True, ("silent",), (1, 1), asked="a"),
]


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_batch_in_any_order_is_scored_as_its_groups_are(variant: str) -> None:
    settings = EngineSettings(variant=variant)
    found = reward_batch(BATCH, [one.asked for one in BATCH], settings)
    direct = score_batch(
        [[one.attempt for one in BATCH if one.asked == name and one.attempt] for name in "ab"],
        variant=VARIANTS[variant],
    )
    assert [found.attempts[place] for place in (0, 2, 4)] == list(direct[0].attempts)
    assert [found.attempts[place] for place in (1, 3)] == list(direct[1].attempts)


def test_tokens_are_worth_what_the_embedded_trainer_says() -> None:
    rewards = reward_batch(BATCH, [one.asked for one in BATCH], EngineSettings())
    worth = token_worth(BATCH, rewards.attempts, tokens=20)
    credit = [[*one.call_credit, *[0.0] * (len(held.spans) - len(one.call_credit))]
              for one, held in zip(rewards.attempts, BATCH, strict=True)]  # fmt: skip
    advantages = torch.tensor([one.advantage for one in rewards.attempts])
    direct = token_advantages(advantages, credit, TurnSpans.of([one.spans for one in BATCH], tokens=20))
    assert torch.equal(worth.advantages_BT, direct.advantages_BT)
    assert torch.equal(worth.mask_BT, direct.mask_BT)


async def test_credit_of_turns_and_figures_are_those_of_the_record_and_the_curve(
    question: tuple[Task, tuple[Picture, ...]],
) -> None:
    scripts = [[CROP, "<answer>3</answer>"], [FAIL, "?", "<answer>4</answer>"], ["<answer>3</answer>"]]
    rollouts = [(await played(Letters(list(one)), question)) for one in scripts]
    settings = EngineSettings()
    carried = [
        carried_of(one.trajectory, settings, spans=model.record().spans, pictures=one.pictures, equivalent=None)
        for one, model in rollouts
    ]
    rewards = reward_batch(carried, ["q"] * 3, settings)
    trajectories = [one.trajectory for one, _ in rollouts]
    scores = [score_of(one, reward) for one, reward in zip(trajectories, rewards.attempts, strict=True)]
    worth = token_worth(carried, rewards.attempts, tokens=4000).advantages_BT
    for row, (one, score, reward) in enumerate(zip(carried, scores, rewards.attempts, strict=True)):
        for (start, stop), credit in zip(one.spans, score.turn_credit, strict=True):
            expected = torch.tensor(reward.advantage) + torch.tensor(credit)
            assert torch.allclose(worth[row, start:stop], expected, atol=1e-7)
    told = batch_figures(carried, rewards, settings)
    curve = behaviour(trajectories, [attempt_of(one) for one in trajectories])
    earned = reward_figures(rewards.groups, trained=1)
    for name in ("accuracy", "turns", "tool_rate", "execution_success", "answered", "length"):
        assert told[f"codedance/{name}"] == pytest.approx(getattr(curve, name))
    for name in ("reward", "d", "zero_variance"):
        assert told[f"codedance/{name}"] == pytest.approx(getattr(earned, name))
    for name in ("accuracy", "format", "tools"):
        assert told[f"codedance/reward_{name}"] == pytest.approx(getattr(earned, name))


def test_runs_of_a_mask_are_turns_and_one_without_tokens_has_an_empty_span() -> None:
    mask = torch.tensor([[0, 1, 1, 1, 1, 0, 0, 1, 1], [0, 1, 1, 1, 1, 1, 0, 0, 0]])
    found = spans_of_turns(mask, [BATCH[0], BATCH[2]])
    assert found == [[(1, 5), (7, 9)], [(1, 6), (6, 6)]]
    with pytest.raises(DataError, match=r"runs of \[4, 2\] tokens, the attempt's turns have \[5, 0\]"):
        spans_of_turns(mask[:1], [BATCH[2]])
    with pytest.raises(DataError, match=r"runs of \[5\] tokens, the attempt's turns have \[4, 2\]"):
        spans_of_turns(mask[1:], [BATCH[0]])


def test_tokens_that_a_template_adds_behind_a_reply_carry_no_loss() -> None:
    # Turns of 5 and 0 tokens, each ended by a template with two more.
    mask = torch.tensor([[1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0]])
    assert sampled_only(mask, [BATCH[2]]).tolist() == [[1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]]
    unscored = BATCH[0].model_copy(update={"attempt": None, "spans": ()})
    assert sampled_only(mask, [unscored]).tolist() == mask.tolist()


@pytest.mark.parametrize("value", [None, 3, "{}", "no json", b"\xff"])
def test_a_broken_record_of_an_attempt_is_a_clear_error(value: object) -> None:
    with pytest.raises(DataError):
        Carried.read(value)
    with pytest.raises(DataError):
        carried_within({CARRIED: value})
    with pytest.raises(DataError, match="--multi_turn_scheduler codedance"):
        carried_within(None)


def _verl_row(asked: tuple[Task, tuple[Picture, ...]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    task, (picture,) = asked
    part = {"type": "image", "image": picture.to_image(), "bytes": None, "path": None, "text": None}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [part, {"type": "text", "text": "How many?"}]},
    ]
    extra = {"index": 7, "question": "How many?", "answer": "3"}
    row = {"data_source": "sa1b", "reward_model": {"style": "rule", "ground_truth": "3"}, "extra_info": extra}
    return {**row, "codedance": record_text(task)}, messages


def test_a_row_with_our_record_gives_the_task_with_the_engine_s_pictures(
    question: tuple[Task, tuple[Picture, ...]], tmp_path: Path
) -> None:
    row, messages = _verl_row(question)
    asked = asked_row(row, messages, root=tmp_path)
    assert asked.task == question[0].model_copy(update={"images": asked.task.images})
    assert [one.to_image().tobytes() for one in asked.pictures] == [one.to_image().tobytes() for one in question[1]]
    assert asked.system == "Be brief."


def test_a_row_of_the_published_columns_gives_a_task_too(
    question: tuple[Task, tuple[Picture, ...]], tmp_path: Path
) -> None:
    row, messages = _verl_row(question)
    del row["codedance"]
    task = asked_row(row, messages, root=tmp_path).task
    assert (task.source, task.id, task.question, task.answer) == ("sa1b", "sa1b/7", "How many?", NumberAnswer(value=3))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"codedance": "{}"}, "holds no record of ours"),
        ({"codedance": "[1"}, "holds no record of ours"),
        ({"codedance": json.dumps({"task": {"id": "x", "source": "y", "question": "z"}})}, "the record has 0 pictures"),
    ],
)
def test_a_row_with_a_broken_record_is_refused(
    change: dict[str, Any], says: str, question: tuple[Task, tuple[Picture, ...]], tmp_path: Path
) -> None:
    row, messages = _verl_row(question)
    with pytest.raises(DataError, match=says):
        asked_row({**row, **change}, messages, root=tmp_path)


def test_a_row_that_asks_nothing_or_lacks_its_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        asked_row({}, [{"role": "user", "content": ""}], root=tmp_path)
    with pytest.raises(DataError, match="there is no such file"):
        asked_row({}, [{"role": "user", "content": "<image>How many?"}], root=tmp_path, images=["gone.png"])
    with pytest.raises(DataError):
        asked_row({}, [{"role": "user", "content": "<image>?"}], root=tmp_path, images=[io.BytesIO(b"x")])


def test_settings_within_verl_s_configuration_are_checked() -> None:
    assert settings_of({"codedance": {"variant": "outcome", "budgets": {"turns": 3}}}).budgets.turns == 3
    with pytest.raises(UsageError, match=r"codedance\.budgets\.turns"):
        settings_of({"codedance": {"budgets": {"turns": 0}}})
    check_algorithm({"adv_estimator": "grpo"})
    with pytest.raises(UsageError, match="needs grpo"):
        check_algorithm({"adv_estimator": "gae"})
    with pytest.raises(UsageError, match="use_kl_in_reward"):
        check_algorithm({"adv_estimator": "grpo", "use_kl_in_reward": True})


async def test_an_encoder_that_changes_the_past_is_noticed(question: tuple[Task, tuple[Picture, ...]]) -> None:
    class Forgetful(Letters):
        async def extend(self, ids: Sequence[int], messages: Sequence[ChatMessage]) -> list[int]:
            return [0, *await super().extend(ids[1:], messages)]

    with pytest.raises(DataError, match="encoded the beginning of the conversation anew"):
        await played(Forgetful([CROP, "<answer>3</answer>"]), question)


async def test_a_response_without_room_is_refused_before_anything_is_sampled(
    question: tuple[Task, tuple[Picture, ...]],
) -> None:
    model = TokenModel(Letters(["x"]), name="letters", room=0)
    with pytest.raises(ModelContextFullError, match="of at most 0"):
        await model.complete([ChatMessage(Role.USER, ("How many?",))], Sampling())
