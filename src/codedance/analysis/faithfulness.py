"""Does what a model looked at hold the evidence? And does its answer follow what its code found?

Accuracy cannot tell: a right answer may come from a crop of the wrong place. Here the views that code showed are found
in the picture by their pixels and compared with the boxes of what must be seen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path

from codedance.analysis.attempts import Stored, domain_of, scored_attempt, stored_attempts
from codedance.analysis.evidence import EvidenceFile, evidence_of, true_count
from codedance.analysis.looking import Box, locate
from codedance.analysis.operations import Operation, operations_of_cells
from codedance.analysis.shares import Share, share
from codedance.rewards import Unscored, algebra_on_demand, matches
from codedance.schema import NumberAnswer, Record, Trajectory

__all__ = ["Faithfulness", "Look", "Looked", "Looking", "faithfulness_of", "look_of", "looks"]

_SEEN = 0.9
"""Share of a box's area that a view must hold for what is in it to be seen."""
_MOST_VIEWS = 24
"""Views of one attempt that are looked for."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_LARGEST_COUNT = 1e15
"""Beyond it, and with a fraction, a number that was printed is no count."""


class Looked(StrEnum):
    """How an attempt looked at its evidence."""

    NO_CODE = "no code"
    NO_VIEW = "no view"
    """Its code showed no picture: it measured or computed."""
    NOT_FOUND = "not found"
    """It showed pictures, none of which is a plain part of the input."""
    WHOLE = "whole only"
    """It showed the whole picture, and no part of it."""
    ALL = "all"
    """Every box of the evidence lies in a part that it showed."""
    SOME = "some"
    NONE = "none"
    """It looked at parts, and none holds any of the evidence."""


class Look(Record):
    """One attempt."""

    id: str
    domain: str
    right: bool | None
    looked: Looked
    views: tuple[Box, ...] = ()
    """Parts of the input that were shown, whole ones left out."""
    shown: int = 0
    """Pictures that were shown."""
    coverage: float | None = None
    """Mean over the evidence's boxes of the largest share of the box that one view holds."""
    tightness: float | None = None
    """Of the view that holds most of the evidence, of these the smallest: the share of its area that is evidence."""
    counted: int | None = None
    """Number that a counting cell printed last, where the question asks for a number of things."""
    count_right: bool | None = None
    answer_follows: bool | None = None
    """Whether the answer is the number that was counted."""


class Looking(Record):
    """The attempts of one domain."""

    domain: str
    attempts: int
    accuracy: Share | None
    ways: dict[str, int]
    """Attempts by the way they looked."""
    faithful: Share | None
    """Of the attempts that looked at parts: those that saw all of the evidence."""
    coverage: float | None
    tightness: float | None
    right_if_seen: Share | None
    """Right answers among the attempts that saw all of the evidence."""
    right_if_unseen: Share | None
    """Right answers among those that looked at parts and saw none or not all of it."""
    unfaithful_if_right: Share | None
    """Of the right answers that looked at parts: those that did not see all of the evidence."""
    counts: Share | None
    """Of the attempts that counted with code: right counts."""
    follows: Share | None
    """Of these: answers that are the count."""


class Faithfulness(Record):
    """A run's views beside its evidence."""

    run: str
    attempts: int
    without_evidence: int
    """Attempts at tasks whose evidence is not known; they are left out."""
    domains: tuple[Looking, ...]
    """All together first, then each."""
    looks: tuple[Look, ...] = ()


