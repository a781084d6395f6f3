"""Settings of training, apart from what trains: they are checked before PyTorch is loaded, which takes seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from codedance.schema import Record

__all__ = ["LearnerSettings", "LossSettings", "Precision", "SftSettings", "TrainSettings"]

Precision = Literal["auto", "bfloat16", "float32"]
"""Of the matrix products; ``auto`` is bfloat16 where the processor has it (elsewhere it is many times slower)."""


class TrainSettings(Record):
    """How a network is trained; stored with every run."""

    steps: int = Field(ge=1)
    muon_rate: float = Field(default=0.01, gt=0)
    """Learning rate of the matrices inside the layers."""
    adam_rate: float = Field(default=2e-3, gt=0)
    """Learning rate of embeddings, the patch map, norms and biases."""
    warmup_steps: int = Field(default=30, ge=0)
    decay_from: float = Field(default=0.5, ge=0, le=1)
    """Share of the steps after which the rate falls linearly."""
    final_rate: float = Field(default=0.05, ge=0, le=1)
    """Share of the rate at the last step."""
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient."""
    normaliser: float = Field(default=96.0, gt=0)
    """The constant that the summed token loss of a batch is divided by."""
    read_weight: float = Field(default=0.0, ge=0)
    """Weight of the READ loss: the words in a picture must be readable from its tokens."""
    cell_weight: float = Field(default=0.0, ge=0)
    """Weight of the CELL loss: what lies in a token's cell must be readable from that token; and where it is (POS)."""
    point_weight: float = Field(default=0.0, ge=0)
    """Weight of the ATT loss: while a place is written, one head must attend to the picture's token there."""
    to_sight: float = Field(default=1.0, ge=0, le=1)
    """Share of the text's gradient that reaches the vision tower, which READ and CELL teach."""
    save_every: int = Field(default=200, ge=1)
    precision: Precision = "auto"
    workers: int = Field(default=1, ge=0)
    """Processes that prepare batches; 0 prepares them in this one."""

    @property
    def identity(self) -> dict[str, JsonValue]:
        """What decides the outcome; how often it is saved and who prepares the batches does not."""
        return self.model_dump(mode="json", exclude={"workers", "save_every"})


class SftSettings(Record):
    """Settings of a fine-tuning run; part of its manifest."""

    batch: int = Field(default=8, ge=1)
    parts: int = Field(default=1, ge=1)
    """Parts that a step's trajectories are cut into, by length: less padding and memory, the same gradient."""
    seed: int = 0
    answered_only: bool = True
    """Leave out trajectories that ended without an answer."""
    max_tokens: int = Field(default=2048, ge=16)
    """Trajectories with more tokens are left out, never cut: a cut could fall inside a picture."""
    train: TrainSettings = TrainSettings(steps=1000, muon_rate=0.003, adam_rate=6e-4)


class LossSettings(Record):
    """Constants of the loss."""

    clip_low: float = Field(default=0.2, ge=0, le=1)
    """How far below 1 the ratio of new to old probability still counts (paper: 0.2)."""
    clip_high: float = Field(default=0.2, ge=0)
    """How far above 1 (paper: 0.2; a larger one keeps entropy up, as in DAPO)."""
    normaliser: float = Field(default=64.0, gt=0)
    """Tokens of an attempt, as a constant: the summed loss is divided by it and by the number of attempts, so that a
    token weighs the same in a long attempt as in a short one (Dr. GRPO)."""
    entropy_weight: float = 0.0
    """Weight of a bonus for entropy (paper: none)."""
    kl_weight: float = Field(default=0.0, ge=0)
    """Weight of the divergence from the policy that the run began with (paper: none)."""


class LearnerSettings(Record):
    """How the policy is updated from one step's attempts."""

    rate: float = Field(default=1e-4, gt=0)
    """Learning rate of AdamW."""
    adam_betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_steps: int = Field(default=5, ge=0)
    gradient_norm: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient."""
    epochs: int = Field(default=1, ge=1)
    """How often each attempt is used."""
    mini_batches: int = Field(default=1, ge=1)
    """Optimiser steps an epoch, each from an equal share of the attempts."""
    micro_batch: int = Field(default=32, ge=1)
    """Rows that go through the network at once; gradients of more are accumulated."""
    old_from: str = Field(default="trainer", pattern="^(trainer|sampler)$")
    """Where old log-probabilities come from: the trainer's own forward pass before the first update, whose ratio is
    exactly 1 at first, or the sampler's record, which also weighs what the two differ by."""
    precision: Precision = "auto"
    loss: LossSettings = LossSettings()
