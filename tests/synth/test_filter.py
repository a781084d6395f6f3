"""Weak-to-strong filtering: the rule, the set, the command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codedance.errors import DataError, MissingExtraError, ModelUnreachableError, StoreError, UsageError
from codedance.imaging import Picture
from codedance.models import Completion, Model
from codedance.models.asking import Party
from codedance.protocol import ChatMessage, direct_prompt
from codedance.schema import MathAnswer, NumberAnswer, Sampling, StopReason, Task, TextAnswer, Trajectory
from codedance.store import Manifest, RunFolder
from codedance.synth.pictures.filtering import Stratum, rule_text, stratum
from codedance.synth.pictures.settings import FilterRule, FilterSettings, HardBy, WeighSettings
from codedance.synth.pictures.taskset import Disagreement, FilterReport, filter_tasks, open_filter, read_tasks
from tests.synth.conftest import Command
from tests.synth.teacher import Teacher, scenes, verdict
from tests.synth.teacher_server import serve_teacher


class Guesser:
    """Answers by the question: with the text that is listed for it, attempt by attempt, or as a judge of labels."""

    def __init__(self, answers: Mapping[str, Sequence[str]], judged: Mapping[str, str] | None = None) -> None:
        self.answers = answers
        self.judged = judged or {}
        self.asked: list[tuple[Sequence[ChatMessage], Sampling]] = []

    @property
    def name(self) -> str:
        return "guesser"

    async def complete(
        self, messages: Sequence[ChatMessage], sampling: Sampling, *, stop: Sequence[str] = (), on_text: object = None
    ) -> Completion:
        self.asked.append((messages, sampling))
        text = messages[-1].text
        if "ready" in text:
            return Completion("ready")
        for question, said in self.judged.items():
            if f"Question: {question}\n" in text:
                return Completion(said)
        answer = self.answers[text][(sampling.seed or 0) % len(self.answers[text])]
        if answer == "gone":
            raise ModelUnreachableError("the server is gone")
        return Completion(answer if "<" in answer else f"<think>Hm.</think>\n<answer>{answer}</answer>")

    async def close(self) -> None:
        """Nothing."""


def task(name: str, picture: Picture, **fields: Any) -> Task:  # noqa: ANN401
    return Task.model_validate(
        {
            "id": name,
            "source": "mine",
            "question": f"How many in {name}?",
            "images": (picture.ref,),
            "answer": NumberAnswer(value=7),
            **fields,
        }
    )


def stored(folder: Path, tasks: Sequence[Task], picture: Picture) -> Path:
    run = RunFolder.create(folder, Manifest(kind="tasks"))
    for one in tasks:
        run.add_task(one, {picture.ref.sha256: picture})
    return folder


async def filtered(
    folder: Path,
    models: Mapping[Party, Model],
    **settings: Any,  # noqa: ANN401
) -> tuple[dict[str, Task], FilterReport, RunFolder]:
    chosen = FilterSettings.model_validate(settings)
    source = read_tasks(folder)
    run = open_filter(folder.parent / "out", source, chosen, models={party: one.name for party, one in models.items()})
    report = await filter_tasks(source, run, models=models, settings=chosen)
    return {one.id: one for one in run.tasks()}, report, run


WEAK = {
    "How many in always?": ["7"],
    "How many in sometimes?": ["7", "8"],
    "How many in never?": ["8"],
    "How many in beyond?": ["<think>no answer</think>", "<code>\n```python\nprint(7)\n```\n</code>"],
    "How many in wrong?": ["8"],
    "How many in unclear?": ["8"],
}
STRONG = {
    "How many in always?": ["7"],
    "How many in sometimes?": ["There are 7."],
    "How many in never?": ["7"],
    "How many in beyond?": ["9"],
    "How many in wrong?": ["8"],
    "How many in unclear?": ["9"],
}
JUDGED = {
    "How many in beyond?": verdict("right"),
    "How many in wrong?": '{"why": "I see `8` | <b>eight</b>\\u202e.", "verdict": "wrong"}',
    "How many in unclear?": verdict("cannot_tell"),
}


@pytest.fixture
def tasks(tmp_path: Path, picture: Picture) -> Path:
    names = ["always", "sometimes", "never", "beyond", "wrong", "unclear"]
    made = [task(name, picture, meta={"difficulty": "old", "seed": 3}) for name in names]
    made.append(task("open", picture, answer=None))
    return stored(tmp_path / "tasks", made, picture)


@pytest.mark.anyio
async def test_with_a_strong_model_it_decides_between_medium_and_hard(tasks: Path) -> None:
    strong = Guesser(STRONG, JUDGED)
    found, report, run = await filtered(tasks, {Party.WEAK: Guesser(WEAK), Party.STRONG: strong}, attempts=2)
    strata = {name: one.meta["difficulty"] for name, one in found.items()}
    assert strata == {
        "always": "easy",
        "sometimes": "medium",
        "never": "medium",
        "beyond": "hard",
        "wrong": "hard",
        "unclear": "hard",
    }
    records: dict[str, Any] = {name: one.meta["filter"] for name, one in found.items()}
    assert {name: record["weak"] for name, record in records.items()} == {
        "always": "2/2",
        "sometimes": "1/2",
        "never": "0/2",
        "beyond": "0/2",
        "wrong": "0/2",
        "unclear": "0/2",
    }
    assert {name: record["label"] for name, record in records.items()} == {
        "always": "unchecked",
        "sometimes": "confirmed",
        "never": "confirmed",
        "beyond": "confirmed",
        "wrong": "disputed",
        "unclear": "uncertain",
    }
    assert records["beyond"]["weak_answers"] == [None, None], "no answer, and code instead of one, are wrong"
    assert {record["rule"] for record in records.values()} == {report.rule}
    assert {record["difficulty_before"] for record in records.values()} == {"old"}
    assert found["always"].meta["seed"] == 3
    assert [(row.stratum.value, row.tasks, row.weak_accuracy) for row in report.strata] == [
        ("easy", 1, 1.0),
        ("medium", 2, 0.25),
        ("hard", 3, 0.0),
    ]
    assert [row.strong_accuracy for row in report.strata] == [None, 1.0, 0.0]
    assert report.without_answer == ("open",)
    assert FilterReport.model_validate_json((run.folder / "report.json").read_text()) == report
    assert run.load_pictures(found["never"]), "pictures come along"
    assert len(strong.asked) == 1 + 5 + 3, "greeting, own answers to what is not easy, labels where they differ"


@pytest.mark.anyio
async def test_disagreements_are_listed_for_a_human(tasks: Path) -> None:
    models = {Party.WEAK: Guesser(WEAK), Party.STRONG: Guesser(STRONG, JUDGED)}
    _, report, run = await filtered(tasks, models, attempts=2)
    assert report.disputed == 1
    (line,) = (run.folder / "disagreements.jsonl").read_text().splitlines()
    one = Disagreement.model_validate_json(line)
    assert (one.task_id, one.label, one.strong_answer, one.weak_answers) == ("wrong", "7", "8", ("8", "8"))
    assert (run.folder / one.images[0]).is_file()
    page = (run.folder / "disagreements.md").read_text()
    assert "`How many in wrong?`" in page
    assert f"![picture]({one.images[0]})" in page
    (why,) = [text for text in page.splitlines() if text.startswith("- why: ")]
    assert why.count("`") == 2, "what a model says cannot leave its code span"
    assert "\u202e" not in page


@pytest.mark.anyio
async def test_mathematical_labels_are_compared_with_algebra_or_not_at_all(
    tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = task("always", picture, answer=MathAnswer(latex="\\frac{14}{2}"))
    folder, other = (stored(tmp_path / name / "tasks", [half], picture) for name in ("one", "other"))
    found, _, _ = await filtered(folder, {Party.WEAK: Guesser(WEAK), Party.STRONG: Guesser(STRONG, JUDGED)}, attempts=2)
    assert found["always"].meta["difficulty"] == "easy", "7 is 14/2"
    monkeypatch.setattr("codedance.rewards.mathematics.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="math"):
        await filtered(other, {Party.WEAK: Guesser(WEAK)}, attempts=2)


@pytest.mark.anyio
async def test_without_a_strong_model_the_weak_one_decides(tasks: Path) -> None:
    weak = Guesser(WEAK)
    found, report, _ = await filtered(tasks, {Party.WEAK: weak}, attempts=2)
    strata = {name: one.meta["difficulty"] for name, one in found.items()}
    assert [strata[name] for name in ("always", "sometimes", "never")] == ["easy", "medium", "hard"]
    assert report.disputed == 0
    assert {label.value for row in report.strata for label in row.labels} == {"unchecked"}
    asked = [(messages, sampling) for messages, sampling in weak.asked if len(messages) == 2]
    assert {messages[0].text for messages, _ in asked} == {direct_prompt()}
    assert {sampling.seed for _, sampling in asked} == {0, 1}
    assert {sampling.temperature for _, sampling in asked} == {0.7}


@pytest.mark.anyio
async def test_easy_labels_are_checked_too_if_asked(tasks: Path) -> None:
    models = {Party.WEAK: Guesser(WEAK), Party.STRONG: Guesser(STRONG, JUDGED)}
    found, _, _ = await filtered(tasks, models, attempts=2, check_easy=True)
    record: Any = found["always"].meta["filter"]
    assert (record["label"], record["strong_right"]) == ("confirmed", True)


@pytest.mark.anyio
async def test_what_cannot_be_weighed_is_reported_and_asked_again(
    tmp_path: Path,
    picture: Picture,
    make_picture: Any,  # noqa: ANN401
) -> None:
    lost = make_picture(9, 9)
    folder = stored(tmp_path / "tasks", [task("always", picture), task("sometimes", picture)], picture)
    RunFolder(folder).add_task(task("lost", lost), {lost.ref.sha256: lost})
    RunFolder(folder).pictures.path(lost.ref).unlink()
    broken = Guesser({**WEAK, "How many in sometimes?": ["gone"]})
    found, report, _ = await filtered(folder, {Party.WEAK: broken}, attempts=2)
    assert set(found) == {"always"}
    assert report.skipped_reasons == {"picture cannot be read": 1, "server failed or unreachable": 1}
    assert set(report.skipped) == {"lost", "sometimes"}
    again = Guesser(WEAK)
    found, report, _ = await filtered(folder, {Party.WEAK: again}, attempts=2)
    assert set(found) == {"always", "sometimes"}
    assert len(again.asked) == 1 + 2, "what was weighed is not asked again"
    assert set(report.skipped) == {"lost"}


@pytest.mark.anyio
async def test_tasks_of_trajectories_are_taken_once(tmp_path: Path, picture: Picture) -> None:
    run = RunFolder.create(tmp_path / "tasks", Manifest(kind="eval"))
    one = task("always", picture)
    for attempt in range(3):
        trajectory = Trajectory(id=f"always#{attempt}", task=one, model="m", stop=StopReason.TIME)
        run.add(trajectory, {picture.ref.sha256: picture})
    found, report, _ = await filtered(tmp_path / "tasks", {Party.WEAK: Guesser(WEAK)})
    assert (set(found), report.given) == ({"always"}, 1)


def test_a_set_that_cannot_be_used_is_told(tmp_path: Path, picture: Picture) -> None:
    with pytest.raises(StoreError, match="not a run folder"):
        read_tasks(tmp_path)
    empty = stored(tmp_path / "empty", [], picture)
    with pytest.raises(DataError, match="neither tasks nor trajectories"):
        read_tasks(empty)
    twice = stored(tmp_path / "twice", [task("a", picture), task("a", picture, question="Another?")], picture)
    with pytest.raises(DataError, match="two different tasks have the id a"):
        read_tasks(twice)
    good = stored(tmp_path / "good", [task("a", picture)], picture)
    with pytest.raises(StoreError, match="holds the tasks themselves"):
        open_filter(good, read_tasks(good), FilterSettings(), models={Party.WEAK: "nano"})
    strict = FilterSettings(rule=FilterRule(hard_by=HardBy.STRONG))
    with pytest.raises(UsageError, match="needs a strong model"):
        open_filter(tmp_path / "out", read_tasks(good), strict, models={Party.WEAK: "nano"})


SHARES = st.floats(0.01, 1.0)


@given(
    st.integers(1, 16),
    st.builds(FilterRule, easy_share=SHARES, hard_share=st.floats(0, 0.99), hard_by=st.sampled_from([None, *HardBy])),
    st.sampled_from([None, True, False]),
)
def test_more_right_answers_never_make_a_question_harder(attempts: int, rule: FilterRule, strong: bool | None) -> None:
    order = [Stratum.HARD, Stratum.MEDIUM, Stratum.EASY]
    ranks = [order.index(stratum(right, attempts, rule, strong_right=strong)) for right in range(attempts + 1)]
    assert ranks == sorted(ranks)
    assert ranks[-1] == 2, "always right is easy"
    if strong is not None:
        other = [order.index(stratum(right, attempts, rule, strong_right=True)) for right in range(attempts + 1)]
        assert all(mine <= better for mine, better in zip(ranks, other, strict=True))


@pytest.mark.parametrize(
    ("hard_by", "expected"),
    [
        (HardBy.STRONG, "hmhm"),
        (HardBy.WEAK, "hhmm"),
        (HardBy.EITHER, "hhhm"),
        (HardBy.BOTH, "hmmm"),
    ],
)
def test_who_decides_what_is_hard_is_a_setting(hard_by: HardBy, expected: str) -> None:
    rule = FilterRule(hard_by=hard_by)
    cases = [(0, False), (0, True), (1, False), (1, True)]
    assert "".join(stratum(right, 4, rule, strong_right=strong).value[0] for right, strong in cases) == expected


def test_the_rule_in_words_says_the_numbers() -> None:
    rule = FilterRule(easy_share=0.7, hard_share=0.2, hard_by=HardBy.EITHER)
    said = rule_text(WeighSettings(attempts=8, rule=rule), strong=True)
    assert "at least 6 of 8" in said
    assert "at most 1 of 8 or the strong model is wrong" in said


def test_the_command_asks_servers_and_prints_the_strata(tmp_path: Path, codedance: Command) -> None:
    made = scenes(4)
    run = RunFolder.create(tmp_path / "tasks", Manifest(kind="tasks"))
    for name, scene in made.items():
        picture = Picture.from_image(scene.image)
        answers = (TextAnswer(accepted=(scene.answer,)), MathAnswer(latex=scene.answer))
        one = task(name, picture, question=scene.question, answer=answers[len(name) % 2])
        run.add_task(one, {picture.ref.sha256: picture})
    with serve_teacher(Teacher(made)) as server:
        server.faults = ["429", "half", "html"]
        command: list[str | Path] = [
            "data",
            "filter",
            tmp_path / "tasks",
            "--weak",
            "server:weak",
            "--strong",
            "server:teacher",
        ]
        command += ["--base-url", server.url, "--out", tmp_path / "out"]
        result = codedance(*command, "--attempts", "2")
        assert result.code == 0, result.error
        assert [line.split()[:2] for line in result.output.splitlines()[1:4]] == [
            ["easy", "3"],
            ["medium", "1"],
            ["hard", "0"],
        ]
        asked = server.count
        again = codedance(*command, "--attempts", "2", "--json")
        assert json.loads(again.output)["strata"][0]["tasks"] == 3
        assert server.count == asked, "a finished set asks nothing"
        other = codedance(*command, "--attempts", "3")
        assert (other.code, other.error.count("\n")) == (2, 1)
        assert "other settings (attempts 2, now 3)" in other.error
        server.always["hello"] = "401 bad key"
        refused = codedance(*command[:-1], tmp_path / "new")
        assert (refused.code, refused.error.count("\n")) == (4, 1)
        assert "CODEDANCE_API_KEY" in refused.error


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--weak", "gpt"], "unknown model 'gpt'"),
        (["--weak", "nano", "--base-url", "http://localhost:1/v1"], "no model is a server"),
        (["--weak", "nano", "--strong-base-url", "http://localhost:1/v1"], "goes with --strong server:NAME"),
        (["--weak", "nano", "--set", "rule.easy=1"], "no setting 'easy'"),
        (["--weak", "nano", "--set", "rule.hard_by=both"], "give --strong"),
    ],
)
def test_a_wrong_option_is_one_line(
    tmp_path: Path, picture: Picture, codedance: Command, arguments: list[str], says: str
) -> None:
    folder = stored(tmp_path / "tasks", [task("a", picture)], picture)
    result = codedance("data", "filter", folder, "--out", tmp_path / "out", *arguments)
    assert (result.code, result.output, result.error.count("\n")) == (2, "", 1), result.error
    assert says in result.error


def test_a_scripted_model_can_be_the_weak_one(tmp_path: Path, picture: Picture, codedance: Command) -> None:
    folder = stored(tmp_path / "tasks", [task("a", picture)], picture)
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["<answer>7</answer>"]))
    result = codedance("data", "filter", folder, "--weak", f"scripted:{script}", "--out", tmp_path / "out", "--json")
    assert result.code == 0, result.error
    report = FilterReport.model_validate_json(result.output)
    assert [row.tasks for row in report.strata] == [1, 0, 0]
