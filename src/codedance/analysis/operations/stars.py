"""Names that ``from module import *`` brings."""

from __future__ import annotations

from codedance.analysis.operations.libraries import ARITHMETIC, FUNCTIONS, canonical
from codedance.analysis.operations.scope import Scope
from codedance.analysis.operations.values import Kind, Value

__all__ = ["from_stars"]


def from_stars(scope: Scope, name: str) -> Value | None:
    """What a name stands for if one of the modules imported as a whole has it.

    >>> scope = Scope()
    >>> scope.stars.append("math")
    >>> from_stars(scope, "sqrt").path, from_stars(scope, "no_such_name")
    ('math.sqrt', None)
    """
    here: Scope | None = scope
    while here is not None:
        for module in here.stars:
            path = f"{module}.{name}"
            short = canonical(path)
            if short in FUNCTIONS or short in ARITHMETIC:
                return Value(Kind.LIBRARY, path=path)
        here = here.outer
    return None
