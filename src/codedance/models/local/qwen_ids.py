"""A checkpoint under Qwen's own token ids, for engines that have these ids in their code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from codedance.errors import DataError
from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.tokenizer import SPECIAL_TOKENS
from codedance.store import write_bytes, write_text

__all__ = ["QWEN_IDS", "with_qwen_ids"]

QWEN_IDS = {
    "<|endoftext|>": 151643,
    "<|im_start|>": 151644,
    "<|im_end|>": 151645,
    "<|object_ref_start|>": 151646,
    "<|object_ref_end|>": 151647,
    "<|box_start|>": 151648,
    "<|box_end|>": 151649,
    "<|quad_start|>": 151650,
    "<|quad_end|>": 151651,
    "<|vision_start|>": 151652,
    "<|vision_end|>": 151653,
    "<|vision_pad|>": 151654,
    "<|image_pad|>": 151655,
    "<|video_pad|>": 151656,
}
"""Control tokens of Qwen2.5-VL and their published ids."""
_VOCABULARY = 151936
"""Rows of the embedding matrix of Qwen2.5-VL-3B."""


def with_qwen_ids(folder: Path, out: Path) -> None:
    """Write a copy of a checkpoint in which control tokens have Qwen's ids; all other tokens keep theirs.

    The vocabulary is filled up with tokens that no text is split into. Their embeddings are zero, so an engine would
    give each of them the logit 0; ``generation_config.json`` suppresses them, and engines that do not heed it should
    sample at low temperatures.

    Raises:
        UsageError: the folder is no checkpoint.
        DataError: its vocabulary reaches into Qwen's control tokens.
    """
    network, encoder = load_checkpoint(folder)
    size, special = encoder.tokenizer.size, encoder.tokenizer.special
    if size > min(QWEN_IDS.values()):
        raise DataError(f"{folder}: has {size} tokens; Qwen's control tokens begin at {min(QWEN_IDS.values())}")
    out.mkdir(parents=True, exist_ok=True)
    for name in ("preprocessor_config.json", "chat_template.jinja"):
        shutil.copyfile(folder / name, out / name)
    tensors = load_tensors((folder / "model.safetensors").read_bytes())
    name = next(key for key in tensors if key.endswith("embed_tokens.weight"))
    wide = torch.zeros(_VOCABULARY, network.config.width, dtype=tensors[name].dtype)
    wide[:size] = tensors[name]
    for token, old in special.items():
        wide[QWEN_IDS[token]] = tensors[name][old]
        wide[old] = 0
    write_bytes(out / "model.safetensors", save_tensors({**tensors, name: wide}, metadata={"format": "pt"}))
    ids = {token: QWEN_IDS[token] for token in SPECIAL_TOKENS}
    config = network.config.model_copy(update={"vocabulary": _VOCABULARY}).to_qwen(special=ids)
    _write(out / "config.json", config)
    unused = sorted({*range(size, _VOCABULARY), *special.values()} - set(ids.values()))
    end, padding = ids["<|im_end|>"], ids["<|endoftext|>"]
    generation = {"eos_token_id": [end, padding], "pad_token_id": padding, "do_sample": False}
    write_text(out / "generation_config.json", json.dumps({**generation, "suppress_tokens": unused}) + "\n")
    _write(out / "tokenizer_config.json", json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")))
    write_text(out / "tokenizer.json", json.dumps(_renumbered(json.loads(encoder.tokenizer.to_json()))) + "\n")


def _renumbered(published: dict[str, Any]) -> dict[str, Any]:
    """The tokenizer's file with control tokens moved, and everything between filled up.

    A token that stands in the model's vocabulary keeps that id when the file is read; others are numbered on from the
    end. So ordinary added tokens go into the vocabulary, fillers after them, and the control tokens come last.
    """
    vocabulary: dict[str, int] = dict(published["model"]["vocab"])
    plain = [token for token in published["added_tokens"] if not token["special"]]
    vocabulary |= {token["content"]: token["id"] for token in plain}
    taken = set(vocabulary.values())
    first = min(QWEN_IDS.values())
    vocabulary |= {f"<|unused_{number}|>": number for number in range(first) if number not in taken}
    control = [
        {"id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for token, number in QWEN_IDS.items()
    ]  # fmt: skip
    model = {**published["model"], "vocab": dict(sorted(vocabulary.items(), key=lambda item: item[1]))}
    return {**published, "added_tokens": [*plain, *control], "model": model}


def _write(path: Path, content: object) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")
