"""What questions about a table may be about: which cells, and only if there is one right answer."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from codedance.tasks.worlds.sums import ORDINALS, number_of
from codedance.tasks.worlds.tables.model import TableAsked, TableDrawing
from codedance.tasks.worlds.tables.topics import ColumnKind, cell_value

__all__ = ["TABLE_DRAFTS", "TableDraft", "moment", "number_in", "sortable"]

TableDraft = tuple[TableAsked, dict[str, str]]
"""What is asked, and the words that fill the template."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _number_columns(drawing: TableDrawing) -> list[int]:
    """Columns whose cells are numbers."""
    numeric = (ColumnKind.WHOLE, ColumnKind.DECIMAL, ColumnKind.PRICE, ColumnKind.PERCENT)
    return [index + 1 for index, kind in enumerate(drawing.kinds) if kind in numeric]


def moment(text: str) -> float:
    """A date or time of day as a number that grows with time.

    >>> moment("2020-03-07") == moment("7 Mar 2020") == moment("07.03.2020") == 20200307
    True
    >>> moment("08:30") < moment("17:05")
    True
    """
    if ":" in text:
        return float(text.replace(":", "."))
    if "-" in text:
        year, month, day = text.split("-")
    elif "." in text:
        day, month, year = text.split(".")
    else:
        day, name, year = text.split()
        month = str(_MONTHS.index(name) + 1)
    return float(int(year) * 10000 + int(month) * 100 + int(day))


def number_in(drawing: TableDrawing, place: tuple[int, int]) -> float:
    """The number in a cell."""
    return cell_value(drawing.rows[place[0]][place[1]])


def sortable(drawing: TableDrawing, place: tuple[int, int]) -> float:
    """What a cell is sorted by: its number, or its date or time."""
    timed = drawing.kinds[place[1] - 1] in (ColumnKind.DATE, ColumnKind.TIME)
    return moment(drawing.rows[place[0]][place[1]]) if timed else number_in(drawing, place)


def _decimals(drawing: TableDrawing, column: int) -> int:
    return {ColumnKind.DECIMAL: 1, ColumnKind.PRICE: 2}.get(drawing.kinds[column - 1], 0)


def _column(drawing: TableDrawing, rng: Random) -> int:
    return rng.choice(_number_columns(drawing))


def _cell(drawing: TableDrawing, rng: Random) -> TableDraft:
    row, column = rng.randrange(len(drawing.rows)), rng.randrange(1, len(drawing.header))
    if drawing.kinds[column - 1] is ColumnKind.WORD and rng.random() < 0.8:
        column = _column(drawing, rng)  # a few words are guessed too easily
    number = column in _number_columns(drawing)
    asked = TableAsked(
        asks="value",
        needed=((row, column),),
        answers="number" if number else "text",
        places=_decimals(drawing, column),
    )
    return asked, {"row": drawing.rows[row][0], "h": drawing.header[column], "p": drawing.phrases[column]}


def _tinted(asks: str) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        count = 1 if asks == "value" else 2
        if len(drawing.tinted) < count:
            return None
        cells = rng.sample(drawing.tinted, count)
        cells.sort(key=lambda one: -number_in(drawing, (one.row, one.column)) if asks == "difference" else 0)
        places = max(_decimals(drawing, one.column) for one in cells)
        needed = tuple((one.row, one.column) for one in cells)
        if asks == "difference" and number_in(drawing, needed[0]) == number_in(drawing, needed[1]):
            return None
        asked = TableAsked(asks=asks, needed=needed, by_colour=True, places=places)
        return asked, {"c": cells[0].word, "d": cells[-1].word}

    return draft


def _two_rows(asks: str) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        column = _column(drawing, rng)
        places = sorted(
            ((row, column) for row in rng.sample(range(len(drawing.rows)), 2)),
            key=lambda place: -number_in(drawing, place),
        )
        larger, smaller = (number_in(drawing, place) for place in places)
        if larger == smaller or smaller == 0:
            return None
        after = 2 if asks == "ratio" else _decimals(drawing, column)
        asked = TableAsked(asks=asks, needed=tuple(places), places=after)
        names = [drawing.rows[row][0] for row, _ in places]
        return asked, {"row": names[0], "other": names[1], "h": drawing.header[column]}

    return draft


def _in_row(asks: str) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        if not drawing.alike:
            return None
        row = rng.randrange(len(drawing.rows))
        columns = list(range(1, len(drawing.header)))
        if asks == "difference":
            columns = sorted(rng.sample(columns, 2), key=lambda column: -number_in(drawing, (row, column)))
            if number_in(drawing, (row, columns[0])) == number_in(drawing, (row, columns[1])):
                return None
        places = max(_decimals(drawing, column) for column in columns)
        asked = TableAsked(asks=asks, needed=tuple((row, column) for column in columns), places=places)
        words = {"row": drawing.rows[row][0], "h": drawing.header[columns[0]], "i": drawing.header[columns[1]]}
        return asked, words

    return draft


def _of_column(asks: str) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        column = _column(drawing, rng)
        if drawing.header[column] == "Since":
            return None  # nobody adds up years
        places = _decimals(drawing, column)
        after = max(1, places) if asks == "average" else places
        needed = tuple((row, column) for row in range(len(drawing.rows)))
        return TableAsked(asks=asks, needed=needed, places=after), {"h": drawing.header[column]}

    return draft


