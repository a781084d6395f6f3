"""What invented tables hold: things in rows, and columns of numbers, prices, dates and words about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from codedance.tasks.worlds.charts.topics import SERIES, TIMES, TOPICS

__all__ = ["Column", "ColumnKind", "Table", "cell_value", "pick_table"]


class ColumnKind(StrEnum):
    """What the cells of a column are."""

    WHOLE = "whole"
    DECIMAL = "decimal"
    """One decimal place."""
    PRICE = "price"
    """Two decimal places."""
    PERCENT = "percent"
    DATE = "date"
    TIME = "time"
    WORD = "word"
    """One of a few words, so that rows can be chosen by it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column besides the first, which has the names."""

    header: str
    phrase: str
    """What it holds, to follow "the"."""
    kind: ColumnKind
    low: int = 1
    high: int = 100
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """True if its cells can be computed with."""
        return self.kind in (ColumnKind.WHOLE, ColumnKind.DECIMAL, ColumnKind.PRICE, ColumnKind.PERCENT)


@dataclass(frozen=True, slots=True)
class Table:
    """The content of a table."""

    title: str
    noun: str
    plural: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: tuple[tuple[str, ...], ...]
    """By row; without the names."""
    alike: bool
    """All columns measure the same, so that rows can be added up."""


_W, _D, _P, _C = ColumnKind.WHOLE, ColumnKind.DECIMAL, ColumnKind.PRICE, ColumnKind.PERCENT
_REGION = Column("Region", "region", ColumnKind.WORD)
_STATUS = Column("Status", "status", ColumnKind.WORD)
_WORDS = {
    "Region": ("North", "South", "East", "West"),
    "Status": ("open", "closed", "planned", "paused"),
    "Class": ("A", "B", "C", "D"),
}
_GENERAL: tuple[Column, ...] = (
    Column("Since", "year in which it began", _W, 1950, 2020),
    Column("Checked", "date of the check", ColumnKind.DATE),
    Column("Opens", "opening time", ColumnKind.TIME),
    _REGION,
    _STATUS,
    Column("Class", "class", ColumnKind.WORD),
)
_COLUMNS: dict[str, tuple[Column, ...]] = {
    "goods": (
        Column("Price", "price", _P, 1, 90, "euros"),
        Column("Stock", "stock", _W, 5, 900),
        Column("Sold", "number sold", _W, 5, 600),
        Column("Weight", "weight", _D, 1, 40, "kg"),
        Column("Rating", "rating", _D, 1, 5),
        Column("Rebate", "rebate", _C, 2, 60, "percent"),
        Column("Orders", "number of orders", _W, 10, 2000),
        Column("Returns", "number of returns", _W, 1, 90),
    ),
    "places": (
        Column("People", "number of people", _W, 900, 90000),
        Column("Area", "area", _D, 2, 400, "square kilometres"),
        Column("Rain", "rainfall", _W, 200, 1500, "mm"),
        Column("Schools", "number of schools", _W, 2, 60),
        Column("Parks", "number of parks", _W, 1, 40),
        Column("Rent", "rent", _P, 4, 25, "euros"),
        Column("Growth", "growth", _C, 1, 45, "percent"),
        Column("Hotels", "number of hotels", _W, 1, 95),
    ),
    "teams": (
        Column("Played", "number of games played", _W, 10, 60),
        Column("Won", "number of games won", _W, 1, 40),
        Column("Lost", "number of games lost", _W, 1, 40),
        Column("Goals", "number of goals", _W, 8, 180),
        Column("Points", "number of points", _W, 5, 140),
        Column("Fans", "number of fans", _W, 300, 60000),
        Column("Ticket", "price of a ticket", _P, 5, 60, "euros"),
        Column("Seats", "number of seats sold", _C, 20, 99, "percent"),
    ),
    "groups": (
        Column("Staff", "number of staff", _W, 3, 240),
        Column("Budget", "budget", _W, 20, 5000, "thousand euros"),
        Column("Rooms", "number of rooms", _W, 1, 60),
        Column("Hours", "number of hours", _D, 1, 80),
        Column("Fee", "fee", _P, 2, 120, "euros"),
        Column("Share", "share", _C, 1, 60, "percent"),
        Column("Tasks", "number of tasks", _W, 4, 500),
        Column("Score", "score", _D, 1, 100),
    ),
}
_SORTS = {
    "fruit": "goods",
    "vegetable": "goods",
    "drink": "goods",
    "product": "goods",
    "instrument": "goods",
    "city": "places",
    "team": "teams",
    "sport": "groups",
    "subject": "groups",
    "department": "groups",
}
_TITLES = (
    "{plural}",
    "{plural} at a glance",
    "Overview of {lower}",
    "{plural} compared",
    "List of {lower}",
    "Our {lower}",
)
_CLEAR = 0.93
"""Chance that two cells of a column are kept from being the same."""


def cell_value(text: str) -> float:
    """The number in a cell.

    >>> cell_value("€1,250.50"), cell_value("23%"), cell_value("1,250 kg")
    (1250.5, 23.0, 1250.0)
    """
    return float("".join(letter for letter in text if letter.isdigit() or letter == "."))


def pick_table(rng: Random, *, rows: int, columns: int, letters: int | None = None) -> Table:
    """An invented table.

    Args:
        rng: the source of chance.
        rows: number of rows below the header.
        columns: number of columns beside the names.
        letters: longest name and header where the table is read at a glance; numbers are then short as well.
    """
    if rng.random() < 0.3 and columns <= 4:
        return _alike(rng, rows=rows, columns=columns, letters=letters)
    topics = [topic for topic in TOPICS if topic.noun in _SORTS]
    if letters is not None:
        topics = [topic for topic in topics if sum(len(name) <= letters for name in topic.names) >= rows]
    topic = rng.choice(topics)
    names = [name for name in topic.names if letters is None or len(name) <= letters]
    pool = _COLUMNS[_SORTS[topic.noun]]
    if letters is not None:
        chosen = rng.sample([one for one in pool if one.kind in (_W, _C) and len(one.header) <= letters], columns)
        chosen = [Column(one.header, one.phrase, one.kind, 2, 99, one.unit) for one in chosen]
    else:
        others = rng.sample(_GENERAL, min(2, columns - 2)) if columns > 2 and rng.random() < 0.65 else []
        chosen = [*rng.sample(pool, columns - len(others)), *others]
        rng.shuffle(chosen)
    style = _number_style(rng)
    by_column = [_cells(one, rng, rows, style) for one in chosen]
    plural = topic.plural.capitalize()
    return Table(
        title=rng.choice(_TITLES).format(plural=plural, lower=topic.plural),
        noun=topic.noun,
        plural=topic.plural,
        names=tuple(rng.sample(names, rows)),
        columns=tuple(chosen),
        cells=tuple(zip(*by_column, strict=True)),
        alike=False,
    )


def _alike(rng: Random, *, rows: int, columns: int, letters: int | None) -> Table:
    """Times or things in rows, and the same measure in each column."""
    topics = [*TIMES, *TOPICS]
    fitting = [
        topic for topic in topics if sum(letters is None or len(name) <= letters for name in topic.names) >= rows
    ]
    topic = rng.choice(fitting)
    names = [name for name in topic.names if letters is None or len(name) <= letters]
    start = rng.randint(0, len(names) - rows)
    pools = [one for one in SERIES if len(one) >= columns and (letters is None or max(map(len, one)) <= letters)]
    headers = rng.choice(pools)[:columns]
    measure = rng.choice(topic.measures)
    low = 2 if letters else rng.choice((2, 10, 100, 1000))
    high = 99 if letters else low * rng.choice((9, 20, 40)) + 20
    kind = _W if letters or rng.random() < 0.7 else _D
    chosen = tuple(Column(header, f"{measure.phrase} for {header}", kind, low, high) for header in headers)
    style = _number_style(rng)
    by_column = [_cells(one, rng, rows, style) for one in chosen]
    unit = f" ({measure.unit})" if measure.unit and not letters else ""
    return Table(
        title=f"{measure.title}{unit}",
        noun=topic.noun,
        plural=topic.plural,
        names=tuple(names[start : start + rows] if topic.ordered else rng.sample(names, rows)),
        columns=chosen,
        cells=tuple(zip(*by_column, strict=True)),
        alike=True,
    )


@dataclass(frozen=True, slots=True)
class _NumberStyle:
    separators: bool
    euro: str
    date: str


def _number_style(rng: Random) -> _NumberStyle:
    return _NumberStyle(rng.random() < 0.6, rng.choice(("€{}", "{} €", "{}")), rng.choice(("iso", "words", "dots")))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _cells(column: Column, rng: Random, rows: int, style: _NumberStyle) -> list[str]:
    """Texts of a column; its numbers nearly always differ."""
    # A span by chance within the column's own keeps sums and means from being guessed.
    low = rng.randint(column.low, max(column.low, column.high // 3))
    least = low + (3 * rows if column.kind in (_W, _C) else 2)
    high = rng.randint(max(least, 2 * column.high // 5), max(least, column.high))
    texts: list[str] = []
    while len(texts) < rows:
        text = _cell(column, rng, (low, high), style)
        if text not in texts or column.kind is ColumnKind.WORD or rng.random() > _CLEAR:
            texts.append(text)
    return texts


def _cell(column: Column, rng: Random, span: tuple[int, int], style: _NumberStyle) -> str:
    low, high = span
    comma = "," if style.separators else ""
    match column.kind:
        case ColumnKind.WHOLE:
            value = rng.randint(low, high)
            return str(value) if column.low >= 1900 else f"{value:{comma}}"
        case ColumnKind.DECIMAL:
            return f"{rng.randint(10 * low, 10 * high) / 10:{comma}.1f}"
        case ColumnKind.PRICE:
            return style.euro.format(f"{rng.randint(100 * low, 100 * high) / 100:{comma}.2f}")
        case ColumnKind.PERCENT:
            return f"{rng.randint(low, high)}%"
        case ColumnKind.DATE:
            day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2015, 2024)
            return {
                "iso": f"{year}-{month:02}-{day:02}",
                "words": f"{day} {_MONTHS[month - 1]} {year}",
                "dots": f"{day:02}.{month:02}.{year}",
            }[style.date]
        case ColumnKind.TIME:
            return f"{rng.randint(5, 22):02}:{rng.choice(range(0, 60, 5)):02}"
        case _:
            return rng.choice(_WORDS[column.header])
