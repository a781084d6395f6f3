"""What the plug-ins need to know beyond the engine's own settings: rewards, budgets of an attempt, where code runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from codedance.episode import EpisodeSettings
from codedance.protocol import known_protocol, protocol_info
from codedance.rewards import RewardSettings, Variant, variant_named
from codedance.sandbox import Limits
from codedance.schema import Budgets, CodeFormat, Record, Sampling

__all__ = ["EngineSettings"]


class EngineSettings(Record):
    """Settings of the plug-ins; the defaults are the released ones where those are known.

    >>> EngineSettings().budgets.turns, EngineSettings().reward_variant.turn_level
    (6, True)
    """

    variant: str = "bat"
    """The reward; ``codedance reward variants`` lists them."""
    reward: RewardSettings = RewardSettings()
    budgets: Budgets = Budgets(turns=6, tokens=10_240, seconds=600.0)
    """Of an attempt. The engine's own limit of response tokens holds too, observations included."""
    limits: Limits = Limits(wall_seconds=10.0, cpu_seconds=20.0)
    """Of the sandbox session of an attempt."""
    reply_tokens: int = Field(default=4096, ge=1)
    """Most tokens of one reply."""
    context_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of prompt and response together, for engines whose plug-in is not told (ms-swift); an observation
    that might not fit ends the attempt before it is appended. ``None``: only the other budgets bound it."""
    picture_tokens: int = Field(default=1280, ge=4)
    """Most tokens of one picture, as the engine scales them, to go with ``context_tokens``."""
    code_format: CodeFormat = CodeFormat.CODE
    system_prompt: Literal["row", "ours"] = "row"
    """Which system prompt the model reads: that of the data set's row (ours, if it has none), or always ours."""
    sandbox: str | None = Field(default=None, pattern=r"^https?://")
    """Address of a ``codedance sandbox serve``; ``None`` runs code on the machine where the rollout's worker is."""
    sandbox_token_file: str | None = Field(default=None, min_length=1)
    """File with the token of that service, on every machine with rollouts; the token itself is in no setting, for
    settings are logged."""
    at_once: int = Field(default=32, ge=1)
    """Sessions that a worker keeps forked ahead of need."""

    @field_validator("variant")
    @classmethod
    def _variant_exists(cls, name: str) -> str:
        variant_named(name)
        return name

    @property
    def reward_variant(self) -> Variant:
        """The reward that is named."""
        return variant_named(self.variant)

    def episode(self, *, system: str | None, temperature: float, top_p: float = 1.0) -> EpisodeSettings:
        """Settings of one attempt.

        Args:
            system: the row's system prompt, if it has one.
            temperature: that the engine samples with.
            top_p: likewise.
        """
        ours = system is None or self.system_prompt == "ours"
        protocol = protocol_info(self.code_format) if ours else known_protocol(self.code_format, system or "")
        return EpisodeSettings(
            budgets=self.budgets,
            sampling=Sampling(temperature=temperature, top_p=top_p, max_tokens=self.reply_tokens),
            protocol=protocol,
            limits=self.limits,
        )
