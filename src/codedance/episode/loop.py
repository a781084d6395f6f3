"""The one loop: think, write code, see what it did, until the answer; asking, evaluation, synthesis and RL use it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from codedance import __version__
from codedance.episode.acting import perform, program_result, stop_without_action
from codedance.episode.events import CodeStarted, EpisodeEnded, Listener, TextSampled, TurnEnded, TurnStarted
from codedance.episode.interpreter import Interpreter
from codedance.episode.limits import allowance, tokens_sampled
from codedance.episode.rollout import Rollout
from codedance.episode.settings import EpisodeSettings
from codedance.errors import ModelContextFullError, ModelError, SandboxError
from codedance.imaging import Picture
from codedance.models.contract import Completion, Model, TokenSpan
from codedance.protocol import (
    AnswerAction,
    CodeAction,
    Reply,
    observe,
    opening,
    parse_reply,
    remind,
    stop_texts,
    turn_messages,
)
from codedance.sandbox.contract import Sandbox
from codedance.schema import Failure, FailureKind, ReasoningMode, Sampling, StopReason, Task, Trajectory, Turn

__all__ = ["STOP_TEXTS", "run_episode"]

STOP_TEXTS = stop_texts(ReasoningMode.CODE)
"""The model stops writing after any of these, in the usual mode."""


async def run_episode(
    task: Task,
    pictures: Sequence[Picture],
    *,
    model: Model,
    sandbox: Sandbox,
    settings: EpisodeSettings | None = None,
    attempt: int = 0,
    listener: Listener | None = None,
) -> Rollout:
    """Run one attempt at a task. A bad attempt is data: only bugs of our own raise.

    Args:
        task: the question; its ``images`` are the refs of ``pictures``.
        pictures: the task's pictures, in order.
        model: what is asked.
        sandbox: where its code runs.
        settings: budgets, sampling, wire format, sandbox limits.
        attempt: index among the attempts at this task.
        listener: told of every step as it happens.
    """
    settings = settings or EpisodeSettings()
    episode = _Episode(task, tuple(pictures), model, settings, listener or (lambda event: None), bool(listener))
    started_at, begin = datetime.now(UTC).isoformat(timespec="milliseconds"), time.monotonic()
    failure: Failure | None = None
    stop = StopReason.TIME
    try:
        with anyio.move_on_after(settings.budgets.seconds):
            async with Interpreter(sandbox, episode.inputs, settings.limits) as interpreter:
                stop = await episode.play(interpreter)
    except ModelContextFullError as error:
        stop, failure = StopReason.MAX_TOKENS, Failure.of(FailureKind.MODEL, error)
    except ModelError as error:
        stop, failure = StopReason.MODEL_FAILED, Failure.of(FailureKind.MODEL, error)
    except SandboxError as error:
        stop, failure = StopReason.SANDBOX_FAILED, Failure.of(FailureKind.SANDBOX, error)
    if episode.unfinished is not None:
        episode.turns.append(episode.unfinished)  # its code was cut short by the time budget or a failing sandbox
    trajectory = Trajectory(
        id=f"{task.id}#{attempt}",
        task=task,
        attempt=attempt,
        model=model.name,
        sampling=settings.sampling,
        protocol=settings.protocol,
        budgets=settings.budgets,
        sandbox={**sandbox.description, "limits": settings.limits.model_dump()},
        turns=tuple(episode.turns),
        answer=episode.answer if stop is StopReason.ANSWERED else None,
        stop=stop,
        failure=failure,
        started_at=started_at,
        seconds=time.monotonic() - begin,
        codedance_version=__version__,
    )
    episode.tell(EpisodeEnded(trajectory))
    return Rollout(trajectory, episode.seen, tuple(episode.tokens))


@dataclass(slots=True)
class _Episode:
    """What has happened so far."""

    task: Task
    inputs: tuple[Picture, ...]
    model: Model
    settings: EpisodeSettings
    tell: Listener
    watched: bool  # a model need not stream if nobody looks
    turns: list[Turn] = field(default_factory=list)
    tokens: list[TokenSpan | None] = field(default_factory=list)
    seen: dict[str, Picture] = field(default_factory=dict)
    answer: str | None = None
    spent_tokens: int = 0
    reminded: bool = False
    unfinished: Turn | None = None

    async def play(self, interpreter: Interpreter) -> StopReason:
        self.seen.update((picture.ref.sha256, picture) for picture in self.inputs)
        messages = opening(self.task, self.inputs, self.settings.protocol)
        for index in range(self.settings.budgets.turns):
            remaining = self.settings.budgets.tokens - self.spent_tokens
            if remaining < 1:
                return StopReason.MAX_TOKENS
            self.tell(TurnStarted(index))
            begin = time.monotonic()
            limit = min(self.settings.sampling.max_tokens, remaining)
            completion = await self.model.complete(
                messages,
                self._sampling(index).model_copy(update={"max_tokens": limit}),
                stop=stop_texts(self.settings.protocol.mode),
                on_text=(lambda text: self.tell(TextSampled(text))) if self.watched else None,
            )
            stop = await self._act(interpreter, completion, time.monotonic() - begin)
            if stop is not None:
                return stop
            messages.extend(turn_messages(self.turns[-1], self.seen))
        return StopReason.MAX_TURNS

    def _sampling(self, turn: int) -> Sampling:
        """With a seed of its own for each turn: with one for all, they would be drawn with the same random numbers."""
        sampling = self.settings.sampling
        if sampling.seed is None:
            return sampling
        digest = hashlib.sha256(f"{sampling.seed}/{turn}".encode()).digest()
        return sampling.model_copy(update={"seed": int.from_bytes(digest[:6], "big")})

    async def _act(self, interpreter: Interpreter, completion: Completion, seconds: float) -> StopReason | None:
        """Do what the reply asks for and append the turn; returns why the episode ends, if it does."""
        protocol = self.settings.protocol
        reply = parse_reply(completion.text, protocol.mode)
        self.tokens.append(completion.tokens)
        self.spent_tokens += tokens_sampled(completion)
        turn = self.unfinished = Turn(
            text=completion.text,
            kept_characters=reply.end,
            code=reply.action.code if isinstance(reply.action, CodeAction) else None,
            finish=completion.finish,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            seconds=seconds,
            retries=completion.retries,
        )
        match reply.action:
            case AnswerAction(text=text):
                self.answer = text
                self._end_turn(turn, reply)
                return StopReason.ANSWERED
            case None:
                stop = stop_without_action(completion, reply, reminded=self.reminded)
                if stop is None:
                    self.reminded = True
                    turn = turn.model_copy(update={"observation": remind(protocol)})
                self._end_turn(turn, reply)
                return stop
            case action:
                if turn.code is not None:
                    self.tell(CodeStarted(reply.thought, turn.code))
                result = await perform(action, interpreter, inputs=self.inputs, turns=self.turns, seen=self.seen)
                self.seen.update((picture.ref.sha256, picture) for picture in result.pictures)
                turn = turn.model_copy(update={"execution": result.execution})
                stop = None
                if protocol.mode is ReasoningMode.PROGRAM:
                    self.answer = program_result(result.execution)
                    stop = StopReason.MAX_TURNS if self.answer is None else StopReason.ANSWERED
                else:
                    shown = observe(result.execution, allowance(self.settings.budgets, self.turns))
                    turn = turn.model_copy(update={"observation": shown})
                self._end_turn(turn, reply, result.pictures)
                return stop

    def _end_turn(self, turn: Turn, reply: Reply, pictures: tuple[Picture, ...] = ()) -> None:
        self.turns.append(turn)
        self.unfinished = None
        self.tell(TurnEnded(len(self.turns) - 1, turn, reply.thought, pictures))
