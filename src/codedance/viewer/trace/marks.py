"""Places on the inputs that an episode looked at: its code names them, or a shown picture is a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from codedance.errors import PictureError
from codedance.imaging import Picture
from codedance.protocol import ZoomAction, parse_reply
from codedance.schema import CapturedImage, Execution, ImageRef, ImageSource, Trajectory, Turn
from codedance.viewer.trace.evaluating import FoundKind
from codedance.viewer.trace.pixels import find_part
from codedance.viewer.trace.reading import CellReading, CodeReader
from codedance.viewer.trace.views import Box, View

__all__ = ["Mark", "marks_of"]

_MOST = 40
"""Marks of one turn; more of them would hide the picture."""
_MOST_SEARCHES = 64
"""Pictures of one trajectory that are looked for in the inputs."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A box on an input, in its pixels, within its borders."""

    turn: int
    """From 1."""
    source: int
    """Index of the input."""
    box: Box
    kind: FoundKind
    picture: int | None = None
    """Index of the turn's picture that shows this part; ``None`` if none does, or if that is not known."""

    @property
    def left(self) -> float:
        """Left edge."""
        return self.box[0]

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.box[1]

    @property
    def width(self) -> float:
        """Width in pixels of the input."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Height in pixels of the input."""
        return self.box[3] - self.box[1]

    @property
    def colour(self) -> int:
        """One of six colours, by turn."""
        return (self.turn - 1) % 6

    def words(self, inputs: int) -> str:
        """The mark in words, for people who do not see it.

        >>> Mark(1, 0, (10.0, 20.0, 30.5, 40.0), FoundKind.CROP).words(1)
        'crop (10, 20) to (30.5, 40) of the input'
        """
        left, top, right, bottom = (f"{round(edge, 1):g}" for edge in self.box)
        of = "the input" if inputs == 1 else f"input {self.source + 1}"
        return f"{self.kind.value} ({left}, {top}) to ({right}, {bottom}) of {of}"


def marks_of(trajectory: Trajectory, pictures: Mapping[str, Picture]) -> tuple[Mark, ...]:
    """Every place that is known for certain, turn by turn.

    Args:
        trajectory: the episode.
        pictures: by SHA-256; those that are missing are not looked for.
    """
    inputs = trajectory.task.images
    if not inputs:
        return ()
    reader = CodeReader(inputs)
    search = _Search(inputs, pictures)
    zooms = _Zooms(inputs)
    marks: list[Mark] = []
    for number, turn in enumerate(trajectory.turns, start=1):
        if turn.code is not None:
            reading = reader.read(turn.code, turn.execution.status if turn.execution is not None else None)
            found = _of_cell(number, turn.execution, reading, search=search)
        else:
            found = zooms.follow(number, turn, trajectory)
        marks += _clipped(found, inputs)[:_MOST]
    return tuple(marks)


class _Search:
    """Looks for shown pictures in the inputs; every input is decoded once, and only if something is looked for."""

    def __init__(self, inputs: Sequence[ImageRef], pictures: Mapping[str, Picture]) -> None:
        self._inputs, self._pictures = inputs, pictures
        self._decoded: dict[str, Image.Image | None] = {}
        self._left = _MOST_SEARCHES

    def find(self, ref: ImageRef) -> tuple[int, Box] | None:
        """Input and box, if there is one and only one."""
        if any(ref.sha256 == one.sha256 for one in self._inputs) or self._left < 1:
            return None
        fitting = [i for i, one in enumerate(self._inputs) if ref.width <= one.width and ref.height <= one.height]
        part = self._image(ref) if fitting else None
        if part is None:
            return None
        self._left -= 1
        places = []
        for index in fitting:
            whole = self._image(self._inputs[index])
            place = find_part(part, whole) if whole is not None else None
            if place is not None and place != (0, 0, self._inputs[index].width, self._inputs[index].height):
                places.append((index, (float(place[0]), float(place[1]), float(place[2]), float(place[3]))))
        return places[0] if len(places) == 1 else None

    def _image(self, ref: ImageRef) -> Image.Image | None:
        if ref.sha256 not in self._decoded:
            picture = self._pictures.get(ref.sha256)
            try:
                self._decoded[ref.sha256] = picture.to_image() if picture is not None else None
            except PictureError:
                self._decoded[ref.sha256] = None
        return self._decoded[ref.sha256]


