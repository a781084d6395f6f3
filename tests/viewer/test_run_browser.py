"""The run browser in a real browser: filters, search, keys, live growth, themes, phones, and hostile texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from codedance.imaging import Picture
from tests.viewer.conftest import Open, Visit
from tests.viewer.run_server import make_runs, serving, wait_for
from tests.viewer.samples import noise
from tests.viewer.written_runs import attempt, write_run

pytestmark = pytest.mark.slow

HOSTILE_RUN = "hostile%20%3Cscript%3Ewindow.hit%3D1%3C"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browsed") / "runs"


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    make_runs(root, noise(40, 30))
    with serving(root) as where:
        wait_for(where, "runs", "mixed")
        yield where


def names(visit: Visit) -> list[str]:
    """The trajectories in the table."""
    found = visit.evaluate("Array.from(document.querySelectorAll('.rows .main .tag')).map((one) => one.textContent)")
    return [text.partition("#")[0].rpartition("/")[2] for text in found]


def test_filter_search_and_sort_change_the_table_and_the_address(open_page: Open, address: str) -> None:
    visit = open_page(f"{address}/trajectories?run=mixed")
    page = visit.page
    assert names(visit) == ["0", "1", "2", "3", "4", "5"]
    page.select_option("select[name=verdict]", "right")
    expect(page.locator(".rows tbody tr")).to_have_count(3)
    assert page.url.endswith("trajectories?run=mixed&verdict=right")
    page.fill("#search", "zebra")
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    assert page.url.endswith("q=zebra&run=mixed&verdict=right")
    assert page.evaluate("document.activeElement.id") == "search"
    page.go_back()
    expect(page.locator(".rows tbody tr")).to_have_count(3)
    page.click(".rows th a:text('tokens')")
    expect(page.locator("th[aria-sort=descending]")).to_have_text("tokens ▼")
    assert names(visit) == ["2", "5", "0"]
    page.reload()
    assert names(visit) == ["2", "5", "0"]
    assert visit.faults == []


def test_keys_search_walk_open_and_come_back(open_page: Open, address: str) -> None:
    visit = open_page(f"{address}/trajectories?run=mixed")
    page = visit.page
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert visit.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("jk")
    page.wait_for_url("**q=jk*")
    assert page.input_value("#search") == "jk"
    page.fill("#search", "")
    page.wait_for_url("**/trajectories?run=mixed")
    expect(page.locator(".rows tbody tr")).to_have_count(6)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trajectory?*made%2F1*")
    assert "2 of 6" in page.inner_text(".bar")
    page.go_back()
    page.keyboard.press("g")
    page.wait_for_url("**/groups?run=mixed")
    assert visit.faults == []


def test_rows_appear_while_another_process_writes(open_page: Open, address: str, root: Path) -> None:
    write_run(root / "growing", [attempt(0)])
    wait_for(address, "runs", "growing")
    visit = open_page(f"{address}/trajectories?run=growing&sort=turns")
    page = visit.page
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    page.evaluate("window.same = true")
    write_run(root / "growing", [attempt(1), attempt(2, code=["1"])])
    expect(page.locator(".rows tbody tr")).to_have_count(3)
    assert visit.evaluate("window.same")
    page.keyboard.press("j")
    write_run(root / "growing", [attempt(3)])
    expect(page.locator(".rows tbody tr")).to_have_count(4)
    assert visit.evaluate("document.activeElement.textContent") == "How many circles?"
    assert visit.faults == []


@pytest.mark.parametrize(
    "path",
    [
        "runs", "trajectory?of=judged&id=made%2F0%230", "trajectories?q=evil",
        f"trajectories?run={HOSTILE_RUN}", f"groups?run={HOSTILE_RUN}",
        f"plots?run={HOSTILE_RUN}", f"compare?left=mixed&right={HOSTILE_RUN}", "group", "trajectory",
    ],
)  # fmt: skip
def test_no_hostile_text_runs_anywhere(open_page: Open, address: str, path: str) -> None:
    visit = open_page(f"{address}/{path if '?' in path or path == 'runs' else f'trajectories?run={HOSTILE_RUN}'}")
    page = visit.page
    if path == "trajectory":
        page.click("[data-row]")
        page.wait_for_selector("text=<script>window.hit=1</script>")
    if path == "group":
        page.goto(f"{address}/groups?run={HOSTILE_RUN}")
        page.click("[data-row]")
        page.wait_for_selector(".attempt")
    assert "hit=1" in page.content()
    assert visit.evaluate("window.hit") is None
    assert visit.evaluate("document.querySelectorAll('img[onerror], img[src=x]').length") == 0
    assert visit.dialogs == []
    assert visit.faults == []
    assert all(one.startswith(address) for one in visit.requests)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_is_wider_than_the_window_has_a_shade_at_the_edge_that_hides_something(
    open_page: Open, address: str, scheme: Literal["light", "dark"]
) -> None:
    visit = open_page(f"{address}/trajectories?run=mixed", scheme=scheme, width=800)
    visit.evaluate("document.querySelector('table.rows').style.cssText = 'min-width: 1200px; visibility: hidden'")
    shaded = [shades(visit, share) for share in (0, 0.5, 1)]
    assert shaded == [(False, True), (True, True), (True, False)]


def shades(visit: Visit, share: float) -> tuple[bool, bool]:
    """Whether the left and the right edge differ from the ground once the table is scrolled to a share of its way."""
    table = visit.page.locator("div.scroll")
    table.evaluate("(at, share) => { at.scrollLeft = share * (at.scrollWidth - at.clientWidth); }", share)
    image = Picture.from_bytes(table.screenshot()).to_image().convert("L")
    begin = image.height // 2 * image.width
    row = image.tobytes()[begin : begin + image.width]
    ground = row[len(row) // 2]
    return abs(row[0] - ground) > 12, abs(row[-1] - ground) > 12


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_and_can_be_read_by_day_and_by_night(
    open_page: Open, address: str, scheme: Literal["light", "dark"], width: int
) -> None:
    for path in ("runs", "trajectories?run=mixed&q=crop", "group?of=group&task=group/1", "compare", "plots?run=mixed"):
        visit = open_page(f"{address}/{path}", scheme=scheme, width=width)
        assert visit.overflow() <= 0, path
        assert visit.pale_texts() == [], path
        assert visit.faults == [], path
