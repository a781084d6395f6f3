"""ms-swift's scheduler of turns: our loop decides what comes after a reply, and whether anything does.

ms-swift samples a turn of all attempts, then asks what to do with each reply. The loop of every attempt runs in a
thread and waits; code of different attempts runs side by side.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio.to_thread

from codedance.engines.carried import carried_of
from codedance.engines.driven import DrivenEpisode
from codedance.engines.names import CARRIED, PICTURE_TOKENS
from codedance.engines.replies import kept_tokens, readable
from codedance.engines.rows import AskedRow, asked_row
from codedance.engines.settings import EngineSettings
from codedance.engines.swift.plugin import current_settings
from codedance.engines.workplace import workplace
from codedance.episode import Rollout
from codedance.errors import ModelContextFullError
from codedance.imaging import Picture
from codedance.models.contract import Completion
from codedance.protocol import ChatMessage, Role, as_user_message
from codedance.schema import FinishReason
from codedance.synth.interop.placeholders import join_content

__all__ = ["TurnKeeper", "make_scheduler", "picture_url", "swift_messages"]

_PATCH = 28
"""Side of a picture's token in pixels, of Qwen2.5-VL; those of Qwen3-VL are larger and so fewer."""
_PER_MESSAGE = 8
"""Tokens around a message, generously."""


@dataclass(slots=True)
class _Attempt:
    """An attempt under way."""

    asked: AskedRow
    episode: DrivenEpisode
    tokens: int
    """Of the sequence so far, at most."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Of the replies, counted over their own tokens alone: the trainer finds them in its own frame."""
    kept: tuple[int, ...] = ()
    """Tokens of the last reply that stay."""
    shown: list[ChatMessage] = field(default_factory=list)
    """What the next turn begins with."""


