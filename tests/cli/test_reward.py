"""``codedance reward`` as a person or a program uses it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codedance.cli.app import main
from codedance.imaging import Picture
from codedance.rewards import VARIANTS, MathChecker
from codedance.schema import Execution, MathAnswer, NumberAnswer, StopReason, Task, Trajectory, Turn
from codedance.store import Manifest, RunFolder

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "attempts.json"


@dataclass(frozen=True)
class Printed:
    code: int
    out: str
    err: str


def reward(*arguments: str | Path) -> Printed:
    """The command in this process, which has loaded everything already."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["codedance", "reward", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int)
    return Printed(code, out.getvalue(), err.getvalue())


def explained(*arguments: str | Path) -> dict[str, Any]:
    result = reward("explain", *arguments, "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert isinstance(found, dict)
    return found


def file(folder: Path, *groups: list[dict[str, object]]) -> Path:
    path = folder / "attempts.json"
    path.write_text(json.dumps({"groups": [{"attempts": group} for group in groups]}))
    return path


def one(correct: bool = True, *calls: str) -> dict[str, object]:
    return {"correct": correct, "format_ok": True, "calls": list(calls)}


def test_the_example_of_the_documentation_is_explained_as_json() -> None:
    found = explained(EXAMPLE)
    assert (found["variant"], found["settings"]["gamma"]) == ("bat", 4.0)
    half = found["groups"][0]
    assert (half["accuracy"], half["d"], half["zero_variance"]) == (0.5, pytest.approx(0.3), False)
    first, second = half["attempts"][:2]
    assert first["reward"] == pytest.approx(1.45)
    assert first["d"] == half["d"]
    assert first["advantage"] == pytest.approx(0.98940, abs=1e-5)
    assert second["turn_credit"] == pytest.approx([-0.27887, 0.17254], abs=1e-5)
    assert second["terms"]["tools"]["value"] * second["terms"]["tools"]["weight"] == pytest.approx(0.225)
    assert second["terms"]["tools"]["note"] == "d 0.3000, 1 of 2 calls succeeded"


def test_the_documentation_shows_what_is_printed() -> None:
    printed = [line.rstrip() for line in reward("explain", EXAMPLE).out.splitlines()]
    assert "\n".join(printed) in (ROOT / "docs" / "rewards.md").read_text()


def test_people_get_a_table_of_terms_and_reasons() -> None:
    result = reward("explain", EXAMPLE)
    assert result.code == 0
    assert "group 0: accuracy 0.5, d 0.3000" in result.out
    assert "right; d 0.3000, 1 of 2 calls succeeded" in result.out
    assert "2 groups, 7 attempts, 0 not scored" in result.out
    assert "turn credit" in result.out
    assert "turn credit" not in reward("explain", EXAMPLE, "--variant", "outcome").out


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_variant_can_be_asked_for(variant: str) -> None:
    found = explained(EXAMPLE, "--variant", variant)
    assert found["variant"] == variant
    assert len(found["groups"][1]["attempts"][2]["turn_credit"]) == 3


def test_constants_are_set_by_name_and_lambda_by_the_name_of_the_paper(tmp_path: Path) -> None:
    path = file(tmp_path, [one(True, "ok"), one(False, "error")])
    found = explained(path, "--set", "lambda=0.5", "--set", "curve=tanh", "--set", "weights.call_right=2")
    first, second = found["groups"][0]["attempts"]
    assert (first["reward"], first["turn_credit"], second["turn_credit"]) == (1.6, [0.5], [-0.5])


def test_a_group_of_one_and_a_flat_group_are_said_to_teach_nothing(tmp_path: Path) -> None:
    path = file(tmp_path, [one()], [one(), one()])
    assert reward("explain", path).out.count("no variance: no advantage") == 2
    assert [group["zero_variance"] for group in explained(path)["groups"]] == [True, True]


def test_more_groups_than_asked_for_are_counted(tmp_path: Path) -> None:
    path = file(tmp_path, *([one(), one(False)] for _ in range(5)))
    result = reward("explain", path, "--groups", "2")
    assert result.out.count("accuracy 0.5, d") == 2
    assert "and 3 more groups" in result.out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"groups": [', "Invalid JSON"),
        ("", "Invalid JSON"),
        ("[" * 100_000, "recursion limit"),
        ("[]", "the file: Input should be an object"),
        ("{}", "groups: Field required"),
        ('{"groups": []}', "groups: is empty"),
        ('{"groups": [{"attempts": []}]}', "groups.0.attempts: is empty"),
        ('{"groups": [{"attempts": [{"correct": true}]}]}', "groups.0.attempts.0.format_ok: Field required"),
        ('{"groups": [{"attempts": [{"correct": "yes", "format_ok": true}]}]}', "groups.0.attempts.0.correct: "),
        ('{"groups": [{"attempts": [{"correct": true, "format_ok": true, "call": []}]}]}', "attempts.0.call: Extra"),
        ('{"groups": [{"attempts": [{"correct": true, "format_ok": true, "calls": ["fine"]}]}]}', "(was 'fine')"),
    ],
)
def test_a_broken_file_gives_one_line_that_names_the_place(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    result = reward("explain", path)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert f"{path}: " in result.err
    assert says in result.err
    assert result.err.endswith("write it like examples/attempts.json (docs/rewards.md says what is in it)\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["explain", "nowhere.json"], "nowhere.json: cannot be read"),
        (
            ["explain", EXAMPLE, "--variant", "best"],
            "choose among outcome, deepeyes, bat-no-turn, bat, bat-full-cost, accumulative",
        ),
        (["explain", EXAMPLE, "--set", "gama=1"], "there is no setting 'gama'"),
        (["explain", EXAMPLE, "--set", "gamma=-1"], "setting gamma"),
        (["explain", EXAMPLE, "--set", "gamma=1e400"], "finite"),
        (["explain", EXAMPLE, "--set", "gamma"], "write NAME=VALUE"),
        (["explain", ROOT / "examples"], "is not a run folder"),
        (["plot", "--out", "d.png"], "ends with .svg"),
        (["plot", "--out", "/proc/d.svg"], "cannot be written"),
    ],
)
def test_wrong_usage_gives_one_line(arguments: list[str | Path], says: str) -> None:
    result = reward(*arguments)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert says in result.err


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as sparse:
        sparse.truncate(2**40)
    result = reward("explain", path)
    assert result.code == 2
    assert "larger than 64 MiB" in result.err


