"""R_format: is the attempt well formed? Read with the same parser that the loop acts on."""

from __future__ import annotations

import re

from codedance.protocol import AnswerAction, Fault, parse_reply
from codedance.rewards.settings import SourceWeights
from codedance.schema import ReasoningMode, Term, Trajectory

__all__ = ["format_fault", "format_term"]

_TAG = re.compile(r"</?(?:think|code|tool_call|answer)>", re.IGNORECASE)


def format_term(format_ok: bool, weights: SourceWeights, *, note: str = "") -> Term:
    """``R_format``: 0 if well formed, else -1, with the source's weight.

    >>> term = format_term(False, SourceWeights(), note="no answer")
    >>> term.value, term.weight, term.note
    (-1.0, 0.2, 'no answer')
    """
    why = "" if format_ok else note or "badly formed"
    return Term(value=0.0 if format_ok else -1.0, weight=weights.format, note=why)


def format_fault(trajectory: Trajectory, *, longest: int = 1000) -> str | None:
    """What is wrong with a trajectory's form, in a few words; ``None`` if nothing is.

    Faults: think tags of a reply that do not pair up; not exactly one answer (none, one that is begun and not ended, a
    second one behind the first action of a reply, tags inside the answer); an answer of ``longest`` characters or more.
    Code may hold any text. What is said of answers inside a thought is thought. The result of a program is its answer.

    >>> from codedance.schema import Task, Turn
    >>> def said(*replies: str) -> Trajectory:
    ...     turns = tuple(Turn(text=reply, kept_characters=len(reply)) for reply in replies)
    ...     task = Task(id="q", source="mine", question="?")
    ...     return Trajectory(id="a", task=task, model="m", turns=turns, stop="answered")
    >>> format_fault(said("<think>It is 3.</think><answer>3</answer>")) is None
    True
    >>> format_fault(said("<think>It is 3.<answer>3</answer>"))
    'think tags that do not pair up'
    >>> format_fault(said("It is 3."))
    'no answer'
    """
    answers: list[str] = []
    for turn in trajectory.turns:
        reply = parse_reply(turn.text, trajectory.protocol.mode)
        rest = turn.text[reply.end :]
        if Fault.UNBALANCED_THINK in reply.faults or rest.count("<think>") != rest.count("</think>"):
            return "think tags that do not pair up"
        if Fault.UNCLOSED_ANSWER in reply.faults:
            return "an answer that is begun and not ended"
        if isinstance(reply.action, AnswerAction):
            answers.append(reply.action.text)
        if "<answer>" in rest.lower():
            return "a second action after the first, and it is an answer"
    if not answers and trajectory.protocol.mode is ReasoningMode.PROGRAM and trajectory.answer is not None:
        answers = [trajectory.answer]
    if not answers:
        return "no answer"
    if len(answers) > 1:
        return f"{len(answers)} answers"
    if _TAG.search(answers[0]):
        return "tags inside the answer"
    if len(answers[0]) >= longest:
        return f"an answer of {len(answers[0])} characters"
    return None
