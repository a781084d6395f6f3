"""The trainer: what it writes, what it refuses, and that a kill at any step changes nothing."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest
import torch
from pydantic import JsonValue, ValidationError

from codedance.cli.reward_input import read_groups
from codedance.errors import DataError, SandboxError, StoreError
from codedance.imaging import Picture
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.network import Network
from codedance.rewards import Attempt, RewardSettings, Variant
from codedance.sandbox import Limits, LocalSandbox, Session
from codedance.schema import Sampling, Term
from codedance.store import Manifest
from codedance.train.boards import tensorboard
from codedance.train.curves import CurveLine, figures, read_curve
from codedance.train.grpo import train_grpo
from codedance.train.grpo_settings import GrpoSettings
from codedance.train.learner import LearnerSettings
from codedance.train.rehearsal import rehearse
from codedance.train.task_source import StoredTasks
from tests.train.apprentice import apprentice, tasks_folder

SMALL: dict[str, Any] = {"groups": 2, "attempts": 4, "exam_every": 0, "keep_rollouts_every": 0, "save_every": 2}


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tasks_folder(tmp_path_factory.mktemp("tiny") / "tasks")


def settings(*, temperature: float = 1.0, rate: float = 2e-3, **changed: Any) -> GrpoSettings:  # noqa: ANN401
    episode = GrpoSettings().episode.model_copy(update={"sampling": Sampling(temperature=temperature, max_tokens=48)})
    learner = LearnerSettings(rate=rate, precision="float32")
    return GrpoSettings(episode=episode, learner=learner, **{**SMALL, **changed})


def train(
    folder: Path,
    tasks: Path,
    chosen: GrpoSettings,
    *,
    steps: int,
    network: Network | None = None,
    sandbox: Broken | None = None,
    **more: Any,  # noqa: ANN401
) -> list[CurveLine]:
    """A run from the apprentice, or from another network."""
    fresh, encoder = apprentice()
    lines: list[CurveLine] = []

    async def run() -> None:
        async with sandbox or LocalSandbox() as place:
            await train_grpo(
                network or fresh, encoder, StoredTasks(tasks, seed=chosen.seed), chosen,
                sandbox=place, folder=folder, steps=steps, listener=lines.append, **more,
            )  # fmt: skip

    anyio.run(run)
    return lines


def test_a_run_tells_every_step_keeps_attempts_and_goes_on_to_a_later_step(tasks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    chosen = settings(exam_every=2, exam_tasks=6, keep_rollouts_every=2)
    lines = train(folder, tasks, chosen, steps=3)
    assert [line.step for line in lines] == [0, 1, 2, 3]
    assert [line.exam is not None for line in lines] == [True, False, True, False]
    assert lines == read_curve(folder)
    found = figures(lines[2])
    assert {"batch/accuracy_easy", "batch/tool_rate", "rewards/d", "update/entropy", "speed/generate"} <= found.keys()
    assert found["update/sampler_gap"] < 1e-3
    assert lines[3].position == 6
    assert lines[3].rewards is not None
    assert lines[3].rewards.reward == pytest.approx(
        sum(part for part in (lines[3].rewards.accuracy, lines[3].rewards.format, lines[3].rewards.tools) if part)
    )
    groups = read_groups(folder / "rollouts" / "step-000002", RewardSettings())
    assert [len(group.attempts) for group in groups] == [4, 4]
    assert [path.name for path in (folder / "rollouts").iterdir()] == ["step-000002"]
    more = train(folder, tasks, chosen, steps=5)
    assert [line.step for line in more] == [4, 5]
    assert [line.step for line in read_curve(folder)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.slow
def test_the_best_exam_leaves_a_checkpoint_that_can_be_used(tasks: Path, tmp_path: Path) -> None:
    chosen = settings(exam_every=3, exam_tasks=9, groups=6, attempts=8)
    lines = train(tmp_path / "run", tasks, chosen, steps=6)
    exams = [line.exam.accuracy for line in lines if line.exam is not None and line.exam.accuracy is not None]
    assert max(exams[1:]) > exams[0], "it learns to read the pixel within a few steps"
    network, _ = load_checkpoint(tmp_path / "run" / "best")
    assert network.config == apprentice()[0].config


TRAINER = """
import sys
from pathlib import Path
from tests.train.test_grpo import settings, train
from codedance.train import grpo
folder, tasks = Path(sys.argv[1]), Path(sys.argv[2])
step = grpo.Grpo.step
async def told(self, number, position):
    print(number, flush=True)
    return await step(self, number, position)
