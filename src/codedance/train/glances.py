"""Lessons in answering at a glance: the model first points at what it sees, one thing after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from codedance.models.local.chat import Encoder
from codedance.protocol import AnswerAction, Role, protocol_info, render_reply, system_prompt
from codedance.schema import ReasoningMode
from codedance.tasks.worlds import HELD_OUT_SEEDS, Difficulty, Scene, SceneObject, make_scene
from codedance.tasks.worlds.scenes.relations import ask_side
from codedance.tasks.worlds.vocabulary import COLOURS, COUNT_QUESTIONS, READ_QUESTIONS, SHAPE_QUESTIONS, SHAPES
from codedance.train.cells import Grid, seen_cells
from codedance.train.pointing import place_cells, place_of, point
from codedance.train.sequence import Supervised

__all__ = ["GLANCE_TEXTS", "ask_card", "counting_lesson", "reading_lesson", "relation_lesson"]

_QUESTIONS = 5
"""Questions about one picture: the picture is what costs."""
_NONE_SEEN = "1 {name}: none"
"""What is said of what is not there. It begins as every list does: right after the name the model looks for the thing,
and there it can see that there is none. It never learnt to say so at the very beginning of its reply."""
_ABSENT = 0.08
"""Share of further counting questions about what is not there; since others come twice and are left out, a fifth of
those that are asked. A model that hardly met them answered all wrongly: a fourteenth of the easy questions."""
_FREE = 0.5
"""Share of lessons whose system prompt leaves the choice; that of the others says that there are no tools."""
GLANCE_TEXTS = ("<think>1 red: none</think>\n<answer>", "1 red\n2 blue square\n", "</think>\n<answer>")
"""What is said here beside what trajectories say."""


def counting_lesson(encoder: Encoder, rng: Random, *, free: float = _FREE) -> Supervised:
    """An easy counting picture and several questions about it; what is counted is pointed at, row by row."""
    scene = make_scene("counting", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
    lesson = _Lesson(encoder, scene, free=rng.random() < free)
    more = [_ask_count(scene, rng) for _ in range(_QUESTIONS - 1)]
    # A question that comes again could be answered from the conversation.
    for one in {(asked.colour, asked.shape): asked for asked in (scene, *more)}.values():
        wanted = [thing for thing in scene.objects if thing.colour == one.colour and one.shape in (None, thing.shape)]
        wanted.sort(key=lambda thing: lesson.grid.cell(thing.box))
        name = " ".join(word for word in (one.colour, one.shape) if word)
        named = [(f"{number} {name}", thing) for number, thing in enumerate(wanted, 1)]
        lesson.answer(one, named, otherwise=_NONE_SEEN.format(name=name))
    return lesson.item


def reading_lesson(encoder: Encoder, rng: Random, *, free: float = _FREE) -> Supervised:
    """An easy search picture and a question about each card; the card is pointed at before it is read."""
    scene = make_scene("search", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
    lesson = _Lesson(encoder, scene, free=rng.random() < free)
    for one in (scene, *(ask_card(scene, card, rng) for card in scene.objects if card is not scene.target)):
        assert one.target is not None
        lesson.answer(one, [(f"{one.target.colour} {one.target.shape}", one.target)])
    return lesson.item


def relation_lesson(encoder: Encoder, rng: Random) -> Supervised:
    """A small scene and questions about which side of a thing another one is on; both are pointed at first."""
    while True:
        scene = make_scene("scenes", Difficulty.EASY, rng.randrange(HELD_OUT_SEEDS))
        asked = [found for found in (ask_side(scene, rng) for _ in range(_QUESTIONS - 1)) if found is not None]
        if asked:
            break
    lesson = _Lesson(encoder, scene, free=rng.random() < _FREE)
    for one, pair in asked:
        lesson.answer(one, [(named.phrase, named.thing) for named in pair])
    return lesson.item


class _Lesson:
    """A conversation about one picture: questions, and answers that first point at things."""

    def __init__(self, encoder: Encoder, scene: Scene, *, free: bool) -> None:
        self.item = Supervised()
        self._encoder = encoder
        prompt = system_prompt() if free else protocol_info(mode=ReasoningMode.DIRECT).system_prompt
        self.item.read(encoder, Role.SYSTEM, [prompt])
        self.grid = Grid.of(encoder, scene.image.size, (0, encoder.scale(scene.image)))

    def answer(self, scene: Scene, things: Sequence[tuple[str, SceneObject]], *, otherwise: str = "") -> None:
        """Ask this scene's question and answer it, pointing at these things, each under its name."""
        first = not self.item.encoded.images
        self.item.read(self._encoder, Role.USER, [scene.image, scene.question] if first else [scene.question])
        if first:
            self.grid = Grid.of(self._encoder, scene.image.size, self.item.encoded.images[0])
            self.item.cells += seen_cells(self._encoder, scene.objects, self.grid)
            self.item.cells += place_cells(self._encoder, self.grid)
        cells = [self.grid.cell(thing.box) for _, thing in things]
        lines = [f"{name}{place_of(cell, self.grid)}" for (name, _), cell in zip(things, cells, strict=True)]
        text = render_reply("\n".join(lines) or otherwise, AnswerAction(scene.answer))
        point(self.item, self._encoder, text, grid=self.grid, cells=cells)


def _ask_count(scene: Scene, rng: Random) -> Scene:
    """Another question about the same picture: about something that is there, and now and then about what is not."""
    if rng.random() < _ABSENT:
        colour, shape = _absent(scene, rng)
    else:
        shown = rng.choice(scene.objects)
        colour, shape = shown.colour, shown.shape if rng.random() < 0.4 else None
    found = sum(one.colour == colour and shape in (None, one.shape) for one in scene.objects)
    noun = f"{shape}s" if shape else "objects"
    question = rng.choice(COUNT_QUESTIONS).format(colour=colour, noun=noun)
    return replace(scene, question=question, answer=str(found), colour=colour, shape=shape)


def _absent(scene: Scene, rng: Random) -> tuple[str, str | None]:
    """A colour, or a colour and a shape, of which nothing is in the picture: half of them of a colour that is there."""
    colours = {one.colour for one in scene.objects}
    pairs = {(one.colour, one.shape) for one in scene.objects}
    near = [
        (colour, shape) for colour in COLOURS for shape in SHAPES if colour in colours and (colour, shape) not in pairs
    ]
    far = [(colour, shape) for colour in COLOURS if colour not in colours for shape in (None, *SHAPES)]
    return rng.choice(near if near and (not far or rng.random() < 0.5) else far)


def ask_card(scene: Scene, card: SceneObject, rng: Random) -> Scene:
    """The same search scene with a question about this card."""
    shape = rng.random() < 0.25
    questions = SHAPE_QUESTIONS if shape else READ_QUESTIONS[card.glyph_kind or "digit"]
    return replace(
        scene,
        question=rng.choice(questions).format(colour=card.colour),
        answer=card.shape if shape else str(card.glyph),
        asks="shape" if shape else "glyph",
        colour=card.colour,
        target=card,
    )
