"""What the nano model is trained on, made on the fly from seeds: whole episodes, and cheap lessons in parts of them.

An episode made here reads exactly as the real loop would have it (a test compares the two): the same prompt, the same
picture, the crop that the code would have cut, the text that it would have printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from PIL import Image
from torch.utils.data import Dataset

from codedance.errors import DataError
from codedance.models.local.chat import Encoder
from codedance.protocol import system_prompt
from codedance.protocol.chat import Role
from codedance.schema import CodeFormat
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Oracle, Scene, SceneObject, make_scene
from codedance.tasks.worlds.vocabulary import LETTERS, SHAPES
from codedance.train.corpus import Corpus
from codedance.train.glances import ask_card, counting_lesson, reading_lesson, relation_lesson
from codedance.train.looks import look_at_cards, look_at_counts, look_at_text
from codedance.train.nano_recipe import KINDS
from codedance.train.sequence import Batch, Reading, Supervised, collate_parts
from codedance.train.writing import writing_lesson

__all__ = ["KINDS", "ItemDataset", "episode_item"]

_OPEN, _CLOSE = "<tool_response>\n", "\n</tool_response>"
_CROP_MARGIN = 9
_TOOL_CALL_SHARE = 0.12
_HARD_SHARE = 0.6
_LOOKS = tuple(kind for kind in KINDS if kind.startswith("look-"))


class ItemDataset(Dataset[tuple[Batch, ...]]):
    """What each step sees, by number: step ``i`` sees the same in every process and after every restart.

    Args:
        encoder: writes the chat format.
        mix: items of each kind in a step: ``episode`` (trajectories of the corpus); ``search``, ``count`` (episodes
            made from seeds, easy and hard); ``read`` (several tight crops with their answers); ``bind`` (words of the
            question into code, printed numbers into answers); the lessons of :mod:`codedance.train.glances`,
            ``see-counts``, ``see-cards`` and ``see-sides``; ``see-text`` (labels are read); and pictures that are only
            looked at, ``look-counts``, ``look-cards`` and ``look-text``.
        seed: seed of everything.
        parts: batches that a step's items are cut into, by length.
        corpus: trajectories, if there are such in the mix.
        names: words that ``see-text`` writes.
        looks_first: steps at the beginning that only look, at as many pictures as a step has items, in the shares that
            looks have in the mix.
        free_glances: share of glances at easy questions whose prompt allows code too.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        mix: Mapping[str, int],
        seed: int,
        parts: int = 1,
        corpus: Corpus | None = None,
        names: Sequence[str] = (),
        looks_first: int = 0,
        free_glances: float = 0.5,
    ) -> None:
        self._encoder, self._mix, self._seed = encoder, dict(mix), seed
        self._looks_first, self._free_glances = looks_first, free_glances
        self._parts, self._corpus, self._names = parts, corpus, names
        unknown = sorted(set(mix) - set(KINDS))
        if unknown:
            raise DataError(f"mix: there is no kind of item {', '.join(unknown)}")
        if mix.get("episode") and corpus is None:
            raise DataError("mix: episodes need a set of trajectories")
        looks = {kind: mix[kind] for kind in _LOOKS if mix.get(kind)}
        if looks_first and not looks:
            raise DataError("mix: there are no looks in it for the first steps (looks_first)")
        times = sum(self._mix.values()) / max(1, sum(looks.values()))
        self._looks = {kind: round(count * times) for kind, count in looks.items()}

    def __getitem__(self, number: int) -> tuple[Batch, ...]:
        """Make the items of one step."""
        rng = Random(f"items/{self._seed}/{number}")  # noqa: S311 - reproducible data is no secret
        items: list[Supervised] = []
        mix = self._looks if number < self._looks_first else self._mix
        for kind, count in mix.items():
            for index in range(count):
                if kind == "episode":
                    assert self._corpus is not None
                    items.append(self._corpus.example((number - self._looks_first) * count + index))
                    continue
                item = self._item(kind, rng)
                item.kind = kind
                items.append(item)
        return collate_parts(items, patch=self._encoder.config.patch, parts=self._parts)

    def _item(self, kind: str, rng: Random) -> Supervised:
        match kind:
            case "search" | "count":
                family = "search" if kind == "search" else "counting"
                difficulty = Difficulty.HARD if rng.random() < _HARD_SHARE else Difficulty.EASY
                scene = make_scene(family, difficulty, rng.randrange(HELD_OUT_SEEDS))
                code_format = CodeFormat.TOOL_CALL if rng.random() < _TOOL_CALL_SHARE else CodeFormat.CODE
                return episode_item(self._encoder, scene, rng, code_format=code_format)
            case "read":
                return _reading_item(self._encoder, rng)
            case "bind":
                return _binding_item(self._encoder, rng)
            case "see-counts":
                return counting_lesson(self._encoder, rng, free=self._free_glances)
            case "see-cards":
                return reading_lesson(self._encoder, rng, free=self._free_glances)
            case "see-sides":
                return relation_lesson(self._encoder, rng)
            case "look-counts":
                return look_at_counts(self._encoder, rng)
            case "look-cards":
                return look_at_cards(self._encoder, rng)
            case "look-text":
                return look_at_text(self._encoder, rng, self._names)
            case _:
                return writing_lesson(self._encoder, rng, self._names)


