"""Our whole record within a row of another format: the column ``codedance``, and the pictures that rows leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from codedance.imaging import Picture
from codedance.schema import ImageRef, Record, Task, Trajectory
from codedance.schema.faults import first_fault
from codedance.store import picture_refs
from codedance.synth.interop.contract import RowFault, Sample, UnreadableRowError

__all__ = ["RECORD", "UNSHOWN", "read_record", "record_refs", "record_text", "unshown_pictures"]

RECORD = "codedance"
"""Name of the column with our record as JSON; every reader of the format passes over it."""
UNSHOWN = "codedance_images"
"""Name of the column with pictures that code showed and a budget kept from the model: no message holds them."""


def record_text(record: Trajectory | Task) -> str:
    """The value of the column: one object with the key ``trajectory`` or ``task``."""
    name = "trajectory" if isinstance(record, Trajectory) else "task"
    body = record.model_dump_json().encode("utf-8", errors="replace").decode()
    return f'{{"{name}":{body}}}'


def record_refs(record: Trajectory | Task) -> list[ImageRef]:
    """Every picture that the record refers to, each once, in order."""
    refs = picture_refs(record) if isinstance(record, Trajectory) else iter(record.images)
    return list({ref.sha256: ref for ref in refs}.values())


def unshown_pictures(sample: Sample, shown: Sequence[Picture]) -> list[Picture]:
    """The sample's pictures that are not among those shown, each once."""
    there = {picture.ref.sha256 for picture in shown}
    return [sample.pictures[ref.sha256] for ref in record_refs(sample.record) if ref.sha256 not in there]


def read_record(text: object, pictures: Mapping[str, Picture]) -> Sample:
    """The sample that a column's value holds.

    Args:
        text: the column's value.
        pictures: every picture that came with the row, by SHA-256.

    Raises:
        UnreadableRowError: it is none of ours, or a picture is not there byte for byte.
    """
    record = _record(text)
    needed: dict[str, Picture] = {}
    for ref in record_refs(record):
        picture = pictures.get(ref.sha256)
        if picture is None or picture.ref != ref:
            raise UnreadableRowError(
                RowFault.RECORD, f"the record's picture {ref.sha256[:12]} did not come with the row; use --plain"
            )
        needed[ref.sha256] = picture
    return Sample(record, needed)


class _Held(Record):
    """What the column holds: one of the two."""

    trajectory: Trajectory | None = None
    task: Task | None = None


def _record(text: object) -> Trajectory | Task:
    reason = "no JSON text"
    if isinstance(text, str | bytes):
        try:
            held = _Held.model_validate_json(text)
        except ValidationError as error:
            reason = str(first_fault(error))
        else:
            record = held.trajectory or held.task
            if record is not None:
                return record
            reason = "neither a trajectory nor a task"
    raise UnreadableRowError(RowFault.RECORD, f"the column `{RECORD}` holds no record of ours ({reason}); use --plain")
