"""From scored attempts to a better policy: rows of tokens with their advantages, mini-batches, optimiser's steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import torch
from torch import Tensor

from codedance.episode import Rollout
from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.models.local.network import ImageGroup, Network
from codedance.rewards import AttemptReward, score_of
from codedance.train.advantages import TurnSpans, token_advantages
from codedance.train.curves import UpdateFigures
from codedance.train.policy_loss import policy_loss, token_figures
from codedance.train.segments import Segment, segments_of
from codedance.train.sequence import Batch, Supervised, collate
from codedance.train.settings import LearnerSettings
from codedance.train.state import use_bf16

__all__ = ["Learner", "LearnerSettings", "Row", "UpdateFigures", "pack", "rows_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """A sequence to learn from."""

    segment: Segment
    advantage: float
    credit: tuple[float, ...]
    """Of each of the segment's turns."""


@dataclass(frozen=True, slots=True)
class _Packed:
    """Rows as tensors; M runs over the tokens that carry loss."""

    batch: Batch
    advantages_M: Tensor
    sampled_M: Tensor
    """Log-probabilities as they were recorded."""


def rows_of(encoder: Encoder, rollout: Rollout, reward: AttemptReward) -> list[Row]:
    """The sequences of an attempt with what each turn is worth; none for an attempt that was not scored."""
    if not reward.scored:
        return []
    credit = score_of(rollout.trajectory, reward).turn_credit
    return [
        Row(segment, reward.advantage, tuple(credit[turn] for turn in segment.turns))
        for segment in segments_of(encoder, rollout)
    ]


def pack(rows: Sequence[Row], *, patch: int, device: torch.device | str = "cpu") -> _Packed:
    """Pad and stack rows; advantages lie on the tokens that the policy wrote and on no others."""
    sequences = []
    for row in rows:
        mask = [False] * len(row.segment.encoded.ids)
        for start, stop in row.segment.spans:
            mask[start:stop] = [True] * (stop - start)
        sequences.append(Supervised(row.segment.encoded, mask))
    batch = collate(sequences, patch=patch)
    spans = TurnSpans.of([row.segment.spans for row in rows], tokens=batch.ids_BT.shape[1])
    worth_B = torch.tensor([row.advantage for row in rows])
    worth = token_advantages(worth_B, [row.credit for row in rows], spans)
    sampled_M = torch.tensor([one for row in rows for one in row.segment.logprobs])
    return _Packed(_moved(batch, device), worth.advantages_BT[worth.mask_BT].to(device), sampled_M.to(device))


