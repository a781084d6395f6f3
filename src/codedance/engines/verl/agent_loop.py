"""verl's agent loop: one attempt at one question, by the one loop, with tokens that are never encoded twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio.to_thread
from PIL import Image

from codedance.engines.carried import Carried, carried_of, lone_reward
from codedance.engines.names import AGENT_NAME, CARRIED, PICTURE_TOKENS
from codedance.engines.rows import asked_row
from codedance.engines.settings import EngineSettings
from codedance.engines.token_model import Sampled, TokenModel, TokenRecord
from codedance.engines.verl.configuration import settings_of
from codedance.engines.workplace import workplace
from codedance.episode import Rollout, run_episode
from codedance.errors import DataError, ModelError
from codedance.imaging import Picture
from codedance.protocol import ChatMessage
from codedance.synth.interop.placeholders import escape

__all__ = ["make_agent_loop", "verl_messages"]


def make_agent_loop(module: str, name: str) -> type:
    """The class, registered with verl under the name of the column ``agent_name``.

    Args:
        module: where verl will look for it.
        name: likewise.
    """
    from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopMetrics, AgentLoopOutput, register

    class CodeDanceAgentLoop(AgentLoopBase):  # type: ignore[misc]
        """Runs :func:`codedance.episode.run_episode` with verl's generation servers as the model."""

        async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> Any:  # noqa: ANN401 - verl's type
            settings = settings_of(self.config)
            asked = await anyio.to_thread.run_sync(_asked, kwargs)
            dialogue = _VerlDialogue(self, sampling_params, priority=int(kwargs.get("priority", 0)))
            model = TokenModel(
                dialogue,
                name=f"verl:{self.config.actor_rollout_ref.model.path}",
                room=self.rollout_config.response_length,
            )
            place = workplace(settings)
            rollout = await run_episode(
                asked.task,
                asked.pictures,
                model=model,
                sandbox=await place.sandbox(),
                settings=settings.episode(
                    system=asked.system,
                    temperature=float(sampling_params["temperature"]),
                    top_p=float(sampling_params.get("top_p", 1.0)),
                ),
                attempt=int(kwargs.get("session_id", 0)),
            )
            record = model.record()
            equivalent = place.equivalent(asked.task)
            carried = await anyio.to_thread.run_sync(
                lambda: carried_of(
                    rollout.trajectory, settings, spans=record.spans, pictures=rollout.pictures, equivalent=equivalent
                )
            )
            return AgentLoopOutput(
                **_tokens(record, carried, dialogue),
                multi_modal_data={"images": list(record.images)} if record.images else {},
                mm_processor_kwargs=dialogue.processor_kwargs,
                reward_score=lone_reward(carried, settings),
                num_turns=1 + sum(1 + (turn.observation is not None) for turn in rollout.trajectory.turns),
                metrics=AgentLoopMetrics(
                    generate_sequences=sum(turn.seconds for turn in rollout.trajectory.turns),
                    tool_calls=carried.code_seconds,
                ),
                extra_fields=_extra(rollout, carried, settings=settings, dialogue=dialogue),
            )

    CodeDanceAgentLoop.__module__, CodeDanceAgentLoop.__qualname__ = module, name
    return register(AGENT_NAME)(CodeDanceAgentLoop)  # type: ignore[no-any-return]


def _asked(columns: Mapping[str, Any]) -> Any:  # noqa: ANN401 - AskedRow
    return asked_row(columns, list(columns["raw_prompt"]), root=Path.cwd())


def _tokens(record: TokenRecord, carried: Carried, dialogue: _VerlDialogue) -> dict[str, Any]:
    """What is trained on; an attempt that could not be scored carries no loss, and needs a token all the same."""
    response, mask, logprobs = list(record.response), list(record.mask), record.logprobs
    if carried.attempt is None:
        mask = [0] * len(mask)
    if not response:
        response, mask, logprobs = [dialogue.end], [0], (0.0,)
    prompt = list(record.prompt) or [dialogue.end]
    return {
        "prompt_ids": prompt,
        "response_ids": response,
        "response_mask": mask,
        "response_logprobs": list(logprobs) if logprobs is not None else None,
    }


def _extra(rollout: Rollout, carried: Carried, *, settings: EngineSettings, dialogue: _VerlDialogue) -> dict[str, Any]:
    """The record for the trainer, and numbers that verl averages over validation sets."""
    attempt = carried.attempt
    figures = {
        "acc": float(attempt.correct) if attempt is not None else 0.0,
        "reward": lone_reward(carried, settings),
        "turns": float(len(rollout.trajectory.turns)),
        "tool_rate": float(any(carried.ran_code)),
        "scored": float(attempt is not None),
    }
    return {
        CARRIED: carried.write(),
        "reward_extra_info": figures,
        "turn_scores": [],
        "tool_rewards": [],
        **dialogue.versions,
    }


