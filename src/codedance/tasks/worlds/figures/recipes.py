"""Recipes: what can be asked about a kind of figure, the steps to the answer, and the mistakes that are often made."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from codedance.tasks.worlds.figures.puzzle import Figure, Given, Puzzle, Step, Value
from codedance.tasks.worlds.figures.words import ask, unit_tail

__all__ = ["Recipe", "evaluate", "prepared"]

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "round": round,
    "abs": abs,
    "min": min,
    "max": max,
    "int": int,
    "Fraction": Fraction,
    "math.sqrt": math.sqrt,
    "math.hypot": math.hypot,
    "math.dist": math.dist,
    "math.gcd": math.gcd,
}
_POWERS = ("", "", "²", "³")
_POWER_WORDS = ("", "", "square ", "cubic ")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One thing that can be asked about a figure."""

    sought: str
    """What is asked for, with its article."""
    steps: tuple[tuple[str, str, str, str], ...]
    """Name, question, expression and knowledge of each step; expressions use names of givens and of earlier steps."""
    plans: tuple[str, ...]
    """Ways to say why the steps lead there."""
    also: tuple[str, ...] = ()
    """Questions of its own."""
    wrong: tuple[str, ...] = ()
    """Expressions of typical mistakes; they may use the steps too."""
    power: int = 1
    """0: a plain number; 1: a length, or whatever the unit says; 2: an area; 3: a volume."""
    check: str | None = None
    """An expression that is true if the result is right."""
    exact: bool = False
    """The last step rounds only to drop what floating point adds; the question says nothing of it."""


def prepared(
    rng: Random, recipe: Recipe, givens: Sequence[Given], *, noun: str, unit: tuple[str, str] = ("", "")
) -> Puzzle:
    """The puzzle that a recipe makes of what is given.

    Args:
        rng: chooses the wording.
        recipe: what is asked.
        givens: what is written in the figure; the recipe's expressions use their names.
        noun: what the figure is called.
        unit: of lengths, short and in full; for other quantities as it follows a number (``"°"``), and in full.
    """
    names: dict[str, Value] = {one.name: one.value for one in givens}
    steps = []
    for name, question, expression, knowledge in recipe.steps:
        value = evaluate(expression, names)
        names[name] = value
        steps.append(Step(name=name, question=question, expression=expression, value=value, knowledge=knowledge))
    last = recipe.steps[-1][2]
    rounds = last.startswith("round(") and ", " in last and not recipe.exact
    places = int(last.rstrip(")").rsplit(", ", 1)[1]) if rounds else None
    short, plural = unit
    spaced = f" {short}" if short[:1].isalpha() else short
    values = [evaluate(one, names) for one in recipe.wrong]
    return Puzzle(
        question=ask(rng, recipe.sought, also=recipe.also),
        tail=unit_tail(rng, _POWER_WORDS[recipe.power] + plural if recipe.power else "", places=places),
        mistakes=tuple(one for one in values if not isinstance(one, str)),
        tolerance=0.0 if places is None else round(0.55 * 10.0**-places, 4),
        figure=Figure(
            kind="",
            givens=tuple(givens),
            steps=tuple(steps),
            sought=recipe.sought,
            plan=rng.choice(recipe.plans),
            check=recipe.check,
            noun=noun,
            unit=spaced + _POWERS[recipe.power] if recipe.power else "",
        ),
    )


def evaluate(expression: str, names: Mapping[str, Value]) -> Value:
    """The value of an arithmetic expression, as Python computes it; a fraction as text.

    >>> evaluate("round(math.pi * r ** 2, 1)", {"r": 3}), evaluate("a / b", {"a": "1/2", "b": "3/4"})
    (28.3, '2/3')
    """
    value = _value(ast.parse(expression, mode="eval").body, names)
    return str(value) if isinstance(value, Fraction) else value


def _value(node: ast.expr, names: Mapping[str, Value]) -> Any:  # noqa: ANN401 - any kind of number
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            known = names[name]
            return Fraction(known) if isinstance(known, str) else known
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names)
        case ast.Attribute(value=ast.Name(id="math"), attr="pi"):
            return math.pi
        case ast.Tuple(elts=parts):
            return tuple(_value(part, names) for part in parts)
        case ast.Call(func=called, args=arguments):
            return _CALLS[ast.unparse(called)](*(_value(one, names) for one in arguments))
        case _:
            raise ValueError(f"{ast.unparse(node)}: not arithmetic")
