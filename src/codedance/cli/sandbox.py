"""``codedance sandbox``: run code; the checks and services of the sandbox are in modules of their own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli import sandbox_checks, sandbox_services
from codedance.cli.settings import apply_settings
from codedance.cli.text import visible
from codedance.errors import UsageError
from codedance.sandbox.contract import CellResult, Limits, Tier

if TYPE_CHECKING:
    from codedance.imaging import Picture

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Run code in the sandbox; see what it offers, costs and withstands.")
sandbox_checks.add_to(app)
sandbox_services.add_to(app)

_RUN_EPILOG = """
Examples:

- `codedance sandbox run -c "x = 6" -c "x * 7"`

- `codedance sandbox run cells.py --image photo.jpg --set wall_seconds=4 --json`

Exit codes: 0 every cell ended ok, 1 some cell did not, 2 bad input or usage, 4 the sandbox itself failed.
"""


@app.callback()
def _sandbox() -> None:
    """Run code in the sandbox; see what it offers, costs and withstands."""


@app.command(epilog=_RUN_EPILOG)
def run(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Files with one cell each; - is standard input.")
    ] = None,
    code: Annotated[
        list[str] | None, typer.Option("-c", "--code", metavar="CODE", help="A cell; runs after the files' cells.")
    ] = None,
    images: Annotated[
        list[Path] | None, typer.Option("--image", metavar="FILE", help="A picture for the session; may be repeated.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="LIMIT=V", help=f"A limit: {', '.join(Limits.model_fields)}; may be repeated."),
    ] = None,
    tier: Annotated[Tier | None, typer.Option(help="Isolation that must be had. [the strongest there is]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one execution a line as JSON, nothing else.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the pictures that cells show to this folder.")
    ] = None,
) -> None:
    """Run cells of one session in order: those of the files, then those of -c."""
    from codedance.imaging import Picture

    cells = [*(_read_cell(path) for path in files or []), *(code or [])]
    if not cells:
        raise UsageError("there is no code to run; name a FILE or write -c CODE")
    limits = apply_settings(Limits(), assignments or [])
    pictures = [Picture.from_file(path) for path in images or []]
    ok = True
    for number, result in enumerate(_run(cells, pictures, limits, tier), start=1):
        ok = ok and result.execution.ok
        if as_json:
            sys.stdout.write(result.execution.model_dump_json() + "\n")
        else:
            _print(number, result)
        if out is not None:
            _write_pictures(out, number, result)
    raise typer.Exit(0 if ok else 1)


def _read_cell(path: Path) -> str:
    try:
        if str(path) == "-":
            return sys.stdin.read()
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: the code cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: the code is not UTF-8 text") from None


def _run(cells: Sequence[str], pictures: Sequence[Picture], limits: Limits, tier: Tier | None) -> Sequence[CellResult]:
    import anyio

    from codedance.sandbox import LocalSandbox

    async def session() -> list[CellResult]:
        async with LocalSandbox(tier=tier, limits=limits, pool=0) as sandbox, sandbox.session(pictures) as session:
            return [await session.run(cell) for cell in cells]

    return anyio.run(session)


def _print(number: int, result: CellResult) -> None:
    execution = result.execution
    detail = f" ({visible(execution.detail)})" if execution.detail else ""
    typer.echo(f"[{number}] {execution.status.value}{detail} in {execution.seconds:.3f} s")
    trace = execution.error.traceback if execution.error else ""
    for text in (execution.stdout, execution.stderr, execution.value or "", trace):
        if text:
            typer.echo(visible(text).rstrip("\n"))
    for picture in result.pictures:
        typer.echo(f"[picture {picture.ref.width}x{picture.ref.height}]")
    if execution.truncated:
        typer.echo("[cut at a limit]")


def _write_pictures(folder: Path, number: int, result: CellResult) -> None:
    from codedance.store import write_bytes

    for index, picture in enumerate(result.pictures, start=1):
        path = folder / f"cell-{number}-{index}.png"
        try:
            write_bytes(path, picture.data)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from None
        print(f"picture: {path}", file=sys.stderr)
