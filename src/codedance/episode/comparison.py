"""Is it the same result? One execution held against another: status, texts, pictures; exactly, then closely."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PIL import ImageChops

from codedance.imaging import Picture
from codedance.schema import Execution, ExecutionStatus, ImageRef, Record, Text

__all__ = [
    "Aspect",
    "Context",
    "Difference",
    "Sameness",
    "compare_executions",
    "compare_pictures",
    "compare_texts",
    "worst",
]

PIXEL_TOLERANCE = 2
"""Largest difference of a channel, of 255, that still counts as close."""
NUMBER_TOLERANCE = 1e-6
"""Largest relative difference of a printed number that still counts as close."""
_SHOWN = 120

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_CLOCK = frozenset({
    "time", "perf_counter", "monotonic", "process_time", "datetime", "timeit", "utcnow", "strftime", "ctime", "getpid",
    "stat", "st_mtime",
})  # fmt: skip
_CHANCE = frozenset({
    "random", "default_rng", "rand", "randn", "randint", "shuffle", "uuid", "uuid1", "uuid4", "urandom", "secrets",
    "kmeans",
})  # fmt: skip
_ADDRESSED = frozenset({"id"})
_MACHINE = frozenset({"psutil", "getrusage", "virtual_memory", "cpu_count", "tracemalloc", "disk_usage", "getsizeof"})
_VERSIONS = frozenset({"__version__", "version_info", "python_version", "uname"})
_TEMPORARY = frozenset({
    "tempfile", "mkdtemp", "mkstemp", "mktemp", "gettempdir", "NamedTemporaryFile", "TemporaryDirectory", "getcwd",
})  # fmt: skip
_LONG_NUMBER = re.compile(r"\b\d{12,20}\b")
_VERSION = re.compile(r"[\w.+-]*\d[\w.+-]*")
_PATH = re.compile(r"(?:/[\w.+-]+)+")
_EXCUSES = (
    (_CLOCK, _NUMBER, "the code reads the clock"),
    (_ADDRESSED, _LONG_NUMBER, "addresses in memory"),
    (_TEMPORARY, _PATH, "paths of temporary files"),
    (_MACHINE, _NUMBER, "the code measures the machine"),
    (_VERSIONS, _VERSION, "the code tells versions"),
)
"""Names in the code, what they make different in a text, and what is said of it."""
_UNORDERED = frozenset({"set", "frozenset", "hash"})
_SOME_SET = "{...}"


class Sameness(StrEnum):
    """How one result stands to another."""

    SAME = "same"
    """Equal: texts by character, pictures by pixel."""
    CLOSE = "close"
    """Equal within a small tolerance: printed numbers and colours that differ by rounding."""
    EXPLAINED = "explained"
    """Different, as it must be: the code reads the clock, draws random numbers, prints addresses, ..."""
    DIFFERENT = "different"
    """Different without a reason that we know."""
    UNRECORDED = "unrecorded"
    """There is nothing to compare with: the first result was not recorded."""


class Aspect(StrEnum):
    """What differs."""

    STATUS = "status"
    STDOUT = "stdout"
    STDERR = "stderr"
    VALUE = "value"
    ERROR = "error"
    IMAGES = "images"
    """The number, size, or place of pictures."""
    PIXELS = "pixels"


class Difference(Record):
    """One thing that is not exactly the same."""

    aspect: Aspect
    sameness: Sameness
    recorded: Text
    replayed: Text
    reason: Text | None = None
    """Why it must differ, or how far it does."""


@dataclass(frozen=True, slots=True)
class Context:
    """What may explain a difference."""

    names: frozenset[str] = frozenset()
    """Every name that the code of the session has used so far: what one cell drew, a later one prints."""
    carried: str | None = None
    """The reason of an earlier difference that was explained: what came of it differs too."""

    def after(self, code: str) -> Context:
        """The context once this code has run.

        >>> sorted(Context().after("import time as t  # random").names)
        ['t', 'time']
        """
        return Context(self.names | _names(code), self.carried)


def worst(found: list[Sameness]) -> Sameness:
    """The one that weighs most.

    >>> worst([Sameness.CLOSE, Sameness.SAME]).value
    'close'
    """
    return max(found, key=list(Sameness).index, default=Sameness.SAME)


def compare_executions(
    recorded: Execution,
    replayed: Execution,
    *,
    pictures: tuple[Picture, ...],
    find: Callable[[ImageRef], Picture],
    context: Context,
) -> tuple[Difference, ...]:
    """Everything in which two executions of one cell differ; times are not looked at.

    Args:
        recorded: the first one.
        replayed: the second one.
        pictures: those of the second one, in order.
        find: reads a picture of the first one; called only where the files differ.
        context: what may explain a difference.
    """
    if recorded.status is not replayed.status or recorded.exit_code != replayed.exit_code:
        return (_status_difference(recorded, replayed, context),)
    differences = []
    for aspect, before, after in (
        (Aspect.STDOUT, recorded.stdout, replayed.stdout),
        (Aspect.VALUE, recorded.value, replayed.value),
        (Aspect.STDERR, recorded.stderr, replayed.stderr),
        (Aspect.ERROR, _error_text(recorded), _error_text(replayed)),
    ):
        sameness, reason = _compare_optional(before, after, context)
        if sameness is not Sameness.SAME:
            shown, now = _shorten(before, after)
            differences.append(
                Difference(aspect=aspect, sameness=sameness, recorded=shown, replayed=now, reason=reason)
            )
    return (*differences, *_picture_differences(recorded, replayed, pictures=pictures, find=find, context=context))


def compare_texts(recorded: str, replayed: str, context: Context) -> tuple[Sameness, str | None]:
    """How two texts stand to each other, and why they differ.

    >>> nothing = Context()
    >>> compare_texts("0.30000000000000004", "0.3", nothing)[0].value
    'close'
    >>> compare_texts("took 0.31 s", "took 0.30 s", Context().after("import time; print(time.time())"))
    (<Sameness.EXPLAINED: 'explained'>, 'the code reads the clock')
    >>> compare_texts("3", "4", nothing)[0].value
    'different'
    """
    if recorded == replayed:
        return Sameness.SAME, None
    if _ADDRESS.sub("", recorded) == _ADDRESS.sub("", replayed):
        return Sameness.EXPLAINED, "addresses in memory"
    # Before rounding: two times of day are close numbers, too.
    for names, differing, reason in _EXCUSES:
        if context.names & names and differing.sub("", recorded) == differing.sub("", replayed):
            return Sameness.EXPLAINED, reason
    if _numbers_close(recorded, replayed):
        return Sameness.CLOSE, "numbers differ by rounding"
    if context.names & _CHANCE:
        return Sameness.EXPLAINED, "the code draws random numbers"
    if context.names & (_UNORDERED | {_SOME_SET}) and sorted(_words(recorded)) == sorted(_words(replayed)):
        return Sameness.EXPLAINED, "the order of a set"
    if context.carried is not None:
        return Sameness.EXPLAINED, context.carried
    return Sameness.DIFFERENT, None


def compare_pictures(recorded: Picture, replayed: Picture) -> tuple[Sameness, str | None]:
    """How two pictures of one size stand to each other, and how far apart they are."""
    difference = ImageChops.difference(recorded.to_image(), replayed.to_image())
    bands = [one.getextrema() for one in difference.split()]
    farthest = max(int(high) for _, high in bands if isinstance(high, int | float))
    if farthest == 0:
        return Sameness.SAME, None
    changed = difference.convert("L").point([0] + [255] * 255).histogram()[255]
    reason = f"{max(1, changed)} of {recorded.pixels} pixels differ, by up to {farthest} of 255"
    return (Sameness.CLOSE if farthest <= PIXEL_TOLERANCE else Sameness.DIFFERENT), reason


def _status_difference(recorded: Execution, replayed: Execution, context: Context) -> Difference:
    statuses = {recorded.status, replayed.status}
    reason = context.carried
    if ExecutionStatus.TIMEOUT in statuses:
        reason = "a limit of time was met once"
    elif reason is None and context.names & _CHANCE:
        reason = "the code draws random numbers"
    return Difference(
        aspect=Aspect.STATUS,
        sameness=Sameness.EXPLAINED if reason else Sameness.DIFFERENT,
        recorded=_status_text(recorded),
        replayed=_status_text(replayed),
        reason=reason,
    )


def _picture_differences(
    recorded: Execution,
    replayed: Execution,
    *,
    pictures: tuple[Picture, ...],
    find: Callable[[ImageRef], Picture],
    context: Context,
) -> list[Difference]:
    # Where the text differs, the places within it do too.
    same_text = recorded.stdout == replayed.stdout
    before = [_place(one.image, one.source.value, one.after_characters * same_text) for one in recorded.images]
    after = [_place(one.image, one.source.value, one.after_characters * same_text) for one in replayed.images]
    if before != after:
        return [_explained(Aspect.IMAGES, ", ".join(before) or "none", ", ".join(after) or "none", None, context)]
    differences = []
    for index, (captured, picture) in enumerate(zip(recorded.images, pictures, strict=True)):
        if captured.image.sha256 == picture.ref.sha256:
            continue
        sameness, reason = compare_pictures(find(captured.image), picture)
        name = f"picture {index + 1}"
        if sameness is Sameness.CLOSE:
            differences.append(
                Difference(aspect=Aspect.PIXELS, sameness=sameness, recorded=name, replayed=name, reason=reason)
            )
        elif sameness is Sameness.DIFFERENT:
            differences.append(_explained(Aspect.PIXELS, name, name, reason, context))
    return differences


def _explained(aspect: Aspect, recorded: str, replayed: str, found: str | None, context: Context) -> Difference:
    """A difference of pictures, which only chance, the clock or an earlier difference explains."""
    reason = context.carried
    if reason is None and context.names & _CHANCE:
        reason = "the code draws random numbers"
    if reason is None and context.names & _CLOCK:
        reason = "the code reads the clock"
    return Difference(
        aspect=aspect,
        sameness=Sameness.EXPLAINED if reason else Sameness.DIFFERENT,
        recorded=recorded,
        replayed=replayed,
        reason=reason or found,
    )


def _compare_optional(recorded: str | None, replayed: str | None, context: Context) -> tuple[Sameness, str | None]:
    if recorded is None or replayed is None:
        if recorded == replayed:
            return Sameness.SAME, None
        return (Sameness.EXPLAINED, context.carried) if context.carried else (Sameness.DIFFERENT, None)
    return compare_texts(recorded, replayed, context)


def _numbers_close(recorded: str, replayed: str) -> bool:
    """True if the texts differ in nothing but the last digits of numbers with a fraction."""
    if _NUMBER.sub("#", recorded) != _NUMBER.sub("#", replayed):
        return False
    for one, other in zip(_NUMBER.findall(recorded), _NUMBER.findall(replayed), strict=True):
        if one == other:
            continue
        if "." not in one + other and "e" not in (one + other).lower():
            return False
        if not math.isclose(float(one), float(other), rel_tol=NUMBER_TOLERANCE, abs_tol=1e-12):
            return False
    return True


def _names(code: str) -> frozenset[str]:
    """Names that the code uses, without comments and texts; a set that is written out counts as one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in the model's texts
            nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(re.findall(r"[^\W\d]\w*", code))  # magics, broken code: whatever looks like a name
    names: set[str] = set()
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.update(name.split("."))
                names.update({other} if other else ())
            case ast.ImportFrom(module=str(module)):
                names.update(module.split("."))
            case ast.Set() | ast.SetComp():
                names.add(_SOME_SET)
    return frozenset(names)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


def _place(ref: ImageRef, source: str, after: int) -> str:
    return f"{ref.width}x{ref.height} by {source} after {after}"


def _error_text(execution: Execution) -> str | None:
    error = execution.error
    return None if error is None else f"{error.type}: {error.message}\n{error.traceback}"


def _status_text(execution: Execution) -> str:
    error = f" ({execution.error.type}: {execution.error.message})" if execution.error else ""
    code = f" ({execution.exit_code})" if execution.exit_code is not None else ""
    return f"{execution.status.value}{error}{code}"[:_SHOWN]


def _shorten(recorded: str | None, replayed: str | None) -> tuple[str, str]:
    """Both texts from a little before they part."""
    before, after = recorded or "", replayed or ""
    pairs = zip(before, after, strict=False)
    parting = next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    start = max(0, parting - 20)
    return before[start : start + _SHOWN], after[start : start + _SHOWN]
