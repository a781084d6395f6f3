"""Our recipes and plug-in within the real ms-swift, without a GPU: arguments, SFT with its loss mask, GRPO."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import anyio
import pytest
import torch

from codedance.engines import Engine, Method, load_recipe, plan_launch, recipe_names, with_settings
from codedance.engines.carried import Carried, carried_of
from codedance.engines.names import CARRIED, REWARD, SCHEDULER
from codedance.engines.settings import EngineSettings
from codedance.engines.swift.plugin import register
from codedance.models.local.checkpoint import load_checkpoint
from codedance.protocol import conversation
from codedance.synth.interop import ExportFormat, ExportSettings, export_runs
from tests.engines.lane.common import embedded, make_rollouts, tasks_folder, tiny_checkpoint, trajectories_folder

SWIFT_RECIPES = [name for name in recipe_names() if load_recipe(name).engine is Engine.SWIFT]
ON_PROCESSORS = {
    "gpus": "0", "arguments.model_type": "qwen2_5_vl", "arguments.template": "qwen2_5_vl",
    "arguments.torch_dtype": "float32", "arguments.attn_impl": "sdpa", "arguments.use_cpu": "true",
    "arguments.bf16": "false", "arguments.fp16": "false", "arguments.gradient_checkpointing": "false",
    "arguments.deepspeed": "null", "arguments.packing": "null", "arguments.max_length": "2048",
    "arguments.max_steps": "2", "arguments.num_train_epochs": "null", "arguments.logging_steps": "1",
    "arguments.gradient_accumulation_steps": "1", "arguments.dataset_num_proc": "1",
    "arguments.dataloader_num_workers": "0", "arguments.report_to": "none", "arguments.save_steps": "2",
    "environment.HF_HUB_OFFLINE": '"1"', "environment.PYTORCH_CUDA_ALLOC_CONF": "null",
    "environment.MAX_PIXELS": '"50176"', "environment.MIN_PIXELS": '"12544"',
}  # fmt: skip
"""What a recipe is changed by to train two steps on processors."""


def settings(more: dict[str, str]) -> list[str]:
    """As ``--set`` takes them."""
    return [f"{name}={value}" for name, value in {**ON_PROCESSORS, **more}.items()]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny")


@pytest.fixture(scope="module")
def rollouts(checkpoint: Path) -> Any:  # noqa: ANN401 - lists of lists of rollouts
    _, encoder = load_checkpoint(checkpoint)
    return anyio.run(make_rollouts, encoder)


def launched(recipe: Any, cwd: Path) -> str:  # noqa: ANN401 - a recipe
    """Run a recipe as `codedance launch` does; what it printed."""
    planned = plan_launch(recipe, python=sys.executable)
    for name, text in planned.files.items():
        path = cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {**os.environ, **planned.environment}
    done = subprocess.run(
        planned.command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1800, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


def logged(out: Path) -> list[dict[str, Any]]:
    """What ms-swift logged of each step."""
    (path,) = out.rglob("logging.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if "loss" in line]


@pytest.mark.parametrize("name", SWIFT_RECIPES)
def test_ms_swift_knows_every_argument_of_a_recipe(name: str) -> None:
    from swift.arguments import RLHFArguments, SftArguments

    recipe = load_recipe(name)
    known = {one.name for one in fields(SftArguments if recipe.method is Method.SFT else RLHFArguments)}
    flags = [word.removeprefix("--") for word in plan_launch(recipe).command if word.startswith("--")]
    assert [flag for flag in flags if flag not in known] == []


def test_sft_trains_two_steps(checkpoint: Path, rollouts: Any, tmp_path: Path) -> None:  # noqa: ANN401
    flat = [one for group in rollouts for one in group if one.trajectory.answer is not None]
    export_runs(
        ExportFormat.SWIFT,
        [trajectories_folder(tmp_path / "run", flat)],
        tmp_path / "rows",
        settings=ExportSettings(failed_turns_no_loss=True),
    )
    recipe = with_settings(
        load_recipe("swift-sft-3b"),
        settings({"model": str(checkpoint), "data": "rows/train.jsonl", "out": "out",
                  "environment.ROOT_IMAGE_DIR": str(tmp_path / "rows"),
                  "arguments.per_device_train_batch_size": "2"}),
    )  # fmt: skip
    launched(recipe, tmp_path)
    losses = [line["loss"] for line in logged(tmp_path / "out")]
    assert len(losses) == 2
    assert all(0 < loss < 100 for loss in losses)
    assert list((tmp_path / "out").rglob("model.safetensors"))


def test_the_loss_mask_of_sft_is_the_embedded_trainer_s_token_by_token(
    checkpoint: Path,
    rollouts: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    from swift import get_processor, get_template

    from codedance.train.sequence import supervise

    _, encoder = load_checkpoint(checkpoint)
    template = get_template(get_processor(str(checkpoint), model_type="qwen2_5_vl"), template_type="qwen2_5_vl")
    template.set_mode("train")
    for group in rollouts:
        for one in group:
            flat = trajectories_folder(tmp_path / one.trajectory.id.replace("/", "-"), [one])
            out = tmp_path / f"{flat.name}-rows"
            export_runs(
                ExportFormat.SWIFT, [flat], out, settings=ExportSettings(failed_turns_no_loss=True, absolute=True)
            )
            row = json.loads((out / "train.jsonl").read_text())
            row.pop("codedance")
            encoded = template.encode(row)
            messages = conversation(
                one.trajectory.task, one.trajectory.turns, one.trajectory.protocol, pictures=one.pictures
            )
            ours = supervise(encoder, messages)
            ids, labels = list(encoded["input_ids"]), list(encoded["labels"])
            assert ids == ours.encoded.ids
            failed = {n for n, turn in enumerate(one.trajectory.turns) if turn.execution and not turn.execution.ok}
            assert labels == _wanted(ours.encoded.ids, ours.mask, without=failed)


def _wanted(ids: Sequence[int], mask: Sequence[bool], *, without: set[int]) -> list[int]:
    """The embedded trainer's labels, replies by number left out. ms-swift also trains the line break behind a reply."""
    found, reply, before = [], -1, False
    for token, written in zip(ids, mask, strict=True):
        reply += written and not before
        learnt = (written or before) and reply not in without
        found.append(token if learnt else -100)
        before = written
    return found


