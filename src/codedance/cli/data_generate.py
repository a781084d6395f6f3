"""``codedance data generate`` and ``card``: executed trajectories from nothing, and the page that describes them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from codedance.cli.failures import tell
from codedance.cli.settings import apply_settings
from codedance.errors import UsageError

if TYPE_CHECKING:
    from codedance.synth.generate import Chunk, Crew
    from codedance.synth.plan import GenerateSettings

__all__ = ["CARD_EPILOG", "GENERATE_EPILOG", "card", "ending_in_order", "generate", "make_set"]

_TERMINATED = 143
"""What shells give a program that SIGTERM has ended."""

GENERATE_EPILOG = """
Examples:

- `codedance data generate --out data/worlds` (34,000 trajectories, well under an hour on two cores)

- `codedance data generate --out data/small --count 2000 --seed 1 --workers 4`

- `codedance data generate --out data/worlds --ray auto` (on every processor of a Ray cluster)

- `codedance data generate --out data/charts --count 500 --family charts --family tables --set hard=1`

The same settings give the same files; a set that was stopped goes on where it stood. Seeds from 10 on are held out.
"""

CARD_EPILOG = "Example: `codedance data card data/worlds --out data/worlds/card`"


def generate(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the set; a set that was stopped goes on there.")],
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="Trajectories in all. [34000]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, metavar="S", help="Different seeds share no scene. [0]")] = None,
    family: Annotated[
        list[str] | None, typer.Option(metavar="F", help="Only this family; may be repeated. [all, in stated shares]")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes at work. [one a processor]")] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Workers on a Ray cluster: HOST:PORT, auto or local.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example hard=0.5.")
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
) -> None:
    """Make trajectories from generated worlds: the oracle writes, every cell really runs, every outcome is checked."""
    named = {"count": count, "seed": seed}
    given = [f"{name}={value}" for name, value in named.items() if value is not None]
    settings = apply_settings(_base(family), [*given, *(assignments or [])], file=config)
    if ray is None:
        make_set(settings, out, workers=workers or os.cpu_count() or 1)
        return
    from codedance.cluster.crew import RayCrew
    from codedance.synth.generate import ChunkMaker, program_digest

    start = partial(ChunkMaker, settings, program=program_digest())
    with RayCrew(ray, start, most=workers, tell=lambda line: tell(f"ray: {line}")) as crew:
        make_set(settings, out, workers=1, crew=crew)


def make_set(settings: GenerateSettings, out: Path, *, workers: int, crew: Crew | None = None) -> None:
    """Make a set or go on with it, with a progress bar, and say what came of it."""
    from codedance.synth.generate import generate as make
    from codedance.synth.generate import read_chunks

    there = sum(chunk.trajectories for chunk in read_chunks(out))
    seen: list[Chunk] = []
    begin = time.monotonic()
    with ending_in_order(), _progress(settings.count, there=there) as show:

        def listen(chunk: Chunk) -> None:
            seen.append(chunk)
            show(chunk)

        make(settings, out, workers=workers, crew=crew, listener=listen)
    made = sum(chunk.trajectories for chunk in seen)
    rejected = Counter(f"{one.task_id.split('/')[1]}: {one.reason}" for chunk in seen for one in chunk.rejections)
    rate = (made - there) / max(1e-9, time.monotonic() - begin)
    typer.echo(f"{made} trajectories in {out}" + (f" ({rate:.1f} a second)" if made > there else " (none was missing)"))
    if rejected:
        typer.echo(f"thrown away: {sum(rejected.values())}")
        for reason, times in rejected.most_common(8):
            typer.echo(f"  {times} x {reason}")


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Within it SIGTERM ends this process as Ctrl-C does, with code 143: workers end, and what is theirs is cleaned up.

    Outside of the main thread, where no signal can be taken, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one is not made to wait
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _base(families: list[str] | None) -> GenerateSettings:
    from codedance.synth.plan import SHARES, GenerateSettings
    from codedance.tasks.worlds import FAMILIES

    for name in families or []:
        if name not in FAMILIES:
            raise UsageError(f"--family {name}: there is no such family; choose among {', '.join(FAMILIES)}")
    return GenerateSettings(shares={name: SHARES[name] for name in families}) if families else GenerateSettings()


def card(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A set made by `codedance data generate`.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where card.md and its pictures are written.")],
    scenes: Annotated[
        int, typer.Option(min=20, help="Scenes of each cell for the baselines: 300 take minutes, 20 are quick.")
    ] = 300,
) -> None:
    """Describe a set: counts, balance, what was thrown away, baselines without the picture, samples as pictures."""
    from codedance.synth.card import write_card

    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: is a file; choose a folder")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("describing", total=None)
        page = write_card(folder, out, scenes=scenes, listener=lambda text: progress.update(bar, description=text))
    typer.echo(f"card: {page}")


@contextmanager
def _progress(total: int, *, there: int) -> Iterator[Callable[[Chunk], None]]:
    """A bar on the error stream with the rate; what was there at the start does not count for the rate."""
    columns = (
        TextColumn("generating"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("generating", total=total, status="")
        begin, made, rejected = time.monotonic(), 0, 0

        def show(chunk: Chunk) -> None:
            nonlocal made, rejected
            made += chunk.trajectories
            rejected += len(chunk.rejections)
            rate = max(0, made - there) / max(1e-9, time.monotonic() - begin)
            progress.update(bar, completed=made, status=f"{rate:.1f}/s, {rejected} thrown away")

        yield show
