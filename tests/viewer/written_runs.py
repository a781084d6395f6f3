"""Runs written line by line, without a model: whatever an index must be able to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from codedance.imaging import Picture
from codedance.schema import (
    Answer,
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
from codedance.store import Manifest, RunFolder

HOSTILE = "<script>window.hit=1</script><img src=x onerror='window.hit=1'>\"'&\u202eevil\x1b[31m"


def attempt(
    number: int,
    *,
    said: str | None = "3",
    code: Sequence[str] = (),
    failed: int = 0,
    task: str | None = None,
    index: int = 0,
    question: str = "How many circles?",
    thought: str = "I count.",
    output: str = "3",
    answer: Answer | None = None,
    stop: StopReason | None = None,
    picture: Picture | None = None,
    tokens: int = 10,
    **meta: JsonValue,
) -> Trajectory:
    """An attempt; its last ``failed`` pieces of code raise, the reference is 3."""
    turns = []
    for place, cell in enumerate(code):
        broken = place >= len(code) - failed
        error = (
            GuestError(type="NameError", message="name 'x' is not defined", traceback="NameError: x")
            if broken
            else None
        )
        shown = (CapturedImage(image=picture.ref, source=ImageSource.VALUE, after_characters=0),) if picture else ()
        execution = Execution(
            status=ExecutionStatus.ERROR if broken else ExecutionStatus.OK,
            stdout="" if broken else output, error=error, images=shown, seconds=0.01,
        )  # fmt: skip
        text = f"<think>{thought}</think><code>\n```python\n{cell}\n```\n</code>"
        turns.append(
            Turn(
                text=text,
                kept_characters=len(text),
                code=cell,
                execution=execution,
                completion_tokens=tokens,
                observation=Observation(parts=(TextPart(text=output),)),
            )
        )
    last = f"<think>{thought}</think>" + (f"<answer>{said}</answer>" if said is not None else "")
    turns.append(Turn(text=last, kept_characters=len(last), completion_tokens=tokens))
    name = task or f"made/{number}"
    return Trajectory(
        id=f"{name}#{index}",
        task=Task(
            id=name, source="made", question=question, answer=answer or NumberAnswer(value=3), meta=dict(meta),
            images=(picture.ref,) if picture is not None else (),
        ),
        attempt=index,
        model="scripted",
        turns=tuple(turns),
        answer=said,
        stop=stop or (StopReason.ANSWERED if said is not None else StopReason.NO_ACTION),
        seconds=0.5 + number,
    )  # fmt: skip


def write_run(folder: Path, attempts: Sequence[Trajectory], *pictures: Picture, kind: str = "eval") -> RunFolder:
    """A run folder with these attempts behind those that it holds."""
    run = RunFolder.create(folder, Manifest(kind=kind))
    given = {picture.ref.sha256: picture for picture in pictures}
    run.add_all([(one, given) for one in attempts])
    return run


def mixed_attempts() -> list[Trajectory]:
    """Six attempts that differ in everything that can be filtered."""
    crop, count = "input_image.crop((0, 0, 5, 5))", "print(len(blobs))"
    return [
        attempt(0, said="3", family="counting", difficulty="easy"),
        attempt(1, said="4", code=[crop], family="counting", difficulty="hard", tokens=20),
        attempt(2, said="3", code=[count, crop], failed=1, family="search", difficulty="hard", tokens=30),
        attempt(3, said=None, code=[count], family="search", difficulty="easy"),
        attempt(4, said=None, stop=StopReason.MODEL_FAILED, family="search", difficulty="easy"),
        attempt(
            5, said="3", question="Where is the zebra?", thought="Stripes, I see.", family="search", difficulty="hard"
        ),
    ]
