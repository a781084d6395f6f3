"""Drawing: pens of Pillow, functions of OpenCV, figures of matplotlib."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.libraries import PLOTS
from codedance.analysis.operations.values import Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Arguments, Reader

__all__ = ["call_axes", "draw_round", "draw_with_opencv", "draw_with_pen", "is_opencv_drawing", "is_title"]

_OPENCV: Final[dict[str, tuple[Op, int]]] = {
    "rectangle": (Op.DRAW_BOX, 4),
    "line": (Op.DRAW_LINE, 4),
    "arrowedLine": (Op.DRAW_LINE, 4),
    "circle": (Op.DRAW_CIRCLE, 4),
    "ellipse": (Op.DRAW_CIRCLE, 7),
    "drawMarker": (Op.DRAW_POINT, 5),
    "polylines": (Op.DRAW_POLYGON, 4),
    "fillPoly": (Op.DRAW_POLYGON, 9),
    "fillConvexPoly": (Op.DRAW_POLYGON, 9),
    "drawContours": (Op.DRAW_POLYGON, 4),
    "putText": (Op.DRAW_TEXT, 6),
}
"""What it draws, and at which place its thickness stands."""
_PATCHES: Final = {
    "Rectangle": Op.DRAW_BOX,
    "FancyBboxPatch": Op.DRAW_BOX,
    "Circle": Op.DRAW_CIRCLE,
    "Ellipse": Op.DRAW_CIRCLE,
    "Arc": Op.DRAW_CIRCLE,
    "Wedge": Op.DRAW_CIRCLE,
    "Polygon": Op.DRAW_POLYGON,
    "Arrow": Op.DRAW_LINE,
    "FancyArrow": Op.DRAW_LINE,
    "FancyArrowPatch": Op.DRAW_LINE,
    "ConnectionPatch": Op.DRAW_LINE,
    "Line2D": Op.DRAW_LINE,
}
_NEW_AXES = frozenset({"figure", "subplots", "subplot", "add_subplot", "axes", "gca", "gcf", "add_axes", "twinx"})
_SHOWN = frozenset({"imshow", "matshow"})
_END = frozenset({"show", "close", "clf", "cla"})
_TITLES: Final = frozenset({"title", "suptitle", "xlabel", "ylabel", "text", "annotate", "figtext", "legend"})


def is_title(name: str) -> bool:
    """Whether a function or method of matplotlib writes words.

    >>> is_title("title"), is_title("set_title"), is_title("plot")
    (True, True, False)
    """
    return name.removeprefix("set_") in _TITLES


def is_opencv_drawing(path: str) -> bool:
    """Whether a function of this short name draws.

    >>> is_opencv_drawing("cv2.circle"), is_opencv_drawing("cv2.resize")
    (True, False)
    """
    return path.startswith("cv2.") and path[4:] in _OPENCV


def draw_with_opencv(reader: Reader, name: str, node: ast.Call, *, arguments: Arguments) -> Value:
    """A call such as ``cv2.circle(picture, ...)``; gives the picture back, as OpenCV does."""
    operation, place = _OPENCV[name]
    target = arguments.first() or Value(Kind.PIXELS)
    thickness = arguments.at(place, "thickness")
    filled = thickness is not None and (thickness.literal == -1 or thickness.path == "cv2.FILLED")
    if operation is Op.DRAW_CIRCLE and filled:
        operation = Op.DRAW_POINT
    coordinates = arguments.values(start=1)
    if operation is Op.DRAW_LINE and any(_regular(one) for one in coordinates[:2]):
        operation = Op.DRAW_GRID
    _draw(reader, operation, node, target=target, others=coordinates)
    return target


def draw_with_pen(reader: Reader, operation: Op, node: ast.Call, *, pen: Value, arguments: Arguments) -> Value:
    """A call of a method of Pillow's pen that draws this."""
    coordinates = arguments.values()
    if operation is Op.DRAW_LINE and coordinates and _regular(coordinates[0]):
        operation = Op.DRAW_GRID
    _draw(reader, operation, node, target=pen.target or Value(Kind.PICTURE), others=coordinates)
    return Value()


def draw_round(reader: Reader, node: ast.Call, *, pen: Value, arguments: Arguments) -> Value:
    """``pen.ellipse``: a filled one marks a place, an outlined one rings it."""
    fill = arguments.at(1, "fill")
    filled = fill is not None and not (fill.kind is Kind.UNKNOWN and fill.path == "None")
    operation = Op.DRAW_POINT if filled else Op.DRAW_CIRCLE
    return draw_with_pen(reader, operation, node, pen=pen, arguments=arguments)


def call_axes(reader: Reader, name: str, node: ast.Call, *, axes: Value, arguments: Arguments) -> Value:
    """A call of ``plt.NAME`` or of a method of axes or figures."""
    if is_title(name):
        reader.show(arguments.values())
    if name in _NEW_AXES:
        return _new_axes(reader, name, axes)
    if name in _END:
        reader.axes.target = None if axes is reader.axes else reader.axes.target
        return Value()
    if name in _SHOWN:
        axes.target = arguments.first() or Value(Kind.PIXELS)
        reader.axes.target = axes.target
        return Value(Kind.AXES, target=axes.target)
    if name in ("add_patch", "add_artist", "add_line"):
        patch = arguments.first() or Value()
        operation = _PATCHES.get(patch.path.rpartition(".")[2])
        if operation is not None:
            _draw(reader, operation, node, target=axes.target or Value(), others=[patch])
        return patch
    if name not in PLOTS:
        return Value(Kind.UNKNOWN, origins(arguments.values()), path=f"plt.{name}")
    return _plot(reader, name, node, axes=axes, arguments=arguments)


def _plot(reader: Reader, name: str, node: ast.Call, *, axes: Value, arguments: Arguments) -> Value:
    bare, over = PLOTS[name]
    shown = axes.target if axes.target is not None else None
    operation = bare if shown is None else over
    if operation is Op.DRAW_LINE and any(_regular(one) for one in arguments.values()[:2]):
        operation = Op.DRAW_GRID
    if name == "hist":
        data = arguments.first()
        if data is not None and data.shows:
            number = reader.note(Op.HISTOGRAM, node, origins([data]))
            return Value(Kind.PROFILE, frozenset({reader.note(Op.PLOT, node, frozenset({number}))}))
    if operation is None:
        return Value()
    if shown is not None:
        _draw(reader, operation, node, target=shown, others=arguments.values())
        return Value()
    return Value(Kind.AXES, frozenset({reader.note(operation, node, origins(arguments.values()))}))


def _new_axes(reader: Reader, name: str, axes: Value) -> Value:
    if name in ("gca", "gcf"):
        return reader.axes
    reader.axes = Value(Kind.AXES)
    if name == "subplots":
        return Value(Kind.ITEMS, items=[Value(Kind.AXES), reader.axes])
    return axes if name == "twinx" else reader.axes


def _draw(reader: Reader, operation: Op, node: ast.Call, *, target: Value, others: list[Value]) -> None:
    """Note a drawing; the target is made by it too from now on."""
    number = reader.note(operation, node, origins([target, *others]))
    target.sources |= {number}


def _regular(value: Value) -> bool:
    """Whether the coordinates are regular somewhere."""
    return value.regular or any(_regular(one) for one in value.items or ())
