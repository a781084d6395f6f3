"""``codedance synth``: executed trajectories from anyone's pictures, with a teacher model."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codedance.cli.parties import Named, loaded, named, status_bar
from codedance.cli.places import SandboxPlace, sandbox_at
from codedance.cli.settings import apply_settings

if TYPE_CHECKING:
    from codedance.models.asking import Party
    from codedance.store import RunFolder
    from codedance.synth.pictures.journal import Decision, Stage
    from codedance.synth.pictures.report import SynthReport
    from codedance.synth.pictures.settings import SynthSettings
    from codedance.synth.pictures.sources import Source

__all__ = ["EPILOG", "synth"]

EPILOG = """
Examples:

- `codedance synth photos --teacher server:Qwen2.5-VL-72B --base-url http://localhost:8000/v1 --out data/photos`

- `codedance synth photos charts/a.png --teacher server:Qwen2.5-VL-72B --weak server:Qwen2.5-VL-7B --weak-base-url http://localhost:8001/v1 --strong server:Qwen2.5-VL-72B --out data/mixed --set questions=3`

- `codedance synth photos --teacher server:Qwen3-VL-235B --out data/photos --set box.coordinates=thousandths --set concurrency=64`

The same command goes on with a run that was stopped, without asking anything again. Exit codes: 0 done (whatever was kept), 2 bad input or usage, 4 a model cannot be reached or the sandbox cannot start.
"""  # noqa: E501 - paragraphs of the help

Url = Annotated[str | None, typer.Option(metavar="URL", help="Where that server is. [as --base-url]")]


def synth(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURES", help="Folders of pictures, picture files.")],
    teacher: Annotated[
        str, typer.Option(metavar="SPEC", help="Makes and checks questions, solves them: server:NAME, hf:PATH_OR_ID.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Run folder; a run that was stopped goes on there.")],
    weak: Annotated[str | None, typer.Option(metavar="SPEC", help="Tells what is easy. [the teacher is asked]")] = None,
    strong: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Checks the labels. [nobody but the teacher]")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where servers are, for example http://localhost:8000/v1.")
    ] = None,
    weak_base_url: Url = None,
    strong_base_url: Url = None,
    retry_faults: Annotated[
        bool, typer.Option("--retry-faults", help="Ask again what stalled or met a failing server before.")
    ] = False,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run code on a Ray cluster: HOST:PORT, auto or local.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings in TOML, as --set names them.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, for example questions=3; may be repeated."),
    ] = None,
) -> None:
    """Make executed trajectories from pictures.

    The stages: image filter, question, check, box, check, rules, difficulty, roll-out, final check.

    Needs any OpenAI-compatible server with a strong vision-language model. Writes trajectories, pictures, every
    decision, and report.json, report.md, report.html. The key of servers is read from CODEDANCE_API_KEY or
    OPENAI_API_KEY.
    """
    from codedance.models.asking import Party
    from codedance.synth.pictures.settings import SynthSettings
    from codedance.synth.pictures.sources import find_pictures
    from codedance.synth.pictures.synthesis import open_run, write_report

    settings = apply_settings(SynthSettings(), assignments or [], file=config)
    parties = named(
        {Party.TEACHER: teacher, Party.WEAK: weak, Party.STRONG: strong},
        {Party.WEAK: weak_base_url, Party.STRONG: strong_base_url},
        base_url,
    )
    sources = find_pictures(pictures, skip=out)
    run = open_run(out, settings, {party: one.spec for party, one in parties.items()})
    begin = time.monotonic()
    done = _work(sources, run, parties, settings=settings, retry_faults=retry_faults, ray=ray)
    seconds = time.monotonic() - begin
    report = write_report(run, sources, settings)
    if as_json:
        sys.stdout.write(report.model_dump_json() + "\n")
        return
    _print(report)
    rate = f", {60 * done / seconds:.1f} pictures a minute" if done else ", nothing was left to do"
    typer.echo(f"took {seconds:.0f} s{rate}")
    typer.echo(f"report: {run.folder / 'report.html'}")


def _work(
    sources: list[Source],
    run: RunFolder,
    parties: dict[Party, Named],
    *,
    settings: SynthSettings,
    retry_faults: bool,
    ray: str | None,
) -> int:
    """Play the stages; returns how many pictures were finished now."""
    import anyio

    from codedance.sandbox import Limits
    from codedance.synth.pictures.synthesis import synthesise

    async def work(update: Callable[[int, str], None], listener: Callable[[Decision], None]) -> None:
        async with loaded(parties) as models, sandbox_at(SandboxPlace(ray=ray), limits=Limits()) as sandbox:
            await synthesise(
                sources,
                run,
                models=models,
                sandbox=sandbox,
                settings=settings,
                retry_faults=retry_faults,
                started=lambda waiting: update(len(sources) - waiting, ""),
                listener=listener,
            )

    with status_bar("pictures", total=len(sources)) as update:
        watch = _Watch(update)
        anyio.run(work, update, watch)
    return watch.finished


class _Watch:
    """Keeps running pass rates while decisions come in."""

    def __init__(self, update: Callable[[int, str], None]) -> None:
        self._update = update
        self._attempts: Counter[Stage] = Counter()
        self._accepted: Counter[Stage] = Counter()
        self.finished = 0

    def __call__(self, decision: Decision) -> None:
        """Take one decision."""
        from codedance.synth.pictures.journal import Stage

        if decision.stage is Stage.DONE:
            self.finished += 1
            self._update(1, self._status())
            return
        self._attempts[decision.stage] += 1
        self._accepted[decision.stage] += decision.accepted
        self._update(0, self._status())

    def _status(self) -> str:
        from codedance.synth.pictures.journal import Stage

        rates = [
            f"{name} {self._accepted[stage] / self._attempts[stage]:.0%}"
            for name, stage in (
                ("image", Stage.IMAGE),
                ("question", Stage.QUESTION_CHECK),
                ("box", Stage.BOX_CHECK),
                ("rules", Stage.RULES),
                ("final", Stage.FINAL),
            )
            if self._attempts[stage]
        ]
        return f"kept {self._accepted[Stage.FINAL]}  {'  '.join(rates)}"


def _print(report: SynthReport) -> None:
    rows = [("stage", "of", "in", "out", "passed")]
    rows += [
        (
            row.stage.value,
            row.unit,
            str(row.entered),
            str(row.passed),
            f"{row.rate:.1%}" if row.rate is not None else "-",
        )
        for row in report.stages
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    code = report.kept - report.direct
    calls = f", {report.calls_per_kept:.1f} calls for each" if report.calls_per_kept is not None else ""
    typer.echo(f"kept {report.kept}: {code} with code, {report.direct} direct answers{calls}")
    if report.faults:
        typer.echo(f"{report.faults} stages ended in a fault; the same command with --retry-faults asks them again")
