"""Weak-to-strong filtering of a whole set of tasks: strata, counts, disputed labels for a human."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from codedance.errors import DataError, StoreError
from codedance.models.asking import Asker, CachedReply, Party, Unanswered, Usage
from codedance.models.contract import Model
from codedance.rewards import MathChecker
from codedance.schema import Answer, MathAnswer, Record, Task, Text
from codedance.store import Manifest, RecordCache, RunFolder, write_text
from codedance.synth.pictures.crew import share_out
from codedance.synth.pictures.filtering import (
    Label,
    Stratum,
    Weighed,
    Weighing,
    check_rule,
    label_text,
    rule_text,
    weigh,
)
from codedance.synth.pictures.settings import FilterSettings
from codedance.synth.pictures.synthesis import CACHE
from codedance.synth.pictures.wording import prompt_versions

__all__ = ["Disagreement", "FilterReport", "StratumRow", "TaskSet", "filter_tasks", "open_filter", "read_tasks"]

_FREE = {"seconds_per_call", "concurrency"}
"""Settings that a resumed run may change."""


class StratumRow(Record):
    """One stratum in numbers."""

    stratum: Stratum
    tasks: int
    weak_accuracy: float | None
    """Share of right answers among the weak model's attempts."""
    strong_accuracy: float | None
    """Share of tasks that the strong model got right on its own, of those it was asked."""
    labels: dict[Label, int]


class FilterReport(Record):
    """What came of filtering; the same answers give the same report."""

    given: int
    """Different tasks in the set that was given."""
    rule: str
    strata: tuple[StratumRow, ...]
    disputed: int
    """Labels that the strong model says are wrong; see ``disagreements.md``."""
    without_answer: tuple[str, ...]
    """Tasks that have no reference answer and cannot be weighed."""
    skipped: dict[str, str]
    """Tasks that could not be weighed, with the reason; the same command asks them again."""
    skipped_reasons: dict[str, int]
    usage: dict[Party, Usage]


class Disagreement(Record):
    """A label that the strong model says is wrong."""

    task_id: str
    source: str
    question: Text
    label: str
    answer: Answer
    strong_answer: Text | None
    strong_said: Text | None
    weak_answers: tuple[Text | None, ...]
    images: tuple[str, ...]
    """Paths of the pictures in the folder."""


@dataclass(frozen=True, slots=True)
class TaskSet:
    """A set of tasks to be filtered."""

    folder: RunFolder
    tasks: tuple[Task, ...]
    """Each once, in the order in which they were stored."""


@dataclass(slots=True)
class _Skipped:
    """Tasks that could not be weighed."""

    reasons: dict[str, str] = field(default_factory=dict)
    """By task id: the counted reason, then a colon and the detail."""

    def add(self, task: Task, reason: str, detail: str) -> None:
        self.reasons[task.id] = f"{reason}: {detail}" if detail else reason


def read_tasks(path: Path) -> TaskSet:
    """Every task of a run folder once, those of its trajectories too.

    Raises:
        StoreError: there is no run folder, or a line of it is wrong.
        DataError: it holds no tasks, or two different ones under one name.
    """
    folder = RunFolder.open(path)
    found: dict[str, Task] = {}
    for task in _all_tasks(folder):
        first = found.setdefault(task.id, task)
        if (first.question, first.images, first.answer) != (task.question, task.images, task.answer):
            raise DataError(f"{path}: two different tasks have the id {task.id}")
    if not found:
        raise DataError(f"{path}: holds neither tasks nor trajectories")
    return TaskSet(folder, tuple(found.values()))


def open_filter(out: Path, source: TaskSet, settings: FilterSettings, *, models: Mapping[Party, str]) -> RunFolder:
    """Begin a filtered set, or go on with one of the same settings and models.

    Raises:
        UsageError: a rule that needs a strong model, and there is none.
        StoreError: the folder holds something else, or cannot be written.
    """
    check_rule(settings, strong=Party.STRONG in models)
    if out.resolve() == source.folder.folder.resolve():
        raise StoreError(f"{out}: holds the tasks themselves; choose another folder")
    values: dict[str, JsonValue] = settings.model_dump(mode="json", exclude=_FREE)
    names: dict[str, JsonValue] = {party.value: models.get(party) for party in (Party.WEAK, Party.STRONG)}
    versions = prompt_versions()
    asked: dict[str, JsonValue] = {name: versions[name] for name in ("direct", "label_check", "system")}
    manifest = Manifest(kind="tasks", settings={"made_by": "filter", **values, **names, "prompts": asked})
    return RunFolder.create(out, manifest)


