"""What holds for all groups and all settings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from codedance.rewards import (
    VARIANTS,
    Attempt,
    CallOutcome,
    Curve,
    GroupReward,
    RewardSettings,
    SourceWeights,
    Variant,
    WeightSet,
    difficulty,
    group_advantages,
    normalised,
    score_batch,
)

quick = settings(max_examples=40, deadline=None)
"""The machine may be busy, and each example is a whole batch."""

coefficients = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1e6, -1e6, 5e-324, -5e-324]))
any_weights = st.builds(
    SourceWeights, accuracy=coefficients, format=coefficients, call_right=coefficients, call_wrong=coefficients
)
any_settings = st.builds(
    RewardSettings,
    weights=any_weights,
    mathematics=any_weights,
    silent_is_failure=st.booleans(),
    curve=st.sampled_from(Curve),
    gamma=st.floats(0, 1e6),
    delta=coefficients,
    turn_penalty=coefficients,
    beta=st.floats(0, 1),
    turn_weight=coefficients,
    turn_floor=st.floats(1e-12, 1),
    epsilon=st.floats(1e-12, 1),
    divide_by_std=st.booleans(),
    deepeyes_bonus=coefficients,
    accumulative_bonus=coefficients,
    clipped_penalty=st.floats(0, 1e6),
    clipped_below=st.floats(0, 1),
    clipped_calls=st.integers(1, 20),
)
attempts = st.builds(
    Attempt,
    correct=st.booleans(),
    format_ok=st.booleans(),
    calls=st.lists(st.sampled_from(CallOutcome), max_size=8).map(tuple),
    weights=st.sampled_from(WeightSet),
)
groups = st.lists(attempts, min_size=1, max_size=8)
batches = st.lists(groups, min_size=1, max_size=5)
variants = st.sampled_from(list(VARIANTS.values()))
accuracies = st.floats(0, 1)
curves = st.sampled_from(Curve)


def numbers(results: Sequence[GroupReward]) -> list[float]:
    found: list[float] = []
    for group in results:
        found += [value for value in (group.accuracy, group.d) if value is not None]
        for one in group.attempts:
            found += [one.advantage, *one.call_credit]
            found += [value for value in (one.reward,) if value is not None]
    return found


@given(batches, variants, any_settings)
@settings(max_examples=100, deadline=None)
def test_every_number_is_finite_for_all_settings(
    batch: list[list[Attempt]], variant: Variant, chosen: RewardSettings
) -> None:
    assert all(math.isfinite(value) for value in numbers(score_batch(batch, variant=variant, settings=chosen)))


@given(accuracies, accuracies, st.floats(0, 1e300), st.floats(-1e300, 1e300), curves)
@quick
def test_the_difficulty_never_rises_with_the_accuracy(
    one: float, other: float, gamma: float, delta: float, curve: Curve
) -> None:
    low, high = sorted((one, other))
    hard = difficulty(low, gamma=gamma, delta=delta, curve=curve)
    easy = difficulty(high, gamma=gamma, delta=delta, curve=curve)
    assert hard >= easy


@given(accuracies, st.floats(0, 1e300), st.floats(-10, 10), curves)
@quick
def test_the_difficulty_stays_between_its_bounds(mu: float, gamma: float, delta: float, curve: Curve) -> None:
    assert -delta <= difficulty(mu, gamma=gamma, delta=delta, curve=curve) <= 1 - delta


@given(accuracies, st.floats(0, 50), st.floats(-1, 1), curves)
@quick
def test_the_difficulty_is_symmetric_about_one_half(mu: float, gamma: float, delta: float, curve: Curve) -> None:
    both = [difficulty(value, gamma=gamma, delta=delta, curve=curve) for value in (mu, 1 - mu)]
    assert math.isclose(sum(both), 1 - 2 * delta, abs_tol=1e-9)


@given(groups, any_settings)
@quick
def test_without_calls_the_tools_earn_nothing(group: list[Attempt], chosen: RewardSettings) -> None:
    quiet = [one.model_copy(update={"calls": ()}) for one in group]
    for variant in VARIANTS.values():
        (result,) = score_batch([quiet], variant=variant, settings=chosen)
        for one in result.attempts:
            assert "tools" not in one.terms or one.terms["tools"].value == 0.0
            assert one.call_credit == ()


@given(groups)
@quick
def test_calls_cost_where_everybody_is_right_and_earn_where_nobody_is(group: list[Attempt]) -> None:
    for right in (True, False):
        alike = [one.model_copy(update={"correct": right}) for one in group]
        (result,) = score_batch([alike])
        assert result.accuracy == right
        for given_attempt, one in zip(alike, result.attempts, strict=True):
            earned = one.terms["tools"].value or 0.0
            worked = CallOutcome.OK in given_attempt.calls
            assert (earned < 0 if right else earned > 0) if worked else earned == 0.0


@given(st.permutations(range(6)), st.lists(attempts, min_size=6, max_size=6), variants, any_settings)
@quick
def test_the_order_of_attempts_changes_only_the_order_of_results(
    order: list[int], group: list[Attempt], variant: Variant, chosen: RewardSettings
) -> None:
    (plain,) = score_batch([group], variant=variant, settings=chosen)
    (shuffled,) = score_batch([[group[index] for index in order]], variant=variant, settings=chosen)
    assert shuffled.attempts == tuple(plain.attempts[index] for index in order)
    assert (shuffled.accuracy, shuffled.d, shuffled.zero_variance) == (plain.accuracy, plain.d, plain.zero_variance)


@given(st.permutations(range(4)), st.lists(groups, min_size=4, max_size=4), variants)
@quick
def test_the_order_of_groups_changes_only_the_order_of_results(
    order: list[int], batch: list[list[Attempt]], variant: Variant
) -> None:
    plain = score_batch(batch, variant=variant)
    assert score_batch([batch[index] for index in order], variant=variant) == tuple(plain[index] for index in order)


@given(attempts, st.integers(1, 8), variants, any_settings)
@quick
def test_equal_attempts_have_no_advantage(one: Attempt, count: int, variant: Variant, chosen: RewardSettings) -> None:
    (result,) = score_batch([[one] * count], variant=variant, settings=chosen)
    assert result.zero_variance
    assert {each.advantage for each in result.attempts} == {0.0}


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=10))
@quick
def test_advantages_have_mean_zero_and_at_most_unit_deviation(values: list[float]) -> None:
    found = group_advantages(values)
    assert abs(math.fsum(found)) < 1e-6
    assert math.fsum(value * value for value in found) <= (len(found) - 1) * (1 + 1e-9)


@given(st.lists(st.lists(st.floats(-10, 10), max_size=6), max_size=8))
@quick
def test_normalised_returns_have_mean_zero_and_unit_population_deviation_or_are_zero(
    returns: list[list[float]],
) -> None:
    found = [value for one in normalised(returns) for value in one]
    if any(found):
        assert abs(math.fsum(found)) / len(found) < 1e-6
        assert math.isclose(math.fsum(value * value for value in found) / len(found), 1.0, rel_tol=1e-6)


@given(batches, any_settings)
@quick
def test_a_penalty_that_is_clipped_makes_no_right_attempt_negative_that_was_not(
    batch: list[list[Attempt]], chosen: RewardSettings
) -> None:
    clipped = score_batch(batch, variant=VARIANTS["clipped"], settings=chosen)
    outcome = score_batch(batch, variant=VARIANTS["outcome"], settings=chosen)
    for with_penalty, without in zip(clipped, outcome, strict=True):
        for one, bare in zip(with_penalty.attempts, without.attempts, strict=True):
            assert not one.correct or one.advantage >= min(0.0, bare.advantage)
