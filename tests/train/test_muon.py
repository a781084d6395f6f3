"""Muon takes the steps that torch's own takes, in whatever precision."""

from __future__ import annotations

import copy

import pytest
import torch

from codedance.train.muon import Muon, orthogonalise

SHAPES = ((24, 24), (64, 24), (24, 64), (24, 64))


def trained(optimiser: str, steps: int) -> list[torch.Tensor]:
    """Matrices after some steps with the same gradients."""
    torch.manual_seed(0)
    weights = [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES]
    ours = Muon(weights, lr=0.02, weight_decay=0.1)
    theirs = torch.optim.Muon(weights, lr=0.02, momentum=0.95, weight_decay=0.1)
    for _ in range(steps):
        for weight in weights:
            weight.grad = torch.randn_like(weight)
        (ours if optimiser == "ours" else theirs).step()
    return [weight.detach() for weight in weights]


@pytest.mark.parametrize("steps", [1, 4])
def test_steps_are_those_of_torchs_muon(steps: int) -> None:
    begin = trained("ours", 0)
    for start, ours, theirs in zip(begin, trained("ours", steps), trained("theirs", steps), strict=True):
        moved, expected = (ours - start).flatten(), (theirs - start).flatten()
        assert torch.cosine_similarity(moved, expected, dim=0) > 0.999  # torch's works in bfloat16
        assert moved.norm() / expected.norm() == pytest.approx(1, abs=0.01)


def test_orthogonal_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(1)
    for shape in ((3, 16, 16), (3, 40, 16), (3, 16, 40)):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_a_gradient_of_zeros_moves_nothing_and_stays_finite() -> None:
    weight = torch.nn.Parameter(torch.ones(4, 4))
    weight.grad = torch.zeros(4, 4)
    Muon([weight], lr=0.1).step()
    assert torch.equal(weight.detach(), torch.ones(4, 4))


def test_only_matrices_are_taken() -> None:
    with pytest.raises(ValueError, match="matrices only"):
        Muon([torch.nn.Parameter(torch.ones(4))], lr=0.1)


def test_its_state_is_saved_and_restored() -> None:
    weight = torch.nn.Parameter(torch.eye(4))
    weight.grad = torch.randn(4, 4)
    optimiser = Muon([weight], lr=0.1)
    optimiser.step()
    twin = torch.nn.Parameter(weight.detach().clone())
    again = Muon([twin], lr=0.1)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for one, parameter in ((optimiser, weight), (again, twin)):
        parameter.grad = torch.ones(4, 4)
        one.step()
    assert torch.equal(weight.detach(), twin.detach())
