"""Shape of the network, and its translation to and from the published ``config.json``."""

from __future__ import annotations

from pydantic import JsonValue, model_validator

from codedance.schema import Record

__all__ = ["SIZES", "NetworkConfig"]


class NetworkConfig(Record):
    """Sizes of a small Qwen2.5-VL; the defaults are the shipped nano model's, 3.5 million parameters in all."""

    vocabulary: int
    vision_width: int = 128
    vision_layers: int = 3
    vision_heads: int = 2
    vision_inner: int = 384
    patch: int = 28
    """Side in pixels of what becomes one token of the language model."""
    merge: int = 1
    """Such a token is put together from ``merge`` by ``merge`` patches of the vision tower."""
    width: int = 192
    layers: int = 4
    heads: int = 3
    kv_heads: int = 1
    head_width: int = 64
    inner: int = 512
    rope_theta: float = 1000.0
    rope_sections: tuple[int, int, int] = (2, 5, 25)
    """How many of the head's frequency pairs turn with time, row and column, from the fastest to the slowest.

    In the published proportions (8, 12, 12) and with a base of 10,000 columns turn so slowly that neighbours look the
    same: pictures here have eight columns, not fifty.
    """
    context: int = 2048
    pixel_mean: float = 240.0
    """Value of a channel (0..255) that becomes 0: about the worlds' ground."""
    pixel_std: float = 64.0
    min_pixels: int = 112 * 112
    """Smaller pictures are scaled up to about this size."""
    max_pixels: int = 224 * 224
    """Larger pictures are scaled down to about this size."""

    @property
    def inner_patch(self) -> int:
        """Side in pixels of a patch of the vision tower."""
        return self.patch // self.merge

    @model_validator(mode="after")
    def _patches_fill_a_token(self) -> NetworkConfig:
        if self.patch % self.merge:
            raise ValueError(f"patch {self.patch} must be a multiple of merge {self.merge}")
        return self

    @model_validator(mode="after")
    def _sections_fill_the_head(self) -> NetworkConfig:
        if sum(self.rope_sections) * 2 != self.head_width:
            raise ValueError(f"rope_sections {self.rope_sections} must add up to half of head_width {self.head_width}")
        return self

    def to_qwen(self, *, special: dict[str, int]) -> dict[str, JsonValue]:
        """The published form; ``special`` holds the ids of image, video, vision start, vision end, end and padding."""
        return {
            "architectures": ["Qwen2_5_VLForConditionalGeneration"],
            "model_type": "qwen2_5_vl",
            "dtype": "bfloat16",
            "tie_word_embeddings": True,
            "image_token_id": special["<|image_pad|>"],
            "video_token_id": special["<|video_pad|>"],
            "vision_start_token_id": special["<|vision_start|>"],
            "vision_end_token_id": special["<|vision_end|>"],
            "text_config": {
                "model_type": "qwen2_5_vl_text",
                "vocab_size": self.vocabulary,
                "hidden_size": self.width,
                "intermediate_size": self.inner,
                "num_hidden_layers": self.layers,
                "num_attention_heads": self.heads,
                "num_key_value_heads": self.kv_heads,
                "head_dim": self.head_width,
                "hidden_act": "silu",
                "rms_norm_eps": 1e-6,
                "max_position_embeddings": self.context,
                "tie_word_embeddings": True,
                "bos_token_id": special["<|endoftext|>"],
                "eos_token_id": special["<|im_end|>"],
                "pad_token_id": special["<|endoftext|>"],
                "rope_parameters": {
                    "rope_type": "default",
                    "rope_theta": self.rope_theta,
                    "mrope_section": list(self.rope_sections),
                },
            },
            "vision_config": {
                "model_type": "qwen2_5_vl_vision",
                "depth": self.vision_layers,
                "hidden_size": self.vision_width,
                "intermediate_size": self.vision_inner,
                "num_heads": self.vision_heads,
                "hidden_act": "silu",
                "in_channels": 3,
                "patch_size": self.inner_patch,
                "spatial_merge_size": self.merge,
                "temporal_patch_size": 2,
                "out_hidden_size": self.width,
                "fullatt_block_indexes": list(range(self.vision_layers)),
                "window_size": self.patch * 8,
            },
        }


SIZES = {
    "tiny": NetworkConfig(
        vocabulary=1, vision_width=32, vision_layers=1, vision_inner=64, width=64, layers=2, heads=2, head_width=32,
        rope_sections=(1, 3, 12), inner=128,
    ),
    "small": NetworkConfig(vocabulary=1),
    "medium": NetworkConfig(
        vocabulary=1, vision_width=160, vision_layers=4, vision_inner=448, width=256, layers=5, heads=4, inner=640,
    ),
    "large": NetworkConfig(
        vocabulary=1, vision_width=224, vision_layers=4, vision_heads=4, vision_inner=576, width=320, layers=6, heads=5,
        inner=896,
    ),
}  # fmt: skip
"""Named sizes; the vocabulary is set from the tokenizer.

They have 0.2, 2.9, 5.4 and 10.2 million parameters without embeddings, and 0.5, 3.7, 6.5 and 11.6 with those of the
nano recipe; ``tiny`` is for trying things out.
"""
