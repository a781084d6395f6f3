"""A tiny world and a tiny policy that knows several ways to go about it, few of them good: trainers are tried on it.

A picture is filled with one colour; its red value, 1 to 9, is asked for. Code that reads the pixel prints it. The
policy has been shown that, code that fails, code that only shows the picture, text behind the code's end, and guesses.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import anyio
import torch
from PIL import Image

from codedance.episode import run_episode
from codedance.imaging import Picture
from codedance.models import ScriptedModel
from codedance.models.local.chat import Encoder
from codedance.models.local.config import NetworkConfig
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import Tokenizer, build_tokenizer
from codedance.protocol import REMINDERS, conversation, system_prompt
from codedance.sandbox import LocalSandbox, Sandbox
from codedance.schema import CodeFormat, NumberAnswer, Task
from codedance.store import Manifest, RunFolder
from codedance.train.muon import Muon
from codedance.train.policy_loss import token_figures
from codedance.train.sequence import Supervised, collate, supervise

QUESTION = "What is the red value?"
VALUES = range(1, 10)
READ, SHOW, FAIL = "print(input_image.getpixel((0, 0))[0])", "input_image.crop((0, 0, 80, 80))", "1/0"
STEPS = 150
_OPEN, _CLOSE = "</think>\n<code>\n```python\n", "\n```\n</code>"
_TRACE = """Traceback (most recent call last):
  File "<cell 1>", line 1, in <module>
    1/0
    ~^~
