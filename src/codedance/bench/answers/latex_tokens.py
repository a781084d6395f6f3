r"""The vocabulary of the LaTeX reader that the official MATH-Vision scorer uses, as far as it decides about equality.

That reader (latex2sympy2 1.9.1) takes the longest literal at each place, also from the middle of a word: ``\times2``
is two tokens, and ``triangles`` begins with the keyword ``tr``. Every token here has the kind that says what it means
for a value: a number, an operator, a bracket, a function that ``math`` has, something whose presence makes the
comparison fail, or something that nothing can follow, which ends the expression and is passed over with all that
stands behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = ["Kind", "Token", "lex"]


class Kind(Enum):
    """What a token means to the reader of values."""

    NUMBER = "number"
    PERCENT = "percent"
    CONSTANT = "constant"
    """Pi and tau, the constants whose names Python's ``math`` knows."""
    SYMBOL = "symbol"
    """A letter or a sign that stands for an unknown: it has no value."""
    ACCENT = "accent"
    r"""A command that dresses up an unknown, as in ``\vec{a}``."""
    OPERATOR = "operator"
    OPEN = "open"
    CLOSE = "close"
    SIZE = "size"
    r"""``\left`` and ``\mleft``; their partners are of the kind CLOSE."""
    FUNCTION = "function"
    COMMAND = "command"
    r"""``\frac``, ``\sqrt``, ``\binom``, ``\gcd``, ``\lcm``, ``\operatorname``, and the letter e."""
    RELATION = "relation"
    SEPARATOR = "separator"
    FATAL = "fatal"
    """May follow an expression, but has no value that Python could work out."""
    IDLE = "idle"
    """Nothing that can follow an expression: what begins here is not read."""
    NAME = "name"
    r"""Like IDLE, but also an argument of ``\operatorname``."""
    UNKNOWN = "unknown"
    """No token of the language: an error as soon as it is looked at."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text."""

    kind: Kind
    text: str


def _words(text: str, prefix: str = "") -> list[str]:
    return [prefix + word for word in text.split()]


_TABLE: dict[Kind, list[str]] = {
    Kind.CONSTANT: [r"\pi", r"\tau"],
    Kind.OPERATOR: [
        *_words("+ - * / ^ _ ! : ' ^T ^{T}"),
        r"^{\top}",
        *_words("times cdot div over mod choose", "\\"),
    ],
    Kind.OPEN: [*"([{", r"\{", *_words("lgroup lbrace lbrack lfloor llcorner", "\\")],
    Kind.CLOSE: [*")]}", r"\}", *_words("rgroup rbrace rbrack rfloor lrcorner right mright", "\\")],
    Kind.SIZE: [r"\left", r"\mleft"],
    Kind.FUNCTION: _words(
        "log ln exp sin cos tan csc sec cot arcsin arccos arctan arccsc arcsec arccot sinh cosh tanh"
        " arsinh arcosh artanh arcsinh arccosh arctanh floor ceil det",
        "\\",
    ),
    Kind.COMMAND: ["e", r"\exponentialE", *_words("frac sqrt binom tbinom dbinom gcd lcm operatorname", "\\")],
    Kind.RELATION: [
        *_words("= == < > != !=="),
        *_words("equiv leq le leqslant geq ge geqslant ne neq in", "\\"),
        r"\not\equiv",
    ],
    Kind.SEPARATOR: [",", ";"],
    Kind.FATAL: ["|", r"\|", r"\infty", r"\partial", r"\variable"]
    + _words("lvert vert lceil ulcorner int sum prod lim max min", "\\")
    + [r"\begin{" + kind + "}" for kind in ("matrix", "pmatrix", "bmatrix", "vmatrix")],
    Kind.IDLE: [".", "&", r"\\", "<->", "<=>"]
    + _words("leftrightarrow Leftrightarrow xrightarrow xRightarrow rvert rceil urcorner", "\\")
    + _words("to rightarrow Rightarrow longrightarrow Longrightarrow", "\\")
    + [r"\end{" + kind + "}" for kind in ("matrix", "pmatrix", "bmatrix", "vmatrix")]
    + _words("matrix pmatrix bmatrix vmatrix"),
    Kind.NAME: _words(
        "arsinh arcsinh arcosh arccosh artanh arctanh gcd lcm floor ceil eye zeros ones cols rows diag norm rank trace"
        " tr rref hstack vstack orth ortho orthogonal orthogonalize nullspace eig eigen diagonalize eigenvals"
        " eigenvalues eigenvects eigenvectors svd SVD"
    ),
    Kind.SYMBOL: _words(
        "alpha beta Gamma gamma Delta delta epsilon varepsilon zeta eta Theta theta vartheta iota kappa Lambda lambda"
        " mu nu Xi xi omicron Pi varpi rho varrho Sigma sigma varsigma Upsilon upsilon Phi phi varphi chi Psi psi Omega"
        " omega Bbbk wp nabla bigstar angle nexists diagdown measuredangle eth emptyset diagup sphericalangle clubsuit"
        " varnothing Diamond complement diamondsuit imath Finv triangledown heartsuit jmath Game triangle spadesuit ell"
        " hbar vartriangle hslash blacklozenge lozenge blacksquare mho blacktriangle sharp prime Im flat square"
        " backprime Re natural surd circledS",
        "\\",
    ),
    Kind.ACCENT: _words(
        "acute bar overline breve check widecheck dot ddot grave hat tilde widetilde vec overrightarrow bm boldsymbol"
        " text textit mathbb mathbin mathbf mathcal mathclap mathclose mathellipsis mathfrak mathinner mathit"
        " mathnormal mathop mathopen mathord mathpunct mathrel mathring mathrlap mathrm mathscr mathsf mathsterling"
        " mathtt",
        "\\",
    ),
}
_KINDS = {text: kind for kind, texts in _TABLE.items() for text in texts}
_LITERAL = re.compile("|".join(re.escape(text) for text in sorted(_KINDS, key=len, reverse=True)))
_NUMBER = re.compile(r"(?:[0-9]*(?:,[0-9]{3})*\.[0-9]+|[0-9]+(?:,[0-9]{3})*)(\\%)?")
_SPACE = re.compile(r"[ \t\r\n]+|\\\$")
_LETTER = re.compile(r"[a-zA-Z]")


def lex(text: str) -> Iterator[Token]:
    r"""The tokens of a text; the first place that has none ends them with a token of the kind UNKNOWN.

    >>> [token.text for token in lex(r"2\times31,000.5x")]
    ['2', '\\times', '31,000.5', 'x']
    >>> list(lex("5°"))[-1].kind
    <Kind.UNKNOWN: 'unknown'>
    """
    place = 0
    while place < len(text):
        space = _SPACE.match(text, place)
        number = None if space else _NUMBER.match(text, place)
        literal = None if space or number else _LITERAL.match(text, place)
        if space:
            place = space.end()
        elif number:
            yield Token(Kind.PERCENT if number[1] else Kind.NUMBER, number[0])
            place = number.end()
        elif literal:
            yield Token(_KINDS[literal[0]], literal[0])
            place = literal.end()
        elif _LETTER.match(text, place):
            yield Token(Kind.SYMBOL, text[place])
            place += 1
        else:
            yield Token(Kind.UNKNOWN, text[place])
            return
