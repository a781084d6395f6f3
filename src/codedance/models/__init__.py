"""Text and images in, text out: servers, local checkpoints, the embedded model, scripts; knows nothing of tasks."""

from codedance.models.contract import Completion, Model, TokenSpan
from codedance.models.registry import load_model, server_key
from codedance.models.scripted import ScriptedModel

__all__ = ["Completion", "Model", "ScriptedModel", "TokenSpan", "load_model", "server_key"]