ZeroDivisionError: division by zero"""
PIECES = [
    *("system\n", "user\n", "assistant\n", "<tool_response>\n", "\n</tool_response>", "<think>", _OPEN, _CLOSE),
    *(
        "</think>\n<answer>",
        "</answer>",
        "</think>\n```python\n",
        "\n```\nSo it is.",
        "I read it.",
        "I guess.",
        "I look.",
    ),
    *(QUESTION, READ, SHOW, FAIL, "I try.", system_prompt(), REMINDERS[CodeFormat.CODE], *_TRACE.splitlines()),
]


def task_of(value: int, number: int = 0) -> tuple[Task, tuple[Picture, ...]]:
    """The question about one picture; pictures of one value differ in their green, which nobody asks about."""
    picture = Picture.from_image(Image.new("RGB", (120, 120), (value, number % 256, 0)))
    name = f"tiny/{value}/{number}"
    meta = {"difficulty": "easy" if value < 5 else "hard"}
    answer = NumberAnswer(value=value)
    return Task(id=name, source="tiny", question=QUESTION, images=(picture.ref,), answer=answer, meta=dict(meta)), (
        picture,
    )


def tasks_folder(folder: Path, count: int = 90) -> Path:
    """A run folder of such tasks."""
    run = RunFolder.create(folder, Manifest(kind="tasks"))
    for number in range(count):
        run.add_task(*_with_mapping(*task_of(1 + number % 9, number)))
    return folder


def _with_mapping(task: Task, pictures: Sequence[Picture]) -> tuple[Task, dict[str, Picture]]:
    return task, {picture.ref.sha256: picture for picture in pictures}


def fresh(pieces: Sequence[str] = PIECES) -> tuple[Network, Encoder]:
    """The network before it has learnt anything, 107 thousand parameters; the pieces are tokens of its own."""
    torch.set_num_threads(1)
    tokenizer = Tokenizer(build_tokenizer(list(pieces)))
    config = NetworkConfig(
        vocabulary=tokenizer.size, vision_width=8, vision_layers=1, vision_inner=8, width=64, layers=2, heads=2,
        head_width=32, rope_sections=(4, 6, 6), inner=64, min_pixels=56 * 56, max_pixels=56 * 56, context=512,
    )  # fmt: skip
    network = Network(config)
    network.initialise(torch.Generator().manual_seed(0))
    return network, Encoder(tokenizer, config)


def apprentice() -> tuple[Network, Encoder]:
    """The network after a few seconds of imitation; every call gives a new one with the same weights."""
    network, encoder = fresh()
    network.load_state_dict(_learnt())
    return network.eval(), encoder


@functools.cache
def _learnt() -> dict[str, torch.Tensor]:
    """Made once in a process; a process that is started by a test is told where another one left them."""
    if path := os.environ.get("APPRENTICE"):
        return dict(torch.load(path, weights_only=True))
    network, encoder = fresh()
    imitate(network, encoder, anyio.run(_examples, encoder))
    return {name: weight.clone() for name, weight in network.state_dict().items()}


def imitate(network: Network, encoder: Encoder, examples: Sequence[Supervised], *, steps: int = STEPS) -> None:
    """Teach the network to go about tasks as the examples do."""
    digits = torch.tensor([encoder.tokenizer.encode(str(value))[0] for value in VALUES])
    copying = [one for one in examples if _copies(one, set(digits.tolist()), encoder)]
    matrices = [weight for name, weight in network.named_parameters() if ".layers." in name and weight.dim() == 2]
    others = [weight for weight in network.parameters() if all(weight is not one for one in matrices)]
    muon, adam = Muon(matrices, lr=0.02), torch.optim.AdamW(others, lr=4e-3, betas=(0.9, 0.95))
    rng = Random(0)
    for step in range(steps):
        scale = min(1.0, 2 * (steps - step) / steps)
        muon.param_groups[0]["lr"], adam.param_groups[0]["lr"] = 0.02 * scale, 4e-3 * scale
        # To copy what code printed is what takes longest to learn: at first it is shown more often.
        batch = collate(rng.choices(copying if step % 2 and step < 0.6 * steps else examples, k=8), patch=28)
        written = batch.ids_BT[:, 1:][batch.mask_BT[:, 1:]]
        weights = 1 + 2 * torch.isin(written, digits)
        loss = -(token_figures(network, batch, temperature=1.0).logprobs_M * weights).sum() / 80
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimiser in (muon, adam):
            optimiser.step()
            optimiser.zero_grad()


def _copies(one: Supervised, digits: set[int], encoder: Encoder) -> bool:
    (opening,) = encoder.tokenizer.encode("<tool_response>\n")
    return any(before == opening and token in digits for before, token in pairwise(one.encoded.ids))


async def _examples(encoder: Encoder) -> list[Supervised]:
    """Episodes as the real loop has them; ways that are taken more often come more often."""
    found: list[Supervised] = []
    rng = Random(1)
    async with LocalSandbox() as sandbox:
        for value in VALUES:
            for replies in _ways(value, rng):
                found.append(await shown(encoder, *task_of(value), replies=replies, sandbox=sandbox))
    return found


async def shown(
    encoder: Encoder, task: Task, pictures: Sequence[Picture], *, replies: Sequence[str], sandbox: Sandbox
) -> Supervised:
    """An episode with these replies, as it is learnt from."""
    rollout = await run_episode(task, pictures, model=ScriptedModel(list(replies)), sandbox=sandbox)
    seen = rollout.trajectory
    messages = conversation(task, seen.turns, seen.protocol, pictures=rollout.pictures)
    sequence = supervise(encoder, messages)
    if seen.turns[0].kept_characters < len(seen.turns[0].text):
        sequence = supervise(encoder, messages[:2])
        sequence.write(encoder, replies[0])
    return sequence


def _ways(value: int, rng: Random) -> list[list[str]]:
    def guess() -> str:
        return f"<think>I guess.</think>\n<answer>{rng.choice(VALUES)}</answer>"

    read, show, fail = (
        f"<think>{one}" for one in (f"I read it.{_OPEN}{READ}", f"I look.{_OPEN}{SHOW}", f"I try.{_OPEN}{FAIL}")
    )
    return [
        *[[read + _CLOSE, f"<think>I read it.</think>\n<answer>{value}</answer>"]] * 4,
        *[[guess()] for _ in range(5)],
        *[[show + _CLOSE, guess()] for _ in range(3)],
        *[[fail + _CLOSE, guess()] for _ in range(2)],
        [fail + _CLOSE, read + _CLOSE, f"<think>I read it.</think>\n<answer>{value}</answer>"],
        [f"<think>I look.</think>\n```python\n{SHOW}\n```\nSo it is.", guess()],
    ]
