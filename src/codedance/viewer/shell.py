"""What all pages share: the frame with its theme, a policy that runs no script but its own, text made safe to show.

A page is a Jinja template that extends ``base.html`` and fills its blocks: ``title``, ``bar`` and ``tools`` (in the
line at the top), ``main``, ``after``. Everything that a template is given is escaped.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from codedance.store.pages import asset_text, visible

__all__ = ["LOGO", "Policy", "highlighted", "read_asset", "render_page", "visible"]

_PACKAGE = "codedance.viewer"
_LONGEST_HIGHLIGHTED = 20_000
"""Characters of code; what is longer is shown without colours, for every token is an element of the page."""

LOGO = Markup(
    '<svg viewBox="0 0 16 16" aria-hidden="true"><rect x="1" y="1" width="14" height="14" rx="4" fill="#4a5bd4"/>'
    '<path d="M6 5 3.5 8 6 11M10 5l2.5 3L10 11" fill="none" stroke="#fff" stroke-width="1.5" stroke-linecap="round" '
    'stroke-linejoin="round"/><circle cx="8" cy="8" r="1.1" fill="#ffd166"/></svg>'
)
"""The program's sign, for the line at the top."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a page may load, as sources of a Content-Security-Policy; scripts and styles are always the page's own.

    >>> "img-src data: 'self'" in Policy(images=("'self'",)).text(styles=(), scripts=())
    True
    """

    images: tuple[str, ...] = ()
    """Beside ``data:`` URLs."""
    connect: tuple[str, ...] = ()
    """What its script may ask."""
    forms: tuple[str, ...] = ()

    def text(self, *, styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
        """The policy of a page with these contents of ``<style>`` and ``<script>`` elements.

        Raises:
            ValueError: a source holds what would end the policy or the attribute that it stands in.
        """
        if any(re.search(r"[\s\"<>;,]", one) for one in (*self.images, *self.connect, *self.forms)):
            raise ValueError("a source of a content policy holds no spaces, quotation marks, commas or semicolons")
        return "; ".join(
            f"{name} {' '.join(sources) or none}"
            for name, sources in (
                ("default-src", ()),
                ("img-src", ("data:", *self.images)),
                ("style-src", tuple(_source(text) for text in styles)),
                ("script-src", tuple(_source(text) for text in scripts)),
                ("connect-src", self.connect),
                ("base-uri", ()),
                ("form-action", self.forms),
            )
            for none in ("'none'",)
        )


def render_page(
    template: str, values: Mapping[str, object], *, style: str = "", script: str = "", policy: Policy | None = None
) -> str:
    """A whole page.

    Args:
        template: Jinja text that extends ``base.html``; one of few, for it is kept in its compiled form.
        values: what it shows; escaped unless they are :class:`markupsafe.Markup`.
        style: CSS behind the theme's; no part of it may come from outside.
        script: run when the page has been read; likewise.
        policy: what the page may load; nothing if not given.
    """
    style = f"{read_asset('theme.css')}\n{style}".strip()
    theme = read_asset("theme.js")
    scripts = tuple(one for one in (theme, script) if one)
    icon = str(LOGO).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    return _compiled(template).render(
        {
            **values,
            "policy": Markup((policy or Policy()).text(styles=(style,), scripts=scripts)),  # noqa: S704 - checked
            "style": Markup(style),  # noqa: S704 - our own files
            "theme_script": Markup(theme),  # noqa: S704 - our own file
            "script": Markup(script),  # noqa: S704 - our own file
            "logo": LOGO,
            "icon": f"data:image/svg+xml;base64,{base64.b64encode(icon.encode()).decode()}",
        }
    )


def highlighted(code: str) -> Markup:
    """Python code in coloured pieces, for an element of the class ``hl``; safe to show whatever it holds."""
    if len(code) > _LONGEST_HIGHLIGHTED:
        return Markup.escape(visible(code))
    return Markup(highlight(visible(code), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)))  # noqa: S704 - pygments escapes


def read_asset(name: str, *, package: str = _PACKAGE) -> str:
    """A template, style or script that lies beside the modules of a package."""
    return asset_text(package, name)


@functools.cache
def _compiled(template: str) -> Template:
    """Compiling takes a hundred times as long as filling in."""
    return _environment().from_string(template)


@functools.cache
def _environment() -> Environment:
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: read_asset(name) if name == "base.html" else None),
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
