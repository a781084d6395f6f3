"""The start and the tasks of the sweep in ``docs/sweeps``: a tiny policy for which code pays on hard tasks only.

    PYTHONPATH=. python benchmarks/sweep_start.py OUT

writes ``OUT/start``, a checkpoint, and ``OUT/tasks``, a run folder, for ``codedance train sweep --model OUT/start
--tasks OUT/tasks``. A picture is filled with one colour and its red value is asked for. The question of an easy task
tells it, so that a direct answer is as good as code; of hard ones only code knows it. The policy of 107 thousand
parameters has been shown, in seconds, direct answers, code that reads the pixel, that fails, and that nobody needs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import anyio
from PIL import Image
from tests.train.apprentice import FAIL, PIECES, QUESTION, READ, SHOW, VALUES, fresh, imitate, shown

from codedance.imaging import Picture
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import save_checkpoint
from codedance.sandbox import LocalSandbox
from codedance.schema import NumberAnswer, Task
from codedance.store import Manifest, RunFolder
from codedance.train.sequence import Supervised

__all__ = ["main"]

TOLD = "The red value is"
_OPEN, _CLOSE = "</think>\n<code>\n```python\n", "\n```\n</code>"
_TASKS = 600
_STEPS = 400


def task_of(value: int, number: int, *, hard: bool) -> tuple[Task, tuple[Picture, ...]]:
    """The question about one picture."""
    picture = Picture.from_image(Image.new("RGB", (120, 120), (value, number % 256, number // 256)))
    name = f"{'hard' if hard else 'easy'}/{value}/{number}"
    question = QUESTION if hard else f"{TOLD} {value}. {QUESTION}"
    answer = NumberAnswer(value=value)
    meta = {"difficulty": "hard" if hard else "easy"}
    return Task(id=name, source="tiny", question=question, images=(picture.ref,), answer=answer, meta=dict(meta)), (
        picture,
    )


def ways(value: int, rng: Random, *, hard: bool) -> list[list[str]]:
    """How a task is gone about; what is done more often comes more often."""
    read, show, fail = (
        f"<think>{said}{_OPEN}{code}{_CLOSE}"
        for said, code in (("I read it.", READ), ("I look.", SHOW), ("I try.", FAIL))
    )
    known = f"<think>I read it.</think>\n<answer>{value}</answer>"

    def direct() -> str:
        return f"<think>I guess.</think>\n<answer>{rng.choice(VALUES) if hard else value}</answer>"

    return [
        *[[read, known]] * 4,
        *[[direct()] for _ in range(4)],
        *[[show, direct()] for _ in range(2)],
        *[[fail, direct()] for _ in range(2)],
        [fail, read, known],
        [read, fail, known],
    ]


async def examples(encoder: Encoder) -> list[Supervised]:
    """Episodes as the real loop has them."""
    rng = Random(1)  # noqa: S311 - reproducible, no secret
    found = []
    async with LocalSandbox() as sandbox:
        for value in VALUES:
            for hard in (False, True):
                task, pictures = task_of(value, 0, hard=hard)
                for replies in ways(value, rng, hard=hard):
                    found.append(await shown(encoder, task, pictures, replies=replies, sandbox=sandbox))
    return found


def main() -> None:
    """Teach and write."""
    parser = argparse.ArgumentParser(description="Write the start and the tasks of the sweep.")
    parser.add_argument("out", type=Path, help="folder; start and tasks are written in it")
    out = parser.parse_args().out
    network, encoder = fresh([*PIECES, f"{TOLD} "])
    imitate(network, encoder, anyio.run(examples, encoder), steps=_STEPS)
    save_checkpoint(network, encoder.tokenizer, out / "start")
    run = RunFolder.create(out / "tasks", Manifest(kind="tasks"))
    for number in range(_TASKS):
        task, pictures = task_of(1 + number % 9, number, hard=number // 9 % 2 == 1)
        run.add_task(task, {picture.ref.sha256: picture for picture in pictures})


if __name__ == "__main__":
    main()
