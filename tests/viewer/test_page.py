"""The trace page: everything is on it, and nothing of the model's runs."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from codedance.imaging import Picture
from codedance.schema import (
    CapturedImage,
    Execution,
    ExecutionStatus,
    Failure,
    FailureKind,
    GuestError,
    ImagePart,
    ImageSource,
    Observation,
    Score,
    StopReason,
    Task,
    Term,
    TextPart,
    Trajectory,
    Turn,
)
from codedance.viewer import Place, Standing, trace_page, write_trace_page

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    '"><svg onload=alert(1)>',
    "'; alert(1); '",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "\x00\x1b[31m\u202eevil\u2028",
    "</style><style>*{display:none}</style>",
    "\ud800",
]


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def trajectory(picture: Picture, text: str = "plain") -> Trajectory:
    shown = CapturedImage(image=picture.ref, source=ImageSource.VALUE, after_characters=0)
    error = GuestError(type="ValueError", message=text, traceback=f"Traceback\nValueError: {text}")
    failed = Execution(status=ExecutionStatus.ERROR, stdout=text, stderr=text, error=error, seconds=0.1, detail=text)
    fine = Execution(status=ExecutionStatus.OK, value=text, images=(shown,), seconds=0.1)
    reply = f"<think>{text}</think><code>\n```python\n{text}\n```\n</code>"
    reminder = Observation(parts=(TextPart(text=text),), truncated=True)
    turns = (
        Turn(text=reply, kept_characters=len(reply), code=text, execution=failed, observation=reminder, seconds=1.0),
        Turn(text=reply + text, kept_characters=len(reply), code=text, execution=fine, seconds=1.0),
        Turn(text=text, kept_characters=len(text), observation=reminder),
        Turn(text=f"<answer>{text}</answer>", kept_characters=17 + len(text), prompt_tokens=9, completion_tokens=3),
    )
    task = Task(id="t", source="test", question=text, images=(picture.ref,))
    return Trajectory(
        id="t",
        task=task,
        model="m",
        turns=turns,
        answer=text,
        stop=StopReason.ANSWERED,
        sandbox={"tier": "plain"},
    )


def test_the_page_tells_the_whole_story(picture: Picture) -> None:
    page = trace_page(trajectory(picture), {picture.ref.sha256: picture}, correct=True)
    for number in range(1, 5):
        assert f'id="turn-{number}"' in page
    for word in ("plain", "ValueError", "reminder", "dropped", "64\u00d748", "right", "tier plain", "9 tokens read"):
        assert word in page
    assert page.count("data:image/png;base64,") == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_models_becomes_markup(picture: Picture, text: str) -> None:
    harmless = Tags(trace_page(trajectory(picture), {picture.ref.sha256: picture})).found
    hostile = Tags(trace_page(trajectory(picture, text), {picture.ref.sha256: picture})).found
    spans = ("span",)  # code is highlighted in spans, as many as it has tokens
    assert [tag for tag, _ in hostile if tag not in spans] == [tag for tag, _ in harmless if tag not in spans]
    for tag, attributes in hostile:
        assert not any(name.startswith("on") for name in attributes)
        assert set(attributes) <= {"class"} if tag == "span" else True
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/"))


def test_control_characters_are_made_visible(picture: Picture) -> None:
    page = trace_page(trajectory(picture, "\x00\x1b\u202e\u2028"), {})
    assert not re.search(r"[\x00\x1b\u202e\u2028]", page)
    assert "\\u202e" in page


def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else(picture: Picture) -> None:
    page = trace_page(trajectory(picture), {})
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    for tag, count in (("script", 2), ("style", 1)):
        contents = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert len(contents) == count
        for content in contents:
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy[1]


def test_the_page_loads_nothing(picture: Picture) -> None:
    page = trace_page(trajectory(picture), {picture.ref.sha256: picture})
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page


def test_a_missing_picture_leaves_a_labelled_gap(picture: Picture) -> None:
    assert trace_page(trajectory(picture), {}).count("picture missing") == 2


def test_a_failure_without_turns_has_a_page() -> None:
    failure = Failure(kind=FailureKind.MODEL, type="ModelUnreachableError", message="no server at <b>")
    task = Task(id="t", source="ask", question="How many?")
    page = trace_page(Trajectory(id="t", task=task, model="m", stop="model_failed", failure=failure), {})
    assert "no answer" in page
    assert "no server at &lt;b&gt;" in page


def test_feedback_of_code_whose_end_nobody_recorded_is_shown_with_its_pictures(picture: Picture) -> None:
    shown = Observation(parts=(TextPart(text="seen it"), ImagePart(image=picture.ref)))
    turn = Turn(text="x", kept_characters=1, code="print(1)", observation=shown)
    task = Task(id="t", source="imported", question="?")
    imported = Trajectory(id="t", task=task, model="m", turns=(turn,), stop="max_turns")
    page = trace_page(imported, {picture.ref.sha256: picture})
    assert "what the model was shown" in page
    assert page.count("data:image/png;base64,") == 1
    assert "reminder" not in page


def test_long_output_is_folded(picture: Picture) -> None:
    page = trace_page(trajectory(picture, "y" * 50_000), {})
    assert "<summary>output (50000 characters)</summary>" in page


def test_the_file_is_written_whole(picture: Picture, tmp_path: Path) -> None:
    write_trace_page(tmp_path / "trace.html", trajectory(picture, "\ud800"), {})
    assert (tmp_path / "trace.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["trace.html"]


def test_scores_show_every_term_the_group_and_each_turns_credit(picture: Picture) -> None:
    terms = {
        "accuracy": Term(value=1.0),
        "tools": Term(value=-0.5, weight=0.4, note="d <b>"),
        "judge": Term(value=None),
    }
    score = Score(trajectory_id="t", correct=True, terms=terms, turn_credit=(-0.25, 0.5, 0.0, 0.0))
    standing = Standing(attempts=8, accuracy=0.25, d=0.5311, advantage=-1.5, basis="from <i>somewhere</i>")
    page = trace_page(trajectory(picture), {}, score=score, standing=standing)
    for words in (
        "✓ right", "\u22120.2<", "+0.8", "not scored", "d &lt;b&gt;", "credit \u22120.25", "2: +0.5", "from &lt;i&gt;",
        "Group of 8 attempts, 25% right, difficulty d = 0.5311, advantage of this attempt \u22121.5.",
    ):  # fmt: skip
        assert words in page


def test_credit_that_does_not_fit_the_turns_is_not_shown_at_them(picture: Picture) -> None:
    score = Score(trajectory_id="t", terms={"accuracy": Term(value=1.0)}, turn_credit=(1.0,))
    assert 'title="Turn-level credit' not in trace_page(trajectory(picture), {}, score=score)


def test_without_a_score_nothing_is_said_of_rewards(picture: Picture) -> None:
    page = trace_page(trajectory(picture), {}, score=Score(trajectory_id="t", correct=False))
    assert "✗ wrong" in page
    assert ">Reward<" not in page


def test_budgets_say_what_was_used_of_them(picture: Picture) -> None:
    page = trace_page(trajectory(picture), {})
    assert "4 of 10" in page
    assert "3 of 20,480" in page
    assert "not counted" in trace_page(trajectory(picture).model_copy(update={"turns": ()}), {})


def test_the_time_line_shows_what_neither_model_nor_code_took(picture: Picture) -> None:
    told = trajectory(picture)
    page = trace_page(told.model_copy(update={"seconds": 4.4}), {})
    assert "turn 2, code: 100 ms" in page
    assert "; other: 2.2 s" in page
    assert "other (starting, loading)" in page
    assert "other (starting, loading)" not in trace_page(told.model_copy(update={"seconds": 2.25}), {})


def test_a_policy_takes_no_source_that_would_end_it(picture: Picture) -> None:
    with pytest.raises(ValueError, match="content policy"):
        trace_page(trajectory(picture), {}, place=Place(images=("'self'; script-src *",)))