def _token(tokenizer: Any, name: str) -> int:  # noqa: ANN401 - transformers' class
    number = tokenizer.convert_tokens_to_ids(name)
    if number is None or number == tokenizer.unk_token_id:
        raise DataError(f"the model has no token {name}: the plug-in knows the chat format of Qwen's VL models only")
    return int(number)


class _VerlDialogue:
    """verl's encoder of conversations and its generation servers."""

    def __init__(self, loop: Any, sampling: Mapping[str, Any], *, priority: int) -> None:  # noqa: ANN401 - verl's class
        self._loop, self._sampling, self._priority = loop, sampling, priority
        self._request = uuid4().hex  # one for all turns: they go to the server that has their beginning in its cache
        self.processor_kwargs = loop._get_mm_processor_kwargs(None)
        self.versions: dict[str, Any] = {}
        """Which weights the first and the last token were sampled with, as the servers tell it."""
        self.end, *reserved = (_token(loop.tokenizer, name) for name in ("<|im_end|>", *PICTURE_TOKENS))
        self.reserved = frozenset(reserved)

    async def encode(self, messages: Sequence[ChatMessage]) -> list[int]:
        """By verl's builder, which renders the processor's chat template."""
        said = verl_messages(messages)
        images = [part["image"] for message in said for part in message["content"] if part["type"] == "image"]
        self._loop._assert_mm_supported(bool(images))
        ids = await self._loop.ct_build_initial_tokens(said, images=images or None)
        if len(ids) > self._loop.rollout_config.prompt_length:
            raise DataError(f"a question has {len(ids)} tokens: raise data.max_prompt_length")
        return list(ids)

    async def extend(self, ids: Sequence[int], messages: Sequence[ChatMessage]) -> list[int]:
        """The new messages alone are encoded."""
        said = verl_messages(messages)
        merged, _, _ = await self._loop.ct_merge_context_msg([], said, list(ids), [0] * len(ids))
        return list(merged.token_ids)

    async def sample(
        self, ids: Sequence[int], images: Sequence[Image.Image], *, most: int, stop: Sequence[str]
    ) -> Sampled:
        """Ask a server; whatever goes wrong there is the model's failure, and the attempt is not scored."""
        try:
            found = await self._loop.server_manager.generate(
                request_id=self._request,
                prompt_ids=list(ids),
                sampling_params={**self._sampling, **self._stopping(stop), "max_tokens": most},
                image_data=list(images) or None,
                mm_processor_kwargs=self.processor_kwargs,
                priority=self._priority,
            )
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"verl's generation server failed ({type(error).__name__}: {said})") from error
        if found.stop_reason == "aborted" or not found.token_ids:
            raise ModelError(f"verl's generation server gave no tokens ({found.stop_reason or 'no reason'})")
        self._note_versions(found.extra_fields)
        sampled = tuple(int(one) for one in found.token_ids)
        logprobs = tuple(float(one) for one in found.log_probs) if found.log_probs else None
        if logprobs is not None and len(logprobs) != len(sampled):
            raise ModelError(f"{len(sampled)} tokens came with {len(logprobs)} log-probabilities")
        return Sampled(sampled, logprobs)

    def decode(self, ids: Sequence[int]) -> str:
        """By the model's tokenizer."""
        return str(self._loop.tokenizer.decode(list(ids), skip_special_tokens=True))

    def _stopping(self, stop: Sequence[str]) -> dict[str, Any]:
        """Stop after these texts, and leave them in the reply."""
        keep = "no_stop_trim" if self._loop.rollout_config.name == "sglang" else "include_stop_str_in_output"
        return {"stop": list(stop), keep: True}

    def _note_versions(self, fields: Mapping[str, Any]) -> None:
        for name, choose in (("min_global_steps", min), ("max_global_steps", max)):
            value = fields.get(name, fields.get("global_steps"))
            if value is not None:
                self.versions[name] = choose(value, self.versions.get(name, value))


def verl_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Messages as transformers' chat templates take them, pictures decoded.

    Control tokens that a text holds literally are made harmless, as in exports: a program that prints ``<|image_pad|>``
    must not make room for a picture.

    >>> from codedance.protocol import Role
    >>> verl_messages([ChatMessage(Role.USER, ("How many?",))])
    [{'role': 'user', 'content': [{'type': 'text', 'text': 'How many?'}]}]
    """
    return [{"role": one.role.value, "content": [_part(part) for part in one.content]} for one in messages]


def _part(part: str | Picture) -> dict[str, Any]:
    return (
        {"type": "text", "text": escape(part)} if isinstance(part, str) else {"type": "image", "image": part.to_image()}
    )
