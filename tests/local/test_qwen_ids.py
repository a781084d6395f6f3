"""The same model under Qwen's own token ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.qwen_ids import QWEN_IDS, with_qwen_ids
from codedance.models.nano import CHECKPOINT
from codedance.protocol import ChatMessage, Role

TEXTS = ("Count the red circles.", "import cv2\nimport numpy as np\n", "Ünïcode ✓\n", "<|im_end|> is text here")


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ported") / "checkpoint"
    with_qwen_ids(CHECKPOINT, out)
    return out


def test_control_tokens_have_qwens_ids_and_all_others_keep_theirs(ported: Path) -> None:
    _, before = load_checkpoint(CHECKPOINT)
    _, after = load_checkpoint(ported)
    assert after.tokenizer.special == {token: QWEN_IDS[token] for token in before.tokenizer.special}
    assert after.tokenizer.special["<|image_pad|>"] == 151655
    for text in TEXTS:
        assert after.tokenizer.encode(text) == before.tokenizer.encode(text)
        assert after.tokenizer.decode(after.tokenizer.encode(text)) == text
    config = json.loads((ported / "config.json").read_text())
    assert (config["image_token_id"], config["vision_start_token_id"]) == (151655, 151652)


def test_transformers_reads_the_same_ids(ported: Path) -> None:
    _, after = load_checkpoint(ported)
    theirs = AutoTokenizer.from_pretrained(ported)
    assert {token: theirs.convert_tokens_to_ids(token) for token in QWEN_IDS} == QWEN_IDS
    chat = [{"role": "user", "content": "Count the red circles."}]
    text = theirs.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    mine = after.encode([ChatMessage(Role.USER, ("Count the red circles.",))])
    assert theirs.encode(text, add_special_tokens=False) == mine.ids


def test_it_writes_what_the_original_writes(ported: Path) -> None:
    texts = []
    for folder in (CHECKPOINT, ported):
        _, encoder = load_checkpoint(folder)
        theirs = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        ids = torch.tensor([encoder.encode([ChatMessage(Role.USER, ("Count the red circles.",))]).ids])
        written = theirs.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=40)
        texts.append(encoder.tokenizer.decode(written[0, ids.shape[1] :].tolist()))
    assert texts[0] == texts[1]
    assert "red" in texts[0]
