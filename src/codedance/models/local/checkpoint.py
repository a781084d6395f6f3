"""Checkpoint folders in the published layout: what we write, transformers reads, and the other way round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from codedance.errors import DataError, UsageError
from codedance.models.local.chat import CHAT_TEMPLATE, Encoder
from codedance.models.local.config import NetworkConfig
from codedance.models.local.network import Network
from codedance.models.local.tokenizer import SPECIAL_TOKENS, Tokenizer
from codedance.store import write_bytes, write_text

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(network: Network, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a folder that transformers and :func:`load_checkpoint` both read; weights in bfloat16."""
    config = network.config
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: weight.detach().to(torch.bfloat16).contiguous() for name, weight in network.state_dict().items()}
    write_bytes(folder / "model.safetensors", save_tensors(tensors, metadata={"format": "pt"}))
    end, padding = tokenizer.special["<|im_end|>"], tokenizer.special["<|endoftext|>"]
    _write_json(folder / "config.json", config.to_qwen(special=tokenizer.special))
    generation = {"eos_token_id": [end, padding], "pad_token_id": padding, "do_sample": False}
    _write_json(folder / "generation_config.json", generation)
    processor = {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "rescale_factor": 1 / 255,
        "resample": 3,
        "image_mean": [config.pixel_mean / 255] * 3,
        "image_std": [config.pixel_std / 255] * 3,
        "patch_size": config.inner_patch,
        "temporal_patch_size": 2,
        "merge_size": config.merge,
        "min_pixels": config.min_pixels,
        "max_pixels": config.max_pixels,
        "size": {"shortest_edge": config.min_pixels, "longest_edge": config.max_pixels},
    }
    _write_json(folder / "preprocessor_config.json", processor)
    words = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": list(SPECIAL_TOKENS),
        "model_max_length": config.context,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    _write_json(folder / "tokenizer_config.json", words)
    write_text(folder / "chat_template.jinja", CHAT_TEMPLATE)
    write_text(folder / "tokenizer.json", tokenizer.to_json())


def load_checkpoint(folder: Path) -> tuple[Network, Encoder]:
    """Read a folder that :func:`save_checkpoint` wrote.

    Raises:
        UsageError: the folder or one of its files is missing.
        DataError: a file does not hold what it should.
    """
    config = _read_config(folder)
    tokenizer = Tokenizer.from_file(_existing(folder / "tokenizer.json"))
    network = Network(config)
    path = _existing(folder / "model.safetensors")
    try:
        tensors = {name: tensor.float() for name, tensor in load_tensors(path.read_bytes()).items()}
        network.load_state_dict(tensors, assign=True)
    except Exception as error:  # safetensors and torch raise many types for wrong files
        raise DataError(f"{path}: does not hold this network's weights ({error})") from None
    return network.eval(), Encoder(tokenizer, config)


def _read_config(folder: Path) -> NetworkConfig:
    published, pixels = _read_json(folder / "config.json"), _read_json(folder / "preprocessor_config.json")
    try:
        text, vision = published["text_config"], published["vision_config"]
        return NetworkConfig(
            vocabulary=text["vocab_size"],
            vision_width=vision["hidden_size"],
            vision_layers=vision["depth"],
            vision_heads=vision["num_heads"],
            vision_inner=vision["intermediate_size"],
            patch=vision["patch_size"] * vision["spatial_merge_size"],
            merge=vision["spatial_merge_size"],
            width=text["hidden_size"],
            layers=text["num_hidden_layers"],
            heads=text["num_attention_heads"],
            kv_heads=text["num_key_value_heads"],
            head_width=text["head_dim"],
            inner=text["intermediate_size"],
            rope_theta=text["rope_parameters"]["rope_theta"],
            rope_sections=tuple(text["rope_parameters"]["mrope_section"]),
            context=text["max_position_embeddings"],
            pixel_mean=round(pixels["image_mean"][0] * 255, 6),
            pixel_std=round(pixels["image_std"][0] * 255, 6),
            min_pixels=pixels["min_pixels"],
            max_pixels=pixels["max_pixels"],
        )
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise DataError(f"{folder}: config.json is not of a small Qwen2.5-VL ({error})") from None


def _existing(path: Path) -> Path:
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: there is no such folder; give that of a checkpoint")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; is the folder a checkpoint?")
    return path


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_existing(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds no JSON object")
    return content


def _write_json(path: Path, content: object) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")
