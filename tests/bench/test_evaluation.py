"""Running benchmarks: every row ends, once, and what fails is never taken for an answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from codedance.bench import Outcome, expand
from codedance.bench.contract import Mode
from codedance.bench.data.loading import LoadSettings
from codedance.bench.evaluation import (
    EvalRun,
    EvalSettings,
    Patience,
    Progress,
    RowEnd,
    evaluate,
    open_rows,
    read_costs,
    read_ends,
)
from codedance.bench.reports import summarize
from codedance.episode import EpisodeSettings
from codedance.errors import DataError, ModelAccessError, ModelUnreachableError, StoreError, UsageError
from codedance.models import Model
from codedance.models.scripted import ScriptedModel
from codedance.models.server import ServerModel, ServerSettings
from codedance.protocol import ChatMessage, Role, protocol_info
from codedance.sandbox import LocalSandbox, NoSandbox, Sandbox
from codedance.schema import Budgets, ReasoningMode, StopReason
from codedance.store import RunFolder
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Oracle, make_scene
from tests.bench.examples import ROWS, Row, write_lines
from tests.bench.replying_server import ReplyingServer, answering, serve_replies

pytestmark = pytest.mark.anyio

QUICK = ServerSettings(retries=2, first_wait_seconds=0.01, longest_wait_seconds=0.02)
SHORT = Patience(concurrency=4, outage_seconds=0.2, first_wait_seconds=0.01)


def vstar(count: int) -> list[Row]:
    """Rows that differ in their question; the right answer is in the label."""
    return [{**ROWS["vstar"](index), "text": f"Row {index}. {ROWS['vstar'](index)['text']}"} for index in range(count)]


def guess(question: str) -> str:
    """A letter that depends on nothing but the question's number."""
    number = re.search(r"Row \d+\.", question)
    return "ABCD"[hashlib.sha256(number[0].encode()).digest()[0] % 4] if number else "A"


@pytest.fixture
def server() -> Iterator[ReplyingServer]:
    with serve_replies(answering(guess)) as server:
        yield server


def eval_settings(mode: ReasoningMode = ReasoningMode.SCHEMA, **more: object) -> EvalSettings:
    episode = EpisodeSettings(protocol=protocol_info(mode=mode))
    rows = LoadSettings(allow_partial=True)
    return EvalSettings.model_validate({"episode": episode, "rows": rows} | more)


async def run(
    folder: Path,
    names: Sequence[str],
    model: Model,
    *,
    data: Path | None = None,
    settings: EvalSettings | None = None,
    patience: Patience = SHORT,
    sandbox: Sandbox | None = None,
) -> Progress:
    settings = settings or eval_settings()
    benchmarks = expand(names)
    loaded = open_rows(benchmarks, settings.rows, data)
    with EvalRun(folder, benchmarks, loaded, settings=settings, model=model.name) as state:
        return await evaluate(state, model, sandbox or NoSandbox(), patience=patience)


async def ask(server: ReplyingServer, folder: Path, rows: Sequence[Row], **more: object) -> list[RowEnd]:
    """V* rows asked through the server, as they ended."""
    data = write_lines(folder / "vstar.jsonl", rows)
    patience = Patience.model_validate(SHORT.model_dump() | more)
    model = ServerModel("m", base_url=server.url, settings=QUICK)
    try:
        await run(folder / "run", ["vstar"], model, data=data, patience=patience)
    finally:
        await model.close()
    return list(read_ends(folder / "run"))


def outcomes(ends: Sequence[RowEnd], mode: Mode = Mode.STRICT) -> list[str]:
    return [end.scores[mode].outcome.value for end in ends]


async def test_rows_end_in_their_order_with_all_that_was_shown(server: ReplyingServer, tmp_path: Path) -> None:
    rows = vstar(30)
    ends = await ask(server, tmp_path, rows)
    assert [end.key for end in ends] == [f"{row['category']}/{row['question_id']}" for row in rows]
    expected = ["right" if guess(row["text"]) == row["label"] else "wrong" for row in rows]
    assert outcomes(ends) == expected
    assert {(end.turns, end.calls, end.calls_ok, end.prompt_tokens, end.pixels) for end in ends} == {(2, 1, 1, 22, 192)}
    folder = RunFolder.open(tmp_path / "run")
    assert all(folder.load_pictures(trajectory) for trajectory in folder.trajectories())
    assert sorted(cost.key for cost in read_costs(tmp_path / "run")) == sorted(end.key for end in ends)


