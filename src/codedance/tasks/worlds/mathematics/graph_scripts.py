"""How graphs are read: grid points in a larger view, or heights measured from the axes in pixels."""

from __future__ import annotations

from random import Random

from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.looking import near_line
from codedance.tasks.worlds.figures.pixels import near_mask
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.steps import choosing, computing, concluding, option_values, reading
from codedance.tasks.worlds.geometry.axes_scripts import AXES_CODE, measured_axes
from codedance.tasks.worlds.scene import Scene

__all__ = ["graph_script"]

_LOOKS = (
    "I enlarge the grid to read the graph.",
    "A closer look at the grid and at {it}.",
    "I zoom in, so that the grid points on {it} can be read.",
    "Which grid points does {it} go through? I look at a larger view.",
)
_AXES = (
    "I measure: first the axes in pixels and how far apart the marks are.",
    "First origin and unit in pixels: the axes are the darkest column and row.",
)
_VALUES = (
    "Now the row of {colour} pixels in the column of x = {x}, turned into units.",
    "In the column that belongs to x = {x} I take the mean {colour} row and convert it.",
)


def graph_script(scene: Scene, rng: Random) -> Script:
    """Read grid points in a larger view; or measure the height of the curve above a place."""
    figure = figure_of(scene)
    frame = figure.values["frame"]
    assert isinstance(frame, list)
    left, top, right, bottom = (int(str(one)) for one in frame)
    if figure.values["ask"] == "value" and rng.random() < 0.5:
        height = _height(scene, int(str(figure.values["at"])))
        if height is not None:
            return (yield from _measured(scene, height, rng))
    noun = "curve" if figure.values["ask"] == "parabola" else "line"
    it = f"the {scene.colour} {noun}"
    yield showing(rng.choice(_LOOKS).format(it=it), look_at(scene, [(left, top, right, bottom)], rng))
    shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
    return concluding(scene, figure, shown, rng=rng)


def _height(scene: Scene, x: int) -> float | None:
    """How high the curve is above a place, in units, as code measures it; ``None`` at the curve's very end."""
    x0, y0, unit = measured_axes(scene.image)
    column = round(x0 + x * unit)
    line = near_mask(scene.image, scene.colour).crop((column, 0, column + 1, scene.image.height)).tobytes()
    rows = [row for row, value in enumerate(line) if value]
    height = (y0 - sum(rows) / len(rows)) / unit if rows else None
    return height if height is not None and abs(height - round(height)) < 0.2 else None


def _measured(scene: Scene, height: float, rng: Random) -> Script:
    figure, colour = figure_of(scene), scene.colour
    x = int(str(figure.values["at"]))
    x0, y0, unit = measured_axes(scene.image)
    yield Code(rng.choice(_AXES), AXES_CODE, views=(), prints=f"{x0} {y0} {unit}")
    code = "from PIL import ImageColor\n" + near_line(colour)
    code += f"rows = np.where(near[:, round(x0 + {x} * unit)])[0]\ny = (y0 - rows.mean()) / unit\n"
    options = option_values(scene, figure.unit)
    code += choosing(options, "y", rng, nearest=True) if options else "print(round(y))"
    prints = scene.answer if options else str(round(height))
    shown = yield Code(rng.choice(_VALUES).format(colour=colour, x=x), code, views=(), prints=prints)
    return concluding(scene, figure, shown, rng=rng)
