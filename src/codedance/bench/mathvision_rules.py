r"""The official scorer of MATH-Vision, step by step: find the answer in a reply, clean it, compare it.

Follows ``evaluation/evaluate.py`` and ``utils.py`` of the benchmark's repository (commit 31585b8), whose order of steps
matters: every replacement works on what the one before left. Where the official code calls ``eval`` on what
latex2sympy2 made of the text, :func:`codedance.bench.answers.latex_value.latex_value` works out the number.
"""

from __future__ import annotations

from codedance.bench.answers.latex_value import NoValueError, latex_value

__all__ = ["clean_answer", "find_answer", "official_equal"]

_LETTERS = "ABCDE"
_PHRASES = ("the final answer is", "the answer is", "the correct answer is", "the answer should be")
_BEFORE_STRIP = (
    (" ", ""),
    (r"\,", ""),
    ("∞", r"\infty"),
    (r"+\infty", r"\infty"),
    ("\\\\", "\\"),
    ("\n", ""),
    (r"\text", ""),
    (r"\mbox", ""),
    ("bmatrix", "pmatrix"),
    (r"\left", ""),
    (r"\right", ""),
    (r"^{\circ}", ""),
    (r"^\circ", ""),
    ("{m}^3", ""),
    ("m^3", ""),
    ("{units}", ""),
    ("units", ""),
    ("{km}", ""),
    ("km", ""),
    # From here on the official _strip_string.
    ("\n", ""),
    (r"\!", ""),
    ("\\\\", "\\"),
    ("tfrac", "frac"),
    ("dfrac", "frac"),
    (r"\left", ""),
    (r"\right", ""),
    (r"^{\circ}", ""),
    (r"^\circ", ""),
    (r"\$", ""),
    ("$", ""),
)
_LONGEST_NUMBER = 10_000


def find_answer(reply: str) -> str:
    r"""What the official scorer takes to be the answer: lower case, without spaces and decoration.

    >>> find_answer("so the correct answer is D."), find_answer(r"Hence $\boxed{\text{B}}$"), find_answer("x = 11 ")
    ('d', 'b', '11')
    """
    found = reply.strip()
    for letter in _LETTERS:
        ends = (f" {letter}.", f" ({letter}).")
        starts = (f"{letter}\n", f"({letter})\n", f"({letter}) {letter}\n")
        if found.endswith(ends) or found.startswith(starts):
            found = letter
    last = found.rpartition("is ")[2].rstrip(".")
    if _is_number(last):
        found = last
    if "oxed{" not in found:
        found = _after_phrases(found)
    elif found.count("oxed{") > 1:
        found = r"\boxed{" + found.rpartition("oxed{")[2]
    found = clean_answer(found)
    for letter in _LETTERS.lower():
        found = found.replace(f"({letter})", letter)
    for letter in _LETTERS.lower():
        found = found.replace(f"{{{letter}}}", letter)
    return found.rstrip(".").lstrip(":").strip()


def _after_phrases(text: str) -> str:
    for phrase in _PHRASES:
        for form in (phrase, phrase.replace("the", "The")):
            found = form in text
            text = text.rpartition(form)[2].strip()
            if found:
                text = text.partition("\n")[0].partition(". ")[0]
    return text


def _is_number(text: str) -> bool:
    if len(text) > _LONGEST_NUMBER:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def clean_answer(text: str) -> str:
    r"""The content of ``\boxed``, what stands behind ``=``, without units, sizes, spaces; ``1/2`` as a fraction."""
    text = text.lower().replace("{}", "")
    begin, end = text.find("oxed{"), text.rfind("}")
    if begin >= 0 and end >= begin + len("oxed{"):
        text = text[begin + len("oxed{") : end]
    closing, opening = text.find("}"), text.find("{")
    if closing >= 0 and (opening < 0 or closing < opening):
        text = text[:closing]
    text = text.rpartition("=")[2].rpartition(r"\approx")[2]
    for old, new in _BEFORE_STRIP:
        text = text.replace(old, new)
    text = text.partition(r"\text{ ")[0].replace(r"\%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    if text.startswith("."):
        text = "0" + text
    for mark in ("=", r"\approx"):
        if text.count(mark) == 1:
            text = text.partition(mark)[2]
    if "sqrt" in text:
        text = _braced_roots(text)
    text = text.replace(" ", "")
    if "sqrt" in text:
        text = _braced_fractions(text)
    if text == "0.5":
        text = r"\frac{1}{2}"
    return _slash_as_fraction(text)


def _braced_roots(text: str) -> str:
    r"""``\sqrt3`` becomes ``\sqrt{3}``."""
    first, *rest = text.split(r"\sqrt")
    return first + "".join(
        rf"\sqrt{{{part[0]}}}{part[1:]}" if part and part[0] != "{" else rf"\sqrt{part}" for part in rest
    )


def _braced_fractions(text: str) -> str:
    r"""``\frac12`` becomes ``\frac{1}{2}``, in texts that have a root; unchanged if a fraction lacks a part."""
    first, *rest = text.split(r"\frac")
    parts = [first]
    for part in rest:
        if part.startswith("{"):
            parts.append(rf"\frac{part}")
        elif len(part) < 2:
            return text
        else:
            below = part[1] if part[1] == "{" else f"{{{part[1]}}}"
            parts.append(rf"\frac{{{part[0]}}}{below}{part[2:]}")
    return "".join(parts)


def _slash_as_fraction(text: str) -> str:
    r"""``7/3`` becomes ``\frac{7}{3}`` if both are whole numbers written plainly."""
    if text.count("/") != 1 or len(text) > _LONGEST_NUMBER:
        return text
    above, below = text.split("/")
    try:
        plain = text == f"{int(above)}/{int(below)}"
    except ValueError:
        return text
    return rf"\frac{{{above}}}{{{below}}}" if plain else text


def official_equal(reference: str, answer: str) -> bool:
    r"""The official ``is_equal``: the same text, the same rounded tuple, or values that agree when rounded to 0.01.

    >>> official_equal("5", "5.004"), official_equal("(3, -4)", "(6/2,-4)"), official_equal("A", "a")
    (True, False, True)
    """
    answer, reference = answer.lower(), reference.lower()
    if not answer.replace(" ", "") or not reference.replace(" ", ""):
        return False
    if answer.strip() == reference.strip():
        return True
    answer, reference = _rounded_tuple(answer), _rounded_tuple(reference)
    if answer == reference:
        return True
    try:
        return bool(_rounded(reference) == _rounded(answer))
    except NoValueError:
        return False


def _rounded_tuple(text: str) -> str:
    """A tuple or list with its parts worked out and rounded; any other text as it is, also if a part has no value."""
    parts = text[1:-1].split(",")
    if len(parts) < 2 or (text[0], text[-1]) not in (("(", ")"), ("[", "]")):
        return text
    try:
        worked = [part if "infty" in part or part in ("a", "-a") else str(_rounded(part)) for part in parts]
    except NoValueError:
        return text
    return f"{text[0]}{','.join(worked)}{text[-1]}"


def _rounded(text: str) -> int | float:
    return round(latex_value(text), 2)
