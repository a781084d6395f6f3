"""Fine-tuning on stored trajectories: what an epoch shows, what is too long, and which runs may go on."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from random import Random

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from codedance.cli.app import app
from codedance.errors import DataError, StoreError
from codedance.imaging import Picture
from codedance.models.local.network import Network
from codedance.protocol import conversation
from codedance.schema import NumberAnswer, StopReason, Task, Trajectory, Turn
from codedance.store import Manifest, RunFolder
from codedance.train import lengths
from codedance.train.lengths import Ruler
from codedance.train.sequence import supervise
from codedance.train.sft import SftSettings, TrajectoryDataset, train_sft
from codedance.train.trainer import Step, TrainSettings
from tests.train.test_training import small

FORMATS = Path(__file__).parents[1] / "formats" / "v1"
LIMIT = 120


def stored(folder: Path, count: int, *, long: Collection[int] = (), asks: str = "Number") -> Path:
    """A run of answers without pictures; of those named, the answers are too long."""
    run = RunFolder.create(folder, Manifest(kind="synth"))
    run.add_all([(answered(f"{asks} {number}?", "9" * (400 if number in long else 1)), {}) for number in range(count)])
    return folder


def answered(question: str, said: str) -> Trajectory:
    text = f"<answer>{said}</answer>"
    return Trajectory(
        id=question,
        task=Task(id=question, source="mine", question=question, answer=NumberAnswer(value=1)),
        model="m",
        turns=(Turn(text=text, kept_characters=len(text)),),
        answer=said,
        stop=StopReason.ANSWERED,
    )


def dataset(folder: Path, **changed: object) -> TrajectoryDataset:
    settings = SftSettings.model_validate({"batch": 8, "max_tokens": LIMIT, **changed})
    return TrajectoryDataset(small()[1], [RunFolder.open(folder)], settings)


def shown(data: TrajectoryDataset, steps: range) -> list[str]:
    """The questions of these steps, in the order in which they are learnt."""
    encoder = small()[1]
    rows = [row for step in steps for part in data[step] for row in part.ids_BT.tolist()]
    return [encoder.tokenizer.decode(row).split("user\n")[1].split("?")[0] for row in rows]


def test_every_epoch_shows_every_trajectory_once_and_none_that_is_too_long(tmp_path: Path) -> None:
    long = set(Random(1).sample(range(100), 25))
    data = dataset(stored(tmp_path / "run", 100, long=long), parts=2)
    seen = shown(data, range(75))  # eight epochs
    usable = {f"Number {number}" for number in range(100) if number not in long}
    assert set(Counter(seen[:72]).values()) == {1}
    assert Counter(seen) == dict.fromkeys(usable, 8)
    assert len(data) == len(usable)


def test_an_epochs_order_is_that_of_the_seed_where_nothing_is_too_long(tmp_path: Path) -> None:
    data = dataset(stored(tmp_path / "run", 10), batch=1, seed=4)
    seen = shown(data, range(30))
    for epoch in range(3):
        order = list(range(10))
        Random(f"sft/4/{epoch}").shuffle(order)
        assert seen[10 * epoch : 10 * epoch + 10] == [f"Number {number}" for number in order]
    assert shown(data, range(7, 8)) == [seen[7]], "a step is the same whatever was asked for before"


def test_what_is_too_long_is_told_and_so_is_a_measuring_that_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.open(stored(tmp_path / "run", 4, long={2}))
    said: list[str] = []
    TrajectoryDataset(small()[1], [run], SftSettings(max_tokens=LIMIT), say=said.append)
    assert said == ["1 of 4 trajectories have more than 120 tokens (max_tokens) and are left out"]
    monkeypatch.setattr(lengths, "_TELL_EVERY", 0.0)
    TrajectoryDataset(small()[1], [run], SftSettings(), say=said.append)
    assert said[1:] == [f"measured {number} of 4 trajectories" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("name", ["ask", "eval", "set"])
def test_trajectories_are_measured_exactly_without_their_pictures(name: str, tmp_path: Path) -> None:
    whole, (_, encoder) = RunFolder.open(FORMATS / name), small()
    shutil.copytree(FORMATS / name, tmp_path / "bare", ignore=shutil.ignore_patterns("pictures"))
    found = list(RunFolder.open(tmp_path / "bare").trajectories())
    assert any(one.task.images for one in found)
    for one in found:
        messages = conversation(one.task, one.turns, one.protocol, pictures=whole.load_pictures(one))
        assert Ruler(encoder).tokens(one) == len(supervise(encoder, messages).encoded.ids)


@pytest.mark.parametrize("size", [(28, 28), (61, 60), (1024, 700), (3000, 9), (5, 900)])
def test_pictures_of_any_size_are_measured_exactly(size: tuple[int, int]) -> None:
    picture, (_, encoder) = Picture.from_image(Image.new("RGB", size)), small()
    one = answered("What?", "3")
    one = one.model_copy(update={"task": one.task.model_copy(update={"images": (picture.ref,)})})
    messages = conversation(one.task, one.turns, one.protocol, pictures={picture.ref.sha256: picture})
    assert Ruler(encoder).tokens(one) == len(supervise(encoder, messages).encoded.ids)


def test_nothing_to_train_on_is_said_before_anything_starts(tmp_path: Path) -> None:
    network, encoder = small()
    RunFolder.create(tmp_path / "empty", Manifest(kind="synth"))
    for name, wrong, says in (
        ("empty", DataError, "no trajectory"),
        ("none", StoreError, "not a run folder"),
        ("long", DataError, "every trajectory has more than 16 tokens \\(max_tokens\\)"),
    ):
        if name == "long":
            stored(tmp_path / name, 3)
        settings = SftSettings(max_tokens=16)
        with pytest.raises(wrong, match=says):
            train_sft(network, encoder, [tmp_path / name], settings=settings, folder=tmp_path / "out", start="mine")
    assert not (tmp_path / "out").exists()


class Killed(Exception):  # noqa: N818 - it is no error
    """Stands for a kill."""


def tuned(run: Path, folder: Path, *, start: str = "mine", kill_at: int = 0) -> Network:
    """Six steps of two on the trajectories of this run, stopped at one of them."""
    network, encoder = small()

    def listen(step: Step) -> None:
        if step.step == kill_at:
            raise Killed

    training = TrainSettings(steps=6, workers=0, save_every=2, warmup_steps=1, precision="float32")
    settings = SftSettings(batch=2, max_tokens=LIMIT, train=training)
    train_sft(network, encoder, [run], settings=settings, folder=folder, start=start, listener=listen)
    return network


def test_a_run_with_trajectories_that_are_too_long_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", 7, long={0, 3})
    whole = tuned(run, tmp_path / "whole")
    for kill_at in (1, 3, 5):
        with pytest.raises(Killed):
            tuned(run, tmp_path / "killed", kill_at=kill_at)
    resumed = tuned(run, tmp_path / "killed")
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    curves = [(tmp_path / name / "curve.jsonl").read_text().splitlines() for name in ("whole", "killed")]
    timeless = [[{**json.loads(line), "seconds": 0} for line in lines] for lines in curves]
    assert timeless[0] == timeless[1]


@pytest.mark.parametrize("kill_at", [1, 3])
def test_another_start_or_other_trajectories_under_the_same_name_are_refused(tmp_path: Path, kill_at: int) -> None:
    """Whether or not there is a checkpoint yet."""
    run, folder = stored(tmp_path / "run", 4), tmp_path / "tuned"
    with pytest.raises(Killed):
        tuned(run, folder, kill_at=kill_at)
    with pytest.raises(DataError, match=r"other settings \(start mine, now another's\); choose another folder or the"):
        tuned(run, folder, start="another's")
    shutil.move(run, tmp_path / "before")
    stored(run, 4, asks="Figure")
    with pytest.raises(DataError, match=rf"other settings \(data\.{run} [0-9a-f]{{16}}, now [0-9a-f]{{16}}\); choose"):
        tuned(run, folder)
    shutil.rmtree(run)
    shutil.move(tmp_path / "before", run)
    tuned(run, folder)


def test_what_is_not_learnt_from_may_be_added(tmp_path: Path) -> None:
    run, folder = stored(tmp_path / "run", 4), tmp_path / "tuned"
    with pytest.raises(Killed):
        tuned(run, folder, kill_at=3)
    silent = answered("Nothing?", "3").model_copy(update={"answer": None, "stop": StopReason.MAX_TURNS})
    RunFolder.open(run).add(silent, {})
    tuned(run, folder)


def test_a_run_begun_before_start_and_data_were_written_down_goes_on_and_writes_them_down(tmp_path: Path) -> None:
    run, folder = stored(tmp_path / "run", 4), tmp_path / "tuned"
    for kill_at, path in ((1, folder / "manifest.json"), (3, folder / "checkpoint.pt")):
        with pytest.raises(Killed):
            tuned(run, folder, start="anything", kill_at=kill_at)
        forget(path)
    with pytest.raises(Killed):
        tuned(run, folder, start="mine", kill_at=5)
    with pytest.raises(DataError, match=r"other settings \(start mine, now another's\)"):
        tuned(run, folder, start="another's")
    tuned(run, folder, start="mine")


def forget(path: Path) -> None:
    """Take from a run what earlier versions did not write."""
    if path.suffix == ".json":
        manifest = json.loads(path.read_text())
        for name in ("start", "data"):
            del manifest["settings"][name]
        path.write_text(json.dumps(manifest))
        return
    state = torch.load(path, weights_only=True)
    identity = json.loads(state["identity"])
    torch.save(
        {**state, "identity": json.dumps({k: v for k, v in identity.items() if k not in ("start", "data")})}, path
    )


def test_the_command_names_its_start(tmp_path: Path) -> None:
    def run(*more: str) -> str:
        command = ["train", "sft", str(stored_once), "--out", str(tmp_path / "tuned"), "--set", "train.steps=1"]
        result = CliRunner().invoke(app, [*command, "--set", "batch=1", "--set", "train.workers=0", *more])
        return f"{result.exit_code}: {result.output}{result.exception}"

    stored_once = stored(tmp_path / "run", 2)
    assert run().startswith("0: ")
    again = run("--model", str(tmp_path / "tuned" / "checkpoint"))
    assert "other settings (start " in again, again
    assert run().startswith("0: ")
