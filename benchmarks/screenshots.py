"""The pictures of the pages in the documentation: real runs of the embedded model and of the oracles, photographed.

    python benchmarks/screenshots.py --out docs/images

Needs the extra ``dev`` and a Chromium (``make browser``). Nothing is downloaded; runs are made in a temporary folder.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to take."""

    name: str
    page: Path | str
    """A file, or the address of a page that is served."""
    at: str = ""
    """The part of the address behind ``#``."""
    scheme: Literal["light", "dark"] = "light"
    width: int = 1280
    height: int = 860


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs, then the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="where the pictures go")
    out: Path = parser.parse_args(arguments).out
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        parser.error("there is no Chromium here: make browser, or apt-get install chromium")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        _make(Path(folder))
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        with _served(Path(folder)) as address:
            for shot in [*_shots(Path(folder)), *_live(address)]:
                _shoot(started, shot, out)
                print(out / f"{shot.name}.png")
        started.close()


def _make(folder: Path) -> None:
    """Make runs of the embedded model and of an oracle, and their pages."""
    example = Path(__file__).parents[1] / "examples" / "cards.png"
    _command("ask", str(example), "-q", "What digit is on the red card?", "--out", str(folder / "ask"))
    slips = ("--family", "scenes", "--difficulty", "hard", "--seed", "3")
    _command("worlds", "show", *slips, "--out", str(folder / "shown"))
    names = ("worlds/counting/hard", "worlds/search/hard", "worlds/charts/easy")
    _command("eval", *names, "--limit", "4", "--max-turns", "3", "--out", str(folder / "worlds"))
    _command("view", str(folder / "worlds"), "-o", str(folder / "site"))


def _shots(folder: Path) -> list[Shot]:
    """Which pictures are taken of what was made there."""
    trace, (shown, *_) = folder / "ask" / "trace.html", sorted((folder / "shown").glob("*.html"))
    index = folder / "site" / "index.html"
    return [
        Shot("trace", trace, at="turn-1"),
        Shot("trace-dark", shown, at="turn-1", scheme="dark"),
        Shot("trace-phone", trace, width=390, height=844),
        Shot("site", index),
        Shot("site-dark", index, scheme="dark"),
    ]


def _live(address: str) -> list[Shot]:
    """The run browser over all of these runs."""
    return [
        Shot("run-browser", f"{address}trajectories?run=worlds&q=print"),
        Shot("run-browser-plots", f"{address}plots?run=worlds", scheme="dark"),
        Shot("run-browser-phone", f"{address}trajectories?run=worlds", width=390, height=844),
    ]


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The address of ``codedance view`` over a folder."""
    program = [sys.executable, "-m", "codedance.cli.app", "view", str(folder), "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().removeprefix("runs: ").strip()
        finally:
            server.terminate()


def _command(*words: str) -> None:
    program = [sys.executable, "-m", "codedance.cli.app", *words]
    result = subprocess.run(program, capture_output=True, text=True)
    if result.returncode not in (0, 3):  # 3: an episode without an answer, which has its page too
        sys.exit(f"codedance {' '.join(words)} failed:\n{result.stderr}")


def _shoot(browser: Browser, shot: Shot, out: Path) -> None:
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    address = shot.page if isinstance(shot.page, str) else shot.page.resolve().as_uri()
    page.goto(address + (f"#{shot.at}" if shot.at else ""))
    if isinstance(shot.page, str):  # it shows its rows once the index has them
        page.wait_for_selector(".rows, .charts")
    page.wait_for_function("Array.from(document.images).every((one) => one.complete)")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")  # the marks of the turn stay, its ring goes
    page.screenshot(path=out / f"{shot.name}.png")
    page.close()


if __name__ == "__main__":
    main()
