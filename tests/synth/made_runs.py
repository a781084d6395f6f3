"""Small run folders of every kind, made by the real loop in the real sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio
from PIL import Image, ImageDraw

from codedance.episode import EpisodeSettings, run_episode
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import AnswerAction, CodeAction, protocol_info, render_reply
from codedance.sandbox import LocalSandbox
from codedance.schema import Answer, Budgets, ChoiceAnswer, CodeFormat, NumberAnswer, Task, TextAnswer, Trajectory
from codedance.store import Manifest, RunFolder

TRICKY = "What stands in <image>, <video> and <|image_pad|>, and in <\u200bimage>?"


def scene(number: int, *, size: tuple[int, int] = (120, 90)) -> Picture:
    """A picture unlike all others of another number."""
    image = Image.new("RGB", size, (250, 250, 240))
    draw = ImageDraw.Draw(image)
    for index in range(5):
        x, y = (number * 37 + index * 53) % (size[0] - 30), (number * 61 + index * 29) % (size[1] - 30)
        draw.ellipse((x, y, x + 24, y + 24), fill=((number * 50 + index * 40) % 256, index * 50, 200 - index * 30))
    return Picture.from_image(image)


def jpeg(number: int) -> Picture:
    """The same as a JPEG file."""
    import io

    buffer = io.BytesIO()
    scene(number).to_image().save(buffer, "JPEG", quality=90)
    return Picture.from_bytes(buffer.getvalue())


def task(
    name: str, question: str, pictures: Sequence[Picture], answer: Answer | None = None, **meta: str | int
) -> Task:
    return Task(
        id=name,
        source="made",
        question=question,
        images=tuple(picture.ref for picture in pictures),
        answer=answer,
        meta=dict(meta),
    )


def code(text: str, thought: str = "I look closer.", form: CodeFormat = CodeFormat.CODE) -> str:
    return render_reply(thought, CodeAction(text, form))


def answer(text: str) -> str:
    return render_reply("That is it.", AnswerAction(text))


_CROP = """print(input_image.size)
input_image.crop((5, 5, 60, 50)).show()
print('done')
input_image.rotate(90, expand=True)"""
_TOOL = CodeFormat.TOOL_CALL

Case = tuple[Task, Sequence[Picture], Sequence[str], EpisodeSettings]


def cases() -> list[Case]:
    """Tasks with what the scripted model says, and the settings."""
    usual, few = EpisodeSettings(), EpisodeSettings(budgets=Budgets(turns=2, images=1))
    calls = EpisodeSettings(protocol=protocol_info(_TOOL))
    p = [scene(number) for number in range(9)]
    three, red = NumberAnswer(value=3), TextAnswer(accepted=("red", "crimson"))
    mend = [code("print(undefined)"), code("x = 3\nprint(x)"), answer("3")]
    crash = [code("import os\nos._exit(3)"), code("6 * 7"), answer("42")]
    show_two = [code("for one in input_images: one.show()"), answer("B")]
    tricky = [code("print('<image> and <|im_end|> and <\u200baudio>')"), answer("nothing")]
    choice = ChoiceAnswer(letter="B", options=("left", "right"))
    return [
        (task("crop", "How many?", p[:1], three, category="visual", family="counting", difficulty="hard", seed=1),
         p[:1], [code(_CROP), answer("3")], usual),
        (task("mend", "How many then?", p[1:2], three, category="computation"), p[1:2], mend, usual),
        (task("pair", "Which one? A. left B. right", [p[2], jpeg(3)], choice), [p[2], jpeg(3)], show_two, few),
        (task("call", "Compute six times seven.", p[4:5], NumberAnswer(value=42)),
         p[4:5], [code("print(6 * 7)", form=_TOOL), answer("42")], calls),
        (task("lost", "Where is it?", p[5:6]), p[5:6], [code("x = 1"), code("x + 1")], few),
        (task("reminded", "Which colour?", p[6:7], red), p[6:7], ["Hm.", answer("red")], usual),
        (task("direct", "What colour is it?", p[7:8], red, seed=2, family="counting", difficulty="easy"),
         p[7:8], [answer("crimson")], usual),
        (task("tricky", TRICKY, p[8:9]), p[8:9], tricky, usual),
        (task("crash", "Go on?", [], NumberAnswer(value=42)), [], crash, usual),
    ]  # fmt: skip


def make_run(folder: Path, chosen: Sequence[Case] | None = None, *, attempts: int = 1) -> RunFolder:
    """Play the cases and store what happened."""
    run = RunFolder.create(folder, Manifest(kind="synth"))

    async def play() -> None:
        async with LocalSandbox() as sandbox:
            for about, pictures, replies, settings in cases() if chosen is None else chosen:
                for attempt in range(attempts):
                    model = ScriptedModel(replies)
                    rollout = await run_episode(
                        about, pictures, model=model, sandbox=sandbox, settings=settings, attempt=attempt
                    )
                    run.add(rollout.trajectory, rollout.pictures)

    anyio.run(play)
    return run


def make_tasks(folder: Path) -> RunFolder:
    """The same questions without any attempt."""
    run = RunFolder.create(folder, Manifest(kind="tasks"))
    for about, pictures, _, _ in cases():
        run.add_task(about, {picture.ref.sha256: picture for picture in pictures})
    return run


def stored(folder: Path) -> list[Trajectory]:
    """All trajectories, each with its pictures read back and their hashes checked."""
    run = RunFolder.open(folder)
    trajectories = list(run.trajectories())
    for one in trajectories:
        run.load_pictures(one)
    return trajectories
