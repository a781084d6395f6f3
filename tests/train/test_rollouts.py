"""Rollouts: tokens and log-probabilities as they were sampled, in the sequences that the network really read."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, MutableSequence, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from codedance.episode import EpisodeSettings, Rollout
from codedance.errors import DataError, StoreError
from codedance.models import ScriptedModel
from codedance.models.contract import Completion
from codedance.models.local.engine import LocalModel
from codedance.protocol import ChatMessage
from codedance.rewards import AttemptReward
from codedance.sandbox import LocalSandbox
from codedance.schema import ExecutionStatus, FinishReason, Sampling, StopReason, Term
from codedance.store import Manifest, RunFolder
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty
from codedance.train import task_source
from codedance.train.learner import pack, rows_of
from codedance.train.policy_loss import token_figures
from codedance.train.rollouts import AttemptPlan, RolloutTimes, make_rollouts
from codedance.train.segments import segments_of
from codedance.train.task_source import AskedTask, StoredTasks, WorldMix, WorldTasks, difficulty_of
from tests.train.apprentice import apprentice, task_of, tasks_folder

pytestmark = pytest.mark.anyio

HOT = 1.2
RIGHT = AttemptReward({"accuracy": Term(value=1.0)}, correct=True, advantage=1.0, call_credit=())


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
def learnt() -> None:
    """The apprentice learns before any event loop runs."""
    apprentice()


@pytest.fixture(scope="module")
async def sandbox(anyio_backend: str) -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as one:
        yield one


def plans(count: int) -> list[AttemptPlan]:
    return [AttemptPlan(AskedTask(*task_of(1 + number % 9, number)), 0, number) for number in range(count)]


def episode(*, tokens: int = 48) -> EpisodeSettings:
    return EpisodeSettings(sampling=Sampling(temperature=HOT, max_tokens=tokens))


async def roll(
    sandbox: LocalSandbox, *, count: int, rows: int = 64, in_flight: int = 64, tokens: int = 48, context: int = 512
) -> list[Rollout]:
    network, encoder = apprentice()
    network.config = network.config.model_copy(update={"context": context})
    model = LocalModel(network, encoder, name="apprentice", rows=rows)
    settings = episode(tokens=tokens)
    return await make_rollouts(plans(count), model=model, sandbox=sandbox, settings=settings, in_flight=in_flight)


def check(rollouts: Sequence[Rollout]) -> None:
    """The trainer's forward pass gives every sampled token the log-probability that the sampler gave it."""
    network, encoder = apprentice()
    for rollout in rollouts:
        segments = segments_of(encoder, rollout)
        ids = [one.encoded.ids[start:stop] for one in segments for start, stop in one.spans]
        assert ids == [list(span.token_ids) for span in rollout.tokens if span is not None]
        assert [turn for one in segments for turn in one.turns] == list(range(len(ids)))
    rows = [row for one in rollouts for row in rows_of(encoder, one, _reward(one))]
    packed = pack(rows, patch=28)
    with torch.no_grad():
        found = token_figures(network, packed.batch, temperature=HOT).logprobs_M
    assert torch.allclose(found, packed.sampled_M, atol=1e-4), float((found - packed.sampled_M).abs().max())


def _reward(rollout: Rollout) -> AttemptReward:
    calls = sum(turn.code is not None for turn in rollout.trajectory.turns)
    return AttemptReward(RIGHT.terms, correct=True, advantage=1.0, call_credit=(0.0,) * calls)


def some(rollouts: Sequence[Rollout], holds: Callable[[Rollout], bool]) -> bool:
    return any(holds(one) for one in rollouts)


