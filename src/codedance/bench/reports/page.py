"""A report as one self-contained page: it loads nothing, runs no script, and escapes whatever models and files say."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from codedance.bench.reports.blocks import Block, Figure, Table
from codedance.bench.reports.comparison import Comparison
from codedance.bench.reports.content import comparison_blocks, report_blocks
from codedance.bench.reports.summary import RunReport

__all__ = ["html_comparison", "html_page"]

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_NUMBER = re.compile(r"[-+]?[\d,.]+(?: to [-+]?[\d,.]+| ?[/(].*)?")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A block as the template takes it."""

    kind: str
    value: Block
    numeric: tuple[bool, ...] = ()
    """Columns of a table that hold numbers."""
    svg: Markup | None = None


def html_page(reports: Sequence[RunReport]) -> str:
    """Everything that :func:`~codedance.bench.reports.content.report_blocks` says, with its figures."""
    return _page(", ".join(report.name for report in reports), report_blocks(reports))


def html_comparison(comparison: Comparison) -> str:
    """A comparison with its figure; the rows that changed are folded."""
    return _page(f"{comparison.left} against {comparison.right}", comparison_blocks(comparison))


def _page(title: str, blocks: Iterable[Block]) -> str:
    style = _read("page.css")
    page = _template().render(
        title=title,
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        blocks=[_shown(block) for block in blocks],
    )
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", page)


def _shown(block: Block) -> _Shown:
    kind = type(block).__name__
    match block:
        case Figure(svg=svg):
            return _Shown(kind, block, svg=Markup(svg))  # noqa: S704 - our own figures escape their texts
        case Table(head=head, rows=rows):
            columns = range(len(head))
            numeric = (all(_NUMBER.fullmatch(row[column]) or not row[column] for row in rows) for column in columns)
            return _Shown(kind, block, numeric=tuple(numeric))
        case _:
            return _Shown(kind, block)


@functools.cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_read("page.html"))


def _read(name: str) -> str:
    return resources.files("codedance.bench.reports").joinpath(name).read_text(encoding="utf-8").strip()
