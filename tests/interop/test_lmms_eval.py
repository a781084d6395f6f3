"""The loop as a model of lmms-eval: by its protocol always, by its own base class where it is installed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from codedance.bench.adapters.answering import AnswerSettings, Asked, answer_all
from codedance.bench.adapters.lmms_eval import questions_of
from codedance.errors import ModelUnreachableError, StoreError, UsageError
from codedance.store import RunFolder
from tests.models.faulty_server import serve

CODE = "<think>I measure.</think>\n<code>\n```python\nprint(input_image.size)\n```\n</code>"
RED = Image.new("RGB", (30, 20), "red")


@dataclass
class Request:
    """What lmms-eval hands to a model for each document."""

    args: tuple[Any, ...]


def documents(count: int) -> dict[str, Any]:
    return {"task": {"test": [{"image": RED, "number": number} for number in range(count)]}}


def requests(count: int) -> list[Request]:
    def pictures(document: dict[str, Any]) -> list[Image.Image]:
        return [document["image"]]

    return [
        Request((f"How wide is it? ({number})", {"max_new_tokens": 16}, pictures, number, "task", "test"))
        for number in range(count)
    ]


def script(folder: Path, *replies: str) -> str:
    (folder / "replies.json").write_text(json.dumps(replies))
    return f"scripted:{folder / 'replies.json'}"


def test_requests_become_questions_with_their_pictures() -> None:
    first, second = questions_of(requests(2), documents(2))
    assert (first.question, first.images) == ("How wide is it? (0)", [RED])
    assert first.key == "task/test/0#0"
    assert second.key != first.key


def test_documents_without_pictures_and_with_nested_ones_are_taken() -> None:
    made = [
        Request(("?", {}, lambda document, given=given: given, 0, "task", "test")) for given in (None, [[RED], RED])
    ]
    assert [len(one.images) for one in questions_of(made, documents(1))] == [0, 2]


def test_answers_come_in_order_from_episodes_that_run_code(tmp_path: Path) -> None:
    model = script(tmp_path, CODE, "<think>Wide.</think>\n<answer>30</answer>")
    settings = AnswerSettings(model=model, concurrency=1)
    assert answer_all(questions_of(requests(1), documents(1)), settings, out=tmp_path / "run") == ["30"]
    (kept,) = RunFolder.open(tmp_path / "run").trajectories()
    execution = kept.turns[0].execution
    assert execution is not None
    assert execution.stdout == "(30, 20)\n"
    assert kept.sampling.max_tokens == 2048, "the other program's 16 tokens are meant for an answer alone"


def test_what_a_stopped_run_left_is_not_asked_again(tmp_path: Path) -> None:
    with serve() as server:
        server.text = "<answer>7"
        settings = AnswerSettings(model="server:m", base_url=server.url, concurrency=2)
        asked = questions_of(requests(4), documents(4))
        assert answer_all(asked[:2], settings, out=tmp_path / "run") == ["7", "7"]
        server.text = "<answer>8"
        assert answer_all(asked, settings, out=tmp_path / "run") == ["7", "7", "8", "8"]
        assert len(server.requests) == 4
        with pytest.raises(StoreError, match="other settings"):
            answer_all(asked, settings.model_copy(update={"max_turns": 3}), out=tmp_path / "run")


def test_an_episode_that_fails_is_begun_again(tmp_path: Path) -> None:
    with serve() as server:
        server.faults = ["400 no"]
        server.text = "<answer>7"
        settings = AnswerSettings(model="server:m", base_url=server.url, concurrency=1)
        assert answer_all(questions_of(requests(1), documents(1)), settings) == ["7"]


def test_a_model_that_answers_nothing_is_an_error_and_no_row_of_wrong_answers(tmp_path: Path) -> None:
    with serve() as server:
        server.faults = ["400 no"] * 9
        settings = AnswerSettings(model="server:m", base_url=server.url)
        with pytest.raises(ModelUnreachableError, match="not one of 3 questions could be answered"):
            answer_all(questions_of(requests(3), documents(3)), settings)


def test_one_failed_question_is_empty_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serve() as server:
        server.text = "<answer>7"
        server.faults = ["400 no", "400 no"]
        settings = AnswerSettings(model="server:m", base_url=server.url, concurrency=1)
        assert answer_all(questions_of(requests(2), documents(2)), settings) == ["", "7"]
    assert "1 of 2 questions have no answer" in caplog.text


def test_a_picture_that_cannot_be_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = Image.new("RGB", (40_000, 1))
    settings = AnswerSettings(model=script(tmp_path, "<answer>1</answer>"))
    asked = [Asked("a", "?", [broken]), Asked("b", "?", [RED])]
    answers = answer_all(asked, settings)
    assert answers[1] == "1"


def test_without_lmms_eval_the_entry_point_says_what_is_needed() -> None:
    try:
        import lmms_eval  # noqa: F401
    except ImportError:
        from codedance.cli import lmms_eval as entry

        with pytest.raises(UsageError, match="pip install lmms_eval"):
            entry.manifest()
        with pytest.raises(UsageError, match="pip install lmms_eval"):
            _ = entry.CodeDance
        with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
            _ = entry.Nothing


def test_lmms_eval_itself_finds_and_runs_the_model(tmp_path: Path) -> None:
    pytest.importorskip("lmms_eval.api.model")
    from lmms_eval.api.instance import Instance
    from lmms_eval.api.model import lmms

    from codedance.cli import lmms_eval as entry

    found = entry.manifest()
    assert (found.model_id, found.simple_class_path) == ("codedance", "codedance.cli.lmms_eval.CodeDance")
    model = entry.CodeDance.create_from_arg_string(
        f"model={script(tmp_path, '<answer>30</answer>')},concurrency=1", {"batch_size": 1, "device": None}
    )
    assert isinstance(model, lmms)
    model.task_dict = documents(1)
    made = [
        Instance(
            request_type="generate_until",
            arguments=one.args,
            idx=0,
            metadata={"task": "task", "doc_id": 0, "repeats": 1},
        )
        for one in requests(1)
    ]
    assert model.generate_until(made) == ["30"]
    with pytest.raises(UsageError, match="--model_args turns: Extra inputs"):
        entry.CodeDance.create_from_arg_string("turns=3")
