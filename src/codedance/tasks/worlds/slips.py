"""Slips of the pen: code that fails as people's code fails, and the turn that mends it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from codedance.tasks.worlds.family import Code, Final, Script

__all__ = ["broken", "with_slip"]

Slip = tuple[str, str, str]
"""Broken code, the exception's class name, and what the next thought calls the mistake."""

_MENDED = (
    "That failed with {error}: {cause}. I write it again.",
    "{error}: {cause}. Let me mend that.",
    "The code stopped with {error}, since {cause}. Here it is corrected.",
    "A slip of mine, {cause}. I fix it and run it again.",
)


def with_slip(script: Script, rng: Random) -> Script:
    """The same script, but its first code fails and is mended; unchanged where no slip fits the code."""
    try:
        step = next(script)
    except StopIteration as done:
        final: Final = done.value
        return final
    slip = broken(step.code, rng)
    if slip is not None:
        code, error, cause = slip
        yield Code(step.thought, code, views=(), raises=error)
        step = replace(step, thought=rng.choice(_MENDED).format(error=error, cause=cause))
    while True:
        shown = yield step
        try:
            step = script.send(shown)
        except StopIteration as done:
            last: Final = done.value
            return last


def broken(code: str, rng: Random) -> Slip | None:
    r"""The code with one mistake that is sure to raise before anything is shown; ``None`` if none can be made.

    >>> broken("import math\nprint(math.pi)", Random(1))[1] in ("NameError", "SyntaxError", "AttributeError")
    True
    """
    makers: list[Callable[[str], Slip | None]] = [_forgotten_import, _misspelled_method, _unclosed]
    rng.shuffle(makers)
    return next((slip for slip in (maker(code) for maker in makers) if slip is not None), None)


def _forgotten_import(code: str) -> Slip | None:
    """Leave out an import whose name is used as the very first thing, so that nothing else happens before."""
    tree = ast.parse(code)
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and len(node.names) == 1:
            name = node.names[0].asname or node.names[0].name
            rest = "\n".join(line for line in code.split("\n") if line != ast.get_source_segment(code, node))
            if rest != code and _used_first(rest, name):
                return rest, "NameError", f"{name} was not imported"
    return None


def _used_first(code: str, name: str) -> bool:
    """True if the first statement that is no import uses the name at once."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        simple = isinstance(node, ast.Assign | ast.Expr | ast.AnnAssign)
        return simple and any(isinstance(one, ast.Name) and one.id == name for one in ast.walk(node))
    return False


_METHODS = {"crop": "cut", "resize": "scale", "convert": "to_mode", "astype": "as_type"}


def _misspelled_method(code: str) -> Slip | None:
    """Call a method that there is not, in the first statement of the code."""
    first = next((node for node in ast.parse(code).body if not isinstance(node, ast.Import | ast.ImportFrom)), None)
    if first is None or not isinstance(first, ast.Assign | ast.Expr):
        return None
    segment = ast.get_source_segment(code, first) or ""
    found = re.search(rf"\.({'|'.join(_METHODS)})\(", segment)
    if found is None or "print(" in segment or code.count(segment) != 1:
        return None
    wrong = segment[: found.start(1)] + _METHODS[found[1]] + segment[found.end(1) :]
    return code.replace(segment, wrong), "AttributeError", f"the method is called {found[1]}, not {_METHODS[found[1]]}"


def _unclosed(code: str) -> Slip | None:
    """Forget the last parenthesis."""
    stripped = code.rstrip()
    if not stripped.endswith(")"):
        return None
    return stripped[:-1], "SyntaxError", "a parenthesis was not closed"