async def test_log_probabilities_are_the_trainers_over_turns_pictures_failed_code_and_cut_replies(
    sandbox: LocalSandbox,
) -> None:
    rollouts = await roll(sandbox, count=64)
    check(rollouts)
    _, encoder = apprentice()
    turns = [turn for one in rollouts for turn in one.trajectory.turns]
    assert some(rollouts, lambda one: len(one.trajectory.turns) > 2)
    assert any(turn.observation is not None and turn.observation.images for turn in turns)
    assert any(turn.execution is not None and turn.execution.status is ExecutionStatus.ERROR for turn in turns)
    assert some(rollouts, lambda one: len(segments_of(encoder, one)) > 1), "a reply went on behind its code"


async def test_replies_that_were_cut_off_and_attempts_without_an_answer_are_sequences_too(
    sandbox: LocalSandbox,
) -> None:
    rollouts = await roll(sandbox, count=24, tokens=4)
    check(rollouts)
    assert some(rollouts, lambda one: one.trajectory.stop is StopReason.MAX_TOKENS)
    assert some(rollouts, lambda one: one.trajectory.turns[-1].finish is FinishReason.LENGTH)
    assert some(rollouts, lambda one: one.trajectory.answer is None)


async def test_a_full_context_ends_the_attempt_and_what_was_sampled_stays(sandbox: LocalSandbox) -> None:
    rollouts = await roll(sandbox, count=24, context=40)
    check(rollouts)
    full = [one for one in rollouts if one.trajectory.failure is not None]
    assert full, "some second turn did not fit"
    assert all(one.trajectory.turns[-1].observation is not None for one in full)
    assert all(one.trajectory.stop is StopReason.MAX_TOKENS for one in full)


async def test_conversations_that_the_engine_forgot_are_sequences_of_their_own(sandbox: LocalSandbox) -> None:
    rollouts = await roll(sandbox, count=24, rows=2, in_flight=24)
    check(rollouts)


async def test_attempts_are_the_same_whoever_is_made_beside_them(sandbox: LocalSandbox) -> None:
    together = await roll(sandbox, count=16)
    one_by_one = await roll(sandbox, count=16, in_flight=2)
    assert [one.tokens[0].token_ids for one in together if one.tokens[0]] == [
        one.tokens[0].token_ids for one in one_by_one if one.tokens[0]
    ]
    assert [one.trajectory.answer for one in together] == [one.trajectory.answer for one in one_by_one]


async def test_every_turn_is_drawn_with_random_numbers_of_its_own(sandbox: LocalSandbox) -> None:
    seeds: list[int | None] = []

    class Listening(ScriptedModel):
        async def complete(
            self,
            messages: Sequence[ChatMessage],
            sampling: Sampling,
            *,
            stop: Sequence[str] = (),
            on_text: Callable[[str], None] | None = None,
        ) -> Completion:
            seeds.append(sampling.seed)
            return await super().complete(messages, sampling, stop=stop, on_text=on_text)

    model = Listening(["<code>\n```python\n7\n```\n</code>", "<answer>7</answer>"])
    times = RolloutTimes()
    for _ in range(2):
        await make_rollouts(plans(1), model=model, sandbox=sandbox, settings=episode(), times=times)
    (rollout,) = await make_rollouts(plans(1), model=model, sandbox=sandbox, settings=episode())
    assert len(set(seeds[:2])) == 2
    assert seeds[:2] == seeds[2:4] == seeds[4:], "the same plan, the same seeds"
    assert rollout.trajectory.sampling.seed == 0, "the record holds the seed of the attempt"
    assert 0 <= times.model <= times.whole
    _, encoder = apprentice()
    with pytest.raises(DataError, match="does not tell which tokens"):
        segments_of(encoder, rollout)


async def test_a_count_of_tokens_that_does_not_fit_is_refused(sandbox: LocalSandbox) -> None:
    (rollout,) = await roll(sandbox, count=1)
    turns = rollout.trajectory.turns
    wrong = rollout.trajectory.model_copy(
        update={"turns": (turns[0].model_copy(update={"prompt_tokens": 7}), *turns[1:])}
    )
    _, encoder = apprentice()
    with pytest.raises(DataError, match="the model read 7 tokens, the conversation has"):
        segments_of(encoder, Rollout(wrong, rollout.pictures, rollout.tokens))


