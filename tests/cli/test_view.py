"""``codedance view RUN -o DIR`` as a person or a program uses it: a folder of pages, one clear line when it fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.viewer.samples import answered, cell, failed, noise, told
from typer.testing import CliRunner

from codedance.bench.contract import Mode
from codedance.bench.evaluation import Verdict
from codedance.bench.evaluation.ends import ModeScore, RowEnd
from codedance.bench.outcomes import Outcome
from codedance.cli.app import app
from codedance.errors import CodeDanceError, StoreError
from codedance.store import Manifest, RecordFile, RunFolder

PICTURE = noise(60, 40)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Four attempts at one task, two of them right."""
    run = RunFolder.create(tmp_path / "run", Manifest(kind="train"))
    for attempt, said in enumerate(("3", "3", "4", "5")):
        first = failed("x") if attempt == 3 else cell("x", stdout="1\n")
        one = told(first, answered(said), picture=PICTURE, answer=said)
        changed = {"attempt": attempt, "id": f"sample/1#{attempt}"}
        run.add(one.model_copy(update=changed), {PICTURE.ref.sha256: PICTURE})
    return run


def view(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["view", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_site_is_written_and_its_place_is_told(run: RunFolder, tmp_path: Path) -> None:
    told_of = view(run.folder, "-o", tmp_path / "site")
    assert "4 trajectories, 4 pages written" in told_of
    assert f"site: {tmp_path / 'site' / 'index.html'}" in told_of
    report = json.loads(view(run.folder, "-o", tmp_path / "site", "--json"))
    assert (report["trajectories"], report["written"]) == (4, 0)


def test_reference_answers_say_what_is_right(run: RunFolder, tmp_path: Path) -> None:
    view(run.folder, "-o", tmp_path / "site")
    index = (tmp_path / "site" / "index.html").read_text()
    assert index.count("✓ right") == 2
    assert "Reward" not in (tmp_path / "site" / "t" / "000001.html").read_text()


def test_the_benchmarks_word_is_taken_before_the_reference(run: RunFolder, tmp_path: Path) -> None:
    outcomes = [Outcome.WRONG, Outcome.NEEDS_JUDGE, Outcome.RIGHT, Outcome.WRONG]
    ends = [
        RowEnd(
            benchmark="sample", key="1", attempt=n, trajectory=f"sample/1#{n}", turns=2,
            scores=dict.fromkeys(Mode, ModeScore(outcome=outcome, score=float(outcome is Outcome.RIGHT))),
        )
        for n, outcome in enumerate(outcomes)
    ]  # fmt: skip
    RecordFile(run.folder / "scores.jsonl", RowEnd).extend(ends)
    view(run.folder, "-o", tmp_path / "site")
    pages = [(tmp_path / "site" / "t" / f"00000{n}.html").read_text() for n in (1, 2, 3)]
    assert "✗ wrong" in pages[0]
    assert "✓ right" not in pages[1]
    assert "✗ wrong" not in pages[1]
    assert "✓ right" in pages[2]


def test_a_judges_word_stands_on_the_page_of_what_it_decided(run: RunFolder, tmp_path: Path) -> None:
    asks = ModeScore(outcome=Outcome.NEEDS_JUDGE, score=None, asks_judge=True)
    ends = [
        RowEnd(benchmark="sample", key="1", attempt=n, trajectory=f"sample/1#{n}", scores=dict.fromkeys(Mode, asks))
        for n in range(2)
    ]
    said = Verdict(benchmark="sample", key="1", attempt=1, judge="server:judge", prompts={}, score=0.0, read="five")
    RecordFile(run.folder / "scores.jsonl", RowEnd).extend(ends)
    RecordFile(run.folder / "judgements.jsonl", Verdict).extend([said])
    view(run.folder, "-o", tmp_path / "site")
    pages = [(tmp_path / "site" / "t" / f"00000{n}.html").read_text() for n in (1, 2)]
    assert "judge server:judge" not in pages[0]
    assert (
        "judge server:judge: wrong; it read \u2018five\u2019 in the reply. The rules alone say: needs judge."
        in pages[1]
    )
    assert (tmp_path / "site" / "index.html").read_text().count(">judge</span>") == 1


def test_a_reward_shows_terms_difficulty_and_credit(run: RunFolder, tmp_path: Path) -> None:
    view(run.folder, "-o", tmp_path / "site", "--reward", "bat")
    page = (tmp_path / "site" / "t" / "000004.html").read_text()
    assert "Group of 4 attempts, 50% right, difficulty d = 0.3000" in page
    assert "d 0.3000, 0 of 1 calls succeeded" in page
    assert "credit \u2212" in page
    assert ">reward<" in (tmp_path / "site" / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "-o", "site"], "is not a run folder"),
        (["run", "-o", "run"], "is the run itself"),
        (["run", "-o", "."], "holds no site"),
        (["run", "-o", "site", "--reward", "nix"], "there is no reward variant 'nix'"),
        (["run", "-o", "site", "--host", "0.0.0.0"], "--host: nothing is served with -o"),
        (["run", "-o", "site", "--port", "0", "--open"], "--port and --open: nothing is served with -o"),
        (["run", "-o", "site", "--allow-host", "box.lan"], "--allow-host: nothing is served"),
        (["run", "-o", "site", "--cache", "elsewhere"], "--cache: nothing is served"),
    ],
)
def test_what_cannot_be_is_one_line(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CodeDanceError, match=message):
        view(*arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_lost_pictures_are_told(run: RunFolder, tmp_path: Path) -> None:
    run.pictures.path(PICTURE.ref).unlink()
    assert "1 picture is missing in" in view(run.folder, "-o", tmp_path / "site")


def test_a_trajectory_that_is_cut_off_is_told(run: RunFolder, tmp_path: Path) -> None:
    assert "cut off" not in view(run.folder, "-o", tmp_path / "site")
    with (run.folder / "trajectories.jsonl").open("ab") as file:
        file.write(b'{"schema_version":1,"id":"half')
    told_of = view(run.folder, "-o", tmp_path / "site")
    assert "trajectories.jsonl: its last line is cut off and passed over" in told_of
    assert "4 trajectories" in told_of
    for command in (["verify"], ["analyze", "operations"]):
        told_of = CliRunner().invoke(app, [*command, str(run.folder)]).output
        assert "its last line is cut off and passed over" in told_of, command
        assert "the run's own command goes on there" in told_of, command


def test_a_cut_off_trajectory_that_was_stored_whole_is_told_as_damage(run: RunFolder, tmp_path: Path) -> None:
    path = run.folder / "trajectories.jsonl"
    path.write_bytes(path.read_bytes()[:-100])
    told_of = view(run.folder, "-o", tmp_path / "site")
    assert "cut off and passed over, but seals.jsonl says that it was stored whole: restore the file from a" in told_of
    assert "goes on there" not in told_of
    with pytest.raises(StoreError, match=r"removed or cut off; .* delete seals.jsonl to go on"):
        RunFolder(run.folder).add(next(run.trajectories()), {PICTURE.ref.sha256: PICTURE})
    (run.folder / "seals.jsonl").unlink()
    RunFolder(run.folder).add(next(run.trajectories()), {PICTURE.ref.sha256: PICTURE})
    assert len(list(run.trajectories())) == 4


def test_trajectories_that_were_removed_are_told_where_the_rest_is_shown(run: RunFolder, tmp_path: Path) -> None:
    path = run.folder / "trajectories.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert "is shorter than seals.jsonl says, lines were removed or changed" in view(run.folder, "-o", tmp_path / "x")


def test_one_thing_is_told_in_the_singular(run: RunFolder, tmp_path: Path) -> None:
    single = RunFolder.create(tmp_path / "single", Manifest(kind="ask"))
    single.add(next(run.trajectories()), {PICTURE.ref.sha256: PICTURE})
    assert "1 trajectory, 1 page written" in view(single.folder, "-o", tmp_path / "site")
    assert "(1 trajectory, 2 turns, 1 picture)" in CliRunner().invoke(app, ["verify", str(single.folder)]).output


@pytest.mark.parametrize("command", [["view", "-o", "pages"], ["replay"], ["analyze", "operations"]])
def test_a_run_without_trajectories_is_refused_with_the_reason(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def refused(name: str) -> str:
        error = CliRunner().invoke(app, [*command, name]).exception
        assert isinstance(error, StoreError), error
        return str(error)

    RunFolder.create(tmp_path / "training", Manifest(kind="train"))
    assert refused("training").startswith("training: holds no trajectories: it is a training run that kept none")
    RunFolder.create(tmp_path / "begun", Manifest(kind="eval"))
    assert refused("begun") == (
        "begun: holds no trajectory yet: none has ended; give the run's own command again to go on"
    )
    questions = RunFolder.create(tmp_path / "questions", Manifest(kind="tasks"))
    questions.add_task(next(run.trajectories()).task, {PICTURE.ref.sha256: PICTURE})
    assert "a set of questions that nobody has answered yet" in refused("questions")
    (run.folder / "trajectories.jsonl").write_bytes(b"")
    assert refused("run").startswith(
        "run/trajectories.jsonl: holds nothing, and seals.jsonl says that 4 trajectories were stored; restore it"
    )
    assert not (tmp_path / "pages").exists()


def test_where_one_run_is_wanted_those_in_a_folder_are_named(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        RunFolder.create(tmp_path / "runs" / name, Manifest(kind="ask"))
    named = "runs: is not a run folder but holds 2 runs: name one of them (runs/a, runs/b)"
    with pytest.raises(StoreError) as told_of:
        view("runs", "-o", "pages")
    assert str(told_of.value) == f"{named}; -o writes the pages of one run, without it all are served"
    assert str(CliRunner().invoke(app, ["analyze", "operations", "runs"]).exception) == named
    (tmp_path / "deep" / "rollouts").mkdir(parents=True)
    run.folder.rename(tmp_path / "deep" / "rollouts" / "step-1")
    with pytest.raises(StoreError, match="deep: is not a run folder but holds one: name deep/rollouts/step-1"):
        RunFolder.open("deep")
