"""Trajectories of a generated set as examples for the nano model, with what can be read in their pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import TypeVar

from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.protocol import conversation
from codedance.schema import Trajectory
from codedance.store import RunFolder
from codedance.train.lengths import fitting
from codedance.train.sequence import Reading, Supervised, supervise

__all__ = ["Corpus", "pointed", "read_set"]

_T = TypeVar("_T")
_PLACES = re.compile(r"// (?:8|16)\b|\(\(\d+, \d+, \d+|\[\(\d+, \d+")
"""Places that are written down in code: eighths of the sides, boxes and points in pixels."""


def pointed(trajectory: Trajectory) -> bool:
    """True if code holds places: such as only a look at the picture tells, or numbers that code printed, typed again.

    A small model invents the first and copies the second wrongly.

    >>> from codedance.schema import Task, Turn
    >>> turn = Turn(text="", kept_characters=0, code="input_image.crop((w * 1 // 8, 0, w, h))")
    >>> pointed(Trajectory(id="a", task=Task(id="q", source="mine", question="?"), model="m", turns=(turn,),
    ...                    stop="max_turns"))
    True
    """
    return any(turn.code is not None and _PLACES.search(turn.code) is not None for turn in trajectory.turns)


def read_set(
    run: RunFolder,
    *,
    count: int | None,
    families: Collection[str],
    glances: Collection[str],
    asks: Mapping[str, Collection[str]] | None = None,
) -> list[Trajectory]:
    """The trajectories that the nano model can learn from: see :func:`pointed`.

    Args:
        run: a set of ``codedance data generate``.
        count: only the first so many of the set; any beginning of a set is balanced.
        families: of these families.
        glances: families whose direct answers are taken too.
        asks: kinds of questions of a family that are taken; families that are not named: all.

    Raises:
        DataError: none is left.
    """

    def usable(one: Trajectory) -> bool:
        family, direct = str(one.task.meta.get("family")), one.task.meta.get("mode") == "direct"
        if asks is not None and family in asks and one.task.meta.get("asks") not in asks[family]:
            return False
        return bool(one.turns) and family in families and (family in glances if direct else not pointed(one))

    found = [one for one in islice(run.trajectories(), count) if usable(one)]
    if not found:
        raise DataError(f"{run.folder}: holds no trajectory that the nano model can learn from")
    return found


class Corpus:
    """Examples by number: families by their shares, each reshuffled every epoch by the seed alone.

    Every epoch of a family shows each of its trajectories once, but for those that are too long, which are in none.

    Args:
        encoder: writes the chat format.
        run: where the pictures are.
        trajectories: of that run.
        seed: of the order.
        shares: examples of each family in a round; a set holds many more of some families than of others, and theirs
            are the longer ones.
        words: tokens that can be read in pictures, by group: what is told apart is told apart within its group.
        longest: trajectories with more tokens are left out.
        say: told of those, and how far the measuring is if it takes long.

    Raises:
        DataError: no family has a share, or one that has a share has only trajectories that are too long.
    """

    def __init__(
        self,
        encoder: Encoder,
        run: RunFolder,
        trajectories: Sequence[Trajectory],
        *,
        seed: int,
        shares: Mapping[str, int],
        words: Sequence[tuple[int, ...]],
        longest: int,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._encoder, self._run, self._seed = encoder, run, seed
        self._group: Mapping[int, tuple[int, ...]] = {token: group for group in words for token in group}
        shared = [one for one in trajectories if shares.get(_family(one), 0)]
        self._families: dict[str, list[Trajectory]] = {_family(one): [] for one in shared}
        for one, fits in zip(shared, fitting(encoder, shared, most=longest, setting="longest", say=say), strict=True):
            if fits:
                self._families[_family(one)].append(one)
        for family, members in self._families.items():
            if not members:
                raise DataError(f"every trajectory of {family} has more than {longest} tokens (longest)")
        self._round = [family for family in self._families for _ in range(shares.get(family, 0))]
        if not self._round:
            raise DataError("no family of the set has a share of the examples")
        self._orders: dict[str, tuple[int, list[int]]] = {}

    def example(self, index: int) -> Supervised:
        """Example number ``index``; counting goes on over epochs."""
        turn, place = divmod(index, len(self._round))
        order = self._shuffled(f"round/{turn}", self._round)
        family = order[place]
        members = self._families[family]
        epoch, at = divmod(turn * order.count(family) + order[:place].count(family), len(members))
        return self._supervised(members[self._order(family, epoch)[at]])

    def _supervised(self, trajectory: Trajectory) -> Supervised:
        pictures = self._run.load_pictures(trajectory)
        messages = conversation(trajectory.task, trajectory.turns, trajectory.protocol, pictures=pictures)
        item = supervise(self._encoder, messages)
        meta = trajectory.task.meta
        item.kind = (
            f"{meta.get('family')}/{meta.get('difficulty')}/{'direct' if meta.get('mode') == 'direct' else 'code'}"
        )
        item.readings.extend(self._readings(item))
        return item

    def _readings(self, item: Supervised) -> Iterator[Reading]:
        """After each look of the code: the words that the model writes next and that stood nowhere before.

        Not of the input: what is counted there, or is one of many things there, no single token can tell.
        """
        patch = self._encoder.config.patch
        images = [(start, (one.width // patch) * (one.height // patch)) for start, one in item.encoded.images]
        known: set[int] = set()
        for begin, end in _written(item.mask):
            known.update(_text(item, images, until=begin))
            looked = [one for one in images if one[0] < begin and not any(item.mask[one[0] : begin])]
            new = [token for token in dict.fromkeys(item.encoded.ids[begin:end]) if token in self._group]
            words = tuple((token, self._group[token]) for token in new if token not in known)
            if looked and words and any(item.mask[:begin]):
                first, last = looked[0], looked[-1]
                yield Reading(first[0], last[0] + last[1] - first[0], words)
            known.update(item.encoded.ids[begin:end])

    def _order(self, family: str, epoch: int) -> list[int]:
        """Places of the family's trajectories in this epoch; the last one asked for is kept."""
        kept = self._orders.get(family)
        if kept is None or kept[0] != epoch:
            kept = epoch, self._shuffled(f"{family}/{epoch}", range(len(self._families[family])))
            self._orders[family] = kept
        return kept[1]

    def _shuffled(self, name: str, members: Sequence[_T]) -> list[_T]:
        order = list(members)
        Random(f"corpus/{self._seed}/{name}").shuffle(order)  # noqa: S311 - reproducible, no secret
        return order


def _family(trajectory: Trajectory) -> str:
    return str(trajectory.task.meta.get("family"))


def _written(mask: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where each of the model's own texts begins and ends."""
    begin = None
    for place, mine in enumerate([*mask, False]):
        if mine and begin is None:
            begin = place
        elif not mine and begin is not None:
            yield begin, place
            begin = None


def _text(item: Supervised, images: Sequence[tuple[int, int]], *, until: int) -> Iterator[int]:
    inside = {place for start, count in images for place in range(start, start + count)}
    return (token for place, token in enumerate(item.encoded.ids[:until]) if place not in inside)
