"""Effort is set beside difficulty, and the answer beside the feedback."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from PIL import Image

from codedance.analysis.adaptivity import adaptivity_of, training_points
from codedance.analysis.adaptivity_report import adaptivity_sections
from codedance.analysis.attempts import analysed, read_attempts, stored_attempts
from codedance.analysis.feedback import Condition, Feedback, Pair, ablate, stored_pairs, world_pairs
from codedance.analysis.feedback_report import feedback_sections
from codedance.analysis.tables import section_text
from codedance.episode import EpisodeSettings
from codedance.errors import DataError, StoreError
from codedance.imaging import Picture
from codedance.models import ScriptedModel
from codedance.protocol import AnswerAction, ChatMessage, CodeAction, Role, render_reply
from codedance.rewards import CallOutcome
from codedance.sandbox import IdleSandbox, LocalSandbox
from codedance.schema import CodeFormat, Execution, ExecutionStatus, MathAnswer, NumberAnswer, Task
from codedance.store import Manifest, RunFolder
from codedance.tasks.worlds import Difficulty
from codedance.train.grpo_settings import GrpoSettings
from codedance.viewer.site.verdicts import reference_verdict
from tests.analysis.small_runs import CROP, attempt, code_turn, plain_task, training_run, write_run


def test_effort_is_told_by_difficulty_and_by_the_errors_of_the_others(tmp_path: Path) -> None:
    rows = []
    for name, difficulty, answers in (("a", "easy", "3333"), ("b", "hard", "4443")):
        task, picture = plain_task(name, difficulty=difficulty)
        cells = [code_turn(CROP)] * (2 if difficulty == "hard" else 0)
        rows += [(attempt(task, number, *cells, answer=text), [picture]) for number, text in enumerate(answers)]
    found = adaptivity_of(list(read_attempts(write_run(tmp_path / "run", rows))), run="run")
    by_name = {one.name: one for one in found.by_difficulty}
    assert by_name["counting, easy"].turns.value == 1.0
    assert by_name["counting, hard"].turns.value == 3.0
    assert by_name["all, hard"].code.value == 1.0
    assert [(one.name, one.attempts) for one in found.by_error] == [
        ("0-20 % wrong", 4),
        ("60-80 % wrong", 3),
        ("80-100 % wrong", 1),
    ]
    assert [one.turns.value for one in found.by_error] == [1.0, 3.0, 3.0]
    assert [(one.name, one.attempts) for one in found.by_turns] == [("1", 4), ("3", 4)]
    assert "counting, hard" in section_text(adaptivity_sections([found]))


def test_code_is_told_apart_from_answers_that_nobody_can_score(tmp_path: Path) -> None:
    unscored, picture = plain_task("a")
    unscored = unscored.model_copy(update={"answer": None})
    lost = code_turn(CROP).model_copy(update={"execution": None})
    rows = [(attempt(unscored, 0, code_turn(CROP), code_turn("1/0", status=ExecutionStatus.ERROR), lost), [picture])]
    (one,) = read_attempts(write_run(tmp_path / "run", rows))
    assert one.right is None
    assert [cell.outcome for cell in one.cells] == [CallOutcome.OK, CallOutcome.ERROR, None]
    (every, *_) = adaptivity_of([one], run="run").by_difficulty
    assert every.failed is not None
    assert (every.failed.right, every.failed.count) == (1, 2), "what nobody recorded is neither"


def test_mathematical_answers_are_compared_with_algebra(tmp_path: Path) -> None:
    task, picture = plain_task("a")
    task = task.model_copy(update={"answer": MathAnswer(latex="\\frac{1}{2}")})
    rows = [(attempt(task, number, answer=text), [picture]) for number, text in enumerate(("0.5", "\\frac12", "0.4"))]
    run = write_run(tmp_path / "run", rows)
    assert [one.right for one in read_attempts(run)] == [True, True, False]
    stored = list(stored_attempts(run))
    assert [analysed(one).right for one in stored] == [None] * 3, "without algebra they are not scored"
    assert [reference_verdict(one.trajectory, one.run).correct for one in stored] == [None] * 3


def test_entropy_and_groups_without_variance_are_read_from_the_curve(tmp_path: Path) -> None:
    points = training_points(training_run(tmp_path / "rl"))
    assert [(one.step, one.entropy, one.zero_variance) for one in points] == [(0, None, None), (1, 0.5, 0.25)]
    assert training_points(tmp_path) == ()


@pytest.mark.parametrize("line", ["no json", "[]", '{"step": "x"}', '{"step": 1, "update": {"entropy": "much"}}'])
def test_a_broken_curve_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "curve.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(StoreError, match="line 1"):
        training_points(tmp_path)


def test_pairs_ask_the_same_and_have_other_answers() -> None:
    pairs = world_pairs("counting", Difficulty.EASY, 6)
    assert len(pairs) == 6
    for pair in pairs:
        assert pair.task.answer != pair.other.answer
        assert pair.task.meta["asks"] == pair.other.meta["asks"]
    again = world_pairs("counting", Difficulty.EASY, 6)
    assert [one.task.id for one in again] == [one.task.id for one in pairs]


def test_stored_tasks_are_paired_by_their_words(tmp_path: Path) -> None:
    (one, picture), (two, other) = plain_task("one"), plain_task("two")
    alike = write_run(tmp_path / "alike", [(attempt(one, 0), [picture]), (attempt(two, 0), [other])])
    with pytest.raises(DataError, match="no two questions"):
        stored_pairs(alike, 2)
    four = two.model_copy(update={"answer": two.answer.model_copy(update={"value": 4.0}) if two.answer else None})
    unlike = write_run(tmp_path / "unlike", [(attempt(one, 0), [picture]), (attempt(four, 0), [other])])
    assert [(pair.task.id, pair.other.id) for pair in stored_pairs(unlike, 2)] == [("one", "two"), ("two", "one")]


def red_tasks(folder: Path) -> list[Pair]:
    """Two questions for the red value of a picture."""
    run = RunFolder.create(folder, Manifest(kind="tasks"))
    for value in (40, 90):
        picture = Picture.from_image(Image.new("RGB", (20, 20), (value, 0, 0)))
        answer = NumberAnswer(value=value)
        task = Task(id=f"red{value}", source="made", question="How red is it?", images=(picture.ref,), answer=answer)
        run.add_task(task, {picture.ref.sha256: picture})
    return stored_pairs(folder, 2)


def follower(messages: Sequence[ChatMessage]) -> str:
    """Reads the pixel with code, and answers what was printed; 7 if nothing was."""
    feedback = [one.text for one in messages if one.role is Role.TOOL]
    if not feedback:
        return render_reply("I read it.", CodeAction("print(input_image.getpixel((0, 0))[0])", CodeFormat.CODE))
    found = re.findall(r"\d+", feedback[-1])
    return render_reply("That red.", AnswerAction(found[-1] if found else "7"))


def stubborn(messages: Sequence[ChatMessage]) -> str:
    """Runs the same code and says 40, whatever it printed."""
    reply = follower(messages)
    return reply if "<code>" in reply else render_reply("I know.", AnswerAction("40"))


def ablated(folder: Path, model: ScriptedModel, pairs: list[Pair]) -> dict[Condition, tuple[float, float]]:
    """Shares of answers that are right, and right for the other question."""

    async def work() -> Feedback:
        async with LocalSandbox() as sandbox:
            return await ablate(
                pairs, model=model, sandbox=sandbox, out=folder, settings=EpisodeSettings(), identity={"model": "m"}
            )

    found = anyio.run(work)
    assert found.pairs == len(pairs)
    assert "of another question" in section_text(feedback_sections(found))
    return {
        one.condition: (one.right.value, one.follows.value)
        for one in found.outcomes
        if one.right is not None and one.follows is not None
    }


def test_an_answer_that_follows_the_evidence_changes_with_it_and_another_does_not(tmp_path: Path) -> None:
    pairs = red_tasks(tmp_path / "tasks")
    assert ablated(tmp_path / "follows", ScriptedModel(follower), pairs) == {
        Condition.OWN: (1.0, 0.0),
        Condition.SWAPPED: (0.0, 1.0),
        Condition.NONE: (0.0, 0.0),
    }
    assert set(ablated(tmp_path / "stubborn", ScriptedModel(stubborn), pairs).values()) == {(0.5, 0.5)}


def test_an_ablation_that_was_stopped_goes_on(tmp_path: Path) -> None:
    pairs = red_tasks(tmp_path / "tasks")
    first = ablated(tmp_path / "run", ScriptedModel(follower), pairs)
    shutil.rmtree(tmp_path / "run" / "swapped")
    own = (tmp_path / "run" / "own" / "trajectories.jsonl").read_bytes()
    assert ablated(tmp_path / "run", ScriptedModel(follower), pairs) == first
    assert (tmp_path / "run" / "own" / "trajectories.jsonl").read_bytes() == own


@pytest.mark.parametrize("error", [StoreError("the disk is full"), ZeroDivisionError("a bug")], ids=["ours", "a bug"])
def test_what_ends_an_ablation_is_raised_as_itself(error: Exception, tmp_path: Path) -> None:
    pairs = red_tasks(tmp_path / "tasks")

    def tick() -> None:
        raise error

    async def work() -> None:
        settings = EpisodeSettings()
        model = ScriptedModel(stubborn)
        out = tmp_path / "run"
        async with LocalSandbox() as sandbox:
            await ablate(pairs, model=model, sandbox=sandbox, out=out, settings=settings, identity={}, tick=tick)

    with pytest.raises(type(error)) as caught:
        anyio.run(work)
    assert caught.value is error


def test_an_idle_sandbox_takes_code_and_shows_nothing() -> None:
    async def work() -> Execution:
        async with IdleSandbox().session() as session:
            return (await session.run("1 / 0")).execution

    execution = anyio.run(work)
    assert execution.ok
    assert not execution.showed_something


def test_a_counterfactual_without_execution_is_another_run_and_the_usual_one_stays_the_same() -> None:
    assert "execute" not in GrpoSettings().identity
    assert GrpoSettings(execute=False).identity["execute"] is False
