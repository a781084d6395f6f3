"""Qwen2.5-VL's network, lean: the same parameters under the published names, quick on small shapes.

Only what a still picture needs is here: full attention in the vision tower, one frame a picture, no merging windows.
A checkpoint of this network loads in transformers' ``Qwen2_5_VLForConditionalGeneration`` and gives the same logits (a
test), so nothing of it is special to CodeDance. Axes: B batch, T tokens, N pictures, P patches, D width, H heads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor, nn

from codedance.models.local.config import NetworkConfig

__all__ = ["Block", "ImageGroup", "Network", "patches", "rotate"]


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """Pictures of one size, and where their tokens lie."""

    pixels: Tensor
    """[N, height, width, 3], 8-bit values; height and width are multiples of the patch size."""
    index: Tensor
    """[N * P], positions in the flattened [B * T] sequence."""


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of the last axis, halves paired as in Qwen2."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class RMSNorm(nn.Module):
    """Root-mean-square normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis."""
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), 1e-6)


class GatedMLP(nn.Module):
    """SiLU-gated feed-forward."""

    def __init__(self, width: int, inner: int, *, bias: bool) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=bias)
        self.up_proj = nn.Linear(width, inner, bias=bias)
        self.down_proj = nn.Linear(inner, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to the last axis."""
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class VisionAttention(nn.Module):
    """Full attention among the patches of one picture."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads = config.vision_heads
        self.qkv = nn.Linear(config.vision_width, 3 * config.vision_width)
        self.proj = nn.Linear(config.vision_width, config.vision_width)

    def forward(self, x_NPD: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[N, P, D] to the same."""
        N, P, D = x_NPD.shape
        q, k, v = self.qkv(x_NPD).view(N, P, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(N, P, D))
        return out


class VisionBlock(nn.Module):
    """One layer of the vision tower."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.norm1 = RMSNorm(config.vision_width)
        self.norm2 = RMSNorm(config.vision_width)
        self.attn = VisionAttention(config)
        self.mlp = GatedMLP(config.vision_width, config.vision_inner, bias=True)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[N, P, D] to the same."""
        x = x + self.attn(self.norm1(x), cos, sin)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class PatchEmbed(nn.Module):
    """Linear map of a patch; the weight has the published 3-D convolution's shape, two equal frames."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.proj = nn.Conv3d(3, config.vision_width, (2, config.inner_patch, config.inner_patch), bias=False)

    def forward(self, patches_NPC: Tensor) -> Tensor:
        """[N, P, 3 * patch * patch], channel first, to [N, P, D]."""
        # A still picture is given as two equal frames: the sum over the frames' axis is the same map.
        return F.linear(patches_NPC, self.proj.weight.sum(2).flatten(1).to(patches_NPC.dtype))


class Merger(nn.Module):
    """From the vision tower's width to the language model's."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.inner = config.vision_width * config.merge**2
        self.ln_q = RMSNorm(config.vision_width)
        self.mlp = nn.Sequential(nn.Linear(self.inner, self.inner), nn.GELU(), nn.Linear(self.inner, config.width))

    def forward(self, x: Tensor) -> Tensor:
        """[N, P, vision D], the patches of a token side by side, to [N, tokens, D]."""
        normed = self.ln_q(x)
        out: Tensor = self.mlp(normed.reshape(len(x), -1, self.inner))
        return out


class VisionTower(nn.Module):
    """Pictures to tokens."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config)
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.vision_layers))
        self.merger = Merger(config)

    def forward(self, pixels: Tensor) -> Tensor:
        """[N, height, width, 3] of 0..255 to [N, tokens, D], tokens row by row."""
        rows, columns = pixels.shape[1] // self.config.patch, pixels.shape[2] // self.config.patch
        x = patches(pixels, self.config)
        x = self.patch_embed((x.to(self.merger.ln_q.weight.dtype) - self.config.pixel_mean) / self.config.pixel_std)
        cos, sin = self.rotary(rows, columns, x)
        for block in self.blocks:
            x = block(x, cos, sin)
        out: Tensor = self.merger(x)
        return out

    def rotary(self, rows: int, columns: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines of the patches' rows and columns for a grid of tokens, in the order of :func:`patches`."""
        quarter = self.config.vision_width // self.config.vision_heads // 4
        frequency = 1.0 / (10000 ** (torch.arange(quarter, device=like.device, dtype=torch.float32) / quarter))
        merge = self.config.merge
        place = torch.arange(rows * merge * columns * merge, device=like.device)
        place = place.view(rows, merge, columns, merge).transpose(1, 2).flatten()
        row, column = place // (columns * merge), place % (columns * merge)
        angle = torch.cat([row[:, None] * frequency, column[:, None] * frequency], dim=-1)
        return angle.cos().to(like.dtype), angle.sin().to(like.dtype)


def patches(pixels: Tensor, config: NetworkConfig) -> Tensor:
    """[N, height, width, 3] to [N, P, 3 * patch * patch], channel first; the patches of a token stand side by side."""
    N, height, width, _ = pixels.shape
    rows, columns, merge, side = height // config.patch, width // config.patch, config.merge, config.inner_patch
    grid = pixels.view(N, rows, merge, side, columns, merge, side, 3).permute(0, 1, 4, 2, 5, 7, 3, 6)
    return grid.reshape(N, rows * columns * merge * merge, -1)


