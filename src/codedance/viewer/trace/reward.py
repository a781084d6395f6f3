"""What a trajectory earned, as the page shows it: every term, the group's difficulty, each turn's credit."""

from __future__ import annotations

from dataclasses import dataclass

from codedance.schema import Score
from codedance.viewer.shell import visible

__all__ = ["RewardPanel", "Standing", "reward_panel"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an attempt stands among the attempts at its task; ``None`` where nothing is known."""

    attempts: int
    accuracy: float | None = None
    """Share of the scored attempts that are right."""
    d: float | None = None
    """Difficulty of the group: what calls are worth in it."""
    advantage: float | None = None
    """Of this attempt over its group."""
    basis: str = ""
    """How these numbers were made, in a few words."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A term of the score."""

    name: str
    value: str
    weight: str
    product: str
    note: str
    tone: str


@dataclass(frozen=True, slots=True)
class RewardPanel:
    """The score on the page."""

    rows: tuple[_Row, ...]
    total: str
    group: str
    """A sentence about the group; empty if nothing is known of one."""
    basis: str
    credits: tuple[tuple[int, str, str], ...]
    """Number of a turn, its credit, and the tone."""


def reward_panel(score: Score | None, standing: Standing | None) -> RewardPanel | None:
    """What to show of a score; ``None`` if there is nothing."""
    if score is None or not (score.terms or score.turn_credit):
        return None
    rows = []
    for name, term in score.terms.items():
        product = None if term.value is None else term.value * term.weight
        rows.append(
            _Row(
                name=visible(name),
                value="not scored" if term.value is None else f"{term.value:.4g}",
                weight=f"{term.weight:g}",
                product="" if product is None else signed(product),
                note=visible(term.note),
                tone=_tone(product),
            )
        )
    return RewardPanel(
        rows=tuple(rows),
        total=signed(score.total),
        group=_group(standing) if standing is not None else "",
        basis=visible(standing.basis) if standing is not None else "",
        credits=tuple((number, signed(one), _tone(one)) for number, one in enumerate(score.turn_credit, start=1)),
    )


def signed(value: float) -> str:
    """A number with its sign, a minus as wide as a plus.

    >>> signed(0.3), signed(-0.0808), signed(0)
    ('+0.3', '\u22120.0808', '0')
    """
    text = f"{value:+.4g}".replace("-", "\u2212")
    return "0" if value == 0 else text


def _group(standing: Standing) -> str:
    attempts = f"{standing.attempts} attempt" + ("s" if standing.attempts != 1 else "")
    parts = [f"Group of {attempts}"]
    if standing.accuracy is not None:
        parts.append(f"{standing.accuracy:.0%} right")
    if standing.d is not None:
        parts.append(f"difficulty d = {standing.d:.4f}".replace("-", "\u2212"))
    if standing.advantage is not None:
        parts.append(f"advantage of this attempt {signed(standing.advantage)}")
    return ", ".join(parts) + "."


def _tone(value: float | None) -> str:
    return "" if not value else "good" if value > 0 else "bad"
