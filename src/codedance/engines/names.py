"""Names under which the engines know our plug-ins."""

from __future__ import annotations

from codedance.protocol import stop_texts
from codedance.schema import ReasoningMode
from codedance.synth.interop.verl import AGENT_NAME

__all__ = [
    "AGENT_NAME",
    "CARRIED",
    "PICTURE_TOKENS",
    "PLUGIN_FILE",
    "REWARD",
    "SCHEDULER",
    "STOP_TEXTS",
    "TRAINER_MODE",
]

CARRIED = "codedance_attempt"
"""Key under which a sample carries the record of its attempt."""
TRAINER_MODE = "codedance_sync"
"""verl: value of ``trainer.v1.trainer_mode``."""
SCHEDULER = "codedance"
"""ms-swift: value of ``--multi_turn_scheduler``."""
REWARD = "codedance"
"""ms-swift: value of ``--reward_funcs``."""
PICTURE_TOKENS = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
"""Tokens that stand for pictures: only pictures may bring them into a sequence."""
PLUGIN_FILE = "codedance_plugin.py"
"""ms-swift: file in the run's folder that registers the plug-in."""
STOP_TEXTS = stop_texts(ReasoningMode.CODE)
"""After any of these the model stops writing."""