class Attention(nn.Module):
    """Causal attention with grouped keys and values."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head = config.heads, config.kv_heads, config.head_width
        self.q_proj = nn.Linear(config.width, self.heads * self.head)
        self.k_proj = nn.Linear(config.width, self.kv_heads * self.head)
        self.v_proj = nn.Linear(config.width, self.kv_heads * self.head)
        self.o_proj = nn.Linear(self.heads * self.head, config.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[B, T, D] to the same."""
        B, T, _ = x.shape
        q = rotate(self.q_proj(x).view(B, T, self.heads, self.head).transpose(1, 2), cos, sin)
        k = rotate(self.k_proj(x).view(B, T, self.kv_heads, self.head).transpose(1, 2), cos, sin)
        v = self.v_proj(x).view(B, T, self.kv_heads, self.head).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        out: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(B, T, -1))
        return out


class Block(nn.Module):
    """One layer of the language model."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.width)
        self.post_attention_layernorm = RMSNorm(config.width)
        self.self_attn = Attention(config)
        self.mlp = GatedMLP(config.width, config.inner, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[B, T, D] to the same."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class LanguageModel(nn.Module):
    """Embeddings, layers and the last normalisation."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.width)


class Network(nn.Module):
    """The whole model; embeddings are tied to the output."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.visual = VisionTower(config)
        self.model = LanguageModel(config)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw fresh weights: scaled by fan-in, residual outputs smaller with depth."""
        c = self.config
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if weight.dim() < 2:
                    weight.fill_(1.0 if "norm" in name or "ln_q" in name else 0.0)
                    continue
                std = weight[0].numel() ** -0.5
                if name.endswith(("o_proj.weight", "attn.proj.weight", "down_proj.weight")):
                    std /= math.sqrt(2 * (c.vision_layers if name.startswith("visual") else c.layers))
                elif name == "model.embed_tokens.weight":
                    std = 0.06
                elif name == "visual.merger.mlp.2.weight":
                    std *= 0.3
                weight.normal_(0.0, std, generator=generator)

    def embed(self, ids_BT: Tensor, groups: Sequence[ImageGroup]) -> Tensor:
        """Token embeddings with the pictures' tokens put in their places, [B, T, D]."""
        x = self.model.embed_tokens(ids_BT)
        flat = x.reshape(-1, x.shape[-1])
        for group in groups:
            tokens = self.visual(group.pixels).reshape(-1, x.shape[-1])
            flat = flat.index_copy(0, group.index, tokens.to(flat.dtype))
        out: Tensor = flat.view_as(x)
        return out

    def rotary(self, positions_3BT: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Cosines and sines of multimodal RoPE, [B, 1, T, head width / 2]: time, row and column share the width."""
        half = self.config.head_width // 2
        steps = torch.arange(half, device=positions_3BT.device, dtype=torch.float32)
        angle = positions_3BT[..., None].float() / self.config.rope_theta ** (steps / half)
        parts = torch.split(angle, list(self.config.rope_sections), dim=-1)
        mixed = torch.cat([part[axis] for axis, part in enumerate(parts)], dim=-1)
        return mixed.cos()[:, None].to(dtype), mixed.sin()[:, None].to(dtype)

    def hidden(
        self,
        ids_BT: Tensor,
        positions_3BT: Tensor,
        groups: Sequence[ImageGroup] = (),
        *,
        layers: int | None = None,
        to_sight: float = 1.0,
    ) -> list[Tensor]:
        """Inputs of every layer and the normalised output of the last, each [B, T, D]; for training (no cache).

        With ``layers`` only the first so many layers are computed, and the last state is not normalised. Of the
        gradient that comes through the layers, only the share ``to_sight`` reaches the vision tower; what is computed
        from the first state, which holds the pictures' tokens as the tower made them, reaches it whole.
        """
        x = self.embed(ids_BT, groups)
        cos, sin = self.rotary(positions_3BT, _working_dtype(x))
        states = [x]
        if groups and to_sight != 1.0 and layers != 0:
            seen = torch.zeros(x.shape[0] * x.shape[1], 1, dtype=torch.bool, device=x.device)
            seen[torch.cat([group.index for group in groups])] = True
            x = torch.where(seen.view(*x.shape[:2], 1), to_sight * x + (1.0 - to_sight) * x.detach(), x)
        for layer in self.model.layers[:layers]:
            x = layer(x, cos, sin)
            states.append(x)
        if layers is None:
            states[-1] = self.model.norm(x)
        return states

    def logits(self, hidden: Tensor) -> Tensor:
        """Next-token logits from normalised hidden states."""
        return F.linear(hidden, self.model.embed_tokens.weight.to(hidden.dtype))

    def forward(self, ids_BT: Tensor, positions_3BT: Tensor, groups: Sequence[ImageGroup] = ()) -> Tensor:
        """Logits of every position, [B, T, vocabulary]."""
        out: Tensor = self.logits(self.hidden(ids_BT, positions_3BT, groups)[-1])
        return out


def _working_dtype(x: Tensor) -> torch.dtype:
    """The dtype that products come out in: under autocast not that of the embeddings."""
    if torch.is_autocast_enabled(x.device.type):
        return torch.get_autocast_dtype(x.device.type)
    return x.dtype
