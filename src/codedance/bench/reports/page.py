"""A report as one self-contained page: it loads nothing, runs no script, and escapes whatever models and files say."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from codedance.bench.reports.blocks import Block, Figure, Table
from codedance.bench.reports.comparison import Comparison
from codedance.bench.reports.content import comparison_blocks, report_blocks
from codedance.bench.reports.summary import RunReport
from codedance.store.pages import asset_text, page_template, visible

__all__ = ["html_comparison", "html_page"]

_PACKAGE = "codedance.bench.reports"

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
    style = asset_text(_PACKAGE, "page.css")
    page = page_template(_PACKAGE, "page.html").render(
        title=title,
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        blocks=[_shown(block) for block in blocks],
    )
    return visible(page)


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