class TurnKeeper:
    """Drives one episode for each request, whatever engine samples.

    Args:
        settings: of the plug-in.
        decode: from tokens to text, special tokens left out.
        count: tokens of a text.
        reserved: tokens that stand for pictures.
        root: where relative paths of pictures begin.
    """

    def __init__(
        self,
        settings: EngineSettings,
        *,
        decode: Callable[[Sequence[int]], str],
        count: Callable[[str], int],
        reserved: frozenset[int],
        root: Path,
    ) -> None:
        self._settings, self._decode, self._count, self._root = settings, decode, count, root
        self._reserved = reserved
        self._attempts: dict[str, _Attempt] = {}

    async def begin(self, request: Any) -> None:  # noqa: ANN401 - ms-swift's request
        """Read the question and begin its episode; the request's messages become the loop's own."""
        asked = await anyio.to_thread.run_sync(
            lambda: asked_row(request.data_dict, request.messages, root=self._root, images=request.images)
        )
        settings = self._settings.episode(system=asked.system, temperature=1.0)
        episode = DrivenEpisode(asked.task, asked.pictures, settings=self._settings, episode=settings, name="swift")
        opening = await episode.begin()
        request.messages = swift_messages(opening)
        self._attempts[request.uuid] = _Attempt(asked, episode, self._measured(opening))

    async def turn(self, request: Any, *, ids: Sequence[int], cut: bool) -> dict[str, Any]:  # noqa: ANN401
        """Give a reply to the loop: its code runs now.

        Args:
            request: whose reply it is.
            ids: the reply's tokens, as they were sampled.
            cut: whether the limit of tokens ended it.

        Returns:
            What ms-swift is told: whether the attempt is done, and the tokens of the reply that stay.
        """
        attempt = self._attempts[request.uuid]
        said = readable(ids, self._reserved)
        text = self._decode(said)
        attempt.kept = said[: kept_tokens(said, text, self._decode)]
        start = attempt.spans[-1][1] if attempt.spans else 0
        attempt.spans.append((start, start + len(attempt.kept)))
        attempt.tokens += len(attempt.kept) + _PER_MESSAGE
        finish = FinishReason.LENGTH if cut else FinishReason.STOP
        found = await attempt.episode.reply(Completion(text=text, finish=finish, completion_tokens=len(ids)))
        if not isinstance(found, Rollout):
            attempt.shown = _after_reply(found)
            found = await self._fitted(attempt, found)
        told = {"done": isinstance(found, Rollout), **self.tokens(request)}
        if isinstance(found, Rollout):
            del self._attempts[request.uuid]
            told["rollout_infos"] = {CARRIED: await _carried(attempt, found, self._settings)}
        return told

    def next(self, request: Any) -> dict[str, Any]:  # noqa: ANN401 - ms-swift's request
        """Append what the model is shown."""
        attempt = self._attempts[request.uuid]
        request.messages += swift_messages(attempt.shown)
        request.images = [*request.images, *map(picture_url, _pictures(attempt.shown))]
        infos = {"images": list(request.images)}
        return {"infer_request": request, "rollout_infos": infos, **self.tokens(request)}

    def tokens(self, request: Any) -> dict[str, Any]:  # noqa: ANN401 - ms-swift's request
        """The last reply's tokens, without those behind its action, all of them with loss."""
        kept = self._attempts[request.uuid].kept
        return {"response_token_ids": list(kept), "response_loss_mask": [1] * len(kept)}

    async def _fitted(self, attempt: _Attempt, found: list[ChatMessage]) -> list[ChatMessage] | Rollout:
        """End the attempt if what it is to be shown may not fit."""
        attempt.tokens += self._measured(attempt.shown)
        limit = self._settings.context_tokens
        if limit is None or attempt.tokens < limit:
            return found
        return await attempt.episode.refuse(ModelContextFullError(f"the observation may not fit {limit} tokens"))

    def _measured(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of messages, at most."""
        most = self._settings.picture_tokens
        pictures = [
            min(most, max(4, -(-one.ref.width // _PATCH) * -(-one.ref.height // _PATCH))) + 2
            for one in _pictures(messages)
        ]
        return sum(self._count(one.text) + _PER_MESSAGE for one in messages) + sum(pictures)


def make_scheduler() -> type:
    """The class, as ms-swift's ``multi_turns`` hold them."""
    from swift.rollout.multi_turn import MultiTurnScheduler

    class CodeDanceScheduler(MultiTurnScheduler):  # type: ignore[misc]
        """Asks a :class:`TurnKeeper`."""

        def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - ms-swift's arguments
            super().__init__(*arguments, **named)
            tokenizer, root = self.tokenizer, getattr(self._template, "root_image_dir", None)
            self._turns = TurnKeeper(
                current_settings(),
                decode=lambda ids: str(tokenizer.decode(list(ids), skip_special_tokens=True)),
                count=lambda text: len(tokenizer.encode(text, add_special_tokens=False)),
                reserved=frozenset(tokenizer.convert_tokens_to_ids(list(PICTURE_TOKENS))),
                root=Path(root) if root else Path.cwd(),
            )

        async def on_trajectory_start(self, requests: Sequence[Any]) -> None:
            for request in requests:
                await self._turns.begin(request)

        async def on_turn_end(self, infer_request: Any, response_choice: Any, current_turn: int) -> dict[str, Any]:  # noqa: ANN401
            ids, cut = response_choice.token_ids or [], response_choice.finish_reason == "length"
            told = await self._turns.turn(infer_request, ids=ids, cut=cut)
            return self._with_logprobs(told, response_choice)

        def check_finished(self, infer_request: Any, response_choice: Any, current_turn: int) -> bool:  # noqa: ANN401
            return False  # on_turn_end has said it

        def step(self, infer_request: Any, response_choice: Any, current_turn: int) -> dict[str, Any]:  # noqa: ANN401
            return self._with_logprobs(self._turns.next(infer_request), response_choice)

        def _with_logprobs(self, told: dict[str, Any], choice: Any) -> dict[str, Any]:  # noqa: ANN401
            logprobs = self._extract_logprobs_from_choice(choice)
            kept = len(told["response_token_ids"])
            return {**told, "rollout_logprobs": logprobs[:kept]} if logprobs else told

    return CodeDanceScheduler


def _after_reply(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """What the model is shown after its last reply."""
    replies = [place for place, one in enumerate(messages) if one.role is Role.ASSISTANT]
    return list(messages[replies[-1] + 1 :])


def _pictures(messages: Sequence[ChatMessage]) -> list[Picture]:
    return [picture for message in messages for picture in message.pictures]


async def _carried(attempt: _Attempt, ended: Rollout, settings: EngineSettings) -> str:
    equivalent = workplace(settings).equivalent(attempt.asked.task)
    carried = await anyio.to_thread.run_sync(
        lambda: carried_of(
            ended.trajectory, settings, spans=attempt.spans, pictures=ended.pictures, equivalent=equivalent
        )
    )
    return carried.write()


def swift_messages(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    r"""Messages as ms-swift takes them: texts with places for pictures, which stand in a list of their own.

    >>> from codedance.protocol import Role
    >>> swift_messages([ChatMessage(Role.TOOL, ("3",))])
    [{'role': 'user', 'content': '<tool_response>\n3\n</tool_response>'}]
    """
    said = [as_user_message(one) for one in messages]
    return [{"role": one.role.value, "content": join_content(one.content)} for one in said]


def picture_url(picture: Picture) -> str:
    """A picture as text that ms-swift's engines and servers read."""
    return f"data:{picture.mime_type};base64,{base64.b64encode(picture.data).decode('ascii')}"
