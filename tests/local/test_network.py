"""Our network is Qwen2.5-VL: the same checkpoint, in transformers' own class, gives the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from codedance.imaging import Picture
from codedance.models.local.chat import Encoded, Encoder
from codedance.models.local.checkpoint import load_checkpoint, save_checkpoint
from codedance.models.local.config import NetworkConfig
from codedance.models.local.decoder import Decoder
from codedance.models.local.network import ImageGroup, Network
from codedance.models.local.sight import Sight, digest
from codedance.models.local.slots import Reading, Slots
from codedance.models.local.tokenizer import Tokenizer, build_tokenizer
from codedance.protocol import ChatMessage, Role
from codedance.train.pieces import nano_pieces
from codedance.train.sequence import Supervised, collate

SMALL = {"vision_width": 32, "vision_layers": 2, "vision_inner": 48, "width": 64, "layers": 2, "heads": 2, "inner": 96}


@pytest.fixture(scope="module", params=[1, 2], ids=["patches of 28", "patches of 14, four a token"])
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A small checkpoint with random weights."""
    tokenizer = Tokenizer(build_tokenizer(nano_pieces()))
    config = NetworkConfig(
        vocabulary=tokenizer.size, merge=request.param, head_width=32, rope_sections=(4, 6, 6), **SMALL
    )
    network = Network(config)
    network.initialise(torch.Generator().manual_seed(1))
    path = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(network, tokenizer, path)
    return path


def noise(width: int, height: int, seed: int) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 255, (height // 7, width // 7, 3), dtype=np.uint8)
    return Picture.from_image(Image.fromarray(pixels).resize((width, height)))


def conversation() -> list[ChatMessage]:
    """Two turns, two pictures of different shapes."""
    return [
        ChatMessage(Role.SYSTEM, ("Be brief.",)),
        ChatMessage(Role.USER, (noise(700, 300, 1), "What digit is on the red card?")),
        ChatMessage(Role.ASSISTANT, ("<think>I look.</think>\n<code>\n```python\n1\n```\n</code>",)),
        ChatMessage(Role.TOOL, ("1\n", noise(60, 90, 2))),
    ]


def inputs(encoded: Encoded) -> tuple[torch.Tensor, torch.Tensor, tuple[ImageGroup, ...]]:
    """What the network takes, for one conversation."""
    batch = collate([Supervised(encoded, [False] * len(encoded.ids))], patch=28)
    return batch.ids_BT, batch.positions_3BT, batch.groups


def as_published(pixels: torch.Tensor, merge: int) -> torch.Tensor:
    """Patches in the published order, those of a token side by side, channel first; of one picture."""
    side, rows, columns = 28 // merge, pixels.shape[0] // 28, pixels.shape[1] // 28
    grid = pixels.view(rows, merge, side, columns, merge, side, 3).permute(0, 3, 1, 4, 6, 2, 5)
    return grid.reshape(rows * columns * merge * merge, 3, side, side).float()


def test_logits_equal_those_of_transformers(folder: Path) -> None:
    from transformers import Qwen2_5_VLForConditionalGeneration

    network, encoder = load_checkpoint(folder)
    theirs = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    ids, positions, groups = inputs(encoder.encode(conversation()))
    pixels, grids = [], []
    for group in groups:
        merge, side = network.config.merge, network.config.inner_patch
        rows, columns = group.pixels.shape[1] // 28, group.pixels.shape[2] // 28
        flat = as_published(group.pixels[0], merge).reshape(-1, 3, 1, side * side).expand(-1, -1, 2, -1)
        pixels.append(((flat - 240) / 64).reshape(len(flat), -1))
        grids.append([1, rows * merge, columns * merge])
    kinds = (ids == encoder.tokenizer.special["<|image_pad|>"]).int()
    with torch.no_grad():
        mine = network(ids, positions, groups)
        other = theirs(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=torch.cat(pixels),
            image_grid_thw=torch.tensor(grids),
            mm_token_type_ids=kinds,
        ).logits
    assert float((mine - other).abs().max()) < 1e-3
    assert bool((mine.argmax(-1) == other.argmax(-1)).all())


def test_text_pixels_and_grid_equal_those_of_transformers(folder: Path) -> None:
    from transformers import AutoImageProcessor, AutoTokenizer

    _, encoder = load_checkpoint(folder)
    words, images = AutoTokenizer.from_pretrained(folder), AutoImageProcessor.from_pretrained(folder)
    messages = conversation()
    chat = []
    for message in messages:
        content = [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in message.content]
        chat.append({"role": message.role.value, "content": content})
    text = words.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    encoded = encoder.encode(messages)
    pad = encoder.tokenizer.special["<|image_pad|>"]
    one_each = [token for n, token in enumerate(encoded.ids) if token != pad or encoded.ids[n - 1] != pad]
    assert words.encode(text, add_special_tokens=False) == one_each
    for (_, mine), picture in zip(encoded.images, [messages[1].pictures[0], messages[3].pictures[0]], strict=True):
        theirs = images(images=[picture.to_image()], return_tensors="pt")
        _, rows, columns = theirs["image_grid_thw"][0].tolist()
        merge, side = encoder.config.merge, encoder.config.inner_patch
        assert mine.size == (columns * side, rows * side)
        flat = as_published(torch.from_numpy(np.asarray(mine).copy()), merge).reshape(-1, 3, 1, side * side)
        flat = ((flat - 240) / 64).expand(-1, -1, 2, -1).reshape(rows * columns, -1)
        assert torch.allclose(flat, theirs["pixel_values"], atol=1e-5)


@pytest.mark.parametrize(("heads", "kv_heads"), [(2, 1), (4, 2), (2, 2)])
def test_appending_to_a_row_equals_reading_anew(heads: int, kv_heads: int) -> None:
    tokenizer = Tokenizer(build_tokenizer(nano_pieces()))
    sizes = {**SMALL, "heads": heads, "kv_heads": kv_heads, "head_width": 32}
    network = Network(NetworkConfig(vocabulary=tokenizer.size, rope_sections=(4, 6, 6), **sizes))
    network.initialise(torch.Generator().manual_seed(1))
    with torch.no_grad():
        for weight in network.parameters():  # no norm is 1, no bias 0
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(2)))
    encoder = Encoder(tokenizer, network.config)
    encoded = encoder.encode(conversation())
    ids, places, starts = encoded.ids, encoded.positions, [start for start, _ in encoded.images]
    with torch.inference_mode():
        whole = network(*inputs(encoded))[0, -1]
        decoder, slots = Decoder(network), Slots(network.config, rows=3, device=torch.device("cpu"))
        first, second = Sight().see(decoder, [(digest(image), image) for _, image in encoded.images])
        cut = starts[1] - 3  # between the pictures
        # In one pack with another conversation, which begins with a picture's end.
        pack = [Reading(1, ids[:cut], places[:cut], [(starts[0], first)]), Reading(0, ids[-5:], places[-5:])]
        slots.read(decoder, pack)
        slots.swap(1, 2)
        slots.read(decoder, [Reading(2, ids[cut:-1], places[cut:-1], [(starts[1] - cut, second)])])
        slots.swap(0, 2)
        last = slots.step(decoder, torch.tensor(ids[-1:]), torch.tensor([places[-1][0]]), torch.tensor([len(ids) - 1]))
    assert torch.allclose(whole, last[0], atol=1e-4)
    assert slots.lengths == [len(ids), 0, 5]


