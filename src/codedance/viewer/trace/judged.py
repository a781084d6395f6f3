"""Who decided whether an answer is right, and in which words, for the page of a trajectory."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.viewer.shell import visible

__all__ = ["Judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said of an attempt that the rules of its benchmark leave to one.

    >>> print(Judged("server:qwen", by_rules="needs_judge", score=1.0, read="B"))
    judge server:qwen: right; it read \u2018B\u2019 in the reply. The rules alone say: needs judge.
    >>> print(Judged("server:qwen", by_rules="wrong", score=None, undecided="cannot tell"))
    judge server:qwen: left open (cannot tell). The rules alone say: wrong.
    """

    judge: str
    """The model's specification."""
    by_rules: str
    """The outcome without it."""
    score: float | None
    """1 or 0; ``None`` if it left the attempt open."""
    read: str | None = None
    """The option or answer that it found in the reply."""
    undecided: str = ""
    """Why it left it open."""
    detail: str = ""

    @property
    def decided(self) -> bool:
        """False if it left the attempt open."""
        return self.score is not None

    def __str__(self) -> str:
        """All of it in a line that is safe to show."""
        if self.score is None:
            why = ": ".join(one for one in (self.undecided, self.detail) if one)
            said = f"left open ({why})" if why else "left open"
        else:
            said = "right" if self.score == 1 else "wrong"
            said += (
                f"; it read \u2018{self.read}\u2019 in the reply" if self.read else "; it read no answer in the reply"
            )
        words = f"judge {self.judge}: {said}. The rules alone say: {self.by_rules.replace('_', ' ')}."
        return " ".join(visible(words[:2_000]).split())
