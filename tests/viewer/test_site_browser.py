"""The site of a run in a real browser, from disk: filters, order, pages, keys, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from codedance.schema import Turn
from codedance.store import Manifest, RunFolder
from codedance.viewer.site import reference_verdict, write_site
from tests.viewer.conftest import Open, Visit
from tests.viewer.samples import HOSTILE, answered, cell, failed, hostile, noise, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 trajectories; every third is wrong, every fourth ran failing code; the last says hostile things."""
    folder = tmp_path_factory.mktemp("site")
    run = RunFolder.create(folder / "run", Manifest(kind="eval", settings={"model": "scripted"}))
    picture = noise(60, 40)
    for number in range(1, 120):
        first: Turn = failed("x") if number % 4 == 0 else cell("y")
        said = "4" if number % 3 == 0 else "3"
        run.add(
            told(first, answered(said), picture=picture, name=f"row/{number}", answer=said),
            {picture.ref.sha256: picture},
        )
    run.add(hostile("\n".join(HOSTILE), picture), {picture.ref.sha256: picture})
    write_site(run, folder / "site", verdict=lambda one: reference_verdict(one, run))
    return folder / "site" / "index.html"


def shown(visit: Visit) -> list[str]:
    return [row.strip() for row in visit.page.locator("#rows td.n").all_text_contents()]


def test_filters_search_order_and_pages_work_together_and_are_kept_in_the_address(open_page: Open, site: Path) -> None:
    visit = open_page(site)
    assert len(shown(visit)) == 50
    visit.page.get_by_label("Verdict").select_option("wrong")
    visit.page.get_by_label("Use of code").select_option("failed")
    assert shown(visit)[:3] == ["12", "24", "36"]
    visit.page.get_by_role("button", name="#").click()
    assert shown(visit)[:2] == ["108", "96"]
    visit.page.locator("#search").fill("row/9")
    assert shown(visit) == ["96"]
    assert visit.page.locator("#count").text_content() == "1 of 120"
    visit.page.locator("#rows a").first.click()
    visit.page.wait_for_url("**/000096.html")
    visit.page.go_back()
    assert shown(visit) == ["96"]
    visit.page.locator("#search").fill("nothing like it")
    assert visit.page.locator("#none").is_visible()
    visit.page.get_by_role("button", name="Clear").click()
    visit.page.get_by_role("button", name="Next").click()
    visit.page.get_by_role("button", name="Next").click()
    assert shown(visit)[0] == "101"
    assert visit.page.get_by_role("button", name="Next").is_disabled()
    assert visit.faults == []


def test_keys_lead_through_the_run(open_page: Open, site: Path) -> None:
    visit = open_page(site)
    for key in ("j", "j", "k", "j", "Enter"):
        visit.page.keyboard.press(key)
    visit.page.wait_for_url("**/t/000002.html")
    visit.page.keyboard.press("n")
    visit.page.wait_for_url("**/t/000003.html")
    assert visit.evaluate("Array.from(document.images).every((one) => one.naturalWidth > 0)")
    visit.page.keyboard.press("u")
    visit.page.wait_for_url("**/index.html")
    visit.page.keyboard.press("/")
    assert visit.evaluate("document.activeElement.id") == "search"
    assert visit.faults == []


def test_hostile_texts_in_the_table_do_nothing(open_page: Open, site: Path) -> None:
    visit = open_page(f"{site.as_uri()}#page=3&q=%3Cscript%3E&sort=__proto__")
    assert visit.page.locator("#rows tr").count() == 1
    assert visit.dialogs == []
    assert visit.faults == []
    assert visit.evaluate("window.hurt") is None
    assert all(address.startswith(site.parent.as_uri()) for address in visit.requests)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_table_can_be_read_on_a_phone_and_in_both_themes(
    open_page: Open, site: Path, scheme: Literal["light", "dark"]
) -> None:
    visit = open_page(f"{site.as_uri()}#page=3", scheme=scheme, width=360, height=740)
    assert visit.overflow() <= 0
    assert visit.pale_texts() == []