GRPO = {
    "data": "rows/train.jsonl", "out": "out", "arguments.use_vllm": "false",
    **{f"arguments.{name}": "null" for name in (
        "vllm_mode", "vllm_gpu_memory_utilization", "vllm_max_model_len", "vllm_limit_mm_per_prompt", "offload_model",
        "offload_optimizer", "sleep_level", "completion_length_limit_scope")},
    "arguments.per_device_train_batch_size": "2", "arguments.num_generations": "2",
    "arguments.max_completion_length": "80", "arguments.temperature": "1.0",
}  # fmt: skip
"""What the recipe for GRPO is changed by: transformers samples, two attempts at a question a step."""


def test_grpo_trains_two_steps_with_our_plug_in(checkpoint: Path, tmp_path: Path) -> None:
    tasks = tasks_folder(tmp_path / "tasks", 4)
    export_runs(ExportFormat.SWIFT, [tasks], tmp_path / "rows", settings=ExportSettings())
    more = {"model": str(checkpoint), "environment.ROOT_IMAGE_DIR": str(tmp_path / "rows")}
    launched(with_settings(load_recipe("swift-grpo-7b"), settings(GRPO | more)), tmp_path)
    lines = logged(tmp_path / "out")
    assert len(lines) == 2
    names = {
        f"codedance/{name}" for name in ("accuracy", "turns", "tool_rate", "execution_success", "d", "zero_variance")
    }
    assert all(names <= set(line) for line in lines)
    assert any(line["codedance/turns"] > 1 for line in lines), "the embedded model writes code, and is shown its result"
    assert all(line["codedance/unscored"] == 0 for line in lines)


def test_attempts_whose_time_is_up_while_ms_swift_samples_are_wrong_and_no_error(
    checkpoint: Path, tmp_path: Path
) -> None:
    tasks = tasks_folder(tmp_path / "tasks", 4)
    export_runs(ExportFormat.SWIFT, [tasks], tmp_path / "rows", settings=ExportSettings())
    more = {"model": str(checkpoint), "environment.ROOT_IMAGE_DIR": str(tmp_path / "rows")}
    more["codedance.budgets.seconds"] = "0.001"
    launched(with_settings(load_recipe("swift-grpo-7b"), settings(GRPO | more)), tmp_path)
    lines = logged(tmp_path / "out")
    assert [(line["codedance/accuracy"], line["codedance/tool_rate"]) for line in lines] == [(0, 0), (0, 0)]
    assert all((line["codedance/turns"], line["codedance/unscored"]) == (1, 0) for line in lines)


