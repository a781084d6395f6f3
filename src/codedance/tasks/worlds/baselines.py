"""How well questions can be answered without looking: if nearly as well as with the picture, they are no test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codedance.schema import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer
from codedance.tasks.worlds.blind import SOLVERS, Guess, most_right, question_form, question_kind
from codedance.tasks.worlds.question import Question
from codedance.tasks.worlds.scene import Scene

__all__ = [
    "BlindResult",
    "ConstantAnswer",
    "Question",
    "Right",
    "best_constant",
    "best_constants",
    "blind_result",
    "question_form",
    "question_only",
    "same_answer",
]

Right = Callable[[str, Answer], bool]
"""Is a guess right? ``codedance.rewards.matches`` is such a comparison."""

_FOLDS = 5
_TRUST = 10
"""How many questions of one kind weigh as much as a solver's record on all of them."""


@dataclass(frozen=True, slots=True)
class ConstantAnswer:
    """One answer given to every question."""

    answer: str
    accuracy: float
    """Share of the questions for which it is right."""


@dataclass(frozen=True, slots=True)
class BlindResult:
    """What who knows only the questions gets right."""

    accuracy: float
    solver: str
    """The solver that answered most of them."""
    by_asks: dict[str, float]
    """Accuracy for each kind of question, in the order of their names."""


def same_answer(guess: str, known: Answer) -> bool:
    """The plainest comparison: numbers within their tolerance, letters and texts letter by letter.

    >>> same_answer("12", NumberAnswer(value=10, tolerance=2)), same_answer("b", ChoiceAnswer(letter="B"))
    (True, False)
    """
    match known:
        case NumberAnswer(value=value, tolerance=tolerance):
            try:
                return abs(float(guess) - value) <= tolerance + 1e-9
            except ValueError:
                return False
        case ChoiceAnswer(letter=letter):
            return guess == letter
        case TextAnswer(accepted=accepted):
            return guess in accepted
        case MathAnswer(latex=latex):
            return guess == latex


def best_constant(asked: Sequence[Scene | Question], *, right: Right = same_answer) -> ConstantAnswer:
    """The answer that is right most often, chosen with these very questions in sight.

    Raises:
        ValueError: there are no questions.
    """
    questions = _questions(asked)
    answer = most_right(questions)
    return ConstantAnswer(answer, sum(right(answer, one.known) for one in questions) / len(questions))


def best_constants(asked: Sequence[Scene | Question], *, right: Right = same_answer) -> dict[str, ConstantAnswer]:
    """The best constant for each kind of question, in the order of their names."""
    return {name: best_constant(group, right=right) for name, group in _by_asks(_questions(asked)).items()}


def question_only(
    train: Sequence[Scene | Question], test: Sequence[Scene | Question], *, right: Right = same_answer
) -> float:
    """Accuracy on ``test`` of who knows the question but not the picture; see :func:`blind_result`."""
    return blind_result(train, test, right=right).accuracy


def blind_result(
    train: Sequence[Scene | Question], test: Sequence[Scene | Question], *, right: Right = same_answer
) -> BlindResult:
    """How well the questions of ``test`` are answered by who has learnt from ``train`` and sees no picture.

    For each kind of question that solver answers which did best in cross-validation on ``train``; where a kind is rare,
    its record on all questions decides. ``test`` decides nothing.

    Args:
        train: other questions with their answers; twice as many as in ``test`` or more give a fair picture.
        test: what is to be answered.
        right: is a guess right?

    Raises:
        ValueError: either is empty.
    """
    known, asked = _questions(train), _questions(test)
    choice = _chosen_solvers(known, right)
    fitted: dict[str, Guess] = {name: SOLVERS[name](known) for name in {*choice.by_kind.values(), choice.otherwise}}
    used: Counter[str] = Counter()
    hits: dict[str, list[bool]] = {name: [] for name in _by_asks(asked)}
    for one in asked:
        solver = choice.by_kind.get(question_kind(one), choice.otherwise)
        used[solver] += 1
        hits[one.asks].append(right(fitted[solver](one), one.known))
    by_asks = {name: sum(found) / len(found) for name, found in hits.items()}
    return BlindResult(sum(map(sum, hits.values())) / len(asked), used.most_common(1)[0][0], by_asks)


@dataclass(frozen=True, slots=True)
class _Choice:
    by_kind: dict[str, str]
    """Solver for each kind of question that was seen."""
    otherwise: str


def _chosen_solvers(known: Sequence[Question], right: Right) -> _Choice:
    hits: dict[str, list[bool]] = {name: [False] * len(known) for name in SOLVERS}
    folds = min(_FOLDS, len(known))
    for fold in range(folds if len(known) > 1 else 0):
        seen = [one for index, one in enumerate(known) if index % folds != fold]
        for name, solver in SOLVERS.items():
            guess = solver(seen)
            for index in range(fold, len(known), folds):
                hits[name][index] = right(guess(known[index]), known[index].known)
    overall = {name: sum(found) / len(known) for name, found in hits.items()}
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(known):
        places[question_kind(one)].append(index)

    def best(indices: Sequence[int]) -> str:
        # Between equals the plainer solver, which comes first.
        return max(SOLVERS, key=lambda name: sum(hits[name][index] for index in indices) + _TRUST * overall[name])

    return _Choice({kind: best(indices) for kind, indices in places.items()}, best(()))


def _by_asks(questions: Sequence[Question]) -> dict[str, list[Question]]:
    groups: defaultdict[str, list[Question]] = defaultdict(list)
    for one in questions:
        groups[one.asks].append(one)
    return dict(sorted(groups.items()))


def _questions(asked: Sequence[Scene | Question]) -> list[Question]:
    if not asked:
        raise ValueError("a baseline needs questions")
    return [Question.of(one) if isinstance(one, Scene) else one for one in asked]
