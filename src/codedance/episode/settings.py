"""Settings of an episode: everything that two results must share to be compared."""

from __future__ import annotations

from codedance.protocol import protocol_info
from codedance.sandbox.contract import Limits
from codedance.schema import Budgets, ProtocolInfo, Record, Sampling

__all__ = ["EpisodeSettings"]


class EpisodeSettings(Record):
    """How an episode is run; recorded with every trajectory.

    >>> EpisodeSettings().budgets.turns
    10
    """

    budgets: Budgets = Budgets()
    sampling: Sampling = Sampling()
    protocol: ProtocolInfo = protocol_info()
    limits: Limits = Limits()
    """Limits of the sandbox session."""
