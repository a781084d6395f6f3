"""The network's arithmetic for decoding: the same numbers as :class:`Network`, with its weights arranged for speed.

The weights are copied once: query, key and value as one matrix, gate and up as another, the normalisations'
weights and the attention's scale multiplied into the matrices that follow. Pairs of the rotary embedding lie side by
side, so that a rotation is one complex product. All of it is float32, whatever the network's weights are. Axes as in
:mod:`codedance.models.local.network`; S segments of new tokens, each for a row of kept keys and values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor, nn

from codedance.models.local.network import Attention, Block, GatedMLP, Network, VisionBlock, patches

__all__ = ["Decoder", "Segment", "Store"]


@dataclass(frozen=True, slots=True)
class Segment:
    """New tokens of one row; they follow what it holds."""

    row: int
    past: int
    """Tokens that the row holds before them."""
    count: int


class Store:
    """Keys and values, and the views of them that decoding needs.

    Args:
        whole: [layers, 2, rows, kv heads, tokens, head width].
    """

    def __init__(self, whole: Tensor) -> None:
        self.whole = whole
        self.layers = list(whole.unbind())
        self.keys = [layer[0].flatten(0, 1) for layer in self.layers]
        """Of each layer, [rows * kv heads, tokens, head width]; the values likewise."""
        self.values = [layer[1].flatten(0, 1) for layer in self.layers]
        self.flat = [layer.view(-1, whole.shape[-1]) for layer in self.layers]
        """Of each layer, one key or value a row."""

    def places(self, lengths_B: Tensor) -> Tensor:
        """Where in ``flat`` the next keys and values of the first B rows go, [B * 2 * kv heads]."""
        _, _, rows, kv, tokens, _ = self.whole.shape
        row = torch.arange(len(lengths_B), device=lengths_B.device)[:, None, None]
        both, head = (torch.arange(count, device=lengths_B.device) for count in (2, kv))
        return (((both[:, None] * rows + row) * kv + head) * tokens + lengths_B[:, None, None]).flatten()


@dataclass(frozen=True, slots=True)
class _Layer:
    """Matrices are [in, out]."""

    qkv: Tensor
    qkv_bias: Tensor
    out: Tensor
    out_bias: Tensor | None
    gate_up: Tensor
    gate_up_bias: Tensor | None
    down: Tensor
    down_bias: Tensor | None


class Decoder:
    """A copy of a network's weights, and what is done with them; used under ``torch.inference_mode``.

    Args:
        network: whose weights; when they change afterwards (a training step), :meth:`is_stale` says so.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._made_of = _signature(network)
        config = network.config
        self.config = config
        self._kv, self._group, self._head = config.kv_heads, config.heads // config.kv_heads, config.head_width
        language, vision = network.model, network.visual
        self._layers = [_language_layer(layer) for layer in language.layers if isinstance(layer, Block)]
        self._seeing = [_vision_layer(layer) for layer in vision.blocks if isinstance(layer, VisionBlock)]
        self.embeddings = language.embed_tokens.weight.detach().float()
        """[vocabulary, D]"""
        self._last_norm = language.norm.weight.detach().float()
        first, second = vision.merger.mlp[0], vision.merger.mlp[2]
        assert isinstance(first, nn.Linear)
        assert isinstance(second, nn.Linear)
        norm = vision.merger.ln_q.weight.repeat(config.merge**2)
        self._merge = (_fused(first.weight, norm), first.bias.detach().float())
        self._widen = (_fused(second.weight), second.bias.detach().float())
        self.device = self.embeddings.device
        # Pixels come as 0..255: mean and deviation are part of the map.
        patches = vision.patch_embed.proj.weight.detach().float().sum(2).flatten(1) / config.pixel_std
        self._patches, self._patches_bias = patches.T.contiguous(), -config.pixel_mean * patches.sum(1)
        self._mean_language, self._mean_vision = (
            _mean(config.width, self.device),
            _mean(config.vision_width, self.device),
        )
        self._epsilon = torch.full((1,), 1e-6, device=self.device)
        half = self._head // 2
        steps = torch.arange(half, device=self.device, dtype=torch.float32)
        angle = torch.arange(config.context, device=self.device)[:, None] / config.rope_theta ** (steps / half)
        self._turns = torch.polar(torch.ones_like(angle), angle)

    def is_stale(self) -> bool:
        """True if the network's weights are no longer those that were copied."""
        return _signature(self._network) != self._made_of

    def see(self, pixels: Tensor) -> Tensor:
        """Tokens of pictures of one size, [N, height, width, 3] of 8 bits to [N, tokens, D]."""
        heads, merge = self.config.vision_heads, self.config.merge
        N, rows, columns = len(pixels), pixels.shape[1] // self.config.patch, pixels.shape[2] // self.config.patch
        x = patches(pixels, self.config).flatten(0, 1)
        x = torch.addmm(self._patches_bias, x.float(), self._patches)
        P, D = rows * columns * merge**2, x.shape[1]
        turns = self._grid_turns(rows, columns).repeat(N, 1)
        for layer in self._seeing:
            qkv = torch.addmm(layer.qkv_bias, self._normalised(x, self._mean_vision), layer.qkv)
            _turn(qkv[:, : 2 * D].view(N * P, 2 * heads, -1), turns)
            q, k, v = qkv.view(N, P, 3, heads, D // heads).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, scale=1.0).transpose(1, 2).reshape(N * P, D)
            assert layer.out_bias is not None
            x.add_(layer.out_bias).addmm_(mixed, layer.out)
            self._feed_forward(x, layer, self._mean_vision)
        merged = self._normalised(x, self._mean_vision).view(N * rows * columns, -1)
        x = F.gelu(torch.addmm(self._merge[1], merged, self._merge[0]))
        return torch.addmm(self._widen[1], x, self._widen[0]).view(N, rows * columns, -1)

    def read(self, x_TD: Tensor, positions_3T: Tensor, segments: Sequence[Segment], store: Store) -> Tensor:
        """Append segments, packed one behind the other, to their rows; logits after each segment, [S, vocabulary].

        Args:
            x_TD: embeddings; overwritten.
            positions_3T: time, row and column of each token.
            segments: which tokens belong to which row; a row occurs once.
            store: where the keys and values are kept.
        """
        turns = self._turns_of(positions_3T)
        masks = [_after(one, x_TD.device) if one.past and one.count > 1 else None for one in segments]
        ends = torch.tensor([one.count for one in segments], device=x_TD.device).cumsum(0) - 1
        for number, layer in enumerate(self._layers[:-1]):
            qkv = torch.addmm(layer.qkv_bias, self._normalised(x_TD, self._mean_language), layer.qkv)
            heads = qkv.view(len(qkv), -1, self._head)
            _turn(heads[:, : -self._kv], turns)
            self._keep(heads[:, -2 * self._kv :], segments, store.layers[number])
            q = heads[:, : -2 * self._kv].view(len(heads), self._kv, self._group, -1)
            mixed = self._mix(q, segments, store.layers[number], masks)
            x_TD.addmm_(mixed, layer.out)
            self._feed_forward(x_TD, layer, self._mean_language)
        return self._read_last(x_TD, turns, ends, segments, store.layers[-1])

    def _read_last(
        self, x_TD: Tensor, turns: Tensor, ends: Tensor, segments: Sequence[Segment], store: Tensor
    ) -> Tensor:
        """The last layer: every token leaves its key and value, but only the ends of the segments go on."""
        layer, split = self._layers[-1], self._kv * self._group * self._head
        normal = self._normalised(x_TD, self._mean_language)
        heads = torch.addmm(layer.qkv_bias[split:], normal, layer.qkv[:, split:]).view(len(normal), -1, self._head)
        _turn(heads[:, : self._kv], turns)
        self._keep(heads, segments, store)
        q = torch.addmm(layer.qkv_bias[:split], normal[ends], layer.qkv[:, :split]).view(len(ends), -1, self._head)
        _turn(q, turns[ends])
        lasts = [Segment(one.row, one.past + one.count - 1, 1) for one in segments]
        mixed = self._mix(q.view(len(ends), self._kv, self._group, -1), lasts, store, [None] * len(lasts))
        x = x_TD[ends].addmm_(mixed, layer.out)
        self._feed_forward(x, layer, self._mean_language)
        return self._logits(x)

    def step(self, ids_B: Tensor, positions_B: Tensor, lengths_B: Tensor, store: Store, *, longest: int) -> Tensor:
        """Append one text token to each of the first B rows; logits after it, [B, vocabulary].

        Args:
            ids_B: the tokens.
            positions_B: their positions, the same in time, row and column.
            lengths_B: tokens that the rows held before.
            store: as for :meth:`read`.
            longest: the largest of the lengths; nothing beyond it is looked at.
        """
        B, seen, kv = ids_B.shape[0], longest + 1, self._kv
        x, turns, places = self.embeddings[ids_B], self._turns[positions_B], store.places(lengths_B)
        beyond = torch.arange(seen, device=ids_B.device) > lengths_B[:, None]
        bias = x.new_zeros(B, seen).masked_fill_(beyond, float("-inf")).repeat_interleave(kv, dim=0)[:, None]
        for number, layer in enumerate(self._layers):
            qkv = torch.addmm(layer.qkv_bias, self._normalised(x, self._mean_language), layer.qkv)
            heads = qkv.view(B, -1, self._head)
            _turn(heads[:, :-kv], turns)
            store.flat[number].index_copy_(0, places, heads[:, -2 * kv :].reshape(len(places), -1))
            # The heads that share a key are rows of one product.
            q = heads[:, : -2 * kv].reshape(B * kv, self._group, self._head)
            k, v = store.keys[number][: B * kv, :seen], store.values[number][: B * kv, :seen]
            mixed = torch.bmm(torch.baddbmm(bias, q, k.mT).softmax(dim=-1), v)
            x.addmm_(mixed.view(B, -1), layer.out)
            self._feed_forward(x, layer, self._mean_language)
        return self._logits(x)

    def _keep(self, heads: Tensor, segments: Sequence[Segment], store: Tensor) -> None:
        """Write the keys and values of a layer, [T, 2 * kv heads, head width], into the rows."""
        both, begin = heads.view(len(heads), 2, self._kv, -1).permute(1, 2, 0, 3), 0
        for one in segments:
            store[:, one.row, :, one.past : one.past + one.count] = both[:, :, begin : begin + one.count]
            begin += one.count

    def _mix(self, q: Tensor, segments: Sequence[Segment], store: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
        """Attention of each segment to its row, [T, kv heads, group, head width] to [T, D].

        One call a segment: nothing is padded, and a row's numbers do not depend on its company.
        """
        mixed, begin = torch.empty_like(q, memory_format=torch.contiguous_format), 0
        shape = (self._kv, self._group, -1, self._head)
        for one, mask in zip(segments, masks, strict=True):
            end = begin + one.count
            k, v = store[:, one.row, :, None, : one.past + one.count].expand(2, *shape[:2], -1, -1)
            causal = one.past == 0 and one.count > 1
            found = F.scaled_dot_product_attention(
                q[begin:end].permute(1, 2, 0, 3), k, v, attn_mask=mask, is_causal=causal, scale=1.0
            )
            mixed[begin:end] = found.permute(2, 0, 1, 3)
            begin = end
        return mixed.flatten(1)

    def _feed_forward(self, x: Tensor, layer: _Layer, mean: Tensor) -> None:
        normal = self._normalised(x, mean)
        bias = layer.gate_up_bias
        both = torch.mm(normal, layer.gate_up) if bias is None else torch.addmm(bias, normal, layer.gate_up)
        gate, up = both.chunk(2, dim=1)
        if layer.down_bias is not None:
            x.add_(layer.down_bias)
        x.addmm_(F.silu(gate, inplace=True).mul_(up), layer.down)

    def _normalised(self, x: Tensor, mean: Tensor) -> Tensor:
        """Root-mean-square normalisation without its weight; the mean as a product is twice as fast as a reduction."""
        return torch.addmm(self._epsilon, x * x, mean).rsqrt_() * x

    def _logits(self, x: Tensor) -> Tensor:
        return F.linear(self._normalised(x, self._mean_language).mul_(self._last_norm), self.embeddings)

    def _turns_of(self, positions_3T: Tensor) -> Tensor:
        """Rotations of multimodal RoPE, complex [T, head width / 2]: time, row and column share the width."""
        parts = torch.split(self._turns, list(self.config.rope_sections), dim=1)
        return torch.cat([part[axis] for part, axis in zip(parts, positions_3T, strict=True)], dim=1)

    def _grid_turns(self, rows: int, columns: int) -> Tensor:
        cos, sin = self._network.visual.rotary(rows, columns, self.embeddings)
        return torch.complex(cos, sin)


def _language_layer(layer: Block) -> _Layer:
    attention: Attention = layer.self_attn
    norm = layer.input_layernorm.weight
    q, k, v = attention.q_proj, attention.k_proj, attention.v_proj
    scale = attention.head**-0.5
    query, key = _paired(q, attention.heads), _paired(k, attention.kv_heads)
    weights = [query[0] * scale, key[0], v.weight.detach().float()]
    biases = [query[1] * scale, key[1], v.bias.detach().float()]
    return _Layer(
        qkv=_fused(torch.cat(weights), norm),
        qkv_bias=torch.cat(biases),
        out=_fused(attention.o_proj.weight),
        out_bias=None,
        gate_up=_gate_up(layer.mlp, layer.post_attention_layernorm.weight),
        gate_up_bias=None,
        down=_fused(layer.mlp.down_proj.weight),
        down_bias=None,
    )


def _vision_layer(layer: VisionBlock) -> _Layer:
    attention, width = layer.attn, layer.attn.proj.weight.shape[0]
    weights, biases = attention.qkv.weight.detach().float(), attention.qkv.bias.detach().float()
    order = _pairs(2 * attention.heads, width // attention.heads, weights.device)
    weights, biases = weights.clone(), biases.clone()
    weights[: 2 * width], biases[: 2 * width] = weights[order], biases[order]
    scale = (width // attention.heads) ** -0.5
    weights[:width] *= scale
    biases[:width] *= scale
    return _Layer(
        qkv=_fused(weights, layer.norm1.weight),
        qkv_bias=biases,
        out=_fused(attention.proj.weight),
        out_bias=attention.proj.bias.detach().float(),
        gate_up=_gate_up(layer.mlp, layer.norm2.weight),
        gate_up_bias=torch.cat([layer.mlp.gate_proj.bias, layer.mlp.up_proj.bias]).detach().float(),
        down=_fused(layer.mlp.down_proj.weight),
        down_bias=layer.mlp.down_proj.bias.detach().float(),
    )


def _gate_up(mlp: GatedMLP, norm: Tensor) -> Tensor:
    return _fused(torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]), norm)


def _fused(weight: Tensor, norm: Tensor | None = None) -> Tensor:
    """[in, out], the weight of the normalisation in front multiplied in."""
    weight = weight.detach().float()
    return (weight if norm is None else weight * norm.detach().float()).T.contiguous()


def _paired(linear: nn.Linear, heads: int) -> tuple[Tensor, Tensor]:
    """Weight and bias with the halves of each head interleaved: what turns together lies side by side."""
    order = _pairs(heads, linear.weight.shape[0] // heads, linear.weight.device)
    return linear.weight.detach().float()[order], linear.bias.detach().float()[order]


def _pairs(heads: int, head: int, device: torch.device) -> Tensor:
    one = torch.arange(head, device=device).view(2, -1).T.flatten()
    return (torch.arange(heads, device=device)[:, None] * head + one).flatten()


def _turn(heads: Tensor, turns: Tensor) -> None:
    """Rotate in place, [T, heads, head width] by complex [T, head width / 2]."""
    torch.view_as_complex(heads.view(*heads.shape[:2], -1, 2)).mul_(turns[:, None])


def _after(segment: Segment, device: torch.device) -> Tensor:
    """What the tokens of a segment with a past may look at, to be added to the scores."""
    allowed = torch.ones(segment.count, segment.past + segment.count, dtype=torch.bool, device=device)
    return torch.zeros(allowed.shape, device=device).masked_fill_(~allowed.tril(segment.past), float("-inf"))


def _mean(width: int, device: torch.device) -> Tensor:
    return torch.full((width, 1), 1 / width, device=device)


def _signature(network: Network) -> tuple[tuple[int, int], ...]:
    """Changes with every optimiser step, every load of weights and every move to another device."""
    return tuple((one.data_ptr(), 0 if one.is_inference() else one._version) for one in network.parameters())
