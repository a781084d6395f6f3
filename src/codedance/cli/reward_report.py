"""What ``codedance reward explain`` prints: JSON for programs, tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codedance.cli.reward_input import NamedGroup
from codedance.cli.text import visible
from codedance.rewards import Attempt, AttemptReward, GroupReward, RewardSettings, Unscored, Variant

__all__ = ["as_json", "print_tables"]

_CALLS_SHOWN = 12
_WIDE = 150
"""Columns where nobody's terminal sets a width."""


def as_json(
    groups: Sequence[NamedGroup], rewards: Sequence[GroupReward], *, variant: Variant, settings: RewardSettings
) -> dict[str, JsonValue]:
    """Everything that was computed; absent values are null, names are there only where the input had such."""
    return {
        "variant": variant.name,
        "settings": settings.model_dump(mode="json"),
        "groups": [_group_json(group, reward) for group, reward in zip(groups, rewards, strict=True)],
    }


def _group_json(group: NamedGroup, reward: GroupReward) -> JsonValue:
    attempts: list[JsonValue] = []
    for index, one in enumerate(reward.attempts):
        named = {"trajectory_id": group.trajectory_ids[index]} if group.trajectory_ids else {}
        attempts.append({**named, **_attempt_json(one, reward.d)})
    return {
        **({"task_id": group.task_id} if group.task_id is not None else {}),
        "accuracy": reward.accuracy,
        "d": reward.d,
        "zero_variance": reward.zero_variance,
        "attempts": attempts,
    }


def _attempt_json(reward: AttemptReward, d: float | None) -> dict[str, JsonValue]:
    return {
        "reward": reward.reward,
        "d": d,
        "advantage": reward.advantage,
        "turn_credit": list(reward.call_credit),
        "correct": reward.correct,
        "terms": {name: term.model_dump(mode="json") for name, term in reward.terms.items()},
    }


def print_tables(groups: Sequence[NamedGroup], rewards: Sequence[GroupReward], *, variant: Variant, most: int) -> None:
    """Print a table for each of the first ``most`` groups, then the sums over all."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    console.print(Text(f"{variant.name}: {variant.formula}", style="bold"))
    for number, (group, reward) in enumerate(islice(zip(groups, rewards, strict=True), most)):
        console.print()
        console.print(_heading(number, group, reward))
        console.print(_table(group, reward, variant))
    if len(groups) > most:
        console.print(f"... and {len(groups) - most} more groups (--groups shows more, --json all)")
    console.print()
    console.print(_sums(groups, rewards))


def _heading(number: int, group: NamedGroup, reward: GroupReward) -> Text:
    name = f"group {number}" if group.task_id is None else f"group {number}, {visible(group.task_id)}"
    if reward.accuracy is None or reward.d is None:
        return Text(f"{name}: no attempt could be scored")
    flat = ", no variance: no advantage" if reward.zero_variance else ""
    return Text(f"{name}: accuracy {reward.accuracy:.4g}, d {reward.d:.4f}{flat}")


def _table(group: NamedGroup, reward: GroupReward, variant: Variant) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "calls"):
        table.add_column(name)
    for name in ("R_acc", "R_format", "tools", "reward", "advantage"):
        table.add_column(name, justify="right")
    if variant.turn_level:
        table.add_column("turn credit")
    table.add_column("why", style="dim", no_wrap=True, overflow="ellipsis")
    for index, (attempt, one) in enumerate(zip(group.attempts, reward.attempts, strict=True)):
        table.add_row(str(index), *_cells(attempt, one, turn_level=variant.turn_level))
    return table


def _cells(attempt: Attempt | Unscored, reward: AttemptReward, *, turn_level: bool) -> tuple[Text, ...]:
    if isinstance(attempt, Unscored) or reward.reward is None:
        return (*(Text("-") for _ in range(6 + turn_level)), Text(visible(reward.terms["accuracy"].note)))
    parts = [
        f"{term.value * term.weight:.4f}" if (term := reward.terms.get(name)) and term.value is not None else "-"
        for name in ("accuracy", "format", "tools")
    ]
    credit = [_shortened([f"{value:+.4f}" for value in reward.call_credit])] if turn_level else []
    why = "; ".join(term.note for term in reward.terms.values() if term.note)
    cells = (_shortened(list(attempt.calls)), *parts, f"{reward.reward:.4f}", f"{reward.advantage:+.4f}", *credit, why)
    return tuple(Text(visible(cell)) for cell in cells)


def _shortened(words: Sequence[str]) -> str:
    more = len(words) - _CALLS_SHOWN
    return " ".join([*words[:_CALLS_SHOWN], *([f"(+{more})"] if more > 0 else [])]) or "-"


def _sums(groups: Sequence[NamedGroup], rewards: Sequence[GroupReward]) -> str:
    scored = [one for group in rewards for one in group.attempts if one.reward is not None]
    everything = sum(len(group.attempts) for group in rewards)
    calls = [call for group in groups for one in group.attempts if isinstance(one, Attempt) for call in one.calls]
    right = sum(one.correct is True for one in scored)
    flat = sum(group.zero_variance for group in rewards)
    lines = [f"{len(groups)} groups, {everything} attempts, {everything - len(scored)} not scored"]
    if scored:
        mean = sum(one.reward for one in scored if one.reward is not None) / len(scored)
        lines.append(f"accuracy {right / len(scored):.4f}, mean reward {mean:.4f}, {flat} groups without variance")
    if calls:
        lines.append(f"{len(calls)} calls, {sum(call.succeeded() for call in calls)} of them ran and showed something")
    return "\n".join(lines)
