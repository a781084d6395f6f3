"""ms-swift's GRPO trainer with our advantages: rewards of whole groups, and credit of turns on their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codedance.engines.carried import BatchReward, Carried, batch_figures, reward_batch, token_worth
from codedance.engines.swift.plugin import current_settings
from codedance.engines.swift.rewarding import carried_within
from codedance.errors import DataError, UsageError
from codedance.rewards import AttemptReward

__all__ = ["make_trainer", "sampled_only", "spans_of_turns"]

_ENDING = 4
"""Most tokens that a template puts behind a reply."""


def make_trainer(module: str, name: str) -> type:
    """The class that ms-swift trains with.

    Args:
        module: where ms-swift looks for it.
        name: likewise.
    """
    from swift.rlhf_trainers.grpo_trainer import GRPOTrainer, gather_object

    class CodeDanceGRPOTrainer(GRPOTrainer):  # type: ignore[misc]
        """ms-swift's trainer; advantages are ours."""

        def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - ms-swift's arguments
            super().__init__(*arguments, **named)
            self.codedance = current_settings()
            self.codedance_rewards: list[AttemptReward] = []
            _refuse(self)

        def _prepare_batch_inputs(self, samples: Sequence[Any]) -> Any:  # noqa: ANN401 - ms-swift's batches
            batches = super()._prepare_batch_inputs(samples)
            for chunk, encoded in zip(self.split_by_mini_batches(samples), batches, strict=True):
                batch = encoded["grpo_batch"]
                carried = [carried_within(sample.rollout_infos) for sample in chunk]
                batch.completion_mask = sampled_only(batch.completion_mask, carried)
            ours = sum(int(one["grpo_batch"].completion_mask.sum()) for one in batches)
            for encoded in batches:
                encoded["grpo_batch"].num_items_in_batch *= 0
                encoded["grpo_batch"].num_items_in_batch += sum(gather_object([ours]))
            return batches

        def _compute_advantages(self, samples: Sequence[Any], rewards_per_func: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401
            import torch

            theirs = super()._compute_advantages(samples, rewards_per_func, *more, **named)  # also its metrics
            carried, rewards = self._scored(samples)
            mode = "train" if self.model.training else "eval"
            for figure, value in batch_figures(carried, rewards, self.codedance).items():
                self._metrics[mode][figure].append(value)
            return torch.tensor([one.advantage for one in rewards.attempts]).to(theirs)

        def _postprocess_batch(self, samples: Sequence[Any], batch_encoded_inputs: Sequence[dict[str, Any]]) -> None:
            super()._postprocess_batch(samples, batch_encoded_inputs)
            places = {id(sample): place for place, sample in enumerate(samples)}
            for chunk, encoded in zip(self.split_by_mini_batches(samples), batch_encoded_inputs, strict=True):
                batch = encoded["grpo_batch"]
                carried = [carried_within(sample.rollout_infos) for sample in chunk]
                worth = token_worth(
                    carried,
                    [self.codedance_rewards[places[id(sample)]] for sample in chunk],
                    tokens=batch.completion_mask.shape[1],
                    spans=spans_of_turns(batch.completion_mask.cpu(), carried),
                )
                batch.advantages = worth.advantages_BT.to(batch.advantages)

        def _scored(self, samples: Sequence[Any]) -> tuple[list[Carried], BatchReward]:
            """All attempts of all processes; those of this process are kept for the tokens."""
            texts = gather_object([carried_within(sample.rollout_infos).write() for sample in samples])
            carried = [Carried.read(text) for text in texts]
            rewards = reward_batch(carried, [one.asked for one in carried], self.codedance)
            first = self.accelerator.process_index * len(samples)
            self.codedance_rewards = list(rewards.attempts[first : first + len(samples)])
            return carried, rewards

    CodeDanceGRPOTrainer.__module__, CodeDanceGRPOTrainer.__qualname__ = module, name
    return CodeDanceGRPOTrainer


def _refuse(trainer: Any) -> None:  # noqa: ANN401 - ms-swift's trainer
    """Say which of ms-swift's own ways with advantages cannot be had; raises :class:`UsageError`."""
    refused = {
        "a teacher model": trainer._has_teacher_explicit(),
        "--kl_in_reward": trainer.kl_in_reward and trainer.beta != 0.0,
        "--dynamic_sample": trainer.args.dynamic_sample,
        "sequence parallelism": trainer.template.sequence_parallel_size > 1,
    }
    for what, used in refused.items():
        if used:
            raise UsageError(f"{what}: not to be had with CodeDance's advantages, which would undo it")


def sampled_only(mask_BT: Any, carried: Sequence[Carried]) -> Any:  # noqa: ANN401, N803 - tensors
    """The mask without the tokens that ms-swift's template adds behind a reply: nobody sampled them.

    Args:
        mask_BT: of ms-swift's labels.
        carried: the attempts, one a row; the row of one that could not be scored stays as it is, its advantage is 0.

    Raises:
        DataError: as :func:`spans_of_turns`.
    """
    import torch

    kept_BT = torch.zeros_like(mask_BT)  # noqa: N806 - axes
    for row, (spans, one) in enumerate(zip(spans_of_turns(mask_BT.cpu(), carried), carried, strict=True)):
        if one.attempt is None:
            kept_BT[row] = mask_BT[row]
        for start, stop in spans:
            kept_BT[row, start:stop] = 1
    return kept_BT


def spans_of_turns(mask_BT: Any, carried: Sequence[Carried]) -> list[list[tuple[int, int]]]:  # noqa: ANN401, N803
    """Where each turn's tokens lie in the trainer's frame: at the beginnings of the runs of its mask.

    ms-swift's template ends a reply that another turn follows (``<|im_end|>`` and a line break) and counts these tokens
    as the model's; they are left out here.

    Args:
        mask_BT: true for tokens that ms-swift would train.
        carried: the attempts, one a row.

    Raises:
        DataError: the runs do not fit the turns: the engine masks what was sampled, or the other way round.
    """
    from codedance.train.advantages import TurnSpans

    runs = TurnSpans.of_mask(mask_BT)
    found: list[list[tuple[int, int]]] = [[] for _ in carried]
    for row, start, stop in zip(runs.row_N.tolist(), runs.start_N.tolist(), runs.stop_N.tolist(), strict=True):
        found[row].append((start, stop))
    return [_placed(row, one) for row, one in zip(found, carried, strict=True)]


def _placed(runs: Sequence[tuple[int, int]], one: Carried) -> list[tuple[int, int]]:
    """A span for each turn; an empty one, at the place that was reached, for a turn without tokens."""
    if one.attempt is None:
        return []
    lengths = [stop - start for start, stop in one.spans]
    left, placed, reached = list(runs), list[tuple[int, int]](), 0
    for number, length in enumerate(lengths):
        spare = len(left) - sum(other > 0 for other in lengths[number:])
        if left and (length or spare > 0) and length <= left[0][1] - left[0][0] <= length + _ENDING:
            reached = left.pop(0)[0]
        placed.append((reached, reached + length))
        reached += length
    if left or any(start not in {run[0] for run in runs} for start, stop in placed if stop > start):
        raise DataError(
            f"the trainer's mask has runs of {[stop - start for start, stop in runs]} tokens, the attempt's turns have "
            f"{lengths}"
        )
    return placed
