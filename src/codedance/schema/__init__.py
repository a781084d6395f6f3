"""The nouns of CodeDance: frozen, validated, versioned values that every room speaks in."""

from codedance.schema.edit import EditCheck
from codedance.schema.execution import CapturedImage, Execution, ExecutionStatus, GuestError, ImageSource
from codedance.schema.images import ImageRef
from codedance.schema.record import SCHEMA_VERSION, Record, Text
from codedance.schema.score import Group, Score, Term
from codedance.schema.task import Answer, ChoiceAnswer, MathAnswer, NumberAnswer, Task, TextAnswer
from codedance.schema.trajectory import (
    Budgets,
    CodeFormat,
    Failure,
    FailureKind,
    FinishReason,
    ImagePart,
    Observation,
    ProtocolInfo,
    ReasoningMode,
    Sampling,
    StopReason,
    TextPart,
    Trajectory,
    Turn,
)

__all__ = [
    "SCHEMA_VERSION",
    "Answer",
    "Budgets",
    "CapturedImage",
    "ChoiceAnswer",
    "CodeFormat",
    "EditCheck",
    "Execution",
    "ExecutionStatus",
    "Failure",
    "FailureKind",
    "FinishReason",
    "Group",
    "GuestError",
    "ImagePart",
    "ImageRef",
    "ImageSource",
    "MathAnswer",
    "NumberAnswer",
    "Observation",
    "ProtocolInfo",
    "ReasoningMode",
    "Record",
    "Sampling",
    "Score",
    "StopReason",
    "Task",
    "Term",
    "Text",
    "TextAnswer",
    "TextPart",
    "Trajectory",
    "Turn",
]