async def test_attempts_that_were_not_scored_give_no_rows(sandbox: LocalSandbox) -> None:
    _, encoder = apprentice()
    (rollout,) = await roll(sandbox, count=1)
    nobody = AttemptReward({}, correct=None, advantage=0.0, call_credit=())
    assert rows_of(encoder, rollout, nobody) == []


def test_scenes_are_the_same_by_number_and_never_those_of_the_exam() -> None:
    mix = WorldMix(shares={"counting": 1.0, "search": 3.0}, hard=0.5)
    source, again = WorldTasks(mix, seed=4), WorldTasks(mix, seed=4)
    practice = [source.training(number).task for number in range(12)]
    assert practice == [again.training(number).task for number in range(12)]
    assert practice[0] != WorldTasks(mix, seed=5).training(0).task
    assert {difficulty_of(task) for task in practice} == {Difficulty.EASY, Difficulty.HARD}
    assert all(isinstance(seed := task.meta["seed"], int) and seed < HELD_OUT_SEEDS for task in practice)
    exam = [one.task for one in source.held_out(8)]
    assert [task.id for task in exam] == [one.task.id for one in again.held_out(8)]
    assert len({(task.meta["family"], task.meta["difficulty"]) for task in exam}) == 4
    assert all(isinstance(seed := task.meta["seed"], int) and seed >= HELD_OUT_SEEDS for task in exam)


def test_stored_tasks_come_once_an_epoch_and_a_tenth_is_held_out(tmp_path: Path) -> None:
    source = StoredTasks(tasks_folder(tmp_path / "tasks", count=30), seed=0)
    first, second = ([source.training(number).task.id for number in range(at, at + 27)] for at in (0, 27))
    assert len(set(first)) == 27
    assert set(first) == set(second)
    assert first != second
    exam = source.held_out(99)
    assert len(exam) == 3
    assert not {one.task.id for one in exam} & set(first)
    assert exam[0].pictures[0].ref == exam[0].task.images[0]
    assert not source.algebra
    assert source.identity != StoredTasks(tasks_folder(tmp_path / "others", count=29), seed=0).identity


def test_an_epoch_of_stored_tasks_is_shuffled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = StoredTasks(tasks_folder(tmp_path / "tasks", count=30), seed=3)
    (epoch, other) = ([source.training(27 * number + place).task.id for place in range(27)] for number in (1, 0))
    order = sorted(epoch, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    for number, seen in ((0, other), (1, epoch)):
        wanted = list(order)
        Random(f"grpo/3/{number}").shuffle(wanted)
        assert seen == wanted, "the order of an epoch depends on seed and epoch alone, whichever was asked for before"
    made: list[str] = []

    class Watched(Random):
        def shuffle(self, x: MutableSequence[Any]) -> None:
            made.append("shuffled")
            super().shuffle(x)

    monkeypatch.setattr(task_source, "Random", Watched)
    for position in range(27, 27 + 27 + 3):
        source.training(position)
    assert len(made) == 2, "once for each of the two epochs"


def test_tasks_that_cannot_be_practised_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a run folder"):
        StoredTasks(tmp_path / "none", seed=0)
    with pytest.raises(DataError, match="1 tasks are too few"):
        StoredTasks(tasks_folder(tmp_path / "one", count=1), seed=0)
    run = RunFolder.create(tmp_path / "open", Manifest(kind="tasks"))
    task, pictures = task_of(1)
    run.add_task(task.model_copy(update={"answer": None}), {pictures[0].ref.sha256: pictures[0]})
    with pytest.raises(DataError, match="1 tasks have no reference answer, the first is tiny/1/0"):
        StoredTasks(tmp_path / "open", seed=0)
