"""Results as a log of Inspect (format 2, JSON): its viewer and its data frames read them.

Pictures are named, not embedded: a log of a thousand episodes would weigh gigabytes. The trajectories keep them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from codedance.bench.contract import Mode
from codedance.bench.evaluation.ends import ModeScore, RowEnd, score_episode
from codedance.bench.interop.results import Result, results
from codedance.bench.registry import get
from codedance.errors import StoreError, UsageError
from codedance.schema import FinishReason, Record, Trajectory, Turn
from codedance.store import RunFolder, write_text

__all__ = ["InspectReport", "write_inspect"]

_VERSION = 2
_SCORER = "codedance"
Object = dict[str, JsonValue]


class InspectReport(Record):
    """What was written."""

    samples: int
    right: int
    """By the strict rules."""


def write_inspect(run: RunFolder, benchmark: str, out: Path, *, attempt: int = 0) -> InspectReport:
    """Write the log of one attempt at a benchmark, whole or not at all.

    Raises:
        UsageError: the name does not end in ``.json``.
        DataError: the run holds no such attempt.
        StoreError: the run cannot be read, or the file cannot be written.
    """
    if out.suffix != ".json":
        raise UsageError(f"--out {out}: choose a name that ends in .json")
    found = list(results(run, benchmark, attempt=attempt))
    scorer = get(benchmark)
    ends = [score_episode(scorer, one.key, one.trajectory, find=run.pictures.get) for one in found]
    samples: list[JsonValue] = [_sample(one, end, attempt) for one, end in zip(found, ends, strict=True)]
    log: Object = {
        "version": _VERSION,
        "status": "success",
        "eval": _spec(run, benchmark, found),
        "results": _results(ends),
        "stats": {"started_at": _started(found), "completed_at": _started(found[-1:])},
        "samples": samples,
    }
    try:
        write_text(out, json.dumps(log, ensure_ascii=False, allow_nan=False) + "\n")
    except OSError as error:
        raise StoreError(f"{out}: cannot be written ({error.strerror or error})") from None
    return InspectReport(samples=len(ends), right=sum(end.scores[Mode.STRICT].score == 1 for end in ends))


def _spec(run: RunFolder, benchmark: str, found: Sequence[Result]) -> Object:
    manifest, first = run.manifest(), found[0].trajectory
    name = hashlib.sha256(f"{run.folder.name} {manifest.created_at} {benchmark}".encode()).hexdigest()[:22]
    keys: list[JsonValue] = [one.key for one in found]
    return {
        "eval_id": name,
        "run_id": name,
        "created": manifest.created_at,
        "task": benchmark,
        "task_id": name,
        "solver": f"codedance {first.protocol.mode.value}",
        "dataset": {"name": benchmark, "samples": len(found), "sample_ids": keys, "shuffled": False},
        "model": first.model,
        "model_generate_config": {
            "temperature": first.sampling.temperature,
            "top_p": first.sampling.top_p,
            "max_tokens": first.sampling.max_tokens,
        },
        "config": {"epochs": 1, "message_limit": None},
        "packages": {"codedance": first.codedance_version or ""},
        "metadata": {"budgets": first.budgets.model_dump(mode="json"), "prompt": first.protocol.prompt},
    }


def _results(ends: Sequence[RowEnd]) -> Object:
    scores: list[JsonValue] = []
    for mode in Mode:
        values = [end.scores[mode].score or 0.0 for end in ends]
        mean = sum(values) / len(values)
        spread = sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
        metrics: Object = {
            "accuracy": {"name": "accuracy", "value": mean},
            "stderr": {"name": "stderr", "value": (spread / len(values)) ** 0.5},
        }
        scores.append({"name": mode.value, "scorer": f"{_SCORER}/{mode.value}", "metrics": metrics})
    return {"total_samples": len(ends), "completed_samples": len(ends), "scores": scores}


def _sample(result: Result, end: RowEnd, attempt: int) -> Object:
    trajectory = result.trajectory
    messages = _messages(trajectory)
    target = result.row.get("answer", result.row.get("label", result.row.get("number", "")))
    last = trajectory.turns[-1] if trajectory.turns else None
    stopped = "max_tokens" if last is not None and last.finish is FinishReason.LENGTH else "stop"
    reply: Object = {"role": "assistant", "content": last.text if last is not None else ""}
    made: Object = {
        "id": result.key,
        "epoch": attempt + 1,
        "input": trajectory.task.question,
        "target": [str(one) for one in target] if isinstance(target, list | tuple) else str(target),
        "messages": messages,
        "output": {
            "model": trajectory.model,
            "choices": [{"message": reply, "stop_reason": stopped}],
            "completion": last.text if last is not None else "",
            "usage": _usage(trajectory),
        },
        "scores": {mode.value: _score(one, end) for mode, one in end.scores.items()},
        "metadata": {"stop": trajectory.stop.value, "turns": len(trajectory.turns), "trajectory": trajectory.id},
        "total_time": trajectory.seconds,
    }
    return made


def _score(score: ModeScore, end: RowEnd) -> Object:
    """C, I and N are Inspect's letters for right, wrong and no answer."""
    value = "C" if score.score == 1 else "N" if score.score is None else "I"
    return {"value": value, "answer": end.prediction, "explanation": end.note or score.outcome.value}


def _messages(trajectory: Trajectory) -> list[JsonValue]:
    shown = "".join(f"[picture {ref.sha256[:12]}, {ref.width}x{ref.height}]\n" for ref in trajectory.task.images)
    system, asked = trajectory.protocol.system_prompt, f"{shown}{trajectory.task.question}"
    messages: list[JsonValue] = [{"role": "system", "content": system}, {"role": "user", "content": asked}]
    for turn in trajectory.turns:
        messages.append({"role": "assistant", "content": turn.text[: turn.kept_characters]})
        if turn.observation is not None:
            messages.append({"role": "user", "content": _observed(turn)})
    return messages


def _observed(turn: Turn) -> str:
    if turn.observation is None:
        return ""
    pictures = "".join(f"\n[picture {ref.sha256[:12]}, {ref.width}x{ref.height}]" for ref in turn.observation.images)
    return turn.observation.text + pictures


def _usage(trajectory: Trajectory) -> Object:
    read = sum(turn.prompt_tokens or 0 for turn in trajectory.turns)
    written = sum(turn.completion_tokens or 0 for turn in trajectory.turns)
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}


def _started(found: Sequence[Result]) -> str:
    return next((one.trajectory.started_at for one in found if one.trajectory.started_at), "")
