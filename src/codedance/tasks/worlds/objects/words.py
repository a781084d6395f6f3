"""The words around a count: what is counted, what follows from it, and how code puts lists together."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from codedance.tasks.worlds.family import Final
from codedance.tasks.worlds.objects.code import variable
from codedance.tasks.worlds.objects.facts import ObjectsFacts
from codedance.tasks.worlds.objects.kinds import plural
from codedance.tasks.worlds.scene import Scene

__all__ = ["article", "count_final", "noun", "printed", "result"]


def noun(facts: ObjectsFacts) -> str:
    """What is counted, in words."""
    if facts.group:
        return facts.group
    return _and([plural(one) for one in facts.kinds]) or "objects"


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def article(name: str) -> str:
    """The indefinite article of a kind.

    >>> article("octopus"), article("whale")
    ('an', 'a')
    """
    return "an" if name[0] in "aeio" or name == "umbrella" else "a"


def _answer(scene: Scene, shown: str) -> str:
    """The answer for what was printed: the same, or the letter of the option that it is."""
    return chr(ord("A") + scene.options.index(shown)) if shown in scene.options else shown


def count_final(scene: Scene, facts: ObjectsFacts, rng: Random, shown: str) -> Final:
    """The last turn, for what code printed."""
    name = noun(facts)
    thoughts: tuple[str, ...]
    match scene.asks:
        case "difference":
            thoughts = ("The two counts differ by {n}.", "So the difference is {n}.", "That makes a difference of {n}.")
        case "most":
            thoughts = ("There are the most {n}.", "The largest count is that of the {n}.", "So it is the {n}.")
        case "kinds":
            thoughts = ("That is {n} kinds in all.", "So there are {n} different kinds.", "Kinds counted once: {n}.")
        case _ if shown == "0":
            thoughts = (
                "There are none, so the count is {n}.",
                "None of them: {n}.",
                "That is {n}: there are no {noun}.",
            )
        case _:
            thoughts = (
                "In all that makes {n} {noun}.",
                "The sum is {n}.",
                "So the number of {noun} is {n}.",
                "Together: {n}.",
            )
    return Final(rng.choice(thoughts).format(n=shown, noun=name), _answer(scene, shown))


def result(asks: str, facts: ObjectsFacts, *, total: str) -> str:
    """Python that prints the sum, the difference or the most frequent of the kinds' lists; ``total`` counts a list."""
    names = [variable(kind) for kind in facts.kinds]
    match asks:
        case "two":
            return f"print({total}({names[0]}) + {total}({names[1]}))"
        case "difference":
            return f"print(abs({total}({names[0]}) - {total}({names[1]})))"
        case _:
            pairs = ", ".join(f"'{plural(kind)}': {total}({variable(kind)})" for kind in facts.kinds)
            return f"counts = {{{pairs}}}\nprint(max(counts, key=counts.get))"


def printed(scene: Scene) -> str:
    """What code prints when it is right: the option's text, not its letter."""
    return scene.options[ord(scene.answer) - ord("A")] if scene.options else scene.answer