def _best(asks: str, *, timed: bool = False) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        times = [place + 1 for place, kind in enumerate(drawing.kinds) if kind in (ColumnKind.DATE, ColumnKind.TIME)]
        columns = times if timed else _number_columns(drawing)
        if not columns:
            return None
        column = rng.choice(columns)
        needed = tuple((row, column) for row in range(len(drawing.rows)))
        values = sorted((sortable(drawing, place) for place in needed), reverse=True)
        rank = rng.randint(2, min(4, len(values) - 1)) if asks == "rank" and len(values) > 2 else None
        place = {"highest": 0, "lowest": len(values) - 1}.get(asks, (rank or 1) - 1)
        if values.count(values[place]) > 1 or (asks == "rank" and rank is None):
            return None
        asked = TableAsked(asks=asks, needed=needed, answers="name", rank=rank)
        return asked, {"h": drawing.header[column], "rank": ORDINALS.get(rank or 0, "")}

    return draft


def _counted(asks: str) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        column = _column(drawing, rng)
        needed = tuple((row, column) for row in range(len(drawing.rows)))
        threshold = _between([number_in(drawing, place) for place in needed], rng, _decimals(drawing, column))
        if threshold is None:
            return None
        asked = TableAsked(asks=asks, needed=needed, threshold=threshold)
        return asked, {"h": drawing.header[column], "t": number_of(threshold, _decimals(drawing, column))}

    return draft


def _between(values: list[float], rng: Random, places: int) -> float | None:
    """A number between two of the values, so that each count of larger ones is as likely."""
    ranked = sorted(values)
    cut = rng.randint(1, len(ranked) - 1)
    middle = round((ranked[cut - 1] + ranked[cut]) / 2, places)
    return middle if ranked[cut - 1] < middle < ranked[cut] else None


def _products(drawing: TableDrawing, rng: Random) -> TableDraft | None:
    whole = [one for one in _number_columns(drawing) if drawing.kinds[one - 1] is ColumnKind.WHOLE]
    prices = [one for one in _number_columns(drawing) if drawing.kinds[one - 1] is ColumnKind.PRICE]
    counts = [one for one in whole if drawing.header[one] != "Since"]
    if not prices or not counts or drawing.alike or len(drawing.rows) > 8:
        return None
    first, second = prices[0], rng.choice(counts)
    rows = range(len(drawing.rows))
    needed = (*((row, first) for row in rows), *((row, second) for row in rows))
    words = {"h": drawing.header[first], "i": drawing.header[second]}
    return TableAsked(asks="products", needed=needed, places=2), words


def _some(asks: str) -> Callable[[TableDrawing, Random], TableDraft | None]:
    def draft(drawing: TableDrawing, rng: Random) -> TableDraft | None:
        worded = [place + 1 for place, kind in enumerate(drawing.kinds) if kind is ColumnKind.WORD]
        columns = [one for one in _number_columns(drawing) if drawing.header[one] != "Since"]
        if not worded or not columns:
            return None
        words, column = rng.choice(worded), rng.choice(columns)
        word = rng.choice(sorted({row[words] for row in drawing.rows}))
        needed = tuple((row, column) for row in range(len(drawing.rows)) if drawing.rows[row][words] == word)
        if len(needed) < 2 or len(needed) == len(drawing.rows):
            return None
        places, threshold = _decimals(drawing, column), None
        if asks == "above":
            threshold, places = _between([number_in(drawing, place) for place in needed], rng, places), 0
            if threshold is None:
                return None
        asked = TableAsked(asks=asks, needed=needed, threshold=threshold, places=places, word=word, words=words)
        said = "" if threshold is None else number_of(threshold, _decimals(drawing, column))
        return asked, {"h": drawing.header[column], "i": drawing.header[words], "word": word, "t": said}

    return draft


def _inverse(drawing: TableDrawing, rng: Random) -> TableDraft | None:
    column = rng.randrange(1, len(drawing.header))
    row = rng.randrange(len(drawing.rows))
    text = drawing.rows[row][column]
    if sum(one[column] == text for one in drawing.rows) > 1 or drawing.kinds[column - 1] is ColumnKind.WORD:
        return None
    asked = TableAsked(asks="inverse", needed=((row, column),), answers="name")
    return asked, {"t": text, "h": drawing.header[column]}


TABLE_DRAFTS: dict[str, Callable[[TableDrawing, Random], TableDraft | None]] = {
    "cell": _cell,
    "tinted cell": _tinted("value"),
    "tinted difference": _tinted("difference"),
    "tinted sum": _tinted("sum"),
    "difference": _two_rows("difference"),
    "ratio": _two_rows("ratio"),
    "row difference": _in_row("difference"),
    "row sum": _in_row("sum"),
    "sum": _of_column("sum"),
    "average": _of_column("average"),
    "range": _of_column("range"),
    "highest": _best("highest"),
    "lowest": _best("lowest"),
    "rank": _best("rank"),
    "latest": _best("highest", timed=True),
    "earliest": _best("lowest", timed=True),
    "above": _counted("above"),
    "below": _counted("below"),
    "products": _products,
    "sum of some": _some("sum"),
    "above of some": _some("above"),
    "inverse": _inverse,
}
"""What each kind of question may be about; ``None`` where chance chose cells without one clear answer."""
