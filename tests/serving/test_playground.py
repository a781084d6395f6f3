"""The playground in a real browser: streaming, stopping, looking back, hostile texts, both themes, a phone."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from codedance.imaging import Picture
from codedance.models import load_model
from codedance.models.scripted import ScriptedModel
from codedance.schema import Trajectory
from tests.serving.house import House, PatientModel, Served, reply
from tests.viewer.conftest import Open, Visit

pytestmark = pytest.mark.slow
expect.set_options(timeout=30_000)

HOSTILE = (
    '<script>window.hacked=1;alert(1)</script><img src=x onerror="window.hacked=1"><svg/onload=alert(1)>'
    "</pre></code ></script><a href='javascript:alert(1)'>x</a>\u202e\x1b[31m"
)


@pytest.fixture(scope="module")
def nano(house: House) -> Iterator[Served]:
    """A server with the embedded model."""
    with house.serve(load_model("nano"), ScriptedModel([reply("I know.", answer="3")])) as served:
        yield served


@pytest.fixture
def photo(tmp_path: Path, picture: Picture) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(picture.data)
    return path


def ask(page: Page, question: str, photo: Path | None = None) -> None:
    if photo is not None:
        page.set_input_files("#files", photo)
        expect(page.locator("#pictures img")).to_have_count(1)
    page.fill("#question", question)
    page.keyboard.press("Control+Enter")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def unharmed(visit: Visit, served: Served) -> bool:
    """Nothing ran but our own script, and nobody but our server was asked."""
    asked = [url for url in visit.requests if not url.startswith((served.url, f"blob:{served.url}"))]
    return visit.faults == [] and visit.dialogs == [] and asked == [] and visit.evaluate("window.hacked") is None


def test_an_example_is_answered_by_the_embedded_model_turn_by_turn(open_page: Open, nano: Served) -> None:
    visit = open_page(nano.url)
    page = visit.page
    expect(page.locator(".example")).to_have_count(11)
    expect(page.locator(".larger:visible")).to_have_count(7)
    page.select_option("#model", "scripted")
    expect(page.locator(".larger:visible")).to_have_count(0)
    page.select_option("#model", "nano")
    page.locator(".example", has_text="Which digit does the cyan card show?").click()
    expect(page.locator(".answer-card .badge")).to_have_text("right")
    expect(page.locator(".answer-card .said")).to_have_text("9")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator("#turn-1 .hl")).to_contain_text("ImageColor.getrgb('cyan')")
    expect(page.locator("#turn-1 .hl .kn, #turn-1 .hl .k").first).to_have_text("import")
    expect(page.locator("#turn-1 .shown img")).to_have_count(1)
    assert visit.evaluate("document.querySelector('#turn-1 .shown img').naturalWidth") > 40
    expect(page.locator("#live")).to_have_text("Answer: 9")
    assert visit.evaluate("document.activeElement.className").startswith("answer-card")
    assert unharmed(visit, nano)


def test_what_the_model_writes_is_seen_while_it_writes_and_can_be_stopped(
    open_page: Open, house: House, photo: Path
) -> None:
    model = PatientModel()
    with house.serve(model) as served:
        visit = open_page(served.url)
        ask(visit.page, "How many?", photo)
        expect(visit.page.locator("#turn-1 .thought")).to_have_text("I wait")
        expect(visit.page.locator(".state")).to_contain_text("turn 1: thinking")
        assert model.begun == 1
        visit.page.keyboard.press("Escape")
        expect(visit.page.locator(".state .badge")).to_have_text("stopped")
        until(lambda: model.cancelled == 1)
        until(lambda: served.service.queue.admitted == 0)
        expect(visit.page.locator("#go")).to_be_visible()
        expect(visit.page.locator("#stop")).to_be_hidden()
        model.go_on = True
        visit.page.locator("#go").click()
        expect(visit.page.locator(".answer-card .said")).to_have_text("done")
        assert unharmed(visit, served)


def test_no_text_of_anybody_becomes_a_part_of_the_page(open_page: Open, house: House, photo: Path) -> None:
    code = f"print({HOSTILE!r})\nraise ValueError({HOSTILE!r})"
    value = f"class X:\n    def __repr__(self): return {HOSTILE!r}\nX()"
    model = ScriptedModel([reply(HOSTILE, code=code), reply("", code=value), reply("x", answer=HOSTILE)], name=HOSTILE)
    with house.serve(model) as served:
        visit = open_page(served.url)
        evil = photo.with_name("<img src=x onerror=alert(1)>.png")
        evil.write_bytes(photo.read_bytes())
        ask(visit.page, HOSTILE, evil)
        expect(visit.page.locator(".answer-card")).to_be_visible()
        text = visit.page.locator("#run").inner_text()
        assert text.count("<script>window.hacked=1") >= 5
        assert "\u202e" not in text
        assert "\\u202e\\u001b" in text
        assert (
            visit.evaluate(
                "document.querySelectorAll('main script, main svg[onload], main a[href^=javascript]').length"
            )
            == 0
        )
        visit.page.locator(".past").click()
        expect(visit.page.locator(".answer-card")).to_be_visible()
        assert unharmed(visit, served)
        with visit.page.expect_popup() as opened:
            visit.page.get_by_text("Open the trace").click()
        page = opened.value
        page.wait_for_load_state()
        assert "window.hacked=1" in page.inner_text("main")
        assert page.evaluate("window.hacked") is None
        assert page.evaluate("self.origin") == "null"


def test_pictures_are_chosen_dropped_pasted_and_removed(open_page: Open, served: Served, picture: Picture) -> None:
    visit = open_page(served.url)
    page = visit.page
    give = """
        ([kind, data, type]) => {
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], kind + ".png", { type }));
          const how = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
          const event = kind === "drop" ? new DragEvent("drop", how) : new ClipboardEvent("paste", how);
          document.body.dispatchEvent(event);
        }"""
    data = base64.b64encode(picture.data).decode()
    for count, kind in enumerate(("drop", "paste"), start=1):
        page.evaluate(give, [kind, data, "image/png"])
        expect(page.locator("#pictures img")).to_have_count(count)
    expect(page.locator("#pictures .size").first).to_have_text("64×48")
    page.evaluate(give, ["drop", base64.b64encode(b"no picture").decode(), "image/png"])
    expect(page.locator("#problem")).to_contain_text("is not a picture")
    page.get_by_label("Remove drop.png").click()
    expect(page.locator("#pictures img")).to_have_count(1)
    page.locator("#pictures .zoom").click()
    expect(page.locator("#large")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#large")).to_be_hidden()
    assert unharmed(visit, served)


def test_a_question_is_edited_and_asked_again_and_the_session_remembers_both(
    open_page: Open, served: Served, photo: Path
) -> None:
    visit = open_page(served.url)
    page = visit.page
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problem")).to_have_text("Write a question first.")
    ask(page, "How large is it?", photo)
    expect(page.locator(".answer-card .said")).to_have_text("64 x 48 pixels")
    expect(page.locator("#turn-1 .out")).to_have_text("(64, 48)")
    ask(page, "How large is it really?")
    expect(page.locator(".past")).to_have_count(2)
    page.reload()
    expect(page.locator(".past")).to_have_count(2)
    page.locator(".past").nth(1).click()
    expect(page.locator("#run h1")).to_have_text("How large is it?")
    expect(page.locator("#question")).to_have_value("How large is it?")
    expect(page.locator("#turn-1 .shown img")).to_have_count(1)
    expect(page.locator("#pictures img")).to_have_count(1)
    page.get_by_text("Ask again").click()
    expect(page.locator(".past")).to_have_count(3)
    expect(page.locator(".answer-card .said")).to_have_text("64 x 48 pixels")
    page.locator("#run h1").focus()
    for key, turn in (("j", "turn-1"), ("j", "turn-2"), ("j", "turn-2"), ("k", "turn-1")):
        page.keyboard.press(key)
        assert visit.evaluate("document.activeElement.id") == turn
    page.keyboard.press("n")
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator("#pictures img")).to_have_count(0)
    assert unharmed(visit, served)


def test_the_trace_is_downloaded_as_a_page_and_as_json(open_page: Open, served: Served, photo: Path) -> None:
    visit = open_page(served.url)
    ask(visit.page, "How large is it?", photo)
    with visit.page.expect_download() as first:
        visit.page.get_by_text("Download JSON").click()
    told = Trajectory.model_validate_json(first.value.path().read_text(encoding="utf-8"))
    assert (told.task.question, told.answer) == ("How large is it?", "64 x 48 pixels")
    with visit.page.expect_download() as second:
        visit.page.get_by_text("Download HTML").click()
    assert second.value.suggested_filename.endswith(".html")
    assert second.value.path().read_text(encoding="utf-8").startswith("<!doctype html>")


def test_limits_are_chosen_and_what_is_over_them_is_said(open_page: Open, served: Served, photo: Path) -> None:
    visit = open_page(served.url)
    page = visit.page
    page.locator(".limits summary").click()
    page.fill("#turns", "1")
    ask(page, "How large?", photo)
    expect(page.locator(".answer-card .said")).to_have_text("All turns were used without an answer.")
    page.fill("#turns", "99")
    page.locator("#go").click()
    assert visit.evaluate("document.getElementById('turns').validity.rangeOverflow")
    expect(page.locator("#stop")).to_be_hidden()


def test_a_token_is_asked_for_once_and_kept_in_the_tab(open_page: Open, house: House, photo: Path) -> None:
    with house.serve(token="let me in") as served:
        visit = open_page(served.url)
        page = visit.page
        expect(page.locator("#key")).to_be_visible()
        page.fill("#key-value", "wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#key")).to_be_visible()
        page.fill("#key-value", "let me in")
        page.keyboard.press("Enter")
        expect(page.locator(".example")).to_have_count(11)
        ask(page, "How large?", photo)
        expect(page.locator(".answer-card .said")).to_have_text("64 x 48 pixels")
        expect(page.get_by_text("Open the trace")).to_have_count(0)
        assert "let me in" not in json.dumps(visit.requests)


def test_a_server_that_has_gone_and_a_model_that_fails_are_said_plainly(
    open_page: Open, house: House, photo: Path
) -> None:
    with house.serve(ScriptedModel([reply("I look.", code="1 + 1")])) as served:
        visit = open_page(served.url)
        ask(visit.page, "?", photo)
        expect(visit.page.locator("#problem")).to_contain_text("the script ends after 1 reply;")
        expect(visit.page.locator("#turn-1 .ran .badge")).to_have_text("ran")
        expect(visit.page.locator(".state .badge")).to_have_text("failed")
    visit.page.locator("#go").click()
    expect(visit.page.locator("#problem")).to_contain_text("cannot be reached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844), (320, 640)])
def test_both_themes_can_be_read_at_every_width(
    scheme: Literal["light", "dark"], width: int, height: int, open_page: Open, served: Served, photo: Path
) -> None:
    visit = open_page(served.url, scheme=scheme, width=width, height=height)
    expect(visit.page.locator(".example")).to_have_count(11)
    assert visit.overflow() == 0
    assert visit.pale_texts() == []
    ask(visit.page, "How large is it, and what is in the corner of it that one could cut off?", photo)
    expect(visit.page.locator(".answer-card")).to_be_visible()
    assert visit.overflow() == 0
    assert visit.pale_texts() == []
    named = (
        "Array.from(document.querySelectorAll('button, input, select, textarea')).filter((one) => one.checkVisibility()"
    )
    named += " && !(one.innerText || one.ariaLabel || (one.labels && one.labels.length) || one.title)).length"
    assert visit.evaluate(named) == 0
