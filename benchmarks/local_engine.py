"""Tokens a second of the local engine at several batch sizes, beside ``transformers.generate`` on one checkpoint.

    python benchmarks/local_engine.py [--batches 1 32 128] [--threads 1 2] [--group 1] [--tokens 40] [--clock wall]

Both read the same conversations (system prompt, a picture, a question) and sample at temperature 1 until the model ends
its reply or the limit; only tokens up to the end count. Encoding of texts and pictures is counted for neither, reading
them is for both. With ``--group 8`` each question is asked eight times, as for a group of attempts. One round warms up;
then both in turn, round by round; medians, and the ratio of the medians. Peaks are of the whole process.
On a busy machine ``--clock cpu`` counts processor seconds; more threads than one can then show no gain.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import torch
from PIL import Image

from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.engine import LocalModel
from codedance.models.local.network import Network
from codedance.models.nano import CHECKPOINT
from codedance.protocol import ChatMessage, opening, protocol_info
from codedance.schema import Sampling
from codedance.tasks.worlds import Difficulty, make_scene, scene_task

Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}


def conversations(count: int, group: int) -> list[list[ChatMessage]]:
    """Questions about hard search scenes, each as often as the group is large."""
    made = []
    for number in range(count):
        task, pictures = scene_task(make_scene("search", Difficulty.HARD, 10_000_000 + number // group))
        made.append(opening(task, pictures, protocol_info()))
    return made


class Ready(Encoder):
    """Gives what was encoded before the clock started."""

    def __init__(self, encoder: Encoder, asked: Sequence[list[ChatMessage]]) -> None:
        super().__init__(encoder.tokenizer, encoder.config)
        self._ready = {tuple(messages): encoder.encode(messages) for messages in asked}

    def encode(self, messages: Sequence[ChatMessage]) -> Encoded:
        """One of the conversations."""
        return self._ready[tuple(messages)]


def ours(
    network: Network, encoder: Encoder, asked: list[list[ChatMessage]], tokens: int, clock: Clock
) -> tuple[int, float]:
    """Tokens and seconds of the engine, everybody at once."""
    model = LocalModel(network, encoder, name="nano", rows=len(asked))
    counts: list[int] = []

    async def one(number: int) -> None:
        sampling = Sampling(temperature=1.0, max_tokens=tokens, seed=number)
        completion = await model.complete(asked[number], sampling)
        counts.append(completion.completion_tokens or 0)

    async def everybody() -> float:
        begin = clock()
        async with anyio.create_task_group() as group:
            for number in range(len(asked)):
                group.start_soon(one, number)
        return clock() - begin

    seconds = anyio.run(everybody)
    return sum(counts), seconds


def theirs(
    model: Any,  # noqa: ANN401 - transformers' types are made at run time
    encoder: Encoder,
    asked: list[list[ChatMessage]],
    tokens: int,
    clock: Clock,
) -> tuple[int, float]:
    """Tokens and seconds of ``generate`` on one left-padded batch."""
    special = encoder.tokenizer.special
    rows = [encoder.encode(messages) for messages in asked]
    longest = max(len(row.ids) for row in rows)
    padding = [longest - len(row.ids) for row in rows]
    pad = special["<|endoftext|>"]
    ids = torch.tensor([[pad] * empty + row.ids for empty, row in zip(padding, rows, strict=True)])
    mask = torch.tensor([[0] * empty + [1] * len(row.ids) for empty, row in zip(padding, rows, strict=True)])
    pixels, grids = patches([image for row in rows for _, image in row.images], encoder)
    torch.manual_seed(0)
    begin = clock()
    with torch.inference_mode():
        written = model.generate(
            input_ids=ids,
            attention_mask=mask,
            pixel_values=pixels,
            image_grid_thw=grids,
            mm_token_type_ids=(ids == special["<|image_pad|>"]).int(),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            max_new_tokens=tokens,
        )[:, longest:]
    seconds = clock() - begin
    end = special["<|im_end|>"]
    return sum(_until(row, {end, pad}) for row in written.tolist()), seconds


def _until(row: list[int], ends: set[int]) -> int:
    return next((place + 1 for place, token in enumerate(row) if token in ends), len(row))


def patches(images: Sequence[Image.Image], encoder: Encoder) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures as transformers takes them: normalised patches, and grids of time, rows and columns."""
    found, grids, side = [], [], encoder.config.patch
    for image in images:
        high, wide = image.height // side, image.width // side
        cut = torch.from_numpy(np.array(image)).view(high, side, wide, side, 3).permute(0, 2, 4, 1, 3).float()
        cut = cut.reshape(high * wide, 3, 1, side * side).expand(-1, -1, 2, -1).reshape(high * wide, -1)
        found.append((cut - encoder.config.pixel_mean) / encoder.config.pixel_std)
        grids.append([1, high, wide])
    return torch.cat(found), torch.tensor(grids)


Measure = Callable[[], tuple[int, float]]


def compare(one: Measure, other: Measure, rounds: int) -> list[tuple[float, float]]:
    """Of both: median tokens a second, and the largest MiB that the process held meanwhile."""
    rates: list[list[float]] = [[], []]
    peaks = [0.0, 0.0]
    for number in range(rounds + 1):
        for which, measure in enumerate((one, other)):
            _reset_peak()
            tokens, seconds = measure()
            peaks[which] = max(peaks[which], _peak())
            if number:  # the first warms up
                rates[which].append(tokens / seconds)
    return [(statistics.median(some), peak) for some, peak in zip(rates, peaks, strict=True)]


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32, 128])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--group", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall")
    arguments = parser.parse_args()
    clock = CLOCKS[arguments.clock]
    from transformers import Qwen2_5_VLForConditionalGeneration

    network, encoder = load_checkpoint(CHECKPOINT)
    other = Qwen2_5_VLForConditionalGeneration.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    print("| threads | batch | engine, tokens/s | generate, tokens/s | ratio | engine, MiB | generate, MiB |")
    print("|---|---|---|---|---|---|---|")
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        for batch in arguments.batches:
            asked = conversations(batch, arguments.group)
            ready = Ready(encoder, asked)
            (mine, small), (rival, large) = compare(
                partial(ours, network, ready, asked, arguments.tokens, clock),
                partial(theirs, other, ready, asked, arguments.tokens, clock),
                arguments.rounds,
            )
            numbers = f"{mine:.0f} | {rival:.0f} | {mine / rival:.2f} | {small:.0f} | {large:.0f}"
            print(f"| {threads} | {batch} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
