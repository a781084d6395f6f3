"""From a conversation to tokens, positions and pixels, as Qwen2.5-VL's chat template and image processor do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from codedance.models.local.config import NetworkConfig
from codedance.models.local.tokenizer import Tokenizer
from codedance.protocol import ChatMessage, Role, as_user_message

__all__ = ["CHAT_TEMPLATE", "Encoded", "Encoder", "grid_size"]

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + ('user' if message.role == 'tool' else message.role) + '\\n' -}}"
    "{%- if message.role == 'tool' -%}{{- '<tool_response>\\n' -}}{%- endif -%}"
    "{%- if message.content is string -%}{{- message.content -}}{%- else -%}"
    "{%- for part in message.content -%}"
    "{%- if part.type in ('image', 'image_url') -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}"
    "{%- elif part.type == 'text' -%}{{- part.text -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{%- if message.role == 'tool' -%}{{- '\\n</tool_response>' -}}{%- endif -%}"
    "{{- '<|im_end|>\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""The template in the checkpoint; :class:`Encoder` writes the same text (a test)."""


def grid_size(width: int, height: int, config: NetworkConfig) -> tuple[int, int]:
    """Columns and rows of patches for a picture: proportions kept, pixels within the configured bounds.

    As Qwen2.5-VL's processor; pictures more than 200 times as long as wide, which it refuses, become one row.

    >>> grid_size(1024, 1024, NetworkConfig(vocabulary=1)), grid_size(60, 60, NetworkConfig(vocabulary=1))
    ((8, 8), (4, 4))
    >>> grid_size(30000, 10, NetworkConfig(vocabulary=1))
    (64, 1)
    """
    patch, area = config.patch, width * height
    columns, rows = max(1, round(width / patch)), max(1, round(height / patch))
    pixels = columns * rows * patch * patch
    if pixels > config.max_pixels:
        shrink = (area / config.max_pixels) ** 0.5
        columns, rows = max(1, int(width / shrink / patch)), max(1, int(height / shrink / patch))
    elif pixels < config.min_pixels:
        grow = (config.min_pixels / area) ** 0.5
        columns, rows = -int(-width * grow // patch), -int(-height * grow // patch)
    most = config.max_pixels // (patch * patch)
    return min(columns, most), min(rows, most)


@dataclass(slots=True)
class Encoded:
    """A conversation as the network reads it; grows at its end."""

    ids: list[int] = field(default_factory=list)
    positions: list[tuple[int, int, int]] = field(default_factory=list)
    """Time, row and column of each token, for multimodal RoPE."""
    images: list[tuple[int, Image.Image]] = field(default_factory=list)
    """Index of the first token of each picture, and the picture scaled to its grid."""
    next_position: int = 0

    def add_tokens(self, ids: Sequence[int]) -> None:
        """Append text tokens."""
        for token in ids:
            self.ids.append(token)
            self.positions.append((self.next_position,) * 3)
            self.next_position += 1

    def add_image(self, image: Image.Image, *, token: int, patch: int) -> None:
        """Append a picture's tokens; its sides are multiples of ``patch``."""
        columns, rows, base = image.width // patch, image.height // patch, self.next_position
        self.images.append((len(self.ids), image))
        for row in range(rows):
            for column in range(columns):
                self.ids.append(token)
                self.positions.append((base, base + row, base + column))
        self.next_position = base + max(columns, rows)


class Encoder:
    """Writes messages in the chat format of Qwen2.5-VL."""

    def __init__(self, tokenizer: Tokenizer, config: NetworkConfig) -> None:
        self.tokenizer = tokenizer
        self.config = config
        self._newline = tokenizer.encode("\n")

    def encode(self, messages: Sequence[ChatMessage]) -> Encoded:
        """The whole conversation and the opening of the assistant's next message."""
        encoded = Encoded()
        for message in messages:
            self.add_message(encoded, message)
        self.open_reply(encoded)
        return encoded

    def add_message(self, encoded: Encoded, message: ChatMessage) -> None:
        """Append one complete message."""
        message = as_user_message(message)
        parts = [part if isinstance(part, str) else part.to_image() for part in message.content]
        self.add_parts(encoded, message.role, parts)

    def add_parts(self, encoded: Encoded, role: Role, parts: Sequence[str | Image.Image]) -> None:
        """Append one complete message given as texts and decoded pictures, tags of feedback included."""
        special = self.tokenizer.special
        encoded.add_tokens([special["<|im_start|>"], *self.tokenizer.encode(f"{role.value}\n")])
        text = ""
        for part in parts:
            # Neighbouring texts are one text: a token may reach across the seam, as it does in a template's output.
            if isinstance(part, str):
                text += part
                continue
            encoded.add_tokens([*self.tokenizer.encode(text), special["<|vision_start|>"]])
            text = ""
            encoded.add_image(self.scale(part), token=special["<|image_pad|>"], patch=self.config.patch)
            encoded.add_tokens([special["<|vision_end|>"]])
        encoded.add_tokens([*self.tokenizer.encode(text), special["<|im_end|>"], *self._newline])

    def open_reply(self, encoded: Encoded) -> None:
        """Append what stands in front of the assistant's text."""
        start = self.tokenizer.special["<|im_start|>"]
        encoded.add_tokens([start, *self.tokenizer.encode(f"{Role.ASSISTANT.value}\n")])

    def close_reply(self, encoded: Encoded) -> None:
        """Append the line break that follows the assistant's end-of-message token."""
        encoded.add_tokens(self._newline)

    def scale(self, image: Image.Image) -> Image.Image:
        """The picture at the size in which the network reads it."""
        columns, rows = grid_size(image.width, image.height, self.config)
        size = (columns * self.config.patch, rows * self.config.patch)
        return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)
