"""The trace page in a real browser: keys, links, themes, phones, and hostile texts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from codedance.imaging import Picture
from codedance.schema import Score, Term
from codedance.viewer import Place, Standing, trace_page, write_trace_page
from tests.viewer.conftest import Open, Visit
from tests.viewer.samples import HOSTILE, answered, cell, failed, hostile, noise, part, told

pytestmark = pytest.mark.slow

CROP = "w, h = input_image.size\ninput_image.crop((w // 2, 10, w // 2 + 40, 40))"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything on it."""
    picture = noise()
    crop = part(picture, (100, 10, 140, 40))
    turns = (
        failed("boxes[0]"),
        cell(CROP, crop, stdout="done\n"),
        cell("input_image.crop((0, 0, 30, 30)); 1"),
        answered("3"),
    )
    score = Score(
        trajectory_id="sample/1#0",
        correct=True,
        terms={"accuracy": Term(value=1.0), "tools": Term(value=0.3, weight=1.5, note="2 of 3 calls")},
        turn_credit=(-0.4, 0.2, 0.2, 0.0),
    )
    page = trace_page(
        told(*turns, picture=picture),
        {one.ref.sha256: one for one in (picture, crop)},
        score=score,
        standing=Standing(attempts=8, accuracy=0.5, d=0.3, advantage=0.71),
        place=Place(index="index.html", next="next.html", position="trajectory 1", name="a run"),
    )
    folder = tmp_path_factory.mktemp("page")
    for name in ("index.html", "next.html"):
        (folder / name).write_text(f"<title>{name}</title>")
    (folder / "trace.html").write_text(page)
    return folder / "trace.html"


def at(visit: Visit) -> str:
    return str(visit.evaluate("document.activeElement.id"))


