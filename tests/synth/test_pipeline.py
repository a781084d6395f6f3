"""The stages together, with a scripted teacher that knows generated scenes and a real sandbox."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from codedance.errors import ModelError, ModelReplyError, ModelUnreachableError, StoreError, UsageError
from codedance.models import Completion, Model, ScriptedModel
from codedance.models.asking import Party
from codedance.protocol import ChatMessage, system_prompt
from codedance.rewards import matches
from codedance.sandbox import LocalSandbox
from codedance.schema import Sampling, Trajectory
from codedance.store import RunFolder
from codedance.synth.pictures.journal import Decision, Outcome, Stage
from codedance.synth.pictures.report import StageRow, SynthReport
from codedance.synth.pictures.settings import SynthSettings
from codedance.synth.pictures.sources import find_pictures
from codedance.synth.pictures.synthesis import open_run, synthesise, write_report
from tests.synth.teacher import Teacher, facts, heard, kind_of, scenes, write_scenes

pytestmark = pytest.mark.anyio
MADE = scenes(3)
EASY, HARD, COUNTING = MADE
MANY = scenes(12)
HARD_ONES = [name for name in MANY if "hard" in name]
EASY_ONES = [name for name in MANY if "hard" not in name]
FAST: dict[str, Any] = {
    "questions": 1,
    "concurrency": 4,
    "mix": {"visual": 1, "computation": 0, "editing": 0},
    "seconds_per_call": 20,
    "box": {"largest_share": 0.9},
}


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures: two of which are called easy, and a hard one."""
    return write_scenes(tmp_path / "photos", MADE)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A dozen."""
    return write_scenes(tmp_path / "photos", MANY)


class Watched:
    """A model that is listened to, and may be told to fail."""

    def __init__(
        self, model: Model, before: Callable[[str, Sequence[ChatMessage]], Awaitable[None]] | None = None
    ) -> None:
        self.model = model
        self.asked: Counter[str] = Counter()
        """Calls that were answered, by the kind of prompt."""
        self.conversations: list[Sequence[ChatMessage]] = []
        self.before = before

    @property
    def name(self) -> str:
        return self.model.name

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        kind = kind_of(heard(messages))
        if self.before is not None:
            await self.before(kind, messages)
        reply = await self.model.complete(messages, sampling, stop=stop, on_text=on_text)
        self.asked[kind] += 1
        self.conversations.append(messages)
        return reply

    async def close(self) -> None:
        await self.model.close()


def watched(teacher: Teacher, before: Callable[[str, Sequence[ChatMessage]], Awaitable[None]] | None = None) -> Watched:
    return Watched(ScriptedModel(teacher.hears, name="teacher"), before)


async def made(
    photos: Path,
    sandbox: LocalSandbox,
    models: Model | Mapping[Party, Model],
    *,
    out: Path | None = None,
    retry_faults: bool = False,
    listener: Callable[[Decision], None] | None = None,
    **changes: Any,  # noqa: ANN401 - settings of any kind
) -> tuple[RunFolder, SynthReport]:
    by_party = models if isinstance(models, Mapping) else {Party.TEACHER: models}
    settings = SynthSettings.model_validate({**FAST, **changes})
    sources = find_pictures([photos])
    run = open_run(out or photos.parent / "out", settings, {party: one.name for party, one in by_party.items()})
    await synthesise(
        sources,
        run,
        models=by_party,
        sandbox=sandbox,
        settings=settings,
        retry_faults=retry_faults,
        listener=listener,
    )
    return run, write_report(run, sources, settings)


def row(report: SynthReport, stage: Stage) -> StageRow:
    return next(row for row in report.stages if row.stage is stage)


def kept(run: RunFolder) -> dict[str, Trajectory]:
    return {str(trajectory.task.meta["picture"]): trajectory for trajectory in run.trajectories()}


async def test_every_stage_is_passed_and_what_is_kept_was_really_executed(photos: Path, sandbox: LocalSandbox) -> None:
    run, report = await made(photos, sandbox, watched(Teacher(MADE)))
    assert [(one.entered, one.passed) for one in report.stages] == [(3, 3)] * 10
    assert (report.kept, report.direct, report.faults) == (3, 2, 0)
    trajectories = kept(run)
    assert set(trajectories) == set(MADE)
    for name, trajectory in trajectories.items():
        assert trajectory.task.answer is not None
        assert matches(trajectory.answer, trajectory.task.answer)
        assert trajectory.answer == MADE[name].answer
        assert trajectory.protocol.system_prompt == system_prompt(), "as students are asked"
        assert trajectory.task.meta["difficulty"] == ("hard" if name == HARD else "easy")
        assert run.load_pictures(trajectory)
    hard = trajectories[HARD]
    target = facts(MADE[HARD])[0].box
    execution = hard.turns[0].execution
    assert execution is not None
    assert execution.stdout == f"({target[2] - target[0]}, {target[3] - target[1]})\n"
    shown = run.load_pictures(hard)[execution.images[0].image.sha256].to_image()
    assert shown.tobytes() == MADE[HARD].image.crop(target).tobytes()
    assert [len(trajectories[name].turns) for name in (EASY, COUNTING)] == [1, 1], "easy ones are answered directly"


async def test_a_record_says_how_it_came_about(photos: Path, sandbox: LocalSandbox) -> None:
    run, _ = await made(photos, sandbox, watched(Teacher(MADE)))
    meta = kept(run)[HARD].task.meta
    assert meta["category"] == "visual"
    assert meta["box"] == list(facts(MADE[HARD])[0].box)
    assert meta["filter"] == {"rule": "the teacher was asked", "label": "unchecked"}
    synth = meta["synth"]
    assert isinstance(synth, dict)
    assert synth["models"] == {"teacher": "teacher"}
    assert synth["solved_under"] == "rollout_code@1+work_visual@1"
    assert "question@1+skill_visual@1+system@1" in synth["prompts"]  # type: ignore[operator]
    stages = [step["stage"] for step in synth["decisions"]]  # type: ignore[index, union-attr, call-overload]
    assert stages == [stage.value for stage in Stage if stage not in (Stage.ROLLOUT, Stage.FINAL, Stage.DONE)]
    assert kept(run)[HARD].task.images[0].width == MADE[HARD].image.width


async def test_the_question_is_asked_without_its_answer_and_box(photos: Path, sandbox: LocalSandbox) -> None:
    teacher = watched(Teacher(MADE))
    await made(photos, sandbox, teacher)
    solving = [one for one in teacher.conversations if kind_of(heard(one)) in ("code", "direct")]
    assert len(solving) == 4
    for messages in solving:
        name = next(name for name, scene in MADE.items() if scene.question == messages[1].text)
        assert messages[1].text == MADE[name].question, "the question and nothing else"
        said = "".join(message.text for message in messages[:2])
        box = facts(MADE[name])[0].box
        assert "what is asked about" not in said
        assert str(box[0]) not in said.replace(MADE[name].question, "")


async def test_a_wrong_answer_is_found_and_the_question_made_anew(photos: Path, sandbox: LocalSandbox) -> None:
    run, report = await made(photos, sandbox, watched(Teacher(MADE, wrong_first={HARD})))
    checked = row(report, Stage.QUESTION_CHECK)
    assert (checked.entered, checked.passed, checked.attempts) == (3, 3, 4)
    assert checked.reasons == {Outcome.REJECTED: {"wrong answer": 1}}
    assert kept(run)[HARD].task.question == facts(MADE[HARD])[1].question


async def test_questions_about_one_picture_differ(photos: Path, sandbox: LocalSandbox) -> None:
    run, report = await made(photos, sandbox, watched(Teacher(MADE)), questions=3)
    assert report.kept == 9
    asked = [(t.task.meta["picture"], t.task.question) for t in run.trajectories()]
    assert len(set(asked)) == 9
    assert {t.task.id.rsplit("/", 1)[1] for t in run.trajectories()} == {"0", "1", "2"}


async def test_pictures_that_cannot_be_used_are_counted_and_skipped(photos: Path, sandbox: LocalSandbox) -> None:
    (photos / "a-broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (photos / "b-empty.jpg").write_bytes(b"")
    (photos / "notes.txt").write_text("no picture")
    Image.new("RGB", (20, 500)).save(photos / "c-small.png")
    Image.new("RGB", (2000, 150)).save(photos / "d-long.png")
    shutil.copy(photos / HARD, photos / "z-copy.png")
    _, report = await made(photos, sandbox, watched(Teacher(MADE, plain={EASY})))
    reasons = {"duplicate": 1, "too long or wide": 1, "too small": 1, "unreadable picture": 2}
    assert row(report, Stage.READ).reasons == {Outcome.REJECTED: reasons}
    assert row(report, Stage.IMAGE).reasons == {Outcome.REJECTED: {"plain": 1}}
    assert (report.pictures, report.finished, report.kept) == (8, 8, 2)


UNREADABLE = {
    "I'm sorry, but I can't help with this picture.": "refused",
    "Well, the picture is nice. " * 100: "no answer",
    "Well, the picture is nice. " * 10_000: "cut off",
    '{"why": "It is': "broken JSON",
    '{"verdict": "splendid"}': "wrong value",
    '{"verdict": "rich"} {"verdict": "plain"}': "several answers",
    "": "empty",
    "\x00\x1b[31m\ud800": "no answer",
}


async def test_what_a_teacher_says_amiss_is_asked_again_then_counted(album: Path, sandbox: LocalSandbox) -> None:
    says = {("image", name): said for name, said in zip(MANY, UNREADABLE, strict=False)}
    _, report = await made(album, sandbox, watched(Teacher(MANY, says=says)))
    image = row(report, Stage.IMAGE)
    assert (image.entered, image.passed, image.attempts) == (12, 4, 4 + 3 * 8)
    assert image.reasons == {
        Outcome.UNREADABLE: {reason: 3 * count for reason, count in Counter(UNREADABLE.values()).items()}
    }
    assert report.kept == 4


async def test_nonsense_at_any_stage_ends_only_the_questions_there(album: Path, sandbox: LocalSandbox) -> None:
    kinds = ("question", "check", "box", "box check", "difficulty")
    said = '[{"\x1b[31m<script>alert("\u202e")</script>'
    says = dict.fromkeys(zip(kinds, MANY, strict=False), said)
    run, report = await made(album, sandbox, watched(Teacher(MANY, says=says)))
    assert set(kept(run)) == set(list(MANY)[5:])
    met = {one.stage: one.reasons for one in report.stages if one.reasons}
    stages = (Stage.QUESTION, Stage.QUESTION_CHECK, Stage.BOX, Stage.BOX_CHECK, Stage.DIFFICULTY)
    assert met == {stage: {Outcome.UNREADABLE: {"broken JSON": 3}} for stage in stages}
    page = (run.folder / "report.html").read_text()
    assert "\\u001b[31m&lt;script&gt;alert(&#34;\\u202e" in page, "shown, and harmless"
    assert re.search(r"\x1b|\u202e|<script", page) is None


BAD_SOLUTIONS = {
    HARD_ONES[0]: ("code", "<think>x</think><answer>12345</answer>", Stage.FINAL, "no code"),
    HARD_ONES[1]: ("code", "<think>x</think><answer>12345", Stage.ROLLOUT, "bad format"),
    HARD_ONES[2]: ("code", "I see nothing.", Stage.ROLLOUT, "no action"),
    HARD_ONES[3]: ("code", "<think>x</think><code>\n```python\n1/0\n```\n</code>", Stage.ROLLOUT, "max turns"),
    EASY_ONES[0]: ("direct", "<think>x</think><code>\n```python\n1\n```\n</code>", Stage.ROLLOUT, "max turns"),
    EASY_ONES[1]: ("direct", f"<answer>It is {'very ' * 60} clear.</answer>", Stage.FINAL, "answer too long"),
    EASY_ONES[2]: ("direct", "<think>x</think><answer>12345</answer>", Stage.FINAL, "another answer than the label"),
    EASY_ONES[3]: ("direct", "<answer>1</answer>", Stage.FINAL, "a reply without a thought"),
    EASY_ONES[4]: ("direct", "<think>x<think></think><answer>1</answer>", Stage.FINAL, "badly formed reply"),
}


async def test_a_bad_solution_is_not_kept(album: Path, sandbox: LocalSandbox) -> None:
    says = {(kind, name): said for name, (kind, said, _, _) in BAD_SOLUTIONS.items()}
    run, report = await made(album, sandbox, watched(Teacher(MANY, says=says)))
    for stage in (Stage.ROLLOUT, Stage.FINAL):
        wanted = Counter(reason for _, _, at, reason in BAD_SOLUTIONS.values() if at is stage)
        assert row(report, stage).reasons == {Outcome.REJECTED: dict(sorted(wanted.items()))}
    assert set(kept(run)) == set(MANY) - set(BAD_SOLUTIONS)


async def test_a_slip_on_the_way_may_be_kept_and_a_failed_last_cell_not(
    photos: Path, sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = Teacher(MADE)
    fine = teacher.reply

    def slips(at: int) -> Callable[[Any], str]:
        def reply(asked: Any) -> str:  # noqa: ANN401
            if kind_of(asked) == "code" and asked.turn == at:
                return "<think>I try.</think>\n<code>\n```python\nprint(1 / 0)\n```\n</code>"
            if kind_of(asked) == "code":
                shifted = 0 if asked.turn == 1 and at == 0 else 1 if asked.turn == 2 else asked.turn
                return fine(type(asked)(asked.system, asked.text, asked.pictures, shifted))
            return fine(asked)

        return reply

    for at, expected in ((0, 1), (1, 0)):
        monkeypatch.setattr(teacher, "reply", slips(at))
        run, _ = await made(photos, sandbox, watched(teacher), out=photos.parent / f"out{at}")
        assert (HARD in kept(run)) is bool(expected)


async def test_a_model_that_stalls_is_counted_and_the_others_go_on(photos: Path, sandbox: LocalSandbox) -> None:
    teacher = Teacher(MADE)

    async def stall(kind: str, messages: Sequence[ChatMessage]) -> None:
        if kind == "image" and teacher.by_hash[messages[1].pictures[0].ref.sha256] == HARD:
            await anyio.sleep(60)

    run, report = await made(photos, sandbox, watched(teacher, stall), seconds_per_call=1)
    assert row(report, Stage.IMAGE).reasons == {Outcome.FAULT: {"no answer in time": 3}}
    assert set(kept(run)) == {EASY, COUNTING}
    assert report.faults == 1


async def test_what_met_a_fault_is_asked_again_on_request_and_only_then(album: Path, sandbox: LocalSandbox) -> None:
    teacher = Teacher(MANY)
    kinds = ("question", "code", "check", "box", "code", "box check", "difficulty", "image", "direct")
    failing = set(zip(kinds, MANY, strict=False))

    async def fail(kind: str, messages: Sequence[ChatMessage]) -> None:
        if kind != "hello" and (kind, teacher.name_of(heard(messages))) in failing:
            raise ModelReplyError("<html>It works!</html>")

    _, broken = await made(album, sandbox, watched(teacher, fail))
    assert (broken.kept, broken.faults) == (3, 9)
    silent = watched(teacher)
    _, same = await made(album, sandbox, silent)
    assert same == broken
    assert not silent.asked, "a finished run asks nothing, not even whether the models are there"
    again = watched(teacher)
    run, mended = await made(album, sandbox, again, retry_faults=True)
    assert (mended.kept, mended.faults) == (12, 0)
    assert set(kept(run)) == set(MANY)
    assert again.asked["image"] == 1, "what was decided is not asked again"


async def test_a_model_that_is_not_there_at_the_start_is_one_error(photos: Path, sandbox: LocalSandbox) -> None:
    async def gone(kind: str, messages: Sequence[ChatMessage]) -> None:
        raise ModelUnreachableError("http://x: cannot be reached")

    with pytest.raises(ModelError, match="cannot be reached"):
        await made(photos, sandbox, watched(Teacher(MADE), gone))
    _, report = await made(photos, sandbox, watched(Teacher(MADE)))
    assert report.kept == 3, "the same folder goes on later"


async def test_a_run_that_is_stopped_anywhere_goes_on_without_asking_again(photos: Path, sandbox: LocalSandbox) -> None:
    whole = watched(Teacher(MADE, wrong_first={EASY}))
    reference_run, reference = await made(photos, sandbox, whole, out=photos.parent / "whole", questions=2)
    asked: Counter[str] = Counter()
    report = None
    run = reference_run
    for stop_after in (1, 6, 9, 14, None):
        model = watched(Teacher(MADE, wrong_first={EASY}))
        seen = 0
        with anyio.CancelScope() as scope:

            def count(decision: Decision, limit: int | None = stop_after, scope: anyio.CancelScope = scope) -> None:
                nonlocal seen
                seen += 1
                if seen == limit:
                    scope.cancel()

            run, report = await made(photos, sandbox, model, listener=count, questions=2, concurrency=1)
        asked += model.asked
    assert report == reference
    assert run is not reference_run
    asked["hello"] = whole.asked["hello"] = 0
    assert asked == whole.asked, "every question once"
    plain = [
        {one.id: one.model_dump(exclude={"started_at", "seconds", "turns"}) for one in folder.trajectories()}
        for folder in (run, reference_run)
    ]
    assert plain[0] == plain[1]
    assert len(list(run.trajectories())) == reference.kept


async def test_the_report_does_not_depend_on_how_many_are_at_work(photos: Path, sandbox: LocalSandbox) -> None:
    pages = []
    for at_once in (1, 8):
        out = photos.parent / f"out{at_once}"
        run, _ = await made(photos, sandbox, watched(Teacher(MADE, plain={EASY})), out=out, concurrency=at_once)
        pages.append([(run.folder / f"report.{kind}").read_text() for kind in ("json", "md", "html")])
    assert pages[0] == pages[1]


async def test_other_settings_models_or_pictures_are_told(photos: Path, sandbox: LocalSandbox) -> None:
    await made(photos, sandbox, watched(Teacher(MADE)))
    with pytest.raises(StoreError, match="other settings"):
        await made(photos, sandbox, watched(Teacher(MADE)), questions=2)
    with pytest.raises(StoreError, match=r"other settings \(teacher.*, now another"):
        await made(photos, sandbox, ScriptedModel(Teacher(MADE).hears, name="another"))
    _, report = await made(photos, sandbox, watched(Teacher(MADE)), concurrency=1, seconds_per_call=5)
    assert report.kept == 3, "speed may change"
    with pytest.raises(UsageError, match="no such file or folder"):
        find_pictures([photos / "nowhere"])
    (photos / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no pictures"):
        find_pictures([photos / "empty"])


async def test_a_picture_that_changes_or_goes_between_two_starts_is_counted(
    photos: Path, sandbox: LocalSandbox
) -> None:
    with anyio.CancelScope() as scope:

        def stop(decision: Decision) -> None:
            if decision.stage is Stage.IMAGE:
                scope.cancel()

        await made(photos, sandbox, watched(Teacher(MADE)), listener=stop, concurrency=1)
    Image.new("RGB", (300, 300)).save(photos / EASY)
    (photos / HARD).unlink()
    run, report = await made(photos, sandbox, watched(Teacher(MADE)), concurrency=3)
    assert row(report, Stage.READ).reasons[Outcome.REJECTED] == {"changed since the run began": 1}
    assert set(kept(run)) == {COUNTING}


async def test_a_sort_of_question_that_is_impossible_gives_way_to_another(
    photos: Path, sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = Teacher(MADE)
    fine = teacher.reply

    def reply(asked: Any) -> str:  # noqa: ANN401
        if kind_of(asked) == "question" and "Sort of question: computation" not in asked.text:
            return '{"impossible": "nothing to see"}'
        return fine(asked)

    monkeypatch.setattr(teacher, "reply", reply)
    run, report = await made(photos, sandbox, watched(teacher), mix={"visual": 1, "computation": 1, "editing": 1})
    assert {one.task.meta["category"] for one in run.trajectories()} == {"computation"}
    assert all(one.task.meta["box"] is None for one in run.trajectories()), "computation needs no box"
    assert row(report, Stage.BOX).entered == 0
    assert report.kept == 3
