"""The engine: many conversations at once give each what it would get alone, and nothing is read twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
import torch

from codedance.episode import STOP_TEXTS
from codedance.errors import ModelContextFullError
from codedance.imaging import Picture
from codedance.models.contract import Completion
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.engine import LocalModel
from codedance.models.nano import CHECKPOINT
from codedance.protocol import ChatMessage, Role, opening, protocol_info
from codedance.schema import Sampling
from codedance.tasks.worlds import Difficulty, Scene, make_scene, scene_task
from codedance.train.sequence import Supervised, collate

pytestmark = pytest.mark.anyio
GREEDY = Sampling(max_tokens=60)


def engine(rows: int = 64) -> LocalModel:
    network, encoder = load_checkpoint(CHECKPOINT)
    return LocalModel(network, encoder, name="nano", rows=rows)


def scenes(count: int) -> list[Scene]:
    """Of both families and difficulties: questions, pictures and replies of different lengths."""
    cells = [("search", Difficulty.HARD), ("counting", Difficulty.EASY), ("search", Difficulty.EASY)]
    return [make_scene(*cells[number % 3], 10_000_300 + number) for number in range(count)]


def first_messages(scene: Scene) -> list[ChatMessage]:
    task, pictures = scene_task(scene)
    return opening(task, pictures, protocol_info())


def second_messages(scene: Scene, reply: Completion) -> list[ChatMessage]:
    """Feedback with two pictures, as the loop would append it."""
    cut = Picture.from_image(scene.image.crop((0, 0, 100, 60)))
    whole = Picture.from_image(scene.image.resize((300, 300)))
    said = ChatMessage(Role.ASSISTANT, (reply.text,))
    return [*first_messages(scene), said, ChatMessage(Role.TOOL, ("two:", cut, whole))]


async def ask_all(model: LocalModel, asked: Sequence[list[ChatMessage]], sampling: Sampling) -> list[Completion]:
    """All at once."""
    found: dict[int, Completion] = {}

    async def ask(number: int) -> None:
        own = sampling.model_copy(update={"seed": number}) if sampling.temperature else sampling
        found[number] = await model.complete(asked[number], own, stop=STOP_TEXTS)

    async with anyio.create_task_group() as group:
        for number in range(len(asked)):
            group.start_soon(ask, number)
    return [found[number] for number in range(len(asked))]


async def ask_in_turn(asked: Sequence[list[ChatMessage]], sampling: Sampling) -> list[Completion]:
    """Each by an engine that never saw another."""
    found = []
    for number, messages in enumerate(asked):
        own = sampling.model_copy(update={"seed": number}) if sampling.temperature else sampling
        found.append(await engine(rows=1).complete(messages, own, stop=STOP_TEXTS))
    return found


def tokens(completions: Sequence[Completion]) -> list[tuple[int, ...]]:
    return [one.tokens.token_ids for one in completions if one.tokens is not None]


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(max_tokens=60, temperature=1.0)])
async def test_in_company_everyone_gets_the_tokens_that_they_get_alone(sampling: Sampling) -> None:
    some = scenes(7)
    model = engine()
    first = await ask_all(model, [first_messages(scene) for scene in some], sampling)
    alone = await ask_in_turn([first_messages(scene) for scene in some], sampling)
    assert tokens(first) == tokens(alone)
    again = [second_messages(scene, reply) for scene, reply in zip(some, first, strict=True)]
    second = await ask_all(model, again, sampling)
    assert tokens(second) == tokens(await ask_in_turn(again, sampling)), "what was kept equals what is read anew"


async def test_log_probabilities_are_those_of_one_forward_pass() -> None:
    network, encoder = load_checkpoint(CHECKPOINT)
    some = scenes(4)
    replies = await ask_all(engine(), [first_messages(scene) for scene in some], Sampling(max_tokens=60, temperature=1))
    for scene, reply in zip(some, replies, strict=True):
        encoded = encoder.encode(first_messages(scene))
        begin = len(encoded.ids)
        assert reply.tokens is not None
        encoded.add_tokens(reply.tokens.token_ids)
        with torch.inference_mode():
            batch = collate([Supervised(encoded, [False] * len(encoded.ids))], patch=28)
            logits = network(batch.ids_BT, batch.positions_3BT, batch.groups)
            logprobs = torch.log_softmax(logits[0, begin - 1 : -1], dim=-1)
        wanted = logprobs.gather(1, torch.tensor(reply.tokens.token_ids)[:, None])[:, 0]
        assert torch.allclose(torch.tensor(reply.tokens.logprobs), wanted, atol=1e-3)


async def test_more_conversations_than_rows_wait_for_their_turn() -> None:
    some = scenes(6)
    crowded = await ask_all(engine(rows=2), [first_messages(scene) for scene in some], GREEDY)
    assert tokens(crowded) == tokens(await ask_all(engine(), [first_messages(scene) for scene in some], GREEDY))


async def test_a_conversation_whose_past_was_forgotten_is_read_anew() -> None:
    first, other = scenes(2)
    model = engine(rows=1)
    reply = await model.complete(first_messages(first), GREEDY, stop=STOP_TEXTS)
    await model.complete(first_messages(other), GREEDY, stop=STOP_TEXTS)
    second = await model.complete(second_messages(first, reply), GREEDY, stop=STOP_TEXTS)
    assert tokens([second]) == tokens(await ask_in_turn([second_messages(first, reply)], GREEDY))


async def test_one_that_is_cancelled_or_too_long_leaves_the_others_alone() -> None:
    some = scenes(4)
    asked = [first_messages(scene) for scene in some]
    alone = tokens(await ask_in_turn(asked, GREEDY))
    model = engine()
    found: dict[int, Completion] = {}
    errors: list[Exception] = []

    async def ask(number: int) -> None:
        found[number] = await model.complete(asked[number], GREEDY, stop=STOP_TEXTS)

    async def ask_too_much() -> None:
        try:
            await model.complete([ChatMessage(Role.USER, ("\u00e9" * 3000,))], GREEDY)
        except ModelContextFullError as error:
            errors.append(error)

    async def give_up() -> None:
        with anyio.move_on_after(0.03):
            await model.complete([ChatMessage(Role.USER, ("And now?",))], Sampling(max_tokens=2000))

    async with anyio.create_task_group() as group:
        for job in (give_up, ask_too_much):
            group.start_soon(job)
        for number in range(4):
            group.start_soon(ask, number)
    assert tokens([found[number] for number in range(4)]) == alone
    assert len(errors) == 1


async def test_a_reply_longer_than_the_first_room_is_the_same() -> None:
    """The slots begin with 512 tokens a row and grow while others are in the middle of their replies."""
    asked = [[ChatMessage(Role.USER, ("word " * 90,))], first_messages(scenes(1)[0])]
    long = Sampling(max_tokens=250, temperature=1.0)
    assert tokens(await ask_all(engine(), asked, long)) == tokens(await ask_in_turn(asked, long))


async def test_rows_that_nobody_uses_cost_no_memory() -> None:
    model = engine(rows=2048)  # 2 GiB, were they written to
    before = resident_bytes()
    reply = await model.complete(first_messages(scenes(1)[0]), GREEDY, stop=STOP_TEXTS)
    assert reply.completion_tokens
    assert resident_bytes() - before < 200 * 2**20


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_when_the_one_who_drives_gives_up_the_others_get_their_replies() -> None:
    asked = [first_messages(scene) for scene in scenes(2)]
    model = engine()
    found: dict[int, Completion] = {}

    async def ask(number: int) -> None:
        found[number] = await model.complete(asked[number], GREEDY, stop=STOP_TEXTS)

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as impatient:
                # The first to ask drives; it is cancelled in the middle of a round, with the other two waiting.
                impatient.start_soon(model.complete, [ChatMessage(Role.USER, ("And now?",))], GREEDY)
                await anyio.sleep(0)
                for number in range(2):
                    group.start_soon(ask, number)
                await anyio.sleep(0)
                scope.cancel()
    assert tokens([found[0], found[1]]) == tokens(await ask_in_turn(asked, GREEDY))


async def test_text_is_told_in_pieces_that_make_up_the_reply() -> None:
    told: list[str] = []
    reply = await engine().complete(first_messages(scenes(1)[0]), GREEDY, stop=STOP_TEXTS, on_text=told.append)
    assert "".join(told) == reply.text
    assert len(told) > 1


def test_an_engine_can_be_used_in_one_event_loop_after_another() -> None:
    model, (scene,) = engine(), scenes(1)
    first = anyio.run(ask_all, model, [first_messages(scene)], GREEDY)
    second = anyio.run(ask_all, model, [second_messages(scene, first[0])], GREEDY)
    assert second[0].completion_tokens
