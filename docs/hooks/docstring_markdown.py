"""Reads our docstrings as Markdown, for the reference of the Python API: roles, examples and literal blocks."""

from __future__ import annotations

import re
from typing import Any

import griffe

from record_pages import plain

__all__ = ["DocstringMarkdown", "as_markdown"]

_EXAMPLE = re.compile(r"^( *)>>> .*(?:\n\1\S.*|\n *(?:\.\.\.|>>>).*|\n\1 +\S.*)*", re.M)


def as_markdown(docstring: str) -> str:
    r"""The docstring with its doctests in fences and without the colons that open a literal block.

    >>> print(as_markdown("Adds::\n\n    a + b"))
    Adds:
    <BLANKLINE>
        a + b
    """
    text = re.sub(r"^(.*)::$", lambda match: f"{match[1]}:" if match[1] else "", docstring, flags=re.M)
    text = plain(text)

    def fenced(match: re.Match[str]) -> str:
        space = match[1]
        return f"{space}```pycon\n{match[0]}\n{space}```"

    return _EXAMPLE.sub(fenced, text)


class DocstringMarkdown(griffe.Extension):
    """Rewrites docstrings as they are read, before mkdocstrings renders them."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:  # noqa: ANN401 - what griffe passes
        """Called once with the package itself, of which no other call tells."""
        if pkg.docstring is not None and "```pycon" not in pkg.docstring.value:
            pkg.docstring.value = as_markdown(pkg.docstring.value)

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:  # noqa: ANN401 - what griffe passes
        """Called for each object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
