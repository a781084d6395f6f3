"""A trajectory: one attempt at one task, turn by turn, as it really happened."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from codedance.schema.execution import Execution
from codedance.schema.images import ImageRef
from codedance.schema.record import SCHEMA_VERSION, Record, Text
from codedance.schema.task import Task

__all__ = [
    "Budgets",
    "CodeFormat",
    "Failure",
    "FailureKind",
    "FinishReason",
    "ImagePart",
    "Observation",
    "ProtocolInfo",
    "ReasoningMode",
    "Sampling",
    "StopReason",
    "TextPart",
    "Trajectory",
    "Turn",
]


class CodeFormat(StrEnum):
    """How the model is asked to write its code; both are always understood."""

    CODE = "code"
    """A fenced Python block between ``<code>`` tags."""
    TOOL_CALL = "tool-call"
    """A JSON call of ``execute_python_code`` between ``<tool_call>`` tags, or a server's native tool call."""


class ReasoningMode(StrEnum):
    """What a model may do in an episode to find its answer; the loop and its budgets are the same."""

    CODE = "code"
    """Any code, whose outcome comes back, turn after turn (CodeDance)."""
    SCHEMA = "schema"
    """JSON calls of one fixed tool, a box to look at closely (as DeepEyes and Pixel-Reasoner do); no code."""
    PROGRAM = "program"
    """One program whose outcome the model never sees: its result is the answer (as ViperGPT does)."""
    DIRECT = "direct"
    """Nothing but text: thoughts, then the answer."""


class FinishReason(StrEnum):
    """Why the model stopped writing."""

    STOP = "stop"
    """It ended its message, or wrote a stop sequence."""
    LENGTH = "length"
    """It reached the token limit."""


class StopReason(StrEnum):
    """Why an episode ended."""

    ANSWERED = "answered"
    """The model gave its answer."""
    MAX_TURNS = "max_turns"
    """All turns were used without an answer."""
    MAX_TOKENS = "max_tokens"
    """The token budget was used up, the model's context is full, or a reply met its limit before an action."""
    TIME = "time"
    """The budget of seconds was used up."""
    NO_ACTION = "no_action"
    """Two replies held neither code nor an answer (one reminder was given)."""
    BAD_FORMAT = "bad_format"
    """Two replies held an action that could not be read: unclosed code, a broken call (one reminder was given)."""
    MODEL_FAILED = "model_failed"
    """The model's infrastructure failed; see ``failure``."""
    SANDBOX_FAILED = "sandbox_failed"
    """The sandbox's infrastructure failed; see ``failure``."""


class FailureKind(StrEnum):
    """Which infrastructure failed."""

    MODEL = "model"
    SANDBOX = "sandbox"


class Failure(Record):
    """Infrastructure that failed during an episode; never the model's own mistake."""

    kind: FailureKind
    type: str
    """Class name of the error."""
    message: Text

    @classmethod
    def of(cls, kind: FailureKind, error: Exception) -> Failure:
        """The record of an error.

        >>> Failure.of(FailureKind.MODEL, ValueError("no")).type
        'ValueError'
        """
        return cls(kind=kind, type=type(error).__name__, message=str(error))


class Sampling(Record):
    """How text is sampled from the model."""

    temperature: float = Field(default=0.0, ge=0.0)
    """0 is greedy decoding."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=2048, ge=1)
    """Largest number of tokens in one reply."""
    seed: int | None = None
    """Seed of the sampler where the model supports one; an episode derives one for each turn from it."""


class Budgets(Record):
    """What one episode may use. Everything that two results are compared by is recorded here."""

    turns: int = Field(default=10, ge=1)
    """Model replies (CodeDance: 6 in training, 10 at inference)."""
    tokens: int = Field(default=20_480, ge=1)
    """Sampled tokens over all turns."""
    seconds: float = Field(default=600.0, gt=0.0)
    """Wall-clock seconds over all turns, model and sandbox together."""
    output_characters: int = Field(default=10_000, ge=1)
    """Characters of text in one observation; what is longer loses its middle."""
    images: int = Field(default=16, ge=0)
    """Pictures over all observations."""
    pixels: int = Field(default=16_777_216, ge=1)
    """Pixels over all observations; a picture that does not fit is left out, never cut."""


class ProtocolInfo(Record):
    """How model and loop talked in this episode."""

    code_format: CodeFormat = CodeFormat.CODE
    system_prompt: Text = ""
    """The exact text of the system message."""
    mode: ReasoningMode = ReasoningMode.CODE
    prompt: str = ""
    """Name and version of the system prompt, for example ``schema@1``; empty if it is none of ours."""


class TextPart(Record):
    """A piece of text in an observation."""

    kind: Literal["text"] = "text"
    text: Text


class ImagePart(Record):
    """A picture in an observation."""

    kind: Literal["image"] = "image"
    image: ImageRef


class Observation(Record):
    """What was appended to the context after a turn: feedback of the sandbox, or a reminder."""

    parts: tuple[Annotated[TextPart | ImagePart, Field(discriminator="kind")], ...]
    truncated: bool = False
    """True if a budget cut text or left out a picture."""

    @property
    def images(self) -> tuple[ImageRef, ...]:
        """The pictures shown, in order."""
        return tuple(part.image for part in self.parts if isinstance(part, ImagePart))

    @property
    def text(self) -> str:
        """The text shown, without the pictures."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


class Turn(Record):
    """One reply of the model and what came of it."""

    text: Text
    """Exactly what was sampled, including anything after the end of the code."""
    kept_characters: int = Field(ge=0)
    """How many characters of ``text`` stay in the context: text after the first action's end is dropped."""
    code: Text | None = None
    """The code that was run."""
    execution: Execution | None = None
    observation: Observation | None = None
    """What the model was shown next; ``None`` on the last turn."""
    finish: FinishReason = FinishReason.STOP
    prompt_tokens: int | None = None
    """Tokens of context, by the model's own count; ``None`` if it does not tell."""
    completion_tokens: int | None = None
    """Tokens sampled, likewise."""
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall-clock time of the reply (without the execution)."""
    retries: int = Field(default=0, ge=0)
    """How often the model was asked again for this reply because its server had failed."""


class Trajectory(Record):
    """One attempt at one task, self-describing: everything needed to read, score, replay or train on it.

    >>> t = Trajectory(id="a", task=Task(id="q", source="mine", question="?"), model="scripted",
    ...                turns=(Turn(text="<answer>3</answer>", kept_characters=18),), answer="3", stop="answered")
    >>> Trajectory.model_validate_json(t.model_dump_json()) == t
    True
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    id: str = Field(min_length=1)
    task: Task
    attempt: int = Field(default=0, ge=0)
    """Index among the attempts at the same task."""
    model: str
    """The model's specification, for example ``server:Qwen2.5-VL-7B``."""
    sampling: Sampling = Sampling()
    protocol: ProtocolInfo = ProtocolInfo()
    budgets: Budgets = Budgets()
    sandbox: dict[str, JsonValue] = Field(default_factory=dict)
    """Isolation tier and limits of the sandbox."""
    turns: tuple[Turn, ...] = ()
    answer: Text | None = None
    """Text of the answer; ``None`` if none was given."""
    stop: StopReason
    failure: Failure | None = None
    started_at: str | None = None
    """UTC time in ISO 8601."""
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall-clock time of the whole episode."""
    codedance_version: str | None = None
