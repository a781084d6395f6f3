"""What the tests of geometry and of mathematics share: facts read back, steps computed again, oracles at work."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image, ImageColor

from codedance.protocol import AnswerAction, CodeAction, parse_reply
from codedance.sandbox import LocalSandbox
from codedance.synth.oracle import demonstrate
from codedance.tasks.worlds import Difficulty, Scene, make_scene
from codedance.tasks.worlds.figures.puzzle import Figure

Mode = Literal["code", "slip", "direct"]


@lru_cache(maxsize=8)
def known(family: str, difficulty: Difficulty, count: int = 220) -> tuple[Scene, ...]:
    """Scenes without their pictures, of which only the size is kept: many fit in memory."""
    found = []
    for seed in range(5000, 5000 + count):
        scene = make_scene(family, difficulty, seed)
        found.append(replace(scene, image=Image.new("1", scene.image.size)))
    return tuple(found)


def drawn(family: str, difficulty: Difficulty, asks: tuple[str, ...], *, most: int = 6) -> Iterator[Scene]:
    """Some of them with their pictures, of these kinds."""
    chosen = [scene for scene in known(family, difficulty) if scene.asks in asks]
    for name in asks:
        for scene in [one for one in chosen if one.asks == name][:most]:
            yield make_scene(family, difficulty, scene.seed)


def figure_of(scene: Scene) -> Figure:
    return Figure.model_validate(dict(scene.facts))


def given(scene: Scene) -> dict[str, float]:
    """Numbers that are given, by name."""
    return {one.name: one.value for one in figure_of(scene).givens if not isinstance(one.value, str)}


def texts(scene: Scene, name: str) -> list[str]:
    """A list among the values of the scene's figure."""
    found = figure_of(scene).values[name]
    assert isinstance(found, list)
    return [str(one) for one in found]


def answered(scene: Scene) -> str:
    """The right answer without its unit: of the option's text where there are options."""
    text = scene.options["ABCDE".index(scene.answer)] if scene.options else scene.answer
    return text.removesuffix(figure_of(scene).unit)


def number(scene: Scene) -> float:
    """The right answer as a number."""
    return float(Fraction(answered(scene)))


def computed_again(scene: Scene) -> list[object]:
    """Values of all steps, by Python itself from what is given."""
    figure = figure_of(scene)
    names: dict[str, object] = {one.name: one.value for one in figure.givens}
    names |= {"math": math, "Fraction": Fraction}
    values = []
    for step in figure.steps:
        names[step.name] = eval(step.expression, {}, names)  # the world's own data, not a model's text
        values.append(names[step.name])
    return values


def near(scene: Scene, colour: str) -> np.ndarray:
    """True where a pixel has a named colour, as the oracle's code decides."""
    pixels = np.array(scene.image).astype(int)
    return np.asarray(np.abs(pixels - np.array(ImageColor.getrgb(colour)[:3])).sum(2) < 60)


def digest(family: str, difficulty: Difficulty, seeds: range) -> str:
    found = hashlib.sha256()
    for seed in seeds:
        scene = make_scene(family, difficulty, seed)
        found.update(scene.image.tobytes() + scene.question.encode() + scene.answer.encode())
    return found.hexdigest()[:16]


async def faults(sandbox: LocalSandbox, family: str, difficulty: Difficulty, runs: dict[Mode, range]) -> list[str]:
    """What is wrong with demonstrations in the real sandbox, and with how their replies read back."""
    found = []
    for mode, seeds in runs.items():
        for seed in seeds:
            scene = make_scene(family, difficulty, seed)
            shown = await demonstrate(scene, sandbox=sandbox, mode=mode)
            if shown.fault is not None:
                found.append(f"{scene.asks} {seed} {mode}: {shown.fault}")
            for turn in shown.rollout.trajectory.turns:
                reply = parse_reply(turn.text)
                right = CodeAction if turn.code is not None else AnswerAction
                if reply.faults or not reply.thought or not isinstance(reply.action, right):
                    found.append(f"{scene.asks} {seed} {mode}: {turn.text!r} does not read back")
    return found
