"""The embedded model about pictures outside its worlds: it loops, its code runs behind the walls, and it stops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from codedance.episode import EpisodeSettings, run_episode
from codedance.imaging import Picture
from codedance.models.nano import load
from codedance.sandbox import LocalSandbox
from codedance.schema import Budgets, Sampling, StopReason, Task

pytestmark = pytest.mark.anyio


def photograph() -> Image.Image:
    """Something with the colours and the grain of one."""
    rng = np.random.default_rng(5)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)).resize((1200, 900), 3)
    return Image.fromarray((np.asarray(coarse) * 0.8 + rng.integers(0, 50, (900, 1200, 3))).astype(np.uint8))


def screenshot() -> Image.Image:
    image = Image.new("RGB", (1920, 1080), "#1e1e2e")
    pen = ImageDraw.Draw(image)
    for row in range(40):
        pen.text((60, 20 + row * 25), f"def function_{row}(x): return x + {row}", fill="#cdd6f4", font_size=16)
    return image


STRANGE: dict[str, Callable[[], Image.Image]] = {
    "a photograph": photograph,
    "a screenshot": screenshot,
    "a blank page": lambda: Image.new("RGB", (1240, 1754), "white"),
    "a black page": lambda: Image.new("RGB", (64, 64), "black"),
    "a strip": lambda: Image.new("RGB", (3000, 4), "red"),
    "a single pixel": lambda: Image.new("RGB", (1, 1), "blue"),
}
QUESTIONS = ("Count the red objects.", "Who wrote this? 你好 ✓", "", "What digit is on the red card? " * 40)


@pytest.mark.parametrize("name", STRANGE)
async def test_it_loops_runs_its_code_safely_and_stops(name: str) -> None:
    picture, model = Picture.from_image(STRANGE[name]()), load()
    settings = EpisodeSettings(sampling=Sampling(temperature=1.0, seed=3, max_tokens=160), budgets=Budgets(turns=4))
    async with LocalSandbox() as sandbox:
        for number, question in enumerate(QUESTIONS):
            task = Task(id=str(number), source="strange", question=question or "?", images=(picture.ref,))
            rollout = await run_episode(task, (picture,), model=model, sandbox=sandbox, settings=settings)
            trajectory = rollout.trajectory
            assert trajectory.failure is None
            assert trajectory.stop not in (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED)
            assert 1 <= len(trajectory.turns) <= settings.budgets.turns