async def filter_tasks(
    source: TaskSet,
    run: RunFolder,
    *,
    models: Mapping[Party, Model],
    settings: FilterSettings,
    listener: Callable[[Weighing | None], None] | None = None,
) -> FilterReport:
    """Weigh every task that is not weighed yet, store each with its stratum, and write the report.

    Args:
        source: the tasks.
        run: of :func:`open_filter`.
        models: the weak one, and the strong one if it takes part.
        settings: attempts, sampling, rule.
        listener: told of every task that was weighed (``None``: it could not be).

    Raises:
        ModelError: a model cannot be reached at the start.
        MissingExtraError: an answer is mathematical, and math-verify is not installed.
        StoreError: a folder cannot be read or written, or another run is using it.
    """
    done = {task.id for task in run.tasks()}
    waiting = [task for task in source.tasks if task.id not in done and task.answer is not None]
    skipped = _Skipped()
    tell = listener or (lambda weighing: None)
    # Asked for before anything is: answers that need algebra are not compared without it.
    algebra = MathChecker() if any(isinstance(task.answer, MathAnswer) for task in waiting) else None
    with RecordCache(run.folder / CACHE, CachedReply) as cache, algebra or nullcontext():
        asker = Asker(models, cache, seconds=settings.seconds_per_call)
        weighed = partial(weigh, asker=asker, settings=settings, equivalent=algebra.equivalent if algebra else None)
        if waiting:
            await asker.greet()

        async def work(task: Task) -> None:
            tell(await _weigh_one(task, source, run, weigh=weighed, skipped=skipped))

        await share_out(waiting, work, at_once=min(settings.concurrency, max(1, len(waiting))))
    report = _report(source, run, skipped, rule=rule_text(settings, strong=Party.STRONG in models))
    _write(run, report)
    return report


async def _weigh_one(
    task: Task, source: TaskSet, run: RunFolder, *, weigh: Callable[..., Awaitable[Weighed]], skipped: _Skipped
) -> Weighing | None:
    if task.answer is None:
        return None
    try:
        by_hash = source.folder.load_pictures(task)
    except StoreError as error:
        skipped.add(task, "picture cannot be read", str(error))
        return None
    pictures = [by_hash[ref.sha256] for ref in task.images]
    weighed = await weigh(task, pictures, label=task.answer)
    if isinstance(weighed.result, Unanswered):
        skipped.add(task, weighed.result.fault.value, weighed.result.detail)
        return None
    result = weighed.result
    usage: JsonValue = {party.value: one.model_dump() for party, one in weighed.usage.items()}
    filtered: dict[str, JsonValue] = {
        **result.model_dump(mode="json", exclude={"stratum"}),
        "weak": f"{result.weak_right}/{result.weak_attempts}",
        "usage": usage,
    }
    if "difficulty" in task.meta:
        filtered["difficulty_before"] = task.meta["difficulty"]
    meta: dict[str, JsonValue] = {**task.meta, "difficulty": result.stratum.value, "filter": filtered}
    run.add_task(task.model_copy(update={"meta": meta}), by_hash)
    return result


def _all_tasks(folder: RunFolder) -> Iterator[Task]:
    yield from folder.tasks()
    yield from (trajectory.task for trajectory in folder.trajectories())


def _weighing(task: Task) -> tuple[Weighing, dict[Party, Usage]]:
    """What was found out about a stored task."""
    stored = task.meta.get("filter")
    if not isinstance(stored, dict):
        raise DataError(f"task {task.id}: is in a filtered set and holds no weighing")
    known = {name: value for name, value in stored.items() if name in Weighing.model_fields}
    usage = stored.get("usage")
    spent = {Party(name): Usage.model_validate(one) for name, one in usage.items()} if isinstance(usage, dict) else {}
    return Weighing.model_validate({**known, "stratum": task.meta["difficulty"]}), spent


