"""Whether a reply has reached a stop text, asked after every token: nearly always answered without decoding."""

from __future__ import annotations

from collections.abc import Sequence

from codedance.models.local.tokenizer import Tokenizer

__all__ = ["StopTexts"]


class StopTexts:
    """The texts after any of which a reply ends, and which tokens could complete one.

    A text is complete only in a token that holds its last character, or a part of that character's bytes. Only after
    such a token is the reply decoded and searched.
    """

    def __init__(self, texts: tuple[str, ...], tokenizer: Tokenizer) -> None:
        self.texts = texts
        self._tokenizer = tokenizer
        self._lasts = {text[-1] for text in texts if text}
        self._empty = "" in texts
        self._end = tokenizer.special["<|im_end|>"]
        self._completes: dict[int, bool] = {}

    def reached(self, ids: Sequence[int]) -> bool:
        """True if the last of these tokens ends the reply."""
        last = ids[-1]
        if last == self._end or self._empty:
            return True
        completes = self._completes.get(last)
        if completes is None:
            text = self._tokenizer.decode([last])
            completes = "\ufffd" in text or any(one in text for one in self._lasts)
            self._completes[last] = completes
        if not completes:
            return False
        reply = self._tokenizer.decode(ids)
        return any(text in reply for text in self.texts)
