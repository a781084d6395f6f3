"""``codedance worlds``: generated pictures with known answers; what guesses about them are worth is measured beside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.failures import tell
from codedance.cli.progress import progress_bar
from codedance.cli.worlds_baselines import EPILOG as BASELINES_EPILOG
from codedance.cli.worlds_baselines import baselines
from codedance.cli.worlds_plan import (
    AsJson,
    DifficultyName,
    FamiliesCommand,
    FamilyName,
    Seed,
    chosen_cells,
    print_table,
    scene_plan,
)
from codedance.errors import UsageError
from codedance.schema import CodeFormat

if TYPE_CHECKING:
    from codedance.synth.oracle import Demonstration
    from codedance.tasks.worlds import Scene

__all__ = ["app"]

_RENDER_EPILOG = "Example: `codedance worlds render --out pictures --count 8 --seed 1 --family search --json`"
_SHOW_EPILOG = """
Examples:

- `codedance worlds show --family counting --difficulty hard --seed 17 --out look`

- `codedance worlds show --family search --difficulty easy --seed 3 --mode slip --way 2 --out look`

Exit codes: 0 no fault, 1 the trajectory has a fault (a bug of the family), 2 bad input or usage, 4 the sandbox failed.
"""
_FAULTY = 1
_LARGEST_SEED = 10**12

app = typer.Typer(
    no_args_is_help=True, help="Generated pictures with questions whose answers are known.", epilog=_RENDER_EPILOG
)
app.command(cls=FamiliesCommand, epilog=BASELINES_EPILOG)(baselines)


@app.callback()
def _worlds() -> None:
    """Generated pictures with questions whose answers are known."""


@dataclass(frozen=True, slots=True)
class _Rendered:
    """What is told about one scene; ``images`` are file names relative to the folder."""

    id: str
    images: tuple[str, ...]
    question: str
    answer: str
    family: str
    difficulty: str


@app.command(cls=FamiliesCommand, epilog=_RENDER_EPILOG)
def render(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pictures; made if it is not there.")],
    count: Annotated[int, typer.Option(metavar="N", help="How many scenes.")] = 8,
    seed: Seed = 0,
    family: FamilyName = None,
    difficulty: DifficultyName = None,
    as_json: AsJson = False,
) -> None:
    """Write pictures as PNG files and print their questions and answers.

    The same options give the same pictures, byte for byte.
    """
    from codedance.store import write_bytes
    from codedance.tasks.worlds import make_scene, scene_task

    plan = scene_plan(chosen_cells(family, difficulty), count=count, seed=seed)
    rendered: list[_Rendered] = []
    with _writing(out), progress_bar("scenes", count) as step:
        out.mkdir(parents=True, exist_ok=True)
        for cell in plan:
            scene = make_scene(*cell)
            task, (picture,) = scene_task(scene)
            name = _file_name(scene)
            write_bytes(out / name, picture.data)
            level = scene.difficulty.value
            rendered.append(_Rendered(task.id, (name,), scene.question, scene.answer, scene.family, level))
            step()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rendered], indent=2))
    else:
        print_table(("picture", "question", "answer"), [(one.images[0], one.question, one.answer) for one in rendered])


class Mode(StrEnum):
    """How the oracle goes about a question."""

    CODE = "code"
    DIRECT = "direct"
    SLIP = "slip"


@app.command(cls=FamiliesCommand, epilog=_SHOW_EPILOG)
def show(
    family: Annotated[str, typer.Option(metavar="F")],
    difficulty: Annotated[str, typer.Option(metavar="D", help="easy or hard.")],
    seed: Annotated[
        int, typer.Option(metavar="S", help="Seed of the scene: the last part of its identifier, as render prints it.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the picture and the page; made if need be.")],
    mode: Annotated[
        Mode, typer.Option(help="With code; at a glance; or with code whose first cell has a slip that is mended.")
    ] = Mode.CODE,
    way: Annotated[int, typer.Option(min=0, metavar="N", help="Another number, another way or other words.")] = 0,
    code_format: Annotated[CodeFormat, typer.Option("--format", help="How code is written.")] = CodeFormat.CODE,
    as_json: AsJson = False,
) -> None:
    """Let the oracle answer one scene's question: its code really runs; look at the picture and at the trace page."""
    from codedance.store import write_bytes
    from codedance.tasks.worlds import make_scene, scene_task
    from codedance.viewer import write_trace_page

    ((name, level),) = chosen_cells(family, difficulty)
    if not 0 <= seed <= _LARGEST_SEED:
        raise UsageError(f"--seed {seed}: choose a number from 0 to {_LARGEST_SEED}")
    scene = make_scene(name, level, seed)
    task, (picture,) = scene_task(scene)
    shown = _demonstrated(scene, mode, way=way, code_format=code_format)
    stem = Path(_file_name(scene)).stem
    image, page = out / f"{stem}.png", out / f"{stem}-{mode.value}-{way}.html"
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        write_bytes(image, picture.data)
        write_trace_page(page, shown.rollout.trajectory, shown.rollout.pictures)
    told = {
        "id": task.id,
        "question": scene.question,
        "answer": scene.answer,
        "asks": scene.asks,
        "answered": shown.rollout.trajectory.answer,
        "turns": len(shown.rollout.trajectory.turns),
        "fault": shown.fault,
        "picture": str(image),
        "trace": str(page),
    }
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        for key, value in told.items():
            typer.echo(f"{key}: {'-' if value is None else value}")
    if shown.fault is not None:
        tell(f"{task.id}: {shown.fault}")
        raise typer.Exit(_FAULTY)


def _demonstrated(scene: Scene, mode: Mode, *, way: int, code_format: CodeFormat) -> Demonstration:
    import anyio

    from codedance.sandbox import LocalSandbox
    from codedance.synth.oracle import demonstrate
    from codedance.tasks.worlds import Difficulty

    if mode is Mode.DIRECT and scene.difficulty is Difficulty.HARD:
        raise UsageError("--mode direct: a hard scene cannot be answered at a glance; choose code or slip")
    if mode is Mode.DIRECT and scene.edit is not None:
        raise UsageError("--mode direct: this scene's picture is to be drawn on; choose code or slip")

    async def run() -> Demonstration:
        async with LocalSandbox() as sandbox:
            return await demonstrate(scene, sandbox=sandbox, mode=mode.value, code_format=code_format, seed=way)

    return anyio.run(run)


def _file_name(scene: Scene) -> str:
    return f"{scene.family}-{scene.difficulty.value}-{scene.seed}.png"


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line about the folder."""
    try:
        yield
    except FileExistsError:
        raise UsageError(f"--out {out}: is a file; choose a folder") from None
    except NotADirectoryError:
        raise UsageError(f"--out {out}: lies below a file; choose another folder") from None
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror or error})") from None