def _report(source: TaskSet, run: RunFolder, skipped: _Skipped, *, rule: str) -> FilterReport:
    usage: dict[Party, Usage] = {}
    by_stratum: dict[Stratum, list[Weighing]] = {stratum: [] for stratum in Stratum}
    for task in run.tasks():
        weighing, spent = _weighing(task)
        # The answers are of no use here, and there may be many.
        by_stratum[weighing.stratum].append(weighing.model_copy(update={"weak_answers": (), "strong_said": None}))
        for party, one in spent.items():
            usage[party] = usage.get(party, Usage()) + one
    reasons = Counter(reason.split(": ", 1)[0] for reason in skipped.reasons.values())
    rows = tuple(_row(stratum, weighings) for stratum, weighings in by_stratum.items())
    return FilterReport(
        given=len(source.tasks),
        rule=rule,
        strata=rows,
        disputed=sum(row.labels.get(Label.DISPUTED, 0) for row in rows),
        without_answer=tuple(task.id for task in source.tasks if task.answer is None),
        skipped=dict(sorted(skipped.reasons.items())),
        skipped_reasons=dict(sorted(reasons.items())),
        usage={party: usage[party] for party in Party if party in usage},
    )


def _row(stratum: Stratum, weighings: Sequence[Weighing]) -> StratumRow:
    attempts = sum(one.weak_attempts for one in weighings)
    asked = [one for one in weighings if one.strong_right is not None]
    labels = Counter(one.label for one in weighings)
    return StratumRow(
        stratum=stratum,
        tasks=len(weighings),
        weak_accuracy=sum(one.weak_right for one in weighings) / attempts if attempts else None,
        strong_accuracy=sum(bool(one.strong_right) for one in asked) / len(asked) if asked else None,
        labels={label: labels[label] for label in Label if labels[label]},
    )


def _write(run: RunFolder, report: FilterReport) -> None:
    """The report and the disagreements, each replaced as a whole."""
    disputed = sorted(_disagreements(run), key=lambda one: one.task_id)
    try:
        write_text(run.folder / "report.json", report.model_dump_json(indent=2) + "\n")
        lines = "".join(one.model_dump_json() + "\n" for one in disputed)
        write_text(run.folder / "disagreements.jsonl", lines)
        write_text(run.folder / "disagreements.md", _page(disputed))
    except OSError as error:
        raise StoreError(f"{run.folder}: the report cannot be written ({error.strerror or error})") from None


def _disagreements(run: RunFolder) -> Iterator[Disagreement]:
    for task in run.tasks():
        weighing, _ = _weighing(task)
        if weighing.label is Label.DISPUTED and task.answer is not None:
            yield Disagreement(
                task_id=task.id,
                source=task.source,
                question=task.question,
                label=label_text(task.answer),
                answer=task.answer,
                strong_answer=weighing.strong_answer,
                strong_said=weighing.strong_said,
                weak_answers=weighing.weak_answers,
                images=tuple(run.pictures.path(ref).relative_to(run.folder).as_posix() for ref in task.images),
            )


def _page(disputed: Sequence[Disagreement]) -> str:
    """For people. What models and tasks say stands in code spans, where it can be no markup."""
    lines = ["# Labels that the strong model says are wrong", "", f"{len(disputed)} in all. A human decides.", ""]
    for one in disputed:
        weak = ", ".join(_quoted(answer) if answer is not None else "no answer" for answer in one.weak_answers)
        lines += [
            f"## {_quoted(one.task_id)}",
            "",
            *(f"![picture]({path})" for path in one.images),
            "",
            f"- question: {_quoted(one.question)}",
            f"- label: {_quoted(one.label)}",
            f"- strong model: {_quoted(one.strong_answer) if one.strong_answer is not None else 'no answer'}",
            f"- weak model: {weak}",
            f"- why: {_quoted(one.strong_said or '')}",
            "",
        ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A code span of one line."""
    line = " ".join(text.replace("`", "'").split())
    line = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in line)
    return f"`{line if len(line) <= 600 else line[:599] + '…'}`" if line else "-"
