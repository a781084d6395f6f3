"""Rows of every benchmark with the columns of its data set, made here, and files that hold them."""

from __future__ import annotations

import base64
import csv
import functools
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

__all__ = ["ROWS", "base64_picture", "png", "table", "wemath_rows", "write_lines", "write_parquet", "write_table"]

Row = dict[str, Any]


def png(colour: str = "red", size: tuple[int, int] = (4, 3), *, noise: bool = False) -> bytes:
    """A small picture file; with noise it has a few thousand bytes."""
    file = io.BytesIO()
    image = Image.effect_noise((80, 80), 90) if noise else Image.new("RGB", size, colour)
    image.save(file, "PNG")
    return file.getvalue()


def base64_picture(colour: str = "red") -> str:
    """A picture as VLMEvalKit's tables hold it."""
    return base64.b64encode(png(colour, (30, 20))).decode()


def _struct(colour: str = "red") -> dict[str, Any]:
    """A picture as ``datasets`` and parquet files hold it."""
    return {"bytes": png(colour), "path": None}


def _hrbench(index: int) -> Row:
    options = ["a red cup", "a blue cup", "a green cup", "a white cup"]
    turn = index % 4
    turned = options[turn:] + options[:turn]
    return {
        "index": index,
        "question": f"What is held by person {index // 4}?",
        "answer": "ABCD"[turned.index("a blue cup")],
        "category": "single" if index // 4 % 2 == 0 else "cross",
        **dict(zip("ABCD", turned, strict=True)),
        "cycle_category": str(turn),
        "image": base64_picture(),
    }


def _wemath(index: int) -> Row:
    return _wemath_rows()[index]


ROWS: dict[str, Callable[[int], Row]] = {
    "countbench": lambda index: {
        "image": _struct(),
        "text": f"A photo of {2 + index % 9} lamps",
        "question": "How many lamps are there in the image?",
        "number": 2 + index % 9,
    },
    "pixmo_count": lambda index: {
        "image_url": f"https://pictures.invalid/{index}.jpg",
        "image_sha256": f"{index:064x}",
        "count": 2 + index % 9,
        "points": None,
        "label": "lamps",
        "image": _struct(),
    },
    "vstar": lambda index: {
        "image": _struct(),
        "text": "What colour is the glove?\n(A) rust\n(B) cream\n(C) navy\n(D) teal\n"
        "Answer with the option's letter from the given choices directly.",
        "category": "direct_attributes" if index < 115 else "relative_position",
        "label": "ABCD"[index % 4],
        "question_id": index,
    },
    "hrbench_4k": _hrbench,
    "hrbench_8k": _hrbench,
    "chartqa": lambda index: {
        "image": _struct(),
        "query": "What was the share in 2001?",
        "label": [f"{10 + index % 50}%"],
        "human_or_machine": index % 2,
    },
    "mathvision": lambda index: {
        "id": str(index + 1),
        "question": "How long is the side?\n<image1>",
        "options": ["1", "2", r"$\sqrt{2}$", "3", "4"] if index % 2 else [],
        "image": f"images/{index + 1}.jpg",
        "decoded_image": _struct(),
        "answer": "C" if index % 2 else r"\frac{3}{2}",
        "solution": None,
        "level": 1 + index % 5,
        "subject": "metric geometry - length" if index % 3 else "algebra",
    },
    "mathvista": lambda index: {
        "pid": str(index + 1),
        "question": "What is the height of the bar?",
        "image": f"images/{index + 1}.jpg",
        "decoded_image": _struct(),
        "choices": ["yes", "no"] if index % 2 else None,
        "unit": None if index % 2 else "cm",
        "precision": None if index % 2 else 1.0,
        "answer": "no" if index % 2 else "2.5",
        "question_type": "multi_choice" if index % 2 else "free_form",
        "answer_type": "text" if index % 2 else "float",
        "metadata": {
            "category": "math-targeted-vqa",
            "context": "bar chart",
            "grade": "high school",
            "language": "english",
            "skills": ["arithmetic reasoning", "statistical reasoning"],
            "source": "made here",
            "task": "figure question answering",
        },
        "query": "Hint: Please answer the question.\nQuestion: What is the height of the bar?",
    },
    "wemath": _wemath,
    "mathverse": lambda index: {
        "sample_index": str(index),
        "problem_index": str(index),
        "problem_version": "Vision Only",
        "question": "",
        "image": _struct(),
        "answer": "B" if index % 2 else "60°",
        "question_type": "multi-choice" if index % 2 else "free-form",
        "metadata": {"split": "testmini", "subject": "Plane Geometry", "subfield": "Angle"},
        "query_wo": "First read the question in the picture.",
        "query_cot": "First read the question in the picture, then think.",
        "question_for_eval": "How large is the angle?\nChoices:\nA:30°\nB:45°"
        if index % 2
        else "How large is the angle?",
    },
}
"""A row by its place in the set, for every benchmark."""


@functools.cache
def _wemath_rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    for steps, count in ((2, 360), (3, 165)):
        for problem in range(count):
            for part in [*map(str, range(1, steps + 1)), "multi"]:
                rows.append(
                    {
                        "ID": problem,
                        "split": "testmini",
                        "knowledge concept": "Areas of Circles" if part == "1" else "Perimeters",
                        "question": "How large is it?",
                        "option": "A. 12;B. 120;C. 1.2;D. 0.12;E. No correct answer;",
                        "answer": "C",
                        "image_path": _struct(),
                        "key": f"{steps}steps_{part}",
                        "question number": len(rows),
                        "knowledge concept description": "",
                    }
                )
    return tuple(rows)


def wemath_rows() -> list[Row]:
    """All 1,740 rows: 360 problems of two steps, 165 of three, with two knowledge concepts."""
    return list(_wemath_rows())


def write_lines(path: Path, rows: Sequence[Row]) -> Path:
    """JSON lines; pictures as base64."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            plain = {name: _as_text(value) for name, value in row.items()}
            file.write(json.dumps(plain) + "\n")
    return path


def _as_text(value: object) -> object:
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return "data:image/png;base64," + base64.b64encode(value["bytes"]).decode()
    return value


def write_parquet(path: Path, rows: Sequence[Row]) -> Path:
    """A parquet file as the hub has it."""
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return path


def table(rows: Sequence[Row]) -> list[Row]:
    """The rows as VLMEvalKit's tables have them: an index, options as columns, base64 pictures, everything text."""
    out = []
    for index, row in enumerate(rows):
        cells = {"index": index} | {name: value for name, value in row.items() if value is not None}
        for name in ("image", "decoded_image", "image_path"):
            if isinstance(cells.get(name), dict):
                del cells[name]
                cells["image"] = base64_picture()
        out.append({name: str(value) for name, value in cells.items()})
    return out


def write_table(path: Path, rows: Sequence[Row]) -> Path:
    """A table as VLMEvalKit's; missing cells are empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter="\t", restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
