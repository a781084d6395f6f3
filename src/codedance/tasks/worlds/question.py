"""What remains of a scene without its picture."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.schema import Answer, TextAnswer
from codedance.tasks.worlds.scene import Scene, scene_answer

__all__ = ["Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer: many fit in memory.

    >>> Question("How many?", "3").known
    TextAnswer(kind='text', accepted=('3',))
    """

    question: str
    answer: str
    asks: str = ""
    """What kind of question it is."""
    options: tuple[str, ...] = ()
    """Texts of the lettered options, if it has such; then ``answer`` is a letter."""
    reference: Answer | None = None
    """What is right, with its tolerance; ``None`` if nothing but ``answer`` is."""

    @classmethod
    def of(cls, scene: Scene) -> Question:
        """The question of a scene."""
        return cls(scene.question, scene.answer, scene.asks, scene.options, scene_answer(scene))

    @property
    def known(self) -> Answer:
        """What is right."""
        return self.reference or TextAnswer(accepted=(self.answer,))
