"""Names and what they stand for, function by function."""

from __future__ import annotations

from codedance.analysis.operations.values import Kind, Value

__all__ = ["Scope", "customary"]

_CUSTOMARY = {
    "np": "numpy",
    "numpy": "numpy",
    "cv2": "cv2",
    "plt": "matplotlib.pyplot",
    "Image": "PIL.Image",
    "ImageDraw": "PIL.ImageDraw",
    "ImageOps": "PIL.ImageOps",
    "ImageFilter": "PIL.ImageFilter",
    "ImageEnhance": "PIL.ImageEnhance",
    "math": "math",
    "pd": "pandas",
    "sp": "sympy",
    "pytesseract": "pytesseract",
}
_PICTURES = ("input_image", "image", "img", "image_clue")


class Scope:
    """The names of a function, or of the session."""

    __slots__ = ("elsewhere", "names", "outer", "stars")

    def __init__(self, outer: Scope | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.stars: list[str] = []
        """Modules of which every name was imported."""
        self.elsewhere: dict[str, Scope] = {}
        """Names that were declared global or nonlocal, and where they belong."""

    def put(self, name: str, value: Value) -> None:
        """Let a name stand for this from now on."""
        self.elsewhere.get(name, self).names[name] = value

    def find(self, name: str) -> Value | None:
        """What a name stands for here; ``None`` if nothing defined it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def session(self) -> Scope:
        """The outermost scope."""
        return self if self.outer is None else self.outer.session()


def customary(name: str) -> Value | None:
    """What a name usually stands for that no cell defined: pictures that a sandbox provides, modules it preloads.

    >>> customary("input_image").kind, customary("np").path, customary("total")
    (<Kind.PICTURE: 'picture'>, 'numpy', None)
    """
    if name in _CUSTOMARY:
        return Value(Kind.LIBRARY, path=_CUSTOMARY[name])
    stem = name.rstrip("0123456789").rstrip("_")
    if stem in _PICTURES:
        return Value(Kind.PICTURE)
    if stem in [f"{one}s" for one in _PICTURES]:
        return Value(Kind.ITEMS, element=Value(Kind.PICTURE))
    return None
