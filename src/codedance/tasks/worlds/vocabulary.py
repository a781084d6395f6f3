"""The words of the worlds: what questions ask, what code says; a small tokenizer is built from them."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "CODE_LINES",
    "COLOURS",
    "COUNT_QUESTIONS",
    "FILLS",
    "GLYPH_KINDS",
    "LETTERS",
    "READ_QUESTIONS",
    "SHAPES",
    "SHAPE_QUESTIONS",
    "THOUGHTS",
]

COLOURS = ("red", "green", "blue", "yellow", "purple", "cyan")
"""Names that ``PIL.ImageColor`` knows, far apart from each other and from the light ground."""

SHAPES = ("circle", "square", "triangle")

GLYPH_KINDS: tuple[Literal["digit", "letter", "dots"], ...] = ("digit", "letter", "dots")

LETTERS = "ACEFHKLPTXYZ"
"""Capital letters that are told apart when small."""

COUNT_QUESTIONS = (
    "How many {colour} {noun} are there?",
    "Count the {colour} {noun}.",
    "What is the number of {colour} {noun}?",
)
"""``noun`` is ``objects``, or a shape in the plural."""

READ_QUESTIONS = {
    "digit": (
        "What digit is on the {colour} card?",
        "Read the digit on the {colour} card.",
        "Which digit does the {colour} card show?",
    ),
    "letter": (
        "What letter is on the {colour} card?",
        "Read the letter on the {colour} card.",
        "Which letter does the {colour} card show?",
    ),
    "dots": (
        "How many dots are on the {colour} card?",
        "Count the dots on the {colour} card.",
        "What is the number of dots on the {colour} card?",
    ),
}

SHAPE_QUESTIONS = (
    "What shape is the {colour} card?",
    "Which shape does the {colour} card have?",
    "What is the shape of the {colour} card?",
)

FILLS = {"triangle": (0.0, 0.65), "circle": (0.65, 0.9), "square": (0.9, 2.0)}
"""Share of its bounding box that a shape fills: a half, pi / 4, all of it."""

CODE_LINES = {
    "import": "import cv2\nimport numpy as np\nfrom PIL import ImageColor\n",
    "near": "near = np.abs(np.array(input_image).astype(int) - ImageColor.getrgb('{colour}')).sum(2) < 60\n",
    "where": "rows, columns = np.where(near)\n",
    "crop": "input_image.crop((columns.min() - 9, rows.min() - 9, columns.max() + 9, rows.max() + 9))",
    "components": "count, labels, stats, centres = cv2.connectedComponentsWithStats(near.astype(np.uint8))\n",
    "sizes": "sizes = stats[1:, 4]\n",
    "count": "print((sizes > 40).sum())",
    "fills": (
        "low, high = {{'triangle': (0, 0.65), 'circle': (0.65, 0.9), 'square': (0.9, 2)}}['{shape}']\n"
        "fill = sizes / (stats[1:, 2] * stats[1:, 3])\n"
    ),
    "count_shape": "print(((sizes > 40) & (fill >= low) & (fill < high)).sum())",
}
"""The pieces of which the oracle's code is made; fields in braces are words of the question."""

THOUGHTS = {
    "search": ("I crop the {colour} card and look at it.", "I find the {colour} card and zoom in."),
    "read": ("The crop shows it.", "Now I can read it."),
    "count": ("I count the {colour} {noun} with code.", "Code can find and count the {colour} {noun}."),
    "counted": ("The code counted {answer}.", "The count is {answer}."),
    "seen": ("I can see it.",),
}
