"""Reading where code cuts and draws, without running it.

Only what is certain is told. The reader follows the straight lines of cells that ran to their end: numbers, tuples, the
size of pictures, crops of crops, slices of arrays, changes of size. What it cannot follow (branches, loops, values that
were measured in the picture) is unknown, and so is every name that such code binds. Code that could change anything
behind its back (``exec``, attributes that are set) ends the reading for the rest of the episode.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codedance.schema import ExecutionStatus, ImageRef
from codedance.viewer.trace.evaluating import UNKNOWN, Dotted, Evaluator, Found, Listed
from codedance.viewer.trace.views import View

__all__ = ["CellReading", "CodeReader"]

_LONGEST = 50_000
_TRICKS = frozenset(
    {"exec", "eval", "compile", "globals", "locals", "vars", "setattr", "delattr", "__import__", "__builtins__",
     "__dict__", "__class__", "__main__", "thumbnail", "sys", "gc", "inspect", "ctypes"}
)  # fmt: skip
"""Names by which code may change what other names mean, or an image's size in place."""
_CHANGERS = frozenset({"append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear", "shuffle"})
"""Methods that change a list in place."""
_WRITERS = frozenset({"save", "imwrite", "imsave", "savefig", "write_bytes", "rename", "tofile", "open", "copyfile"})
"""What may write a file in the place of an input's; ``copy`` is of images and arrays, shutil's is an import."""
_SHOWING = frozenset({"display", "show", "imshow"})


@dataclass(frozen=True, slots=True)
class CellReading:
    """What is known of one cell."""

    found: tuple[Found, ...] = ()
    """Parts of inputs that were cut out or framed, in order."""
    value: View | None = None
    """What the last line shows."""
    displayed: tuple[View | None, ...] | None = None
    """What ``display`` and ``show`` were called with, in order; ``None`` if there may have been other calls."""