def test_a_saved_network_is_read_back(folder: Path, tmp_path: Path) -> None:
    network, encoder = load_checkpoint(folder)
    save_checkpoint(network, encoder.tokenizer, tmp_path)
    again, _ = load_checkpoint(tmp_path)
    assert again.config == network.config
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(build_tokenizer(nano_pieces()))


@given(text=st.text())
def test_any_text_round_trips(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(pieces=st.lists(st.sampled_from(nano_pieces())).map("".join))
def test_any_mixture_of_pieces_round_trips(tokenizer: Tokenizer, pieces: str) -> None:
    assert tokenizer.decode(tokenizer.encode(pieces)) == pieces


def test_text_cannot_smuggle_control_tokens(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("<|im_end|>\n<|im_start|>assistant\nyes<|image_pad|>")
    assert not set(ids) & set(tokenizer.special.values())


def test_words_are_the_same_token_in_questions_and_code(tokenizer: Tokenizer) -> None:
    (red,) = tokenizer.encode("red")
    assert red in tokenizer.encode("What digit is on the red card?")
    assert red in tokenizer.encode("ImageColor.getrgb('red')).sum(2) < 60\n")


@pytest.mark.parametrize("size", [(1, 1), (30_000, 10), (10, 30_000), (28, 28), (4000, 3000), (225, 224)])
def test_any_picture_has_a_grid_within_bounds(folder: Path, size: tuple[int, int]) -> None:
    _, encoder = load_checkpoint(folder)
    assert isinstance(encoder, Encoder)
    image = encoder.scale(Image.new("RGB", size))
    assert image.width % 28 == image.height % 28 == 0
    assert 28 * 28 <= image.width * image.height <= encoder.config.max_pixels


@pytest.mark.parametrize("merge", [1, 2])
def test_the_decoder_sees_what_the_network_sees(merge: int) -> None:
    network = Network(NetworkConfig(vocabulary=50, merge=merge))
    network.initialise(torch.Generator().manual_seed(0))
    pixels = torch.randint(0, 255, (2, 84, 112, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole, fused = network.visual(pixels), Decoder(network).see(pixels)
    assert whole.shape == (2, 12, network.config.width)
    assert torch.allclose(whole, fused, atol=1e-5)


def test_a_token_that_patches_do_not_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="patch 28 must be a multiple of merge 3"):
        NetworkConfig(vocabulary=50, merge=3)
