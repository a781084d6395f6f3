"""How lengths are found with a scale bar: pixels of a colour, pixels of the bar, its label, and the rule of three."""

from __future__ import annotations

import itertools
import math
from random import Random

from PIL import Image

from codedance.tasks.worlds.family import Code, Script, View
from codedance.tasks.worlds.figures.looking import Look, enlargement, near_line
from codedance.tasks.worlds.figures.misses import too_strict
from codedance.tasks.worlds.figures.pixels import blob, near_mask
from codedance.tasks.worlds.figures.puzzle import Figure
from codedance.tasks.worlds.figures.reading import figure_of, look_at, showing
from codedance.tasks.worlds.figures.steps import choosing, concluding, option_values
from codedance.tasks.worlds.figures.words import joined
from codedance.tasks.worlds.scene import Box, Scene
from codedance.tasks.worlds.vocabulary import CODE_LINES

__all__ = ["bar_script", "map_script"]

_IMPORT = CODE_LINES["import"]
_PLAIN_IMPORT = _IMPORT.replace("import cv2\n", "")
_LOCATE = (
    "I measure in pixels first: a colour test finds {things}.",
    "Code can find {things} by colour and measure it in pixels.",
    "I look for the pixels of {things} and take their extent.",
    "First the length in pixels. I find {things} by colour.",
)
_SCALE = (
    "Now the scale bar. It is the widest black thing; what else is black is its label, which I enlarge.",
    "{shown} pixels. Next I measure the black scale bar and cut out its label to read it.",
    "The scale: I take the widest black piece as the bar and look at the label beside it.",
    "To convert pixels I need the scale bar: its length in pixels, and what is written at it.",
)
_READ = (
    "The label says {text}, and the bar has {bar} pixels.",
    "{bar} pixels stand for {text}.",
    "The scale bar of {bar} pixels means {text}.",
    "It reads {text} for {bar} pixels.",
)
_RULE = (
    "So I divide by the bar's pixels and multiply by {value}.",
    "The rule of three gives the length.",
    "I convert with that.",
    "Pixels over {bar}, times {value}.",
)


def _strings(figure: Figure, name: str) -> list[str]:
    """A list of texts among the figure's values."""
    found = figure.values[name]
    assert isinstance(found, list)
    return [str(one) for one in found]


def _boxes(figure: Figure, name: str) -> list[Box]:
    """A list of boxes among the figure's values."""
    found = figure.values[name]
    assert isinstance(found, list)
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in (one for one in found if isinstance(one, list))]  # type: ignore[arg-type]


def bar_script(scene: Scene, rng: Random) -> Script:
    """Measure coloured bars and the scale bar, read the label, compute."""
    figure = figure_of(scene)
    colours, level = _strings(figure, "colours"), bool(figure.values["level"])
    lengths = []
    for colour in colours:
        found = blob(near_mask(scene.image, colour))
        assert found is not None
        lengths.append(found.box[2] - found.box[0] if level else found.box[3] - found.box[1])
    axis = "columns" if level else "rows"
    things = joined([f"the {colour} {figure.values['thing']}" for colour in colours])
    if len(colours) == 1:
        code = _PLAIN_IMPORT + near_line(colours[0]) + CODE_LINES["where"]
        code += f"pixels = {axis}.max() + 1 - {axis}.min()\nprint(pixels)"
        prints = str(lengths[0])
    else:
        code = f"{_PLAIN_IMPORT}pixels = 0\nfor colour in {colours}:\n    {near_line('X').strip()}\n".replace(
            "'X'", "colour"
        )
        code += f"    rows, columns = np.where(near)\n    length = {axis}.max() + 1 - {axis}.min()\n"
        code += "    print(colour, length)\n    pixels += length"
        prints = "\n".join(f"{colour} {length}" for colour, length in zip(colours, lengths, strict=True))
    thought = rng.choice(_LOCATE).format(things=things)
    if len(colours) == 1:
        thought = yield from too_strict(scene, thought, rng, share=0.2)
    yield Code(thought, code, views=(), prints=prints)
    return (yield from _converted(scene, figure, sum(lengths), rng=rng))


