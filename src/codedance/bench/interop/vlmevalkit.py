"""Results as VLMEvalKit writes them: the benchmark's table without its pictures, and a column ``prediction``.

VLMEvalKit's ``run.py --mode eval`` then scores the file, if it is named ``MODEL_DATASET.xlsx`` (or ``.tsv``) and lies
where its own would. Rows that were read from VLMEvalKit's table have its columns already; for rows of the hub the
usual ones (``index``, ``question``, ``answer``, ``A``, ``B``, ...) are filled in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from codedance.bench.answers.options import letter_of, row_options
from codedance.bench.contract import Row
from codedance.bench.data.row_images import PICTURE_COLUMNS
from codedance.bench.interop.results import Result
from codedance.errors import DataError, MissingExtraError, StoreError, UsageError
from codedance.schema import Record, StopReason, Trajectory
from codedance.store import write_bytes

__all__ = ["FAILED_SENTENCE", "VlmevalkitReport", "prediction_text", "vlmevalkit_row", "write_vlmevalkit"]

FAILED_SENTENCE = "Failed to obtain answer via API."
"""What VLMEvalKit writes where there was no reply; it counts such rows as failed."""
_FAILED = (StopReason.MODEL_FAILED, StopReason.SANDBOX_FAILED)
_QUESTIONS = ("question", "query", "text")
_ANSWERS = ("answer", "label", "number", "count")
_FIRST = ("index", "question")
_LAST = ("answer", "prediction")
_LONGEST_CELL = 32_767
"""Of a sheet of Excel."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class VlmevalkitReport(Record):
    """What was written."""

    rows: int
    failed: int = 0
    """Rows whose prediction is VLMEvalKit's sentence for no reply."""
    cut: int = 0
    """Cells that were too long for a sheet; a table (.tsv) cuts none."""


def prediction_text(trajectory: Trajectory, *, whole: bool = False) -> str:
    """What goes into the column ``prediction``: the answer alone, or with ``whole`` the last reply.

    VLMEvalKit's rules do not take tags off: a reply that ends in ``<answer>B</answer>`` would count as wrong.
    """
    if trajectory.stop in _FAILED:
        return FAILED_SENTENCE
    if trajectory.answer is not None and not whole:
        return trajectory.answer
    return trajectory.turns[-1].text if trajectory.turns else FAILED_SENTENCE


def vlmevalkit_row(row: Row, place: int) -> dict[str, str | int | float]:
    """A row with VLMEvalKit's columns, without pictures.

    >>> vlmevalkit_row({"query": "Which?", "label": ["4"], "image": "..."}, 7)
    {'index': 7, 'question': 'Which?', 'answer': '4', 'query': 'Which?', 'label': "['4']"}
    """
    made: dict[str, str | int | float] = {"index": _index(row, place)}
    made["question"] = next((str(row[name]) for name in _QUESTIONS if row.get(name)), "")
    options = row_options(row)
    made.update({letter: text for letter, text in options.items() if text})
    answer = letter_of(row, options) if options else None
    made["answer"] = answer or next((_answer(row[name]) for name in _ANSWERS if row.get(name) not in (None, "")), "")
    for name, value in row.items():
        if name not in made and name not in PICTURE_COLUMNS and value is not None:
            made[name] = value if isinstance(value, str | int | float) and not isinstance(value, bool) else str(value)
    return made


def write_vlmevalkit(results: Iterable[Result], out: Path, *, whole: bool = False) -> VlmevalkitReport:
    """Write the file, whole or not at all; rows in the order of their index.

    Args:
        results: of one benchmark.
        out: ``.xlsx`` or ``.tsv``.
        whole: write the last reply instead of the answer in it.

    Raises:
        UsageError: another ending.
        DataError: a row comes twice.
        MissingExtraError: ``openpyxl`` is not installed.
        StoreError: the file cannot be written.
    """
    if out.suffix not in (".xlsx", ".tsv"):
        raise UsageError(f"--out {out}: choose a name that ends in .xlsx or .tsv")
    rows = []
    seen: set[str] = set()
    failed = 0
    for place, result in enumerate(results):
        if result.key in seen:
            raise DataError(f"the row {result.key[:60]!r} comes twice; name one attempt with --attempt")
        seen.add(result.key)
        said = prediction_text(result.trajectory, whole=whole)
        failed += said == FAILED_SENTENCE
        rows.append(vlmevalkit_row(result.row, _place(result.key, place)) | {"prediction": said})
    rows.sort(key=lambda row: (isinstance(row["index"], str), row["index"]))
    found = dict.fromkeys(name for row in rows for name in row)
    names = [*_FIRST, *(name for name in found if name not in (*_FIRST, *_LAST)), *_LAST]
    data, cut = _sheet(names, rows) if out.suffix == ".xlsx" else (_table(names, rows), 0)
    try:
        write_bytes(out, data)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror or error})") from None
    return VlmevalkitReport(rows=len(rows), failed=failed, cut=cut)


def _index(row: Row, place: int) -> int | str:
    value = row.get("index", place)
    return int(value) if isinstance(value, int | float) or str(value).isdigit() else str(value)


def _place(key: str, place: int) -> int:
    return int(key) if key.isdigit() and len(key) < 16 else place


def _answer(value: object) -> str:
    if isinstance(value, list | tuple) and len(value) == 1:
        return str(value[0])
    return str(value)


def _table(names: Sequence[str], rows: Sequence[Mapping[str, str | int | float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    return text.getvalue().encode("utf-8", errors="replace")


def _sheet(names: Sequence[str], rows: Sequence[Mapping[str, str | int | float]]) -> tuple[bytes, int]:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise MissingExtraError("writing .xlsx files", "data") from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet("results")
    sheet.append(list(names))
    cut = 0
    for row in rows:
        cells = []
        for name in names:
            value = row.get(name)
            if isinstance(value, str):
                plain = _FORBIDDEN.sub("\ufffd", value)
                cut += len(plain) > _LONGEST_CELL
                cell = WriteOnlyCell(sheet, plain[:_LONGEST_CELL])
                # A reply that begins with = is text and no formula.
                cell.data_type = "s"
                cells.append(cell)
            else:
                cells.append(value)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue(), cut
