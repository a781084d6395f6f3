"""What the page says of a trajectory as a whole: how it ended, what it used of its budgets, how it was run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from codedance.schema import (
    Answer,
    ChoiceAnswer,
    MathAnswer,
    NumberAnswer,
    StopReason,
    TextAnswer,
    Trajectory,
)
from codedance.viewer.shell import visible
from codedance.viewer.trace.turns import duration

__all__ = ["STOPS", "Span", "Used", "budgets_used", "facts", "reference", "spans", "tokens_of"]

_WORTH_SHOWING = 0.05
"""Share of an episode's time from which on what is neither the model's nor the code's is shown."""

STOPS = {
    StopReason.ANSWERED: "The model gave its answer.",
    StopReason.MAX_TURNS: "All turns were used without an answer.",
    StopReason.MAX_TOKENS: "The token budget, or the model's context, was used up.",
    StopReason.TIME: "The time budget was used up.",
    StopReason.NO_ACTION: "The model wrote neither code nor an answer, also after a reminder.",
    StopReason.BAD_FORMAT: "The model's code or answer could not be read, also after a reminder.",
    StopReason.MODEL_FAILED: "The model could not be asked.",
    StopReason.SANDBOX_FAILED: "The sandbox failed.",
}
"""Every stop reason in a sentence."""


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a budget was used; ``used`` is ``None`` if nobody counted."""

    name: str
    text: str
    share: float | None
    """Between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the time line, in thousandths of the whole."""

    turn: int
    kind: str
    """``model`` or ``code``."""
    begin: float
    width: float
    title: str


def reference(answer: Answer) -> str:
    """A reference answer in the words of a person.

    >>> reference(NumberAnswer(value=7)), reference(ChoiceAnswer(letter="B", options=("red", "blue")))
    ('7', 'B. blue')
    """
    match answer:
        case NumberAnswer(value=value, tolerance=tolerance):
            return f"{value:.12g}" + (f" ± {tolerance:g}" if tolerance else "")
        case TextAnswer(accepted=accepted):
            return " or ".join(accepted[:5])
        case ChoiceAnswer(letter=letter, options=options):
            return f"{letter}. {options[ord(letter) - ord('A')]}" if options else letter
        case MathAnswer(latex=latex):
            return latex
        case unreachable:
            assert_never(unreachable)


def tokens_of(trajectory: Trajectory) -> int | None:
    """Tokens written over all turns; ``None`` if the model does not tell."""
    known = [turn.completion_tokens for turn in trajectory.turns if turn.completion_tokens is not None]
    return sum(known) if known else None


def budgets_used(trajectory: Trajectory) -> tuple[Used, ...]:
    """What the episode used of each budget."""
    budgets = trajectory.budgets
    shown = [ref for turn in trajectory.turns if turn.observation for ref in turn.observation.images]
    pixels = sum(ref.width * ref.height for ref in shown)
    tokens = tokens_of(trajectory)
    return (
        _used("turns", len(trajectory.turns), budgets.turns),
        _used("tokens written", tokens, budgets.tokens),
        Used(
            "time",
            f"{duration(trajectory.seconds)} of {duration(budgets.seconds)}",
            min(1.0, trajectory.seconds / budgets.seconds),
        ),
        _used("pictures shown", len(shown), budgets.images),
        _used("pixels shown", pixels, budgets.pixels),
    )


def spans(trajectory: Trajectory) -> tuple[Span, ...]:
    """The time line: what the model and the code took, turn after turn; nothing if nothing was timed.

    What else the episode took (a session's start, a model's first batch, reading pictures) stands at the end where it
    is more than a twentieth.
    """
    pieces: list[tuple[int, str, float]] = []
    for number, turn in enumerate(trajectory.turns, start=1):
        pieces.append((number, "model", turn.seconds))
        if turn.execution is not None:
            pieces.append((number, "code", turn.execution.seconds))
    timed = sum(seconds for _, _, seconds in pieces)
    if timed <= 0:
        return ()
    rest = trajectory.seconds - timed
    rest = rest if rest > _WORTH_SHOWING * trajectory.seconds else 0.0
    found, at = [], 0.0
    for number, kind, seconds in pieces:
        width = 1000 * seconds / (timed + rest)
        found.append(Span(number, kind, at, width, f"turn {number}, {kind}: {duration(seconds)}"))
        at += width
    if rest:
        found.append(Span(len(trajectory.turns), "other", at, 1000 - at, f"other: {duration(rest)}"))
    return tuple(found)


def facts(trajectory: Trajectory) -> list[tuple[str, str]]:
    """How the episode was run: names and values, safe to show."""
    budgets, sampling, sandbox = trajectory.budgets, trajectory.sampling, trajectory.sandbox
    return [
        ("model", visible(trajectory.model)),
        ("trajectory", visible(trajectory.id)),
        ("task", visible(f"{trajectory.task.source} / {trajectory.task.id}")),
        ("attempt", str(trajectory.attempt + 1)),
        ("started", visible(trajectory.started_at or "unknown")),
        ("took", f"{trajectory.seconds:.2f} s"),
        ("sampling", f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}, seed {sampling.seed}, "
                     f"{sampling.max_tokens:,} tokens a reply"),
        ("output budget", f"{budgets.output_characters:,} characters a turn"),
        ("sandbox", visible(f"{sandbox.get('kind', 'unknown')}, tier {sandbox.get('tier', 'unknown')}")),
        ("mode", trajectory.protocol.mode.value),
        ("code format", trajectory.protocol.code_format.value),
        ("prompt", visible(trajectory.protocol.prompt or "not one of ours")),
        ("version", visible(f"CodeDance {trajectory.codedance_version or 'unknown'}")),
    ]  # fmt: skip


def _used(name: str, used: int | None, most: int) -> Used:
    if used is None:
        return Used(name, f"not counted, of {most:,}", None)
    share = min(1.0, used / most) if most else float(used > 0)
    return Used(name, f"{used:,} of {most:,}", share)
