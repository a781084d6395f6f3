"""More questions about a scene that is there: on which side of another thing something is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from codedance.tasks.worlds.scene import Scene, SceneObject
from codedance.tasks.worlds.scenes.items import Item, Spec
from codedance.tasks.worlds.scenes.plan import Meant, Plan
from codedance.tasks.worlds.scenes.specs import Key, class_of, phrase
from codedance.tasks.worlds.scenes.truth import question_of, true_answer

__all__ = ["Named", "ask_side", "named_things"]

_AXES: tuple[Literal["across", "down"], ...] = ("across", "down")


@dataclass(frozen=True, slots=True)
class Named:
    """A thing of a scene that its colour, or a card's colour and shape, tells apart from all others."""

    thing: SceneObject
    keys: tuple[Key, ...]

    @property
    def phrase(self) -> str:
        """Its name in a question, without an article."""
        return phrase(Spec(self.thing.shape, self.thing.colour), self.keys)


def named_things(scene: Scene) -> list[Named]:
    """The things of a scene that can be named so.

    >>> from codedance.tasks.worlds import Difficulty, make_scene
    >>> [one.phrase for one in named_things(make_scene("scenes", Difficulty.EASY, 6))][:2]
    ['blue flag', 'purple flag']
    """
    coloured = Counter((class_of(one.shape), one.colour) for one in scene.objects)
    shaped = Counter((one.shape, one.colour) for one in scene.objects)
    found = []
    for one in scene.objects:
        if one.colour and shaped[one.shape, one.colour] == 1:
            alone = coloured[class_of(one.shape), one.colour] == 1
            found.append(Named(one, ("colour",) if alone else ("colour", "shape")))
    return found


def ask_side(scene: Scene, rng: Random) -> tuple[Scene, tuple[Named, Named]] | None:
    """The scene with a question about two of its things, and these two; ``None`` if no two will do."""
    things = named_things(scene)
    pairs = [(one, other) for one in things for other in things if one is not other]
    rng.shuffle(pairs)
    for pair in pairs:
        items = [
            Item(Spec(one.thing.shape, one.thing.colour), one.thing.box, one.thing.box, None, 0, 0) for one in pair
        ]
        meant = tuple(Meant(number, items[number].spec, one.keys) for number, one in enumerate(pair))
        for axis in rng.sample(_AXES, 2):
            plan = Plan("side", meant, axis=axis)
            truth = true_answer(plan, items, scene.image.size)
            if truth is not None:
                asked = question_of(plan, items, truth, rng)
                changed = replace(
                    scene,
                    question=asked.question,
                    answer=asked.answer,
                    options=asked.options,
                    accepted=asked.accepted,
                    asks="side",
                )
                return changed, pair
    return None
