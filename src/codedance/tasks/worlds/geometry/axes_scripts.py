"""How points on axes are found: by eye in an enlarged view, or measured from the axes and their marks."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from statistics import median

from PIL import Image

from codedance.tasks.worlds.family import Code, Script
from codedance.tasks.worlds.figures.pixels import blob, dark_mask, near_mask, runs
from codedance.tasks.worlds.figures.puzzle import Figure
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.steps import computing, concluding, reading
from codedance.tasks.worlds.figures.words import capital
from codedance.tasks.worlds.scene import Scene

__all__ = ["AXES_CODE", "axes_script", "measured_axes"]

_DARK = 90
"""Grey value below which a pixel belongs to an axis or a mark."""
_TICK = 4
"""Pixels from an axis to where only its marks are."""
AXES_CODE = (
    f"import numpy as np\ndark = np.array(input_image.convert('L')) < {_DARK}\n"
    "x0, y0 = dark.sum(0).argmax(), dark.sum(1).argmax()\n"
    f"marks = np.where(np.diff(dark[y0 + {_TICK}].astype(int)) == 1)[0]\n"
    "unit = float(np.median(np.diff(marks)))\nprint(x0, y0, unit)"
)
"""Code that finds the origin and the unit of drawn axes, in pixels."""

_LOOKS = (
    "I enlarge the grid to read the coordinates of {it}.",
    "Where exactly is {it}? I look closer at the grid and its numbers.",
    "I zoom in on the axes, to read off {it}.",
    "A larger view of the grid shows where {it} lies.",
)
_AXES = (
    "First the axes: the darkest column and row of pixels, and the distance of the marks along the horizontal axis.",
    "I find the axes in pixels, as the column and the row with most dark pixels, and how far apart the unit marks are.",
    "To measure I need the origin and the unit in pixels. The axes are the longest dark lines.",
)
_POINTS = (
    "Now {it}, by colour, relative to the origin and in units.",
    "The mean pixel of each colour, counted from the origin in units, gives the coordinates.",
    "I convert {it} from pixels to units.",
)
_DRAWN = (
    "I draw the right triangle between both points into the picture, to see that the corners sit on them.",
    "As a check I draw lines across and up from point to point.",
    "An auxiliary figure: from one point level to ({c}, {b}), then straight to the other and back.",
)
_SEEN = ("{pairs}.", "{pairs}, as I see.", "In the enlarged view {pairs}.")


def axes_script(scene: Scene, rng: Random) -> Script:
    """Read the points by eye, or measure them from the axes; then compute."""
    figure = figure_of(scene)
    called, colours = _texts(figure, "called"), _texts(figure, "colours")
    it = " and ".join(called)
    measured = rng.random() < 0.5
    if not measured or not figure.values["by_colour"]:
        left, top, right, bottom = (int(one) for one in _texts(figure, "frame"))
        yield showing(rng.choice(_LOOKS).format(it=it), look_at(scene, [(left, top, right, bottom)], rng))
    if not measured:
        shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
        return concluding(scene, figure, shown, rng=rng)
    thought = rng.choice(_AXES)
    if not figure.values["by_colour"]:
        pairs = " and ".join(f"{name} is {colour}" for name, colour in zip(called, colours, strict=True))
        thought = f"{capital(rng.choice(_SEEN).format(pairs=pairs))} {thought}"
    x0, y0, unit = measured_axes(scene.image)
    yield Code(thought, AXES_CODE, views=(), prints=f"{x0} {y0} {unit}")
    points = []
    for colour in colours:
        found = blob(near_mask(scene.image, colour))
        assert found is not None
        points.append((round((found.mean[0] - x0) / unit), round((y0 - found.mean[1]) / unit)))
    code = (
        "from PIL import ImageColor\npixels = np.array(input_image).astype(int)\npoints = []\n"
        f"for colour in {colours}:\n"
        "    near = np.abs(pixels - ImageColor.getrgb(colour)).sum(2) < 60\n"
        "    rows, columns = np.where(near)\n"
        "    points.append((round((columns.mean() - x0) / unit), round((y0 - rows.mean()) / unit)))\nprint(points)"
    )
    yield Code(rng.choice(_POINTS).format(it=it), code, views=(), prints=str(points))
    if len(colours) == 2 and figure.values["by_colour"] and rng.random() < 0.35:
        (a, b), (c, d) = points
        code = (
            "from PIL import ImageDraw\npicture = input_image.copy()\n(a, b), (c, d) = points\n"
            "corners = [(x0 + x * unit, y0 - y * unit) for x, y in ((a, b), (c, b), (c, d))]\n"
            "ImageDraw.Draw(picture).line([*corners, corners[0]], fill='magenta', width=3)\npicture"
        )
        yield Code(rng.choice(_DRAWN).format(c=c, b=b, a=a, d=d), code, prints="")
    shown = yield computing(scene, figure, f"{reading(figure, rng)} {figure.plan}", rng=rng)
    return concluding(scene, figure, shown, rng=rng)


def measured_axes(image: Image.Image) -> tuple[int, int, float]:
    """Column and row of the axes, and the pixels of a unit, as that code finds them."""
    mask = dark_mask(image, _DARK)
    width, height = mask.size
    data, turned = mask.tobytes(), mask.transpose(Image.Transpose.TRANSPOSE).tobytes()
    rows = [data.count(b"\xff", row * width, (row + 1) * width) for row in range(height)]
    columns = [turned.count(b"\xff", column * height, (column + 1) * height) for column in range(width)]
    x0, y0 = columns.index(max(columns)), rows.index(max(rows))
    line = data[(y0 + _TICK) * width : (y0 + _TICK + 1) * width]
    marks = [start for start, _ in runs(line) if start > 0]
    return x0, y0, float(median(after - before for before, after in pairwise(marks)))


def _texts(figure: Figure, name: str) -> list[str]:
    """A list among the figure's values, as texts."""
    found = figure.values[name]
    assert isinstance(found, list)
    return [str(one) for one in found]
