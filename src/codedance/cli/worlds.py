"""``codedance worlds``: generated pictures with known answers, and what can be guessed about them without looking."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.tasks.worlds import Difficulty

__all__ = ["app"]

_BLOCK = 1_000_000
"""How many seeds of scenes belong to one ``--seed``: runs with different seeds never share a scene."""
_MANY = 20

app = typer.Typer(
    no_args_is_help=True,
    help="Generated pictures with questions whose answers are known.",
    epilog="Example: `codedance worlds render --out pictures --count 8 --seed 1 --family search --json`",
)


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


@dataclass(frozen=True, slots=True)
class _Guessed:
    """What guessing is worth in one cell."""

    family: str
    difficulty: str
    scenes: int
    constant_answer: str
    constant_accuracy: float
    question_only_accuracy: float


_Seed = Annotated[int, typer.Option(metavar="S", help="Different seeds never share a scene.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.command()
def render(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pictures; made if it is not there.")],
    count: Annotated[int, typer.Option(metavar="N", help="How many scenes.")] = 8,
    seed: _Seed = 0,
    family: Annotated[str | None, typer.Option(metavar="F", help="counting or search. [both in turn]")] = None,
    difficulty: Annotated[str | None, typer.Option(metavar="D", help="easy or hard. [both in turn]")] = None,
    as_json: _AsJson = False,
) -> None:
    """Write pictures as PNG files and print their questions and answers.

    The same options give the same pictures, byte for byte.
    """
    from codedance.store import write_bytes
    from codedance.tasks.worlds import make_scene, scene_task

    plan = _plan(_cells(family, difficulty), count=count, seed=seed)
    rendered: list[_Rendered] = []
    with _writing(out), _progress(count) as step:
        out.mkdir(parents=True, exist_ok=True)
        for cell in plan:
            scene = make_scene(*cell)
            task, (picture,) = scene_task(scene)
            name = f"{scene.family}-{scene.difficulty.value}-{scene.seed}.png"
            write_bytes(out / name, picture.data)
            level = scene.difficulty.value
            rendered.append(_Rendered(task.id, (name,), scene.question, scene.answer, scene.family, level))
            step()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rendered], indent=2))
    else:
        _print_table(("picture", "question", "answer"), [(one.images[0], one.question, one.answer) for one in rendered])


@app.command()
def baselines(
    count: Annotated[int, typer.Option(metavar="N", help="Scenes of each family and difficulty.")] = 200,
    seed: _Seed = 0,
    as_json: _AsJson = False,
) -> None:
    """Print how often each kind of question is answered right without looking at the picture.

    The best constant answer is chosen with the scenes in sight; who knows the question only learns from twice as many
    other scenes which answer is the most common for each form of question.
    """
    from codedance.tasks.worlds import make_scene
    from codedance.tasks.worlds.baselines import Question, best_constant, question_only

    cells = _cells(None, None)
    _check_count(count, _BLOCK // 3)
    asked: dict[tuple[str, Difficulty], list[Question]] = {cell: [] for cell in cells}
    with _progress(3 * count * len(cells)) as step:
        for name, level, number in _plan(cells, count=3 * count * len(cells), seed=seed):
            scene = make_scene(name, level, number)
            asked[name, level].append(Question(scene.question, scene.answer))
            step()
    guessed = []
    for (name, level), made in asked.items():
        constant, blind = best_constant(made[:count]), question_only(made[count:], made[:count])
        guessed.append(_Guessed(name, level.value, count, constant.answer, constant.accuracy, blind))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in guessed], indent=2))
    else:
        _print_table(
            ("family", "difficulty", "best constant", "question only"),
            [
                (
                    one.family,
                    one.difficulty,
                    f"{one.constant_accuracy:.3f} ({one.constant_answer})",
                    f"{one.question_only_accuracy:.3f}",
                )
                for one in guessed
            ],
        )


def _cells(family: str | None, difficulty: str | None) -> list[tuple[str, Difficulty]]:
    """The families and difficulties asked for, in the order in which they take turns."""
    from codedance.tasks.worlds import FAMILIES, Difficulty

    if family is not None and family not in FAMILIES:
        raise UsageError(f"--family {family}: there is no such family; choose {' or '.join(FAMILIES)}")
    if difficulty is not None and difficulty not in list(Difficulty):
        raise UsageError(f"--difficulty {difficulty}: there is no such difficulty; choose {' or '.join(Difficulty)}")
    levels = list(Difficulty) if difficulty is None else [Difficulty(difficulty)]
    return [(name, level) for level in levels for name in (FAMILIES if family is None else (family,))]


def _plan(cells: Sequence[tuple[str, Difficulty]], *, count: int, seed: int) -> Iterator[tuple[str, Difficulty, int]]:
    """Family, difficulty and seed of each scene: the cells take turns, each with seeds of this block."""
    _check_count(count, _BLOCK * len(cells))
    if seed < 0:
        raise UsageError(f"--seed {seed}: choose 0 or more")
    return ((*cells[index % len(cells)], seed * _BLOCK + index // len(cells)) for index in range(count))


def _check_count(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise UsageError(f"--count {count}: choose a number from 1 to {most}")


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


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on stderr while many scenes are made and somebody watches; yields what to call after each."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal and not console.is_dumb_terminal and total >= _MANY
    with Progress(console=console, transient=True, disable=not shown) as progress:
        bar = progress.add_task("scenes", total=total)
        yield lambda: progress.advance(bar)


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
