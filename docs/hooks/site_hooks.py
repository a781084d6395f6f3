"""What MkDocs asks while it builds the site: pages that are made from the program, and links that leave ``docs/``.

The pages of the reference are never files of the repository, so they cannot be stale.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from command_pages import command_pages
from record_pages import format_pages, settings_page

__all__ = ["on_config", "on_files", "on_page_markdown"]

OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "LICENSE": "license.md",
    "SECURITY.md": "security.md",
    "src/codedance/models/nano/checkpoint/README.md": "reference/model-card.md",
}
"""Pages of the repository that lie elsewhere, and where they stand in the site."""
_LINK = re.compile(r"(?<=\]\()([^)#\s]+)")
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.S)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the commands and the design notes, as many as there are, into the navigation."""
    notes = {_title(path): f"design/{path.name}" for path in sorted(Path(config.docs_dir, "design").glob("*.md"))}
    pages = [name for name in command_pages() if not name.endswith("/index.md")]
    commands = {posixpath.basename(name).removesuffix(".md"): name for name in pages}
    folders: dict[str, list[Any]] = {
        "design/": [{title: name} for title, name in notes.items()],
        "reference/commands/": ["reference/commands/index.md", *({title: name} for title, name in commands.items())],
    }
    config.nav = _expanded(config.nav, folders)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated, and the pages that lie outside ``docs/``."""
    made = {"reference/settings.md": settings_page(), **command_pages(), **format_pages()}
    root = Path(config.config_file_path).parent
    for source, target in OUTSIDE.items():
        text = (root / source).read_text(encoding="utf-8")
        # A model card begins with fields for the hub; the licence is no Markdown.
        made[target] = _FRONT.sub("", text) if source.endswith(".md") else f"# Licence\n\n```text\n{text}```\n"
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files of the repository to where the site has them; MkDocs then refuses those that lead nowhere."""
    site = {target: source for source, target in OUTSIDE.items()}
    here = posixpath.dirname(site.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def led(match: re.Match[str]) -> str:
        link = match[1]
        if ":" in link:
            return link
        path = posixpath.normpath(posixpath.join(here, link))
        target = OUTSIDE.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
        if target is None or files.get_file_from_path(target) is None:
            return link
        return posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or ".")

    return _LINK.sub(led, markdown)


def _expanded(nav: Any, folders: dict[str, list[Any]]) -> Any:  # noqa: ANN401 - as YAML has it
    if isinstance(nav, list):
        return [_expanded(one, folders) for one in nav]
    if isinstance(nav, dict):
        return {title: _expanded(one, folders) for title, one in nav.items()}
    return folders.get(nav, nav)


def _title(path: Path) -> str:
    """What a design note is about: its heading without its number and what follows the colon."""
    heading = path.read_text(encoding="utf-8").splitlines()[0]
    return re.sub(r"^# \d+ ", "", heading).partition(":")[0]
