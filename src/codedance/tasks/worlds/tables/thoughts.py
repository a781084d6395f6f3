"""What the oracle thinks about tables, in many wordings; fields in braces come from the picture and the question."""

from __future__ import annotations

from random import Random

__all__ = ["table_thought"]

_THOUGHTS: dict[str, tuple[str, ...]] = {
    "look": (
        "The table is small, so I enlarge {what}.",
        "I crop {what} and read it there.",
        "Let me zoom in on {what}.",
        "To read the entries surely I cut out {what} and enlarge it.",
        "I need {what}; a larger crop makes it legible.",
        "The writing is too small as it is. I look closer at {what}.",
    ),
    "closer": (
        "Still small. Within this crop I go closer to {what}.",
        "This part holds {what}; a second, tighter crop makes the writing large.",
        "Good, {what} is in here. I cut again, closer.",
        "One step closer, to be sure of each digit.",
    ),
    "wrong look": (
        "I look for {what} here first.",
        "{What} should be about here; I enlarge that part.",
        "Let me crop where I expect {what}.",
        "I zoom in to find {what}.",
    ),
    "missed": (
        "{What} cannot be seen in this crop. I look {where}.",
        "That was the wrong part. {What} must be {where}.",
        "This crop misses {what}; I have to go {where}.",
        "Not there yet. I look for {what} {where}.",
    ),
    "lines": (
        "I let code find the lines between the rows, so that I can cut out the right one.",
        "The rows are ruled: code can list the rows of pixels that are lines.",
        "First I locate the ruling lines of the table.",
        "Where are the row borders? A count of dark pixels in each row of pixels tells.",
    ),
    "ink": (
        "The rows have no lines between them, but code can find the lines of writing.",
        "I find the lines of text by their ink, to cut out the right one.",
        "A projection of the dark pixels gives the lines of writing.",
        "First I locate every line of writing in the picture.",
    ),
    "strip": (
        "{Row} is line {place} of these. I cut it out together with the header.",
        "Counting down, {row} is number {place} in this list. I enlarge it and the header.",
        "The line of {row} is entry {place}; I show it below the header.",
        "I take entry {place} for {row} and the header line, enlarged.",
    ),
    "colour": (
        "The {c} ground can be found by code; I crop it and read.",
        "A colour mask finds the {c} ground, and a crop shows what is written there.",
        "I search for {c} and enlarge what it covers.",
        "Code locates the {c} pixels; I look at that part.",
    ),
    "read": (
        "I read {texts}.",
        "The entries are {texts}.",
        "It shows {texts}.",
        "The crop gives {texts}.",
    ),
    "compute": (
        "Now I compute the answer.",
        "With these numbers code can do the rest.",
        "I put them into code.",
        "The rest is arithmetic.",
        "Let me calculate.",
    ),
    "again": (
        "Before I answer I check the numbers that I typed against the table once more.",
        "I look at the entries a second time to be sure that none is misread.",
        "A second look, to verify what I typed.",
    ),
    "checked": (
        "All entries are as I typed them. The answer is {answer}.",
        "The second look agrees: {answer}.",
        "Nothing was misread, so {answer} stands.",
    ),
    "seen": (
        "The entry is {answer}.",
        "It says {answer}.",
        "I read {answer}.",
        "There it is: {answer}.",
        "The crop shows {answer}.",
    ),
    "decided": (
        "I compare the entries; it is {answer}.",
        "Comparing them gives {answer}.",
        "So it is {answer}.",
    ),
    "result": (
        "The result is {answer}.",
        "The code gives {answer}.",
        "It printed {answer}, which is the answer.",
        "So the answer is {answer}.",
        "{answer} is what was asked.",
        "The computation gives {answer}.",
    ),
}


def table_thought(kind: str, rng: Random, **fields: object) -> str:
    """A thought of a kind; fields that begin a sentence are written with a capital letter.

    >>> table_thought("checked", Random(0), answer=7).count("7")
    1
    """
    filled = {name: str(value) for name, value in fields.items()}
    filled |= {name.capitalize(): value[:1].upper() + value[1:] for name, value in filled.items()}
    said = rng.choice(_THOUGHTS[kind]).format(**filled)
    return said[0].upper() + said[1:]
