"""Batched decoding with transformers models, keeping each conversation's keys and values between its turns.

Prompts are read one by one (they differ in length and pictures), each into its own cache or onto the one that its last
turn left. Then the caches are padded on the left to one length, decoded together, and taken apart again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from codedance.errors import ModelContextFullError
from codedance.models.contract import Completion, TokenSpan, cut_after_stop
from codedance.models.sampling import draw, make_generator
from codedance.protocol import ChatMessage, as_user_message
from codedance.schema import FinishReason, Sampling

__all__ = ["Generator", "Request"]

_KEPT_CONVERSATIONS = 64
_TAIL_TOKENS = 32
_DEFAULT_CONTEXT = 32_768


@dataclass(frozen=True, slots=True)
class Request:
    """One call: what is asked and how it is sampled."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    stop: tuple[str, ...]

    def fits(self, other: Request) -> bool:
        """True if both may be generated in one batch: seeded requests go alone, so that company changes nothing."""
        if self is other:
            return True
        return self.sampling == other.sampling and self.sampling.seed is None and self.stop == other.stop


@dataclass(slots=True, eq=False)
class _Conversation:
    """What has been read of a conversation."""

    ids: list[int]
    """Tokens whose keys and values are in the cache."""
    pictures: tuple[str, ...]
    cache: DynamicCache


@dataclass(slots=True)
class _Row:
    """A conversation being decoded."""

    prompt: list[int]
    pictures: tuple[str, ...]
    cache: DynamicCache
    logits: Tensor
    next_position: int
    sampled: list[int]
    logprobs: list[float]
    finish: FinishReason | None = None
    text: str = ""


