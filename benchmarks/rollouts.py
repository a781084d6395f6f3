"""Episodes of several turns: the engine, which keeps what it has read, beside ``generate``, which reads all of it anew.

    python benchmarks/rollouts.py [--episodes 64] [--groups 1 8] [--turns 2 4] [--threads 1] [--clock wall]

No sandbox runs: after each reply a crop of the scene comes back, whatever the code was. The engine first writes the
episodes at temperature 1. Then both replay them: the engine samples with the same seeds and must write what it wrote;
``generate`` samples as many tokens in each turn, all episodes side by side, and then is given the recorded replies.
Texts and pictures are encoded before the clock starts for ``generate``; for the engine only the opening messages are.
In groups of 8, eight attempts are made at each question. One round warms up; then both in turn; medians, their ratio.
On a busy machine ``--clock cpu`` counts processor seconds; more threads than one can then show no gain.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import anyio
import torch

from codedance.episode import STOP_TEXTS
from codedance.imaging import Picture
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.engine import LocalModel
from codedance.models.local.network import Network
from codedance.models.nano import CHECKPOINT
from codedance.protocol import ChatMessage, Role, opening, protocol_info
from codedance.schema import Sampling
from codedance.tasks.worlds import Difficulty, make_scene, scene_task
from local_engine import CLOCKS, Clock, Ready, patches

_CELLS = (("search", Difficulty.HARD), ("counting", Difficulty.HARD), ("search", Difficulty.EASY))


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked in one turn, and the reply."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    tokens: tuple[int, ...]


async def record(model: LocalModel, *, episodes: int, group: int, turns: int) -> list[list[Call]]:
    """The calls of each episode."""
    recorded: list[list[Call]] = [[] for _ in range(episodes)]

    async def play(number: int) -> None:
        scene = make_scene(*_CELLS[number // group % len(_CELLS)], 10_000_000 + number // group)
        task, pictures = scene_task(scene)
        messages = opening(task, pictures, protocol_info())
        sampling, place = Sampling(temperature=1.0, max_tokens=200, seed=number), random.Random(number)  # noqa: S311
        for _ in range(turns):
            completion = await model.complete(messages, sampling, stop=STOP_TEXTS)
            assert completion.tokens is not None
            recorded[number].append(Call(tuple(messages), sampling, completion.tokens.token_ids))
            left, top = (place.randrange(side - 100) for side in scene.image.size)
            crop = Picture.from_image(scene.image.crop((left, top, left + 100, top + 100)))
            reply = ChatMessage(Role.ASSISTANT, (completion.text,))
            messages = [*messages, reply, ChatMessage(Role.TOOL, ("The crop:\n", crop))]

    async with anyio.create_task_group() as tasks:
        for number in range(episodes):
            tasks.start_soon(play, number)
    return recorded


def ours(network: Network, encoder: Encoder, episodes: Sequence[Sequence[Call]], *, clock: Clock) -> float:
    """Seconds of the engine; every reply must be the recorded one."""
    model = LocalModel(network, encoder, name="nano", rows=len(episodes))

    async def replay(calls: Sequence[Call]) -> None:
        for call in calls:
            completion = await model.complete(call.messages, call.sampling, stop=STOP_TEXTS)
            if completion.tokens is None or completion.tokens.token_ids != call.tokens:
                raise SystemExit("the engine wrote another reply than it did before")

    async def everybody() -> float:
        begin = clock()
        async with anyio.create_task_group() as group:
            for calls in episodes:
                group.start_soon(replay, calls)
        return clock() - begin

    return anyio.run(everybody)


@dataclass(frozen=True, slots=True)
class Padded:
    """One turn of all episodes that have it, as ``generate`` takes it."""

    inputs: dict[str, torch.Tensor]
    counts: torch.Tensor
    """Tokens to be sampled in each row."""


def padded(encoder: Encoder, calls: Sequence[Call]) -> Padded:
    """The whole conversations, padded on the left."""
    rows = [encoder.encode(call.messages) for call in calls]
    longest, pad = max(len(row.ids) for row in rows), encoder.tokenizer.special["<|endoftext|>"]
    empty = [longest - len(row.ids) for row in rows]
    ids = torch.tensor([[pad] * count + row.ids for count, row in zip(empty, rows, strict=True)])
    mask = torch.tensor([[0] * count + [1] * len(row.ids) for count, row in zip(empty, rows, strict=True)])
    pixels, grids = patches([image for row in rows for _, image in row.images], encoder)
    kinds = (ids == encoder.tokenizer.special["<|image_pad|>"]).int()
    inputs = {"input_ids": ids, "attention_mask": mask, "pixel_values": pixels, "image_grid_thw": grids}
    return Padded({**inputs, "mm_token_type_ids": kinds}, torch.tensor([len(call.tokens) for call in calls]))


def theirs(model: Any, turns: Sequence[Padded], *, clock: Clock) -> float:  # noqa: ANN401 - transformers' types are made at run time
    """Seconds of ``generate``, turn by turn; a row stops at its recorded length."""
    seconds = 0.0
    for turn in turns:
        start = turn.inputs["input_ids"].shape[1]

        def enough(ids: torch.Tensor, _: Any, *, start: int = start, turn: Padded = turn) -> torch.Tensor:  # noqa: ANN401
            return ids.shape[1] - start >= turn.counts

        torch.manual_seed(0)
        begin = clock()
        with torch.inference_mode():
            model.generate(
                **turn.inputs,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                eos_token_id=None,
                max_new_tokens=int(turn.counts.max()),
                stopping_criteria=[enough],
            )
        seconds += clock() - begin
    return seconds


def main() -> None:
    """Record, replay and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--groups", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--turns", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    arguments = parser.parse_args()
    clock = CLOCKS[arguments.clock]
    from transformers import Qwen2_5_VLForConditionalGeneration

    network, encoder = load_checkpoint(CHECKPOINT)
    other = Qwen2_5_VLForConditionalGeneration.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    print("| threads | group | turns | tokens sampled | engine, tokens/s | generate, tokens/s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for group, depth in product(arguments.groups, arguments.turns):
        recording = LocalModel(network, encoder, name="nano", rows=arguments.episodes)
        episodes = anyio.run(partial(record, recording, episodes=arguments.episodes, group=group, turns=depth))
        turns = [padded(encoder, [calls[turn] for calls in episodes]) for turn in range(depth)]
        ready = Ready(encoder, [list(calls[0].messages) for calls in episodes])
        tokens = sum(len(call.tokens) for calls in episodes for call in calls)
        for threads in arguments.threads:
            torch.set_num_threads(threads)
            pairs = [
                (ours(network, ready, episodes, clock=clock), theirs(other, turns, clock=clock))
                for _ in range(arguments.rounds + 1)
            ][1:]
            mine, rival = (statistics.median(times) for times in zip(*pairs, strict=True))
            numbers = f"{tokens} | {tokens / mine:.0f} | {tokens / rival:.0f} | {rival / mine:.2f}"
            print(f"| {threads} | {group} | {depth} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
