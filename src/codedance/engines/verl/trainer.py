"""verl's trainer with our advantages: group rewards where the whole batch is, and credit of turns on their tokens.

verl's estimators see rewards, masks and names of groups only. So the trainer itself is extended, at the one method that
has the whole batch: it fetches what each attempt carries, scores the batch, and writes advantages for every token.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codedance.engines.carried import BatchReward, Carried, batch_figures, reward_batch, token_worth
from codedance.engines.names import CARRIED, TRAINER_MODE
from codedance.engines.verl.configuration import check_algorithm, settings_of
from codedance.errors import DataError

__all__ = ["make_trainer"]


def make_trainer(module: str, name: str) -> type:
    """The class, registered with verl under ``trainer.v1.trainer_mode``.

    Args:
        module: where others will look for it.
        name: likewise.
    """
    from verl.trainer.ppo.v1.trainer_base import register_trainer
    from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync

    class CodeDanceTrainer(PPOTrainerSync):  # type: ignore[misc]
        """verl's synchronous trainer; rewards and advantages are ours."""

        def __init__(self, config: Any) -> None:  # noqa: ANN401 - OmegaConf
            check_algorithm(config.algorithm)
            self.codedance = settings_of(config)
            super().__init__(config)

        def _build_replay_buffer(self) -> Any:  # noqa: ANN401 - verl's type
            # By this word verl decides between its synchronous and asynchronous ways, here and in checkpoints.
            self.trainer_mode = "sync"
            return super()._build_replay_buffer()

        def _compute_advantage(self, batch: Any, metrics: dict[str, Any]) -> Any:  # noqa: ANN401 - verl's types
            import transfer_queue

            real = [place for place, tag in enumerate(batch.tags) if not tag.get("is_padding", False)]
            fields = ["uid", "extra_fields", "response_mask", "rm_scores"]
            held = transfer_queue.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=fields)
            extra, names = (_listed(held.pop(name)) for name in ("extra_fields", "uid"))
            carried = _carried([extra[place] for place in real])
            groups = [str(names[place]) for place in real]
            rewards = reward_batch(carried, groups, self.codedance)
            self._put(batch, rm_scores=_scores(held["rm_scores"], real, rewards))
            batch = super()._compute_advantage(batch, metrics)
            worth = _worth(held["response_mask"], real, carried=carried, rewards=rewards)
            batch = self._put(batch, advantages=worth, returns=worth)
            metrics.update(batch_figures(carried, rewards, self.codedance))
            return batch

        def _put(self, batch: Any, **fields: Any) -> Any:  # noqa: ANN401 - verl's types
            import transfer_queue
            from tensordict import TensorDict

            return transfer_queue.kv_batch_put(
                keys=batch.keys,
                partition_id=batch.partition_id,
                fields=TensorDict(fields, batch_size=len(batch)),
            )

    CodeDanceTrainer.__module__, CodeDanceTrainer.__qualname__ = module, name
    return register_trainer(TRAINER_MODE)(CodeDanceTrainer)  # type: ignore[no-any-return]


def _listed(values: Any) -> list[Any]:  # noqa: ANN401 - however tensordict holds what are no tensors
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _carried(fields: Sequence[Any]) -> list[Carried]:
    found = []
    for one in fields:
        extra = getattr(one, "data", one)
        if not isinstance(extra, dict) or CARRIED not in extra:
            raise DataError(
                "a sample was not made by CodeDance's agent loop: its column agent_name has to say codedance"
            )
        found.append(Carried.read(extra[CARRIED]))
    return found


def _scores(before: Any, real: Sequence[int], rewards: BatchReward) -> Any:  # noqa: ANN401 - nested tensors
    """Rewards of whole attempts on the last token of each response, what the group makes of calls included."""
    import torch

    rows = [torch.zeros_like(one) for one in before.unbind()]
    for place, reward in zip(real, rewards.attempts, strict=True):
        rows[place][-1] = reward.reward if reward.reward is not None else 0.0
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def _worth(mask: Any, real: Sequence[int], *, carried: Sequence[Carried], rewards: BatchReward) -> Any:  # noqa: ANN401
    """Advantages of all tokens, 0 for padding rows."""
    import torch

    lengths = [len(one) for one in mask.unbind()]
    worth = token_worth(carried, rewards.attempts, tokens=max(lengths)).advantages_BT
    rows = [torch.zeros(length) for length in lengths]
    for row, place in enumerate(real):
        rows[place] = worth[row, : lengths[place]]
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)
