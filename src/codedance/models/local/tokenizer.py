"""A byte-level tokenizer with whole words and lines as tokens: any text goes in and comes out unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as RustTokenizer

from codedance.errors import DataError

__all__ = ["SPECIAL_TOKENS", "Tokenizer", "build_tokenizer", "learn_tokenizer"]

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
"""Qwen's control tokens; the text of a message never becomes one of them."""


class Tokenizer:
    r"""Text to ids and back.

    >>> tokenizer = Tokenizer(build_tokenizer(["red", " card?"]))
    >>> tokenizer.decode(tokenizer.encode("A red card? é\n")) == "A red card? é\n"
    True
    """

    def __init__(self, rust: RustTokenizer) -> None:
        self._rust = rust
        # Text of users and programs must not smuggle control tokens into the conversation.
        self._rust.encode_special_tokens = True
        ids = {token: rust.token_to_id(token) for token in SPECIAL_TOKENS}
        missing = [token for token, number in ids.items() if number is None]
        if missing:
            raise DataError(f"the tokenizer lacks {', '.join(missing)}")
        self.special: dict[str, int] = {token: number for token, number in ids.items() if number is not None}

    @classmethod
    def from_file(cls, path: Path) -> Tokenizer:
        """Read ``tokenizer.json``."""
        try:
            return cls(RustTokenizer.from_file(str(path)))
        except DataError:
            raise
        except Exception as error:  # the library raises its own root type for anything wrong
            raise DataError(f"{path}: not a tokenizer ({error})") from None

    @property
    def size(self) -> int:
        """Number of ids."""
        return int(self._rust.get_vocab_size(with_added_tokens=True))

    def to_json(self) -> str:
        """Content of ``tokenizer.json``."""
        return str(self._rust.to_str(pretty=True))

    def encode(self, text: str) -> list[int]:
        """Ids of a text; lone surrogates, which are no text, become question marks."""
        if not text:
            return []
        clean = text.encode("utf-8", errors="replace").decode()
        return list(self._rust.encode(clean, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of the ids, control tokens left out; bytes that are no UTF-8 become replacement characters."""
        return str(self._rust.decode(list(ids), skip_special_tokens=True))


def build_tokenizer(pieces: Iterable[str]) -> RustTokenizer:
    """A tokenizer whose ids are the 256 bytes, the control tokens, then these pieces of text.

    At each place the longest piece that fits is taken; what no piece fits is spelt in bytes.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    rust = RustTokenizer(models.BPE(vocab={symbol: number for number, symbol in enumerate(alphabet)}, merges=[]))
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return _finished(rust, pieces)


def learn_tokenizer(texts: Iterable[str], *, words: Iterable[str], pieces: Iterable[str], size: int) -> RustTokenizer:
    r"""A tokenizer learnt from texts: byte pairs are merged across spaces, so that a usual line of code is one token.

    Args:
        texts: what it is learnt from.
        words: words that stand alone wherever they occur, so that a word is the same token in a question, in code and
            in an answer. Digits stand alone too.
        pieces: texts that are always one token, as in :func:`build_tokenizer`.
        size: most ids that bytes and merges take; control tokens and pieces come on top.

    >>> rust = learn_tokenizer(["cut('red')\n"] * 9, words=["red"], pieces=[], size=300)
    >>> Tokenizer(rust).encode("red")[0] in Tokenizer(rust).encode("cut('red')\n")
    True
    """
    rust = RustTokenizer(models.BPE())
    alone = "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))
    splits = [Regex(f"(?<![A-Za-z_])(?:{alone})(?![A-Za-z_])")] if alone else []
    # A digit right after a letter belongs to a name, such as cv2.
    parts = [pre_tokenizers.Split(one, "isolated") for one in [*splits, Regex(r"(?<![A-Za-z_])\d")]]
    ends = pre_tokenizers.Split("\n", "merged_with_previous")
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    rust.pre_tokenizer = pre_tokenizers.Sequence([*parts, ends, last])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, min_frequency=8, show_progress=False)
    rust.train_from_iterator(texts, trainer)
    return _finished(rust, pieces)


def _finished(rust: RustTokenizer, pieces: Iterable[str]) -> RustTokenizer:
    """The decoder, the control tokens, and the pieces that no earlier token is equal to."""
    rust.decoder = decoders.ByteLevel()
    rust.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    unique = [piece for piece in dict.fromkeys(pieces) if len(piece) > 1]
    rust.add_tokens([AddedToken(piece, special=False, normalized=False) for piece in unique])
    return rust
