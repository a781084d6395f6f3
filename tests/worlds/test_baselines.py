"""What guessing is worth: computed right, and worth little in every cell of the worlds."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from random import Random

import pytest

from codedance.rewards import matches
from codedance.schema import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, TextAnswer
from codedance.tasks.worlds import FAMILIES, Difficulty, make_scene
from codedance.tasks.worlds.baselines import (
    ConstantAnswer,
    Question,
    best_constant,
    blind_result,
    question_form,
    question_only,
    same_answer,
)


def questions(*pairs: tuple[str, str]) -> list[Question]:
    return [Question(question, answer) for question, answer in pairs]


def test_the_best_constant_is_the_most_common_answer() -> None:
    asked = questions(("a?", "3"), ("b?", "circle"), ("c?", "3"), ("d?", "7"))
    assert best_constant(asked) == ConstantAnswer("3", 0.5)


def test_the_order_of_the_questions_does_not_decide_between_equals() -> None:
    asked = questions(("a?", "3"), ("b?", "4"))
    assert best_constant(asked) == best_constant(asked[::-1])


def test_a_question_alone_can_tell_its_answer() -> None:
    train = questions(("What shape is the red card?", "circle"), ("What digit is on the red card?", "4"))
    test = questions(("What shape is the blue card?", "circle"), ("What digit is on the cyan card?", "5"))
    assert question_only(train, test) == 0.5


def test_a_form_that_was_never_seen_gets_the_most_common_answer() -> None:
    train = questions(("Count the red circles.", "2"), ("Count the blue circles.", "2"), ("How many?", "5"))
    assert question_only(train, questions(("Something else?", "2"))) == 1.0


LEAKS: dict[str, Callable[[Random, int], tuple[str, str, tuple[str, ...]]]] = {
    "one answer is common": lambda rng, n: (f"How many on card {n}?", rng.choice("3333333124"), ()),
    "a wording tells": lambda rng, n: ask(("How many shapes?", "Count the shapes.", "Shapes?"), "371", n, rng),
    "a colour tells": lambda rng, n: ask(("Is it red?", "Is it blue?", "Is it green?"), "ABC", n, rng),
    "a word tells": lambda rng, n: (f"{letters(rng, 4)} {('mo', 'ni')[n % 2]} {letters(rng, 5)}?", "AB"[n % 2], ()),
    "the question says it": lambda rng, n: echoed(rng),
    "a number tells": lambda rng, n: tripled(rng.randint(5, 999)),
    "numbers are near": lambda rng, n: (f"How long is part {n}?", str(rng.randint(96, 104)), ()),
    "one option is common": lambda rng, n: chosen(rng, sorted(rng.sample(("dog", "cat", "owl", "bee"), 3)), "dog"),
    "the middle option": lambda rng, n: middle(rng),
}


def tripled(number: int) -> tuple[str, str, tuple[str, ...]]:
    return f"The board has {number} squares. How many?", str(3 * number), ()


def letters(rng: Random, count: int) -> str:
    return "".join(rng.choice("abcdefghijklmnop") for _ in range(count))


def ask(questions: tuple[str, ...], answers: str, n: int, rng: Random) -> tuple[str, str, tuple[str, ...]]:
    return questions[n % 3], answers[n % 3] if rng.random() < 0.9 else rng.choice(answers), ()


def echoed(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    one, other = rng.sample([f"{letters(rng, 6)}" for _ in range(5)], 2)
    return f"Which is longer, {one} or {other}?", other, ()


def chosen(rng: Random, options: list[str], right: str) -> tuple[str, str, tuple[str, ...]]:
    if right not in options:
        options[0] = right
    rng.shuffle(options)
    return "Which is it?", "ABC"[options.index(right)], tuple(options)


def middle(rng: Random) -> tuple[str, str, tuple[str, ...]]:
    options = sorted(rng.sample(range(10, 999), 3))
    return chosen(rng, [str(one) for one in options], str(options[1]))


@pytest.mark.parametrize("leak", LEAKS)
def test_whatever_a_question_gives_away_is_found(leak: str) -> None:
    rng = Random(leak)
    asked = []
    for n in range(300):
        question, answer, options = LEAKS[leak](rng, n)
        known = NumberAnswer(value=float(answer), tolerance=4) if leak == "numbers are near" else None
        asked.append(Question(question, answer, "leak", options, known))
    result = blind_result(asked[100:], asked[:100])
    assert result.accuracy > 0.6, result
    assert result.by_asks == {"leak": result.accuracy}


def test_what_is_pure_chance_is_not_guessed() -> None:
    rng = Random(5)
    asked = [Question(f"How many {letters(rng, 5)}?", str(rng.randint(0, 9))) for _ in range(450)]
    assert question_only(asked[150:], asked[:150]) < 0.25


def test_the_answers_of_the_test_are_never_looked_at() -> None:
    rng = Random(6)
    train = [Question(f"How many on card {n}?", str(rng.randint(0, 9))) for n in range(100)]
    test = [Question(f"What is on card {n}?", "blue") for n in range(50)]
    assert question_only(train, test) == 0.0


def test_each_kind_of_question_has_its_own_solver() -> None:
    rng = Random(7)
    asked = []
    for n in range(200):
        number = rng.randint(5, 999)
        asked.append(Question(f"The board has {number} squares. How many?", str(2 * number), "twice"))
        asked.append(Question(f"Which colour has card {n}?", rng.choice(("red", "red", "red", "blue")), "colour"))
    result = blind_result(asked[100:], asked[:100])
    assert result.by_asks["twice"] == 1.0
    assert result.by_asks["colour"] > 0.6
    assert result.accuracy == pytest.approx((result.by_asks["twice"] + result.by_asks["colour"]) / 2)


def test_the_comparison_is_the_callers() -> None:
    asked = questions(*[(f"Card {n}?", "seven") for n in range(10)])
    assert question_only(asked, asked[:5], right=lambda guess, known: False) == 0.0
    assert best_constant(asked, right=lambda guess, known: False).accuracy == 0.0
    near = [Question("?", "10", reference=NumberAnswer(value=10, tolerance=1)), *questions(("?", "11"), ("?", "12"))]
    assert best_constant(near, right=matches).accuracy == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("guess", "known", "right"),
    [
        ("12", NumberAnswer(value=10, tolerance=2), True),
        ("12.1", NumberAnswer(value=10, tolerance=2), False),
        ("twelve", NumberAnswer(value=12), False),
        ("B", ChoiceAnswer(letter="B"), True),
        ("C", ChoiceAnswer(letter="B"), False),
        ("red", TextAnswer(accepted=("crimson", "red")), True),
        ("x", MathAnswer(latex="x"), True),
    ],
)
def test_the_plain_comparison_agrees_with_the_rewards(guess: str, known: Answer, right: bool) -> None:
    assert same_answer(guess, known) == right
    if guess != "twelve":
        assert matches(guess, known) == right


def test_a_constant_number_lies_where_most_ranges_meet() -> None:
    asked = [Question("?", str(v), "", (), NumberAnswer(value=v, tolerance=5)) for v in (0, 20, 24, 29, 60, 100)]
    assert best_constant(asked).accuracy == 0.5


def test_scenes_and_their_questions_are_alike() -> None:
    scenes = [make_scene("search", Difficulty.EASY, seed) for seed in range(60)]
    asked = [Question.of(scene) for scene in scenes]
    assert best_constant(scenes) == best_constant(asked)
    assert blind_result(scenes[20:], scenes[:20]) == blind_result(asked[20:], asked[:20])


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("How many red apples are there?", "How many COLOUR THING are there?"),
        ("Which is nearer to Oak Hill, the cat or the dog?", "Which is nearer to NAME, the THING or the THING?"),
        ("What is written in row 12?", "What is written in row NUMBER?"),
        ('Find "2019 sales".', "Find NAME."),
    ],
)
def test_the_form_of_a_question_hides_what_is_drawn_at_random(question: str, form: str) -> None:
    assert question_form(question) == form


def test_options_are_no_part_of_the_form() -> None:
    asked = "Which?\nA. dog\nB. 12 cats"
    assert question_form(asked, ("dog", "12 cats")) == "Which?\nA. OPTION\nB. OPTION"


def test_nothing_to_guess_is_an_error() -> None:
    for call in (lambda: best_constant([]), lambda: question_only([], questions(("a?", "1")))):
        with pytest.raises(ValueError, match="needs questions"):
            call()


@pytest.mark.parametrize(("family", "difficulty"), list(itertools.product(("counting", "search"), Difficulty)))
def test_the_first_families_cannot_be_answered_without_their_pictures(family: str, difficulty: Difficulty) -> None:
    asked = [Question.of(make_scene(family, difficulty, seed)) for seed in range(5000, 5300)]
    assert best_constant(asked, right=matches).accuracy < 0.35
    assert question_only(asked[100:], asked[:100], right=matches) < 0.35


@pytest.mark.parametrize(("family", "difficulty"), list(itertools.product(FAMILIES, Difficulty)))
def test_no_cell_is_solved_without_its_picture(family: str, difficulty: Difficulty) -> None:
    # So few scenes show a gross mistake only; each family's own tests look closer.
    asked = [Question.of(make_scene(family, difficulty, seed)) for seed in range(5000, 5045)]
    assert best_constant(asked, right=matches).accuracy <= 0.5
    assert question_only(asked[15:], asked[:15], right=matches) <= 0.6
