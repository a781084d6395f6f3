"""The clipped policy-gradient loss of GRPO over the tokens that the policy wrote, each with its own advantage.

Axes: M tokens of all rows that carry loss, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from codedance.models.local.network import Network
from codedance.train.sequence import Batch
from codedance.train.settings import LossSettings

__all__ = ["LossSettings", "PolicyLoss", "TokenFigures", "policy_loss", "token_figures"]


@dataclass(frozen=True, slots=True)
class TokenFigures:
    """What the network makes of each token that carries loss."""

    logprobs_M: Tensor
    """Natural logarithm of its probability at the sampling temperature."""
    entropy_M: Tensor
    """Of the distribution that it was drawn from, in nats; without gradient unless asked for."""


@dataclass(frozen=True, slots=True)
class PolicyLoss:
    """The loss of a batch; ``total`` carries the gradient."""

    total: Tensor
    clipped: int
    """Tokens whose gradient the clip took away."""
    kl_reference: float | None
    """Sum over the tokens of the estimated divergence from the reference; ``None`` without one."""


def token_figures(
    network: Network, batch: Batch, *, temperature: float, entropy_gradient: bool = False
) -> TokenFigures:
    """One forward pass over whole sequences; row by row, in the order of the tokens."""
    hidden_BTD = network.hidden(batch.ids_BT, batch.positions_3BT, batch.groups)[-1]
    # The token at t is predicted from the state at t - 1; the first token of a row is never the policy's.
    written_BT = batch.mask_BT[:, 1:]
    logits_MV = network.logits(hidden_BTD[:, :-1][written_BT]).float() / temperature
    logprobs_MV = torch.log_softmax(logits_MV, dim=-1)
    chosen_M = logprobs_MV.gather(1, batch.ids_BT[:, 1:][written_BT][:, None])[:, 0]
    spread_MV = logprobs_MV if entropy_gradient else logprobs_MV.detach()
    return TokenFigures(chosen_M, -(spread_MV.exp() * spread_MV).sum(dim=-1))


def policy_loss(
    now: TokenFigures,
    old_M: Tensor,
    advantages_M: Tensor,
    *,
    settings: LossSettings,
    attempts: int,
    reference_M: Tensor | None = None,
) -> PolicyLoss:
    r"""``-min(ratio A, clip(ratio) A)`` plus ``kl_weight`` times divergence minus ``entropy_weight`` times entropy.

    ``ratio`` is the token's probability over its old one. The divergence is estimated for each token as
    ``q/p - log(q/p) - 1`` with ``q`` the reference's probability (Schulman's third estimator, as in GRPO).

    Args:
        now: of the network that learns.
        old_M: log-probabilities that the ratio compares with; no gradient.
        advantages_M: of each token.
        settings: constants.
        attempts: how many attempts the optimiser's step is made from; a constant of the run.
        reference_M: log-probabilities of the policy that the run began with.

    A token whose probability rose by half, with a positive advantage, has no gradient left:

    >>> logprobs = torch.tensor([1.5]).log().requires_grad_()
    >>> loss = policy_loss(TokenFigures(logprobs, torch.zeros(1)), torch.zeros(1), torch.ones(1),
    ...                    settings=LossSettings(normaliser=1), attempts=1)
    >>> round(float(loss.total.detach()), 4), loss.clipped, torch.autograd.grad(loss.total, logprobs)[0].item()
    (-1.2, 1, 0.0)
    """
    ratio_M = torch.exp(now.logprobs_M - old_M)
    limited_M = ratio_M.clamp(1 - settings.clip_low, 1 + settings.clip_high)
    free_M, held_M = ratio_M * advantages_M, limited_M * advantages_M
    each_M = -torch.minimum(free_M, held_M)
    kl_reference = None
    if reference_M is not None:
        behind_M = reference_M - now.logprobs_M
        kl_M = behind_M.exp() - behind_M - 1
        each_M = each_M + settings.kl_weight * kl_M
        kl_reference = float(kl_M.detach().sum())
    if settings.entropy_weight:
        each_M = each_M - settings.entropy_weight * now.entropy_M
    total = each_M.sum() / (settings.normaliser * attempts)
    return PolicyLoss(total, int((held_M < free_M).sum()), kl_reference)