def test_it_opens_from_disk_asks_for_nothing_and_complains_of_nothing(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    assert visit.requests == [whole.as_uri()]
    assert visit.faults == []
    assert visit.page.title() == "How many are there? · CodeDance"
    assert visit.evaluate("Array.from(document.images).every((one) => one.naturalWidth > 0)")


def test_keys_go_from_turn_to_turn_and_stop_at_both_ends(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    seen = []
    for key in ("j", "ArrowRight", "j", "j", "j", "k", "ArrowLeft", "k", "k"):
        visit.page.keyboard.press(key)
        seen.append(at(visit))
    assert seen == [f"turn-{number}" for number in (1, 2, 3, 4, 4, 3, 2, 1, 1)]
    assert visit.page.url.endswith("#turn-1")


def test_an_arrow_within_code_scrolls_the_code(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    visit.page.locator("#turn-2 pre").first.focus()
    visit.page.keyboard.press("ArrowRight")
    assert at(visit) == ""
    assert "#" not in visit.page.url


def test_keys_go_to_the_next_trajectory_and_to_the_table(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    visit.page.keyboard.press("p")
    assert visit.page.url == whole.as_uri()  # there is none before
    visit.page.keyboard.press("n")
    visit.page.wait_for_url("**/next.html")
    visit.page.go_back()
    visit.page.keyboard.press("u")
    visit.page.wait_for_url("**/index.html")


def test_single_keys_can_be_turned_off_and_stay_so(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    visit.page.keyboard.press("?")
    assert visit.page.locator("#keys").is_visible()
    visit.page.locator("#keys-on").uncheck()
    visit.page.keyboard.press("Escape")
    assert visit.page.locator("#keys").is_hidden()
    visit.page.keyboard.press("j")
    assert at(visit) == ""
    for _ in range(5):  # the browser puts down what a page stores in its own time
        visit.page.reload()
        if not visit.page.locator("#keys-on").is_checked():
            break
    visit.page.keyboard.press("j")
    assert at(visit) == ""
    visit.page.keyboard.press("ArrowRight")
    assert at(visit) == "turn-1"


def test_a_link_to_a_turn_shows_that_turn(open_page: Open, whole: Path) -> None:
    visit = open_page(f"{whole.as_uri()}#turn-4")
    assert at(visit) == "turn-4"
    box = visit.page.locator("#turn-4").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 800


def test_a_picture_is_enlarged_with_its_boxes_and_focus_comes_back(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    button = visit.page.get_by_role("button", name="Enlarge input")
    button.focus()
    visit.page.keyboard.press("Enter")
    large = visit.page.get_by_role("dialog", name="Enlarged picture")
    assert large.locator("img").get_attribute("alt") == button.locator("img").get_attribute("alt")
    assert large.locator(".mark").count() == 2
    visit.page.keyboard.press("Escape")
    assert large.is_hidden()
    assert visit.evaluate("document.activeElement.matches('.input .zoom')")


def test_the_boxes_of_the_turn_that_is_looked_at_stand_out(open_page: Open, whole: Path) -> None:
    visit = open_page(f"{whole.as_uri()}#turn-2")
    rect = visit.page.locator(".mark.on rect").last
    assert [float(rect.get_attribute(name) or 0) for name in ("x", "y", "width", "height")] == [100, 10, 40, 30]
    visit.page.keyboard.press("j")
    assert visit.page.locator(".mark.on").get_attribute("data-turn") == "3"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(open_page: Open, whole: Path, scheme: Literal["light", "dark"]) -> None:
    visit = open_page(whole, scheme=scheme)
    visit.page.locator("summary").last.click()
    assert visit.pale_texts() == []


def test_the_theme_follows_the_system_until_it_is_chosen(open_page: Open, whole: Path) -> None:
    visit = open_page(whole, scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = visit.evaluate(ground)
    visit.page.get_by_role("button", name="Switch between light and dark").click()
    light = visit.evaluate(ground)
    assert dark != light
    visit.page.reload()
    assert visit.evaluate(ground) == light
    visit.page.keyboard.press("t")
    assert visit.evaluate(ground) == dark


def test_a_phone_shows_all_of_it_without_scrolling_sideways(open_page: Open, whole: Path) -> None:
    visit = open_page(whole, width=360, height=740)
    assert visit.overflow() <= 0
    small = visit.evaluate(
        "Array.from(document.querySelectorAll('header.bar button, header.bar .button, .zoom'))"
        ".filter((one) => one.getBoundingClientRect().width < 24 || one.getBoundingClientRect().height < 24).length"
    )
    assert small == 0


def test_everything_has_a_name_and_the_first_stop_skips_to_the_content(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    unnamed = (
        "Array.from(document.querySelectorAll('button, a, img, input, select, meter, [role=region]')).filter((one) => "
        "!one.closest('dialog') && !one.getAttribute('aria-label') && !one.alt && !one.textContent.trim()).length"
    )
    assert visit.evaluate(unnamed) == 0
    assert visit.evaluate(
        "new Set(Array.from(document.querySelectorAll('[id]'), (one) => one.id)).size"
    ) == visit.evaluate("document.querySelectorAll('[id]').length")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    assert at(visit) == "content"


def test_code_is_copied_or_at_least_selected(open_page: Open, whole: Path) -> None:
    visit = open_page(whole)
    button = visit.page.get_by_role("button", name="Copy the code of turn 2")
    button.click()
    visit.page.wait_for_function("document.getElementById('said').textContent !== ''")
    if "selected" in str(visit.page.locator("#said").text_content()):
        assert str(visit.evaluate("String(getSelection())")).strip() == CROP


def test_nothing_that_a_model_says_runs_loads_or_hides(open_page: Open, tmp_path: Path) -> None:
    picture = noise(24, 24)
    told_all = hostile("\n".join(HOSTILE), picture)
    turns = [turn for text in HOSTILE for turn in hostile(text, picture).turns]
    page = tmp_path / "trace.html"
    write_trace_page(
        page, told_all.model_copy(update={"turns": (*told_all.turns, *turns)}), {picture.ref.sha256: picture}
    )
    visit = open_page(page)
    visit.page.locator(".zoom").first.click()
    visit.page.keyboard.press("Escape")
    visit.page.keyboard.press("j")
    assert at(visit) == "turn-1"
    assert visit.dialogs == []
    assert visit.requests == [page.as_uri()]
    assert visit.faults == []
    assert visit.evaluate("window.hurt") is None
    assert visit.page.locator("article").count() == 4 + len(turns)
    assert visit.page.locator("article").last.is_visible()
    assert visit.evaluate("document.querySelectorAll('iframe, base, object, embed, script').length") == 2  # its own two
    assert visit.evaluate("Array.from(document.links).every((one) => one.hash && one.protocol === 'file:')")
    assert visit.overflow() <= 0


def test_a_huge_page_stays_quick(open_page: Open, tmp_path: Path) -> None:
    picture = noise(24, 24)
    turns = [cell("x = 1\n" * 5_000, stdout="y" * 300_000 + "\n")] * 8
    write_trace_page(tmp_path / "trace.html", told(*turns, picture=picture), {})
    visit = open_page(tmp_path / "trace.html")
    assert "100,000 more characters" in str(visit.page.locator("pre.out").first.text_content())
    visit.page.keyboard.press("j")
    assert at(visit) == "turn-1"
    assert visit.overflow() <= 0


def test_the_page_prints_what_a_missing_picture_was(open_page: Open, tmp_path: Path, picture: Picture) -> None:
    write_trace_page(tmp_path / "trace.html", told(answered("3"), picture=picture), {})
    visit = open_page(tmp_path / "trace.html")
    assert "picture missing" in str(visit.page.locator(".input").text_content())
    assert "64\u00d748" in str(visit.page.locator(".input").text_content())
