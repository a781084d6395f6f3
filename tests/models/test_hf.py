"""``hf:`` with a model of another family than Qwen2.5-VL: a small random LLaVA, made here."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
import torch

from codedance.errors import ModelContextFullError, ModelNotFoundError
from codedance.imaging import Picture
from codedance.models import Completion, load_model
from codedance.models.hf import HfModel
from codedance.models.hf_generate import Request
from codedance.models.local.tokenizer import build_tokenizer
from codedance.protocol import ChatMessage, Role
from codedance.schema import Sampling

pytestmark = pytest.mark.anyio

TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {% for p in m.content %}{% if p.type == 'image' %}<image>"
    "{% else %}{{ p.text }}{% endif %}{% endfor %}\n{% endfor %}assistant: "
)
SAMPLING = Sampling(max_tokens=12)


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import (
        CLIPImageProcessorPil,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    words = PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(["<image>", "red"]),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens={"image_token": "<image>"},
    )
    layers = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = CLIPVisionConfig(image_size=56, patch_size=14, projection_dim=32, **layers)
    text = LlamaConfig(vocab_size=len(words), num_key_value_heads=1, max_position_embeddings=256, **layers)
    image = words.convert_tokens_to_ids("<image>")
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(LlavaConfig(vision_config=vision, text_config=text, image_token_index=image))
    model.generation_config.eos_token_id = words.eos_token_id
    folder = tmp_path_factory.mktemp("llava")
    model.save_pretrained(folder)
    pixels = CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    processor = LlavaProcessor(
        pixels, words, patch_size=14, vision_feature_select_strategy="default", chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    )  # fmt: skip
    processor.save_pretrained(folder)
    return folder


async def test_a_ragged_batch_writes_what_generate_writes_alone(
    llava: Path, make_picture: Callable[..., Picture]
) -> None:
    model = load_model(f"hf:{llava}")
    assert isinstance(model, HfModel)
    questions = [
        [ChatMessage(Role.USER, (make_picture(60, 80), "How many red?"))],
        [ChatMessage(Role.USER, (make_picture(60, 80), "What is red? Tell me more about it."))],
        [ChatMessage(Role.USER, (make_picture(90, 80, "blue"), "Hm"))],
    ]
    together: dict[int, Completion] = {}

    async def ask(index: int) -> None:
        together[index] = await model.complete(questions[index], SAMPLING)

    async with anyio.create_task_group() as group:
        for index in range(3):
            group.start_soon(ask, index)
    generator = model._generator
    for index, messages in enumerate(questions):
        inputs = generator._encode(Request(tuple(messages), SAMPLING, ()))
        reference = generator._model.generate(**inputs, max_new_tokens=12, do_sample=False)[0]
        tokens = together[index].tokens
        assert tokens is not None
        assert list(tokens.token_ids) == reference[inputs["input_ids"].shape[1] :].tolist()


async def test_a_conversation_beyond_the_context_is_a_typed_error(llava: Path) -> None:
    model = load_model(f"hf:{llava}")
    with pytest.raises(ModelContextFullError, match="at most 256"):
        await model.complete([ChatMessage(Role.USER, ("x" * 300,))], SAMPLING)
    await model.close()


async def test_bars_of_transformers_are_shown_to_who_asks_for_them_alone(
    llava: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    before = logging.is_progress_bar_enabled()
    logging.enable_progress_bar()
    try:
        await load_model(f"hf:{llava}").close()
        assert capfd.readouterr().err == ""
        await load_model(f"hf:{llava}", bars=True).close()
        assert "100%" in capfd.readouterr().err
        assert logging.is_progress_bar_enabled()
    finally:
        (logging.enable_progress_bar if before else logging.disable_progress_bar)()


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "no-such-model"}')
    with pytest.raises(ModelNotFoundError, match="cannot be loaded"):
        load_model(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelNotFoundError, match="cannot be loaded"):
        load_model(f"hf:{tmp_path}")


def test_a_hub_that_cannot_be_reached_is_told_at_once_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    # The tests' network ends at loopback.
    begin = time.monotonic()
    with pytest.raises(
        ModelNotFoundError, match=r"hf:any/thing: .* the hub does not give it .*; give the path"
    ) as caught:
        load_model("hf:any/thing")
    assert time.monotonic() - begin < 10  # transformers tries for half a minute
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


async def test_a_model_in_the_cache_is_loaded_while_the_hub_is_away(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    kept = tmp_path / "models--any--thing"
    shutil.copytree(llava, kept / "snapshots" / ("a" * 40))
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    begin = time.monotonic()
    model = load_model("hf:any/thing")
    assert time.monotonic() - begin < 20
    assert model.name == "hf:any/thing"
    await model.close()
    assert "Retry" not in capfd.readouterr().err