@pytest.mark.parametrize("fault", ["429", "500", "503", "hangup"])
async def test_a_fault_that_passes_costs_a_retry_and_no_answer(
    fault: str, server: ReplyingServer, tmp_path: Path
) -> None:
    server.faults = [fault] * 2
    ends = await ask(server, tmp_path, vstar(6), concurrency=1)
    assert set(outcomes(ends)) <= {"right", "wrong"}
    assert len(server.requests) == 6 * 2 + 2
    assert [cost.retries for cost in read_costs(tmp_path / "run")] == [2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("fault", ["html", "half", "nothing", "blank"])
async def test_a_reply_that_cannot_be_read_is_asked_for_again(
    fault: str, server: ReplyingServer, tmp_path: Path
) -> None:
    server.faults = [fault]
    ends = await ask(server, tmp_path, vstar(3), concurrency=1)
    assert set(outcomes(ends)) <= {"right", "wrong"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("html", "the reply"),
        ("half", "could not be read"),
        ("nothing", "holds no message"),
        ("429", "kept failing with status 429"),
        ("500", "kept failing with status 500"),
        ("hangup", "cannot be reached"),
        ("huge", "20000000 characters"),
    ],
)
async def test_a_server_that_fails_for_good_gives_errors_that_are_shown_and_tried_again(
    fault: str, said: str, server: ReplyingServer, tmp_path: Path
) -> None:
    server.always = fault
    ends = await ask(server, tmp_path, vstar(3), concurrency=1, unreadable_tries=1)
    assert outcomes(ends) == ["error"] * 3
    assert all(said in end.note for end in ends)
    report = summarize(tmp_path / "run")
    assert report.benchmarks[0].scores[Mode.STRICT].overall.errors == 3
    assert sum(report.benchmarks[0].notes.values()) == 3
    server.always = ""
    again = await ask(server, tmp_path, vstar(3))
    assert set(outcomes(again)) <= {"right", "wrong"}
    assert len(list(RunFolder.open(tmp_path / "run").trajectories())) == 6


async def test_an_empty_message_is_no_answer(server: ReplyingServer, tmp_path: Path) -> None:
    server.always = "empty"
    (end,) = await ask(server, tmp_path, vstar(1))
    assert (end.stop, outcomes([end])) == (StopReason.NO_ACTION, ["no_answer"])


async def test_of_several_choices_the_first_counts(server: ReplyingServer, tmp_path: Path) -> None:
    server.extra_choices = 2
    ends = await ask(server, tmp_path, vstar(2))
    assert [end.prediction for end in ends] == [guess(row["text"]) for row in vstar(2)]


async def test_rows_may_have_different_numbers_of_options(server: ReplyingServer, tmp_path: Path) -> None:
    two = "Left or right?\n(A) left\n(B) right\nAnswer with the option's letter from the given choices directly."
    five = "Which?\n(A) a1\n(B) b1\n(C) c1\n(D) d1\n(E) e1"
    rows = [{**ROWS["vstar"](0), "text": two, "label": "B"}, {**ROWS["vstar"](1), "text": five, "label": "E"}]
    server.reply = lambda messages: "<answer>E</answer>"
    assert outcomes(await ask(server, tmp_path, rows)) == ["wrong", "right"]


