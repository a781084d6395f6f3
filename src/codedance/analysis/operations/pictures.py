"""Methods of Pillow's pictures."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codedance.analysis.operations.libraries import METHODS
from codedance.analysis.operations.values import Kind, Value, origins
from codedance.analysis.operations.vocabulary import Operation as Op

if TYPE_CHECKING:
    from codedance.analysis.operations.reader import Arguments, Reader

__all__ = ["call_picture", "is_regular"]

_IN_PLACE = frozenset({"thumbnail", "putpixel", "alpha_composite", "putalpha"})
_EDGES = ("FIND_EDGES", "CONTOUR")
_RANKS = ("MinFilter", "MaxFilter")


def call_picture(reader: Reader, name: str, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    """``picture.name(arguments)``."""
    inputs = origins([target, *arguments.values()])
    if name == "save":
        _save(reader, target, arguments)
        return Value()
    if name == "paste":
        return _paste(reader, node, target=target, arguments=arguments)
    if name == "load":
        return target  # its pixels, to be read and written
    if name == "split":
        part = Value(Kind.PICTURE, frozenset({reader.note(Op.CONVERT, node, inputs)}))
        part.channel = True
        return Value(Kind.ITEMS, items=[part, part, part])
    operation = _operation(name, node, arguments)
    if operation is None:
        return target.changed() if name == "copy" else Value(_kind(name), target.sources)
    number = frozenset({reader.note(operation, node, inputs)})
    if name in _IN_PLACE:
        target.sources = number if name == "thumbnail" else target.sources | number
        return Value()
    return Value(_kind(name), number)


def is_regular(value: Value) -> bool:
    """Whether places are made from the variable of a regular loop.

    >>> is_regular(Value(Kind.ITEMS, items=[Value(), Value(regular=True)]))
    True
    """
    return value.regular or any(is_regular(one) for one in value.items or ())


def _operation(name: str, node: ast.Call, arguments: Arguments) -> Op | None:
    given = arguments.first() or Value()
    match name:
        case "crop":
            return Op.TILE if is_regular(given) else Op.CROP
        case "transpose":
            return Op.FLIP if "FLIP" in given.path or given.literal in (0, 1) else Op.ROTATE
        case "filter":
            if given.path.endswith(_EDGES):
                return Op.EDGES
            return Op.MORPHOLOGY if given.path.endswith(_RANKS) else Op.FILTER
        case "point":
            return Op.THRESHOLD if _compares(node) else Op.ENHANCE
        case _:
            effect = METHODS.get(f"picture.{name}")
            return effect.operation if effect is not None else None


def _kind(name: str) -> Kind:
    if name in ("transpose", "filter"):
        return Kind.PICTURE
    if name == "point":
        return Kind.PICTURE
    effect = METHODS.get(f"picture.{name}")
    return effect.gives or Kind.UNKNOWN if effect is not None else Kind.UNKNOWN


def _compares(node: ast.Call) -> bool:
    """Whether what is done to each pixel rests on a comparison."""
    return any(isinstance(one, ast.Compare) for argument in node.args for one in ast.walk(argument))


def _paste(reader: Reader, node: ast.Call, *, target: Value, arguments: Arguments) -> Value:
    given = arguments.first() or Value()
    fills = given.kind in (Kind.TEXT, Kind.NUMBER, Kind.COLOUR, Kind.ITEMS)
    inputs = origins([target, *arguments.values()])
    target.sources |= {reader.note(Op.DRAW_BOX if fills else Op.COMPOSE, node, inputs)}
    if arguments.at(2, "mask") is not None:
        target.sources |= {reader.note(Op.MASK, node, inputs)}
    return Value()


def _save(reader: Reader, target: Value, arguments: Arguments) -> None:
    name = arguments.first()
    if name is not None and isinstance(name.literal, str):
        reader.files[name.literal] = target.changed()
