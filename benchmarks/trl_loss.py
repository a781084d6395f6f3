"""What TRL's GRPO loss makes of a small batch: the golden values of ``tests/train/test_policy_loss.py``.

Needs TRL, which CodeDance does not depend on: ``pip install trl==1.16.0`` into an environment of its own, then

    python benchmarks/trl_loss.py > tests/train/trl_loss.json

TRL's own ``GRPOTrainer._compute_loss`` runs, with advantages for each token, masked observations, the loss type
``dr_grpo`` (a constant normaliser), and log-probabilities of a table of logits in place of a model.
"""

from __future__ import annotations

import json
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import torch

ROWS, PROMPT, TOKENS, VOCABULARY, TEMPERATURE, LONGEST = 3, 2, 7, 5, 1.3, 16
CASES: dict[str, dict[str, Any]] = {
    "on policy": {"low": 0.2, "high": 0.2, "kl": 0.0, "old": False},
    "clipped": {"low": 0.2, "high": 0.2, "kl": 0.0, "old": True},
    "clipped higher, with divergence": {"low": 0.2, "high": 0.28, "kl": 0.05, "old": True},
}


class Table(torch.nn.Module):
    """A model whose logits are its parameters."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(logits)

    def forward(self, input_ids: torch.Tensor, **_: object) -> SimpleNamespace:
        """Log-probability and entropy of each token of the completion, as TRL reads them."""
        logprobs = torch.log_softmax(self.logits / TEMPERATURE, dim=-1)
        chosen = logprobs.gather(-1, input_ids[:, PROMPT:, None])[..., 0]
        return SimpleNamespace(log_probs=chosen, entropy=-(logprobs.exp() * logprobs).sum(-1))


def batch() -> dict[str, torch.Tensor]:
    """Seeded values, rounded so that a file holds them exactly enough."""
    draw = torch.Generator().manual_seed(7)

    def values(*shape: int, scale: float = 1.0) -> torch.Tensor:
        return (torch.randn(*shape, generator=draw, dtype=torch.float64) * scale).round(decimals=4)

    made = values(ROWS, TOKENS, VOCABULARY)
    ids = torch.randint(VOCABULARY, (ROWS, TOKENS), generator=draw)
    chosen = torch.log_softmax(made / TEMPERATURE, dim=-1).gather(-1, ids[..., None])[..., 0]
    wrote = torch.tensor([[1, 1, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0, 0]])
    whole = torch.tensor([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0, 0]])
    return {
        "logits": made,
        "ids": ids,
        "wrote": wrote,
        "whole": whole,
        "advantages": values(ROWS, TOKENS) * wrote,
        "old": (chosen + values(ROWS, TOKENS, scale=0.4)).round(decimals=4),
        "reference": (chosen + values(ROWS, TOKENS, scale=0.6)).round(decimals=4),
    }


def trl_loss(given: dict[str, torch.Tensor], case: dict[str, Any]) -> dict[str, Any]:
    """Loss, gradient of the logits and clipped share, by TRL."""
    from trl import GRPOTrainer

    model = Table(given["logits"].clone()).train()
    same = SimpleNamespace(
        gather=lambda x: x,
        reduce=lambda x, reduction: x,
        gather_for_metrics=lambda x: x,
        autocast=torch.enable_grad,
        num_processes=1,
        sync_gradients=True,
        is_main_process=False,
    )
    trainer: Any = GRPOTrainer.__new__(GRPOTrainer)
    settings = {
        "model": model,
        "accelerator": same,
        "args": SimpleNamespace(delta=None, use_bias_correction_kl=False, report_to=[]),
        "state": SimpleNamespace(global_step=0),
        "aux_loss_enabled": False,
        "top_entropy_quantile": 1.0,
        "off_policy_mask_threshold": None,
        "importance_sampling_level": "token",
        "beta": case["kl"],
        "loss_type": "dr_grpo",
        "epsilon_low": case["low"],
        "epsilon_high": case["high"],
        "use_vllm": False,
        "current_gradient_accumulation_steps": 1,
        "max_completion_length": LONGEST,
        "_entropy_bonus_enabled": False,
        "_metrics": defaultdict(lambda: defaultdict(list)),
    }
    for name, value in settings.items():
        object.__setattr__(trainer, name, value)
    inputs = {
        "prompt_ids": torch.zeros(ROWS, PROMPT, dtype=torch.long),
        "prompt_mask": torch.ones(ROWS, PROMPT, dtype=torch.long),
        "completion_ids": given["ids"],
        "completion_mask": given["whole"],
        "tool_mask": given["wrote"],
        "advantages": given["advantages"],
        "ref_per_token_logps": given["reference"],
    }
    if case["old"]:
        inputs["old_per_token_logps"] = given["old"]
    loss = trainer._compute_loss(model, inputs)
    loss.backward()
    metrics = trainer._metrics["train"]
    assert model.logits.grad is not None
    return {
        **case,
        "loss": loss.item(),
        "gradient": model.logits.grad.tolist(),
        "clipped": metrics["clip_ratio/region_mean"][0],
        "entropy": metrics["entropy"][0],
        "kl_reference": metrics["kl"][0] if case["kl"] else None,
    }


def main() -> None:
    """Print the batch and what TRL makes of it, as JSON."""
    import trl

    given = batch()
    print(
        json.dumps(
            {
                "trl": trl.__version__,
                "temperature": TEMPERATURE,
                "longest": LONGEST,
                "batch": {name: tensor.tolist() for name, tensor in given.items()},
                "cases": {name: trl_loss(given, case) for name, case in CASES.items()},
            },
        )
    )


if __name__ == "__main__":
    main()
