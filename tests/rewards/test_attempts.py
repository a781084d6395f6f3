"""From trajectories to attempts: rightness, form, how calls ended, and what cannot be scored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from codedance.errors import DataError
from codedance.imaging import Picture
from codedance.rewards import (
    Attempt,
    CallOutcome,
    RewardSettings,
    Unscored,
    WeightSet,
    attempt_of,
    call_outcome,
    format_fault,
    score_batch,
    score_of,
)
from codedance.schema import (
    CapturedImage,
    EditCheck,
    Execution,
    ExecutionStatus,
    NumberAnswer,
    StopReason,
    Task,
    TextAnswer,
    Trajectory,
    Turn,
)

CODE = "<think>Look.</think>\n<code>\n```python\nprint('<answer>1</answer> <think>')\n```\n</code>"
ANSWER = "<think>It is three.</think>\n<answer>3</answer>"
TASK = Task(id="q", source="mine", question="?", answer=NumberAnswer(value=3))


def turn(text: str, status: str | None = None, **fields: object) -> Turn:
    execution = Execution.model_validate({"status": status, "seconds": 0.1, **fields}) if status else None
    return Turn(text=text, kept_characters=len(text), code="code" if "<code>" in text else None, execution=execution)


def trajectory(
    *turns: Turn, task: Task = TASK, answer: str | None = "3", stop: StopReason = StopReason.ANSWERED
) -> Trajectory:
    return Trajectory(id="a", task=task, model="m", turns=turns, answer=answer, stop=stop)


def attempt(found: Attempt | Unscored) -> Attempt:
    assert isinstance(found, Attempt)
    return found


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([ANSWER], None),
        (["<answer>3</answer>"], None),
        ([CODE, ANSWER], None),  # what code prints is no tag
        (["I am not sure.", ANSWER], None),
        (["<think>I could say <answer>2</answer>.</think><answer>3</answer>"], None),
        (["<think>a<answer>3</answer>"], "think tags that do not pair up"),
        (["a</think><answer>3</answer>"], "think tags that do not pair up"),
        (["<answer>3</answer></think>"], "think tags that do not pair up"),
        (["<think>a</think> nothing", "<think>"], "think tags that do not pair up"),
        ([], "no answer"),
        ([CODE], "no answer"),
        (["It is 3."], "no answer"),
        (["<answer>3"], "an answer that is begun and not ended"),
        ([ANSWER, ANSWER], "2 answers"),
        ([ANSWER + ANSWER], "a second action after the first, and it is an answer"),
        ([CODE + "<answer>guess</answer>", ANSWER], "a second action after the first, and it is an answer"),
        (["<answer><answer>3</answer>"], "tags inside the answer"),
        (["<answer>" + "3" * 999 + "</answer>"], None),
        (["<answer>" + "3" * 1000 + "</answer>"], "an answer of 1000 characters"),
    ],
)
def test_a_fault_of_form_is_named(texts: list[str], fault: str | None) -> None:
    assert format_fault(trajectory(*(turn(text, "ok" if "<code>" in text else None) for text in texts))) == fault


@given(st.lists(st.text(st.sampled_from("<>/thinkaswercodul` \n3")), max_size=4))
def test_any_replies_are_judged_without_an_exception(texts: list[str]) -> None:
    turns = [Turn(text=text, kept_characters=0) for text in texts]
    assert format_fault(trajectory(*turns)) is None or isinstance(format_fault(trajectory(*turns)), str)


@pytest.mark.parametrize(
    ("status", "fields", "outcome"),
    [
        ("ok", {"stdout": "Error bars: 3\n"}, CallOutcome.OK),
        ("ok", {"value": "timeout"}, CallOutcome.OK),
        ("ok", {"stdout": " \n"}, CallOutcome.SILENT),
        ("ok", {"stderr": "a warning"}, CallOutcome.SILENT),
        ("error", {"stdout": "before it failed"}, CallOutcome.ERROR),
        ("timeout", {}, CallOutcome.TIMEOUT),
        ("exited", {"stdout": "3"}, CallOutcome.EXITED),
    ],
)
def test_success_is_the_status_and_never_a_word_of_the_output(
    status: str, fields: dict[str, str], outcome: CallOutcome
) -> None:
    assert call_outcome(Execution.model_validate({"status": status, "seconds": 0.0, **fields})) is outcome


def test_every_status_has_an_outcome_and_only_ok_succeeds() -> None:
    outcomes = {status: call_outcome(Execution(status=status, stdout="3", seconds=0.0)) for status in ExecutionStatus}
    assert [status for status, outcome in outcomes.items() if outcome.succeeded()] == [ExecutionStatus.OK]


def test_calls_are_the_turns_with_code_in_order() -> None:
    turns = (turn(CODE, "error"), turn("Hm."), turn(CODE, "ok", stdout="3"), turn(ANSWER))
    assert attempt(attempt_of(trajectory(*turns))).calls == (CallOutcome.ERROR, CallOutcome.OK)


def test_a_wrong_answer_none_and_an_endless_one_are_wrong() -> None:
    assert attempt(attempt_of(trajectory(turn(ANSWER)))).correct
    assert not attempt(attempt_of(trajectory(turn("<answer>4</answer>"), answer="4"))).correct
    assert not attempt(attempt_of(trajectory(turn("Hm."), answer=None, stop=StopReason.MAX_TURNS))).correct
    long = "3" + " " * 10
    settings = RewardSettings(longest_answer=11)
    found = attempt(attempt_of(trajectory(turn(f"<answer>{long}.</answer>"), answer=long), settings))
    assert (found.correct, found.note) == (False, "an answer of 12 characters")


def test_infrastructure_that_fails_is_never_a_wrong_answer() -> None:
    for stop, reason in (
        (StopReason.MODEL_FAILED, "the model failed"),
        (StopReason.SANDBOX_FAILED, "the sandbox failed"),
    ):
        assert attempt_of(trajectory(answer=None, stop=stop)) == Unscored(reason)


def test_a_question_that_nobody_knows_the_answer_of_is_not_scored() -> None:
    task = Task(id="q", source="ask", question="?")
    assert attempt_of(trajectory(turn(ANSWER), task=task)) == Unscored("the task has no reference answer")


def test_code_that_the_time_budget_cut_off_is_a_timeout_and_unrecorded_code_is_not_scored() -> None:
    cut = trajectory(turn(CODE), answer=None, stop=StopReason.TIME)
    assert attempt(attempt_of(cut)).calls == (CallOutcome.TIMEOUT,)
    imported = trajectory(turn(CODE), turn(ANSWER))
    assert attempt_of(imported) == Unscored("nobody recorded how its code ended")


def test_the_source_decides_the_weights() -> None:
    settings = RewardSettings(mathematics_sources=("mine",))
    assert attempt(attempt_of(trajectory(turn(ANSWER)), settings)).weights is WeightSet.MATHEMATICS
    assert attempt(attempt_of(trajectory(turn(ANSWER)))).weights is WeightSet.DEFAULT


def edited(check: object, shown: Picture | None, ground: Picture) -> Trajectory:
    meta = {"edit": check.model_dump(mode="json") if isinstance(check, EditCheck) else check}
    answer = TextAnswer(accepted=("done",))
    task = Task.model_validate(
        {"id": "q", "source": "mine", "question": "?", "answer": answer, "images": (ground.ref,), "meta": meta}
    )
    images = (CapturedImage(image=shown.ref, source="value", after_characters=0),) if shown else ()
    said = "<answer>done</answer>"
    return trajectory(turn(CODE, "ok", stdout="x", images=images), turn(said), task=task, answer="done")


def test_an_edit_is_right_only_if_the_picture_that_was_shown_last_is(make_picture: Callable[..., Picture]) -> None:
    ground = make_picture(60, 60, "white")
    image = ground.to_image()
    ImageDraw.Draw(image).line((10, 30, 50, 30), fill="red", width=3)
    drawn = Picture.from_image(image)
    check = EditCheck(colour=(255, 0, 0), strokes=((10, 30, 50, 30),))
    pictures = {one.ref.sha256: one for one in (ground, drawn)}
    for shown, right in ((drawn, True), (ground, False), (None, False)):
        assert attempt(attempt_of(edited(check, shown, ground), pictures=pictures)).correct is right


def test_an_edit_cannot_be_scored_without_pictures_or_with_a_check_that_cannot_be_read() -> None:
    ground = Picture.from_image(Image.new("RGB", (60, 60), "white"))
    with pytest.raises(ValueError, match="pictures are needed"):
        attempt_of(edited(EditCheck(areas=((1, 1, 9, 9),)), ground, ground))
    with pytest.raises(DataError, match=r"task q: meta\.edit\.reach"):
        attempt_of(edited({"reach": "far", "areas": [[1, 1, 9, 9]]}, ground, ground), pictures={})


def test_the_record_of_a_score_has_credit_for_every_turn() -> None:
    first = trajectory(turn(CODE, "error"), turn("Hm."), turn(CODE, "ok", stdout="3"), turn(ANSWER))
    second = trajectory(turn(ANSWER))
    ((one, other),) = (group.attempts for group in score_batch([[attempt_of(first), attempt_of(second)]]))
    score = score_of(first, one)
    assert score.turn_credit == pytest.approx((-0.2, 0.0, 0.2, 0.0))
    assert score.total == one.reward
    assert score_of(second, other).turn_credit == (0.0,)
    with pytest.raises(ValueError, match="2 turns with code, but credit for 0 calls"):
        score_of(first, other)


def test_the_record_of_an_attempt_without_a_score_says_why() -> None:
    failed = trajectory(turn(CODE), answer=None, stop=StopReason.SANDBOX_FAILED)
    (group,) = score_batch([[attempt_of(failed)]])
    score = score_of(failed, group.attempts[0])
    assert (score.correct, score.turn_credit, score.total) == (None, (), 0)
    assert score.terms["accuracy"].note == "the sandbox failed"