def looks(
    folder: Path,
    *,
    told: EvidenceFile | None = None,
    limit: int | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterable[Look | None]:
    """The looks of a run's attempts, in order; ``None`` where the evidence is not known.

    Raises:
        StoreError: the folder is no run, or a picture of it cannot be read.
        DataError: it holds no trajectories.
        MissingExtraError: OpenCV is not installed.
    """
    with algebra_on_demand() as equivalent:
        for stored in islice(stored_attempts(folder), limit):
            yield look_of(stored, told=told, equivalent=equivalent)
            tick()


def look_of(
    stored: Stored,
    *,
    told: EvidenceFile | None = None,
    equivalent: Callable[[str, str], bool] | None = None,
) -> Look | None:
    """How one attempt looked; ``None`` if nobody knows where the evidence lies.

    Args:
        stored: the attempt.
        told: where the evidence lies, for tasks that do not say it.
        equivalent: how mathematical answers are compared; without it those that are not written alike are not scored.
    """
    trajectory = stored.trajectory
    evidence = evidence_of(trajectory.task, told)
    if not evidence or len(trajectory.task.images) != 1:
        return None
    scored = scored_attempt(stored, equivalent=equivalent)
    right = None if isinstance(scored, Unscored) else scored.correct
    counted = _counted(trajectory)
    count = true_count(trajectory.task)
    known = counted is not None and count is not None
    base = Look(
        id=trajectory.id,
        domain=domain_of(trajectory.task),
        right=right,
        looked=Looked.NO_CODE,
        counted=counted if known else None,
        count_right=counted == count if known else None,
        answer_follows=_same_number(trajectory.answer, counted) if known else None,
    )
    return base.model_copy(update=_seen(stored, evidence))


def faithfulness_of(found: Sequence[Look | None], *, run: str = "") -> Faithfulness:
    """Summary of looks."""
    known = [one for one in found if one is not None]
    domains: defaultdict[str, list[Look]] = defaultdict(list)
    for one in known:
        domains[one.domain].append(one)
    parts = [("all", known), *sorted(domains.items())] if known else []
    return Faithfulness(
        run=run,
        attempts=len(found),
        without_evidence=len(found) - len(known),
        domains=tuple(_looking(name, part) for name, part in parts),
        looks=tuple(known),
    )


def _seen(stored: Stored, evidence: Sequence[Box]) -> dict[str, object]:
    """What the views hold of the evidence, as fields of a look."""
    trajectory = stored.trajectory
    if not any(turn.code is not None for turn in trajectory.turns):
        return {"looked": Looked.NO_CODE}
    shown = [one.image for turn in trajectory.turns if turn.execution is not None for one in turn.execution.images]
    if not shown:
        return {"looked": Looked.NO_VIEW}
    picture = stored.run.pictures.get(trajectory.task.images[0]).to_image()
    places = [locate(stored.run.pictures.get(ref).to_image(), picture) for ref in shown[:_MOST_VIEWS]]
    found = [one for one in places if one is not None]
    views = tuple(one.box for one in found if not one.is_whole(picture.size))
    if not views:
        return {"looked": Looked.WHOLE if found else Looked.NOT_FOUND, "shown": len(shown)}
    shares = [max(_held(box, view) for view in views) for box in evidence]
    seen = sum(one >= _SEEN for one in shares)
    looked = Looked.ALL if seen == len(evidence) else Looked.SOME if any(shares) else Looked.NONE
    return {
        "looked": looked,
        "views": views,
        "shown": len(shown),
        "coverage": sum(shares) / len(shares),
        "tightness": _tightness(evidence, views),
    }


def _held(box: Box, view: Box) -> float:
    """Share of a box's area that lies in a view."""
    area = _area(box)
    return _area(_common(box, view)) / area if area else 0.0


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _area(box: Box) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def _tightness(evidence: Sequence[Box], views: Sequence[Box]) -> float | None:
    """Evidence per area of the best view: the one that holds most boxes, of these the smallest."""

    def worth(view: Box) -> tuple[int, int]:
        return sum(_held(box, view) >= _SEEN for box in evidence), -_area(view)

    best = max(views, key=worth)
    if not worth(best)[0] or not _area(best):
        return None
    return min(1.0, sum(_area(_common(box, best)) for box in set(evidence)) / _area(best))


def _counted(trajectory: Trajectory) -> int | None:
    """The number that the last counting cell printed last."""
    codes = [turn for turn in trajectory.turns if turn.code is not None]
    found = operations_of_cells([turn.code or "" for turn in codes])
    for number in range(len(codes) - 1, -1, -1):
        execution = codes[number].execution
        if Operation.COUNT not in found.in_cell(number) or execution is None or not execution.ok:
            continue
        printed = _NUMBER.findall(f"{execution.stdout} {execution.value or ''}"[-2000:])
        if printed:
            value = float(printed[-1])
            return int(value) if value.is_integer() and abs(value) < _LARGEST_COUNT else None
    return None


def _same_number(answer: str | None, number: int | None) -> bool | None:
    return answer is not None and number is not None and matches(answer, NumberAnswer(value=number))


def _looking(domain: str, part: Sequence[Look]) -> Looking:
    parts = [one for one in part if one.looked in (Looked.ALL, Looked.SOME, Looked.NONE)]
    scored = [(one.looked is Looked.ALL, one.right) for one in parts if one.right is not None]
    coverages = [one.coverage for one in parts if one.coverage is not None]
    tight = [one.tightness for one in parts if one.tightness is not None]
    ways = {way.value: count for way in Looked if (count := sum(one.looked is way for one in part))}
    return Looking(
        domain=domain,
        attempts=len(part),
        accuracy=share(one.right for one in part if one.right is not None),
        ways=ways,
        faithful=share(one.looked is Looked.ALL for one in parts),
        coverage=sum(coverages) / len(coverages) if coverages else None,
        tightness=sum(tight) / len(tight) if tight else None,
        right_if_seen=share(right for seen, right in scored if seen),
        right_if_unseen=share(right for seen, right in scored if not seen),
        unfaithful_if_right=share(not seen for seen, right in scored if right),
        counts=share(one.count_right for one in part if one.count_right is not None),
        follows=share(one.answer_follows for one in part if one.answer_follows is not None),
    )
