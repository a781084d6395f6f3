"""What every model promises, whoever it is."""

from __future__ import annotations

import math
from pathlib import Path

import anyio
import pytest
import torch

from codedance.episode import STOP_TEXTS, run_episode
from codedance.errors import DataError, ModelError, UsageError
from codedance.imaging import Picture
from codedance.models import Completion, Model, ScriptedModel, load_model
from codedance.models.hf import HfModel
from codedance.models.local.engine import LocalModel
from codedance.models.nano import load as load_nano
from codedance.models.sampling import draw, make_generator
from codedance.protocol import ChatMessage, CodeAction, Role, opening, parse_reply, protocol_info
from codedance.rewards import matches
from codedance.sandbox import LocalSandbox
from codedance.schema import FinishReason, Sampling
from codedance.tasks.worlds import Difficulty, make_scene, scene_task

pytestmark = pytest.mark.anyio


def question(seed: int = 10_000_062, family: str = "search") -> list[ChatMessage]:
    task, pictures = scene_task(make_scene(family, Difficulty.HARD, seed))
    return opening(task, pictures, protocol_info())


async def test_a_reply_is_text_that_ends_at_its_action(model: Model) -> None:
    completion = await model.complete(question(), Sampling(max_tokens=100), stop=STOP_TEXTS)
    assert completion.finish is FinishReason.STOP
    reply = parse_reply(completion.text)
    assert isinstance(reply.action, CodeAction)
    assert reply.thought
    assert reply.end == len(completion.text)


async def test_counts_are_told(model: Model) -> None:
    completion = await model.complete(question(), Sampling(max_tokens=100), stop=STOP_TEXTS)
    assert completion.prompt_tokens is not None
    assert completion.prompt_tokens > 50
    assert completion.completion_tokens is not None
    assert completion.completion_tokens > 5
    if completion.tokens is not None:
        assert len(completion.tokens.token_ids) == len(completion.tokens.logprobs) == completion.completion_tokens
        assert all(logprob <= 0 for logprob in completion.tokens.logprobs)


async def test_the_token_limit_cuts_and_is_told(model: Model) -> None:
    completion = await model.complete(question(), Sampling(max_tokens=2), stop=STOP_TEXTS)
    assert completion.finish is FinishReason.LENGTH
    assert parse_reply(completion.text).action is None


async def test_text_is_told_while_it_is_sampled(model: Model) -> None:
    pieces: list[str] = []
    completion = await model.complete(question(), Sampling(max_tokens=100), stop=STOP_TEXTS, on_text=pieces.append)
    told = "".join(pieces)
    # A server may tell thoughts apart and strip the last tag; what it tells is never something else.
    assert told
    assert told.strip() in completion.text


async def test_greedy_replies_repeat(model: Model) -> None:
    first = await model.complete(question(), Sampling(max_tokens=100), stop=STOP_TEXTS)
    second = await model.complete(question(), Sampling(max_tokens=100), stop=STOP_TEXTS)
    assert first.text == second.text


async def test_several_conversations_are_in_flight_at_once(model: Model) -> None:
    seeds = [10_000_001, 10_000_002, 10_000_003, 10_000_004]
    alone = [await model.complete(question(seed), Sampling(max_tokens=100), stop=STOP_TEXTS) for seed in seeds]
    together: dict[int, Completion] = {}

    async def ask(seed: int) -> None:
        together[seed] = await model.complete(question(seed), Sampling(max_tokens=100), stop=STOP_TEXTS)

    async with anyio.create_task_group() as group:
        for seed in seeds:
            group.start_soon(ask, seed)
    assert [together[seed].text for seed in seeds] == [completion.text for completion in alone]


async def test_a_second_turn_with_pictures_goes_on(model: Model, picture: Picture) -> None:
    messages = question()
    first = await model.complete(messages, Sampling(max_tokens=100), stop=STOP_TEXTS)
    messages += [ChatMessage(Role.ASSISTANT, (first.text,)), ChatMessage(Role.TOOL, ("seen", picture))]
    second = await model.complete(messages, Sampling(max_tokens=100), stop=STOP_TEXTS)
    assert second.text.endswith("</answer>")


async def test_an_episode_through_the_loop_is_right(model: Model) -> None:
    if isinstance(model, ScriptedModel):
        return  # a script does not look
    async with LocalSandbox() as sandbox:
        right = 0
        for seed in range(10_000_010, 10_000_016):
            task, pictures = scene_task(make_scene("counting", Difficulty.HARD, seed))
            rollout = await run_episode(task, pictures, model=model, sandbox=sandbox)
            assert task.answer is not None
            right += matches(rollout.trajectory.answer, task.answer)
    assert right >= 5


async def test_the_three_engines_of_one_checkpoint_write_the_same_tokens(model: Model, picture: Picture) -> None:
    """Ours, transformers batched with kept caches, and each of them reading everything anew, over two turns."""
    if not isinstance(model, HfModel):
        return
    fresh_hf, ours = load_model(model.name), load_nano()
    for seed in (10_000_020, 10_000_021, 10_000_022):
        messages = question(seed, "search" if seed % 2 else "counting")
        replies = []
        for engine in (model, fresh_hf, ours):
            first = await engine.complete(messages, Sampling(max_tokens=100), stop=STOP_TEXTS)
            if engine is fresh_hf:
                await engine.close()  # forgets what it has read
            more = [ChatMessage(Role.ASSISTANT, (first.text,)), ChatMessage(Role.TOOL, ("9", picture))]
            second = await engine.complete([*messages, *more], Sampling(max_tokens=100), stop=STOP_TEXTS)
            assert first.tokens is not None
            assert second.tokens is not None
            replies.append((first.tokens, second.tokens, second.prompt_tokens))
        for tokens in replies[1:]:
            assert [span.token_ids for span in tokens[:2]] == [span.token_ids for span in replies[0][:2]]
            assert tokens[2] == replies[0][2]
            for mine, theirs in zip(tokens[:2], replies[0][:2], strict=True):
                assert mine.logprobs == pytest.approx(theirs.logprobs, abs=2e-3)
    assert model._generator.reused_tokens > 200


