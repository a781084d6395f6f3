"""One trajectory read from its run's file by its place, without the rest of the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from codedance.errors import StoreError
from codedance.schema import Trajectory
from codedance.viewer.runs.facts import texts_of
from codedance.viewer.runs.filters import plain_terms
from codedance.viewer.runs.found import TRAJECTORIES
from codedance.viewer.runs.tables import Row

__all__ = ["excerpt", "read_trajectory"]

_AROUND = 60
_LONGEST_EXCERPTED = 1 << 20


def read_trajectory(root: Path, row: Row) -> Trajectory:
    """The trajectory of a row of the index.

    Raises:
        StoreError: the file is gone, or holds something else at this place: the run was written anew.
    """
    path = root / row.run / TRAJECTORIES
    try:
        with path.open("rb") as file:
            file.seek(row.offset)
            data = file.read(row.length)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        found = Trajectory.model_validate_json(data)
    except (ValidationError, RecursionError):
        found = None
    if found is None or found.id.encode("utf-8", errors="replace").decode() != row.name:
        raise StoreError(f"{path}: was written anew since it was indexed; load the page again in a moment")
    return found


def excerpt(root: Path, row: Row, search: str) -> tuple[str, str, str, str] | None:
    """Where a search text was found: kind of text, what stands before, the text itself, what stands behind.

    ``None`` if it cannot be pointed at (it was found without its accents, or the trajectory is very long).
    """
    terms = [term.casefold() for term in plain_terms(search)]
    if not terms or row.length > _LONGEST_EXCERPTED:
        return None
    try:
        texts = texts_of(read_trajectory(root, row))
    except StoreError:
        return None
    kinds: Mapping[str, str] = {
        "thought": texts.thought, "code": texts.code, "output": texts.output, "answer": texts.answer,
    }  # fmt: skip
    for term in terms:
        for kind, text in kinds.items():
            # Lower case may be longer than the text; what is found there is then not where it seems.
            place = text.casefold().find(term) if len(text.casefold()) == len(text) else text.find(term)
            if place >= 0:
                end = place + len(term)
                before = ("… " if place > _AROUND else "") + text[max(0, place - _AROUND) : place]
                return kind, before, text[place:end], text[end : end + _AROUND]
    return None