def episode_item(
    encoder: Encoder, scene: Scene, rng: Random, *, code_format: CodeFormat = CodeFormat.CODE
) -> Supervised:
    """A whole episode as the loop would have it: picture, question, code, what it showed, answer."""
    item = Supervised()
    item.read(encoder, Role.SYSTEM, [system_prompt(code_format)])
    item.read(encoder, Role.USER, [scene.image, scene.question])
    oracle = Oracle(scene, rng, code_format=code_format)
    item.write(encoder, oracle.reply())
    if scene.target is None:
        item.read(encoder, Role.USER, [_OPEN, scene.answer, _CLOSE])
    else:
        _show_crop(item, encoder, scene.image, scene.target, (0, 0, 0, 0))
    item.write(encoder, oracle.reply(scene.answer))
    return item


def _reading_item(encoder: Encoder, rng: Random) -> Supervised:
    """Up to four cards of a scene, each: question, tight crop, answer; no code and no full picture."""
    difficulty = Difficulty.HARD if rng.random() < 0.7 else Difficulty.EASY
    scene = make_scene("search", difficulty, rng.randrange(HELD_OUT_SEEDS))
    item = Supervised()
    for card in scene.objects[:4]:
        asked = ask_card(scene, card, rng)
        item.read(encoder, Role.USER, [asked.question])
        _show_crop(item, encoder, scene.image, card, tuple(rng.randint(-1, 1) for _ in range(4)))
        oracle = Oracle(asked, rng)
        oracle.reply()
        item.write(encoder, oracle.reply(asked.answer))
    return item


def _binding_item(encoder: Encoder, rng: Random) -> Supervised:
    """Four questions without pictures: the words go into code, a printed number into the answer."""
    item = Supervised()
    for _ in range(4):
        family = "counting" if rng.random() < 0.6 else "search"
        # Easy scenes are drawn in a millisecond, and the words of their questions are the same.
        scene = make_scene(family, Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
        item.read(encoder, Role.USER, [scene.question])
        oracle = Oracle(scene, rng)
        item.write(encoder, oracle.reply())
        if scene.asks == "count":
            printed = str(rng.randint(0, 40))
            item.read(encoder, Role.USER, [_OPEN, printed, _CLOSE])
            item.write(encoder, oracle.reply(printed))
    return item


def _show_crop(
    item: Supervised, encoder: Encoder, image: Image.Image, card: SceneObject, shift: tuple[int, ...]
) -> None:
    """What the search code shows of a card, moved a pixel here or there, with the words that are to be read in it."""
    left, top, right, bottom = card.box
    box = (left - _CROP_MARGIN, top - _CROP_MARGIN, right - 1 + _CROP_MARGIN, bottom - 1 + _CROP_MARGIN)
    crop = image.crop(tuple(edge + move for edge, move in zip(box, shift, strict=True)))  # type: ignore[arg-type]
    item.read(encoder, Role.USER, [_OPEN, crop, _CLOSE])
    start, scaled = item.encoded.images[-1]
    patch, tokenizer = encoder.config.patch, encoder.tokenizer
    glyphs = tuple(tokenizer.encode(glyph)[0] for glyph in "0123456789" + LETTERS)
    shapes = tuple(tokenizer.encode(shape)[0] for shape in SHAPES)
    words = ((tokenizer.encode(card.glyph or "")[0], glyphs), (tokenizer.encode(card.shape)[0], shapes))
    item.readings.append(Reading(start, (scaled.width // patch) * (scaled.height // patch), words))
