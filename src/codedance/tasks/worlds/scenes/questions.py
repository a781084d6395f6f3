"""How the questions about a scene are worded, with lettered options or without."""

from __future__ import annotations

from random import Random

__all__ = ["MAYBE_NONE", "NONE_TEXTS", "lettered", "wording"]

MAYBE_NONE = (
    " If there is none, answer none.",
    " Answer none if there is no such thing.",
    " Or is there none?",
    " Say none if it is not there.",
    " If you cannot find it, answer none.",
)
NONE_TEXTS = (
    "there is none",
    "not there",
    "no",
    "no such thing",
    "it is not there",
    "nothing",
    "there is no such thing",
)
"""Other ways to say that something is not there."""

_TEXT = (
    "What {what} is on the {ref}?",
    "Which {what} can be read on the {ref}?",
    "Read the {what} on the {ref}.",
    "What {what} does the {ref} show?",
    "Find the {ref}. What {what} is on it?",
    "Look for the {ref} and read its {what}.",
    "There is a {ref} somewhere in the picture. Which {what} is on it?",
    "Which {what} is written on the {ref}?",
    "Can you tell the {what} on the {ref}?",
)
_COLOUR = (
    "What colour is the {whose}{ref}?",
    "Which colour does the {whose}{ref} have?",
    "What is the colour of the {whose}{ref}?",
    "Find the {ref}. What colour is the {own}?",
    "Tell me the colour of the {whose}{ref}.",
    "What is the color of the {whose}{ref}?",
    "Name the colour of the {whose}{ref}.",
    "In which colour is the {whose}{ref} painted?",
)
_PATTERN = (
    "Is the {whose}{ref} plain, striped, dotted or checked?",
    "What pattern does the {whose}{ref} have: plain, striped, dotted or checked?",
    "Plain, striped, dotted or checked: what is the {whose}{ref}?",
    "Which pattern is on the {whose}{ref} (plain, striped, dotted or checked)?",
    "Find the {ref}. Is the {own} plain, striped, dotted or checked?",
    "Look closely at the {whose}{ref}: is it plain, striped, dotted or checked?",
    "How is the {whose}{ref} patterned: plain, striped, dotted or checked?",
    "Choose the right word for the {whose}{ref}: plain, striped, dotted or checked.",
)
_SHAPE = (
    "What shape is the {ref}?",
    "Which shape does the {ref} have?",
    "What is the shape of the {ref}?",
    "Is the {ref} a circle, a square or a triangle?",
    "Find the {ref}. What shape is it?",
    "Tell me the shape of the {ref}.",
    "Circle, square or triangle: what is the {ref}?",
    "Name the shape of the {ref}.",
)
_HOLDS = (
    "What thing is on the counter of the {ref}?",
    "What is sold at the {ref}?",
    "Which thing stands on the {ref}?",
    "What can be bought at the {ref}?",
    "Find the {ref}. What does it offer?",
    "Which thing does the {ref} have on its counter?",
    "Look at the {ref}: what is on sale there?",
    "What does the {ref} sell?",
)
_NAME = (
    "What is directly to the {beside} of the {ref}?",
    "Which thing is directly to the {beside} of the {ref}?",
    "Which thing stands next to the {ref} on its {beside} side?",
    "Find the {ref}. What stands directly to the {beside} of it?",
    "What comes directly to the {beside} of the {ref} in the same row?",
    "Name the thing right next to the {ref}, to the {beside}.",
    "In the row of the {ref}, what is its neighbour to the {beside}?",
    "Look to the {beside} of the {ref}: which thing is the first?",
)
_ACROSS = (
    "Is the {a} to the left or to the right of the {b}?",
    "On which side of the {b} is the {a}, left or right?",
    "Seen from the {b}, is the {a} to the left or to the right?",
    "Compare where they are: is the {a} left or right of the {b}?",
    "Left or right: where is the {a} relative to the {b}?",
    "Is the {a} farther left or farther right than the {b}?",
    "Where is the {a} in relation to the {b}, left or right?",
    "Would you have to look left or right of the {b} to see the {a}?",
)
_DOWN = (
    "Is the {a} above or below the {b}?",
    "Above or below: where is the {a} relative to the {b}?",
    "Is the {a} higher up in the picture than the {b} (above) or lower down (below)?",
    "Compare heights: is the {a} above or below the {b}?",
    "Where is the {a} in relation to the {b}, above or below?",
    "Does the {a} lie above or below the {b} in the picture?",
    "Looking from the {b}, is the {a} above or below?",
    "In this picture, is the {a} above or below the {b}?",
)
_NEARER = (
    "Which is nearer to the {c}: the {a} or the {b}?",
    "Is the {a} or the {b} nearer to the {c}?",
    "Which of the two is closer to the {c}, the {a} or the {b}?",
    "The {a} or the {b}: which is at the smaller distance from the {c}?",
    "Look at the {c}. Which is closer to it, the {a} or the {b}?",
    "Of the {a} and the {b}, which one is nearer to the {c}?",
    "What is closer to the {c}: the {a} or the {b}?",
    "Measured from the {c}, which is less far away, the {a} or the {b}?",
)
_TEMPLATES = {
    "text": _TEXT,
    "colour": _COLOUR,
    "pattern": _PATTERN,
    "shape": _SHAPE,
    "holds": _HOLDS,
    "name": _NAME,
    "across": _ACROSS,
    "down": _DOWN,
    "nearer": _NEARER,
}


def wording(kind: str, rng: Random, **words: str) -> str:
    """A question of a kind with its words filled in.

    >>> wording("nearer", Random(1), a="key", b="hat", c="red card").endswith("?")
    True
    """
    return rng.choice(_TEMPLATES[kind]).format(**words)


def lettered(options: tuple[str, ...]) -> str:
    r"""The options below the question.

    >>> lettered(("red", "blue"))
    '\nA. red\nB. blue'
    """
    return "".join(f"\n{chr(ord('A') + index)}. {option}" for index, option in enumerate(options))
