"""Training: loss on the model's own text only, items as the real loop has them, resume to the same curve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import anyio
import pytest
import torch

from codedance.episode import EpisodeSettings, run_episode
from codedance.errors import DataError
from codedance.models import ScriptedModel
from codedance.models.local.chat import Encoder
from codedance.models.local.config import NetworkConfig
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import Tokenizer, build_tokenizer
from codedance.protocol import conversation, protocol_info
from codedance.sandbox import LocalSandbox
from codedance.schema import CodeFormat
from codedance.store import Manifest, RunFolder
from codedance.synth.oracle import demonstrate
from codedance.tasks.worlds import Difficulty, Oracle, make_scene, scene_task
from codedance.train.items import ItemDataset, episode_item
from codedance.train.loss import Losses, LossWeights, losses
from codedance.train.pieces import nano_pieces
from codedance.train.sequence import collate, supervise
from codedance.train.sft import SftSettings, train_sft
from codedance.train.trainer import Step, TrainSettings, train

pytestmark = pytest.mark.anyio

MIX = {"search": 1, "count": 1, "read": 1}


def small() -> tuple[Network, Encoder]:
    torch.set_num_threads(1)
    tokenizer = Tokenizer(build_tokenizer(nano_pieces()))
    config = NetworkConfig(
        vocabulary=tokenizer.size, vision_width=32, vision_layers=1, vision_inner=32, width=64, layers=2, heads=2,
        head_width=32, rope_sections=(4, 6, 6), inner=64,
    )  # fmt: skip
    network = Network(config)
    network.initialise(torch.Generator().manual_seed(0))
    return network, Encoder(tokenizer, config)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with really executed demonstrations."""
    folder = tmp_path_factory.mktemp("runs") / "oracle"
    run = RunFolder.create(folder, Manifest(kind="synth"))

    async def fill() -> None:
        async with LocalSandbox() as sandbox:
            for seed in range(6):
                scene = make_scene(("counting", "search")[seed % 2], Difficulty.EASY, seed)
                rollout = (await demonstrate(scene, sandbox=sandbox)).rollout
                run.add(rollout.trajectory, rollout.pictures)

    anyio.run(fill)
    return folder


def test_loss_lies_on_the_models_own_text_and_nowhere_else() -> None:
    _, encoder = small()
    scene = make_scene("counting", Difficulty.EASY, 3)
    item = episode_item(encoder, scene, Random(0))
    oracle = Oracle(scene, Random(0))
    assert _written(encoder, item.encoded.ids, item.mask) == [oracle.reply(), oracle.reply(scene.answer)]


@pytest.mark.parametrize("family", ["counting", "search"])
@pytest.mark.parametrize("code_format", list(CodeFormat))
async def test_an_item_made_on_the_fly_is_what_the_real_loop_would_have(family: str, code_format: CodeFormat) -> None:
    _, encoder = small()
    async with LocalSandbox() as sandbox:
        for seed in (1, 2, 3):
            scene = make_scene(family, Difficulty.HARD, seed)
            item = episode_item(encoder, scene, Random(5), code_format=code_format)
            texts = _written(encoder, item.encoded.ids, item.mask)
            task, pictures = scene_task(scene)
            settings = EpisodeSettings(protocol=protocol_info(code_format))
            model = ScriptedModel(texts)
            rollout = await run_episode(task, pictures, model=model, sandbox=sandbox, settings=settings)
            trajectory = rollout.trajectory
            assert trajectory.answer == scene.answer
            messages = conversation(task, trajectory.turns, trajectory.protocol, pictures=rollout.pictures)
            real = supervise(encoder, messages)
            assert real.encoded.ids == item.encoded.ids
            assert real.encoded.positions == item.encoded.positions
            assert real.mask == item.mask
            for (_, mine), (_, theirs) in zip(item.encoded.images, real.encoded.images, strict=True):
                assert mine.tobytes() == theirs.tobytes()


def _written(encoder: Encoder, ids: list[int], mask: list[bool]) -> list[str]:
    end = encoder.tokenizer.special["<|im_end|>"]
    texts: list[str] = []
    current: list[int] = []
    for token in (token for token, mine in zip(ids, mask, strict=True) if mine):
        if token == end:
            texts.append(encoder.tokenizer.decode(current))
            current = []
        else:
            current.append(token)
    assert current == [], "a reply ends with its end token"
    return texts


