"""Calls of functions of libraries."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from codedance.analysis.operations.arithmetic import computed
from codedance.analysis.operations.arrays import REDUCTIONS
from codedance.analysis.operations.drawing import call_axes, draw_with_opencv, is_opencv_drawing
from codedance.analysis.operations.libraries import ARITHMETIC, FUNCTIONS, Effect, canonical
from codedance.analysis.operations.methods import call_method
from codedance.analysis.operations.numpy_calls import NUMPY, reduce_function
from codedance.analysis.operations.reader import Arguments
from codedance.analysis.operations.values import Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Reader

__all__ = ["call_library"]

_NEEDS_PIXELS: Final = frozenset({Op.FLIP, Op.ROTATE, Op.MEASURE, Op.HISTOGRAM, Op.MORPHOLOGY})
"""Operations of functions that also work on plain numbers; then they are none."""
_NUMBERS: Final = frozenset({Kind.ITEMS, Kind.NUMBER, Kind.PROFILE, Kind.COUNTED, Kind.TRUTH})


def call_library(reader: Reader, path: str, node: ast.Call, *, arguments: Arguments) -> Value:
    """A call of the function of this dotted name."""
    short = canonical(path)
    if short in _SPECIAL:
        return _SPECIAL[short](reader, node, arguments)
    room, _, name = short.partition(".")
    if short in NUMPY:
        return NUMPY[short](reader, node, arguments)
    if room == "np" and name in REDUCTIONS:
        return reduce_function(reader, name, node, arguments=arguments)
    if is_opencv_drawing(short):
        if name == "putText":
            reader.show(arguments.positional[1:2])
        return draw_with_opencv(reader, name, node, arguments=arguments)
    if room == "plt":
        return call_axes(reader, name, node, axes=reader.axes, arguments=arguments)
    if room in ("picture", "pen") and arguments.positional:
        given = Arguments(arguments.positional[1:], arguments.named)
        return call_method(reader, name, node, target=arguments.positional[0], arguments=given)
    if short in FUNCTIONS:
        return _applied(reader, short, node, arguments=arguments)
    return _other(reader, short, node, arguments=arguments)


def _other(reader: Reader, short: str, node: ast.Call, *, arguments: Arguments) -> Value:
    """A function that is in none of the tables, or one that computes."""
    first = arguments.first()
    shown = first is not None and first.shows
    if short in ARITHMETIC and not shown:
        return computed(reader, node, arguments.values())
    if short.startswith("sympy."):
        if any(one.kind is Kind.SYMBOL for one in arguments.values()):
            return Value(Kind.SYMBOL, origins(arguments.values()))
        return computed(reader, node, arguments.values())
    if first is not None and short.startswith(("np.", "copy.", "sk.util.")) and first.kind is not Kind.UNKNOWN:
        return first.changed(sources=origins(arguments.values()))
    return Value(Kind.UNKNOWN, origins(arguments.values()), path=short)


def _applied(reader: Reader, short: str, node: ast.Call, *, arguments: Arguments) -> Value:
    """A function of the table."""
    effect: Effect = FUNCTIONS[short]
    first = arguments.first()
    inputs = origins(arguments.values())
    plain = first is not None and first.kind in _NUMBERS
    if effect.operation is None or (effect.operation in _NEEDS_PIXELS and plain and not _of_parts(short)):
        return _given(effect, short, first, sources=inputs if effect.gives is not Kind.BLANK else frozenset())
    number = frozenset({reader.note(effect.operation, node, inputs)})
    if effect.several:
        return Value(Kind.ITEMS, items=[_element(reader, kind, node, sources=number) for kind in effect.several])
    return _given(effect, short, first if effect.gives is None else None, sources=number)


def _of_parts(short: str) -> bool:
    """Whether a function measures contours, which are no pixels."""
    return short.startswith("cv2.")


def _given(effect: Effect, short: str, first: Value | None, *, sources: frozenset[int]) -> Value:
    if effect.gives is None:
        kind = first.kind if first is not None else Kind.UNKNOWN
        return Value(kind if kind is not Kind.PICTURE else Kind.PIXELS, sources)
    target = first if effect.gives is Kind.ENHANCER else None
    value = Value(effect.gives, sources, target=target)
    if short in ("np.arange", "np.linspace"):
        value.element = Value(Kind.NUMBER, sources, regular=True)
    return value


def _element(reader: Reader, kind: Kind, node: ast.Call, *, sources: frozenset[int]) -> Value:
    if kind is Kind.COUNTED:
        return Value(kind, frozenset({reader.note_tentative(Op.COUNT, node, sources)}))
    return Value(kind, sources)


def _label(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    """``skimage.measure.label``, which tells how many there are if it is asked."""
    sources = frozenset({reader.note(Op.CONTOURS, node, origins(arguments.values()))})
    if "return_num" not in arguments.named:
        return Value(Kind.PARTS, sources)
    return Value(Kind.ITEMS, items=[Value(Kind.PARTS, sources), _element(reader, Kind.COUNTED, node, sources=sources)])


def _pen(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    return Value(Kind.PEN, target=arguments.first() or Value(Kind.PICTURE))


def _open(reader: Reader, node: ast.Call, arguments: Arguments, *, kind: Kind) -> Value:
    del node
    name = arguments.first()
    if name is not None and isinstance(name.literal, str) and name.literal in reader.files:
        return reader.files[name.literal].changed(kind=kind)
    return Value(kind, origins(arguments.values()))


def _open_picture(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    return _open(reader, node, arguments, kind=Kind.PICTURE)


def _open_pixels(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    return _open(reader, node, arguments, kind=Kind.PIXELS)


def _write(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del node
    name, picture = arguments.at(0, "filename"), arguments.at(1, "img")
    if name is not None and picture is not None and isinstance(name.literal, str):
        reader.files[name.literal] = picture.changed()
    return Value()


def _new(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node, arguments
    return Value(Kind.PICTURE)


def _bitwise(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    values = arguments.values()
    inputs = origins(values)
    pictures = any(one.kind in (Kind.PIXELS, Kind.PICTURE) for one in values)
    masks = "mask" in arguments.named or any(one.kind in (Kind.MASK, Kind.BLANK) for one in values)
    if pictures and masks:
        return Value(Kind.PIXELS, frozenset({reader.note(Op.MASK, node, inputs)}))
    return Value(Kind.PIXELS if pictures else Kind.MASK, inputs)


def _inverted(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    held = arguments.first() or Value()
    if held.kind is Kind.MASK:
        return held.changed()
    return Value(Kind.PIXELS, frozenset({reader.note(Op.CONVERT, node, origins(arguments.values()))}))


def _add(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    return _of_two(reader, node, arguments, Op.COMPOSE)


def _subtract(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    return _of_two(reader, node, arguments, Op.COMPARE)


def _of_two(reader: Reader, node: ast.Call, arguments: Arguments, operation: Op) -> Value:
    """Of two pictures it is this operation; of a picture and a number it makes it brighter or darker."""
    shown = [one for one in arguments.positional if one.shows and one.kind is not Kind.BLANK]
    operation = operation if len(shown) > 1 else Op.ENHANCE
    return Value(Kind.PIXELS, frozenset({reader.note(operation, node, origins(arguments.values()))}))


def _tally(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    """How often each value occurs: among pixels a histogram, among labels of components their sizes."""
    held = arguments.first() or Value()
    inputs = origins(arguments.values())
    if held.shows:
        return Value(Kind.PROFILE, frozenset({reader.note(Op.HISTOGRAM, node, inputs)}))
    if held.kind is Kind.PARTS and isinstance(node.func, ast.Attribute) and node.func.attr == "bincount":
        return Value(Kind.PROFILE, frozenset({reader.note(Op.MEASURE, node, inputs)}))
    return Value(Kind.COUNTED, frozenset({reader.note(Op.COUNT, node, inputs)}))


def _product(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    each = [one.any_element() for one in arguments.positional]
    return Value(Kind.ITEMS, element=Value(Kind.ITEMS, items=each))


def _default_mapping(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    made = reader.apply(arguments.positional[0], node, arguments=Arguments()) if arguments.positional else None
    return Value(Kind.ITEMS, element=made)


def _show(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del node
    reader.show(arguments.values())
    return Value()


def _import(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    name = arguments.first()
    return Value(Kind.LIBRARY, path=name.literal if name is not None and isinstance(name.literal, str) else "")


def _partial(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    return arguments.first() or Value()


def _found_texts(reader: Reader, node: ast.Call, arguments: Arguments) -> Value:
    del reader, node
    return Value(Kind.ITEMS, element=Value(Kind.TEXT, origins(arguments.values())))


_SPECIAL: Final[dict[str, Callable[[Reader, ast.Call, Arguments], Value]]] = {
    "pil.ImageDraw.Draw": _pen,
    "pil.Image.open": _open_picture,
    "pil.Image.new": _new,
    "cv2.imread": _open_pixels,
    "sk.io.imread": _open_pixels,
    "plt.imread": _open_pixels,
    "cv2.imwrite": _write,
    "cv2.bitwise_and": _bitwise,
    "cv2.bitwise_or": _bitwise,
    "cv2.bitwise_xor": _bitwise,
    "cv2.bitwise_not": _inverted,
    "cv2.add": _add,
    "cv2.subtract": _subtract,
    "np.bincount": _tally,
    "collections.Counter": _tally,
    "collections.defaultdict": _default_mapping,
    "itertools.product": _product,
    "sk.measure.label": _label,
    "sk.morphology.label": _label,
    "IPython.display.display": _show,
    "pprint.pprint": _show,
    "sys.stdout.write": _show,
    "importlib.import_module": _import,
    "functools.partial": _partial,
    "re.findall": _found_texts,
}
