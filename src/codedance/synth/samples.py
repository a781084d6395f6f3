"""Sheets of samples: pictures of a few trajectories with their questions, what their code showed, and their answers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from PIL import Image, ImageDraw

from codedance.imaging import Picture
from codedance.schema import Trajectory
from codedance.tasks.worlds.lettering import font

__all__ = ["Sample", "sample_sheet"]

_WIDTH, _PICTURE, _SHOWN = 360, 250, 84
_COLUMNS = 4
_INK, _GREY, _PAPER = (25, 28, 33), (110, 116, 124), (255, 255, 255)
_LINE = 17


@dataclass(frozen=True, slots=True)
class Sample:
    """What is drawn of one trajectory."""

    picture: Image.Image
    caption: str
    question: str
    answer: str
    shown: tuple[Image.Image, ...]
    """What its code showed, the first few."""

    @classmethod
    def of(cls, trajectory: Trajectory, pictures: Mapping[str, Picture]) -> Self:
        """The sample of a trajectory that has at least one picture."""
        meta = trajectory.task.meta
        refs = [image.image for turn in trajectory.turns if turn.execution for image in turn.execution.images]
        return cls(
            pictures[trajectory.task.images[0].sha256].to_image(),
            f"{meta.get('difficulty')}, {meta.get('asks')}, {meta.get('mode')}, {len(trajectory.turns)} turns",
            trajectory.task.question,
            trajectory.answer or "-",
            tuple(pictures[ref.sha256].to_image() for ref in refs[:4]),
        )


def sample_sheet(samples: Sequence[Sample]) -> Image.Image:
    """The samples side by side, a few in a row; text that is too long for its place is cut with an ellipsis."""
    tiles = [_tile(one) for one in samples]
    height = max((tile.height for tile in tiles), default=1)
    rows = -(-len(tiles) // _COLUMNS)
    sheet = Image.new("RGB", (_WIDTH * min(_COLUMNS, max(1, len(tiles))), max(1, rows) * height), _PAPER)
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % _COLUMNS * _WIDTH, index // _COLUMNS * height))
    return sheet


def _tile(sample: Sample) -> Image.Image:
    lines = [*textwrap.wrap(sample.question, 46)[:5], f"-> {sample.answer}"[:46]]
    tile = Image.new("RGB", (_WIDTH, 20 + _PICTURE + 8 + _SHOWN + 8 + 6 * _LINE + 16), _PAPER)
    draw = ImageDraw.Draw(tile)
    draw.text((10, 4), sample.caption[:56], fill=_GREY, font=font("sans", 12))
    picture = _fitted(sample.picture, (_WIDTH - 20, _PICTURE))
    tile.paste(picture, (10, 22))
    draw.rectangle((9, 21, 10 + picture.width, 22 + picture.height), outline=(200, 204, 210))
    x, y = 10, 22 + _PICTURE + 6
    for one in sample.shown:
        small = _fitted(one, (_SHOWN, _SHOWN))
        if x + small.width > _WIDTH - 10:
            break
        tile.paste(small, (x, y))
        draw.rectangle((x - 1, y - 1, x + small.width, y + small.height), outline=(200, 204, 210))
        x += small.width + 6
    y += _SHOWN + 6
    for index, line in enumerate(lines):
        last = index == len(lines) - 1
        draw.text((10, y + index * _LINE), line, fill=_INK, font=font("bold" if last else "sans", 14))
    return tile


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The whole picture within the size; small ones are enlarged by whole numbers."""
    scale = min(size[0] / image.width, size[1] / image.height)
    if scale >= 2:
        scale = int(scale)
    wanted = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(wanted, Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS)
