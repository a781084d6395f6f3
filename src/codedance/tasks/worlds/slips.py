"""Slips of the pen: code that fails as people's code fails, and the turn that mends it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
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
    first = _first_statement(code)
    return first is not None and any(isinstance(one, ast.Name) and one.id == name for one in _evaluated(first))


def _first_statement(code: str) -> ast.Assign | ast.AnnAssign | ast.Expr | None:
    """The first statement that is no import, if it is a simple one that shows nothing."""
    rest = (node for node in ast.parse(code).body if not isinstance(node, ast.Import | ast.ImportFrom))
    first = next(rest, None)
    return first if isinstance(first, ast.Assign | ast.AnnAssign | ast.Expr) else None


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that are sure to be evaluated: no bodies of functions and loops, no other branches."""
    yield node
    match node:
        case ast.Lambda():
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            parts: list[ast.AST] = [node.generators[0].iter]
        case ast.IfExp():
            parts = [node.test]
        case ast.BoolOp():
            parts = [node.values[0]]
        case _:
            parts = list(ast.iter_child_nodes(node))
    for part in parts:
        yield from _evaluated(part)


_METHODS = {"crop": "cut", "resize": "scale", "convert": "to_mode", "astype": "as_type"}


def _misspelled_method(code: str) -> Slip | None:
    """Call a method that there is not, in the first statement of the code."""
    first = _first_statement(code)
    if first is None or "print(" in (ast.get_source_segment(code, first) or ""):
        return None
    for node in _evaluated(first):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            name, method = node.func.attr, node.func
            lines = code.split("\n")
            line = lines[(method.end_lineno or 1) - 1]
            # Offsets count bytes; code with other than ASCII characters before the name is left alone.
            end = method.end_col_offset or 0
            if line[end - len(name) : end] == name:
                lines[(method.end_lineno or 1) - 1] = line[: end - len(name)] + _METHODS[name] + line[end:]
                return "\n".join(lines), "AttributeError", f"the method is called {name}, not {_METHODS[name]}"
    return None


def _unclosed(code: str) -> Slip | None:
    """Forget the last parenthesis that ends a line."""
    lines = code.rstrip().split("\n")
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].endswith(")"):
            wrong = "\n".join([*lines[:index], lines[index][:-1], *lines[index + 1 :]])
            return (wrong, "SyntaxError", "a parenthesis was not closed") if _is_no_python(wrong) else None
    return None


def _is_no_python(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError as error:
        return type(error) is SyntaxError
    return False