def episode(name: str, task: Task, *, answer: str | None, stop: StopReason = StopReason.ANSWERED) -> Trajectory:
    code = "<code>\n```python\nprint(3)\n```\n</code>"
    ran = Execution(status="ok", stdout="3\n", seconds=0.1)
    turns = [Turn(text=code, kept_characters=len(code), code="print(3)", execution=ran)]
    if answer is not None:
        turns.append(Turn(text=f"<answer>{answer}</answer>", kept_characters=1))
    return Trajectory(id=name, task=task, model="m", turns=tuple(turns), answer=answer, stop=stop)


def test_a_run_folder_is_scored_by_task(tmp_path: Path, make_picture: Callable[..., Picture]) -> None:
    picture = make_picture()
    tasks = [
        Task(id=name, source="mine", question="?", images=(picture.ref,), answer=NumberAnswer(value=3)) for name in "ab"
    ]
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    for trajectory in (
        episode("a#0", tasks[0], answer="3"),
        episode("b#0", tasks[1], answer="4"),
        episode("a#1", tasks[0], answer=None, stop=StopReason.MAX_TURNS),
        episode("a#2", tasks[0], answer=None, stop=StopReason.MODEL_FAILED),
    ):
        run.add(trajectory, {picture.ref.sha256: picture})
    first, second = explained(run.folder)["groups"]
    assert (first["task_id"], first["accuracy"], second["task_id"], second["accuracy"]) == ("a", 0.5, "b", 0.0)
    assert [one["trajectory_id"] for one in first["attempts"]] == ["a#0", "a#1", "a#2"]
    right, unfinished, lost = first["attempts"]
    assert (right["correct"], unfinished["correct"], lost["correct"]) == (True, False, None)
    assert unfinished["terms"]["format"]["note"] == "no answer"
    assert (lost["reward"], lost["terms"]["accuracy"]["note"]) == (None, "the model failed")
    table = reward("explain", run.folder).out
    assert "group 0, a: accuracy 0.5" in table
    assert "2 groups, 4 attempts, 1 not scored" in table
    assert "the model failed" in table


def test_mathematical_answers_of_a_run_are_compared_as_algebra(tmp_path: Path) -> None:
    task = Task(id="m", source="mine", question="?", answer=MathAnswer(latex=r"\frac{1}{2}"))
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    run.add(episode("m#0", task, answer="2/4"), {})
    assert explained(run.folder)["groups"][0]["accuracy"] == 1.0


def test_an_algebra_that_is_missing_is_named_and_never_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(id="m", source="mine", question="?", answer=MathAnswer(latex=r"\frac{1}{2}"))
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    run.add(episode("m#0", task, answer="2/4"), {})
    monkeypatch.setattr("codedance.rewards.mathematics.find_spec", lambda name: None)
    result = reward("explain", run.folder)
    assert (result.code, result.out) == (4, "")
    assert "pip install 'codedance[math]'" in result.err
    assert MathChecker.__name__ not in result.err


def test_an_empty_run_is_said_to_be_empty(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    result = reward("explain", run.folder)
    assert (result.code, "holds no trajectories" in result.err) == (2, True)


def test_names_of_a_run_cannot_move_the_cursor(tmp_path: Path) -> None:
    task = Task(id="a\x1b[2J[bold]", source="mine", question="?", answer=NumberAnswer(value=3))
    run = RunFolder.create(tmp_path / "run", Manifest(kind="eval"))
    run.add(episode("x", task, answer="3"), {})
    out = reward("explain", run.folder).out
    assert "\x1b" not in out
    assert "a\\x1b[2J[bold]" in out


def test_the_variants_are_listed_with_formulas() -> None:
    result = reward("variants")
    assert all(f"{name}\n    R_acc + R_format" in result.out for name in VARIANTS)
    listed = json.loads(reward("variants", "--json").out)
    assert [one["name"] for one in listed] == list(VARIANTS)


def test_the_picture_of_the_documentation_is_what_the_command_draws(tmp_path: Path) -> None:
    out = tmp_path / "difficulty.svg"
    assert reward("plot", "--out", out).code == 0
    assert out.read_text() == (ROOT / "docs" / "images" / "difficulty.svg").read_text()


@pytest.mark.parametrize("setting", ["delta=-2", "delta=1e6", "gamma=0", "gamma=1e6"])
def test_any_settings_can_be_drawn(setting: str, tmp_path: Path) -> None:
    out = tmp_path / "d.svg"
    assert reward("plot", "--out", out, "--set", setting).code == 0
    assert "nan" not in out.read_text()
    assert "inf" not in out.read_text()
