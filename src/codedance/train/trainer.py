"""The training loop: batches by number, Muon and AdamW, checkpoints that resume to the same curve."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from pydantic import JsonValue
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from codedance.models.local.network import Network
from codedance.schema import Record
from codedance.store import Manifest, RunFolder
from codedance.store.holding import held
from codedance.train.identity import check_identity
from codedance.train.loss import Losses, LossWeights, losses
from codedance.train.muon import Muon
from codedance.train.sequence import Batch
from codedance.train.settings import TrainSettings
from codedance.train.state import cut_curve, load_state, save_state, use_bf16

__all__ = ["Step", "TrainSettings", "train"]


class Step(Record):
    """What one step did; also a line of ``curve.jsonl``."""

    step: int
    loss: float
    text: float
    accuracy: float
    read: float | None
    read_accuracy: float | None
    cell: float | None
    cell_accuracy: float | None
    point: float | None
    point_accuracy: float | None
    kinds: dict[str, float]
    """Text loss of each kind of sequence, in nats a token."""
    tokens: int
    seconds: float


def train(
    network: Network,
    batches: Dataset[tuple[Batch, ...]],
    settings: TrainSettings,
    *,
    folder: Path,
    recipe: Mapping[str, JsonValue] | None = None,
    later: Collection[str] = (),
    begun: Callable[[int], None] = lambda step: None,
    listener: Callable[[Step], None] = lambda step: None,
) -> None:
    """Train until ``settings.steps``, going on from the folder's checkpoint if there is one.

    The folder holds ``manifest.json`` (recipe, settings, versions), ``checkpoint.pt`` (network, optimisers, step;
    replaced as a whole every ``save_every`` steps) and ``curve.jsonl`` (one line a step). Batches are asked for by
    step, so a run that was killed and started again sees the same data and ends with the same numbers.

    Args:
        network: trained in place.
        batches: item number ``n`` is what step ``n`` sees: batches whose gradients are added up.
        settings: of the training itself.
        folder: the run's folder.
        recipe: what else decides the outcome (data, seeds, mixture); a checkpoint of another recipe is refused.
        later: names in the recipe that earlier versions did not write; a run that lacks them goes on without.
        begun: told, when the first step begins, after which one it goes on.
        listener: told of each step.

    Raises:
        DataError: the folder's checkpoint is of another network, another recipe or other settings.
        StoreError: the folder's manifest is none, or another process trains into the folder.
    """
    with held(folder):
        optimisers = _optimisers(network, settings)
        identity = {**(recipe or {}), "train": settings.identity}
        path = folder / "checkpoint.pt"
        _begin(path, settings, identity, later=later)
        step = load_state(path, network, optimisers, identity=identity, counters=("step",), later=later)["step"]
        curve = folder / "curve.jsonl"
        cut_curve(curve, step)
        loader = DataLoader(batches, batch_size=None, sampler=range(step, settings.steps), num_workers=settings.workers)
        network.train()
        begun(step)
        begin = time.monotonic()
        for parts in loader:
            results = _step(network, parts, optimisers, settings=settings, step=step)
            step += 1
            tokens, seconds = sum(part.tokens for part in parts), time.monotonic() - begin
            record = _record(step, results, tokens=tokens, seconds=seconds)
            with curve.open("a", encoding="utf-8") as file:
                file.write(json.dumps({key: _short(value) for key, value in record.model_dump().items()}) + "\n")
            listener(record)
            if step % settings.save_every == 0 or step == settings.steps:
                save_state(path, network, optimisers, identity=identity, counters={"step": step})
            begin = time.monotonic()  # an exam or a checkpoint is no part of the next step
        network.eval()


def _begin(path: Path, settings: TrainSettings, identity: dict[str, JsonValue], *, later: Collection[str]) -> None:
    """Write the manifest of the checkpoint's folder; where one is and no checkpoint yet, it must be of this run."""
    here: dict[str, JsonValue] = {"threads": torch.get_num_threads(), "bf16": use_bf16(settings.precision)}
    folder = path.parent
    manifest = folder / "manifest.json"
    if not manifest.exists():
        folder.mkdir(parents=True, exist_ok=True)
        Manifest(kind="train", settings={**identity, **here}).write(folder)
    elif not path.exists():
        made = RunFolder(folder).manifest().settings
        check_identity(manifest, {name: made[name] for name in made.keys() - here.keys()}, identity, later=later)


