"""Our settings within verl's configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from codedance.engines.settings import EngineSettings
from codedance.errors import UsageError
from codedance.schema.faults import first_fault

__all__ = ["check_algorithm", "settings_of"]


def settings_of(config: Mapping[str, Any]) -> EngineSettings:
    """The settings that stand under ``codedance`` in verl's configuration.

    Raises:
        UsageError: one of them is wrong.

    >>> settings_of({"codedance": {"variant": "outcome"}}).variant, settings_of({}).variant
    ('outcome', 'bat')
    """
    given = config.get("codedance")
    try:
        return EngineSettings.model_validate(_plain(given) if given is not None else {})
    except ValidationError as error:
        fault = first_fault(error)
        raise UsageError(f"codedance.{fault} (was {fault.value!r})") from None


def check_algorithm(algorithm: Mapping[str, Any]) -> None:
    """Refuse what our advantages would silently undo.

    Raises:
        UsageError: another estimator than ``grpo``, or a penalty in the rewards.
    """
    if algorithm.get("adv_estimator") != "grpo":
        raise UsageError(f"algorithm.adv_estimator is {algorithm.get('adv_estimator')}: CodeDance's trainer needs grpo")
    if algorithm.get("use_kl_in_reward"):
        raise UsageError(
            "algorithm.use_kl_in_reward: the rewards are those of codedance.variant; use "
            "actor_rollout_ref.actor.use_kl_loss for a penalty"
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - OmegaConf's containers, or plain ones
    if isinstance(value, Mapping):
        return {str(name): _plain(value[name]) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
