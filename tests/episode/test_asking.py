"""Asking from ordinary Python: one call, many from many threads, within a loop that runs already, kept in a run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

import codedance
from codedance.episode.asking import Shown
from codedance.errors import PictureError, StoreError, UsageError
from codedance.models import Completion, ScriptedModel
from codedance.protocol import ChatMessage, Role
from codedance.schema import Sampling, StopReason

LOOK = "<think>I look at its size.</think>\n<code>\nprint(input_image.size)\n</code>"
RED = Image.new("RGB", (40, 30), "red")


def answer(value: object) -> str:
    return f"<think>So.</think>\n<answer>{value}</answer>"


class Echo:
    """Looks once, and answers with what was asked; many at a time."""

    name = "echo"

    def __init__(self) -> None:
        self.closed = False

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        asked = next(one.text for one in messages if one.role is Role.USER)
        replied = any(one.role is Role.ASSISTANT for one in messages)
        return Completion(text=answer(asked.split("Say ")[-1].split()[0]) if replied else LOOK)

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("shown", [RED, codedance.Picture.from_image(RED), [RED, RED]])
def test_pictures_may_be_of_any_kind(shown: Shown) -> None:
    rollout = codedance.ask(shown, "How wide is it?", model=ScriptedModel([LOOK, answer(40)]))
    assert rollout.trajectory.answer == "40"
    assert [turn.execution.stdout for turn in rollout.trajectory.turns if turn.execution] == ["(40, 30)\n"]
    assert set(rollout.pictures) >= {ref.sha256 for ref in rollout.trajectory.task.images}


def test_a_file_is_read_by_its_name(tmp_path: Path) -> None:
    RED.save(tmp_path / "red.png")
    for shown in (tmp_path / "red.png", str(tmp_path / "red.png")):
        assert codedance.ask(shown, "What?", model=ScriptedModel([answer("red")])).trajectory.answer == "red"
    with pytest.raises(PictureError, match=r"blue.png: there is no such file"):
        codedance.ask(tmp_path / "blue.png", "What?", model=ScriptedModel([]))


def test_many_threads_ask_one_asker_and_every_episode_is_kept(tmp_path: Path) -> None:
    model = Echo()
    with codedance.Asker(model, out=tmp_path / "run") as asker, ThreadPoolExecutor(8) as threads:
        asked = [f"Say {number}" for number in range(16)]
        found = list(threads.map(lambda question: asker.ask(RED, question), asked))
    assert [one.trajectory.answer for one in found] == [str(number) for number in range(16)]
    assert not model.closed, "who brings a model closes it"
    kept = list(codedance.RunFolder.open(str(tmp_path / "run")).trajectories())
    assert {one.id for one in kept} == {one.trajectory.id for one in found}


def test_the_same_question_again_is_another_attempt_also_later(tmp_path: Path) -> None:
    for numbers in ([0, 1], [2]):
        with codedance.Asker(ScriptedModel([answer(1)] * 2), out=str(tmp_path / "run")) as asker:
            assert [asker.ask(RED, "Again?").trajectory.attempt for _ in numbers] == numbers


def test_it_asks_where_a_loop_runs_already() -> None:
    async def notebook() -> str | None:
        return codedance.ask(RED, "What?", model=ScriptedModel([LOOK, answer("red")])).trajectory.answer

    assert asyncio.run(notebook()) == "red"


def test_an_episode_that_fails_is_told_and_raises_nothing() -> None:
    rollout = codedance.ask(RED, "What?", model=ScriptedModel([]))
    assert rollout.trajectory.stop is StopReason.MODEL_FAILED
    assert rollout.trajectory.failure is not None


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    asker = codedance.Asker(ScriptedModel([]))
    with pytest.raises(UsageError, match="within its with block"):
        asker.ask(RED, "What?")
    with asker, pytest.raises(UsageError, match="the question is empty"):
        asker.ask(RED, "  ")
    with pytest.raises(UsageError, match="unknown model 'gpt'"):
        codedance.ask(RED, "What?", model="gpt")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(StoreError, match="is not empty and holds no run"):
        codedance.ask(RED, "What?", model=ScriptedModel([]), out=tmp_path / "full")


def test_the_surface_is_what_it_says_and_costs_nothing_until_it_is_used() -> None:
    assert dir(codedance) == sorted(codedance.__all__)
    assert all(getattr(codedance, name) is not None for name in codedance.__all__)
    with pytest.raises(AttributeError, match="module 'codedance' has no attribute 'answer'"):
        codedance.answer  # type: ignore[attr-defined]  # noqa: B018
    program = "import sys, codedance; print([name for name in ('pydantic', 'PIL', 'anyio') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60) == "[]\n"
