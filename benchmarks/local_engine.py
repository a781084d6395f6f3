"""Tokens a second of the local engine at several batch sizes, beside ``transformers.generate`` on one checkpoint.

    python benchmarks/local_engine.py [--batches 1 32 128] [--threads 1 2] [--tokens 40] [--rounds 3]

Both read the same conversations (system prompt, a picture, a question) and sample at temperature 1 until the model ends
its reply or the limit; only tokens up to the end count. Encoding of texts and pictures is counted for neither, reading
them is for both. One round warms up; then both in turn, a few rounds; medians, and the ratio of the medians.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import torch

from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.engine import LocalModel, _tensors
from codedance.models.local.network import Network
from codedance.models.nano import CHECKPOINT
from codedance.protocol import ChatMessage, opening, protocol_info
from codedance.schema import Sampling
from codedance.tasks.worlds import Difficulty, make_scene, scene_task


def conversations(count: int) -> list[list[ChatMessage]]:
    """Questions about hard search scenes."""
    made = []
    for seed in range(count):
        task, pictures = scene_task(make_scene("search", Difficulty.HARD, 10_000_000 + seed))
        made.append(opening(task, pictures, protocol_info()))
    return made


def ours(network: Network, encoder: Encoder, asked: list[list[ChatMessage]], tokens: int) -> tuple[int, float]:
    """Tokens and seconds of the engine, everybody at once."""
    encoded = {id(messages): encoder.encode(messages) for messages in asked}

    class Ready(Encoder):
        """Gives what was encoded before the clock started."""

        def encode(self, messages: Any) -> Encoded:  # noqa: ANN401 - whatever the engine asks with
            return waiting.pop()

    waiting = list(encoded.values())
    model = LocalModel(network, Ready(encoder.tokenizer, encoder.config), name="nano", rows=len(asked))
    counts: list[int] = []

    async def one(number: int) -> None:
        sampling = Sampling(temperature=1.0, max_tokens=tokens, seed=number)
        completion = await model.complete(asked[number], sampling)
        counts.append(completion.completion_tokens or 0)

    async def everybody() -> None:
        async with anyio.create_task_group() as group:
            for number in range(len(asked)):
                group.start_soon(one, number)

    begin = time.perf_counter()
    anyio.run(everybody)
    return sum(counts), time.perf_counter() - begin


def theirs(model: Any, encoder: Encoder, asked: list[list[ChatMessage]], tokens: int) -> tuple[int, float]:  # noqa: ANN401
    """Tokens and seconds of ``generate`` on one left-padded batch."""
    special = encoder.tokenizer.special
    rows = [encoder.encode(messages) for messages in asked]
    longest = max(len(row.ids) for row in rows)
    padding = [longest - len(row.ids) for row in rows]
    pad = special["<|endoftext|>"]
    ids = torch.tensor([[pad] * empty + row.ids for empty, row in zip(padding, rows, strict=True)])
    mask = torch.tensor([[0] * empty + [1] * len(row.ids) for empty, row in zip(padding, rows, strict=True)])
    pixels, grids = [], []
    for row in rows:
        for group in _tensors(row, 28)[2]:
            high, wide = group.pixels.shape[1] // 28, group.pixels.shape[2] // 28
            patches = group.pixels.view(high, 28, wide, 28, 3).permute(0, 2, 4, 1, 3).float()
            patches = patches.reshape(high * wide, 3, 1, 28 * 28).expand(-1, -1, 2, -1)
            pixels.append(((patches - encoder.config.pixel_mean) / encoder.config.pixel_std).reshape(high * wide, -1))
            grids.append([1, high, wide])
    torch.manual_seed(0)
    begin = time.perf_counter()
    with torch.inference_mode():
        written = model.generate(
            input_ids=ids,
            attention_mask=mask,
            pixel_values=torch.cat(pixels),
            image_grid_thw=torch.tensor(grids),
            mm_token_type_ids=(ids == special["<|image_pad|>"]).int(),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            max_new_tokens=tokens,
        )[:, longest:]
    seconds = time.perf_counter() - begin
    end = special["<|im_end|>"]
    return sum(_until(row, {end, pad}) for row in written.tolist()), seconds


def _until(row: list[int], ends: set[int]) -> int:
    return next((place + 1 for place, token in enumerate(row) if token in ends), len(row))


def median_rate(measure: Callable[[], tuple[int, float]], rounds: int) -> float:
    """Tokens a second, the median of a few rounds."""
    measure()
    return statistics.median(tokens / seconds for tokens, seconds in (measure() for _ in range(rounds)))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 128])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    from transformers import Qwen2_5_VLForConditionalGeneration

    network, encoder = load_checkpoint(CHECKPOINT)
    other = Qwen2_5_VLForConditionalGeneration.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    print("| threads | batch | engine, tokens/s | generate, tokens/s | ratio |\n|---|---|---|---|---|")
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        for batch in arguments.batches:
            asked = conversations(batch)
            mine = median_rate(partial(ours, network, encoder, asked, arguments.tokens), arguments.rounds)
            rival = median_rate(partial(theirs, other, encoder, asked, arguments.tokens), arguments.rounds)
            print(f"| {threads} | {batch} | {mine:.0f} | {rival:.0f} | {mine / rival:.2f} |", flush=True)
    print(f"largest memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
