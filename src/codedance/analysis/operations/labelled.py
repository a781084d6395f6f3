"""How well operations are found: against cells that people labelled by the definitions of the vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources

from pydantic import Field, ValidationError

from codedance.analysis.operations.code import operations_of_cells
from codedance.analysis.operations.vocabulary import Operation
from codedance.errors import DataError
from codedance.schema import Record

__all__ = ["Agreement", "LabelledCells", "LabelledReport", "labelled_cells", "labelled_report"]


class LabelledCells(Record):
    """The cells of one session, with what a person says they do."""

    id: str
    held_out: bool
    """Whether it was kept apart while the rules were written."""
    cells: tuple[str, ...] = Field(min_length=1)
    operations: tuple[Operation, ...]
    flows: tuple[str, ...]
    """Compositions, written ``crop>resize``."""


class Agreement(Record):
    """Labels against findings."""

    both: int
    only_found: int
    only_labelled: int

    @property
    def precision(self) -> float | None:
        """Share of what was found that is labelled."""
        found = self.both + self.only_found
        return self.both / found if found else None

    @property
    def recall(self) -> float | None:
        """Share of what is labelled that was found."""
        labelled = self.both + self.only_labelled
        return self.both / labelled if labelled else None


class LabelledReport(Record):
    """Agreement on one part of the labelled cells."""

    part: str
    sessions: int
    operations: Agreement
    flows: Agreement
    by_operation: dict[str, Agreement]
    wrong: tuple[str, ...]
    """Sessions where anything differs, with what."""


def labelled_cells() -> tuple[LabelledCells, ...]:
    """The labelled cells that come with this package; raises :class:`DataError` if their file was damaged."""
    text = resources.files("codedance.analysis.operations").joinpath("labelled.jsonl").read_text(encoding="utf-8")
    try:
        return tuple(LabelledCells.model_validate_json(line) for line in text.splitlines())
    except ValidationError as error:
        raise DataError(f"labelled.jsonl: {error.error_count()} wrong fields; install the package again") from None


def labelled_report(part: str, cells: Sequence[LabelledCells]) -> LabelledReport:
    """Compare findings with labels."""
    operations: Counter[str] = Counter()
    flows: Counter[str] = Counter()
    each: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    for one in cells:
        found = operations_of_cells(one.cells)
        names = {operation.value for operation in found.operations}
        labels = {operation.value for operation in one.operations}
        joints = {f"{first.value}>{second.value}" for first, second in found.flows}
        _count(operations, names, labels)
        _count(flows, joints, set(one.flows))
        for name in names | labels:
            _count(each.setdefault(name, Counter()), names & {name}, labels & {name})
        differing = [
            *_signed("+", names - labels, joints - set(one.flows)),
            *_signed("-", labels - names, set(one.flows) - joints),
        ]
        wrong += [f"{one.id}: {' '.join(differing)}"] if differing else []
    return LabelledReport(
        part=part,
        sessions=len(cells),
        operations=_agreement(operations),
        flows=_agreement(flows),
        by_operation={name: _agreement(counts) for name, counts in sorted(each.items())},
        wrong=tuple(wrong),
    )


def _count(counts: Counter[str], found: Iterable[str], labelled: Iterable[str]) -> None:
    ours, theirs = set(found), set(labelled)
    counts.update(both=len(ours & theirs), only_found=len(ours - theirs), only_labelled=len(theirs - ours))


def _agreement(counts: Counter[str]) -> Agreement:
    return Agreement(both=counts["both"], only_found=counts["only_found"], only_labelled=counts["only_labelled"])


def _signed(sign: str, *names: set[str]) -> list[str]:
    return [sign + name for group in names for name in sorted(group)]
