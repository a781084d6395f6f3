"""Registers our scheduler, reward and trainer with ms-swift; called by the file that ``--external_plugins`` names."""

from __future__ import annotations

from pydantic import ValidationError

from codedance.engines.names import REWARD, SCHEDULER
from codedance.engines.settings import EngineSettings
from codedance.errors import UsageError
from codedance.schema.faults import first_fault

__all__ = ["current_settings", "register"]

_CURRENT: list[EngineSettings] = []


def register(settings: str) -> None:
    """Register with these settings, given as JSON; later calls replace earlier ones. Needs ms-swift.

    Raises:
        UsageError: the settings are wrong.
    """
    try:
        _CURRENT[:] = [EngineSettings.model_validate_json(settings)]
    except ValidationError as error:
        raise UsageError(f"the plug-in's settings: {first_fault(error)}") from None
    from swift.rewards import orms
    from swift.rollout import multi_turns
    from swift.trainers.trainer_factory import TrainerFactory

    from codedance.engines.swift.rewarding import make_reward
    from codedance.engines.swift.scheduler import make_scheduler

    multi_turns[SCHEDULER] = make_scheduler()
    orms[REWARD] = make_reward()
    # A path: the trainer's bases are imported when it is made.
    TrainerFactory.TRAINER_MAPPING["grpo"] = "codedance.engines.swift.classes.CodeDanceGRPOTrainer"


def current_settings() -> EngineSettings:
    """Those that were registered; the defaults if none were."""
    return _CURRENT[0] if _CURRENT else EngineSettings()
