"""Replies from elsewhere: JSON lines with a ``prediction`` and the benchmark's ``row``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from codedance.bench.contract import Benchmark, Mode
from codedance.bench.outcomes import RowScore
from codedance.bench.scoring import Reply, row_key, score_reply
from codedance.errors import DataError

__all__ = ["score_file", "scored_replies"]

_LARGEST_LINE = 256 * 2**20
_MOST_TOLD = 5


def score_file(
    path: Path, benchmark: Benchmark, mode: Mode, *, raw: bool | None = None
) -> Iterator[tuple[str | None, RowScore]]:
    """Score a file line by line; gives each row's name and score, and raises as :func:`scored_replies` does."""
    for reply, score in scored_replies(path, benchmark, mode, raw=raw):
        yield row_key(benchmark, reply.row), score


def scored_replies(
    path: Path, benchmark: Benchmark, mode: Mode, *, raw: bool | None = None
) -> Iterator[tuple[Reply, RowScore]]:
    """Score a file line by line; gives each reply and its score.

    A line is an object with ``prediction`` (a text; null where there was no reply) and ``row``; ``error`` says why
    there was none. Other names are passed over, and empty lines too.

    Raises:
        DataError: the file cannot be read, or, once it has been read to its end, some lines could not be used; the
            first few are named by number.
    """
    bad: list[str] = []
    count = 0
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LARGEST_LINE):
                number += 1
                if not line.strip():
                    continue
                try:
                    reply = _reply(line)
                    score = score_reply(benchmark, reply, mode, raw=raw)
                except DataError as error:
                    bad.append(f"line {number}: {error}")
                    continue
                count += 1
                yield reply, score
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    if bad:
        more = f"; and {len(bad) - _MOST_TOLD} more" if len(bad) > _MOST_TOLD else ""
        raise DataError(f"{path}: {'; '.join(bad[:_MOST_TOLD])}{more}")
    if count == 0:
        raise DataError(f"{path}: holds no lines")


def _reply(line: bytes) -> Reply:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        cut = "" if line.endswith(b"\n") else "; is the file cut off?"
        raise DataError(f"is not JSON ({(str(error).splitlines() or [''])[0][:120]}){cut}") from None
    if not isinstance(value, dict) or "prediction" not in value or "row" not in value:
        raise DataError('is not an object with "prediction" and "row"')
    prediction, row, failure = value["prediction"], value["row"], value.get("error")
    if isinstance(prediction, int | float) and not isinstance(prediction, bool):
        prediction = str(prediction)
    if prediction is not None and not isinstance(prediction, str):
        raise DataError(f'"prediction" is {type(prediction).__name__}, not a text')
    if not isinstance(row, dict):
        raise DataError(f'"row" is {type(row).__name__}, not an object')
    return Reply(row, prediction, str(failure) if failure else None)
