"""From the messages of a conversation to a trajectory or a task: the way back from :func:`protocol.conversation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from codedance.imaging import Picture
from codedance.protocol import (
    AnswerAction,
    ChatMessage,
    CodeAction,
    Fault,
    Reply,
    Role,
    as_user_message,
    known_protocol,
    parse_reply,
)
from codedance.schema import (
    Answer,
    CodeFormat,
    ImagePart,
    Observation,
    StopReason,
    Task,
    TextPart,
    Trajectory,
    Turn,
)
from codedance.synth.interop.contract import RowFault, Sample, UnreadableRowError

__all__ = ["Origin", "read_conversation", "read_question"]

_OPEN, _, _CLOSE = (str(part) for part in as_user_message(ChatMessage(Role.TOOL, ("",))).content)
_BAD_FORMAT = frozenset({Fault.UNCLOSED_CODE, Fault.BROKEN_CALL, Fault.UNCLOSED_ANSWER})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row comes from."""

    source: str
    """Name of the set, for example ``codedance-sft``."""
    row: int
    meta: Mapping[str, JsonValue]
    """What the row says beyond the conversation."""
    reference: Answer | None = None

    @property
    def name(self) -> str:
        """Identifier of the row's task."""
        return f"{self.source}/{self.row}"


def read_question(messages: Sequence[ChatMessage], origin: Origin) -> Sample:
    """The task that the opening messages ask; what follows them is not looked at.

    Raises:
        UnreadableRowError: nobody asks anything.
    """
    _, asked = _opening(messages)
    task, pictures = _task(asked, origin)
    return Sample(task, {picture.ref.sha256: picture for picture in pictures})


def read_conversation(messages: Sequence[ChatMessage], origin: Origin) -> Sample:
    """The trajectory that a conversation tells.

    Replies are read by our parser. Feedback follows the code it belongs to; how that code ended was not recorded, so
    the turn has an observation and no execution. A reply is kept whole: the conversation held it so.

    Raises:
        UnreadableRowError: the speakers do not take turns, or something follows the answer.
    """
    system, asked = _opening(messages)
    task, pictures = _task(asked, origin)
    seen = {picture.ref.sha256: picture for picture in pictures}
    rest = messages[(system is not None) + 1 :]
    if not rest:
        raise UnreadableRowError(RowFault.ROLES, "nobody answers")
    turns: list[Turn] = []
    answer: str | None = None
    stop = StopReason.MAX_TURNS
    code_format = CodeFormat.CODE
    for index in range(0, len(rest), 2):
        if answer is not None:
            raise UnreadableRowError(RowFault.AFTER_ANSWER, f"message {index} follows the answer {answer[:40]!r}")
        reply = parse_reply(_said(rest[index]))
        turn = _turn(rest[index], reply, rest[index + 1] if index + 1 < len(rest) else None)
        seen.update(
            (picture.ref.sha256, picture) for message in rest[index : index + 2] for picture in message.pictures
        )
        match reply.action:
            case AnswerAction(text=answer):
                stop = StopReason.ANSWERED
            case CodeAction():
                code_format, stop = reply.action.format, StopReason.MAX_TURNS
            case None:
                stop = StopReason.BAD_FORMAT if reply.faults & _BAD_FORMAT else StopReason.NO_ACTION
        turns.append(turn)
    if answer is not None and turns[-1].observation is not None:
        raise UnreadableRowError(RowFault.AFTER_ANSWER, f"a message follows the answer {answer[:40]!r}")
    trajectory = Trajectory(
        id=f"{task.id}#0",
        task=task,
        model=f"imported:{origin.source}",
        protocol=known_protocol(code_format, system or ""),
        sandbox={"imported": origin.source},
        turns=tuple(turns),
        answer=answer,
        stop=stop,
    )
    return Sample(trajectory, seen)


def _opening(messages: Sequence[ChatMessage]) -> tuple[str | None, ChatMessage]:
    """The system prompt, if there is one, and the message that asks."""
    system = None
    rest = list(messages)
    if rest and rest[0].role is Role.SYSTEM:
        if rest[0].pictures:
            raise UnreadableRowError(RowFault.ROLES, "the system message holds a picture")
        system, rest = rest[0].text, rest[1:]
    if not rest or rest[0].role is not Role.USER:
        raise UnreadableRowError(RowFault.ROLES, "the conversation does not begin with a user's question")
    return system, rest[0]


def _task(asked: ChatMessage, origin: Origin) -> tuple[Task, tuple[Picture, ...]]:
    pictures = asked.pictures
    if not asked.text.strip():
        raise UnreadableRowError(RowFault.NO_QUESTION, "the first user message holds no text")
    task = Task(
        id=origin.name,
        source=origin.source,
        question=asked.text,
        images=tuple(picture.ref for picture in pictures),
        answer=origin.reference,
        meta=dict(origin.meta),
    )
    return task, pictures


def _said(message: ChatMessage) -> str:
    """The text of the model's own message."""
    if message.role is not Role.ASSISTANT:
        raise UnreadableRowError(RowFault.ROLES, f"a {message.role.value} message stands where a reply must be")
    if message.pictures:
        raise UnreadableRowError(RowFault.PICTURE_IN_REPLY, "a reply of the model holds a picture")
    return message.text


def _turn(message: ChatMessage, reply: Reply, feedback: ChatMessage | None) -> Turn:
    code = reply.action.code if isinstance(reply.action, CodeAction) else None
    observation = None
    if feedback is not None:
        if feedback.role not in (Role.TOOL, Role.USER):
            raise UnreadableRowError(RowFault.ROLES, f"a {feedback.role.value} message follows a reply")
        observation = _observation(feedback, of_code=code is not None)
    return Turn(text=message.text, kept_characters=len(message.text), code=code, observation=observation)


def _observation(feedback: ChatMessage, *, of_code: bool) -> Observation:
    """What was shown. The tags of feedback belong to the role; without code to belong to they stay text."""
    content = list(feedback.content)
    if of_code and feedback.role is Role.USER:
        content = _without_tags(content)
    elif not of_code and feedback.role is Role.TOOL:
        content = list(as_user_message(feedback).content)
    parts: list[TextPart | ImagePart] = []
    for part in content:
        if isinstance(part, Picture):
            parts.append(ImagePart(image=part.ref))
        elif parts and isinstance(parts[-1], TextPart):
            parts[-1] = TextPart(text=parts[-1].text + part)
        elif part:
            parts.append(TextPart(text=part))
    return Observation(parts=tuple(parts))


def _without_tags(content: list[str | Picture]) -> list[str | Picture]:
    """Feedback without its tags, however much white space stands between them and what they hold."""
    first, last = content[0] if content else None, content[-1] if content else None
    opener, closer = _OPEN.strip(), _CLOSE.strip()
    if not isinstance(first, str) or not isinstance(last, str):
        return content
    if not first.lstrip().startswith(opener) or not last.rstrip().endswith(closer):
        return content
    whole = list(content)
    whole[0] = first.lstrip()[len(opener) :].removeprefix("\n")
    # Where one text holds both tags, the opening one is gone by now.
    tail = whole[-1] if len(whole) > 1 else whole[0]
    whole[-1] = str(tail).rstrip()[: -len(closer)].removesuffix("\n")
    return [part for part in whole if part != ""]
