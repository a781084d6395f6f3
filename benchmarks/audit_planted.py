"""What the leakage audit finds of pictures that were changed on purpose, and what it takes for one falsely.

Run: ``python benchmarks/audit_planted.py``; prints the table of docs/audit.md. Takes a few minutes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.similarity.planted import CHANGES, world_picture

from codedance.bench.leakage.collecting import Side, Source, collect
from codedance.imaging import Picture
from codedance.similarity.evidence import PictureMatch, link_pictures

PICTURES = {"charts": 50, "tables": 30, "geometry": 40, "mathematics": 30, "objects": 30, "editing": 30, "scenes": 10}
EVERY = 4
"""One picture in so many is planted for each change; the others only tempt."""


def main() -> None:
    """Print one line a change: pictures planted, found, and pairs that were taken for one falsely."""
    scratch = Path(tempfile.mkdtemp())
    pictures = [world_picture(family, seed) for family, count in PICTURES.items() for seed in range(1, count + 1)]
    names = [str(number) for number in range(len(pictures))]
    train = _side(scratch, zip(names, map(Picture.from_image, pictures), strict=True))
    print(f"{len(pictures)} pictures; one in {EVERY} is planted for each change\n")
    print("| change | planted | found | of them to review | false | recall | precision |")
    print("|---|---|---|---|---|---|---|")
    for offset, (change, alter) in enumerate(CHANGES.items()):
        rng = Random(offset)  # noqa: S311 - reproducible, no secret
        chosen = names[offset % EVERY :: EVERY]
        planted = ((name, Picture.from_image(alter(pictures[int(name)], rng))) for name in chosen)
        _report(change, train, _side(scratch, planted))


def _side(scratch: Path, pictures: Iterator[tuple[str, Picture]]) -> Side:
    sources = (Source(name, name, None, partial(tuple, [picture])) for name, picture in pictures)
    return collect(sources, place="planted", scratch=scratch)


def _report(change: str, train: Side, against: Side) -> None:
    links = link_pictures(against.neighbours, train.neighbours, (against.previews, train.previews))
    found = review = false = 0
    for number in range(len(against.neighbours)):
        (picture,) = against.neighbours.shown(number)
        (true,) = train.neighbours.shown(int(against.neighbours.key(number)))
        kinds = {link.other: link.match for link in links.get(picture, ())}
        found += true in kinds
        review += kinds.get(true) is PictureMatch.SIMILAR
        false += sum(other != true and kind is not PictureMatch.SIMILAR for other, kind in kinds.items())
    planted, strong = len(against.neighbours), found - review
    precision = f"{strong / (strong + false):.0%}" if strong + false else ""
    print(f"| {change} | {planted} | {found} | {review} | {false} | {found / planted:.0%} | {precision} |", flush=True)


if __name__ == "__main__":
    main()
