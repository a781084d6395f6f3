"""A first try that finds nothing: colours are hardly ever drawn exactly as their names say."""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from codedance.tasks.worlds.family import Code
from codedance.tasks.worlds.figures.pixels import near_mask
from codedance.tasks.worlds.scene import Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["too_strict"]

_MISSES = (
    "No pixel has exactly that colour; it is a little off. I allow some distance.",
    "Nothing matches exactly. I accept colours that are near.",
    "Zero pixels: the colour is not pure. Once more, with a tolerance.",
    "0 pixels, so the test was too strict. I count pixels near the colour instead.",
    "An exact comparison finds nothing. The colour may differ a little, so I use a distance.",
)


def too_strict(scene: Scene, thought: str, rng: Random, *, share: float = 0.12) -> Generator[Code, str, str]:
    """Now and then a turn that looks for exactly the scene's colour and finds none; the thought of the next turn.

    Args:
        scene: whose :attr:`Scene.colour` is looked for.
        thought: what the turn begins with, be it this one or the right one.
        rng: chooses.
        share: how often such a turn is tried.
    """
    if rng.random() >= share or near_mask(scene.image, scene.colour, reach=1).getbbox() is not None:
        return thought
    code = CODE_LINES["import"].replace("import cv2\n", "")
    code += f"same = (np.array(input_image) == ImageColor.getrgb('{scene.colour}')).all(2)\nprint(same.sum())"
    yield Code(thought, code, views=(), prints="0")
    return rng.choice(_MISSES)
