"""A teacher that knows the truth about generated scenes and answers every prompt of the pipeline by it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codedance.imaging import Picture
from codedance.protocol import ChatMessage, Role
from codedance.store import write_bytes
from codedance.synth.pictures.views import ViewSettings, seen
from codedance.tasks.worlds import Difficulty, Scene, make_scene

__all__ = ["Fact", "Heard", "Teacher", "facts", "heard", "scenes", "write_scenes"]

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Fact:
    """A question about a scene with its right answer and where that can be seen."""

    question: str
    answer: str
    box: Box


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model is asked: the system message, the text of the user's first message, the pictures, the turn."""

    system: str
    text: str
    pictures: tuple[str, ...]
    """SHA-256 of each."""
    turn: int
    model: str = "teacher"


def scenes(count: int, *, large: bool = False) -> dict[str, Scene]:
    """Scenes by file name, search and counting. What is called hard is small like the others unless ``large``."""
    kinds = [("search", "easy"), ("search", "hard"), ("counting", "easy")]
    made = {}
    for index in range(count):
        family, word = kinds[index % len(kinds)]
        size = Difficulty.HARD if large and word == "hard" else Difficulty.EASY
        made[f"{'large' if large else 'small'}-{index:02}-{family}-{word}.png"] = make_scene(family, size, index)
    return made


def write_scenes(folder: Path, made: dict[str, Scene]) -> Path:
    """Write them as picture files."""
    for name, scene in made.items():
        write_bytes(folder / name, Picture.from_image(scene.image).data)
    return folder


def facts(scene: Scene) -> list[Fact]:
    """What can be asked about a scene."""
    everything = _around([one.box for one in scene.objects])
    same = [one.box for one in scene.objects if one.colour == scene.colour]
    asked = scene.target.box if scene.target else _around(same or [one.box for one in scene.objects])
    number = len(scene.objects)
    return [
        Fact(scene.question, scene.answer, asked),
        Fact("How many things are drawn in the whole picture?", str(number), everything),
        Fact(
            "If every thing were framed and two frames were added, how many would there be?",
            str(number + 2),
            everything,
        ),
        Fact("What is twice the number of things in the picture?", str(2 * number), everything),
    ]


def heard(messages: Sequence[ChatMessage]) -> Heard:
    """A conversation in memory as the teacher hears it."""
    user = next(message for message in messages if message.role is Role.USER)
    return Heard(
        system="".join(message.text for message in messages if message.role is Role.SYSTEM),
        text=user.text,
        pictures=tuple(picture.ref.sha256 for picture in user.pictures),
        turn=sum(message.role is Role.ASSISTANT for message in messages),
    )


