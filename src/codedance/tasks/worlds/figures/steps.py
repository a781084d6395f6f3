"""Code that computes an answer step by step from what was read, and the words that go with it."""

from __future__ import annotations

import re
from random import Random

from codedance.tasks.worlds.family import Code, Final
from codedance.tasks.worlds.figures.puzzle import Figure, Value
from codedance.tasks.worlds.figures.words import as_text, capital, joined
from codedance.tasks.worlds.scene import Scene

__all__ = ["choosing", "computing", "concluding", "literal", "option_values", "reading"]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_READ = (
    "I can read it now: {reading}.",
    "It shows that {reading}.",
    "I read that {reading}.",
    "Now it is clear: {reading}.",
    "In the picture {reading}.",
    "What is given: {reading}.",
)
_ENDS = (
    "{Sought} is {value}.",
    "So {sought} is {value}.",
    "The result is {value}.",
    "That gives {value}.",
    "The code prints {value}, so {sought} is {value}.",
    "I get {value}.",
    "{Sought} comes to {value}.",
)
_OPTION_ENDS = (
    "{Sought} is {value}, which is option {letter}.",
    "{value} is option {letter}.",
    "Among the options {letter} says {value}.",
    "That is {letter}.",
    "So option {letter} is right.",
)
_LETTER_ENDS = (
    "The value belongs to option {letter}.",
    "It is option {letter}.",
    "Option {letter} agrees with the computed value.",
    "The computed value is the one of {letter}.",
    "So the answer is {letter}.",
)


def literal(value: Value) -> str:
    """A value as Python.

    >>> literal(2.5), literal("3/8"), literal("Tuesday")
    ('2.5', 'Fraction(3, 8)', "'Tuesday'")
    """
    if isinstance(value, str):
        above, slash, below = value.partition("/")
        if slash and above.lstrip("-").isdigit() and below.isdigit():
            return f"Fraction({above}, {below})"
    return repr(value)


def option_values(scene: Scene, unit: str) -> dict[str, Value]:
    """What each option's letter stands for: its number, or its text."""
    values: dict[str, Value] = {}
    for index, text in enumerate(scene.options):
        plain = text.removesuffix(unit)
        number = float(plain) if _NUMBER.fullmatch(plain) else None
        value: Value = plain if number is None else int(plain) if plain.lstrip("-").isdigit() else number
        values[chr(ord("A") + index)] = value
    return values


def reading(figure: Figure, rng: Random) -> str:
    """A sentence with everything that is given."""
    if not figure.givens:
        return ""
    means = [f"{one.meaning} is {one.text}" for one in figure.givens]
    if rng.random() < 0.5:
        return f"{capital(joined(means))}."
    return rng.choice(_READ).format(reading=joined(means))


def choosing(options: dict[str, Value], name: str, rng: Random, *, nearest: bool = False) -> str:
    """Lines that print the letter of the option whose value a variable has, or which is nearest to it."""
    listed = ", ".join(f"{letter!r}: {literal(value)}" for letter, value in options.items())
    lines = f"options = {{{listed}}}\n"
    if nearest or (all(isinstance(value, int | float) for value in options.values()) and rng.random() < 0.5):
        return f"{lines}print(min(options, key=lambda letter: abs(options[letter] - {name})))"
    return f"{lines}print(next(letter for letter in options if options[letter] == {name}))"


def computing(scene: Scene, figure: Figure, thought: str, *, rng: Random) -> Code:
    """A turn that computes all steps, prints them, and often names the option."""
    inline = len(figure.steps) == 1 and rng.random() < 0.4
    lines, printed = _inline(figure, rng) if inline else _named(figure, rng)
    options = option_values(scene, figure.unit)
    if options and not inline and rng.random() < 0.65:
        lines.append(choosing(options, figure.steps[-1].name, rng))
        printed.append(scene.answer)
    code = "\n".join(lines)
    needs = ["import math"] * ("math." in code) + ["from fractions import Fraction"] * ("Fraction(" in code)
    return Code(thought, "\n".join([*needs, code]), views=(), prints="\n".join(printed))


def _named(figure: Figure, rng: Random) -> tuple[list[str], list[str]]:
    """Every given and every step as a variable."""
    style = rng.choice(("last", "each", "told", "noted"))
    lines = [f"{one.name} = {literal(one.value)}" for one in figure.givens]
    printed = []
    for step in figure.steps:
        if style == "noted":
            lines.append(f"# {step.knowledge}")
        lines.append(f"{step.name} = {step.expression}")
        if style in ("each", "noted"):
            lines.append(f"print({step.name})")
            printed.append(str(step.value))
        elif style == "told":
            words = step.name.replace("_", " ")
            lines.append(f"print('{words}:', {step.name})")
            printed.append(f"{words}: {step.value}")
    if style == "last":
        lines.append(f"print({figure.steps[-1].name})")
        printed.append(str(figure.steps[-1].value))
    return lines, printed


def _inline(figure: Figure, rng: Random) -> tuple[list[str], list[str]]:
    """The only step with its numbers put in."""
    step = figure.steps[-1]
    known = {one.name: literal(one.value) for one in figure.givens}
    expression = re.sub(r"\b[a-z_]\w*\b(?!\.)", lambda found: known.get(found[0], found[0]), step.expression)
    if rng.random() < 0.5:
        words = step.name.replace("_", " ")
        return [f"print('{words} =', {expression})"], [f"{words} = {step.value}"]
    return [f"print({expression})"], [str(step.value)]


def concluding(scene: Scene, figure: Figure, shown: str, *, rng: Random) -> Final:
    """The last turn, from what the code printed last: a value, or an option's letter."""
    words = shown.split()
    said = words[-1] if words else ""
    options = option_values(scene, figure.unit)
    if not options:
        value = _tidy(said)
        thought = rng.choice(_ENDS).format(
            sought=figure.sought, Sought=capital(figure.sought), value=value + figure.unit
        )
        return Final(thought, value)
    if said in options:
        return Final(rng.choice(_LETTER_ENDS).format(letter=said), said)
    letter = next((letter for letter, value in options.items() if as_text(value) == _tidy(said)), said)
    value = _tidy(said) + figure.unit
    thought = rng.choice(_OPTION_ENDS).format(
        sought=figure.sought, Sought=capital(figure.sought), value=value, letter=letter
    )
    return Final(thought, letter)


def _tidy(said: str) -> str:
    """A printed number without needless zeros; any other word as it is."""
    return as_text(float(said)) if _NUMBER.fullmatch(said) else said
