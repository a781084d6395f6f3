"""Token-level advantages against a plain loop over tokens, and what does not fit together."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from codedance.errors import DataError
from codedance.rewards import Attempt, CallOutcome, score_batch
from codedance.train.advantages import TurnSpans, token_advantages

Spans = list[list[tuple[int, int]]]
TOKENS = 24

rows = st.lists(st.integers(0, TOKENS), max_size=10).map(sorted)
batches = st.lists(rows, max_size=5).map(
    lambda cuts: [list(zip(row[0 : len(row) // 2 * 2 : 2], row[1::2], strict=True)) for row in cuts]
)


def plain_loop(spans: Spans, advantages: list[float], credit: list[list[float]]) -> tuple[list[Any], list[Any]]:
    """Token by token."""
    values, mask = [], []
    for row, advantage, per_turn in zip(spans, advantages, credit, strict=True):
        line, written = [0.0] * TOKENS, [False] * TOKENS
        for (start, stop), one in zip(row, per_turn, strict=True):
            for token in range(start, stop):
                line[token] = advantage + one
                written[token] = True
        values.append(line)
        mask.append(written)
    return values, mask


@given(batches, st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_every_token_gets_what_a_loop_over_tokens_gives_it(spans: Spans, seed: int) -> None:
    rng = random.Random(seed)  # a generator of hypothesis' own has deviates of 1.8e308, and their sum is none
    advantages = [rng.gauss(0, 1) for _ in spans]
    credit = [[rng.gauss(0, 1) for _ in row] for row in spans]
    found = token_advantages(torch.tensor(advantages, dtype=torch.float64), credit, TurnSpans.of(spans, tokens=TOKENS))
    values, mask = plain_loop(spans, advantages, credit)
    assert found.advantages_BT.shape == found.mask_BT.shape == (len(spans), TOKENS)
    assert found.advantages_BT.tolist() == values
    assert found.mask_BT.tolist() == mask


def test_observations_and_padding_carry_neither_advantage_nor_loss() -> None:
    spans = TurnSpans.of([[(2, 4), (6, 7)], [(0, 1)]], tokens=8)
    found = token_advantages(torch.tensor([1.0, -1.0]), [[0.5, 0.0], [0.0]], spans)
    assert found.advantages_BT.tolist() == [[0, 0, 1.5, 1.5, 0, 0, 1, 0], [-1, 0, 0, 0, 0, 0, 0, 0]]
    assert found.mask_BT[0].nonzero().flatten().tolist() == [2, 3, 6]


def test_an_advantage_of_zero_still_carries_loss() -> None:
    found = token_advantages(torch.zeros(1), [[0.0]], TurnSpans.of([[(1, 3)]], tokens=4))
    assert found.mask_BT.tolist() == [[False, True, True, False]]


def test_picture_tokens_that_a_model_wrote_itself_can_be_left_out() -> None:
    excluded = torch.tensor([[0, 1, 0, 0]])
    spans = TurnSpans.of([[(0, 3)]], tokens=4)
    found = token_advantages(torch.tensor([2.0]), [[0.0]], spans, excluded_BT=excluded)
    assert found.advantages_BT.tolist() == [[2.0, 0.0, 2.0, 0.0]]
    assert found.mask_BT.tolist() == [[True, False, True, False]]


def test_turns_without_tokens_and_attempts_without_turns_are_nothing() -> None:
    spans = TurnSpans.of([[(0, 0), (3, 3), (3, 4), (4, 4)], []], tokens=4)
    found = token_advantages(torch.tensor([1.0, 1.0]), [[9.0, 9.0, 0.5, 9.0], []], spans)
    assert found.advantages_BT.tolist() == [[0, 0, 0, 1.5], [0, 0, 0, 0]]
    empty = token_advantages(torch.zeros(0), [], TurnSpans.of([], tokens=4))
    assert empty.advantages_BT.shape == (0, 4)


def test_an_empty_credit_stands_for_zeros() -> None:
    spans = TurnSpans.of([[(0, 1), (2, 3)]], tokens=3)
    assert token_advantages(torch.tensor([1.0]), [[]], spans).advantages_BT.tolist() == [[1.0, 0.0, 1.0]]


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_the_results_have_the_type_of_the_advantages(kind: torch.dtype) -> None:
    spans = TurnSpans.of([[(0, 1)]], tokens=2)
    found = token_advantages(torch.tensor([1.5], dtype=kind), [[0.25]], spans)
    assert found.advantages_BT.dtype is kind
    assert found.advantages_BT.tolist() == [[1.75, 0.0]]


@given(batches)
@settings(max_examples=40, deadline=None)
def test_the_runs_of_a_mask_are_its_spans(spans: Spans) -> None:
    mask = token_advantages(torch.ones(len(spans)), [[] for _ in spans], TurnSpans.of(spans, tokens=TOKENS)).mask_BT
    if len(spans) == 0:
        return
    found = TurnSpans.of_mask(mask.long())
    again = token_advantages(torch.ones(len(spans)), [[] for _ in spans], found).mask_BT
    assert torch.equal(again, mask)
    assert bool((found.start_N < found.stop_N).all())
    touching = (found.row_N[1:] == found.row_N[:-1]) & (found.start_N[1:] <= found.stop_N[:-1])
    assert not bool(touching.any())


@pytest.mark.parametrize(
    ("spans", "says"),
    [
        ([[(0, 2)], [(0, 3), (2, 5)]], "attempt 1, turn 1: the span from 2 to 5 overlaps the turn before it"),
        ([[(4, 6), (0, 2)]], "attempt 0, turn 1: the span from 0 to 2 overlaps the turn before it"),
        ([[(0, 9)]], "attempt 0, turn 0: the span from 0 to 9 lies outside its row of 8 tokens"),
        ([[(-1, 2)]], "attempt 0, turn 0: the span from -1 to 2 lies outside"),
        ([[(3, 2)]], "attempt 0, turn 0: the span from 3 to 2 ends before it begins"),
        ([[(0, 10**30)]], "two whole numbers"),
        ([[(0.0, 1.5)]], "two whole numbers"),
        ([[(0, 1, 2)]], "two whole numbers"),
        ([[(0, 1), (2,)]], "two whole numbers"),
        ([[("a", "b")]], "two whole numbers"),
    ],
)
def test_spans_that_cannot_be_are_named(spans: Any, says: str) -> None:  # noqa: ANN401 - wrong on purpose
    with pytest.raises(DataError, match=says):
        TurnSpans.of(spans, tokens=8)


@pytest.mark.parametrize(
    ("advantages", "credit", "says"),
    [
        (torch.zeros(1), [[0.0]], "attempts do not match: 1 advantages, credit for 1 attempts, spans of 2"),
        (torch.zeros(2), [[0.0]], "credit for 1 attempts"),
        (torch.zeros(2), [[0.0], [0.0, 0.0]], "attempt 1: 1 turns have tokens, but there is credit for 2 turns"),
        (torch.tensor([0.0, float("nan")]), [[], []], "attempt 1: its advantage or turn credit is not finite"),
        (torch.zeros(2), [[float("inf")], []], "attempt 0: its advantage or turn credit is not finite"),
        (torch.zeros(2, dtype=torch.long), [[], []], "floating-point"),
        (torch.zeros(2, 3), [[], []], "one floating-point number for each attempt"),
    ],
)
def test_attempts_turns_and_credit_must_fit_together(
    advantages: torch.Tensor, credit: list[list[float]], says: str
) -> None:
    spans = TurnSpans.of([[(0, 1)], [(0, 1)]], tokens=2)
    with pytest.raises(DataError, match=says):
        token_advantages(advantages, credit, spans)


def test_masks_of_another_shape_are_refused() -> None:
    spans = TurnSpans.of([[(0, 1)]], tokens=2)
    with pytest.raises(DataError, match=r"shape \(1, 3\), not \(1, 2\)"):
        token_advantages(torch.zeros(1), [[]], spans, excluded_BT=torch.zeros(1, 3))
    with pytest.raises(DataError, match="two axes"):
        TurnSpans.of_mask(torch.zeros(3))


def test_rewards_reach_the_tokens_of_their_turns() -> None:
    right = Attempt(correct=True, format_ok=True, calls=(CallOutcome.OK,))
    wrong = Attempt(correct=False, format_ok=True, calls=(CallOutcome.ERROR,))
    (group,) = score_batch([[right, wrong]])
    # Each attempt: a turn of code, an observation, the answer.
    spans = TurnSpans.of([[(1, 2), (3, 4)]] * 2, tokens=4)
    advantages = torch.tensor([one.advantage for one in group.attempts])
    found = token_advantages(advantages, [[*one.call_credit, 0.0] for one in group.attempts], spans)
    expected = torch.tensor([[0, 0.9071, 0, 0.7071], [0, -0.9071, 0, -0.7071]])
    assert torch.allclose(found.advantages_BT, expected, atol=1e-4)
