"""What of the runs is looked at, as a value that is a page's address and an SQL condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from urllib.parse import urlencode

__all__ = [
    "CHOICES",
    "MOST_SIZE",
    "RANGES",
    "Condition",
    "Filter",
    "Sort",
    "condition",
    "order",
    "plain_terms",
    "search_terms",
]

MOST_SIZE = 500
_MOST_TERMS = 20
_MOST_TEXT = 500
_DEFAULT_SIZE = 50
_TERM = re.compile(
    r'(?P<no>-?)(?:(?P<column>question|thought|code|output|answer):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))'
)
_NO_NARROWING = frozenset({"sort", "down", "page", "size", "replaced", "run"})
_WORD = re.compile(r"\w", re.UNICODE)

CHOICES = ("verdict", "decided", "stop", "source", "family", "difficulty", "category", "mode", "model")
"""Columns of which one value is chosen; also what a facet is made of."""
RANGES = ("turns", "tokens", "seconds")
"""Columns with a least and a largest value."""


class Sort(StrEnum):
    """What a table is sorted by: the names of columns, but for the first."""

    ORDER = "order"
    """As the trajectories were stored."""
    NAME = "name"
    VERDICT = "verdict"
    TURNS = "turns"
    CALLS = "calls"
    FAILED = "failed"
    TOKENS = "tokens"
    SECONDS = "seconds"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Filter:
    """A state of the table; the field's default is what an address leaves out.

    >>> Filter.read({"q": "crop", "verdict": "wrong", "turns_min": "2", "page": "x"}).query()
    'q=crop&verdict=wrong&turns_min=2'
    """

    q: str = ""
    """Search text."""
    run: str = ""
    verdict: str = ""
    decided: str = ""
    """Who said so: ``rules`` of the benchmark, a ``judge``, or this program by the ``text`` of the answer."""
    stop: str = ""
    source: str = ""
    family: str = ""
    difficulty: str = ""
    category: str = ""
    mode: str = ""
    model: str = ""
    task: str = ""
    code: str = ""
    """``yes``: code was run; ``no``: none was; ``failed``: some of it did not run to its end; ``clean``: all did."""
    turns_min: float | None = None
    turns_max: float | None = None
    tokens_min: float | None = None
    tokens_max: float | None = None
    seconds_min: float | None = None
    seconds_max: float | None = None
    replaced: str = ""
    """``yes``: also attempts in whose place another one counts."""
    sort: Sort = Sort.ORDER
    down: str = ""
    """``yes``: the largest first."""
    page: int = 1
    size: int = _DEFAULT_SIZE

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """From the names and values of an address; what cannot be read counts as not given."""
        found: dict[str, object] = {}
        for one in fields(cls):
            text = query.get(one.name, "").strip()[:_MOST_TEXT]
            if not text:
                continue
            if one.name == "sort":
                found["sort"] = next((sort for sort in Sort if sort.value == text), Sort.ORDER)
            elif one.name in ("page", "size"):
                most = MOST_SIZE if one.name == "size" else 10_000_000
                if text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= most:
                    found[one.name] = int(text)
            elif one.name.endswith(("_min", "_max")):
                if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text, re.ASCII):
                    found[one.name] = float(text)
            else:
                found[one.name] = text
        return cls(**found)  # type: ignore[arg-type]

    def query(self, **changes: object) -> str:
        """The address of this state, or of one that differs in some fields, without the question mark."""
        return urlencode(replace(self, **changes).pairs(), errors="replace")  # type: ignore[arg-type]

    def pairs(self) -> dict[str, str]:
        """The fields that are not as by default, as an address or a form writes them."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        return {name: f"{one:.12g}" if isinstance(one, float) else str(one) for name, one in values.items()}

    @property
    def narrowed(self) -> tuple[str, ...]:
        """Names of the fields that leave something out."""
        return tuple(name for name in self.pairs() if name not in _NO_NARROWING)


@dataclass(slots=True)
class Condition:
    """A part of an SQL query behind ``WHERE``, with its values."""

    parts: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, part: str, *values: object) -> None:
        """Add what must also hold."""
        self.parts.append(part)
        self.values.extend(values)

    @property
    def sql(self) -> str:
        """All parts together."""
        return " AND ".join(self.parts) or "1"


def condition(chosen: Filter, *, run: int | None = None) -> Condition:
    """What must hold of a row ``t`` of the table of trajectories.

    Args:
        chosen: the state; its ``run`` is not looked at.
        run: number of the run, if only one is looked at.
    """
    found = Condition()
    if run is not None:
        found.add("t.run = ?", run)
    if chosen.replaced != "yes":
        found.add("NOT t.replaced")
    for name in CHOICES:
        if value := getattr(chosen, name):
            found.add(f"t.{name} = ?", "" if value == "(none)" else value)
    if chosen.task:
        found.add("t.task = ?", chosen.task)
    if chosen.code in _CODE:
        found.add(_CODE[chosen.code])
    for name in RANGES:
        for end, sign in (("min", ">="), ("max", "<=")):
            limit = getattr(chosen, f"{name}_{end}")
            if limit is not None:
                found.add(f"t.{name} {sign} ?", limit)
    wanted, unwanted = search_terms(chosen.q)
    if wanted:
        found.add("t.id IN (SELECT rowid FROM texts WHERE texts MATCH ?)", " AND ".join(wanted))
    for term in unwanted:
        found.add("t.id NOT IN (SELECT rowid FROM texts WHERE texts MATCH ?)", term)
    return found


_CODE = {"yes": "t.calls > 0", "no": "t.calls = 0", "failed": "t.failed > 0", "clean": "t.calls > 0 AND t.failed = 0"}


def order(chosen: Filter) -> str:
    """What stands behind ``ORDER BY``; rows that are alike stay in the order in which they were stored."""
    way = "DESC" if chosen.down == "yes" else "ASC"
    return f"t.id {way}" if chosen.sort is Sort.ORDER else f"t.{chosen.sort.value} {way}, t.id {way}"


def search_terms(text: str) -> tuple[list[str], list[str]]:
    r"""Terms that must occur and terms that must not, for FTS5.

    Words are beginnings of words; ``"..."`` is a phrase; ``code:`` and the like look in one kind of text; a minus in
    front excludes. No text is a mistake: whatever has no letter or digit is left out.

    >>> search_terms('code:crop "red circle" -error: "')
    (['code : "crop" *', '"red circle"'], ['"error:" *'])
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for match in list(_TERM.finditer(text))[:_MOST_TERMS]:
        phrase, word = match["phrase"], match["word"]
        said = (phrase if phrase is not None else word).replace("\x00", " ").replace('"', '""')
        if not _WORD.search(said):
            continue
        term = f'"{said}"' + ("" if phrase is not None else " *")
        (unwanted if match["no"] else wanted).append(f"{match['column']} : {term}" if match["column"] else term)
    return wanted, unwanted


def plain_terms(text: str) -> Iterable[str]:
    """What to look for when a found text is shown."""
    for match in list(_TERM.finditer(text))[:_MOST_TERMS]:
        said = match["phrase"] if match["phrase"] is not None else match["word"]
        if not match["no"] and _WORD.search(said):
            yield said