@dataclass
class Teacher:
    """Answers by the truth, except where it is told to go wrong (by file name).

    It calls hard what has the word in its name, and the weak model is wrong there.
    """

    known: dict[str, Scene]
    plain: set[str] = field(default_factory=set)
    """Pictures that it filters out."""
    wrong_first: set[str] = field(default_factory=set)
    """Pictures whose first question gets a wrong answer."""
    says: dict[tuple[str, str], str] = field(default_factory=dict)
    """What it says to a kind of prompt (see ``kind_of``) about a picture."""
    by_hash: dict[str, str] = field(init=False)
    """File names by the hash of a picture, or of what models see of it."""

    def __post_init__(self) -> None:
        self.by_hash = {}
        for name, scene in self.known.items():
            picture = Picture.from_image(scene.image)
            for one in (picture, seen(picture, ViewSettings())):
                self.by_hash[one.ref.sha256] = name

    def hears(self, messages: Sequence[ChatMessage]) -> str:
        """For :class:`~codedance.models.ScriptedModel`."""
        return self.reply(heard(messages))

    def reply(self, heard: Heard) -> str:
        """The reply to a conversation."""
        kind = kind_of(heard)
        if kind == "hello":
            return "ready"
        name = self.name_of(heard)
        if (kind, name) in self.says:
            return self.says[kind, name]
        scene = self.known[name]
        match kind:
            case "image":
                return verdict("plain" if name in self.plain else "rich")
            case "question":
                return self._question(name, scene, heard.text)
            case "check" | "label":
                right = self._fact(scene, heard.text).answer == line_after("answer", heard.text)
                return verdict("right" if right else "wrong_answer" if kind == "check" else "wrong")
            case "box":
                return self._box(scene, heard)
            case "box check":
                return verdict("good")
            case "difficulty":
                return verdict("hard" if "hard" in name else "easy")
            case "code":
                return self._code(scene, heard)
            case _:
                return self._direct(name, scene, heard)

    def name_of(self, heard: Heard) -> str:
        """Which picture a conversation is about; with a frame in it, it is known by the question alone."""
        if heard.pictures[0] in self.by_hash:
            return self.by_hash[heard.pictures[0]]
        question = line_after("question about the whole picture", heard.text)
        return next(name for name, one in self.known.items() if question in [fact.question for fact in facts(one)])

    def _question(self, name: str, scene: Scene, text: str) -> str:
        asked = re.findall(r"- Do not ask again: (.*)", text)
        fact = next(one for one in facts(scene) if one.question not in asked)
        answer = "77" if name in self.wrong_first and not asked else fact.answer
        kind = "number" if answer.isdigit() else "text"
        return f"```json\n{json.dumps({'question': fact.question, 'kind': kind, 'answer': answer, 'also': []})}\n```"

    def _box(self, scene: Scene, heard: Heard) -> str:
        found = re.search(r"This picture has (\d+) x (\d+) pixels", heard.text)
        assert found is not None
        across, down = int(found[1]) / scene.image.width, int(found[2]) / scene.image.height
        left, top, right, bottom = self._fact(scene, heard.text).box
        box = [round(left * across), round(top * down), round(right * across), round(bottom * down)]
        return json.dumps([{"bbox_2d": box, "label": "what is asked about"}])

    def _code(self, scene: Scene, heard: Heard) -> str:
        fact = next(one for one in facts(scene) if one.question == heard.text)
        if heard.turn == 0:
            code = f"part = input_image.crop({fact.box})\nprint(part.size)\npart"
            return f"<think>I cut out what matters.</think>\n<code>\n```python\n{code}\n```\n</code>"
        return f"<think>The part shows it.</think>\n<answer>{fact.answer}</answer>"

    def _direct(self, name: str, scene: Scene, heard: Heard) -> str:
        fact = next(one for one in facts(scene) if one.question == heard.text)
        weak = heard.model == "weak" and "hard" in name
        return f"<think>I see it.</think>\n<answer>{'nothing' if weak else fact.answer}</answer>"

    def _fact(self, scene: Scene, text: str) -> Fact:
        question = line_after("question", text)
        return next(one for one in facts(scene) if one.question == question)


def kind_of(heard: Heard) -> str:
    """Which prompt this is."""
    signs = {
        "Reply with the word: ready": "hello",
        "Decide whether good visual questions": "image",
        "Write one question about it": "question",
        "as if you wanted to find a mistake": "check",
        "Give the box of the part": "box",
        "somebody drew a red frame": "box check",
        "How hard is this question": "difficulty",
        "Work out the answer for yourself": "label",
    }
    for sign, kind in signs.items():
        if sign in heard.text:
            return kind
    return "code" if "How to work:" in heard.system else "direct"


def verdict(word: str) -> str:
    """A closed answer as a model writes it."""
    return f'{{"why": "I looked.", "verdict": "{word}"}}'


def line_after(what: str, text: str) -> str:
    """The question or answer that a prompt quotes."""
    found = re.search(rf"^(?:Their |Right )?{what}: (.*)$", text, re.M | re.I)
    assert found is not None, text
    return found[1]


def _around(boxes: list[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
