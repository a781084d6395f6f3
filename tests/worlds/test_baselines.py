"""What guessing is worth: computed right, and worth little in every cell of the worlds."""

from __future__ import annotations

import itertools

import pytest

from codedance.tasks.worlds import FAMILIES, Difficulty, make_scene
from codedance.tasks.worlds.baselines import ConstantAnswer, Question, best_constant, question_only


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


def test_nothing_to_guess_is_an_error() -> None:
    for call in (lambda: best_constant([]), lambda: question_only([], questions(("a?", "1")))):
        with pytest.raises(ValueError, match="needs questions"):
            call()


@pytest.mark.parametrize(("family", "difficulty"), list(itertools.product(FAMILIES, Difficulty)))
def test_no_cell_can_be_answered_without_its_picture(family: str, difficulty: Difficulty) -> None:
    scenes = (make_scene(family, difficulty, seed) for seed in range(5000, 5300))
    asked = [Question(scene.question, scene.answer) for scene in scenes]
    assert best_constant(asked).accuracy < 0.35
    assert question_only(asked[100:], asked[:100]) < 0.35
