"""Trajectories for the tests of pages, made by hand."""

from __future__ import annotations

import random

from PIL import Image

from codedance.imaging import Picture
from codedance.schema import (
    CapturedImage,
    Execution,
    ExecutionStatus,
    GuestError,
    ImageSource,
    NumberAnswer,
    Observation,
    StopReason,
    Task,
    TextPart,
    Trajectory,
    Turn,
)

HOSTILE = [
    "</script><script>alert(1); window.hurt = 1</script>",
    "<img src=x onerror='alert(1); window.hurt = 1'>",
    "javascript:alert(1)",
    '"><svg onload="alert(1); window.hurt = 1">',
    "'; alert(1); window.hurt = 1; '",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "\x00\x1b[31m\u202eevil\u2028",
    "</style><style>*{display:none}</style>",
    "<iframe srcdoc='<script>parent.hurt = 1</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<a href='javascript:window.hurt = 1' autofocus onfocus='window.hurt = 1'>x</a>",
    "</title></textarea></pre></details><base href='http://127.0.0.1:9/'>",
    "\ud800",
]


def noise(width: int = 200, height: int = 120, *, seed: int = 1) -> Picture:
    """A picture of which every part is different."""
    data = random.Random(seed).randbytes(3 * width * height)
    return Picture.from_image(Image.frombytes("RGB", (width, height), data))


def part(picture: Picture, box: tuple[int, int, int, int], *, times: int = 1) -> Picture:
    """A part of a picture, perhaps enlarged."""
    image = picture.to_image().crop(box)
    return Picture.from_image(image.resize((image.width * times, image.height * times)) if times > 1 else image)


def cell(code: str, *shown: Picture, source: ImageSource = ImageSource.VALUE, stdout: str = "") -> Turn:
    """A turn whose code ran and showed these pictures."""
    images = tuple(CapturedImage(image=one.ref, source=source, after_characters=0) for one in shown)
    execution = Execution(status=ExecutionStatus.OK, images=images, stdout=stdout, seconds=0.02)
    return _turn(f"<think>I look.</think>\n<code>\n```python\n{code}\n```\n</code>", code, execution)


def failed(code: str, status: ExecutionStatus = ExecutionStatus.ERROR) -> Turn:
    """A turn whose code did not run to its end."""
    error = GuestError(type="NameError", message="no", traceback="Traceback\nNameError: no")
    execution = Execution(status=status, error=error if status is ExecutionStatus.ERROR else None, seconds=0.02)
    return _turn(f"<think>I try.</think>\n<code>\n```python\n{code}\n```\n</code>", code, execution)


def answered(text: str) -> Turn:
    """The last turn."""
    return _turn(f"<think>It is clear.</think><answer>{text}</answer>", None, None)


def told(*turns: Turn, picture: Picture, name: str = "sample/1", answer: str | None = "3") -> Trajectory:
    """An episode of these turns about a picture; 3 is right."""
    task = Task(
        id=name, source="sample", question="How many are there?", images=(picture.ref,), answer=NumberAnswer(value=3)
    )
    stop = StopReason.ANSWERED if answer is not None else StopReason.MAX_TURNS
    return Trajectory(id=f"{name}#0", task=task, model="scripted", turns=turns, answer=answer, stop=stop, seconds=3.0)


def hostile(text: str, picture: Picture) -> Trajectory:
    """An episode in which everybody says the same: model, program, names, errors."""
    error = GuestError(type=text, message=text, traceback=text)
    shown = CapturedImage(image=picture.ref, source=ImageSource.VALUE, after_characters=0)
    bad = Execution(
        status=ExecutionStatus.ERROR, stdout=text, stderr=text, value=text, error=error, detail=text, seconds=0.1
    )
    good = Execution(status=ExecutionStatus.OK, stdout=text, images=(shown,), seconds=0.1)
    reply = f"<think>{text}</think><code>\n```python\n{text}\n```\n</code>"
    seen = Observation(parts=(TextPart(text=text),), truncated=True)
    turns = (
        Turn(text=reply, kept_characters=3, code=text, execution=bad, observation=seen),
        Turn(text=reply, kept_characters=len(reply), code=text, execution=good, observation=seen),
        Turn(text=text, kept_characters=0, observation=seen),
        Turn(text=f"<answer>{text}</answer>", kept_characters=len(text)),
    )
    name = f"x{text}".replace("\ud800", "?")
    task = Task(id=name, source=name, question=text, images=(picture.ref,))
    return Trajectory(
        id=name, task=task, model=name, turns=turns, answer=text, stop=StopReason.ANSWERED, started_at=name,
        codedance_version=name, sandbox={"kind": name, "tier": name},
    )  # fmt: skip


def _turn(text: str, code: str | None, execution: Execution | None) -> Turn:
    return Turn(
        text=text,
        kept_characters=len(text),
        code=code,
        execution=execution,
        prompt_tokens=90,
        completion_tokens=30,
        seconds=1.0,
    )
