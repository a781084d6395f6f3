"""The documentation as a site: it builds without a warning, its links lead somewhere, no page needs a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


class _Found(HTMLParser):
    """What a page refers to, what it loads, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a":
            self.links += [given["href"]] if "href" in given else []
        else:
            self.loaded += [given[name] for name in ("src", "href", "srcset", "poster", "data") if given.get(name)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it, with every proxy of the network closed."""
    folder = tmp_path_factory.mktemp("site")
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    program = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(
        program,
        cwd=ROOT,
        env={**os.environ, **closed, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Found]:
    found = {}
    for path in site.rglob("*.html"):
        found[path] = _Found()
        found[path].feed(path.read_text(encoding="utf-8"))
    return found


# The fixture builds the site, which takes a minute on a busy machine.
@pytest.mark.timeout(500)
def test_every_link_within_the_site_leads_to_a_page_and_a_place_in_it(site: Path, pages: dict[Path, _Found]) -> None:
    broken = []
    for path, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            # The page of errors is served at any address, so its links begin at the root.
            base = site if parts.path.startswith("/") else path.parent
            target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            there = target.exists() and (
                not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].places
            )
            broken += [] if there else [f"{path.relative_to(site)}: {link}"]
    assert len(pages) > 50
    assert broken == []


@pytest.mark.timeout(500)
def test_no_page_loads_anything_from_a_network(site: Path, pages: dict[Path, _Found]) -> None:
    foreign = [f"{path.name}: {one}" for path, found in pages.items() for one in found.loaded if _is_foreign(one)]
    styles = [
        f"{path.name}: {one}"
        for path in site.rglob("*.css")
        for one in re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')]+)", path.read_text(encoding="utf-8"))
        if _is_foreign(one)
    ]
    assert foreign + styles == []


@pytest.mark.timeout(500)
def test_the_reference_is_made_from_the_program(site: Path) -> None:
    pages = {
        name: (site / "reference" / name).read_text(encoding="utf-8") for name in ("settings.html", "formats.html")
    }
    assert "reward.turn_weight" in pages["settings.html"]
    assert "trajectories.jsonl" in pages["formats.html"]
    grpo = (site / "reference" / "commands" / "train.html").read_text(encoding="utf-8")
    assert "codedance train grpo" in grpo
    assert "--dry-run" in grpo
    assert "run_episode" in (site / "reference" / "api" / "episode.html").read_text(encoding="utf-8")
    assert (site / "reference" / "schemas" / "trajectories.schema.json").exists()


def _is_foreign(address: str) -> bool:
    return bool(urlsplit(address).netloc) and not address.startswith("data:")
