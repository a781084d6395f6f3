"""Token-level advantages of a training batch: vectorised, beside plain loops over the tokens.

    python benchmarks/advantages.py [--attempts 2048] [--tokens 10000] [--turns 6] [--rounds 5]

Two loops are measured, because the ratio depends on the loop: one that fills Python lists and makes tensors of them at
the end, the best that a plain loop can do, and one that writes each token into a tensor. The first runs in full; the
second on a few rows, scaled to all of them. All must give the same numbers. Figures are processor seconds of one
thread, the best of the rounds, with wall-clock seconds beside them.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from codedance.train.advantages import TokenAdvantages, TurnSpans, token_advantages

Spans = list[list[tuple[int, int]]]
FEW_ROWS = 8


@dataclass(frozen=True)
class Batch:
    """Attempts with turns of random lengths, observations between them, and padding at the end."""

    spans: Spans
    advantages: list[float]
    credit: list[list[float]]
    tokens: int

    def rows(self, count: int) -> Batch:
        """The first rows."""
        return Batch(self.spans[:count], self.advantages[:count], self.credit[:count], self.tokens)


@dataclass(frozen=True)
class Cost:
    """Seconds of the fastest round."""

    processor: float
    wall: float


def make_batch(attempts: int, tokens: int, turns: int) -> Batch:
    """The same batch every time."""
    rng = random.Random("advantages")  # noqa: S311 - data, no secret
    spans = []
    for _ in range(attempts):
        cuts = sorted(rng.sample(range(tokens // 10, tokens), 2 * rng.randint(1, turns)))
        spans.append(list(zip(cuts[::2], cuts[1::2], strict=True)))
    credit = [[rng.gauss(0, 0.2) for _ in row] for row in spans]
    return Batch(spans, [rng.gauss(0, 1) for _ in spans], credit, tokens)


def vectorised(batch: Batch) -> TokenAdvantages:
    """What the project does, from spans as lists to tensors."""
    spans = TurnSpans.of(batch.spans, tokens=batch.tokens)
    return token_advantages(torch.tensor(batch.advantages), batch.credit, spans)


def list_loop(batch: Batch) -> TokenAdvantages:
    """A loop over every token, into Python lists."""
    advantages, mask = [], []
    for spans, advantage, credit in zip(batch.spans, batch.advantages, batch.credit, strict=True):
        row, written = [], []
        turn = 0
        for token in range(batch.tokens):
            while turn < len(spans) and token >= spans[turn][1]:
                turn += 1
            inside = turn < len(spans) and token >= spans[turn][0]
            row.append(advantage + credit[turn] if inside else 0.0)
            written.append(inside)
        advantages.append(row)
        mask.append(written)
    return TokenAdvantages(torch.tensor(advantages), torch.tensor(mask))


def tensor_loop(batch: Batch) -> TokenAdvantages:
    """A loop over the tokens of every turn, each written into the tensors."""
    advantages = torch.zeros(len(batch.spans), batch.tokens)
    mask = torch.zeros(len(batch.spans), batch.tokens, dtype=torch.bool)
    for row, spans in enumerate(batch.spans):
        for (start, stop), credit in zip(spans, batch.credit[row], strict=True):
            for token in range(start, stop):
                advantages[row, token] = batch.advantages[row] + credit
                mask[row, token] = True
    return TokenAdvantages(advantages, mask)


def measure(run: Callable[[Batch], TokenAdvantages], batch: Batch, rounds: int) -> tuple[Cost, TokenAdvantages]:
    """Seconds of the best round, and what came of it."""
    costs: list[Cost] = []
    result = run(batch.rows(1))
    for _ in range(rounds):
        begin, wall = time.process_time(), time.perf_counter()
        result = run(batch)
        costs.append(Cost(time.process_time() - begin, time.perf_counter() - wall))
    return Cost(min(one.processor for one in costs), min(one.wall for one in costs)), result


def check(expected: TokenAdvantages, found: TokenAdvantages) -> None:
    """End the benchmark if the numbers differ by more than the rounding of a sum."""
    same = torch.equal(expected.mask_BT, found.mask_BT)
    if not (same and torch.allclose(expected.advantages_BT, found.advantages_BT, rtol=0, atol=1e-6)):
        raise SystemExit("the results differ")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=2048)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    batch = make_batch(options.attempts, options.tokens, options.turns)
    few = batch.rows(FEW_ROWS)
    scale = len(batch.spans) / len(few.spans)

    ours, result = measure(vectorised, batch, options.rounds)
    lists, expected = measure(list_loop, batch, 1)
    check(expected, result)
    scaled, part = measure(tensor_loop, few, 1)
    check(part, TokenAdvantages(result.advantages_BT[:FEW_ROWS], result.mask_BT[:FEW_ROWS]))

    written = int(result.mask_BT.sum())
    size = result.mask_BT.numel()
    print(f"{options.attempts} attempts x {options.tokens} tokens, {written / size:.0%} of them written by the model")
    print(f"{'':34} processor s     wall s   ratio")
    print(f"{'vectorised':34} {ours.processor:11.3f} {ours.wall:10.3f}")
    print(f"{'loop into lists':34} {lists.processor:11.3f} {lists.wall:10.3f} {lists.processor / ours.processor:7.1f}")
    loop = Cost(scaled.processor * scale, scaled.wall * scale)
    name = f"loop into tensors ({len(few.spans)} rows, scaled)"
    print(f"{name:34} {loop.processor:11.1f} {loop.wall:10.1f} {loop.processor / ours.processor:7.1f}")


if __name__ == "__main__":
    main()
