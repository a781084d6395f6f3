"""What the oracle thinks about charts, in many wordings; fields in braces come from the picture and the question."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from codedance.tasks.worlds.charts.model import ChartFacts
from codedance.tasks.worlds.charts.naming import mark_noun, name_of, of_series

__all__ = ["PLANS", "listed", "read_out", "subject", "think"]


PLANS: dict[str, tuple[str, ...]] = {
    "legend": (
        "The question names {series}, so I need the legend first. I enlarge it.",
        "Which colour stands for {series}? Let me look at the legend.",
        "I zoom in on the legend to find the colour of {series}.",
        "First I look up {series} in the legend.",
        "The legend is small; I crop it to match {series} with a colour.",
    ),
    "look": (
        "The values are written in the chart, but small. I enlarge the part with {what}.",
        "I crop the part that shows {what} and read it there.",
        "Let me zoom in on {what}.",
        "The numbers stand at the marks. I look closer at {what}.",
        "I need the numbers of {what}; a larger crop makes them legible.",
        "To read {what} surely I cut that part out and enlarge it.",
    ),
    "closer": (
        "Still small. Within this crop I go closer to {what}.",
        "{What} can be found in this part; a second, tighter crop makes the numbers large.",
        "Good, this holds {what}. I cut again, closer.",
        "One step closer, to be sure of each digit.",
    ),
    "wrong look": (
        "I look for {what} here first.",
        "I zoom in on where I expect {what}.",
        "{What} should be about here; I enlarge it.",
        "Let me crop the part with {what}.",
    ),
    "missed": (
        "{What} cannot be seen in this crop. I look {where}.",
        "That was the wrong part. {What} must be {where}.",
        "This crop misses {what}; I have to go {where}.",
        "Not there yet. I look for {what} {where}.",
    ),
    "colour first": (
        "I will have to find {what} by colour. First I check that the name of the colour fits.",
        "Does the plain colour find {what}? I count the pixels that match.",
        "Before I measure {what} I test the colour mask.",
    ),
    "colour look": (
        "Code can find {what} by colour and cut out the number.",
        "I locate {what} with a colour mask and enlarge the place where the number stands.",
        "I search for the colour of {what} and crop around it.",
        "A mask of the colour finds {what}; its number is right there.",
    ),
    "race": (
        "I try the usual colours and let code see how far each of {what} goes.",
        "Code can look for each colour and compare {what}.",
        "Which colour wins can be measured: a mask for each colour, then a comparison.",
        "I measure {what} colour by colour and compare them.",
    ),
    "colour missed": (
        "Nothing matches: the colour is drawn in another shade. It looks like {shade}.",
        "0 pixels, so it is not pure {word}. I try {shade} instead.",
        "No pixel is near {word}; the shade looks more like {shade}.",
        "That name finds nothing. {shade} fits what I see better.",
    ),
    "exact missed": (
        "No pixel has exactly that colour, so I allow a small distance.",
        "0: the colour is a little off. I accept near ones too.",
        "An exact match finds nothing. I compare with a tolerance instead.",
    ),
    "axes": (
        "There are no numbers at the marks, so I measure. First I find the axes and ticks and look at the scale.",
        "I have to read the values off the axis. Code finds the ticks; the enlarged scale tells what they mean.",
        "To measure I need two points of the scale: tick positions by code, their numbers from a crop.",
        "The values are not written. I locate the axis and its ticks and enlarge their labels.",
        "I will convert pixels to values. For that I detect the ticks and read the scale.",
        "Step one is the scale: where the ticks are, and what they say.",
    ),
    "measure": (
        "The scale goes from {low} at the first tick to {high} at the last. Now I measure {what}.",
        "I read {low} and {high} at the ends of the scale. Next I find {what} and convert to values.",
        "The crop shows {low} at one end and {high} at the other. With the ticks I can turn {what} into numbers.",
        "So the ticks reach from {low} to {high}. I measure {what} in pixels and scale them.",
        "{low} and {high} mark the ends of the axis; a linear scale gives {what}.",
    ),
    "entry": (
        "{series} is {word}.",
        "The legend says: {series} is {word}.",
        "In the legend {series} has the colour {word}.",
        "According to the legend, {series} is drawn in {word}.",
    ),
    "compare": (
        "For a comparison pixels are enough; I need no scale. I measure {what}.",
        "I only have to compare, so I measure {what} in pixels.",
        "No numbers are needed to rank them: code can measure {what} and compare.",
        "Heights in pixels decide this. I let code find {what}.",
    ),
    "areas": (
        "No percentages are written, so I count the pixels of each slice.",
        "The area of a slice is its share. I count pixels of each colour.",
        "I measure the slices by their pixels and turn them into percentages.",
        "Code can count how many pixels each colour covers; that gives the shares.",
    ),
    "compute": (
        "Now I compute the answer from these values.",
        "With these numbers I can calculate what is asked.",
        "That gives me all values. I compute the result with code.",
        "I put the values together in code.",
        "The rest is arithmetic.",
    ),
    "check": (
        "To be sure I draw a line at the height that was measured and look at it.",
        "Let me check the measurement: I mark the height of the bar in the chart.",
        "I verify it with a line across the chart at the measured top.",
    ),
    "checked": (
        "The line touches the top of the bar and meets the axis where {value} belongs. The answer is {value}.",
        "The mark fits the bar, so {value} stands.",
        "The line lies on the top of the bar: {value}.",
    ),
    "again": (
        "Before I answer I check the numbers that I typed against the chart once more.",
        "A second look, to verify what I typed.",
        "I look at the numbers again to be sure that none is misread.",
    ),
    "agreed": (
        "All numbers are as I typed them. The answer is {answer}.",
        "The second look agrees: {answer}.",
        "Nothing was misread, so {answer} stands.",
    ),
    "ringed": (
        "I draw a ring around each point that was counted, to see whether one was missed.",
        "To check the count I mark every point that code found.",
        "Let me see what was counted: I circle the points.",
    ),
    "rings": (
        "Each of these points has one ring, and nothing else has. The answer is {answer}.",
        "The rings fit the points: {answer}.",
        "No point was left out and none counted twice, so it is {answer}.",
    ),
    "which": (
        "Position {place} is the one. I look at the name there.",
        "It is number {place}; I enlarge its name.",
        "Number {place} in order. Which name is that? I crop it.",
        "Now the name at position {place}.",
    ),
    "named": (
        "The name there is {answer}.",
        "It reads {answer}.",
        "That is {answer}.",
        "The crop shows {answer}.",
    ),
    "result": (
        "The result is {answer}.",
        "The code gives {answer}.",
        "It printed {answer}, which is the answer.",
        "So the answer is {answer}.",
        "{answer} is what was asked.",
        "The computation gives {answer}.",
    ),
    "seen": (
        "The crop shows {answer}.",
        "I read {answer}.",
        "Enlarged it is clear: {answer}.",
        "It says {answer}.",
        "There it is: {answer}.",
    ),
    "decided": (
        "{read} So it is {answer}.",
        "{read} Comparing them gives {answer}.",
        "{read} That makes it {answer}.",
    ),
}
"""Thoughts by the step that they belong to."""


def think(kind: str, rng: Random, **fields: object) -> str:
    """A thought of a kind; fields that begin a sentence are written with a capital letter."""
    text = rng.choice(PLANS[kind])
    filled = {name: str(value) for name, value in fields.items()}
    filled |= {name.capitalize(): value[:1].upper() + value[1:] for name, value in filled.items()}
    said = text.format(**filled)
    return said[0].upper() + said[1:]


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def subject(facts: ChartFacts) -> str:
    """What must be looked at, in words: some values by their names, or all of a series."""
    asked = facts.asked
    if len(asked.needed) <= 3 and asked.asks not in ("highest", "lowest", "rank", "inverse"):
        return listed([name_of(facts, place, by_colour=asked.by_colour) for place in asked.needed])
    if asked.asks == "inverse":
        return "the numbers"
    series = list(dict.fromkeys(series for series, _ in asked.needed))
    if facts.by_item or len(facts.entries) == 1:
        noun = mark_noun(facts)
        return "the points" if noun == "line" else f"the {noun}s"
    if len(series) == len(facts.entries) > 1:
        return f"all {'parts' if mark_noun(facts) == 'part' else mark_noun(facts) + 's'}"
    return listed([of_series(facts, one, by_colour=asked.by_colour) for one in series])


def read_out(names: Sequence[str], texts: Sequence[str], rng: Random) -> str:
    """What was read, as a sentence."""
    if len(texts) > 6 or not names or rng.random() < 0.3:
        return f"I read {listed(list(texts))}."
    return f"I read {listed([f'{name}: {text}' for name, text in zip(names, texts, strict=True)])}."
