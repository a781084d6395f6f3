"""Settings of the server: what a request may ask for, and how much is done at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pydantic import Field

from codedance.episode import EpisodeSettings
from codedance.models.contract import Model
from codedance.schema import Record

__all__ = ["ServedModel", "ServingSettings"]


class ServingSettings(Record):
    """How the server behaves; a request may ask for less than this, never for more."""

    token: str | None = Field(default=None, repr=False)
    """What clients must send as ``Authorization: Bearer TOKEN``; ``None`` asks for nothing."""
    episode: EpisodeSettings = EpisodeSettings()
    """What an episode uses if the request says nothing; its budgets are also the most that a request may ask for."""
    running: int = Field(default=4, ge=1)
    """Episodes at once."""
    waiting: int = Field(default=32, ge=0)
    """Episodes that wait for one of those to end; one more is refused with 429."""
    waiting_seconds: float = Field(default=120.0, gt=0.0)
    """Longest wait in that queue, then 429."""
    choices: int = Field(default=8, ge=1)
    """Largest ``n``: answers to one request, each an episode of its own."""
    body_bytes: int = Field(default=32 << 20, ge=1 << 10)
    """Largest body of a request."""
    body_seconds: float = Field(default=30.0, gt=0.0)
    """Longest time in which a body must have come."""
    messages: int = Field(default=200, ge=1)
    text_characters: int = Field(default=100_000, ge=1)
    """Characters of all messages of a request."""
    images: int = Field(default=16, ge=0)
    """Pictures of a request."""
    image_bytes: int = Field(default=16 << 20, ge=1)
    """Largest file of one picture."""
    image_pixels: int = Field(default=25_000_000, ge=1)
    """Pixels of one picture."""
    remote_images: bool = False
    """Whether pictures may be fetched from public addresses that a request names."""
    remote_seconds: float = Field(default=10.0, gt=0.0)
    """Longest time for one such picture, redirects included."""
    write_seconds: float = Field(default=30.0, gt=0.0)
    """A client that takes in nothing for so long is taken to be gone, and its episode is ended."""
    hosts: tuple[str, ...] = ()
    """Names under which the server may be called, besides ``localhost`` and bare addresses."""
    origins: tuple[str, ...] = ()
    """Other web sites whose pages may call the API, as ``https://name:port``; none by default."""
    traces: int = Field(default=256, ge=0)
    """Traces kept in memory; the oldest goes first."""
    trace_bytes: int = Field(default=256 << 20, ge=0)
    """Bytes of all traces kept in memory."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model under the name that clients use."""

    name: str
    model: Model
    note: str = ""
    """A few words for people who choose."""
    since: int = field(default_factory=lambda: int(time.time()))
    """When it was loaded, in seconds since 1970."""