def _converted(scene: Scene, figure: Figure, pixels: float, *, rng: Random) -> Script:
    """Find the scale bar, read its label, and turn pixels into what it says."""
    (bar,) = _boxes(figure, "bar")
    length = bar[2] - bar[0]
    code = _IMPORT + near_line("black") + CODE_LINES["components"]
    code += "bar = stats[1:, 2].argmax() + 1\nprint(stats[bar, 2])\n"
    code += "rows, columns = np.where(near & (labels != bar))\n"
    cut, views = _label_cut(scene.image, bar, rng)
    given = figure.givens[0]
    words = {"text": given.text, "value": given.value, "bar": length}
    shown = yield Code(rng.choice(_SCALE).format(shown=_tidy(pixels)), code + cut, views=views, prints=str(length))
    words["bar"] = shown.strip()
    thought = f"{rng.choice(_READ).format(**words)} {rng.choice(_RULE).format(**words)}"
    code = f"length = pixels / stats[bar, 2] * {given.value}\n"
    value = round(pixels / length * float(given.value))
    options = option_values(scene, figure.unit)
    if options:
        shown = yield Code(
            thought, code + choosing(options, "length", rng, nearest=True), views=(), prints=scene.answer
        )
        return concluding(scene, figure, shown, rng=rng)
    shown = yield Code(thought, f"{code}print(round(length))", views=(), prints=str(value))
    return concluding(scene, figure, shown, rng=rng)


def _label_cut(image: Image.Image, bar: Box, rng: Random) -> Look:
    """The last lines of the code that finds the label, and what they show: a tight crop, often enlarged."""
    left, top, right, bottom = _label(image, bar)
    box = (left - 9, top - 9, right + 8, bottom + 8)
    cut = CODE_LINES["crop"]
    scale = enlargement(box)
    if scale == 1 or rng.random() < 0.4:
        return cut, (View(box),)
    return f"part = {cut}\npart.resize((part.width * {scale}, part.height * {scale}))", (View(box, scale),)


def _label(image: Image.Image, bar: Box) -> Box:
    """The box of all that is black, without the scale bar and its stops."""
    mask = near_mask(image, "black")
    mask.paste(0, bar)
    box = mask.getbbox()
    assert box is not None
    return box


def _tidy(pixels: float) -> str:
    return str(pixels) if isinstance(pixels, int) else f"{pixels:.1f}"


_PLACES = (
    "I find both places by their colours; their middles give the distance in pixels.",
    "A colour test gives the middle of each place, and from these the distance in pixels.",
    "First the distance in pixels, between the middles of the coloured dots.",
    "Each place is a dot of its own colour. I take the mean position of its pixels.",
)
_DRAWN = (
    "I draw the measured line into the picture, to see that it runs from dot to dot.",
    "As a check I draw the way that I measured.",
    "Let me see the line that I measured.",
)
_LOOK_UP = (
    "I must see first which dots belong to {names}.",
    "The names stand beside coloured dots. I enlarge these places to see which is which.",
    "Which colours have the dots of {names}? I look closer.",
    "I zoom in on {names} to see their dots.",
)
_SEEN = (
    "{pairs}.",
    "I see: {pairs}.",
    "So {pairs}.",
)


def map_script(scene: Scene, rng: Random) -> Script:
    """Measure between coloured dots and convert by the scale bar; names are looked up first."""
    figure = figure_of(scene)
    colours, names = _strings(figure, "colours"), _strings(figure, "names")
    thought = rng.choice(_PLACES)
    if figure.values["named"]:
        yield showing(rng.choice(_LOOK_UP).format(names=joined(names)), look_at(scene, _boxes(figure, "places"), rng))
        pairs = joined([f"{name} has the {colour} dot" for name, colour in zip(names, colours, strict=True)])
        thought = f"{rng.choice(_SEEN).format(pairs=pairs)} {thought}"
    middles = []
    for colour in colours:
        found = blob(near_mask(scene.image, colour))
        assert found is not None
        middles.append(found.mean)
    code = "import math\n" + _PLAIN_IMPORT + "image = np.array(input_image).astype(int)\nplaces = []\n"
    code += f"for colour in {colours}:\n    near = np.abs(image - ImageColor.getrgb(colour)).sum(2) < 60\n"
    code += "    rows, columns = np.where(near)\n    places.append((columns.mean(), rows.mean()))\n"
    code += "pixels = sum(math.dist(a, b) for a, b in zip(places, places[1:]))\nprint(round(pixels, 1))"
    pixels = sum(math.dist(a, b) for a, b in itertools.pairwise(middles))
    yield Code(thought, code, views=(), prints=str(round(pixels, 1)))
    if not figure.values["named"] and rng.random() < 0.25:
        code = "from PIL import ImageDraw\npicture = input_image.copy()\n"
        code += "ImageDraw.Draw(picture).line(places, fill='magenta', width=3)\npicture"
        yield Code(rng.choice(_DRAWN), code, prints="")
    return (yield from _converted(scene, figure, pixels, rng=rng))
