"""From advantages of attempts and credit of turns to one number a token: the embedded trainer and the adapters use it.

Only tokens that the model wrote carry an advantage and loss. What it was shown (prompts, tool output, picture tokens)
lies between the spans of its turns and stays out.

Tensors carry their axes: B attempts, T tokens, N turns of all attempts, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from codedance.errors import DataError

__all__ = ["TokenAdvantages", "TurnSpans", "token_advantages"]


@dataclass(frozen=True, slots=True)
class TurnSpans:
    """Which tokens the model wrote, turn by turn; made by :meth:`of` or :meth:`of_mask`, which check it."""

    row_N: Tensor
    """Row of each turn, never falling."""
    start_N: Tensor
    """First token of the turn."""
    stop_N: Tensor
    """One past its last token; equal to ``start_N`` for a turn without tokens."""
    rows: int
    tokens: int
    """Length of the rows, padding included."""

    @classmethod
    def of(
        cls, spans: Sequence[Sequence[tuple[int, int]]], *, tokens: int, device: torch.device | str = "cpu"
    ) -> TurnSpans:
        """Check and stack spans.

        Args:
            spans: for each row, first token and one past the last token of each turn, in order.
            tokens: length of the rows, padding included.
            device: where the tensors live.

        Raises:
            DataError: a span that is reversed, outside the row, or overlaps the one before it; the message names it.

        >>> TurnSpans.of([[(1, 3), (5, 6)], [(0, 2)]], tokens=6).row_N.tolist()
        [0, 0, 1]
        """
        ends_N2 = _stack(list(chain.from_iterable(spans)))
        counts_B = torch.tensor([len(row) for row in spans], dtype=torch.long)
        row_N = torch.repeat_interleave(torch.arange(len(spans)), counts_B)
        _check(row_N, ends_N2, tokens)
        start_N, stop_N = ends_N2.to(device).unbind(1)
        return cls(row_N.to(device), start_N, stop_N, rows=len(spans), tokens=tokens)

    @classmethod
    def of_mask(cls, mask_BT: Tensor) -> TurnSpans:
        """The runs of a mask that is true (or 1) for tokens that the model wrote, as engines give it.

        Two turns with nothing between them are one run: where that may be, give the spans themselves.

        >>> spans = TurnSpans.of_mask(torch.tensor([[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]]))
        >>> spans.start_N.tolist(), spans.stop_N.tolist()
        ([1, 4, 0], [3, 5, 1])
        """
        if mask_BT.dim() != 2:
            raise DataError(f"a mask of tokens has two axes, attempts and tokens, not {mask_BT.dim()}")
        written_BT = mask_BT != 0
        before_BT = torch.nn.functional.pad(written_BT, (1, 0))
        after_BT = torch.nn.functional.pad(written_BT, (0, 1))
        row_N, start_N = torch.nonzero(after_BT & ~before_BT, as_tuple=True)
        stop_N = torch.nonzero(before_BT & ~after_BT, as_tuple=True)[1]
        return cls(row_N, start_N, stop_N, rows=mask_BT.shape[0], tokens=mask_BT.shape[1])


@dataclass(frozen=True, slots=True)
class TokenAdvantages:
    """One advantage a token, and which tokens carry loss."""

    advantages_BT: Tensor
    """0 wherever there is no loss."""
    mask_BT: Tensor
    """True for tokens that the model wrote."""


def token_advantages(
    advantages_B: Tensor,
    turn_credit: Sequence[Sequence[float]],
    spans: TurnSpans,
    *,
    excluded_BT: Tensor | None = None,
) -> TokenAdvantages:
    """A token of turn ``t`` gets its attempt's advantage plus the credit of turn ``t``; all others get 0 and no loss.

    The results have the type and device of ``advantages_B``.

    Args:
        advantages_B: of each attempt over its group, floating point.
        turn_credit: for each attempt the credit of each of its turns (:attr:`codedance.schema.Score.turn_credit`); an
            empty one stands for zeros.
        spans: the turns.
        excluded_BT: true for tokens to leave out all the same, for example picture tokens that a model wrote itself.

    Raises:
        DataError: attempts, turns and credit that do not fit together, or a number that is not finite.

    An attempt of two turns with an observation between them:

    >>> spans = TurnSpans.of([[(1, 3), (5, 6)]], tokens=7)
    >>> token_advantages(torch.tensor([1.0]), [[0.5, 0.0]], spans).advantages_BT.tolist()
    [[0.0, 1.5, 1.5, 0.0, 0.0, 1.0, 0.0]]
    """
    if advantages_B.dim() != 1 or not advantages_B.is_floating_point():
        raise DataError("advantages are one floating-point number for each attempt")
    if not len(advantages_B) == len(turn_credit) == spans.rows:
        given = f"{len(advantages_B)} advantages, credit for {len(turn_credit)} attempts, spans of {spans.rows}"
        raise DataError(f"attempts do not match: {given}")
    value_N = advantages_B[spans.row_N] + _credit(turn_credit, spans).to(advantages_B)
    if not bool(torch.isfinite(value_N).all()):
        row = int(spans.row_N[~torch.isfinite(value_N)][0])
        raise DataError(f"attempt {row}: its advantage or turn credit is not finite")
    filled_BT = _fill(value_N, spans)
    mask_BT = ~torch.isnan(filled_BT)
    if excluded_BT is not None:
        if excluded_BT.shape != mask_BT.shape:
            raise DataError(
                f"the mask of excluded tokens has shape {tuple(excluded_BT.shape)}, not {tuple(mask_BT.shape)}"
            )
        mask_BT &= excluded_BT == 0
        filled_BT.masked_fill_(~mask_BT, 0.0)
    return TokenAdvantages(filled_BT.nan_to_num_(0.0), mask_BT)


def _credit(turn_credit: Sequence[Sequence[float]], spans: TurnSpans) -> Tensor:
    """Credit of each turn [N], zeros for attempts that have none."""
    turns_B = torch.bincount(spans.row_N.cpu(), minlength=spans.rows).tolist()
    for row, (credit, turns) in enumerate(zip(turn_credit, turns_B, strict=True)):
        if credit and len(credit) != turns:
            raise DataError(f"attempt {row}: {turns} turns have tokens, but there is credit for {len(credit)} turns")
    filled = (credit or (0.0,) * turns for credit, turns in zip(turn_credit, turns_B, strict=True))
    return torch.tensor(list(chain.from_iterable(filled)), dtype=torch.float64)


def _fill(value_N: Tensor, spans: TurnSpans) -> Tensor:
    """The turn's value on every token of it, NaN on all others [B, T].

    The batch is read as one long row of gaps and turns in alternation: gap, turn, gap, turn, ..., gap.
    """
    total = spans.rows * spans.tokens
    begin_N = spans.row_N * spans.tokens + spans.start_N
    end_N = spans.row_N * spans.tokens + spans.stop_N
    lengths = value_N.new_empty(2 * len(value_N) + 1, dtype=torch.long)
    lengths[1::2] = end_N - begin_N
    lengths[0::2] = torch.cat([begin_N, begin_N.new_tensor([total])]) - torch.cat([end_N.new_zeros(1), end_N])
    values = value_N.new_full((len(lengths),), float("nan"))
    values[1::2] = value_N
    return torch.repeat_interleave(values, lengths, output_size=total).view(spans.rows, spans.tokens)


def _stack(turns: Sequence[tuple[int, int]]) -> Tensor:
    """Both ends of each turn [N, 2]."""
    try:
        ends_N2 = torch.tensor(turns) if turns else torch.empty(0, 2, dtype=torch.long)
    except (OverflowError, RuntimeError, TypeError, ValueError):
        ends_N2 = torch.empty(0)
    if ends_N2.is_floating_point() or ends_N2.dim() != 2 or ends_N2.shape[1] != 2:
        raise DataError("a turn's span is two whole numbers: its first token and one past its last")
    return ends_N2.long()


def _check(row_N: Tensor, ends_N2: Tensor, tokens: int) -> None:
    start_N, stop_N = ends_N2.unbind(1)
    _refuse((start_N < 0) | (stop_N > tokens), row_N, ends_N2, f"lies outside its row of {tokens} tokens")
    _refuse(start_N > stop_N, row_N, ends_N2, "ends before it begins")
    overlaps_N = torch.zeros_like(row_N, dtype=torch.bool)
    overlaps_N[1:] = (row_N[1:] == row_N[:-1]) & (start_N[1:] < stop_N[:-1])
    _refuse(overlaps_N, row_N, ends_N2, "overlaps the turn before it")


def _refuse(wrong_N: Tensor, row_N: Tensor, ends_N2: Tensor, what: str) -> None:
    if bool(wrong_N.any()):
        at = int(wrong_N.nonzero()[0])
        row, (start, stop) = int(row_N[at]), ends_N2[at].tolist()
        turn = at - int((row_N < row).sum())
        raise DataError(f"attempt {row}, turn {turn}: the span from {start} to {stop} {what}")
