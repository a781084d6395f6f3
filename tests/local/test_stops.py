"""Where a reply ends, and how tokens are drawn: quick ways that must agree with the plain ones."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codedance.models.local.checkpoint import load_checkpoint
from codedance.models.local.stops import StopTexts
from codedance.models.local.tokenizer import Tokenizer
from codedance.models.nano import CHECKPOINT
from codedance.models.sampling import Points, RowSampler, draw
from codedance.schema import Sampling

STOPS = ("</code>", "</answer>", "Fertig\u2026", "a stop text of more than twenty-four tokens\u00e9")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_checkpoint(CHECKPOINT)[1].tokenizer


def spelt(tokenizer: Tokenizer, text: str) -> list[int]:
    """In single bytes, as a model may write what no token fits."""
    alphabet = {tokenizer.encode(chr(code))[0]: bytes([code]) for code in range(128)}
    ids = {byte: token for token, byte in alphabet.items()}
    return [ids.get(bytes([byte]), -1) for byte in text.encode()]


@given(data=st.data())
def test_a_reply_is_done_exactly_when_its_text_holds_a_stop_text(tokenizer: Tokenizer, data: st.DataObject) -> None:
    texts = st.sampled_from([*STOPS, "</co", "de>", ">", "...", "x\u00e9", "\u2026", "print(1)\n", "<answer>7"])
    ids = tokenizer.encode("".join(data.draw(st.lists(texts, min_size=1, max_size=6))))
    noise = st.integers(0, tokenizer.size - 1)
    for place in data.draw(st.lists(st.integers(0, len(ids)), max_size=2)):
        ids.insert(place, data.draw(noise))
    stops, end = StopTexts(STOPS, tokenizer), tokenizer.special["<|im_end|>"]
    for count in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[:count])
        done = ids[count - 1] == end or any(stop in text for stop in STOPS)
        assert stops.reached(ids[:count]) == done
        if done:
            break


@pytest.mark.parametrize("stop", ["</code>", "a stop text of more than twenty-four tokens"])
def test_a_stop_text_spelt_in_bytes_is_found_at_its_last_byte(tokenizer: Tokenizer, stop: str) -> None:
    ids = spelt(tokenizer, "x = 1\n" + stop)
    stops = StopTexts((stop,), tokenizer)
    assert [count for count in range(1, len(ids) + 1) if stops.reached(ids[:count])] == [len(ids)]


def test_rows_with_samplings_of_their_own_draw_what_they_draw_alone() -> None:
    generator = torch.Generator().manual_seed(3)
    kinds = [(0.0, 1.0), (1.0, 1.0), (0.7, 0.9), (2.0, 0.3), (1.0, 0.05), (0.0, 0.2)]
    samplings = [Sampling(temperature=heat, top_p=top_p, seed=n) for n, (heat, top_p) in enumerate(kinds * 5)]
    logits = 3 * torch.randn(len(samplings), 40, generator=generator)
    points = torch.tensor([Points(one).take(0, 1)[0] for one in samplings])
    tokens, logprobs = RowSampler(samplings).draw(logits, points)
    for row, sampling in enumerate(samplings):
        alone = draw(logits[row], sampling, torch.Generator().manual_seed(row))
        assert (int(tokens[row]), float(logprobs[row])) == pytest.approx(alone)


def test_the_points_of_a_seed_are_those_that_its_generator_gives_one_by_one() -> None:
    hot, generator = Sampling(temperature=1.0, seed=9), torch.Generator().manual_seed(9)
    points = Points(hot)
    wanted = [float(torch.rand((), generator=generator)) for _ in range(150)]
    assert [*points.take(0, 1), *points.take(1, 16), *points.take(17, 133)] == wanted
    assert points.take(5, 3) == wanted[5:8]
    assert Points(Sampling()).take(0, 2) == [0.0, 0.0]
