"""ms-swift's reward function: what an attempt earns before its group is known; the trainer adds the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from codedance.engines.carried import Carried, lone_reward
from codedance.engines.names import CARRIED
from codedance.engines.swift.plugin import current_settings
from codedance.errors import DataError

__all__ = ["carried_within", "make_reward"]


def make_reward() -> type:
    """The class, as ms-swift's ``orms`` hold them."""
    from swift.rewards.orm import ORM

    class CodeDanceReward(ORM):  # type: ignore[misc]
        """``R_acc + R_format`` of each attempt."""

        def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float]:  # noqa: ANN401
            settings = current_settings()
            return [lone_reward(carried_within(one), settings) for one in columns["rollout_infos"]]

    return CodeDanceReward


def carried_within(infos: object) -> Carried:
    """The record of an attempt that ms-swift carried along; raises :class:`DataError` if there is none."""
    if not isinstance(infos, dict) or CARRIED not in infos:
        raise DataError("an attempt was not made by CodeDance's scheduler: --multi_turn_scheduler codedance is needed")
    return Carried.read(infos[CARRIED])
