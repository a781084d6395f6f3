"""The report of a study as one page that loads nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from codedance.analysis.tables import Section
from codedance.study.claims import Verdict
from codedance.viewer.shell import read_asset, render_page

__all__ = ["study_page"]

_BADGES = {
    Verdict.HOLDS.value: "good",
    Verdict.FAILS.value: "bad",
    Verdict.OPEN.value: "warn",
    Verdict.UNTESTED.value: "",
}
_PACKAGE = "codedance.study"


def study_page(title: str, sections: Sequence[Section], figures: Mapping[str, bytes]) -> str:
    """The sections with their figures (SVG by file name) inside.

    Pictures stand in ``img`` elements: no style and no script of theirs is the page's.
    """
    values = {
        "title": title,
        "sections": list(sections),
        "figures": {name: base64.b64encode(data).decode() for name, data in figures.items()},
        "badges": _BADGES,
    }
    template, style = read_asset("page.html", package=_PACKAGE), read_asset("page.css", package=_PACKAGE)
    return render_page(template, values, style=style)