class Learner:
    """Holds the optimiser and, if the loss asks for it, a frozen copy of the policy that the run began with.

    Args:
        network: trained in place, on the device where it is.
        settings: how.
        attempts: of one step, whether or not all of them carry loss: the constant that losses are divided by.
        seed: of the order of attempts.
    """

    def __init__(self, network: Network, settings: LearnerSettings, *, attempts: int, seed: int) -> None:
        self._network, self._settings, self._seed = network, settings, seed
        self._attempts = max(1, attempts // settings.mini_batches)
        self._device = next(network.parameters()).device
        self._reference = copy.deepcopy(network).requires_grad_(False) if settings.loss.kl_weight else None
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=settings.rate, betas=settings.adam_betas, weight_decay=settings.weight_decay
        )

    def update(self, rows: Sequence[Row], *, temperature: float, step: int) -> UpdateFigures:
        """Learn from these rows.

        Args:
            rows: of all attempts of the step.
            temperature: that they were sampled with.
            step: number of the step, from 1.

        Raises:
            DataError: a loss or gradient that is not finite; the network is as before the optimiser's step.
        """
        settings, tally = self._settings, _Tally()
        scale = min(1.0, step / max(1, settings.warmup_steps))
        for group in self.optimiser.param_groups:
            group["lr"] = settings.rate * scale
        several = settings.epochs * settings.mini_batches > 1
        known = self._before(rows, temperature) if several and settings.old_from == "trainer" else {}
        self._network.train()
        for epoch in range(settings.epochs):
            for part in self._mini_batches(rows, f"{self._seed}/{step}/{epoch}"):
                for numbers in _micro_batches(rows, part, settings.micro_batch):
                    self._backward([rows[number] for number in numbers], temperature, known, tally)
                norm = float(torch.nn.utils.clip_grad_norm_(self._network.parameters(), settings.gradient_norm))
                if not (torch.isfinite(torch.tensor([norm, tally.loss])).all()):
                    self.optimiser.zero_grad(set_to_none=True)
                    raise DataError(
                        f"step {step}: the loss ({tally.loss}) or its gradient ({norm}) is not finite; "
                        "lower learner.rate, or look at the rewards of the step before"
                    )
                self.optimiser.step()
                self.optimiser.zero_grad(set_to_none=True)
                tally.norms.append(norm)
        self._network.eval()
        return tally.figures(updates=max(1, len(tally.norms)))

    def _backward(self, rows: list[Row], temperature: float, known: Mapping[int, Tensor], tally: _Tally) -> None:
        packed = pack(rows, patch=self._network.config.patch, device=self._device)
        loss_settings = self._settings.loss
        with self._autocast():
            now = token_figures(
                self._network,
                packed.batch,
                temperature=temperature,
                entropy_gradient=loss_settings.entropy_weight != 0,
            )
            with torch.no_grad():
                theirs = self._reference and token_figures(self._reference, packed.batch, temperature=temperature)
        if self._settings.old_from == "sampler":
            old_M = packed.sampled_M
        else:
            old_M = torch.cat([known[id(row)] for row in rows]) if known else now.logprobs_M.detach()
        loss = policy_loss(
            now,
            old_M,
            packed.advantages_M,
            settings=loss_settings,
            attempts=self._attempts,
            reference_M=theirs.logprobs_M if theirs else None,
        )
        loss.total.backward()  # type: ignore[no-untyped-call]
        behind_M = now.logprobs_M.detach() - old_M
        tally.loss += float(loss.total.detach())
        tally.tokens += len(old_M)
        tally.clipped += loss.clipped
        tally.entropy += float(now.entropy_M.detach().sum())
        tally.kl_step += float((behind_M.exp() - behind_M - 1).sum())
        if known or not tally.norms:  # after an update it would be the policy's own movement
            before_M = old_M if known else now.logprobs_M.detach()
            tally.gap += float((before_M - packed.sampled_M).abs().sum())
            tally.compared += len(before_M)
        if loss.kl_reference is not None:
            tally.kl_reference = (tally.kl_reference or 0.0) + loss.kl_reference

    def _before(self, rows: Sequence[Row], temperature: float) -> dict[int, Tensor]:
        """Log-probabilities of each row's tokens before the first update."""
        known: dict[int, Tensor] = {}
        for numbers in _micro_batches(rows, range(len(rows)), self._settings.micro_batch):
            chosen = [rows[number] for number in numbers]
            packed = pack(chosen, patch=self._network.config.patch, device=self._device)
            with torch.no_grad(), self._autocast():
                logprobs_M = token_figures(self._network, packed.batch, temperature=temperature).logprobs_M
            sizes = [len(row.segment.logprobs) for row in chosen]
            known.update({id(row): part for row, part in zip(chosen, torch.split(logprobs_M, sizes), strict=True)})
        return known

    def _mini_batches(self, rows: Sequence[Row], seed: str) -> Iterator[list[int]]:
        """Numbers of rows, shuffled and dealt out; a single mini-batch is all of them."""
        order = list(range(len(rows)))
        Random(f"grpo/{seed}").shuffle(order)  # noqa: S311 - reproducible, no secret
        count = self._settings.mini_batches
        yield from (part for part in (order[number::count] for number in range(count)) if part)

    def _autocast(self) -> torch.autocast:
        enabled = use_bf16(self._settings.precision, self._device)
        return torch.autocast(self._device.type, torch.bfloat16, enabled=enabled)


@dataclass(slots=True)
class _Tally:
    """Sums over the tokens of all updates of a step."""

    loss: float = 0.0
    tokens: int = 0
    clipped: int = 0
    entropy: float = 0.0
    kl_step: float = 0.0
    kl_reference: float | None = None
    gap: float = 0.0
    compared: int = 0
    """Tokens whose gap to the sampler is in the sum."""
    norms: list[float] = field(default_factory=list)

    def figures(self, *, updates: int) -> UpdateFigures:
        tokens = max(1, self.tokens)
        return UpdateFigures(
            loss=self.loss / updates,
            gradient_norm=sum(self.norms) / updates,
            clip_fraction=self.clipped / tokens,
            entropy=self.entropy / tokens,
            kl_step=self.kl_step / tokens,
            kl_reference=None if self.kl_reference is None else self.kl_reference / tokens,
            sampler_gap=self.gap / max(1, self.compared),
            tokens=self.tokens,
        )


def _micro_batches(rows: Sequence[Row], chosen: Sequence[int], size: int) -> Iterator[list[int]]:
    """Rows of similar lengths side by side: what is padded is computed for nothing."""
    ordered = sorted(chosen, key=lambda number: (len(rows[number].segment.encoded.ids), number))
    yield from (ordered[start : start + size] for start in range(0, len(ordered), size))


def _moved(batch: Batch, device: torch.device | str) -> Batch:
    groups = tuple(ImageGroup(group.pixels.to(device), group.index.to(device)) for group in batch.groups)
    return replace(
        batch,
        ids_BT=batch.ids_BT.to(device),
        positions_3BT=batch.positions_3BT.to(device),
        mask_BT=batch.mask_BT.to(device),
        groups=groups,
    )
