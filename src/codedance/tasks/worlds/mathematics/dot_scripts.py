"""How dots are counted: pips as holes in the dice of a colour, dots as pieces sorted by their figure."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.looking import near_line
from codedance.tasks.worlds.figures.misses import too_strict
from codedance.tasks.worlds.figures.reading import figure_of, look_at, reading_script, showing
from codedance.tasks.worlds.figures.steps import computing, concluding
from codedance.tasks.worlds.scene import Difficulty, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["dice_script", "pattern_script"]

_HOLES = (
    "White pips are holes in the coloured faces. I count the holes for {colours}.",
    "Code can count pips: in the mask of a colour each pip is a hole. I do that for {colours}.",
    "I look for {colours} and count the holes in these areas, which are the pips.",
)
_DICE_LOOKS = (
    "I look at the dice one by one, enlarged.",
    "First a closer look at the dice that matter.",
    "I crop the dice and enlarge them.",
)
_FIGURES = (
    "I find all {colour} dots and sort them into figures: a wide gap from left to right begins a new one.",
    "Code counts the {colour} dots of each figure; between figures the columns are empty for more than one dot.",
    "Each dot is one {colour} piece. I group the pieces by the gaps between the figures.",
)
_GROUPED = ("The figures have {counts} dots. {plan}", "So the sequence begins {counts}. {plan}", "{counts}: {plan}")


def dice_script(scene: Scene, rng: Random) -> Script:
    """Count pips as holes; or look at the dice and add what is seen."""
    figure = figure_of(scene)
    names = [one.name for one in figure.givens]
    if scene.difficulty is Difficulty.EASY and rng.random() < 0.4:
        return (yield from reading_script(scene, rng))
    if len(figure.evidence) <= 6 and rng.random() < 0.25:
        yield showing(rng.choice(_DICE_LOOKS), look_at(scene, list(figure.evidence), rng))
        pips = figure.values["pips"]
        assert isinstance(pips, dict)
        seen = ", ".join(f"{name}: {' + '.join(map(str, _numbers(pips[name])))}" for name in names)
        shown = yield computing(scene, figure, f"The dice show {seen}. {figure.plan}", rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    code = CODE_LINES["import"]
    if len(names) == 1:
        code += near_line(names[0])
        code += "outlines, levels = cv2.findContours(near.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)\n"
        code += f"{names[0]} = int((levels[0, :, 3] >= 0).sum())\nprint({names[0]})"
        prints = str(figure.givens[0].value)
    else:
        code += "pixels = np.array(input_image).astype(int)\n"
        code += "def pips(colour):\n    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60\n"
        code += (
            "    outlines, levels = cv2.findContours(near.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)\n"
        )
        code += "    return int((levels[0, :, 3] >= 0).sum())\n"
        code += "\n".join(f"{name} = pips({name!r})" for name in names)
        code += f"\nprint({', '.join(names)})"
        prints = " ".join(str(one.value) for one in figure.givens)
    thought = rng.choice(_HOLES).format(colours=" and ".join(names))
    if names == [scene.colour]:
        thought = yield from too_strict(scene, thought, rng)
    shown = yield Code(thought, code, views=(), prints=prints)
    counted = " and ".join(f"{count} {name}" for name, count in zip(names, shown.split(), strict=True))
    shown = yield computing(scene, figure, f"There are {counted} pips. {figure.plan}", rng=rng)
    return concluding(scene, figure, shown, rng=rng)


def pattern_script(scene: Scene, rng: Random) -> Script:
    """Count the dots of each figure by code, then continue the differences."""
    figure = figure_of(scene)
    if scene.difficulty is Difficulty.EASY and rng.random() < 0.4:
        return (yield from reading_script(scene, rng))
    counts = _numbers(figure.values["counts"])
    code = (
        CODE_LINES["import"]
        + near_line(scene.colour)
        + CODE_LINES["components"]
        + "wide = int(np.median(stats[1:, 2]))\n"
        "order = np.sort(centres[1:, 0])\n"
        "starts = np.where(np.diff(order) > 2.2 * wide)[0] + 1\n"
        "figures = [len(group) for group in np.split(order, starts)]\n"
        "print(figures)"
    )
    thought = yield from too_strict(scene, rng.choice(_FIGURES).format(colour=scene.colour), rng)
    shown = yield Code(thought, code, views=(), prints=str(counts))
    listed = shown.strip().strip("[]")
    shown = yield computing(scene, figure, rng.choice(_GROUPED).format(counts=listed, plan=figure.plan), rng=rng)
    return concluding(scene, figure, shown, rng=rng)


def _numbers(found: object) -> list[int]:
    """A list of numbers among the figure's values."""
    assert isinstance(found, list)
    return [int(one) for one in found]