def test_padding_changes_no_loss() -> None:
    network, encoder = small()
    scenes = [make_scene("counting", Difficulty.EASY, 1), make_scene("search", Difficulty.EASY, 2)]
    items = [episode_item(encoder, scene, Random(1)) for scene in scenes]
    with torch.no_grad():
        together = losses(network, collate(items, patch=28), LossWeights(10.0))
        alone = [losses(network, collate([item], patch=28), LossWeights(10.0)) for item in items]
    assert float(together.total) == pytest.approx(sum(float(one.total) for one in alone), rel=1e-4)


def test_read_and_cell_losses_are_added_with_their_weights() -> None:
    network, encoder = small()
    for kind, name in (("read", "read"), ("see-text", "cell")):
        (batch,) = ItemDataset(encoder, mix={kind: 2}, seed=0)[0]
        with torch.no_grad():
            result = losses(network, batch, LossWeights(96.0, read=0.7, cell=0.7))
            plain = losses(network, batch, LossWeights(96.0))
        looked = getattr(result, name)
        assert looked is not None
        assert 0.5 < looked[0] < 20
        assert getattr(plain, name) is None
        assert float(result.total) == pytest.approx(float(plain.total) + 0.7 * looked[0], rel=1e-4)


def test_only_a_share_of_the_texts_gradient_reaches_the_vision_tower() -> None:
    network, encoder = small()
    (batch,) = ItemDataset(encoder, mix={"read": 2}, seed=0)[0]

    def gradients(read: float, to_sight: float) -> tuple[torch.Tensor, torch.Tensor]:
        network.zero_grad()
        torch.autograd.backward(losses(network, batch, LossWeights(96.0, read=read, to_sight=to_sight)).total)
        weights = dict(network.named_parameters())
        seen, said = weights["visual.patch_embed.proj.weight"].grad, weights["model.layers.1.mlp.down_proj.weight"].grad
        assert seen is not None
        assert said is not None
        return seen.clone(), said.clone()

    (seen_whole, said_whole), (seen_part, said_part) = gradients(0.0, 1.0), gradients(0.0, 0.25)
    assert torch.allclose(seen_part, 0.25 * seen_whole, atol=1e-7)
    assert torch.allclose(said_part, said_whole, atol=1e-7)
    (read_whole, _), (read_none, _) = gradients(0.7, 1.0), gradients(0.7, 0.0)
    assert torch.allclose(read_none, read_whole - seen_whole, atol=1e-6), "READ's own gradient is never weakened"
    assert float(read_none.abs().sum()) > 0


def test_a_step_cut_into_parts_has_the_same_loss() -> None:
    network, encoder = small()
    mix = {"search": 2, "read": 2, "count": 1, "see-text": 1}

    def total(parts: int) -> tuple[float, int]:
        batches = ItemDataset(encoder, mix=mix, seed=3, parts=parts)[0]
        assert len(batches) == parts
        readings, cells = sum(len(one.readings) for one in batches), sum(len(one.cells) for one in batches)
        weights = LossWeights(96.0, read=1.0, cell=1.0, readings=readings, cells=cells)
        with torch.no_grad():
            results: list[Losses] = [losses(network, one, weights) for one in batches]
        return sum(float(one.total) for one in results), sum(one.ids_BT.numel() for one in batches)

    (whole, padded), (cut, less_padded) = total(1), total(3)
    assert cut == pytest.approx(whole, rel=1e-4)
    assert less_padded < padded


def test_curves_tell_the_kinds_of_items_apart() -> None:
    network, encoder = small()
    (batch,) = ItemDataset(encoder, mix={"count": 2, "read": 1}, seed=0)[0]
    with torch.no_grad():
        result = losses(network, batch, LossWeights(96.0))
    assert set(result.kinds) == {"count", "read"}
    assert sum(loss for loss, _ in result.kinds.values()) == pytest.approx(result.text, rel=1e-4)
    assert sum(count for _, count in result.kinds.values()) == result.tokens == int(batch.mask_BT.sum())


