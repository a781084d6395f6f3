"""Rewards, advantages and turn credit: numbers worked by hand and by an independent reading of the equations."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from codedance.errors import UsageError
from codedance.rewards import (
    VARIANTS,
    Attempt,
    CallOutcome,
    Curve,
    GroupReward,
    RewardSettings,
    Unscored,
    WeightSet,
    break_even,
    clipped_advantages,
    difficulty,
    group_advantages,
    normalised,
    score_batch,
    turn_returns,
    variant_named,
)
from tests.rewards.reference import worked

EXAMPLE = json.loads((Path(__file__).parents[2] / "examples" / "attempts.json").read_text())


def attempt(right: bool, *calls: str, well_formed: bool = True, mathematics: bool = False) -> Attempt:
    weights = WeightSet.MATHEMATICS if mathematics else WeightSet.DEFAULT
    outcomes = tuple(CallOutcome(call) for call in calls)
    return Attempt(correct=right, format_ok=well_formed, calls=outcomes, weights=weights)


def score(*group: Attempt | Unscored, variant: str = "bat", settings: RewardSettings | None = None) -> GroupReward:
    (result,) = score_batch([group], variant=VARIANTS[variant], settings=settings)
    return result


def rewards(group: GroupReward) -> list[float]:
    return [round(one.reward, 6) for one in group.attempts if one.reward is not None]


@pytest.mark.parametrize(
    ("curve", "values"),
    [
        (Curve.SIGMOID, [0.6808, 0.5311, 0.3, 0.0689, -0.0808]),
        (Curve.TANH, [0.7820, 0.6808, 0.3, -0.0808, -0.1820]),
    ],
)
def test_the_difficulty_has_the_values_of_the_method(curve: Curve, values: list[float]) -> None:
    assert [round(difficulty(mu, curve=curve), 4) for mu in (0.0, 0.25, 0.5, 0.75, 1.0)] == values


def test_calls_cost_from_the_accuracy_of_the_method_on() -> None:
    assert round(break_even() or 0, 4) == 0.8466
    assert round(break_even(curve=Curve.TANH) or 0, 4) == 0.6733
    assert break_even(delta=0.0) is None
    assert difficulty(0.8466 - 1e-4) > 0 > difficulty(0.8466 + 1e-4)


def test_a_tanh_is_a_sigmoid_of_twice_the_gamma() -> None:
    for mu in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert difficulty(mu, curve=Curve.TANH) == pytest.approx(difficulty(mu, gamma=8.0), abs=1e-15)


@pytest.mark.parametrize("mu", [-0.1, 1.1, float("nan")])
def test_an_impossible_accuracy_is_refused(mu: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        difficulty(mu)
    with pytest.raises(ValueError, match="finite"):
        difficulty(0.5, gamma=float("inf"))


def test_the_example_comes_to_what_was_worked_by_hand() -> None:
    groups = [[Attempt.model_validate(one) for one in group["attempts"]] for group in EXAMPLE["groups"]]
    half, easy = score_batch(groups)
    # mu 1/2, d 0.3: 1 + 0.3 * 1.5 * 1; 1 + 0.3 * 1.5 / 2; 0.3 * 0.5 / 2; -0.2
    assert rewards(half) == [1.45, 1.225, 0.075, -0.2]
    # mean 0.6375, squared deviations 0.66015625 + 0.34515625 + 0.31640625 + 0.70140625, divided by 3: 0.674375
    assert [round(one.advantage, 4) for one in half.attempts] == [0.9894, 0.7154, -0.6850, -1.0198]
    # mu 1, d -0.080797: 1; 1 - 0.080797 * 1.5; 1 - 0.080797 * 1.5 * 2 / 3
    assert rewards(easy) == [1.0, 0.878804, 0.919203]
    # returns 0 | -0.5 0 | -0.1 -0.5 | | | 0 | -0.02 -0.1 -0.5: mean -0.191111, population deviation 0.221532
    credit = [[round(value, 4) for value in one.call_credit] for one in (*half.attempts, *easy.attempts)]
    assert credit == [[0.1725], [-0.2789, 0.1725], [0.0823, -0.2789], [], [], [0.1725], [0.1545, 0.0823, -0.2789]]


@pytest.mark.parametrize("seed", range(20))
def test_random_batches_come_to_what_an_independent_reading_of_the_equations_gives(seed: int) -> None:
    rng = random.Random(seed)
    outcomes = [outcome.value for outcome in CallOutcome] + ["ok"] * 9
    batch = [
        [
            (rng.random() < 0.5, rng.random() < 0.7, rng.choices(outcomes, k=rng.randint(0, 5)))
            for _ in range(rng.randint(1, 8))
        ]
        for _ in range(rng.randint(1, 6))
    ]
    settings = {"gamma": rng.uniform(0, 10), "delta": rng.uniform(-0.5, 0.5), "beta": rng.uniform(0, 1)}
    attempts = [[attempt(right, *calls, well_formed=form) for right, form, calls in group] for group in batch]
    found = score_batch(attempts, settings=RewardSettings(**settings, turn_weight=0.35))
    expected = worked(batch, **settings, lam=0.35)
    for group, results in zip(found, expected, strict=True):
        for one, result in zip(group.attempts, results, strict=True):
            assert one.reward == pytest.approx(result.reward, abs=1e-12)
            assert one.advantage == pytest.approx(result.advantage, abs=1e-8)
            assert one.call_credit == pytest.approx(result.credit, abs=1e-9)


def test_mathematics_has_weights_of_its_own() -> None:
    group = score(attempt(True, "ok", mathematics=True), attempt(False, "ok", well_formed=False, mathematics=True))
    assert rewards(group) == [1.8, -0.1]  # 1.2 + 0.3 * 2 and -0.4 + 0.3 * 1


def test_a_silent_cell_is_a_failure_unless_the_setting_says_otherwise() -> None:
    strict = score(attempt(True, "silent"), attempt(False))
    kind = score(attempt(True, "silent"), attempt(False), settings=RewardSettings(silent_is_failure=False))
    assert rewards(strict) == [1.0, 0.0]
    assert rewards(kind) == [1.45, 0.0]


def test_returns_reach_back_from_a_failure() -> None:
    assert turn_returns([True, False, True]) == pytest.approx([-0.5 - 0.04 * 0.5, -0.1, -0.5])
    assert turn_returns([]) == ()


def test_returns_without_spread_become_zero() -> None:
    assert normalised([[-0.5, -0.5 + 1e-9], [-0.5]]) == ((0.0, 0.0), (0.0,))
    assert normalised([[], []]) == ((), ())
    assert normalised([]) == ()


def test_returns_are_normalised_over_all_groups_of_the_batch() -> None:
    first, second = score_batch([[attempt(True, "ok")], [attempt(True, "error")]])
    assert first.attempts[0].call_credit == pytest.approx([0.2])
    assert second.attempts[0].call_credit == pytest.approx([-0.2])


def test_a_group_without_variance_is_flagged_and_has_no_advantage() -> None:
    flat = score(attempt(True, "ok"), attempt(True, "ok"))
    alone = score(attempt(True))
    for group in (flat, alone):
        assert group.zero_variance
        assert {one.advantage for one in group.attempts} == {0.0}
    assert not score(attempt(True), attempt(False)).zero_variance


def test_an_attempt_that_cannot_be_scored_changes_nothing_for_its_group() -> None:
    members = (attempt(True, "ok"), attempt(False, "error", "ok"), attempt(False))
    without = score(*members)
    with_one = score(members[0], Unscored("the model failed"), *members[1:])
    assert (with_one.attempts[0], *with_one.attempts[2:]) == without.attempts
    assert (with_one.accuracy, with_one.d) == (without.accuracy, without.d)
    lost = with_one.attempts[1]
    assert (lost.scored, lost.reward, lost.advantage, lost.call_credit) == (False, None, 0.0, ())
    assert (lost.terms["accuracy"].value, lost.terms["accuracy"].note) == (None, "the model failed")


def test_a_group_of_which_nothing_can_be_scored_has_no_accuracy() -> None:
    group = score(Unscored("a"), Unscored("b"))
    assert (group.accuracy, group.d, group.zero_variance, len(group.attempts)) == (None, None, True, 2)


def test_the_variants_differ_in_what_calls_earn() -> None:
    members = (attempt(True, "ok", "ok", "error"), attempt(False, "ok"))
    earned = {name: [round(value, 4) for value in rewards(score(*members, variant=name))] for name in VARIANTS}
    assert earned == {
        "outcome": [1.0, 0.0],
        "deepeyes": [1.8, 0.4],
        "bat-no-turn": [1.3, 0.15],
        "bat": [1.3, 0.15],
        "bat-full-cost": [1.3, 0.15],  # half of the group is right: d is above 0
        "accumulative": [1.3, 0.0],
        "clipped": [1.0, 0.0],  # half of the group is wrong: not easy
    }


def test_only_bat_and_its_full_cost_have_turn_credit() -> None:
    members = (attempt(True, "ok", "error"), attempt(False, "ok"))
    with_credit = {name for name in VARIANTS for one in score(*members, variant=name).attempts if any(one.call_credit)}
    assert with_credit == {"bat", "bat-full-cost"}
    assert all(len(score(*members, variant=name).attempts[0].call_credit) == 2 for name in VARIANTS)


def test_where_calls_cost_a_failed_one_makes_them_cheaper_unless_the_cost_is_full() -> None:
    members = (attempt(True), attempt(True, "ok"), attempt(True, "error", "ok"))
    nothing, once, failed_first = rewards(score(*members, variant="bat"))
    assert nothing > failed_first > once, "the slip pays: that is the published formula"
    nothing, once, failed_first = rewards(score(*members, variant="bat-full-cost"))
    assert nothing > failed_first == once


def test_deepeyes_can_be_paid_as_its_own_paper_does() -> None:
    settings = RewardSettings(deepeyes_bonus=1.2, deepeyes_once=True, deepeyes_right_only=True)
    members = (attempt(True, "ok", "ok"), attempt(True, "error"), attempt(False, "ok"))
    assert rewards(score(*members, variant="deepeyes", settings=settings)) == [2.2, 1.0, 0.0]


def test_the_accumulative_reward_can_leave_failed_calls_out() -> None:
    settings = RewardSettings(accumulative_failed=False)
    assert rewards(score(attempt(True, "ok", "error"), variant="accumulative", settings=settings)) == [1.1]


def test_the_clipped_penalty_grows_with_the_calls_of_right_attempts_in_easy_groups() -> None:
    group = score(*(attempt(True, *["ok"] * calls) for calls in (0, 1, 3, 6, 9)), variant="clipped")
    # 0.2 sin(pi/12) = 0.051764, 0.2 sin(pi/4) = 0.141421, 0.2 sin(pi/2)
    assert rewards(group) == [1.0, 0.948236, 0.858579, 0.8, 0.8]


def test_a_tool_penalty_never_turns_the_advantage_of_a_right_attempt_negative() -> None:
    group = score(attempt(True), attempt(True, "ok", "ok", "ok"), attempt(True, "ok"), variant="clipped")
    assert [one.advantage for one in group.attempts][1] == 0.0
    assert group.attempts[0].advantage > group.attempts[2].advantage > 0.0


def test_a_fault_of_form_may_still_make_the_advantage_of_a_right_attempt_negative() -> None:
    group = score(attempt(True), attempt(True, well_formed=False), attempt(True), variant="clipped")
    assert group.attempts[1].advantage < -1


def test_clipping_keeps_wrong_attempts_as_they_are() -> None:
    assert clipped_advantages([-0.2, 0.1], [0.3, -0.3], [False, False]) == (-0.2, 0.1)


def test_advantages_need_not_be_divided_by_the_deviation() -> None:
    assert group_advantages([1.0, 0.0], divide_by_std=False) == (0.5, -0.5)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_rewards_that_are_no_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"without attempts|finite"):
        group_advantages(values)


def test_an_unknown_variant_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"'grpo'.*outcome, deepeyes, bat-no-turn, bat, bat-full-cost, accumulative, clipped"
    ):
        variant_named("grpo")
