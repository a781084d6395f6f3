"""Results as a log of Inspect (format 2, JSON): its reader, viewer and data frames of evaluations and samples take it.

Pictures are named, not embedded: a log of a thousand episodes would weigh gigabytes. The trajectories keep them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from codedance.bench.contract import Mode
from codedance.bench.evaluation.ends import ModeScore, RowEnd, score_episode
from codedance.bench.interop.results import Result, results
from codedance.bench.judging.judge import reference_text
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
        # Before the results: who reads the head alone (headers, data frames) stops after them.
        "plan": {"name": "plan", "steps": [{"solver": _solver(found), "params": {}}]},
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
    name = _name(run.folder.name, manifest.created_at, benchmark)
    keys: list[JsonValue] = [one.key for one in found]
    return {
        "eval_id": name,
        "run_id": name,
        "created": manifest.created_at,
        "task": benchmark,
        "task_id": name,
        "solver": _solver(found),
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


def _solver(found: Sequence[Result]) -> str:
    return f"codedance {found[0].trajectory.protocol.mode.value}"


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
    target = _target(result)
    last = trajectory.turns[-1] if trajectory.turns else None
    stopped = "max_tokens" if last is not None and last.finish is FinishReason.LENGTH else "stop"
    reply: Object = {"role": "assistant", "content": last.text if last is not None else ""}
    made: Object = {
        "id": result.key,
        "uuid": _name(trajectory.id),
        "epoch": attempt + 1,
        "input": trajectory.task.question,
        "target": target,
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


def _target(result: Result) -> JsonValue:
    """The reference, as text; what the row of a world holds is an answer of ours."""
    answer = result.trajectory.task.answer
    found = result.row.get("answer", result.row.get("label", result.row.get("number", "")))
    if isinstance(found, Mapping) and answer is not None:
        return reference_text(answer)
    return [str(one) for one in found] if isinstance(found, list | tuple) else str(found)


def _name(*parts: str) -> str:
    """A name of 22 characters, as long as Inspect's own, the same whenever it is made of the same parts."""
    return hashlib.sha256(" ".join(parts).encode("utf-8", errors="replace")).hexdigest()[:22]


def _score(score: ModeScore, end: RowEnd) -> Object:
    """C, I and N are Inspect's letters for right, wrong and no answer."""
    value = "C" if score.score == 1 else "N" if score.score is None else "I"
    return {"value": value, "answer": end.prediction, "explanation": end.note or score.outcome.value}


def _messages(trajectory: Trajectory) -> list[JsonValue]:
    shown = "".join(f"[picture {ref.sha256[:12]}, {ref.width}x{ref.height}]\n" for ref in trajectory.task.images)
    system, asked = trajectory.protocol.system_prompt, f"{shown}{trajectory.task.question}"
    messages: list[tuple[str, str]] = [("system", system), ("user", asked)]
    for turn in trajectory.turns:
        messages.append(("assistant", turn.text[: turn.kept_characters]))
        if turn.observation is not None:
            messages.append(("user", _observed(turn)))
    # Each has a name: Inspect would give it another one at every reading.
    return [
        {"id": _name(trajectory.id, str(place)), "role": role, "content": text}
        for place, (role, text) in enumerate(messages)
    ]


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
