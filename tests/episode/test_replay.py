"""Code that runs again is held against the record: exactly, then closely, and what must differ is told apart."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from codedance.episode import EpisodeSettings, Rollout, run_episode
from codedance.episode.comparison import Aspect, Context, Sameness, compare_pictures, compare_texts
from codedance.episode.replay import TurnVerdict, recorded_limits, replay
from codedance.episode.replaying import Recorded, Replayed, recorded_at, replay_all
from codedance.errors import SandboxError, StoreError
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.sandbox import Limits, LocalSandbox
from codedance.schema import CodeFormat, Execution, ExecutionStatus, ImageRef, Task, Trajectory

pytestmark = pytest.mark.anyio

NOTHING = Context()


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox() as sandbox:
        yield sandbox


async def play(sandbox: LocalSandbox, picture: Picture, cells: Sequence[str], limits: Limits | None = None) -> Rollout:
    replies = [render_reply("look", CodeAction(cell, CodeFormat.CODE)) for cell in cells]
    replies.append(render_reply("done", AnswerAction("1")))
    task = Task(id="t", source="test", question="?", images=(picture.ref,))
    settings = EpisodeSettings(limits=limits or Limits())
    return await run_episode(task, [picture], model=ScriptedModel(replies), sandbox=sandbox, settings=settings)


async def again(sandbox: LocalSandbox, trajectory: Trajectory, pictures: dict[str, Picture]) -> list[TurnVerdict]:
    def find(ref: ImageRef) -> Picture:
        if ref.sha256 not in pictures:
            raise StoreError("the picture is gone")
        return pictures[ref.sha256]

    return [verdict async for verdict in replay(trajectory, find, sandbox=sandbox)]


def changed(trajectory: Trajectory, turn: int, **fields: object) -> Trajectory:
    """The trajectory with other things recorded of one execution."""
    turns = list(trajectory.turns)
    execution = turns[turn].execution
    assert execution is not None
    update = Execution.model_validate({**execution.model_dump(), **fields})
    turns[turn] = turns[turn].model_copy(update={"execution": update})
    return trajectory.model_copy(update={"turns": tuple(turns)})


async def test_what_ran_once_runs_the_same_again(sandbox: LocalSandbox, picture: Picture) -> None:
    cells = [
        "x = 3\nprint(input_image.size)\ninput_image.crop((0, 0, 9, 7)).show()\ninput_image.rotate(90, expand=True)",
        "1 / 0",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2], [x, 4])\nplt.show()",
        "x * 1.5",
    ]
    rollout = await play(sandbox, picture, cells)
    verdicts = await again(sandbox, rollout.trajectory, dict(rollout.pictures))
    assert [verdict.sameness for verdict in verdicts] == [Sameness.SAME] * 4
    assert [verdict.turn for verdict in verdicts] == [0, 1, 2, 3]
    assert [verdict.status for verdict in verdicts].count(ExecutionStatus.ERROR) == 1


async def test_another_text_is_a_difference_with_both_sides_shown(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["print('there are 12 of them')"])
    (verdict,) = await again(
        sandbox, changed(rollout.trajectory, 0, stdout="there are 13 of them\n"), dict(rollout.pictures)
    )
    (difference,) = verdict.differences
    assert (verdict.sameness, difference.aspect) == (Sameness.DIFFERENT, Aspect.STDOUT)
    assert (difference.recorded.strip(), difference.replayed.strip()) == (
        "there are 13 of them",
        "there are 12 of them",
    )


async def test_another_status_is_a_difference(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["print(1)"])
    error = {"type": "ValueError", "message": "no", "traceback": "ValueError: no"}
    recorded = changed(rollout.trajectory, 0, status="error", error=error)
    (verdict,) = await again(sandbox, recorded, dict(rollout.pictures))
    assert [one.aspect for one in verdict.differences] == [Aspect.STATUS]
    assert verdict.differences[0].recorded == "error (ValueError: no)"
    assert verdict.sameness is Sameness.DIFFERENT


async def test_pictures_are_compared_by_pixels_not_by_files(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["input_image.rotate(180)"])
    execution = rollout.trajectory.turns[0].execution
    assert execution is not None
    shown = rollout.pictures[execution.images[0].image.sha256].to_image()
    file = io.BytesIO()
    shown.save(file, "PNG", optimize=True)
    faint, strong = shown.point([max(0, value - 2) for value in range(256)] * 3), Image.new("RGB", shown.size, "navy")
    for image, sameness in ((None, Sameness.SAME), (faint, Sameness.CLOSE), (strong, Sameness.DIFFERENT)):
        other = Picture.from_image(image) if image else Picture.from_bytes(file.getvalue())
        assert other.ref.sha256 not in rollout.pictures
        images = [{**execution.images[0].model_dump(), "image": other.ref.model_dump()}]
        pictures = {**rollout.pictures, other.ref.sha256: other}
        (verdict,) = await again(sandbox, changed(rollout.trajectory, 0, images=images), pictures)
        assert verdict.sameness is sameness
        assert [one.aspect for one in verdict.differences] == [Aspect.PIXELS] * (sameness is not Sameness.SAME)


async def test_another_number_or_size_of_pictures_is_a_difference(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["input_image.crop((0, 0, 9, 9))"])
    (verdict,) = await again(sandbox, changed(rollout.trajectory, 0, images=[]), dict(rollout.pictures))
    assert [(one.aspect, one.recorded, one.replayed) for one in verdict.differences] == [
        (Aspect.IMAGES, "none", "9x9 by value after 0")
    ]


async def test_what_must_differ_is_explained(sandbox: LocalSandbox, picture: Picture) -> None:
    clock = ["import time\nprint('at', time.time())"]
    chance = ["import random\nvalues = [random.random() for _ in range(3)]\nvalues", "print(sum(values))"]
    for cells, reason in ((clock, "the code reads the clock"), (chance, "the code draws random numbers")):
        rollout = await play(sandbox, picture, cells)
        verdicts = await again(sandbox, rollout.trajectory, dict(rollout.pictures))
        assert [one.reason for verdict in verdicts for one in verdict.differences] == [reason] * len(cells)
        assert {verdict.sameness for verdict in verdicts} == {Sameness.EXPLAINED}


async def test_a_limit_of_time_that_was_met_once_explains_what_follows(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["x = 1", "print('done')", "print(x)"])
    recorded = changed(rollout.trajectory, 1, status="timeout", stdout="")
    recorded = changed(recorded, 2, stdout="2\n")
    verdicts = await again(sandbox, recorded, dict(rollout.pictures))
    assert [verdict.sameness for verdict in verdicts] == [Sameness.SAME, Sameness.EXPLAINED, Sameness.EXPLAINED]
    assert verdicts[2].differences[0].reason == "follows turn 2: a limit of time was met once"


async def test_recorded_limits_hold_again(sandbox: LocalSandbox, picture: Picture) -> None:
    limits = Limits(wall_seconds=0.4)
    rollout = await play(sandbox, picture, ["while True: pass", "print('x' in dir())"], limits)
    assert recorded_limits(rollout.trajectory) == limits
    verdicts = await again(sandbox, rollout.trajectory, dict(rollout.pictures))
    assert [verdict.status for verdict in verdicts] == [ExecutionStatus.TIMEOUT, ExecutionStatus.OK]
    assert {verdict.sameness for verdict in verdicts} == {Sameness.SAME}


async def test_a_turn_without_a_record_runs_and_is_unrecorded(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["x = 4", "print(x)"])
    turns = list(rollout.trajectory.turns)
    turns[0] = turns[0].model_copy(update={"execution": None})
    recorded = rollout.trajectory.model_copy(update={"turns": tuple(turns)})
    verdicts = await again(sandbox, recorded, dict(rollout.pictures))
    assert [verdict.sameness for verdict in verdicts] == [Sameness.UNRECORDED, Sameness.SAME]


async def test_failing_infrastructure_is_an_error_and_no_verdict(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["print(1)"])
    with pytest.raises(StoreError, match="gone"):
        await again(sandbox, rollout.trajectory, {})
    async with LocalSandbox() as closed:
        pass
    with pytest.raises(SandboxError):
        await again(closed, rollout.trajectory, dict(rollout.pictures))


async def test_a_file_of_trajectories_that_cannot_be_read_is_an_error_of_its_own(
    sandbox: LocalSandbox, picture: Picture, tmp_path: Path
) -> None:
    recorded = recorded_at(tmp_path / "trajectories.jsonl", [0, 9], lambda ref: picture)
    with pytest.raises(StoreError, match=r"trajectories\.jsonl: cannot be read \(No such file"):
        await replay_all(recorded, sandbox=sandbox)


async def test_what_a_listener_raises_ends_the_replay_as_itself(sandbox: LocalSandbox, picture: Picture) -> None:
    rollout = await play(sandbox, picture, ["print(1)"])
    line = rollout.trajectory.model_dump_json().encode()

    def refuse(one: Replayed) -> None:
        raise StoreError(f"{one.id} cannot be kept")

    with pytest.raises(StoreError, match="t#0 cannot be kept"):
        await replay_all(iter([Recorded(line, lambda ref: picture)] * 3), sandbox=sandbox, listener=refuse)


@pytest.mark.parametrize(
    ("one", "other", "code", "sameness"),
    [
        ("0.1234567891", "0.1234567892", "", Sameness.CLOSE),
        ("1e-17 and 3", "0.0 and 3", "", Sameness.CLOSE),
        ("3", "3.0000001", "", Sameness.CLOSE),
        ("3", "4", "", Sameness.DIFFERENT),
        ("12345678", "12345679", "", Sameness.DIFFERENT),
        ("{'a', 'b'}", "{'b', 'a'}", "{'a', 'b'}", Sameness.EXPLAINED),
        ("{'a', 'b'}", "{'b', 'a'}", "", Sameness.DIFFERENT),
        ("<object at 0x7f1234567890>", "<object at 0x7f0987654321>", "", Sameness.EXPLAINED),
        ("red at 3 s", "blue at 4 s", "import time", Sameness.DIFFERENT),
        ("took 3 s", "took 4 s", "import time", Sameness.EXPLAINED),
        ("took 3 s", "took 4 s", "print('no time')  # time", Sameness.DIFFERENT),
        ("took 3 s", "took 4 s", "%timeit 1", Sameness.EXPLAINED),
        ("heads", "tails", "from numpy.random import choice", Sameness.EXPLAINED),
        ("", "x", "", Sameness.DIFFERENT),
    ],
)
def test_texts_are_told_apart(one: str, other: str, code: str, sameness: Sameness) -> None:
    assert compare_texts(one, other, Context().after(code))[0] is sameness
    assert compare_texts(other, one, Context().after(code))[0] is sameness


@given(text=st.text(max_size=50), other=st.text(max_size=50))
def test_only_equal_texts_are_the_same(text: str, other: str) -> None:
    assert compare_texts(text, text, NOTHING)[0] is Sameness.SAME
    assert (compare_texts(text, other, NOTHING)[0] is Sameness.SAME) == (text == other)


def test_the_farthest_pixel_decides() -> None:
    ground = Image.new("RGB", (20, 10), (100, 100, 100))
    dot = ground.copy()
    dot.putpixel((3, 3), (100, 100, 120))
    sameness, reason = compare_pictures(Picture.from_image(ground), Picture.from_image(dot))
    assert sameness is Sameness.DIFFERENT
    assert reason == "1 of 200 pixels differ, by up to 20 of 255"
