"""Where the evidence for a question lies: boxes that generated worlds know, or that a file tells."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from codedance.analysis.looking import Box
from codedance.errors import DataError
from codedance.schema import NumberAnswer, Record, Task
from codedance.schema.faults import first_fault

__all__ = ["EvidenceFile", "asked_objects", "evidence_of", "read_boxes", "read_vstar", "true_count"]

_BOXES: TypeAdapter[list[tuple[float, float, float, float]]] = TypeAdapter(list[tuple[float, float, float, float]])
EvidenceFile = Mapping[str, Sequence[Box]]
"""Boxes by the task's id, or by its question in small letters."""


class _Line(Record):
    id: str
    boxes: tuple[tuple[float, float, float, float], ...]


def evidence_of(task: Task, told: EvidenceFile | None = None) -> tuple[Box, ...]:
    """Boxes of everything that must be looked at to answer; empty where that is not known.

    A file's boxes come first; then those that a family of worlds names as evidence, the target, the objects asked for.
    """
    if told is not None:
        key = task.id if task.id in told else _question_key(task.question)
        if key in told:
            return tuple(told[key])
    facts = task.meta.get("facts")
    found = _boxes(facts.get("evidence") if isinstance(facts, dict) else None)
    if found:
        return found
    target = _boxes([task.meta["target"]]) if task.meta.get("target") is not None else ()
    return target or asked_objects(task)


def asked_objects(task: Task) -> tuple[Box, ...]:
    """Boxes of the objects of a counting question: of the colour, and shape if one is asked for, that it names."""
    objects = task.meta.get("objects")
    if task.meta.get("asks") != "count" or not isinstance(objects, list):
        return ()
    words = set(re.findall(r"[a-z]+", task.question.lower()))
    held = [one for one in objects if isinstance(one, dict)]
    shapes = {str(one.get("shape")) for one in held}
    asks_shape = any(f"{name}s" in words or name in words for name in shapes)
    chosen: list[JsonValue] = []
    for one in held:
        colour, shape = str(one.get("colour")), str(one.get("shape"))
        if colour in words and (not asks_shape or f"{shape}s" in words or shape in words):
            chosen.append(one.get("box"))
    return _boxes(chosen)


def true_count(task: Task) -> int | None:
    """How many there really are, where the question asks for a number of things; else ``None``."""
    asks = task.meta.get("asks")
    counts = asks in ("count", "kind", "group", "two", "all", "region", "difference")
    if not counts or not isinstance(task.answer, NumberAnswer):
        return None
    return round(task.answer.value)


def read_boxes(path: Path) -> dict[str, tuple[Box, ...]]:
    """Boxes of a file with a line of JSON for each task: ``{"id": "...", "boxes": [[left, top, right, bottom]]}``.

    Raises:
        DataError: the file cannot be read, or a line is not of that form.
    """
    found: dict[str, tuple[Box, ...]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = _Line.model_validate_json(line)
        except ValidationError as error:
            raise DataError(f"{path}, line {number}: {first_fault(error).at('the line')}") from None
        found[one.id] = tuple(_whole(box) for box in one.boxes)
    return found


def read_vstar(folder: Path) -> dict[str, tuple[Box, ...]]:
    """The boxes that V*Bench publishes: a JSON file beside each picture.

    Its ``question`` and ``bbox`` (x, y, width, height) are read. Keys are questions in small letters; a question that
    is asked of several pictures is left out, since nothing tells which of them a row is about.

    Raises:
        DataError: the folder holds no such file, or a broken one.
    """
    found: dict[str, tuple[Box, ...]] = {}
    twice: set[str] = set()
    for path in sorted(folder.rglob("*.json")):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            boxes = _BOXES.validate_python(values["bbox"])
            question = _question_key(str(values["question"]))
        except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: is no annotation of V*Bench ({type(error).__name__})") from None
        twice |= {question} & found.keys()
        found[question] = tuple(_whole((x, y, x + width, y + height)) for x, y, width, height in boxes)
    if not found:
        raise DataError(f"{folder}: holds no annotations of V*Bench (a JSON file beside each picture)")
    return {question: boxes for question, boxes in found.items() if question not in twice}


def _question_key(text: str) -> str:
    """The first line, without options and case."""
    return " ".join(text.strip().splitlines()[0].lower().split()) if text.strip() else ""


def _boxes(values: JsonValue | Sequence[JsonValue]) -> tuple[Box, ...]:
    try:
        return tuple(_whole(one) for one in _BOXES.validate_python(values if values is not None else []))
    except ValidationError:
        return ()


def _whole(box: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = box
    return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
