"""``codedance data check``: is a set of trajectories what it says? Every fault is counted, none is fatal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from codedance.errors import PictureError, StoreError
from codedance.similarity.neighbours import Duplicate, Grade
from codedance.similarity.picture_marks import closer_look
from codedance.store import PictureStore
from codedance.synth.check_reading import Scan
from codedance.synth.check_report import MOST_EXAMPLES, Check, CheckName, CheckReport, Lengths
from codedance.tasks.worlds import HELD_OUT_SEEDS

__all__ = ["report_of"]

_EDGES = (128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)


def report_of(scan: Scan, *, against: Scan | None = None, tokens: str) -> CheckReport:
    """Everything but the code that runs again.

    Args:
        scan: the set that is checked.
        against: another set that must share nothing with it.
        tokens: says how tokens were counted.
    """
    begin = time.monotonic()
    lookalikes = _duplicates(scan)
    checks = [_check(scan, name) for name in (CheckName.READABLE, CheckName.PICTURES)]
    if scan.trajectories:
        checks += [_check(scan, name) for name in (CheckName.REPLIES, CheckName.ANSWERS)]
    checks += [_check(scan, CheckName.DUPLICATES), _held_out(scan)]
    plain = scan.neighbours.pictures.crowded
    grades: dict[str, int] = {}
    if against is not None:
        grades = _compare(scan, against)
        checks.append(_check(scan, CheckName.DISJOINT, note=", ".join(f"{n} {kind}" for kind, n in grades.items())))
    return CheckReport(
        folder=str(scan.folder),
        against=str(against.folder) if against is not None else None,
        trajectories=scan.trajectories,
        tasks=len(scan.tasks),
        checks=tuple(checks),
        direct=scan.trajectories - len(scan.with_code),
        cells=scan.cells,
        failed_cells=scan.failed_cells,
        unrecorded_cells=scan.unrecorded_cells,
        tails=scan.tails,
        turns={str(turns): count for turns, count in sorted(scan.turns.items())},
        balance={name: dict(counts.most_common()) for name, counts in scan.balance.items()},
        tokens=tokens,
        context=_lengths(scan.context),
        written=_lengths(scan.written),
        questions=len(scan.neighbours.questions),
        lookalikes=lookalikes,
        plain_pictures=plain,
        grades=grades,
        seconds=time.monotonic() - begin,
    )


def _check(scan: Scan, name: CheckName, *, note: str = "") -> Check:
    examined, failed = scan.examined[name], scan.faults[name]
    return Check(
        name=name,
        passed=failed == 0 if examined or failed else None,
        examined=examined,
        failed=failed,
        note=note,
        examples=tuple(scan.examples.get(name, ())),
    )


def _held_out(scan: Scan) -> Check:
    """A set is for training or for evaluation, not both."""
    held = sorted(name for (_, _, seed), name in scan.seeds.items() if seed >= HELD_OUT_SEEDS)
    trained = len(scan.seeds) - len(held)
    mixed = bool(held) and trained > 0
    kind = f"{trained} training scenes, {len(held)} held-out scenes"
    return Check(
        name=CheckName.HELD_OUT,
        passed=not mixed if scan.seeds else None,
        examined=len(scan.seeds),
        failed=min(len(held), trained),
        note=kind if scan.seeds else "",
        examples=tuple(held[:MOST_EXAMPLES]) if mixed and len(held) <= trained else (),
    )


def _lengths(values: Sequence[int]) -> Lengths | None:
    if not values:
        return None
    ordered = sorted(values)
    histogram = Counter(next((str(edge) for edge in _EDGES if one <= edge), "more") for one in ordered)
    return Lengths(
        median=ordered[len(ordered) // 2],
        p90=ordered[len(ordered) * 9 // 10],
        p99=ordered[len(ordered) * 99 // 100],
        largest=ordered[-1],
        histogram=dict(histogram),
    )


def _duplicates(scan: Scan) -> int:
    """Count duplicates as faults; gives the pairs that only look like some."""
    store = PictureStore(scan.folder / "pictures")
    lookalikes = 0
    for pair in scan.neighbours.duplicates():
        if pair.exact:
            told = "asks the same about the same picture"
            told += ", and has another answer" if pair.contradicting else ""
        elif pair.contradicting or not _same_on_closer_look(pair, scan, store):
            lookalikes += 1
            continue
        else:
            told = "asks the same about a picture that is the same but for compression or size"
        scan.fault(CheckName.DUPLICATES, f"{pair.second} {told} as {pair.first}")
    return lookalikes


def _same_on_closer_look(pair: Duplicate, scan: Scan, store: PictureStore) -> bool:
    try:
        return all(
            closer_look(store.get(one).to_image(), store.get(other).to_image())
            for one, other in zip(scan.images[pair.first], scan.images[pair.second], strict=True)
        )
    except (PictureError, StoreError):
        return True  # told by the check of pictures


def _compare(scan: Scan, against: Scan) -> dict[str, int]:
    """Count what both sets hold as faults; gives the tasks by their best match."""
    for seed, name in scan.seeds.items():
        if seed in against.seeds:
            family, difficulty, number = seed
            scan.fault(CheckName.DISJOINT, f"{name} and {against.seeds[seed]}: scene {family} {difficulty} {number}")
    scan.examined[CheckName.DISJOINT] = len(scan.tasks)
    grades: Counter[str] = Counter()
    for match in scan.neighbours.matches(against.neighbours):
        grades[match.grade.value] += 1
        if match.grade is Grade.LEAK:
            scan.fault(CheckName.DISJOINT, f"{match.key} asks the same about the same picture as {match.other}")
    return {grade.value: grades[grade.value] for grade in Grade}
