"""What is asked about the objects of a picture, in many wordings."""

from __future__ import annotations

from random import Random

__all__ = ["ASKS", "QUESTIONS", "listed", "worded"]

ASKS = ("kind", "group", "two", "difference", "region", "kinds", "most", "all")
"""Kinds of questions."""

_COUNT = (
    "How many {a} are there?",
    "How many {a} are in the picture?",
    "Count the {a}.",
    "What is the number of {a}?",
    "How many {a} can you see?",
    "How many {a} do you see in this image?",
    "Count how many {a} the picture shows.",
    "Please count the {a} in the image.",
    "What is the total number of {a} in the image?",
    "Tell me how many {a} there are.",
)
QUESTIONS: dict[str, tuple[str, ...]] = {
    "kind": _COUNT,
    "group": (*_COUNT, "How many {a} are there, taking all kinds together?", "Count all {a}, whatever kind they are."),
    "two": (
        "How many {a} and {b} are there altogether?",
        "Count the {a} and the {b}. How many are there in total?",
        "What is the number of {a} plus the number of {b}?",
        "How many {a} and {b} does the picture show in all?",
        "If you put all the {a} and {b} together, how many would you have?",
        "Add up the {a} and the {b}: what is the sum?",
        "Taken together, how many {a} and {b} are there?",
        "How many objects are {a} or {b}?",
    ),
    "difference": (
        "What is the difference between the number of {a} and the number of {b}?",
        "By how many do the numbers of {a} and {b} differ?",
        "How far apart are the counts of {a} and {b}?",
        "Compare the {a} with the {b}: how many more are there of the more frequent ones?",
        "Count {a} and {b}. How many more are there of one than of the other?",
        "Of {a} and {b}, one may be more frequent. By how many?",
        "How large is the gap between the number of {a} and that of {b}?",
        "Subtract the smaller from the larger of the two counts, {a} and {b}. What do you get?",
    ),
    "region": (
        "How many {a} are {where}?",
        "Count the {a} {where}.",
        "What is the number of {a} {where}?",
        "How many {a} can be seen {where}?",
        "Looking only at what is {where}, how many {a} are there?",
        "How many {a} do you find {where}?",
        "Only what is {where} matters: how many {a} are there?",
        "Tell me how many {a} are {where}.",
    ),
    "kinds": (
        "How many different kinds of objects are there?",
        "How many kinds of things does the picture show?",
        "Count the different kinds of objects in the picture.",
        "What is the number of distinct kinds of objects?",
        "Several objects may be of the same kind. How many different kinds are there?",
        "How many different types of things can you see?",
        "If equal objects count once, how many objects are there?",
        "Into how many kinds can the objects be sorted?",
    ),
    "most": (
        "Which of these is there most of: {list}?",
        "What is there most of: {list}?",
        "Which are the most numerous: {list}?",
        "Of {list}, which are there the most of?",
        "Compare the numbers of {list}. Which number is the largest?",
        "Which of the following appear most often: {list}?",
        "Which kind is the most frequent one: {list}?",
        "Of which kind are there the most objects: {list}?",
    ),
    "most_of_options": (
        "Which of these is there most of?",
        "What is there most of in the picture?",
        "Which are the most numerous?",
        "Which of the following appear most often?",
        "Compare the numbers of these things. Which number is the largest?",
        "Of which kind does the picture show the most objects?",
        "Which kind is the most frequent one?",
        "Count these things and choose the most frequent ones.",
    ),
    "all": (
        "How many objects are there in total?",
        "How many things are in the picture?",
        "Count all objects in the picture.",
        "What is the total number of objects?",
        "How many things can you see altogether?",
        "Count everything that lies or stands here. How many things are there?",
        "How many single objects does the image show?",
        "What is the overall number of things?",
    ),
}
"""Templates by kind of question (``most_of_options`` where the options follow): ``a`` and ``b`` are plurals, ``where``
an area, ``list`` names joined by commas."""
_FURNITURE = {
    "plates": " Do not count the plates.",
    "frame": " Do not count the frame.",
    "shelves": " Do not count the shelves.",
}


def worded(asks: str, rng: Random, *, names: tuple[str, ...], where: str, layout: str, options: tuple[str, ...]) -> str:
    """A question of a kind.

    Args:
        asks: one of :data:`ASKS`.
        rng: chooses the wording.
        names: plurals of the kinds, or the group's name.
        where: the area, for ``region``.
        layout: the arrangement: furniture is no object.
        options: lettered options that follow the question.
    """
    a, b = (*names, "", "")[:2]
    key = "most_of_options" if options else asks
    text = rng.choice(QUESTIONS[key]).format(a=a, b=b, where=where, list=listed(names, "or"))
    lettered = "".join(f"\n{chr(ord('A') + index)}. {option}" for index, option in enumerate(options))
    return text + (_FURNITURE.get(layout, "") if asks in ("all", "kinds") else "") + lettered


def listed(names: tuple[str, ...], word: str) -> str:
    """Names as in a sentence.

    >>> listed(("cats", "dogs", "keys"), "or")
    'cats, dogs or keys'
    """
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
