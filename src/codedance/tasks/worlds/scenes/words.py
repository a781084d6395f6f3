"""The words around a search: what a crop shows, what follows from it, and the last turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from codedance.tasks.worlds.family import Final
from codedance.tasks.worlds.looking import contains
from codedance.tasks.worlds.scene import Box, Scene
from codedance.tasks.worlds.scenes.facts import ScenesFacts
from codedance.tasks.worlds.scenes.specs import class_of

__all__ = ["answer_for", "found_final", "none_final", "seen_in", "wanted"]

_FOUND = {
    "text": (
        "Now it can be read: {truth}.",
        "On the {ref} I read {truth}.",
        "The {ref} shows {truth}.",
        "It says {truth}.",
    ),
    "colour": ("It is {truth}.", "The colour is clearly {truth}.", "Seen close up it is {truth}.", "That is {truth}."),
    "pattern": ("It is {truth}.", "Close up the surface is {truth}.", "The pattern is clear now: {truth}."),
    "shape": ("It is a {truth}.", "The shape is a {truth}.", "Clearly a {truth}."),
    "holds": ("On the counter I see this: {truth}.", "What stands there is the {truth}.", "It is the {truth}."),
    "name": ("Its neighbour is the {truth}.", "Next to it comes the {truth}.", "There stands the {truth}."),
    "side": (
        "So the answer is {truth}.",
        "That means {truth}.",
        "The answer is {truth}.",
        "The positions say {truth}.",
    ),
    "nearer": ("The {truth} is nearer.", "So it is the {truth}.", "The smaller distance is that of the {truth}."),
}


def answer_for(scene: Scene, facts: ScenesFacts) -> str:
    """The answer: the option's letter, or the words."""
    return scene.answer if scene.options else facts.truth


def found_final(scene: Scene, facts: ScenesFacts, rng: Random, *, before: str = "") -> Final:
    """The last turn when what was asked for has been seen or printed."""
    text = rng.choice(_FOUND[facts.asks]).format(truth=facts.truth, ref=facts.targets[0].phrase)
    if facts.beside and facts.asks == "text":
        text = f"Directly to the {facts.beside} of the {facts.targets[0].phrase} I read {facts.truth}."
    if scene.options:
        text += rng.choice((f" That is {scene.answer}.", f" Option {scene.answer}.", f" So {scene.answer} is right."))
    return Final(f"{before} {text}".strip(), answer_for(scene, facts))


def none_final(scene: Scene, facts: ScenesFacts, rng: Random, *, before: str) -> Final:
    """The last turn when it is not there."""
    text = rng.choice(("So there is none.", "It is not in the picture.", "There is no such thing here."))
    return Final(f"{before} {text}", answer_for(scene, facts))


def wanted(facts: ScenesFacts) -> str:
    """What is looked for, in words."""
    names = [f"the {one.phrase}" for one in facts.targets]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def seen_in(scene: Scene, box: Box, *, most: int = 3) -> str:
    """Some of what a part of the picture shows whole, in words; empty if it shows nothing whole.

    Only colours and kinds are told: what is written is often too small.
    """
    names = []
    for one in scene.objects:
        if contains(box, one.box):
            name = f"{one.colour} {class_of(one.shape)}".strip()
            names.append(f"{'an' if name[0] in 'aeio' else 'a'} {name}")
    names = list(dict.fromkeys(names))[:most]
    return _and(names)


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
