"""Counting with code alone: what differs from a plain ground is an object, and equal ones have equal colours."""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.looking import centre_of
from codedance.tasks.worlds.objects.code import FIND, FIND_ROUGHLY, KINDS_CODE, boxes_code, like_code, variable
from codedance.tasks.worlds.objects.facts import ObjectsFacts
from codedance.tasks.worlds.objects.words import article, count_final, noun, printed, result
from codedance.tasks.worlds.scene import Scene

__all__ = ["by_colours", "by_pieces", "examples_of"]

_RECOVERS = 0.12
_VERIFIES = 0.35


def by_pieces(scene: Scene, facts: ObjectsFacts, rng: Random) -> Script:
    """Find everything on the plain ground; count it, or its kinds."""
    found = yield from _find(scene, rng)
    if scene.asks == "all":
        closing = ("Code found {n} separate things.", "There are {n} pieces, one for each object.", "So it is {n}.")
        return Final(rng.choice(closing).format(n=found), found)
    thought = rng.choice(
        (
            f"{found} things. Equal ones have equal colours, so I compare their histograms and count the kinds.",
            f"Code finds {found} objects. Now I put those with the same colours together.",
            f"{found} separate objects. I sort them by their colours.",
        )
    )
    shown = yield Code(thought, KINDS_CODE, views=(), prints=scene.answer)
    return count_final(scene, facts, rng, shown)


def _find(scene: Scene, rng: Random) -> Generator[Code, str, str]:
    """Find everything that differs from the ground; returns the number that was printed."""
    opening = rng.choice(
        (
            "The ground is plain, so code can find everything that lies on it.",
            "Whatever differs from the plain background is an object. I let code find the pieces.",
            "The objects lie apart on a plain ground: I separate them with code.",
        )
    )
    total = str(len(scene.objects))
    if rng.random() < _RECOVERS:
        rough = yield Code(opening, FIND_ROUGHLY, views=())
        opening = (
            f"{rough} pieces, but specks of the ground and loose parts of objects would count as well. "
            "I close small gaps and drop what is tiny."
        )
    return (yield Code(opening, FIND, views=(), prints=total))


def by_colours(scene: Scene, facts: ObjectsFacts, rng: Random) -> Script:
    """Find everything, take an example of each kind, count what has its colours; sometimes look at what was taken."""
    examples = examples_of(scene, facts, rng)
    found = yield from _find(scene, rng)
    things, one = noun(facts), " and ".join(f"{article(kind)} {kind}" for kind in facts.kinds[:2])
    if len(facts.kinds) > 2:
        one = "one of each kind"
    thought = rng.choice(
        (
            f"{found} objects. I point at {one} and collect what has the same colours.",
            f"Code found {found} things. With {one} as an example it can pick out the {things}.",
            f"Of these {found}, I want the {things}: I compare colours with an example.",
        )
    )
    code = like_code(examples, _counted(scene, facts))
    shown = yield Code(thought, code, views=(), prints=printed(scene))
    if scene.asks in ("kind", "two") and rng.random() < _VERIFIES:
        check = rng.choice(
            (
                "I check that it took the right ones.",
                f"{shown}. Let me see which ones were counted.",
                "I draw what was counted, to be sure.",
            )
        )
        yield Code(check, boxes_code(facts.kinds), prints="")
        return Final(f"The boxes are around the {things} and nothing else, so {shown} is right.", shown)
    return count_final(scene, facts, rng, shown)


def _counted(scene: Scene, facts: ObjectsFacts) -> str:
    """Lines that print what is asked for, from the lists of objects that are alike."""
    name = variable(facts.kinds[0])
    if scene.asks == "region":
        axis, side = (1, "h") if "upper" in facts.where or "lower" in facts.where else (0, "w")
        sign = "<" if "left" in facts.where or "upper" in facts.where else ">"
        return f"print(sum(bool(centres[i][{axis}] {sign} {side} / 2) for i in {name}))"
    if scene.asks == "kind":
        return f"print(len({name}))"
    return result(scene.asks, facts, total="len")


def examples_of(scene: Scene, facts: ObjectsFacts, rng: Random) -> list[tuple[str, str]]:
    """For each kind that is asked about the Python of a place next to one of them; none if one cannot be found."""
    examples = []
    for kind in facts.kinds:
        places = [place for place in _places(scene) if place[1] == kind]
        if not places:
            return []
        examples.append((kind, rng.choice(places)[0]))
    return examples


def _places(scene: Scene) -> list[tuple[str, str]]:
    """Middles of eighths of the picture that are clearly nearest to one object, with that object's kind."""
    width, height = scene.image.size
    places = []
    middles = [(centre_of(one.box), one) for one in scene.objects]
    for column in range(8):
        for row in range(8):
            x, y = width * (2 * column + 1) // 16, height * (2 * row + 1) // 16
            ranked = sorted((((u - x) ** 2 + (v - y) ** 2) ** 0.5, one.shape) for (u, v), one in middles)
            other = next((distance for distance, kind in ranked if kind != ranked[0][1]), 1e9)
            if ranked[0][0] < width / 12 and other - ranked[0][0] > min(width, height) / 20:
                places.append((f"w * {2 * column + 1} // 16, h * {2 * row + 1} // 16", ranked[0][1]))
    return places
