"""Small run folders whose numbers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from codedance.imaging import Picture
from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.schema import (
    CapturedImage,
    CodeFormat,
    Execution,
    ExecutionStatus,
    NumberAnswer,
    StopReason,
    Task,
    Trajectory,
    Turn,
)
from codedance.store import Manifest, RunFolder
from codedance.tasks.worlds import Difficulty, make_scene, scene_task

CROP = "input_image.crop((0, 0, 40, 40))"
GRID = """from PIL import ImageDraw
pen = ImageDraw.Draw(input_image)
for x in range(0, 90, 10):
    pen.line((x, 0, x, 90))
input_image"""


def code_turn(
    code: str, *, status: ExecutionStatus = ExecutionStatus.OK, prints: str = "ok\n", shows: Sequence[Picture] = ()
) -> Turn:
    """A turn that ran code."""
    text = render_reply("I look.", CodeAction(code, CodeFormat.CODE))
    images = tuple(CapturedImage(image=one.ref, source="value", after_characters=0) for one in shows)
    execution = Execution(status=status, stdout=prints, images=images, seconds=0.01)
    return Turn(text=text, kept_characters=len(text), code=code, execution=execution, completion_tokens=20)


def attempt(task: Task, number: int, *cells: Turn, answer: str | None = "3") -> Trajectory:
    """An attempt that ends with an answer, or without one."""
    text = render_reply("Done.", AnswerAction(answer)) if answer is not None else "Hm."
    last = Turn(text=text, kept_characters=len(text), completion_tokens=5)
    stop = StopReason.ANSWERED if answer is not None else StopReason.MAX_TURNS
    return Trajectory(
        id=f"{task.id}#{number}",
        task=task,
        attempt=number,
        model="scripted",
        turns=(*cells, last),
        answer=answer,
        stop=stop,
    )


def plain_task(name: str, *, family: str = "counting", difficulty: str = "easy") -> tuple[Task, Picture]:
    """A question whose answer is 3."""
    picture = Picture.from_image(Image.new("RGB", (90, 90), (sum(name.encode()) % 256, 20, 30)))
    meta = {"family": family, "difficulty": difficulty}
    task = Task(
        id=name,
        source="made",
        question="How many?",
        images=(picture.ref,),
        answer=NumberAnswer(value=3),
        meta=dict(meta),
    )
    return task, picture


def write_run(folder: Path, attempts: Sequence[tuple[Trajectory, Sequence[Picture]]], kind: str = "synth") -> Path:
    """A run folder with these attempts and their pictures."""
    run = RunFolder.create(folder, Manifest(kind=kind))
    for one, pictures in attempts:
        run.add(one, {picture.ref.sha256: picture for picture in pictures})
    return folder


def corpus(folder: Path) -> Path:
    """A supervised set: crops in search, none in counting, nothing else; one direct answer in each."""
    rows = []
    for number in range(4):
        task, picture = plain_task(f"s{number}", family="search")
        rows.append((attempt(task, 0, *([code_turn(CROP)] if number else [])), [picture]))
        task, picture = plain_task(f"c{number}")
        rows.append((attempt(task, 0, *([code_turn("print(1 + 2)")] if number else [])), [picture]))
    return write_run(folder, rows)


def training_run(folder: Path) -> Path:
    """Two steps of attempts at a task of counting: in the second, grids appear, and those are right."""
    for step in (1, 2):
        rows = []
        task, picture = plain_task(f"t{step}")
        for number in range(4):
            grid = step == 2 and number < 2
            cells = [
                code_turn(GRID if grid else CROP, status=ExecutionStatus.OK if number != 1 else ExecutionStatus.ERROR)
            ]
            rows.append((attempt(task, number, *cells, answer="3" if grid else "4"), [picture]))
        write_run(folder / "rollouts" / f"step-{step:06}", rows, kind="train")
    Manifest(kind="train").write(folder)
    lines = [
        '{"step":0,"position":0}',
        '{"step":1,"update":{"entropy":0.5},"rewards":{"zero_variance":0.25},"batch":{"accuracy":0.0,"turns":2.0,"tool_rate":1.0}}',
    ]
    (folder / "curve.jsonl").write_text("\n".join(lines) + '\n{"step":2,"upd', encoding="utf-8")
    return folder


def search_attempt(seed: int, *, number: int = 0, hit: bool = True) -> tuple[Trajectory, list[Picture]]:
    """An attempt at a scene of search that looks at the card it must read, or at another place; right either way."""
    scene = make_scene("search", Difficulty.EASY, seed)
    task, (picture,) = scene_task(scene)
    assert scene.target is not None
    left, top, right, bottom = scene.target.box
    width = right - left + 20
    if not hit:
        left = left + width if left + 2 * width < scene.image.width else left - width - 20
    view = scene.image.crop((left - 10, top - 10, left + width, bottom + 10))
    shown = Picture.from_image(view.resize((view.width * 2, view.height * 2)))
    turn = code_turn("input_image.crop(box).resize(size)", prints="", shows=[shown])
    return attempt(task, number, turn, answer=scene.answer), [picture, shown]
