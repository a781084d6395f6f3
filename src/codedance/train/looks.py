"""Pictures that are only looked at, without a word written about them: the cheapest lessons there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from PIL import Image

from codedance.models.local.chat import Encoder
from codedance.protocol import Role
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, SceneObject, make_scene
from codedance.train.cells import Grid, seen_cells
from codedance.train.sequence import Supervised
from codedance.train.writing import character_cells, written_picture

__all__ = ["look_at_cards", "look_at_counts", "look_at_text"]


def look_at_counts(encoder: Encoder, rng: Random) -> Supervised:
    """An easy counting picture."""
    scene = make_scene("counting", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
    item = Supervised()
    _show(item, encoder, scene.image, scene.objects)
    return item


def look_at_cards(encoder: Encoder, rng: Random) -> Supervised:
    """An easy search picture, or the cards of a hard one, each as code would cut it out."""
    difficulty = rng.choice(list(Difficulty))
    scene = make_scene("search", difficulty, rng.randrange(HELD_OUT_SEEDS))
    item = Supervised()
    if difficulty is Difficulty.EASY:
        _show(item, encoder, scene.image, scene.objects)
        return item
    for card in scene.objects:
        left, top, right, bottom = card.box
        margin, across, down = rng.randint(4, 14), rng.randint(-3, 3), rng.randint(-3, 3)
        corner = left - margin + across, top - margin + down
        crop = scene.image.crop((*corner, right + margin + across, bottom + margin + down))
        box = left - corner[0], top - corner[1], right - corner[0], bottom - corner[1]
        _show(item, encoder, crop, [replace(card, box=box)])
    return item


def look_at_text(encoder: Encoder, rng: Random, names: Sequence[str]) -> Supervised:
    """Something written."""
    shown = written_picture(rng, names)
    item = Supervised()
    item.read(encoder, Role.USER, [shown.image])
    item.cells.append(character_cells(encoder, shown, *item.encoded.images[0]))
    return item


def _show(item: Supervised, encoder: Encoder, image: Image.Image, objects: Sequence[SceneObject]) -> None:
    item.read(encoder, Role.USER, [image])
    item.cells += seen_cells(encoder, objects, Grid.of(encoder, image.size, item.encoded.images[-1]))
