"""Our plug-in within the real verl, without a GPU: registration, configuration, agent-loop worker, advantages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
import torch
from omegaconf import OmegaConf

from codedance.engines import Engine, load_recipe, plan_launch, recipe_names, with_settings
from codedance.engines.carried import Carried, carried_of
from codedance.engines.names import AGENT_NAME, CARRIED, STOP_TEXTS, TRAINER_MODE
from codedance.engines.settings import EngineSettings
from codedance.engines.verl.configuration import settings_of
from codedance.models.local.chat import Encoder
from codedance.models.local.checkpoint import load_checkpoint
from codedance.protocol import opening, protocol_info
from codedance.synth.interop import ExportFormat, ExportSettings, export_runs
from tests.engines.lane.common import Embedded, embedded, make_rollouts, questions, tasks_folder, tiny_checkpoint

VERL_RECIPES = [name for name in recipe_names() if load_recipe(name).engine is Engine.VERL]
TINY = [
    "actor_rollout_ref.rollout.name=vllm",
    "actor_rollout_ref.rollout.n=2",
    "actor_rollout_ref.rollout.prompt_length=512",
    "actor_rollout_ref.rollout.response_length=1024",
    "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=1",
    "actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu=1",
    "data.max_prompt_length=512",
    "data.max_response_length=1024",
    "data.filter_overlong_prompts=true",
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny")


def composed(overrides: Sequence[str]) -> Any:  # noqa: ANN401 - OmegaConf
    """The configuration of verl with these overrides, resolved by Hydra."""
    import verl.trainer
    from hydra import compose, initialize_config_dir

    folder = Path(verl.trainer.__file__).parent / "config"
    with initialize_config_dir(config_dir=str(folder), version_base=None):
        return compose("ppo_trainer", overrides=list(overrides))


def test_importing_verl_registers_the_plug_in() -> None:
    import verl
    from verl.experimental.agent_loop.agent_loop import _agent_loop_registry
    from verl.trainer.ppo.v1.trainer_base import get_trainer_cls
    from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync

    assert verl.__version__ == "0.9.1"
    assert _agent_loop_registry[AGENT_NAME] == {"_target_": "codedance.engines.verl.classes.CodeDanceAgentLoop"}
    assert issubclass(get_trainer_cls(TRAINER_MODE), PPOTrainerSync)


@pytest.mark.parametrize("name", VERL_RECIPES)
def test_hydra_resolves_the_launch_of_every_recipe(name: str, checkpoint: Path) -> None:
    from verl.utils.config import omega_conf_to_dataclass

    recipe = with_settings(load_recipe(name), [f"model={checkpoint}", "codedance.reward.gamma=8"])
    config = composed(plan_launch(recipe).command[3:])
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    assert settings_of(config) == recipe.codedance
    assert plain["trainer"]["v1"]["trainer_mode"] == TRAINER_MODE
    rollout = omega_conf_to_dataclass(config.actor_rollout_ref.rollout)
    assert (rollout.n, rollout.response_length) == (8, config.data.max_response_length)
    actor = omega_conf_to_dataclass(config.actor_rollout_ref.actor)
    assert actor.ppo_mini_batch_size == config.data.train_batch_size
    assert actor.entropy_coeff == 0
    assert not actor.use_kl_loss


class Generation:
    """A generation server in this process: transformers samples from token ids and pictures, one request at a time."""

    def __init__(self, checkpoint: Path) -> None:
        from transformers import AutoImageProcessor, AutoTokenizer, Qwen2_5_VLForConditionalGeneration

        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32).eval()
        self.tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        self.images = AutoImageProcessor.from_pretrained(checkpoint)
        self.asked: list[dict[str, Any]] = []
        self.broken = False

    async def generate(self, request_id: str, *, prompt_ids: list[int], **given: Any) -> Any:  # noqa: ANN401
        """As verl's client has it."""
        from verl.workers.rollout.replica import TokenOutput

        if self.broken:
            raise ConnectionError("the server is gone")
        self.asked.append({"request": request_id, "ids": list(prompt_ids), **given})
        ids, logprobs = await asyncio.to_thread(self._sample, prompt_ids, **given)
        fields = {"global_steps": 3, "min_global_steps": 3, "max_global_steps": 3}
        return TokenOutput(token_ids=ids, log_probs=logprobs, stop_reason="completed", extra_fields=fields)

    @torch.no_grad()
    def _sample(
        self, ids: list[int], *, sampling_params: Mapping[str, Any], image_data: Sequence[Any] | None, **_: object
    ) -> tuple[list[int], list[float]]:
        """The likeliest tokens until a stop text, by transformers' own loop and cache."""
        pictures = self.images(images=list(image_data or []), return_tensors="pt") if image_data else {}
        row, logprobs = torch.tensor([ids]), list[float]()

        def note(_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            logprobs.append(float(torch.log_softmax(scores[0], -1).max()))
            return scores

        def stopped(sequence: torch.Tensor, _scores: object, **_more: object) -> torch.Tensor:
            text = self.tokenizer.decode(sequence[0, len(ids) :], skip_special_tokens=True)
            return torch.tensor([any(one in text for one in sampling_params["stop"])])

        found = self.model.generate(
            input_ids=row,
            attention_mask=torch.ones_like(row),
            mm_token_type_ids=(row == self.model.config.image_token_id).long(),
            **pictures,
            do_sample=False,
            suppress_tokens=None,
            max_new_tokens=sampling_params["max_tokens"],
            logits_processor=[note],
            stopping_criteria=[stopped],
        )
        new = found[0, len(ids) :].tolist()
        return new, logprobs[: len(new)]


@pytest.fixture(scope="module")
def worker(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Generation]:
    """The agent-loop worker of verl, its data set of our export, and the server that it asks."""
    from verl.experimental.agent_loop.agent_loop import AgentLoopWorker
    from verl.utils.dataset.rl_dataset import RLHFDataset

    folder = tmp_path_factory.mktemp("data")
    export_runs(ExportFormat.VERL, [tasks_folder(folder / "tasks", 2)], folder / "verl", settings=ExportSettings())
    config = composed(
        [*TINY, f"actor_rollout_ref.model.path={checkpoint}", f"data.train_files=[{folder}/verl/train.parquet]",
         f"actor_rollout_ref.rollout.agent.default_agent_loop={AGENT_NAME}", "+codedance.variant=bat",
         "+codedance.reply_tokens=80"]
    )  # fmt: skip
    server = Generation(checkpoint)
    made = AgentLoopWorker(config, server)
    data = RLHFDataset(list(config.data.train_files), made.tokenizer, config.data, made.processor)
    return made, data, server


def played(worker: Any, data: Any) -> Any:  # noqa: ANN401 - verl's types
    """One batch through the worker."""
    from verl import DataProto
    from verl.utils.dataset.rl_dataset import collate_fn

    batch = DataProto.from_single_dict(collate_fn([data[number] for number in range(len(data))]))
    return asyncio.run(worker.generate_sequences(batch))


def test_the_agent_loop_runs_under_the_real_worker(worker: tuple[Any, Any, Generation], checkpoint: Path) -> None:
    made, data, server = worker
    batch = played(made, data)
    network, encoder = load_checkpoint(checkpoint)
    assert network.config.vocabulary == 151936
    carried = [Carried.read(text) for text in batch.non_tensor_batch[CARRIED]]
    assert all(one.attempt is not None and any(one.ran_code) for one in carried), "the embedded model writes code"
    for row, one in enumerate(carried):
        mask = batch.batch["response_mask"][row].tolist()
        assert [place for start, stop in one.spans for place in range(start, stop)] == [
            place for place, value in enumerate(mask) if value
        ]
        logprobs = batch.batch["rollout_log_probs"][row]
        assert bool((logprobs[batch.batch["response_mask"][row] == 0] == 0).all())
        inputs = batch.non_tensor_batch["multi_modal_inputs"][row]
        pads = int((batch.batch["input_ids"][row] == 151655).sum())
        grids = inputs["image_grid_thw"]
        assert pads == int(grids.prod(dim=1).sum()) // made.processor.image_processor.merge_size**2
        _check_frame(batch, row, encoder, one)
    last = server.asked[-1]
    assert tuple(last["sampling_params"]["stop"]) == STOP_TEXTS
    assert encoder.tokenizer.special["<|image_pad|>"] == 151655


def _check_frame(batch: Any, row: int, encoder: Encoder, one: Carried) -> None:  # noqa: ANN401 - verl's type
    """The prompt is the embedded encoder's, token by token; what stands between two turns is feedback."""
    task, pictures = questions(2)[row]
    prompt = batch.batch["prompts"][row][batch.batch["attention_mask"][row][:512] == 1].tolist()
    assert prompt == encoder.encode(opening(task, pictures, protocol_info())).ids
    response = batch.batch["responses"][row].tolist()
    end = encoder.tokenizer.special["<|im_end|>"]
    for (_, stop), (start, _) in pairwise(one.spans):
        between = response[stop:start]
        assert between[0] == end or response[stop - 1] == end
        assert "<tool_response>" in encoder.tokenizer.decode(between)


def test_a_server_that_fails_gives_an_attempt_without_loss(worker: tuple[Any, Any, Generation]) -> None:
    made, data, server = worker
    server.broken = True
    try:
        batch = played(made, data)
    finally:
        server.broken = False
    assert int(batch.batch["response_mask"].sum()) == 0
    carried = [Carried.read(text) for text in batch.non_tensor_batch[CARRIED]]
    assert [one.unscored for one in carried] == ["the model failed"] * len(carried)


class MemoryQueue:
    """The three functions of TransferQueue that the trainer calls, over a dictionary of this process."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, Any]] = {}

    def kv_batch_get(self, *, keys: Sequence[str], partition_id: str, select_fields: Sequence[str]) -> Any:  # noqa: ANN401
        """Rows as verl puts them together."""
        from verl.utils.tensordict_utils import list_of_dict_to_tensordict

        names = [name for name in select_fields if all(name in self.fields[key] for key in keys)]
        return list_of_dict_to_tensordict([{name: self.fields[key][name] for name in names} for key in keys])

    def kv_batch_put(self, *, keys: Sequence[str], partition_id: str, fields: Any) -> Any:  # noqa: ANN401
        """Rows laid over those that are there."""
        for place, key in enumerate(keys):
            self.fields.setdefault(key, {}).update({name: fields[name][place] for name in fields.keys()})  # noqa: SIM118
        return self.batch

    def fill(self, groups: Sequence[Sequence[Embedded]], settings: EngineSettings) -> None:
        """Put attempts in as verl's worker does, and one padding row."""
        from transfer_queue import KVBatchMeta

        keys, tags = [], []
        for number, group in enumerate(groups):
            for session, one in enumerate(group):
                key = f"question{number}_{session}_0"
                self.fields[key] = _row(one, settings, uid=f"question{number}")
                keys.append(key)
                tags.append({"status": "success"})
        spare = {**self.fields[keys[0]], "uid": "pad", "response_mask": torch.zeros(1, dtype=torch.int64)}
        self.fields["pad_0_0"] = {**spare, "rm_scores": torch.zeros(1), "old_log_probs": torch.zeros(1)}
        self.batch = KVBatchMeta(partition_id="train", keys=[*keys, "pad_0_0"], tags=[*tags, {"is_padding": True}])


def _row(one: Embedded, settings: EngineSettings, *, uid: str) -> dict[str, Any]:
    begin = one.spans[0][0]
    spans = [(start - begin, stop - begin) for start, stop in one.spans]
    carried = carried_of(one.rollout.trajectory, settings, spans=spans, pictures=one.rollout.pictures, equivalent=None)
    length = len(one.ids) - begin
    mask = torch.zeros(length, dtype=torch.int64)
    for start, stop in spans:
        mask[start:stop] = 1
    scores = torch.zeros(length)
    return {
        "uid": uid,
        "extra_fields": {CARRIED: carried.write()},
        "response_mask": mask,
        "rm_scores": scores,
        "old_log_probs": torch.zeros(length),
    }


@pytest.mark.parametrize("variant", ["bat", "outcome", "clipped"])
def test_advantages_through_verl_equal_the_embedded_trainer_s(
    variant: str, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transfer_queue
    from verl.trainer.ppo.v1 import trainer_base

    _, encoder = load_checkpoint(checkpoint)
    groups = embedded(encoder, anyio.run(make_rollouts, encoder), variant=variant)
    queue = MemoryQueue()
    settings = EngineSettings(variant=variant)
    queue.fill(groups, settings)
    for name in ("kv_batch_get", "kv_batch_put"):
        monkeypatch.setattr(transfer_queue, name, getattr(queue, name))
        monkeypatch.setattr(trainer_base.tq, name, getattr(queue, name))
    trainer_class = trainer_base.get_trainer_cls(TRAINER_MODE)
    trainer = trainer_class.__new__(trainer_class)
    trainer.config = composed(
        [*TINY, "algorithm.adv_estimator=grpo", f"actor_rollout_ref.model.path={checkpoint}", "+codedance.variant=bat"]
    )
    trainer.codedance = settings
    metrics: dict[str, Any] = {}
    theirs: list[Any] = []
    put = queue.kv_batch_put

    def noting(**given: Any) -> Any:  # noqa: ANN401 - what verl itself computes is put first
        theirs.extend([given["fields"]["advantages"]] if "advantages" in given["fields"].keys() else [])  # noqa: SIM118
        return put(**given)

    monkeypatch.setattr(transfer_queue, "kv_batch_put", noting)
    monkeypatch.setattr(trainer_base.tq, "kv_batch_put", noting)
    trainer._compute_advantage(queue.batch, metrics)
    flat = [one for group in groups for one in group]
    for key, one in zip(queue.batch.keys, flat, strict=False):
        ours = torch.tensor(one.advantages[one.spans[0][0] :])
        assert torch.equal(queue.fields[key]["advantages"], ours), key
    assert float(queue.fields["pad_0_0"]["advantages"].abs().sum()) == 0
    assert metrics["codedance/accuracy"] == pytest.approx(7 / 12)
    assert metrics["codedance/zero_variance"] == pytest.approx(1 / 3)
    if variant == "outcome":  # no turn credit: verl's own estimator must come to the same, to rounding
        for row, one in enumerate(flat):
            assert torch.allclose(theirs[0][row], torch.tensor(one.advantages[one.spans[0][0] :]), atol=2e-5)