class Generator:
    """A transformers model with its processor; used from one thread at a time."""

    def __init__(self, model: Any, processor: Any) -> None:  # noqa: ANN401 - transformers' types are made at run time
        self._model = model
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._kept: deque[_Conversation] = deque(maxlen=_KEPT_CONVERSATIONS)
        self._positions = getattr(model.model, "get_rope_index", None)
        self.reused_tokens = 0
        """Tokens that were found in a kept cache, over the life of the generator."""

    def forget(self) -> None:
        """Drop all kept conversations."""
        self._kept.clear()

    @property
    def context(self) -> int:
        """The most tokens that the model reads."""
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        return int(limit or _DEFAULT_CONTEXT)

    @torch.inference_mode()
    def generate(self, requests: Sequence[Request]) -> list[Completion | ModelContextFullError]:
        """Sample the next message of each conversation; all requests share sampling and stop texts.

        A conversation that leaves no room for a reply gets an error in place of its reply, without harm to the others.
        """
        outcomes: list[Completion | ModelContextFullError | None] = [None] * len(requests)
        rows: dict[int, _Row] = {}
        for number, request in enumerate(requests):
            inputs = self._encode(request)
            length = len(inputs["input_ids"][0])
            if length >= self.context:
                outcomes[number] = ModelContextFullError(
                    f"the conversation has {length} tokens; the model reads at most {self.context}"
                )
            else:
                rows[number] = self._read(request, inputs)
        if rows:
            completions = self._decode(list(rows.values()), requests[0].sampling, requests[0].stop)
            for number, completion in zip(rows, completions, strict=True):
                outcomes[number] = completion
        return [outcome for outcome in outcomes if outcome is not None]

    def _decode(self, rows: list[_Row], sampling: Sampling, stop: tuple[str, ...]) -> list[Completion]:
        """Sample for all rows together until each has ended."""
        generator = make_generator(sampling, self._model.device)
        merged, lengths = self._merge(rows), [len(row.prompt) for row in rows]
        step = 0
        while True:
            for row in rows:
                self._sample(row, sampling, stop, generator)
            if all(row.finish is not None for row in rows):
                break
            self._advance(rows, merged, max(lengths), lengths, step)
            step += 1
        completions = []
        for index, row in enumerate(rows):
            self._keep(row, merged, index, max(lengths))
            span = TokenSpan(tuple(row.sampled), tuple(row.logprobs))
            finish = row.finish or FinishReason.LENGTH
            completions.append(Completion(row.text, finish, len(row.prompt), len(row.sampled), span))
        return completions

    def _encode(self, request: Request) -> Any:  # noqa: ANN401 - a BatchFeature
        """The conversation as the processor writes it, opening of the reply included."""
        chat, pictures = [], []
        for message in map(as_user_message, request.messages):
            content = []
            for part in message.content:
                if isinstance(part, str):
                    content.append({"type": "text", "text": part})
                else:
                    content.append({"type": "image"})
                    pictures.append(part.to_image())
            chat.append({"role": message.role.value, "content": content})
        text = self._processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        inputs = self._processor(text=[text], images=pictures or None, return_tensors="pt")
        return inputs.to(self._model.device)

    def _read(self, request: Request, inputs: Any) -> _Row:  # noqa: ANN401 - a BatchFeature
        """Read the prompt, only the part that no kept cache holds."""
        ids = inputs["input_ids"][0].tolist()
        pictures = tuple(p.ref.sha256 for message in request.messages for p in message.pictures)
        grids = inputs.get("image_grid_thw")
        if self._positions is None or (pictures and grids is None):
            output = self._model(**inputs, use_cache=True)
            return _Row(ids, pictures, output.past_key_values, output.logits[0, -1], len(ids), [], [])
        cache, known = self._known_prefix(ids, pictures)
        positions, last = self._rope(inputs)
        seen = self._pictures_within(ids[:known])
        arguments: dict[str, Any] = {}
        if grids is not None and seen < len(grids):
            patches = grids.prod(-1)
            arguments["pixel_values"] = inputs["pixel_values"][int(patches[:seen].sum()) :]
            arguments["image_grid_thw"] = grids[seen:]
        output = self._model(
            input_ids=inputs["input_ids"][:, known:],
            attention_mask=inputs["attention_mask"],
            position_ids=positions[..., known:],
            past_key_values=cache,
            use_cache=True,
            **arguments,
        )
        self.reused_tokens += known
        return _Row(ids, pictures, output.past_key_values, output.logits[0, -1], last + 1, [], [])

    def _rope(self, inputs: Any) -> tuple[Tensor, int]:  # noqa: ANN401
        """Positions of every token, [3, 1, T], and the largest of them."""
        if inputs.get("image_grid_thw") is None:
            positions = torch.arange(inputs["input_ids"].shape[1], device=self._model.device)
            return positions.expand(3, 1, -1), len(positions) - 1
        kinds = inputs.get("mm_token_type_ids")
        if kinds is None:
            kinds = (inputs["input_ids"] == self._model.config.image_token_id).int()
        assert self._positions is not None
        positions, _ = self._positions(inputs["input_ids"], kinds, image_grid_thw=inputs["image_grid_thw"])
        return positions, int(positions.max())

    def _known_prefix(self, ids: list[int], pictures: tuple[str, ...]) -> tuple[DynamicCache, int]:
        """The kept cache with the longest common beginning, cut to it; at least one token is left to read."""
        best, known = None, 0
        for one in self._kept:
            common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one.ids, ids[:-1], strict=False)))
            common = self._before_open_picture(ids, common)
            count = self._pictures_within(ids[:common])
            if common > known and one.pictures[:count] == pictures[:count]:
                best, known = one, common
        if best is None:
            return DynamicCache(config=self._model.config.get_text_config()), 0
        self._kept.remove(best)
        if known < len(best.ids):
            best.cache.crop(known - len(best.ids))  # a negative number: how many to remove
        return best.cache, known

    def _before_open_picture(self, ids: list[int], common: int) -> int:
        """Never begin inside a picture: its tokens are read together."""
        image = getattr(self._model.config, "image_token_id", None)
        while common < len(ids) and common > 0 and ids[common] == image and ids[common - 1] == image:
            common -= 1
        return common

    def _pictures_within(self, ids: list[int]) -> int:
        image = getattr(self._model.config, "image_token_id", None)
        return sum(1 for before, now in zip([None, *ids], ids, strict=False) if now == image and before != image)

    def _merge(self, rows: list[_Row]) -> DynamicCache:
        """One cache for all rows, shorter ones padded on the left."""
        longest = max(len(row.prompt) for row in rows)
        merged = DynamicCache(config=self._model.config.get_text_config())
        for number in range(len(rows[0].cache.layers)):
            keys = [_padded(row.cache.layers[number].keys, longest) for row in rows]
            values = [_padded(row.cache.layers[number].values, longest) for row in rows]
            merged.update(torch.cat(keys), torch.cat(values), number)
        return merged

    def _sample(self, row: _Row, sampling: Sampling, stop: tuple[str, ...], generator: torch.Generator | None) -> None:
        if row.finish is not None:
            return
        token, logprob = draw(row.logits, sampling, generator)
        row.sampled.append(token)
        row.logprobs.append(logprob)
        text = self._tokenizer.decode(row.sampled, skip_special_tokens=True)
        tail = self._tokenizer.decode(row.sampled[-_TAIL_TOKENS:], skip_special_tokens=True)
        if token in self._ends() or any(one in tail for one in stop):
            row.finish = FinishReason.STOP
        elif len(row.sampled) >= min(sampling.max_tokens, self.context - len(row.prompt)):
            row.finish = FinishReason.LENGTH
        row.text = cut_after_stop(text, stop)

    def _advance(self, rows: list[_Row], merged: DynamicCache, width: int, lengths: list[int], step: int) -> None:
        """Feed the sampled tokens of all rows together; finished rows are fed along and not looked at."""
        device = self._model.device
        mask = torch.zeros(len(rows), width + step + 1, dtype=torch.long, device=device)
        for index, length in enumerate(lengths):
            mask[index, width - length :] = 1
        ids = torch.tensor([[row.sampled[-1]] for row in rows], device=device)
        positions = torch.tensor([[row.next_position + step] for row in rows], device=device)
        if self._positions is not None:
            positions = positions.expand(3, -1, -1)
        output = self._model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=merged, use_cache=True
        )
        for index, row in enumerate(rows):
            row.logits = output.logits[index, -1]

    def _keep(self, row: _Row, merged: DynamicCache, index: int, width: int) -> None:
        """Take the row's own keys and values out of the batch for its next turn."""
        if self._positions is None:
            return
        fed = max(0, len(row.sampled) - 1)
        start, end = width - len(row.prompt), width + fed
        cache = DynamicCache(config=self._model.config.get_text_config())
        for number, layer in enumerate(merged.layers):
            keys = layer.keys[index : index + 1, :, start:end].clone()
            values = layer.values[index : index + 1, :, start:end].clone()
            cache.update(keys, values, number)
        self._kept.append(_Conversation([*row.prompt, *row.sampled[:fed]], row.pictures, cache))

    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        known = set(ends) if isinstance(ends, list) else {ends}
        return {int(one) for one in [*known, self._tokenizer.eos_token_id] if one is not None}


def _padded(states: Tensor, length: int) -> Tensor:
    """[1, heads, T, width] with zeros in front up to the length."""
    return torch.nn.functional.pad(states, (0, 0, length - states.shape[2], 0))