grpo.Grpo.step = told
train(folder, tasks, settings(exam_every=3, exam_tasks=4, keep_rollouts_every=1), steps=6)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_killed_at_any_step_and_resumed_has_the_same_curve(tasks: Path, tmp_path: Path) -> None:
    weights = tmp_path / "apprentice.pt"
    torch.save(apprentice()[0].state_dict(), weights)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "APPRENTICE": str(weights)}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", TRAINER, str(tmp_path / "killed"), str(tasks)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)

    for kill_at in (2, 5):  # before the first checkpoint, and between two
        trainer = start()
        assert trainer.stdout is not None
        for line in trainer.stdout:
            if int(line) >= kill_at:
                break
        os.kill(trainer.pid, signal.SIGKILL)
        trainer.communicate()
        assert trainer.returncode == -signal.SIGKILL
    trainer = start()
    trainer.communicate()
    assert trainer.returncode == 0
    chosen = settings(exam_every=3, exam_tasks=4, keep_rollouts_every=1)
    whole = train(tmp_path / "whole", tasks, chosen, steps=6)
    killed = read_curve(tmp_path / "killed")
    assert [_timeless(line) for line in killed] == [_timeless(line) for line in whole]
    assert sorted(path.name for path in (tmp_path / "killed" / "rollouts").iterdir()) == [
        f"step-{step:06}" for step in range(1, 7)
    ]


def _timeless(line: CurveLine) -> dict[str, Any]:
    """Without times; and without what only compares with the sampler, whose last bits depend on who decoded beside."""
    found = line.model_dump(mode="json", exclude={"speed": True, "update": {"sampler_gap"}})
    return dict(found)


def test_groups_without_variance_are_kept_dropped_or_replaced(tasks: Path, tmp_path: Path) -> None:
    """At a low temperature most attempts at a task are the same."""
    figures_of = {}
    for choice in ("keep", "drop", "refill"):
        chosen = settings(
            temperature=0.3, groups=4, attempts=2, variant="outcome", zero_variance=choice, refill_rounds=2
        )
        (line,) = train(tmp_path / choice, tasks, chosen, steps=1)[1:]
        assert line.rewards is not None
        figures_of[choice] = (line.rewards, line.position)
    kept, dropped, refilled = (figures_of[choice] for choice in ("keep", "drop", "refill"))
    assert kept[0].zero_variance > 0
    assert (kept[0].trained, kept[1]) == (4, 4)
    assert (dropped[0].trained, dropped[1]) == (4 - round(4 * kept[0].zero_variance), 4)
    assert refilled[0].groups == refilled[1] > 4
    assert refilled[0].trained >= dropped[0].trained


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"attempts": 1}, "a group needs two or more"),
        ({"variant": "best"}, "there is no reward variant 'best'; choose among outcome, deepeyes"),
        ({"temperature": 0.0}, "greedy attempts are all the same"),
        ({"rate": 0.0}, "greater than 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**wrong)


def test_a_folder_of_another_run_version_or_network_is_refused(tasks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(folder, tasks, settings(), steps=1)
    with pytest.raises(StoreError, match=r"holds a run with other settings \(variant bat, now outcome\)"):
        train(folder, tasks, settings(variant="outcome"), steps=1)
    with pytest.raises(StoreError, match=r"other settings \(start .*, now elsewhere\)"):
        train(folder, tasks, settings(), steps=1, start="elsewhere")
    other, _ = apprentice()
    del other.model.layers[1]
    with pytest.raises(DataError, match=r"checkpoint.pt: cannot be resumed from \(Error"):
        train(folder, tasks, settings(), steps=2, network=other)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 9}))
    with pytest.raises(StoreError, match="schema version 9, this program reads 1"):
        train(folder, tasks, settings(), steps=2)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mine.txt").write_text("dear all")
    with pytest.raises(StoreError, match="is not empty and holds no run"):
        train(tmp_path / "letters", tasks, settings(), steps=1)
    Manifest(kind="ask").write(tmp_path / "letters")
    with pytest.raises(StoreError, match="holds a run of kind 'ask'"):
        train(tmp_path / "letters", tasks, settings(), steps=1)


