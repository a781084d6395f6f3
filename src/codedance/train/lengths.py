"""How long trajectories are in tokens, found out without reading their pictures; and which are too long to learn from.

A trajectory that is too long is left out before training begins: were it passed over when its turn comes, another one
would have to stand in, and be seen twice in that epoch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PIL import Image

from codedance.imaging import Picture
from codedance.models.local.chat import Encoded, Encoder, grid_size
from codedance.protocol import ChatMessage, as_user_message, conversation
from codedance.schema import Trajectory
from codedance.store import picture_refs
from codedance.train.sequence import supervise

__all__ = ["Ruler", "fitting"]

_TELL_EVERY = 5.0
"""Seconds between two words about how far the measuring is."""


class Ruler:
    """Counts the tokens of trajectories: a picture's follow from its size, which the trajectory names.

    Args:
        encoder: writes the chat format that they are learnt in.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = _Blanks(encoder.tokenizer, encoder.config)

    def tokens(self, trajectory: Trajectory) -> int:
        """Tokens of the whole conversation, pictures and what carries no loss included."""
        pictures = {ref.sha256: Picture(ref, b"") for ref in picture_refs(trajectory)}
        messages = conversation(trajectory.task, trajectory.turns, trajectory.protocol, pictures=pictures)
        return len(supervise(self._encoder, messages).encoded.ids)


def fitting(
    encoder: Encoder,
    trajectories: Sequence[Trajectory],
    *,
    most: int,
    setting: str,
    say: Callable[[str], None] = lambda text: None,
) -> list[bool]:
    """For each trajectory, whether it has at most ``most`` tokens; about a millisecond each.

    Args:
        encoder: writes the chat format that they are learnt in.
        trajectories: what is measured.
        most: tokens.
        setting: name of the setting that says so, for what is told.
        say: told how far it is if it takes long, and at the end how many are left out, if any are.
    """
    ruler, told = Ruler(encoder), time.monotonic()
    found: list[bool] = []
    for one in trajectories:
        found.append(ruler.tokens(one) <= most)
        if time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            say(f"measured {len(found):,} of {len(trajectories):,} trajectories")
    if long := found.count(False):
        say(f"{long:,} of {len(found):,} trajectories have more than {most} tokens ({setting}) and are left out")
    return found


class _Blanks(Encoder):
    """Puts a blank picture of the right size wherever there is one: nothing is decoded or scaled."""

    def add_message(self, encoded: Encoded, message: ChatMessage) -> None:
        message = as_user_message(message)
        parts = [part if isinstance(part, str) else self._blank(part) for part in message.content]
        self.add_parts(encoded, message.role, parts)

    def scale(self, image: Image.Image) -> Image.Image:
        return image

    def _blank(self, picture: Picture) -> Image.Image:
        columns, rows = grid_size(picture.ref.width, picture.ref.height, self.config)
        return Image.new("1", (columns * self.config.patch, rows * self.config.patch))
