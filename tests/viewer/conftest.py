"""A real browser for the tests of pages: one Chromium for each module, and pages that are watched while they load.

Playwright keeps an event loop running in the thread that uses it, so a module that opens pages can run no ``anyio`` of
its own after that: make what is shown before, in another process, or in a thread.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Request, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Visit:
    """An open page, and what it did beside showing itself."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """Addresses that were asked for, without ``data:``."""
    dialogs: list[str] = field(default_factory=list)
    """What ``alert`` and its like said."""
    faults: list[str] = field(default_factory=list)
    """Errors of scripts, and what the console complained of; also what a policy blocked."""

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever the script returns
        """The value of a JavaScript expression in the page."""
        return self.page.evaluate(script)

    def overflow(self) -> float:
        """Pixels by which the page is wider than the window."""
        return float(self.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth"))

    def pale_texts(self, *, least: float = 4.5) -> list[str]:
        """Texts that stand out less from their ground than they should, with their contrast."""
        return [f"{one['ratio']:.2f} {one['text']!r}" for one in self.evaluate(_CONTRASTS) if one["ratio"] < least]


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium here: make browser, or apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens addresses or files: ``open_page(url, scheme="dark", width=390, height=844)``."""
    visits = []

    def opened(
        place: str | Path, *, scheme: Literal["light", "dark"] = "light", width: int = 1280, height: int = 900
    ) -> Visit:
        # A context of its own: nothing that an earlier page stored is there.
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        page.set_default_timeout(20_000)
        visit = Visit(page)
        visits.append(visit)

        def asked(request: Request) -> None:
            if not request.url.startswith("data:"):
                visit.requests.append(request.url)

        def told(dialog: Dialog) -> None:
            visit.dialogs.append(dialog.message)
            dialog.dismiss()

        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                visit.faults.append(message.text)

        def failed(error: Error) -> None:
            visit.faults.append(error.message)

        page.on("request", asked)
        page.on("dialog", told)
        page.on("console", said)
        page.on("pageerror", failed)
        page.goto(place.resolve().as_uri() if isinstance(place, Path) else place)
        return visit

    yield opened
    for visit in visits:
        visit.page.close()


_CONTRASTS = """
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const pixel = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return Array.from(canvas.getImageData(0, 0, 1, 1).data).slice(0, 3);
  };
  const light = (rgb) => {
    const linear = (one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = rgb.map((one) => linear(one / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement;
    if (!node.data.trim() || !owner.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (owner.closest("script, style, svg, option, .unseen, .skip, :disabled, [aria-disabled=true]")) continue;
    const grounds = [];
    for (let at = owner; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
    const ground = pixel(["canvas", ...grounds]), ink = pixel(["canvas", ...grounds, getComputedStyle(owner).color]);
    const [a, b] = [light(ground), light(ink)].sort((x, y) => y - x);
    found.push({ ratio: (a + 0.05) / (b + 0.05), text: node.data.trim().slice(0, 40) });
  }
  return found;
})()
"""
