"""The check of a set finds every kind of fault, counts it, and says yes to a sound one."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from codedance.cli.app import app
from codedance.cli.failures import exit_code
from codedance.episode.replaying import choose
from codedance.errors import CodeDanceError, StoreError
from codedance.imaging import Picture
from codedance.schema import MathAnswer, NumberAnswer, Task, Trajectory
from codedance.store import Manifest, RunFolder
from codedance.synth.check import report_of
from codedance.synth.check_reading import load_tokenizer, read_set
from codedance.synth.check_report import Check, CheckName, CheckReport, page
from codedance.synth.interop import ExportFormat, ExportSettings, ImportFormat, export_runs, import_source
from codedance.tasks.worlds import HELD_OUT_SEEDS
from tests.synth.made_runs import answer, cases, make_run, make_tasks, scene, task

CODEDANCE = [sys.executable, "-m", "codedance.cli.app"]
TOKENIZER = Path(__file__).parents[2] / "src" / "codedance" / "models" / "nano" / "checkpoint" / "tokenizer.json"


def command(*arguments: str | Path) -> Result:
    """The command within this process: starting one costs a second."""
    return CliRunner().invoke(app, ["data", "check", *map(str, arguments)])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("made") / "run", attempts=2)


def rewrite(run: RunFolder, out: Path, change: Callable[[int, Trajectory], Trajectory | None]) -> RunFolder:
    """A copy of the run with other trajectories."""
    copy = RunFolder.create(out, Manifest(kind="synth"))
    for number, one in enumerate(run.trajectories()):
        other = change(number, one)
        if other is not None:
            copy.add(other, run.load_pictures(one))
    return copy


def report(folder: Path, against: Path | None = None) -> CheckReport:
    other = read_set(against) if against else None
    return report_of(read_set(folder), against=other, tokens="estimated")


def result(found: CheckReport, name: CheckName) -> Check:
    return next(one for one in found.checks if one.name is name)


def test_a_sound_set_passes_with_exit_code_zero_and_says_what_was_found(sound: RunFolder, tmp_path: Path) -> None:
    words = ["data", "check", str(sound.folder), "--cells", "all", "--json", "--out", str(tmp_path / "report")]
    done = subprocess.run([*CODEDANCE, *words], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    found = CheckReport.model_validate_json(done.stdout)
    assert found.passed
    assert (found.trajectories, found.tasks, found.direct) == (18, 9, 4)
    assert (found.cells, found.failed_cells, found.unrecorded_cells) == (20, 4, 0)
    assert found.rerun is not None
    assert found.rerun.cells == {"same": 20, "close": 0, "explained": 0, "different": 0, "unrecorded": 0}
    assert found.turns == {"1": 2, "2": 12, "3": 4}
    assert found.balance["category"] == {"visual": 1, "computation": 1}
    assert (tmp_path / "report" / "check.json").read_text() == found.model_dump_json(indent=2) + "\n"
    assert "all checks pass" in (tmp_path / "report" / "check.md").read_text()


def test_attempts_at_one_task_are_no_duplicates(sound: RunFolder) -> None:
    found = report(sound.folder)
    assert result(found, CheckName.DUPLICATES).examined == 9
    assert found.passed


def test_code_that_shows_something_else_now_fails_and_is_named(sound: RunFolder, tmp_path: Path) -> None:
    def forge(number: int, one: Trajectory) -> Trajectory:
        if one.task.id != "call":
            return one
        execution = one.turns[0].execution
        assert execution is not None
        turn = one.turns[0].model_copy(update={"execution": execution.model_copy(update={"stdout": "43\n"})})
        return one.model_copy(update={"turns": (turn, *one.turns[1:])})

    run = rewrite(sound, tmp_path / "run", forge)
    done = command(run.folder, "--cells", "all", "--json")
    assert done.exit_code == 1
    found = CheckReport.model_validate_json(done.stdout)
    again = result(found, CheckName.RERUN)
    assert (again.passed, again.failed) == (False, 2)
    assert again.examples[0] == r"call#0, turn 1, stdout: was '43\n', is '42\n'"
    assert [one.name for one in found.checks if one.passed is False] == [CheckName.RERUN]


def test_a_sample_is_chosen_by_its_seed() -> None:
    assert choose(range(1000), 5, seed=1) == choose(range(1000), 5, seed=1)
    assert choose(range(1000), 5, seed=1) != choose(range(1000), 5, seed=2)
    assert choose([3, 1], None, seed=1) == choose([3, 1], 7, seed=1) == [3, 1]


def test_lost_and_changed_pictures_are_named(sound: RunFolder, tmp_path: Path) -> None:
    run = rewrite(sound, tmp_path / "run", lambda number, one: one)
    first, second = (one.images[0] for one, *_ in cases()[:2])
    run.pictures.path(first).unlink()
    run.pictures.path(second).write_bytes(scene(77).data)
    found = result(report(run.folder), CheckName.PICTURES)
    assert found.passed is False
    assert any("cannot be read" in example for example in found.examples)
    assert any("its hash differs" in example for example in found.examples)


def test_replies_that_do_not_read_to_the_record_are_named(sound: RunFolder, tmp_path: Path) -> None:
    def forge(number: int, one: Trajectory) -> Trajectory:
        turns = list(one.turns)
        if one.id == "crop#0":
            turns[0] = turns[0].model_copy(update={"code": "print('other')"})
        if one.id == "mend#0":
            turns[1] = turns[1].model_copy(update={"kept_characters": 5})
        update: dict[str, object] = {"turns": tuple(turns)}
        if one.id == "direct#0":
            update["answer"] = "blue"
        return one.model_copy(update=update)

    found = result(report(rewrite(sound, tmp_path / "run", forge).folder), CheckName.REPLIES)
    assert found.failed == 3
    assert [example.split(":")[0] for example in found.examples] == ["crop#0, turn 1", "mend#0, turn 2", "direct#0"]


def test_wrong_and_missing_answers_are_named_where_a_reference_is_known(tmp_path: Path) -> None:
    right = NumberAnswer(value=3)
    chosen = [
        (task("wrong", "How many?", [scene(1)], right), [scene(1)], [answer("4")], cases()[0][3]),
        (task("none", "How many of them?", [scene(2)], right), [scene(2)], ["Hm.", "Hm."], cases()[0][3]),
        (task("open", "What do you see there?", [scene(3)]), [scene(3)], [answer("much")], cases()[0][3]),
    ]
    found = result(report(make_run(tmp_path / "run", chosen).folder), CheckName.ANSWERS)
    assert (found.examined, found.failed) == (2, 2)
    assert found.examples == ("wrong#0: '4', but it is '3'", "none#0: no answer, but it is '3'")


def test_mathematical_answers_are_compared_with_algebra(tmp_path: Path) -> None:
    half = MathAnswer(latex="\\frac{1}{2}")
    chosen = [
        (task("same", "How much?", [scene(1)], half), [scene(1)], [answer("0.5")], cases()[0][3]),
        (task("other", "How much of it?", [scene(2)], half), [scene(2)], [answer("0.4")], cases()[0][3]),
    ]
    found = result(report(make_run(tmp_path / "run", chosen).folder), CheckName.ANSWERS)
    assert (found.examined, found.failed) == (2, 1)


def test_broken_lines_and_repeated_identifiers_are_counted_and_the_rest_is_read(
    sound: RunFolder, tmp_path: Path
) -> None:
    run = rewrite(sound, tmp_path / "run", lambda number, one: one if one.attempt == 0 else None)
    path = run.folder / "trajectories.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    other = json.loads(lines[1])
    other["task"]["question"] = "Another question under the same name"
    other["id"] = "mend#7"
    path.write_text("".join([*lines, lines[0], json.dumps(other) + "\n", '{"id": 3}\n', "nonsense\n", '{"cut": ']))
    found = report(run.folder)
    readable = result(found, CheckName.READABLE)
    assert (found.trajectories, readable.failed) == (11, 4)
    assert "crop#0: two trajectories have this identifier" in readable.examples
    assert "mend: two different tasks have this identifier" in readable.examples


def test_the_same_question_about_the_same_picture_is_a_duplicate(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="tasks"))
    shown = scene(1)
    for name, question, number in (
        ("a", "How many circles?", 3),
        ("b", "How many  CIRCLES", 3),
        ("c", "How many circles?", 4),
    ):
        run.add_task(task(name, question, [shown], NumberAnswer(value=number)), {shown.ref.sha256: shown})
    found = result(report(run.folder), CheckName.DUPLICATES)
    assert found.failed == 2
    assert found.examples == (
        "made:b asks the same about the same picture as made:a",
        "made:c asks the same about the same picture, and has another answer as made:a",
    )


def test_training_scenes_and_held_out_scenes_do_not_mix(tmp_path: Path) -> None:
    def scenes(name: str, *seeds: int) -> Path:
        run = RunFolder.create(tmp_path / name, Manifest(kind="tasks"))
        for seed in seeds:
            shown = scene(seed % 1000)
            about = task(f"s{seed}", f"How many in number {seed}?", [shown], seed=seed, family="counting")
            run.add_task(about, {shown.ref.sha256: shown})
        return run.folder

    train, held = scenes("train", 1, 2, 3), scenes("held", HELD_OUT_SEEDS + 4, HELD_OUT_SEEDS + 5)
    assert result(report(train), CheckName.HELD_OUT).passed
    assert result(report(held), CheckName.HELD_OUT).passed
    mixed = result(report(scenes("mixed", 1, 2, HELD_OUT_SEEDS + 4)), CheckName.HELD_OUT)
    assert (mixed.passed, mixed.failed) == (False, 1)
    assert result(report(train, held), CheckName.DISJOINT).passed
    shared = result(report(train, scenes("shared", 9, 3)), CheckName.DISJOINT)
    assert (shared.passed, shared.failed) == (False, 2), "the scene, and its question about its picture"
    assert "scene counting  3" in shared.examples[0]


def test_a_sample_of_imported_trajectories_runs_again_with_nothing_to_compare(sound: RunFolder, tmp_path: Path) -> None:
    export_runs(ExportFormat.SWIFT, [sound.folder], tmp_path / "swift", settings=ExportSettings(record=False))
    import_source(ImportFormat.SWIFT, tmp_path / "swift", tmp_path / "run", limit=9)
    done = command(tmp_path / "run", "--cells", "3", "--seed", "4", "--json")
    found = CheckReport.model_validate_json(done.stdout)
    assert found.unrecorded_cells > 0
    assert result(found, CheckName.RERUN).passed is None
    assert found.rerun is not None
    assert (found.rerun.trajectories, found.rerun.of, found.rerun.seed) == (3, 9, 4)
    assert found.rerun.cells["unrecorded"] == sum(found.rerun.cells.values()) > 0


def test_a_set_that_vanishes_before_its_code_runs_again_is_told(sound: RunFolder, tmp_path: Path) -> None:
    made = rewrite(sound, tmp_path / "run", lambda number, one: one)

    def vanishing(offsets: list[int], sample: int | None, seed: int) -> list[int]:
        (made.folder / "trajectories.jsonl").unlink()
        return choose(offsets, sample, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codedance.episode.replaying.choose", vanishing)
        done = command(made.folder, "--cells", "all")
    assert isinstance(done.exception, StoreError)
    assert "trajectories.jsonl: cannot be read (No such file" in str(done.exception)


def test_tokens_are_counted_by_a_tokenizer_that_is_given(sound: RunFolder) -> None:
    counted = read_set(sound.folder, count_tokens=load_tokenizer(TOKENIZER))
    estimated = read_set(sound.folder)
    assert len(counted.context) == len(estimated.context) == 18
    assert counted.context[0] != estimated.context[0]
    done = command(sound.folder, "--cells", "0", "--tokenizer", TOKENIZER)
    assert f"counted by {TOKENIZER}; pictures are not counted" in done.stdout
    assert "estimated as characters / 4" in command(sound.folder, "--cells", "0").stdout


def test_the_page_shows_texts_of_records_harmlessly() -> None:
    check = Check(name=CheckName.ANSWERS, passed=False, failed=30, examples=("a | b <script> `x`\n# head",))
    text = page(CheckReport(folder="f", checks=(check,), balance={"source": {"a|b": 1}}))
    assert "- a \\| b &lt;script> 'x' # head" in text
    assert "... and 29 more" in text
    assert "some checks FAIL" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing"], "is not a run folder"),
        (["empty"], "neither trajectories nor tasks"),
        (["sound", "--cells", "some"], "write all or a number"),
        (["sound", "--tokenizer", "missing.json"], "no tokenizer.json"),
        (["sound", "--against", "missing"], "is not a run folder"),
        (["sound", "--cells", "0", "--out", "empty/manifest.json"], "cannot be written"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    make_tasks(tmp_path / "sound")
    RunFolder.create(tmp_path / "empty", Manifest(kind="synth"))
    words = [
        str(tmp_path / word) if word.split("/")[0] in ("missing", "empty", "sound") else word for word in arguments
    ]
    error = command(*words).exception
    assert isinstance(error, CodeDanceError)
    assert exit_code(error) == 2
    assert says in str(error)
    assert "\n" not in str(error)


def test_a_picture_that_is_no_picture_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="tasks"))
    noise = b"not a picture"
    digest = hashlib.sha256(noise).hexdigest()
    ref = scene(1).ref.model_copy(update={"sha256": digest})
    run.add_task(Task(id="a", source="s", question="?", images=(ref,)), {digest: Picture(ref, noise)})
    found = result(report(run.folder), CheckName.PICTURES)
    assert (found.passed, found.failed) == (False, 1)
    assert "not a picture in a known format" in found.examples[0]