def test_a_reward_that_is_no_number_ends_the_run(tasks: Path, tmp_path: Path) -> None:
    def tools(attempt: Attempt, accuracy: float, constants: RewardSettings) -> Term:
        return Term(value=math.nan)

    broken = Variant(name="mine", formula="?", source="mine", tools=tools)
    with pytest.raises(DataError, match="step 1: the reward 'mine' gave no usable number"):
        train(tmp_path / "run", tasks, settings(), steps=1, reward=broken)
    assert [line.step for line in read_curve(tmp_path / "run")] == [0]


class Broken:
    """A sandbox whose machinery has failed."""

    description: Mapping[str, JsonValue] = {"tier": "none"}

    async def __aenter__(self) -> Broken:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def session(
        self, images: Sequence[Picture] = (), limits: Limits | None = None
    ) -> AbstractAsyncContextManager[Session]:
        raise SandboxError("no process could be started")


def test_a_step_whose_sandbox_failed_ends_the_run_with_its_reason(tasks: Path, tmp_path: Path) -> None:
    chosen = settings(groups=1, attempts=2)  # sooner or later both attempts write code
    with pytest.raises(SandboxError, match=r"no attempt could be scored \(no process could be started\)"):
        train(tmp_path / "run", tasks, chosen, steps=30, sandbox=Broken())


def test_a_rehearsal_estimates_and_writes_nothing(tasks: Path, tmp_path: Path) -> None:
    network, encoder = apprentice()
    before = [weight.clone() for weight in network.parameters()]

    async def measure(chosen: GrpoSettings) -> Any:  # noqa: ANN401
        async with LocalSandbox() as sandbox:
            return await rehearse(
                network, encoder, StoredTasks(tasks, seed=0), chosen, sandbox=sandbox, folder=tmp_path / "run", steps=50
            )

    found = anyio.run(measure, settings(groups=6, exam_every=10))
    assert (found.steps, found.attempts, found.goes_on_after) == (50, 24, 0)
    assert 0 < found.step_seconds < found.run_seconds
    assert found.memory_bytes > 50 << 20
    assert found.disk_bytes > 24 * found.parameters
    assert 4 < found.tokens < found.sequence_tokens < 200
    assert not (tmp_path / "run").exists()
    assert all(torch.equal(one, two) for one, two in zip(before, network.parameters(), strict=True))
    sure = anyio.run(measure, settings(temperature=0.001))
    assert "there is little to learn" in sure.warnings[0]
    (tmp_path / "run").write_text("a file")
    with pytest.raises(StoreError, match="is no folder that this user may write to"):
        anyio.run(measure, settings())


def test_event_files_hold_the_figures_and_forget_steps_that_are_made_again(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with tensorboard(tmp_path) as write:
        for step in (1, 2, 3):
            write(CurveLine(step=step, position=8 * step))
    with tensorboard(tmp_path) as write:
        write(CurveLine(step=3, position=99))
    read = EventAccumulator(str(tmp_path / "board"))
    read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("position")] == [(1, 8), (2, 16), (3, 99)]
