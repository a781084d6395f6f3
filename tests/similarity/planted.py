"""Pictures and what is done to them, for tests of the search and for the table in docs/audit.md."""

from __future__ import annotations

import io
from collections.abc import Callable
from random import Random

from PIL import Image, ImageEnhance, ImageOps

from codedance.tasks.worlds import Difficulty, make_scene, scene_task

__all__ = ["CHANGES", "world_picture"]

Change = Callable[[Image.Image, Random], Image.Image]


def world_picture(family: str, seed: int) -> Image.Image:
    """The picture of an easy generated scene: diagrams and drawings, where whole sets look alike."""
    _, pictures = scene_task(make_scene(family, Difficulty.EASY, seed))
    (picture,) = pictures
    return picture.to_image()


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def _half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def _cut(image: Image.Image, share: float, rng: Random) -> Image.Image:
    """A random part that is so much less wide and high."""
    width, height = int(image.width * (1 - share)), int(image.height * (1 - share))
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def _bright(image: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


CHANGES: dict[str, Change] = {
    "same pixels": lambda image, rng: image.copy(),
    "half the size": lambda image, rng: _half(image),
    "JPEG 50": lambda image, rng: _jpeg(image, 50),
    "half and JPEG 50": lambda image, rng: _jpeg(_half(image), 50),
    "brightness x 0.6": lambda image, rng: _bright(image, 0.6),
    "brightness x 1.3": lambda image, rng: _bright(image, 1.3),
    "contrast x 0.6": lambda image, rng: ImageEnhance.Contrast(image).enhance(0.6),
    "grey": lambda image, rng: image.convert("L").convert("RGB"),
    "5 % cut off": lambda image, rng: _cut(image, 0.05, rng),
    "10 % cut off": lambda image, rng: _cut(image, 0.10, rng),
    "20 % cut off": lambda image, rng: _cut(image, 0.20, rng),
    "10 % cut off, half, JPEG 50": lambda image, rng: _jpeg(_half(_cut(image, 0.10, rng)), 50),
    "10 % cut off, brightness x 0.8": lambda image, rng: _bright(_cut(image, 0.10, rng), 0.8),
    "white border of 5 %": lambda image, rng: ImageOps.expand(image, min(image.size) // 20, "white"),
}
"""What may have been done to a picture on its way into a training set."""
