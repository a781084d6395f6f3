"""The one loop: think, write code, see what it did, until the answer; asking, evaluation, synthesis and RL use it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from codedance import __version__
from codedance.episode.events import CodeStarted, EpisodeEnded, Listener, TextSampled, TurnEnded, TurnStarted
from codedance.episode.interpreter import Interpreter
from codedance.episode.limits import allowance, tokens_sampled
from codedance.episode.rollout import Rollout
from codedance.episode.settings import EpisodeSettings
from codedance.errors import ModelContextFullError, ModelError, SandboxError
from codedance.imaging import Picture
from codedance.models.contract import Completion, Model, TokenSpan
from codedance.protocol import (
    REMINDERS,
    AnswerAction,
    CodeAction,
    Fault,
    Reply,
    observe,
    opening,
    parse_reply,
    turn_messages,
)
from codedance.sandbox.contract import Sandbox
from codedance.schema import (
    Failure,
    FailureKind,
    FinishReason,
    Observation,
    StopReason,
    Task,
    TextPart,
    Trajectory,
    Turn,
)

__all__ = ["STOP_TEXTS", "run_episode"]

STOP_TEXTS = ("</code>", "</tool_call>", "</answer>")
"""The model stops writing after any of these: what follows an action would be dropped anyway."""

_BAD_FORMAT = frozenset({Fault.UNCLOSED_CODE, Fault.BROKEN_CALL, Fault.UNCLOSED_ANSWER})


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
                self.settings.sampling.model_copy(update={"max_tokens": limit}),
                stop=STOP_TEXTS,
                on_text=(lambda text: self.tell(TextSampled(text))) if self.watched else None,
            )
            stop = await self._act(interpreter, completion, time.monotonic() - begin)
            if stop is not None:
                return stop
            messages.extend(turn_messages(self.turns[-1], self.seen))
        return StopReason.MAX_TURNS

    async def _act(self, interpreter: Interpreter, completion: Completion, seconds: float) -> StopReason | None:
        """Do what the reply asks for and append the turn; returns why the episode ends, if it does."""
        reply = parse_reply(completion.text)
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
        )
        match reply.action:
            case AnswerAction(text=text):
                self.answer = text
                self._end_turn(turn, reply)
                return StopReason.ANSWERED
            case CodeAction(code=code):
                self.tell(CodeStarted(reply.thought, code))
                result = await interpreter.run(code)
                self.seen.update((picture.ref.sha256, picture) for picture in result.pictures)
                observation = observe(result.execution, allowance(self.settings.budgets, self.turns))
                update = {"execution": result.execution, "observation": observation}
                self._end_turn(turn.model_copy(update=update), reply, result.pictures)
                return None
            case None:
                stop = self._stop_without_action(completion, reply)
                if stop is None:
                    self.reminded = True
                    reminder = REMINDERS[self.settings.protocol.code_format]
                    observation = Observation(parts=(TextPart(text=reminder),))
                    turn = turn.model_copy(update={"observation": observation})
                self._end_turn(turn, reply)
                return stop

    def _stop_without_action(self, completion: Completion, reply: Reply) -> StopReason | None:
        if completion.finish is FinishReason.LENGTH:
            return StopReason.MAX_TOKENS
        if not self.reminded:
            return None
        return StopReason.BAD_FORMAT if reply.faults & _BAD_FORMAT else StopReason.NO_ACTION

    def _end_turn(self, turn: Turn, reply: Reply, pictures: tuple[Picture, ...] = ()) -> None:
        self.turns.append(turn)
        self.unfinished = None
        self.tell(TurnEnded(len(self.turns) - 1, turn, reply.thought, pictures))