@pytest.mark.parametrize("variant", ["bat", "outcome", "clipped"])
def test_advantages_through_ms_swift_equal_the_embedded_trainer_s(
    variant: str,
    checkpoint: Path,
    rollouts: Any,  # noqa: ANN401
) -> None:
    from swift.rl_core.data import GRPOBatch, GRPOSample

    from codedance.engines.swift.classes import CodeDanceGRPOTrainer

    chosen = EngineSettings(variant=variant)
    register(chosen.model_dump_json())
    _, encoder = load_checkpoint(checkpoint)
    groups = embedded(encoder, rollouts, variant=variant)
    flat = [one for group in groups for one in group]
    samples, masks = [], []
    width = max(len(one.ids) for one in flat)
    for one in flat:
        begin = one.spans[0][0]
        spans = [(start - begin, stop - begin) for start, stop in one.spans]
        carried = carried_of(
            one.rollout.trajectory, chosen, spans=spans, pictures=one.rollout.pictures, equivalent=None
        )
        samples.append(GRPOSample(messages=[], rollout_infos={CARRIED: carried.write()}))
        mask = torch.zeros(width, dtype=torch.long)
        for start, stop in one.spans:
            mask[start:stop] = 1
        masks.append(mask)
    trainer = bare_trainer(CodeDanceGRPOTrainer, chosen, samples, attempts=len(groups[0]))
    encoded = []
    for begin in range(0, len(samples), 4):
        batch = GRPOBatch(
            torch.stack(masks[begin : begin + 4]), torch.zeros(4, dtype=torch.bool), torch.full((4,), width)
        )
        encoded.append({"grpo_batch": batch})
    trainer._postprocess_batch(samples, encoded)
    found = torch.cat([one["grpo_batch"].advantages for one in encoded])
    wanted = torch.zeros_like(found)
    for row, one in enumerate(flat):
        wanted[row, : len(one.ids)] = torch.tensor(one.advantages)
    assert torch.equal(found, wanted)
    assert trainer._metrics["train"]["codedance/accuracy"] == [pytest.approx(7 / 12)]


def bare_trainer(made: Any, chosen: EngineSettings, samples: Any, *, attempts: int) -> Any:  # noqa: ANN401
    """The trainer with what its two methods read, and no model behind it."""
    from collections import defaultdict
    from types import SimpleNamespace

    from swift.rewards import orms

    trainer = made.__new__(made)
    scores = orms[REWARD]()([None] * len(samples), rollout_infos=[one.rollout_infos for one in samples])
    trainer.__dict__ |= {
        "codedance": chosen, "codedance_rewards": [], "model": SimpleNamespace(training=True),
        "accelerator": SimpleNamespace(num_processes=1, process_index=0, device=torch.device("cpu")),
        "template": SimpleNamespace(sequence_parallel_size=1),
        "args": SimpleNamespace(steps_per_generation=len(samples) // 4),
        "_rewards_per_func": torch.tensor(scores)[:, None], "reward_weights": torch.ones(1),
        "reward_func_names": [REWARD], "_metrics": {"train": defaultdict(list)},
        "_logs": {"advantages": [], "rewards": defaultdict(list)}, "kl_in_reward": False, "beta": 0.0,
        "num_generations": attempts, "num_generations_eval": attempts, "dynamic_num_samples": False,
        "advantage_estimator": "grpo", "scale_rewards": "group", "_has_teacher": False, "use_teacher_api": False,
        "advantage_reweight": None, "sdar_loss_coef": 0.0, "teacher_kl_coef": 0.0,
    }  # fmt: skip
    return trainer


def test_the_plug_in_registers_what_the_recipe_names() -> None:
    from swift.rewards import orms
    from swift.rollout import multi_turns
    from swift.trainers.trainer_factory import TrainerFactory

    register(EngineSettings().model_dump_json())
    assert SCHEDULER in multi_turns
    assert REWARD in orms
    assert TrainerFactory.TRAINER_MAPPING["grpo"] == "codedance.engines.swift.classes.CodeDanceGRPOTrainer"
    assert Carried.model_fields
