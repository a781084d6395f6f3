"""A synthesis run as a whole: its folder, its models, its stages, its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from codedance.errors import PictureError, StoreError
from codedance.imaging import Picture
from codedance.models.asking import Asker, CachedReply, Party
from codedance.models.contract import Model
from codedance.sandbox.contract import Sandbox
from codedance.store import Manifest, RecordCache, RunFolder, write_text
from codedance.synth.pictures.filtering import check_rule
from codedance.synth.pictures.journal import Decision, Journal, forget_faults
from codedance.synth.pictures.judging import Judge
from codedance.synth.pictures.pipeline import Pipeline
from codedance.synth.pictures.report import SynthReport, markdown, summarise
from codedance.synth.pictures.report_page import report_page
from codedance.synth.pictures.settings import SynthSettings
from codedance.synth.pictures.sources import Source
from codedance.synth.pictures.wording import prompt_versions

__all__ = ["CACHE", "open_run", "synthesise", "write_report"]

CACHE = "cache.sqlite"
"""Answers of models; may be deleted once a run is finished."""
_JOURNAL = "decisions.jsonl"
_FREE = {"seconds_per_call", "concurrency"}
"""Settings that a resumed run may change."""


def open_run(out: Path, settings: SynthSettings, models: Mapping[Party, str]) -> RunFolder:
    """Begin a run, or go on with one of the same settings, models and prompts.

    Raises:
        UsageError: a rule of difficulty that needs a model that does not take part.
        StoreError: the folder holds something else, or cannot be written.
    """
    if Party.WEAK in models:
        check_rule(settings.difficulty, strong=Party.STRONG in models)
    values: dict[str, JsonValue] = settings.model_dump(mode="json", exclude=_FREE)
    names: dict[str, JsonValue] = {party.value: models.get(party) for party in Party}
    prompts: dict[str, JsonValue] = {**prompt_versions()}
    return RunFolder.create(out, Manifest(kind="synth", settings={**values, **names, "prompts": prompts}))


async def synthesise(
    sources: Sequence[Source],
    run: RunFolder,
    *,
    models: Mapping[Party, Model],
    sandbox: Sandbox,
    settings: SynthSettings,
    retry_faults: bool = False,
    started: Callable[[int], None] | None = None,
    listener: Callable[[Decision], None] | None = None,
) -> None:
    """Play all stages for all pictures that are not finished; stopped at any moment, the same call goes on.

    Args:
        sources: the pictures.
        run: of :func:`open_run`.
        models: the teacher, and the weak and the strong model where they take part.
        sandbox: where code runs.
        settings: all of them.
        retry_faults: ask again what ended in a fault before.
        started: told how many pictures are not finished.
        listener: told of every new decision.

    Raises:
        ModelError: a model cannot be reached at the start; what fails later is counted and skipped.
        StoreError: the run folder cannot be read or written, or another run is using it.
    """
    with RecordCache(run.folder / CACHE, CachedReply) as cache:
        if retry_faults:
            forget_faults(run.folder / _JOURNAL)
        asker = Asker(models, cache, seconds=settings.seconds_per_call)
        judge = Judge(Journal(run.folder / _JOURNAL), asker, settings, listener=listener)
        pipeline = Pipeline(run, judge, sandbox)
        waiting = pipeline.waiting(sources)
        if started is not None:
            started(len(waiting))
        if waiting:
            await asker.greet()
            await pipeline.work(waiting)


def write_report(run: RunFolder, sources: Sequence[Source], settings: SynthSettings) -> SynthReport:
    """Write ``report.json``, ``report.md`` and ``report.html`` into the run's folder.

    Raises:
        StoreError: the run folder cannot be read or written.
    """
    report, ends = summarise(run.folder / _JOURNAL, pictures=len(sources), wanted=settings.mix.shares)
    paths = {source.name: source.path for source in sources}

    def find(name: str) -> Picture | None:
        try:
            return Picture.from_file(paths[name]) if name in paths else None
        except PictureError:
            return None

    page = report_page(report, ends, run=run, find=find)
    try:
        write_text(run.folder / "report.json", report.model_dump_json(indent=2) + "\n")
        write_text(run.folder / "report.md", markdown(report))
        write_text(run.folder / "report.html", page)
    except OSError as error:
        raise StoreError(f"{run.folder}: the report cannot be written ({error.strerror or error})") from None
    return report