def _step(
    network: Network,
    parts: Sequence[Batch],
    optimisers: list[torch.optim.Optimizer],
    *,
    settings: TrainSettings,
    step: int,
) -> list[Losses]:
    """One step of the optimisers on the parts' summed gradient."""
    scale = _scale(step, settings)
    weights = LossWeights(
        settings.normaliser,
        read=settings.read_weight,
        cell=settings.cell_weight,
        readings=sum(len(part.readings) for part in parts),
        cells=sum(len(part.cells) for part in parts),
        point=settings.point_weight,
        pointings=sum(len(part.pointings) for part in parts),
        to_sight=settings.to_sight,
    )
    results: list[Losses] = []
    for part in parts:
        with torch.autocast("cpu", torch.bfloat16, enabled=use_bf16(settings.precision)):
            result = losses(network, part, weights)
        result.total.backward()  # type: ignore[no-untyped-call]
        results.append(replace(result, total=result.total.detach()))
    torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
    for optimiser, rate in zip(optimisers, (settings.muon_rate, settings.adam_rate), strict=True):
        for group in optimiser.param_groups:
            group["lr"] = rate * scale
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    return results


def _record(step: int, results: Sequence[Losses], *, tokens: int, seconds: float) -> Step:
    """The parts' figures put together."""
    supervised = max(1, sum(one.tokens for one in results))
    kinds: dict[str, tuple[float, int]] = {}
    for kind, (loss, count) in (item for one in results for item in one.kinds.items()):
        before = kinds.get(kind, (0.0, 0))
        kinds[kind] = before[0] + loss, before[1] + count
    read, read_accuracy = _mean([one.read for one in results])
    cell, cell_accuracy = _mean([one.cell for one in results])
    point, point_accuracy = _mean([one.point for one in results])
    return Step(
        step=step,
        loss=sum(float(one.total) for one in results),
        text=sum(one.text for one in results) / supervised,
        accuracy=sum(one.right for one in results) / supervised,
        read=read,
        read_accuracy=read_accuracy,
        cell=cell,
        cell_accuracy=cell_accuracy,
        point=point,
        point_accuracy=point_accuracy,
        kinds={kind: round(loss / max(1, count), 4) for kind, (loss, count) in sorted(kinds.items())},
        tokens=tokens,
        seconds=seconds,
    )


def _mean(pairs: Sequence[tuple[float, float] | None]) -> tuple[float | None, float | None]:
    """Means over the parts that have such pictures."""
    there = [pair for pair in pairs if pair is not None]
    if not there:
        return None, None
    return sum(one for one, _ in there) / len(there), sum(other for _, other in there) / len(there)


def _scale(step: int, settings: TrainSettings) -> float:
    """Share of the learning rate: linear warm-up, a plateau, linear decay."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    done = step / settings.steps
    if done <= settings.decay_from or settings.decay_from == 1:
        return warm
    fallen = (done - settings.decay_from) / (1 - settings.decay_from)
    return warm * (1 - (1 - settings.final_rate) * fallen)


def _optimisers(network: Network, settings: TrainSettings) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside layers and merger, AdamW for the rest."""
    inner: list[Tensor] = []
    rest: list[Tensor] = []
    for name, weight in network.named_parameters():
        inside = any(part in name for part in (".blocks.", ".layers.", ".merger."))
        (inner if inside and weight.dim() == 2 else rest).append(weight)
    return [
        Muon(inner, lr=settings.muon_rate, weight_decay=settings.weight_decay),
        torch.optim.AdamW(rest, lr=settings.adam_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay),
    ]


def _short(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