async def test_a_row_without_its_picture_is_an_error_and_the_others_are_asked(
    server: ReplyingServer, tmp_path: Path
) -> None:
    rows = vstar(4)
    rows[1]["image"] = "nowhere/at/all.png"
    rows[2]["image"] = "data:image/png;base64," + "A" * 400
    data = write_lines(tmp_path / "vstar.jsonl", rows)
    settings = eval_settings(rows=LoadSettings(limit=4))
    model = ServerModel("m", base_url=server.url, settings=QUICK)
    await run(tmp_path / "run", ["vstar"], model, data=data, settings=settings)
    await model.close()
    ends = list(read_ends(tmp_path / "run"))
    assert [outcome == "error" for outcome in outcomes(ends)] == [False, True, True, False]
    assert "there is no file" in ends[1].note
    assert "column image" in ends[2].note
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("vstar.jsonl", '{"image": "a.png", "text": "?", "label": "A"', "is the file cut off"),
        ("vstar.jsonl", '{"picture": "a.png", "prompt": "?"}\n', "vstar needs the columns"),
        ("vstar.parquet", "PAR1 and nothing more", "is no parquet file, or is cut off"),
        ("vstar.tsv", "index\timage\tquestion\n1\tx\n", "is it cut off"),
    ],
)
def test_bad_files_are_refused_before_anything_is_asked(name: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        open_rows(expand(["vstar"]), LoadSettings(), tmp_path)


async def test_a_refused_key_stops_the_run_and_marks_no_row(server: ReplyingServer, tmp_path: Path) -> None:
    server.always = "401"
    with pytest.raises(ModelAccessError, match="refused the key"):
        await ask(server, tmp_path, vstar(3))
    assert list(RunFolder.open(tmp_path / "run").trajectories()) == []


async def test_a_run_stops_when_nothing_can_be_had_and_goes_on_later(server: ReplyingServer, tmp_path: Path) -> None:
    server.always = "500"
    says = (
        r"5 episodes in a row failed, the last with: .*[^.?]\. 0 of 20 have ended without an error and are kept; start"
    )
    with pytest.raises(ModelUnreachableError, match=says):
        await ask(server, tmp_path, vstar(20), failures_in_a_row=5)
    server.always = ""
    assert set(outcomes(await ask(server, tmp_path, vstar(20)))) <= {"right", "wrong"}


async def test_a_run_that_is_given_up_says_how_many_rows_need_not_be_asked_again(
    server: ReplyingServer, tmp_path: Path
) -> None:
    plain = server.reply

    def reply(messages: list[dict[str, object]]) -> str:
        if len(server.requests) >= 4:
            server.always = "hangup"
        return plain(messages)

    server.reply = reply
    with pytest.raises(ModelUnreachableError, match=r"[^?.][.?] (\d+) of 12 have ended without an error") as caught:
        await ask(server, tmp_path, vstar(12), concurrency=1, failures_in_a_row=3, outage_seconds=0.01)
    (told,) = re.findall(r"(\d+) of 12 have", str(caught.value))
    stored = list(RunFolder.open(tmp_path / "run").trajectories())
    assert int(told) == sum(one.failure is None for one in stored) > 0
    assert len(stored) > int(told), "those that failed are stored too"


async def test_an_outage_after_the_first_answers_is_waited_for(server: ReplyingServer, tmp_path: Path) -> None:
    plain = server.reply

    def reply(messages: list[dict[str, object]]) -> str:
        if len(server.requests) == 4:
            server.faults = ["503"] * 12  # four tries of three requests each
        return plain(messages)

    server.reply = reply
    ends = await ask(server, tmp_path, vstar(8), concurrency=1, outage_seconds=30.0)
    assert set(outcomes(ends)) <= {"right", "wrong"}
    assert server.faults == []


async def test_time_that_a_failing_server_took_is_not_held_against_the_model(
    server: ReplyingServer, tmp_path: Path
) -> None:
    data = write_lines(tmp_path / "vstar.jsonl", vstar(1))
    episode = EpisodeSettings(protocol=protocol_info(mode=ReasoningMode.SCHEMA), budgets=Budgets(seconds=0.3))
    settings = eval_settings(episode=episode)
    server.always = "500"
    patient = ServerSettings(retries=9, first_wait_seconds=0.2, longest_wait_seconds=0.2)
    model = ServerModel("m", base_url=server.url, settings=patient)
    patience = Patience(unreadable_tries=1)
    await run(tmp_path / "run", ["vstar"], model, data=data, settings=settings, patience=patience)
    await model.close()
    (end,) = read_ends(tmp_path / "run")
    assert outcomes([end]) == ["error"]
    assert "ran out while the server was failing" in end.note


async def test_another_start_asks_nothing_again_and_other_settings_are_refused(
    server: ReplyingServer, tmp_path: Path
) -> None:
    await ask(server, tmp_path, vstar(5))
    scores = (tmp_path / "run" / "scores.jsonl").read_bytes()
    asked = len(server.requests)
    await ask(server, tmp_path, vstar(5))
    assert len(server.requests) == asked
    assert (tmp_path / "run" / "scores.jsonl").read_bytes() == scores
    with pytest.raises(StoreError, match="other settings"):
        await ask(server, tmp_path, vstar(6))


def test_two_processes_cannot_work_on_one_run(tmp_path: Path) -> None:
    benchmarks = expand(["worlds/counting/easy"])
    loaded = open_rows(benchmarks, LoadSettings(limit=2))
    settings = EvalSettings(rows=LoadSettings(limit=2))
    with (
        EvalRun(tmp_path / "run", benchmarks, loaded, settings=settings, model="m"),
        pytest.raises(StoreError, match="another process"),
    ):
        EvalRun(tmp_path / "run", benchmarks, loaded, settings=settings, model="m")


async def test_what_rules_cannot_decide_waits_for_a_judge(tmp_path: Path) -> None:
    data = write_lines(tmp_path / "mathverse.jsonl", [{**ROWS["mathverse"](0), "answer": "domain: [-4, 0)"}])
    model = ScriptedModel(["<answer>from minus four up to zero</answer>"])
    settings = eval_settings(ReasoningMode.DIRECT)
    await run(tmp_path / "run", ["mathverse"], model, data=data, settings=settings)
    (end,) = read_ends(tmp_path / "run")
    assert end.scores[Mode.STRICT].outcome is Outcome.NEEDS_JUDGE
    assert (end.scores[Mode.STRICT].score, end.scores[Mode.STRICT].needs_judge) == (None, True)
    assert summarize(tmp_path / "run").benchmarks[0].scores[Mode.STRICT].overall.undecided == 1


async def test_an_empty_answer_needs_no_judge(tmp_path: Path) -> None:
    data = write_lines(tmp_path / "mathverse.jsonl", [{**ROWS["mathverse"](0), "answer": "domain: [-4, 0)"}])
    settings = eval_settings(ReasoningMode.DIRECT)
    await run(tmp_path / "run", ["mathverse"], ScriptedModel(["<answer></answer>"]), data=data, settings=settings)
    (end,) = read_ends(tmp_path / "run")
    assert (outcomes([end]), end.scores[Mode.STRICT].score) == (["no_answer"], 0.0)


def oracle_model(name: str, level: Difficulty, count: int, *, edits: bool = True) -> ScriptedModel:
    """The perfect model of these scenes; without edits it says the right words and draws nothing."""
    scenes = [make_scene(name, level, HELD_OUT_SEEDS + index) for index in range(count)]
    oracles = {scene.question: Oracle(scene, Random(0)) for scene in scenes}
    answers = {scene.question: scene.answer for scene in scenes}

    def reply(messages: Sequence[ChatMessage]) -> str:
        question = next(message for message in messages if message.role is Role.USER).text
        if not edits:
            return f"<answer>{answers[question]}</answer>"
        last = messages[-1]
        return oracles[question].reply(last.text.strip("\n") if last.role is Role.TOOL else None)

    return ScriptedModel(reply)


async def test_edits_are_scored_by_their_pixels(tmp_path: Path) -> None:
    settings = eval_settings(ReasoningMode.CODE, rows=LoadSettings(limit=2))
    names = ["worlds/editing/easy"]
    async with LocalSandbox() as sandbox:
        perfect = oracle_model("editing", Difficulty.EASY, 2)
        await run(tmp_path / "drawn", names, perfect, settings=settings, sandbox=sandbox)
    words = oracle_model("editing", Difficulty.EASY, 2, edits=False)
    await run(tmp_path / "said", names, words, settings=settings)
    assert outcomes(list(read_ends(tmp_path / "drawn"))) == ["right", "right"]
    assert outcomes(list(read_ends(tmp_path / "said"))) == ["wrong", "wrong"]


async def test_attempts_have_seeds_of_their_own_and_count_as_one_row(tmp_path: Path) -> None:
    turn = Random(1)
    model = ScriptedModel(lambda messages: f"<answer>{turn.choice('ABCD')}</answer>")
    data = write_lines(tmp_path / "vstar.jsonl", vstar(6))
    settings = eval_settings(ReasoningMode.DIRECT, attempts=4, seed=7)
    await run(tmp_path / "run", ["vstar"], model, data=data, settings=settings)
    folder = RunFolder.open(tmp_path / "run")
    assert {one.sampling.seed for one in folder.trajectories()} == {7, 8, 9, 10}
    ends = list(read_ends(tmp_path / "run"))
    assert [(end.key, end.attempt) for end in ends[:5]] == [
        *(("direct_attributes/0", attempt) for attempt in range(4)),
        ("direct_attributes/1", 0),
    ]
    report = summarize(tmp_path / "run").benchmarks[0]
    strict = report.scores[Mode.STRICT]
    assert (report.rows, report.attempts, strict.overall.interval_kind) == (6, 24, "cluster bootstrap")
    assert list(strict.pass_at) == [1, 2, 4]
    assert strict.overall.accuracy == pytest.approx(strict.pass_at[1])
    assert strict.pass_at[1] <= strict.pass_at[2] <= strict.pass_at[4]


async def test_an_unfinished_run_tells_what_has_ended(server: ReplyingServer, tmp_path: Path) -> None:
    plain = server.reply

    def reply(messages: list[dict[str, object]]) -> str:
        if len(server.requests) > 12:
            server.always = "401"
        return plain(messages)

    server.reply = reply
    with pytest.raises(ModelAccessError):
        await ask(server, tmp_path, vstar(20), concurrency=2)
    report = summarize(tmp_path / "run")
    assert not report.finished
    assert 4 <= report.benchmarks[0].attempts <= 6
    assert not report.benchmarks[0].complete


async def test_progress_counts_and_tells_accuracy(tmp_path: Path) -> None:
    seen: list[Progress] = []
    benchmarks = expand(["worlds/search"])
    settings = eval_settings(ReasoningMode.DIRECT, rows=LoadSettings(limit=3))
    loaded = open_rows(benchmarks, settings.rows)
    model = ScriptedModel(["<answer>7</answer>"])
    with EvalRun(tmp_path / "run", benchmarks, loaded, settings=settings, model="m") as state:
        await evaluate(state, model, NoSandbox(), patience=SHORT, listener=seen.append)
    assert (seen[0].ended, seen[-1].ended, seen[-1].total) == (0, 6, 6)
    assert f"({seen[-1].right}/6)" in seen[-1].status


async def test_the_first_reason_that_ends_a_run_is_raised_as_itself(tmp_path: Path) -> None:
    benchmarks = expand(["worlds/search"])
    settings = eval_settings(ReasoningMode.DIRECT, rows=LoadSettings(limit=3))
    reason = RuntimeError("the screen is gone")

    def refuse(progress: Progress) -> None:
        if progress.ended:
            raise reason

    loaded = open_rows(benchmarks, settings.rows)
    model = ScriptedModel(["<answer>7</answer>"])
    with EvalRun(tmp_path / "run", benchmarks, loaded, settings=settings, model="m") as state:
        asked = evaluate(state, model, NoSandbox(), patience=SHORT, listener=refuse)
        with pytest.raises(RuntimeError) as caught:
            await asked
    assert caught.value is reason


def test_names_of_worlds_and_their_groups() -> None:
    assert len(expand(["worlds"])) == 18
    assert [one.name for one in expand(["worlds/hard", "worlds/charts/hard"])][:2] == [
        "worlds/counting/hard",
        "worlds/search/hard",
    ]
    for name in ("worlds/nothing", "world", "worlds/counting/medium"):
        with pytest.raises(UsageError, match=r"choose|there is no world"):
            expand([name])


def test_a_folder_of_copies_must_hold_each_benchmark(tmp_path: Path) -> None:
    write_lines(tmp_path / "vstar.jsonl", vstar(2))
    with pytest.raises(DataError, match=r"no local copy of chartqa \(looked for chartqa, chartqa.parquet"):
        open_rows(expand(["vstar", "chartqa"]), LoadSettings(allow_partial=True), tmp_path)
    (only,) = open_rows(expand(["vstar"]), LoadSettings(allow_partial=True), tmp_path)
    assert only.manifest.rows == 2
