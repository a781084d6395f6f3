"""What is computed with the values of a chart or table: once for the truth, once as code that a model writes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["ORDINALS", "computed", "number_of", "sum_code"]

ORDINALS = {1: "highest", 2: "second-highest", 3: "third-highest", 4: "fourth-highest"}


def computed(
    asks: str,
    values: Sequence[float],
    names: Sequence[str] = (),
    *,
    threshold: float | None = None,
    rank: int | None = None,
) -> float | str:
    """What is asked about the values, not rounded; a name where one is asked for.

    Args:
        asks: the kind of question.
        values: in the order in which the kind of question wants them.
        names: of the values, where the answer is a name; of the groups, for ``highest total`` and ``lowest total``.
        threshold: for ``above`` and ``below``.
        rank: for ``rank``, from 1 for the highest.

    Raises:
        ValueError: no such kind of question.

    >>> computed("difference", [7, 3]), computed("above", [7, 3, 9], threshold=5), computed("highest", [7, 9], "ab")
    (4, 2, 'b')
    """
    match asks:
        case "value" | "difference" | "sum" | "ratio" | "average" | "share" | "range" | "products":
            return _amount(asks, values)
        case "above":
            return sum(value > (threshold or 0) for value in values)
        case "below":
            return sum(value < (threshold or 0) for value in values)
        case "rises":
            return sum(b > a for a, b in pairwise(values))
        case "falls":
            return sum(b < a for a, b in pairwise(values))
        case "longest rise":
            return _longest(values)
        case "over":
            half = len(values) // 2
            return sum(a > b for a, b in zip(values[:half], values[half:], strict=True))
        case _:
            return _name(asks, values, names, rank)


def _amount(asks: str, values: Sequence[float]) -> float:
    match asks:
        case "value":
            return values[0]
        case "difference":
            return values[0] - values[1]
        case "ratio":
            return values[0] / values[1]
        case "average":
            return sum(values) / len(values)
        case "share":
            return 100 * values[0] / sum(values)
        case "range":
            return max(values) - min(values)
        case "products":
            half = len(values) // 2
            return sum(a * b for a, b in zip(values[:half], values[half:], strict=True))
        case _:
            return sum(values)


def _longest(values: Sequence[float]) -> int:
    run = best = 0
    for a, b in pairwise(values):
        run = run + 1 if b > a else 0
        best = max(best, run)
    return best


def _name(asks: str, values: Sequence[float], names: Sequence[str], rank: int | None) -> str:
    match asks:
        case "inverse":
            return names[0]
        case "highest":
            return names[values.index(max(values))]
        case "lowest":
            return names[values.index(min(values))]
        case "rank":
            return names[values.index(sorted(values, reverse=True)[(rank or 1) - 1])]
        case "largest rise" | "largest fall":
            sign = 1 if asks == "largest rise" else -1
            steps = [sign * (b - a) for a, b in pairwise(values)]
            return names[steps.index(max(steps)) + 1]
        case "highest total" | "lowest total":
            size = len(values) // len(names)
            totals = [sum(values[start : start + size]) for start in range(0, len(values), size)]
            return names[totals.index(max(totals) if asks == "highest total" else min(totals))]
        case _:
            raise ValueError(f"no such kind of question: {asks!r}")


def sum_code(asks: str, *, places: int, threshold: str = "", rank: int | None = None, size: int = 1) -> str:
    """Lines of code that print what is asked, of a list ``values`` and, where a name is asked for, a list ``names``.

    Args:
        asks: the kind of question.
        places: decimal places of a printed number.
        threshold: as it stands in the code.
        rank: for ``rank``.
        size: how many values a group has, for totals.

    >>> sum_code("difference", places=0)
    'print(round(values[0] - values[1]))'
    """
    after = f", {places}" if places else ""
    match asks:
        case "value" | "difference" | "ratio" | "average" | "share" | "sum" | "range" | "products":
            term = {
                "value": "values[0]",
                "difference": "values[0] - values[1]",
                "ratio": "values[0] / values[1]",
                "average": "sum(values) / len(values)",
                "share": "100 * values[0] / sum(values)",
                "sum": "sum(values)",
                "range": "max(values) - min(values)",
                "products": "sum(a * b for a, b in zip(values[:half], values[half:]))",
            }[asks]
            before = "half = len(values) // 2\n" if asks == "products" else ""
            return f"{before}print(round({term}{after}))"
        case "above" | "below":
            return f"print(sum(value {'>' if asks == 'above' else '<'} {threshold} for value in values))"
        case "rises" | "falls":
            return f"print(sum(b {'>' if asks == 'rises' else '<'} a for a, b in zip(values, values[1:])))"
        case "longest rise":
            return (
                "run = best = 0\nfor a, b in zip(values, values[1:]):\n"
                "    run = run + 1 if b > a else 0\n    best = max(best, run)\nprint(best)"
            )
        case "over":
            return "half = len(values) // 2\nprint(sum(a > b for a, b in zip(values[:half], values[half:])))"
        case _:
            return _name_code(asks, rank, size)


def _name_code(asks: str, rank: int | None, size: int) -> str:
    match asks:
        case "highest" | "lowest":
            return f"print(names[values.index({'max' if asks == 'highest' else 'min'}(values))])"
        case "rank":
            return f"print(names[values.index(sorted(values, reverse=True)[{(rank or 1) - 1}])])"
        case "largest rise" | "largest fall":
            step = "b - a" if asks == "largest rise" else "a - b"
            return f"steps = [{step} for a, b in zip(values, values[1:])]\nprint(names[steps.index(max(steps)) + 1])"
        case "highest total" | "lowest total":
            best = "max" if asks == "highest total" else "min"
            return (
                f"totals = [sum(values[start:start + {size}]) for start in range(0, len(values), {size})]\n"
                f"print(names[totals.index({best}(totals))])"
            )
        case _:
            raise ValueError(f"no such kind of question: {asks!r}")


def number_of(value: float, places: int) -> str:
    """A number as an answer gives it: rounded, without needless zeros.

    >>> number_of(12.0, 1), number_of(2.346, 2)
    ('12', '2.35')
    """
    rounded = round(value, places)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)
