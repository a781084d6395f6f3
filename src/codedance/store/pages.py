"""Pieces of the self-contained pages that several rooms write: foreign text made visible, templates that escape."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["asset_text", "page_template", "visible"]

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: str, *, longest: int | None = None) -> str:
    r"""Control characters, bidirectional overrides and lone surrogates in a visible form; the end of long text cut.

    >>> print(visible("a\x1b[31m\u202eb"))
    a\u001b[31m\u202eb
    >>> visible("a long story", longest=6)
    'a long …'
    """
    if longest is not None and len(text) > longest:
        text = f"{text[:longest]} …"
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text.replace("\r\n", "\n"))


@functools.cache
def asset_text(package: str, name: str) -> str:
    """A template, style or script that lies beside the modules of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8").strip()


@functools.cache
def page_template(package: str, name: str) -> Template:
    """A template of a package, compiled: whatever is filled in is escaped, a name that was forgotten is an error."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(asset_text(package, name))