def test_a_few_steps_learn() -> None:
    network, encoder = small()
    curve: list[Step] = []
    dataset = ItemDataset(encoder, mix={"bind": 4}, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainSettings(steps=40, workers=0, warmup_steps=5, save_every=1000)
        train(network, dataset, settings, folder=Path(folder), listener=curve.append)
    first, last = (sum(step.text for step in part) / 5 for part in (curve[:5], curve[-5:]))
    assert last < 0.4 * first


def test_batches_are_the_same_by_number() -> None:
    _, encoder = small()
    one, other = (ItemDataset(encoder, mix=MIX, seed=7) for _ in range(2))
    for number in (0, 5):
        assert torch.equal(one[number][0].ids_BT, other[number][0].ids_BT)
    assert not torch.equal(one[0][0].ids_BT[:, :20], one[1][0].ids_BT[:, :20])


TRAINER = """
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tests.train.test_training import MIX, small
from codedance.train.items import ItemDataset
from codedance.train.trainer import TrainSettings, train
network, encoder = small()
settings = TrainSettings(steps=24, workers=0, save_every=4, warmup_steps=4)
train(network, ItemDataset(encoder, mix=MIX, seed=1), settings, folder=Path(sys.argv[1]),
      listener=lambda step: print(step.step, flush=True))
"""


def test_a_run_killed_and_resumed_has_the_same_curve(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    @contextmanager
    def started(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-c", TRAINER, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as trainer:
            try:
                yield trainer
            finally:
                trainer.kill()  # whatever became of the test, nothing trains on

    for kill_at in (6, 13):
        with started(tmp_path / "killed") as trainer:
            assert trainer.stdout is not None
            for line in trainer.stdout:
                if int(line) >= kill_at:
                    break
    for name in ("killed", "whole"):
        with started(tmp_path / name) as trainer:
            trainer.communicate(timeout=100)
            assert trainer.returncode == 0
    killed, whole = ((tmp_path / name / "curve.jsonl").read_text().splitlines() for name in ("killed", "whole"))
    timeless = [[{**json.loads(line), "seconds": 0} for line in lines] for lines in (killed, whole)]
    assert timeless[0] == timeless[1]
    assert len(killed) == 24


def test_a_checkpoint_of_other_settings_or_another_network_is_refused(tmp_path: Path) -> None:
    network, encoder = small()
    dataset = ItemDataset(encoder, mix=MIX, seed=1)
    train(network, dataset, TrainSettings(steps=2, workers=0), folder=tmp_path)
    with pytest.raises(DataError, match=r"other settings \(train\.steps 2, now 3\)"):
        train(network, dataset, TrainSettings(steps=3, workers=0), folder=tmp_path)
    with pytest.raises(DataError, match=r"other settings \(seed none, now 5\)"):
        train(network, dataset, TrainSettings(steps=2, workers=0), folder=tmp_path, recipe={"seed": 5})
    train(network, dataset, TrainSettings(steps=2, workers=2, save_every=9), folder=tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="cannot be resumed"):
        train(network, dataset, TrainSettings(steps=2, workers=0), folder=tmp_path)


def test_a_folder_begun_by_another_run_is_refused_before_its_first_checkpoint_too(tmp_path: Path) -> None:
    network, encoder = small()
    dataset = ItemDataset(encoder, mix=MIX, seed=1)
    settings = TrainSettings(steps=2, workers=0)

    def stop(step: Step) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(network, dataset, settings, folder=tmp_path / "run", recipe={"seed": 1}, listener=stop)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
    with pytest.raises(DataError, match=r"manifest.json: was made with other settings \(seed 1, now 2\)"):
        train(network, dataset, settings, folder=tmp_path / "run", recipe={"seed": 2})
    train(network, dataset, settings, folder=tmp_path / "run", recipe={"seed": 1})
    Manifest(kind="ask").write(tmp_path / "asked")
    with pytest.raises(DataError, match="other settings"):
        train(network, dataset, settings, folder=tmp_path / "asked")


def test_fine_tuning_on_executed_trajectories_lowers_their_loss(runs: Path, tmp_path: Path) -> None:
    network, encoder = small()
    curve: list[Step] = []
    settings = SftSettings(batch=3, train=TrainSettings(steps=16, workers=0, warmup_steps=2))
    folder = tmp_path / "sft"
    train_sft(network, encoder, [runs], settings=settings, folder=folder, start="mine", listener=curve.append)
    assert curve[-1].text < 0.7 * curve[0].text
    record = json.loads((tmp_path / "sft" / "manifest.json").read_text())["settings"]
    assert record["trajectories"] == 6
    assert record["runs"] == [str(runs)]
    manifest = json.loads((tmp_path / "sft" / "manifest.json").read_text())
    assert manifest["kind"] == "train"
    assert manifest["settings"]["train"]["steps"] == 16
    assert {"python", "codedance", "torch"} <= manifest["versions"].keys()
