"""What is equal is computed once: prompts, pictures; and what may not be shared is not."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
import torch
from PIL import Image
from torch import Tensor

from codedance.episode import STOP_TEXTS
from codedance.models.contract import Completion
from codedance.models.local import sight
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.decoder import Decoder, Segment, Store
from codedance.models.local.engine import LocalModel
from codedance.models.local.seats import Request, Seats
from codedance.models.local.sight import Sight, digest
from codedance.models.nano import CHECKPOINT
from codedance.models.sampling import Points
from codedance.protocol import ChatMessage, Role
from codedance.schema import Sampling
from tests.local.test_engine import engine, first_messages, scenes, second_messages, tokens

pytestmark = pytest.mark.anyio


def hot(seed: int) -> Sampling:
    return Sampling(max_tokens=60, temperature=1.5, seed=seed)


async def attempts(model: LocalModel, asked: Sequence[list[ChatMessage]]) -> list[Completion]:
    """All at once, each with a seed of its own."""
    found: dict[int, Completion] = {}

    async def ask(number: int) -> None:
        found[number] = await model.complete(asked[number], hot(number), stop=STOP_TEXTS)

    async with anyio.create_task_group() as group:
        for number in range(len(asked)):
            group.start_soon(ask, number)
    return [found[number] for number in range(len(asked))]


async def attempts_alone(asked: Sequence[list[ChatMessage]]) -> list[Completion]:
    return [
        await engine(rows=1).complete(messages, hot(number), stop=STOP_TEXTS) for number, messages in enumerate(asked)
    ]


def logprobs(completions: Sequence[Completion]) -> list[tuple[float, ...]]:
    return [one.tokens.logprobs for one in completions if one.tokens is not None]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Notes how many tokens are read and how many pictures are seen, call by call; the calls are real."""
    noted: dict[str, list[int]] = {"read": [], "seen": []}
    read, see = Decoder.read, Decoder.see

    def noting_read(self: Decoder, x: Tensor, places: Tensor, segments: Sequence[Segment], store: Store) -> Tensor:
        noted["read"].append(len(x))
        return read(self, x, places, segments, store)

    def noting_see(self: Decoder, pixels: Tensor) -> Tensor:
        noted["seen"].append(len(pixels))
        return see(self, pixels)

    monkeypatch.setattr(Decoder, "read", noting_read)
    monkeypatch.setattr(Decoder, "see", noting_see)
    return noted


async def test_attempts_at_one_task_read_it_once_and_go_on_differently(work: dict[str, list[int]]) -> None:
    (scene,) = scenes(1)
    asked = [first_messages(scene)] * 4
    first = await attempts(engine(), asked)
    assert work == {"read": [first[0].prompt_tokens], "seen": [1]}
    assert len(set(tokens(first))) > 1
    assert tokens(first) == tokens(await attempts_alone(asked))


async def test_after_a_shared_prompt_each_attempt_keeps_its_own_past() -> None:
    (scene,) = scenes(1)
    model = engine()
    first = await attempts(model, [first_messages(scene)] * 4)
    asked = [second_messages(scene, reply) for reply in first]
    assert tokens(await attempts(model, asked)) == tokens(await attempts_alone(asked))


async def test_an_equal_prompt_of_a_later_round_is_copied_from_one_that_decodes(work: dict[str, list[int]]) -> None:
    (scene,) = scenes(1)
    asked = [first_messages(scene)] * 2
    alone = tokens(await attempts_alone(asked))
    work["read"].clear()
    model = engine()
    found: dict[int, Completion] = {}
    begun = anyio.Event()

    async def ask(number: int) -> None:
        tell = (lambda text: begun.set()) if number == 0 else None
        found[number] = await model.complete(asked[number], hot(number), stop=STOP_TEXTS, on_text=tell)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, 0)
        await begun.wait()
        assert not found
        group.start_soon(ask, 1)
    assert work["read"] == [found[0].prompt_tokens, 1], "the last token is read again for its logits"
    assert tokens([found[0], found[1]]) == alone


@pytest.mark.parametrize("rows", [1, 2])
async def test_a_question_asked_again_is_copied_from_a_row_that_is_done(work: dict[str, list[int]], rows: int) -> None:
    (scene,) = scenes(1)
    model = engine(rows)
    first = await model.complete(first_messages(scene), hot(1), stop=STOP_TEXTS)
    again = await model.complete(first_messages(scene), hot(1), stop=STOP_TEXTS)
    assert tokens([first]) == tokens([again])
    assert work["read"] == [first.prompt_tokens, 1]


async def test_a_picture_shown_in_two_questions_is_seen_once(work: dict[str, list[int]]) -> None:
    one, other = scenes(2)
    system, question = first_messages(one)
    another = ChatMessage(Role.USER, (*question.pictures, "And how many are there?"))
    found = await attempts(engine(), [[system, question], [system, another], first_messages(other)])
    assert sum(work["seen"]) == 2
    work["seen"].clear()
    assert tokens(found) == tokens(await attempts_alone([[system, question], [system, another], first_messages(other)]))
    assert sum(work["seen"]) == 3, "those who are alone share nothing"


def test_pictures_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "_KEPT_TOKENS", 8)
    network, _ = load_checkpoint(CHECKPOINT)
    images = [Image.new("RGB", (56, 56), (shade, 9, 9)) for shade in range(5)]
    pictures = [(digest(image), image) for image in images]
    with torch.inference_mode():
        decoder, some, whole = Decoder(network), Sight(), Sight()
        apart = [some.see(decoder, [picture])[0] for picture in pictures]
        assert some.tokens == 8
        together = whole.see(decoder, [*pictures, pictures[0]])
        assert whole.tokens == 8
    assert len(together) == 6
    for mine, theirs in zip([*apart, apart[0]], together, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


async def test_after_a_training_step_nothing_that_was_read_before_is_used() -> None:
    network, encoder = load_checkpoint(CHECKPOINT)
    (scene,) = scenes(1)
    model = LocalModel(network, encoder, name="policy")
    first = await model.complete(first_messages(scene), hot(1), stop=STOP_TEXTS)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(0.8)
    fresh = LocalModel(network, encoder, name="policy")
    asked = [first_messages(scene), second_messages(scene, first)]
    found, wanted = await attempts(model, asked), await attempts(fresh, asked)
    assert tokens(found) == tokens(wanted)
    for mine, theirs in zip(logprobs(found), logprobs(wanted), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    (before,) = logprobs(await attempts(engine(), asked[:1]))
    assert sum(before) != pytest.approx(sum(logprobs(found)[0]), abs=0.1), "the weights are others"


def test_who_said_the_same_in_other_tokens_gets_its_own_row_back() -> None:
    seats, question = Seats(3), ChatMessage(Role.USER, ("Which digit?",))
    rows = []
    for asker in range(3):
        one = seats.vacant()
        one.messages, one.reply, one.ids, one.asker = (question,), "seven", [asker], asker
        rows.append(one)
    more = (question, ChatMessage(Role.ASSISTANT, ("seven",)), ChatMessage(Role.TOOL, ("ok",)))
    for asker in (1, 2, 0):
        held = seats.continuing(Request(more, hot(0), (), Points(hot(0)), asker))
        assert held == (rows[asker], 2)
