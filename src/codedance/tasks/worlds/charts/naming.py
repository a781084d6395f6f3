"""What values and series of a chart are called: by their names, or by their colours."""

from __future__ import annotations

from codedance.tasks.worlds.charts.model import ChartKind, Drawing

__all__ = ["mark_noun", "name_of", "of_series", "series_count", "where_of"]


def mark_noun(drawing: Drawing) -> str:
    """What a value is called by what it is drawn as."""
    match drawing.kind:
        case ChartKind.PIE:
            return "slice"
        case ChartKind.LINE:
            return "line"
        case ChartKind.STACKED:
            return "part"
        case _:
            return "bar"


def series_count(drawing: Drawing) -> int:
    """Number of series; each name with a colour of its own makes no series."""
    return 1 if drawing.by_item else len(drawing.entries)


def name_of(drawing: Drawing, place: tuple[int, int], *, by_colour: bool) -> str:
    """How a question names a value."""
    series, item = place
    noun, where = mark_noun(drawing), where_of(drawing, item)
    if drawing.by_item:
        return f"the {drawing.entry(series, item).word} {noun}" if by_colour else drawing.items[item]
    if len(drawing.entries) == 1:
        return drawing.items[item]
    return (
        f"the {drawing.entries[series].word} {noun} {where}" if by_colour else f"{drawing.entries[series].name} {where}"
    )


def where_of(drawing: Drawing, item: int) -> str:
    """A name with its preposition."""
    return f"{drawing.preposition} {drawing.items[item]}"


def of_series(drawing: Drawing, series: int, *, by_colour: bool) -> str:
    """How a question names a whole series; empty if there is only one."""
    if series_count(drawing) == 1:
        return ""
    noun = mark_noun(drawing)
    return (
        f"the {drawing.entries[series].word} {noun if noun == 'line' else noun + 's'}"
        if by_colour
        else drawing.entries[series].name
    )
