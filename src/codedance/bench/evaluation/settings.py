"""What decides the numbers of an evaluation, and, apart from it, how patiently it is run."""

from __future__ import annotations

from pydantic import Field

from codedance.bench.data.loading import LoadSettings
from codedance.episode import EpisodeSettings
from codedance.schema import Record

__all__ = ["EvalSettings", "Patience"]


class EvalSettings(Record):
    """Everything that results depend on: written with the run, and a run goes on with the same only."""

    episode: EpisodeSettings = EpisodeSettings()
    attempts: int = Field(default=1, ge=1, le=1024)
    """How often each row is asked."""
    seed: int | None = None
    """Of the first attempt's sampling; attempt k has the seed plus k. Without one the model's own chance decides."""
    rows: LoadSettings = LoadSettings()
    """Which rows, and how they are put."""

    def of_attempt(self, attempt: int) -> EpisodeSettings:
        """The settings of an episode.

        >>> EvalSettings(seed=10).of_attempt(2).sampling.seed
        12
        """
        if self.seed is None:
            return self.episode
        sampling = self.episode.sampling.model_copy(update={"seed": self.seed + attempt})
        return self.episode.model_copy(update={"sampling": sampling})


class Patience(Record):
    """How a run deals with what fails; no result depends on it."""

    concurrency: int = Field(default=32, ge=1, le=4096)
    """Episodes in flight at once."""
    outage_seconds: float = Field(default=300.0, ge=0.0)
    """How long an episode is tried again while a server that has answered before does not."""
    first_wait_seconds: float = Field(default=2.0, gt=0.0)
    """Wait before an episode is tried again; doubles each time, with jitter, up to a minute."""
    unreadable_tries: int = Field(default=2, ge=1)
    """How often an episode is begun whose server answers with what is no reply, or whose sandbox fails."""
    failures_in_a_row: int = Field(default=64, ge=1)
    """After so many episodes in a row that could not be had, the run stops; started again it goes on."""
