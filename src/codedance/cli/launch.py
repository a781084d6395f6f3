"""``codedance launch``: a recipe as the exact command of ms-swift or verl, checked, then run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.errors import EngineError, StoreError, UsageError

if TYPE_CHECKING:
    from codedance.engines import Launch, Recipe

__all__ = ["EPILOG", "launch"]

EPILOG = """
Examples:

- `codedance launch --list`

- `codedance launch swift swift-sft-7b --dry-run`

- `codedance launch swift swift-sft-3b --set data=exports/swift/train.jsonl --set arguments.learning_rate=2e-5`

- `codedance launch verl verl-rl-7b-2x8 --set model=runs/sft-7b/checkpoint-900 --set codedance.variant=outcome`

- `codedance launch verl mine.toml --python .engines/verl/bin/python`
"""

_CHECK_SECONDS = 600


def launch(
    engine: Annotated[str | None, typer.Argument(metavar="ENGINE", help="swift or verl.")] = None,
    recipe: Annotated[
        str | None, typer.Argument(metavar="RECIPE", help="Name of a shipped recipe, or a path to a .toml file.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the recipe, such as model=DIR or arguments.learning_rate=1e-5; null takes one away.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the command and environment, check what is installed, run nothing.")
    ] = False,
    python: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Interpreter of the environment with the engine and CodeDance. [this one]"),
    ] = None,
    node_rank: Annotated[int, typer.Option(metavar="N", help="swift on several machines: which this is, from 0.")] = 0,
    head: Annotated[
        str | None, typer.Option(metavar="HOST", help="swift on several machines: the first one's address.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="swift on several machines: a free port there.")] = 29_500,
    show_list: Annotated[bool, typer.Option("--list", help="List the shipped recipes.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run or --list: print JSON and nothing else.")
    ] = False,
) -> None:
    """Train with ms-swift or verl: the recipe's command, after a check of versions and of the plug-in."""
    from codedance.engines import Engine, load_recipe, plan_launch, with_settings
    from codedance.engines.launching import Place

    if show_list:
        typer.echo(_listed(as_json))
        return
    if engine not in list(Engine) or recipe is None:
        raise UsageError(
            "write codedance launch swift|verl RECIPE; codedance launch --list shows the recipes that are shipped"
        )
    chosen = with_settings(load_recipe(recipe, Engine(engine)), assignments or [])
    interpreter = str(python) if python else sys.executable
    planned = plan_launch(chosen, python=interpreter, place=Place(node_rank, head, port))
    if dry_run:
        checked = _checked(chosen, interpreter, planned, must=False)
        typer.echo(_as_json(planned, checked) if as_json else "\n".join(_shown(planned, checked)))
        return
    _checked(chosen, interpreter, planned, must=True)
    _write_files(planned)
    raise typer.Exit(_run(planned))


def _listed(as_json: bool) -> str:
    from codedance.engines import load_recipe, recipe_names

    found = {name: load_recipe(name) for name in recipe_names()}
    if as_json:
        rows = [{"name": name, "engine": one.engine.value, "title": one.title} for name, one in found.items()]
        return json.dumps(rows)
    width = max(len(name) for name in found)
    return "\n".join(f"{name:{width}}  {one.title}" for name, one in found.items())


def _checked(recipe: Recipe, python: str, planned: Launch, *, must: bool) -> str:
    """One line about what was checked.

    Raises:
        EngineError: the environment has other versions, or the plug-in did not register; if ``must``, also if the
            engine is not there.
    """
    from codedance.engines import PINS, check_versions
    from codedance.engines.probing import plugin_probe, version_probe

    found = _asked(python, version_probe(recipe.engine))
    pins = PINS[recipe.engine]
    if found.get(pins[0].name) is None and not must:
        supported = ", ".join(pin.text for pin in pins)
        return f"not checked: {recipe.engine.value} is not installed for {python}; supported: {supported}"
    check_versions(recipe.engine, found)
    versions = ", ".join(f"{name} {version}" for name, version in found.items())
    probe = plugin_probe(recipe)
    if probe is None:
        return f"checked: {versions}"
    registered = _asked(python, probe, planned.environment)
    lacking = [name for name, there in registered.items() if not there]
    if lacking:
        raise EngineError(
            f"the plug-in did not register with {recipe.engine.value} ({', '.join(lacking)}): install CodeDance into "
            f"the engine's environment ({python} -m pip install codedance) and see VERL_USE_EXTERNAL_PLUGINS"
        )
    return f"checked: {versions}; registered: {', '.join(registered)}"


def _asked(python: str, program: str, environment: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """What a small program prints as the last line of its output, as JSON."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program, the caller's interpreter
            [python, "-c", program],
            capture_output=True,
            text=True,
            timeout=_CHECK_SECONDS,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{python}: cannot be asked what is installed ({error})") from None
    lines = done.stdout.strip().splitlines()
    try:
        if done.returncode == 0 and lines:
            found = json.loads(lines[-1])
            if isinstance(found, dict):
                return found
    except ValueError:
        pass
    said = (done.stderr or done.stdout).strip().splitlines()
    raise EngineError(f"{python}: the check of the engine failed ({said[-1] if said else 'it printed nothing'})")


def _shown(planned: Launch, checked: str) -> Iterator[str]:
    for path in planned.files:
        yield f"# writes {path}"
    yield from (f"export {name}={shlex.quote(value)}" for name, value in planned.environment.items())
    words = [shlex.quote(word) for word in planned.command]
    yield " \\\n  ".join([" ".join(words[:4]), *_paired(words[4:])])
    yield f"# {checked}"


def _paired(words: list[str]) -> Iterator[str]:
    """Flags with their values, a line each."""
    line: list[str] = []
    for word in words:
        if word.startswith("--") or "=" in word:
            if line:
                yield " ".join(line)
            line = []
        line.append(word)
    if line:
        yield " ".join(line)


def _as_json(planned: Launch, checked: str) -> str:
    return json.dumps(
        {
            "command": list(planned.command),
            "environment": dict(planned.environment),
            "files": dict(planned.files),
            "check": checked,
        }
    )


def _write_files(planned: Launch) -> None:
    from codedance.store import write_text

    for name, text in planned.files.items():
        try:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            write_text(Path(name), text)
        except OSError as error:
            raise StoreError(f"{name}: cannot be written ({error.strerror or error})") from None


def _run(planned: Launch) -> int:
    """Run it in the foreground; its exit code."""
    process = subprocess.Popen(planned.command, env={**os.environ, **planned.environment})  # noqa: S603 - the user's wish
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal has told the engine too; it ends by itself