async def test_sampling_with_a_seed_repeats_and_without_varies() -> None:
    for engine in (load_nano(), load_model(f"hf:{load_nano_path()}")):
        # So hot that nearly every token is open: two equal samples of thirty tokens do not happen.
        hot = Sampling(max_tokens=30, temperature=8.0, seed=4)
        one = await engine.complete(question(), hot)
        assert one.text == (await engine.complete(question(), hot)).text
        free = hot.model_copy(update={"seed": None})
        assert len({(await engine.complete(question(), free)).text for _ in range(3)}) == 3


def test_a_nucleus_leaves_out_the_unlikely_and_probabilities_are_those_drawn_from() -> None:
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    generator = make_generator(Sampling(seed=1))
    drawn = [draw(logits, Sampling(temperature=1.0, top_p=0.7), generator) for _ in range(200)]
    assert {token for token, _ in drawn} == {0, 1}
    for token, logprob in drawn:
        assert logprob == pytest.approx(math.log((0.5, 0.3)[token] / 0.8), abs=1e-5)
    token, logprob = draw(logits, Sampling(), None)
    assert token == 0
    assert logprob == pytest.approx(math.log(0.5), abs=1e-5)


def load_nano_path() -> Path:
    from codedance.models.nano import CHECKPOINT

    return CHECKPOINT


async def test_the_nano_engine_keeps_a_conversation_between_turns() -> None:
    engine = load_nano()
    assert isinstance(engine, LocalModel)
    messages = question()
    first = await engine.complete(messages, Sampling(max_tokens=100), stop=STOP_TEXTS)
    more = [*messages, ChatMessage(Role.ASSISTANT, (first.text,)), ChatMessage(Role.TOOL, ("9",))]
    kept = await engine.complete(more, Sampling(max_tokens=100), stop=STOP_TEXTS)
    anew = await load_nano().complete(more, Sampling(max_tokens=100), stop=STOP_TEXTS)
    assert kept.text == anew.text
    assert kept.prompt_tokens == anew.prompt_tokens
    assert kept.tokens is not None
    assert anew.tokens is not None
    assert kept.tokens.logprobs == pytest.approx(anew.tokens.logprobs, abs=1e-3)


async def test_a_script_that_ends_too_early_says_so() -> None:
    with pytest.raises(ModelError, match="script ends after 0 replies"):
        await ScriptedModel([]).complete(question(), Sampling())


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("gpt-4", UsageError, "server:NAME"),
        ("server:", UsageError, "server:NAME"),
        ("", UsageError, "nano"),
        ("hf:./nothing", UsageError, "there is no such folder"),
        ("hf:/usr", UsageError, r"no config\.json"),
        ("scripted:nothing.json", UsageError, "cannot be read"),
    ],
)
def test_a_wrong_specification_lists_the_right_forms(spec: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        load_model(spec)


def test_a_url_goes_with_a_server_only() -> None:
    with pytest.raises(UsageError, match="server:NAME"):
        load_model("nano", base_url="http://127.0.0.1:1/v1")


def test_a_checkpoint_that_is_not_there_is_a_mistake_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing: there is no such folder"):
        load_nano(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:8000", r"--base-url localhost:8000: needs a scheme: http://localhost:8000/v1$"),
        ("localhost:8000/v2/", r"needs a scheme: http://localhost:8000/v2$"),
        ("http://localhost:8000/v1,localhost:8001", r"--base-url localhost:8001: needs a scheme"),
        ("http://localhost:99999/v1", "has no port from 1 to 65535"),
        ("http://localhost:0/v1", "has no port from 1 to 65535"),
        ("http://localhost:x/v1", "has no port from 1 to 65535"),
        ("http://local host/v1", "holds a blank"),
        ("http://[::1/v1", "is no address"),
        ("http://", "is no web address"),
        ("ftp://localhost/v1", "is no web address"),
        ("", "write one URL"),
    ],
)
def test_an_address_where_no_server_can_be_is_refused_at_once(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        load_model("server:m", base_url=url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://[::1]:8000/v1", "https://models.example/v1", "HTTP://localhost:65535/v1/"])
def test_an_address_that_may_be_one_is_taken(url: str) -> None:
    assert load_model("server:m", base_url=url).name == "server:m"


@pytest.mark.parametrize("content", ["{", '{"a": 1}', "[1, 2]", "[" * 10000])
def test_a_script_must_be_a_list_of_texts(tmp_path: Path, content: str) -> None:
    (tmp_path / "s.json").write_text(content)
    with pytest.raises(UsageError, match=r"s\.json"):
        load_model(f"scripted:{tmp_path / 's.json'}")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"])
def test_a_damaged_checkpoint_names_the_file(checkpoint: Path, name: str) -> None:
    path = checkpoint / name
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    with pytest.raises(DataError, match=name.split(".")[0]):
        load_nano(checkpoint)
    path.unlink()
    with pytest.raises(UsageError, match=name):
        load_nano(checkpoint)
