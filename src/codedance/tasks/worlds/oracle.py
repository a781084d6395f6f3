"""What a perfect model would write about a scene: thoughts, code, answers; running the code is somebody else's work."""

from __future__ import annotations

from random import Random
from typing import Literal

from codedance.protocol import AnswerAction, CodeAction, render_reply
from codedance.schema import CodeFormat
from codedance.tasks.worlds.families import family_named
from codedance.tasks.worlds.family import Code, Final, Script
from codedance.tasks.worlds.scene import Difficulty, Scene
from codedance.tasks.worlds.slips import with_slip

__all__ = ["Oracle"]


class Oracle:
    """Writes the replies of one episode, one after the other.

    Args:
        scene: what is asked about.
        rng: chooses the way it goes and the wording.
        mode: with code; at a glance, which only easy scenes allow; or with code whose first cell has a slip in it.
        code_format: how code is written.

    Raises:
        ValueError: a direct answer about a hard scene, which nobody can see without a closer look, or about one whose
            picture is to be drawn on, which nobody can do without code.

    >>> from codedance.tasks.worlds import make_scene
    >>> oracle = Oracle(make_scene("search", Difficulty.EASY, 1), Random(0), mode="direct")
    >>> print(oracle.reply())
    <think>I can see it.</think>
    <answer>K</answer>
    """

    def __init__(
        self,
        scene: Scene,
        rng: Random,
        *,
        mode: Literal["code", "direct", "slip"] = "code",
        code_format: CodeFormat = CodeFormat.CODE,
    ) -> None:
        if mode == "direct" and scene.difficulty is Difficulty.HARD:
            raise ValueError("a hard scene cannot be answered directly")
        if mode == "direct" and scene.edit is not None:
            raise ValueError("a picture that is to be drawn on cannot be answered directly")
        self._format = code_format
        self._script = _direct(scene, rng) if mode == "direct" else family_named(scene.family).script(scene, rng)
        if mode == "slip":
            self._script = with_slip(self._script, rng)
        self.steps: list[Code] = []
        """The turns with code that were written so far."""
        self.final: Final | None = None
        """The last turn, once it is written."""

    def reply(self, shown: str | None = None) -> str:
        """The next reply.

        Args:
            shown: the text that the model was shown of the last code's outcome; ``None`` at first.
        """
        try:
            step = next(self._script) if shown is None else self._script.send(shown)
        except StopIteration as done:
            final: Final = done.value
            self.final = final
            return render_reply(final.thought, AnswerAction(final.answer))
        self.steps.append(step)
        return render_reply(step.thought, CodeAction(step.code, self._format))


def _direct(scene: Scene, rng: Random) -> Script:
    thought = rng.choice(family_named(scene.family).glances).format(answer=scene.answer)
    yield from ()  # a script without code is a script too
    return Final(thought, scene.answer)
