"""A report on disk: Markdown, JSON and figures beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from codedance.analysis.figures import Bar, bars, heat_map
from codedance.analysis.tables import Section, section_text
from codedance.analysis.usage import Usage
from codedance.errors import StoreError
from codedance.store import write_bytes, write_text

__all__ = ["usage_figures", "write_report"]

_BARS = 30


def write_report(
    out: Path,
    name: str,
    sections: Sequence[Section],
    *,
    title: str,
    values: JsonValue,
    figures: Mapping[str, Callable[[], bytes]],
) -> Path:
    """Write ``NAME.md``, ``NAME.json`` and the figures; the path of the text.

    Args:
        out: the folder.
        name: of the files.
        sections: the text.
        title: its first line.
        values: every number of it.
        figures: what draws each figure, by file name; ``MissingExtraError`` where matplotlib is missing.

    Raises:
        StoreError: the folder cannot be written.
    """
    drawn = {file: draw() for file, draw in figures.items()}
    text = f"# {title}\n\n" + section_text(sections, figures=True)
    try:
        for file, data in drawn.items():
            write_bytes(out / file, data)
        write_text(out / f"{name}.json", json.dumps(values, indent=1) + "\n")
        write_text(out / f"{name}.md", text)
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror or error})") from None
    return out / f"{name}.md"


def usage_figures(usage: Usage) -> dict[str, Callable[[], bytes]]:
    """What draws the figures of a usage."""
    rows = [Bar(one.operation.value, one.per_thousand) for one in usage.operations[:_BARS]]
    names = tuple(usage.domains)
    values = [
        [1000 * one.domains.get(name, 0) / usage.domains[name] for name in names] for one in usage.operations[:_BARS]
    ]
    labels = [one.operation.value for one in usage.operations[:_BARS]]
    return {
        "operations.svg": lambda: bars(rows, title="Operations", axis="attempts that use it, per 1,000"),
        "domains.svg": lambda: heat_map(
            values, rows=labels, columns=names, title="Operations by domain", axis="per 1,000 attempts"
        ),
    }