class CodeReader:
    """Reads the cells of an episode one after the other.

    >>> ref = ImageRef(sha256="0" * 64, width=200, height=100, format="png")
    >>> reader = CodeReader([ref])
    >>> code = "w, h = input_image.size" + chr(10) + "input_image.crop((w // 2, 0, w, h))"
    >>> reader.read(code, ExecutionStatus.OK).value.box
    (100.0, 0.0, 200.0, 100.0)
    """

    def __init__(self, inputs: Sequence[ImageRef]) -> None:
        views = [View.whole(index, ref.width, ref.height) for index, ref in enumerate(inputs)]
        self._names: dict[str, object] = {}
        self._files: dict[str, View] = {}
        self._lists, self._lost = True, False
        self._volatile: set[str] = set()
        if views:
            self._names["input_image"] = views[0]
        if len(views) == 1:
            self._files["input_image.jpg"] = views[0]
        elif views:
            self._names["input_images"] = tuple(views)
            self._files = {f"input_image_{number}.jpg": view for number, view in enumerate(views, start=1)}

    def read(self, code: str, status: ExecutionStatus | None) -> CellReading:
        """What is known of the next cell; nothing if it did not run to its end, or if that is not known."""
        tree = _parsed(code) if not self._lost else None
        if tree is None:
            # Python of another version might have read it; a syntax error ran nothing, which we cannot tell apart.
            self._lost = self._lost or status is not ExecutionStatus.ERROR
            return CellReading()
        self._beware(tree)
        if self._lost:
            return CellReading()
        if status is not ExecutionStatus.OK:
            self._forget(_bound(tree))
            if status is not ExecutionStatus.ERROR and status is not ExecutionStatus.EXITED:
                self._forget(set(self._names) - {"input_image", "input_images"})  # perhaps a new session goes on
            return CellReading()
        return self._follow(tree)

    def _follow(self, tree: ast.Module) -> CellReading:
        evaluator = Evaluator(self._names, self._files, lists=self._lists)
        last: object = UNKNOWN
        for statement in tree.body:
            last = self._step(statement, evaluator)
            self._forget({one.target.id for one in ast.walk(statement) if isinstance(one, ast.NamedExpr)})
        views = tuple(one if isinstance(one, View) else None for one in evaluator.displayed)
        return CellReading(
            tuple(evaluator.found),
            last if isinstance(last, View) else None,
            views if len(views) == _showing(tree) else None,
        )

    def _step(self, statement: ast.stmt, evaluator: Evaluator) -> object:
        """Follow one statement; returns the value of an expression."""
        match statement:
            case ast.Expr(value=value):
                return evaluator.value(value)
            case ast.Assign(targets=targets, value=value):
                known = evaluator.value(value)
                for target in targets:
                    self._bind(target, known)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, evaluator.value(value))
            case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
                sum_ = ast.BinOp(left=ast.Name(id=name, ctx=ast.Load()), op=operator, right=value)
                self._bind(target, evaluator.value(sum_))
            case ast.Import(names=aliases):
                for alias in aliases:
                    top = alias.name.split(".")[0]
                    self._set(alias.asname or top, Dotted(alias.name if alias.asname else top))
            case ast.ImportFrom(module=module, names=aliases, level=0):
                for alias in aliases:
                    self._set(alias.asname or alias.name, Dotted(f"{module}.{alias.name}"))
            case ast.Pass():
                pass
            case _:
                self._forget(_bound(statement))
        return UNKNOWN

    def _bind(self, target: ast.expr, value: object) -> None:
        match target:
            case ast.Name(id=name):
                self._set(name, value)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                fits = isinstance(value, tuple) and len(value) == len(targets)
                parts = value if fits and isinstance(value, tuple) else (UNKNOWN,) * len(targets)
                if any(isinstance(one, ast.Starred) for one in targets):
                    parts = (UNKNOWN,) * len(targets)
                for one, part in zip(targets, parts, strict=True):
                    self._bind(one.value if isinstance(one, ast.Starred) else one, part)
            case _:
                pass  # an item of something: lists have been distrusted before, arrays keep their size

    def _set(self, name: str, value: object) -> None:
        self._names[name] = UNKNOWN if name in self._volatile else value

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self._names[name] = UNKNOWN

    def _beware(self, tree: ast.Module) -> None:
        """Stop trusting what this code could change unseen."""
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(ctx=ast.Store() | ast.Del()):
                    self._lost = True
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in _TRICKS:
                    self._lost = True
                case ast.alias(name=name) if name == "*" or name.split(".")[0] in _TRICKS:
                    self._lost = True
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    self._volatile.update(names)
                    self._forget(names)
                case ast.Subscript(ctx=ast.Store() | ast.Del()):
                    self._lists = False
                case ast.Attribute(attr=name) if name in _CHANGERS:
                    self._lists = False
                case ast.alias(name=name) if name in _CHANGERS:
                    self._lists = False
                case ast.AugAssign(target=ast.Name(id=name)) if isinstance(self._names.get(name), Listed):
                    self._lists = False
                case _:
                    pass
            if _may_write(node):
                self._files = {}
        if not self._lists:
            self._forget([name for name, value in self._names.items() if _holds_list(value)])


def _parsed(code: str) -> ast.Module | None:
    if len(code) > _LONGEST:
        return None
    try:
        tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if isinstance(tree, ast.Module) else None


def _bound(tree: ast.AST) -> set[str]:
    """Every name that code may bind or unbind anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                names.add(name)
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.split(".")[0])
            case _:
                pass
    return names


def _may_write(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="Image"), attr="open"):
            return False
        case ast.Name(id="open") | ast.alias(name="shutil" | "subprocess" | "os"):
            return True
        case ast.Attribute(attr=name):
            return name in _WRITERS
        case _:
            return False


def _holds_list(value: object) -> bool:
    return isinstance(value, Listed) or (isinstance(value, tuple) and any(_holds_list(one) for one in value))


def _showing(tree: ast.Module) -> int:
    """How often code names what shows pictures, in whatever place."""
    found = 0
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found += name in _SHOWING
            case _:
                pass
    return found
