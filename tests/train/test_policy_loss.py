"""The loss of GRPO and its gradient: against TRL's, and against a plain loop over tokens in double precision."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from codedance.errors import DataError
from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.network import ImageGroup, Network
from codedance.protocol.chat import Role
from codedance.train.learner import Learner, LearnerSettings, Row, pack
from codedance.train.policy_loss import LossSettings, TokenFigures, policy_loss, token_figures
from codedance.train.segments import Segment
from tests.train.apprentice import QUESTION, fresh

GOLDEN = json.loads((Path(__file__).parent / "trl_loss.json").read_text())
TEMPERATURE = 1.3


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_loss_and_gradient_are_those_of_trl(name: str) -> None:
    case = GOLDEN["cases"][name]
    given = {key: torch.tensor(value, dtype=torch.float64) for key, value in GOLDEN["batch"].items()}
    logits, wrote = given["logits"].requires_grad_(), given["wrote"].bool()
    logprobs = torch.log_softmax(logits / GOLDEN["temperature"], dim=-1)
    chosen = logprobs.gather(-1, given["ids"].long()[..., None])[..., 0]
    now = TokenFigures(chosen[wrote], -(logprobs.exp() * logprobs).sum(-1)[wrote])
    loss = policy_loss(
        now,
        given["old"][wrote] if case["old"] else now.logprobs_M.detach(),
        given["advantages"][wrote],
        settings=LossSettings(
            clip_low=case["low"], clip_high=case["high"], kl_weight=case["kl"], normaliser=GOLDEN["longest"]
        ),
        attempts=len(wrote),
        reference_M=given["reference"][wrote] if case["kl"] else None,
    )
    (gradient,) = torch.autograd.grad(loss.total, logits)
    assert float(loss.total.detach()) == pytest.approx(case["loss"], rel=1e-9)
    assert torch.allclose(gradient, torch.tensor(case["gradient"], dtype=torch.float64), atol=1e-12)
    tokens = int(wrote.sum())
    assert loss.clipped / tokens == pytest.approx(case["clipped"], rel=1e-6)
    assert float(now.entropy_M.detach().mean()) == pytest.approx(case["entropy"], rel=1e-6)
    if case["kl"]:
        assert loss.kl_reference is not None
        assert loss.kl_reference / tokens == pytest.approx(case["kl_reference"], rel=1e-6)


def made_rows(encoder: Encoder, count: int = 5, *, seed: int = 0) -> list[Row]:
    """Sequences of different lengths with a picture, one or two turns of any tokens, and any worth."""
    rng = Random(seed)
    rows = []
    for number in range(count):
        encoded = Encoded()
        picture = Image.new("RGB", (60, 60), (number, 40 * number, 9))
        encoder.add_parts(encoded, Role.USER, [QUESTION, picture] if rng.random() < 0.5 else [picture, QUESTION])
        spans = []
        for turn in range(1 + number % 2):
            if turn:
                encoder.add_parts(encoded, Role.USER, ["<tool_response>\n", "7", "\n</tool_response>"])
            encoder.open_reply(encoded)
            start = len(encoded.ids)
            encoded.add_tokens([rng.randrange(encoder.tokenizer.size) for _ in range(rng.randint(1, 6))])
            spans.append((start, len(encoded.ids)))
        sampled = tuple(rng.uniform(-6.5, -4.5) for start, stop in spans for _ in range(stop - start))
        segment = Segment(encoded, tuple(range(len(spans))), tuple(spans), sampled)
        rows.append(Row(segment, rng.gauss(0, 1), tuple(rng.gauss(0, 0.3) for _ in spans)))
    return rows


def plain_loss(network: Network, rows: list[Row], settings: LearnerSettings, reference: Network | None) -> Tensor:
    """Token after token, each row by itself, in double precision; nothing is padded or stacked."""
    loss, total = settings.loss, torch.zeros((), dtype=torch.float64)
    for row in rows:
        old = iter(row.segment.logprobs)
        logits = _logits(network, row.segment.encoded)
        theirs = _logits(reference, row.segment.encoded).detach() if reference is not None else None
        for (start, stop), credit in zip(row.segment.spans, row.credit, strict=True):
            for at in range(start, stop):
                token = row.segment.encoded.ids[at]
                parts = (logits[at - 1] / TEMPERATURE).exp()
                probability = parts[token] / parts.sum()
                ratio = probability / math.exp(next(old))
                advantage = row.advantage + credit
                limit = min(max(float(ratio.detach()), 1 - loss.clip_low), 1 + loss.clip_high)
                kept = (
                    ratio * advantage if float(ratio.detach()) * advantage <= limit * advantage else limit * advantage
                )
                each = -kept
                if theirs is not None:
                    wanted = (theirs[at - 1] / TEMPERATURE).exp()
                    quotient = wanted[token] / wanted.sum() / probability
                    each = each + loss.kl_weight * (quotient - quotient.log() - 1)
                spread = parts / parts.sum()
                each = each + loss.entropy_weight * (spread * spread.log()).sum()
                total = total + each
    return total / (loss.normaliser * len(rows))


def _logits(network: Network, encoded: Encoded) -> Tensor:
    groups = []
    for start, image in encoded.images:
        pixels = torch.tensor(list(image.tobytes()), dtype=torch.uint8).view(1, image.height, image.width, 3)
        groups.append(ImageGroup(pixels, torch.arange(start, start + image.width * image.height // 28**2)))
    positions = torch.tensor(encoded.positions).T[:, None]
    found: Tensor = network(torch.tensor([encoded.ids]), positions, groups)
    return found[0]


def learnt_gradient(network: Network, rows: list[Row], settings: LearnerSettings) -> tuple[list[Tensor], Any]:
    """What the learner's update adds up to: with plain gradient descent at rate 1, the weights' change."""
    learner = Learner(network, settings, attempts=len(rows), seed=0)
    if learner._reference is not None:
        with torch.no_grad():
            for weight in learner._reference.parameters():
                weight.mul_(0.9)  # otherwise the divergence from it is nothing
    learner.optimiser = torch.optim.SGD(network.parameters(), lr=1.0)  # type: ignore[assignment]
    before = [weight.detach().clone() for weight in network.parameters()]
    figures = learner.update(rows, temperature=TEMPERATURE, step=1)
    return [one - two.detach() for one, two in zip(before, network.parameters(), strict=True)], figures


def settings_with(**loss: float) -> LearnerSettings:
    return LearnerSettings(
        rate=1.0,
        warmup_steps=0,
        gradient_norm=1e9,
        micro_batch=2,
        old_from="sampler",
        precision="float32",
        loss=LossSettings(**loss),
    )


@pytest.mark.parametrize(
    "loss", [{}, {"clip_low": 0.1, "clip_high": 0.3}, {"kl_weight": 0.2}, {"entropy_weight": 0.05}], ids=str
)
def test_the_learners_gradient_is_that_of_a_plain_loop_over_tokens(loss: dict[str, float]) -> None:
    network, encoder = fresh()
    rows, settings = made_rows(encoder), settings_with(**loss)
    double, reference = fresh()[0].double(), None
    if settings.loss.kl_weight:
        reference = fresh()[0].double()
        with torch.no_grad():
            for weight in reference.parameters():
                weight.mul_(0.9)
    wanted = plain_loss(double, rows, settings, reference)
    wanted.backward()  # type: ignore[no-untyped-call]
    found, figures = learnt_gradient(network, rows, settings)
    assert figures.loss == pytest.approx(float(wanted.detach()), rel=1e-4)
    assert 0 < figures.clip_fraction < 1, "both sides of the clip are tried"
    norm = math.sqrt(sum(float((weight.grad**2).sum()) for weight in double.parameters() if weight.grad is not None))
    assert figures.gradient_norm == pytest.approx(norm, rel=1e-4)
    for one, weight in zip(found, double.parameters(), strict=True):
        assert weight.grad is not None
        assert torch.allclose(one.double(), weight.grad, atol=1e-6 + 1e-3 * float(weight.grad.abs().max()))


@pytest.mark.parametrize("old_from", ["sampler", "trainer"])
@pytest.mark.parametrize(("epochs", "mini_batches"), [(1, 1), (3, 1), (2, 3)])
def test_the_gap_to_the_sampler_is_what_it_was_before_the_first_update(
    old_from: str, epochs: int, mini_batches: int
) -> None:
    network, encoder = fresh()
    settings = LearnerSettings(
        rate=0.01, warmup_steps=0, epochs=epochs, mini_batches=mini_batches, old_from=old_from, precision="float32"
    )
    learner = Learner(network, settings, attempts=6, seed=0)
    rows = made_rows(encoder, 6)
    before = learner._before(rows, TEMPERATURE)
    for off in (0.0, 0.5):
        fresh_network, _ = fresh()
        network.load_state_dict(fresh_network.state_dict())
        recorded = [
            replace(row, segment=replace(row.segment, logprobs=tuple((before[id(row)] + off).tolist()))) for row in rows
        ]
        figures = learner.update(recorded, temperature=TEMPERATURE, step=1)
        assert figures.sampler_gap == pytest.approx(off, abs=1e-4), "how far the policy went since is no part of it"
        assert epochs * mini_batches == 1 or figures.kl_step > 0.01


def test_accumulating_small_batches_changes_nothing() -> None:
    gradients = []
    for size in (1, 32):
        network, encoder = fresh()
        settings = settings_with().model_copy(update={"micro_batch": size})
        gradients.append(learnt_gradient(network, made_rows(encoder), settings)[0])
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_what_lies_between_the_turns_carries_no_loss() -> None:
    _, encoder = fresh()
    (row,) = made_rows(encoder, 2)[1:]
    packed = pack([row], patch=28)
    written = [at for start, stop in row.segment.spans for at in range(start, stop)]
    assert packed.batch.mask_BT[0].nonzero().flatten().tolist() == written
    lengths = [stop - start for start, stop in row.segment.spans]
    wanted = [row.advantage + credit for credit, length in zip(row.credit, lengths, strict=True) for _ in range(length)]
    assert packed.advantages_M.tolist() == pytest.approx(wanted)


def test_a_first_single_update_has_a_ratio_of_one_and_later_ones_move() -> None:
    network, encoder = fresh()
    rows = made_rows(encoder, 8)
    once = Learner(network, LearnerSettings(precision="float32"), attempts=8, seed=0)
    figures = once.update(rows, temperature=TEMPERATURE, step=1)
    assert figures.kl_step == 0
    assert figures.clip_fraction == 0
    network, _ = fresh()
    several = LearnerSettings(precision="float32", epochs=3, mini_batches=2, rate=3e-3, warmup_steps=0)
    figures = Learner(network, several, attempts=8, seed=0).update(rows, temperature=TEMPERATURE, step=1)
    assert figures.kl_step > 1e-4
    assert figures.tokens == 3 * sum(len(row.segment.logprobs) for row in rows)


def test_learning_makes_what_was_good_likelier() -> None:
    network, encoder = fresh()
    rows = [
        Row(row.segment, 1.0 if number % 2 else -1.0, (0.0,) * len(row.credit))
        for number, row in enumerate(made_rows(encoder, 6))
    ]
    learner = Learner(network, LearnerSettings(precision="float32", rate=1e-3, warmup_steps=0), attempts=6, seed=0)

    def likelihood(chosen: list[Row]) -> float:
        with torch.no_grad():
            return float(token_figures(network, pack(chosen, patch=28).batch, temperature=1.0).logprobs_M.mean())

    before = [likelihood(rows[1::2]), likelihood(rows[::2])]
    for step in range(1, 4):
        learner.update(rows, temperature=1.0, step=step)
    assert likelihood(rows[1::2]) > before[0] + 0.05
    assert likelihood(rows[::2]) < before[1] - 0.05


def test_a_loss_that_is_not_finite_ends_the_run_before_the_weights_are_touched() -> None:
    network, encoder = fresh()
    rows = made_rows(encoder, 2)
    with torch.no_grad():
        network.model.norm.weight[0] = float("inf")
    before = [weight.detach().clone() for weight in network.parameters()]
    learner = Learner(network, LearnerSettings(precision="float32"), attempts=2, seed=0)
    with pytest.raises(DataError, match=r"step 4: the loss .* is not finite"):
        learner.update(rows, temperature=1.0, step=4)
    assert all(torch.equal(one, two) for one, two in zip(before, network.parameters(), strict=True))