class _Zooms:
    """Follows the fixed tool of the schema mode: its pictures are numbered in the order in which they were shown."""

    def __init__(self, inputs: Sequence[ImageRef]) -> None:
        self._views: list[View | None] = [View.whole(i, ref.width, ref.height) for i, ref in enumerate(inputs)]

    def follow(self, number: int, turn: Turn, trajectory: Trajectory) -> list[Mark]:
        execution = turn.execution
        if execution is None or not execution.images:
            return []
        action = parse_reply(turn.text, trajectory.protocol.mode).action
        shown = execution.images[0].image
        part = self._part(action.arguments, shown) if isinstance(action, ZoomAction) and execution.ok else None
        self._views.append(part)
        return [Mark(number, part.source, part.box, FoundKind.CROP, picture=0)] if part is not None else []

    def _part(self, arguments: Mapping[str, object], shown: ImageRef) -> View | None:
        image, box = arguments.get("image", 1), arguments.get("bbox_2d")
        if not isinstance(image, int | float) or not isinstance(box, list) or len(box) != 4:
            return None
        view = self._views[int(image) - 1] if int(image) in range(1, len(self._views) + 1) else None
        edges = [one for one in box if isinstance(one, int | float) and abs(one) < 1e9]
        if view is None or len(edges) != 4:
            return None
        # As the tool does: whole pixels outwards, and within the picture.
        left, top = max(0, int(edges[0] // 1)), max(0, int(edges[1] // 1))
        right, bottom = min(view.width, -int(-edges[2] // 1)), min(view.height, -int(-edges[3] // 1))
        part = view.part((float(left), float(top), float(right), float(bottom)))
        return part.scaled(shown.width, shown.height) if part is not None else None


def _of_cell(number: int, execution: Execution | None, reading: CellReading, *, search: _Search) -> list[Mark]:
    marks: list[Mark] = []
    shown = execution.images if execution is not None else ()
    for index, one in enumerate(shown):
        place = search.find(one.image)
        if place is not None:
            marks.append(Mark(number, place[0], place[1], FoundKind.CROP, picture=index))
            continue
        view = _view_of(index, shown, reading)
        if view is not None:
            marks.append(Mark(number, view.source, view.box, FoundKind.CROP, picture=index))
    there = {(mark.source, mark.box) for mark in marks}
    for found in reading.found:
        if (found.source, found.box) not in there:
            marks.append(Mark(number, found.source, found.box, found.kind))
            there.add((found.source, found.box))
    return marks


def _view_of(index: int, shown: Sequence[CapturedImage], reading: CellReading) -> View | None:
    """What the code says that a shown picture shows; its size must agree."""
    one, view = shown[index], None
    if one.source is ImageSource.VALUE:
        view = reading.value
    elif one.source is ImageSource.DISPLAY and reading.displayed is not None:
        displays = [i for i, other in enumerate(shown) if other.source is ImageSource.DISPLAY]
        if len(displays) == len(reading.displayed):
            view = reading.displayed[displays.index(index)]
    if view is None or (view.width, view.height) != (one.image.width, one.image.height):
        return None
    return view


def _clipped(marks: Sequence[Mark], inputs: Sequence[ImageRef]) -> list[Mark]:
    """The marks within the borders of their inputs; those that lie outside, or are the whole, are left out."""
    kept = []
    for mark in marks:
        width, height = float(inputs[mark.source].width), float(inputs[mark.source].height)
        left, top, right, bottom = mark.box
        box = (max(0.0, left), max(0.0, top), min(width, right), min(height, bottom))
        if box[0] < box[2] and box[1] < box[3] and box != (0.0, 0.0, width, height):
            kept.append(replace(mark, box=box))
    return kept
