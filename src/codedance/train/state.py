"""What every training loop keeps: a checkpoint that is replaced as a whole, a curve cut back to it, a precision."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import torch
from pydantic import JsonValue

from codedance.errors import DataError
from codedance.models.local.network import Network
from codedance.store import write_bytes
from codedance.train.identity import check_identity
from codedance.train.muon import native_bf16
from codedance.train.settings import Precision

__all__ = ["cut_curve", "load_state", "save_state", "use_bf16"]


def use_bf16(precision: Precision, device: torch.device | str = "cpu") -> bool:
    """Whether products are to be taken in bfloat16 there.

    >>> use_bf16("bfloat16"), use_bf16("float32")
    (True, False)
    """
    if precision == "auto":
        return torch.cuda.is_bf16_supported() if torch.device(device).type == "cuda" else native_bf16()
    return precision == "bfloat16"


def save_state(
    path: Path,
    network: Network,
    optimisers: Sequence[torch.optim.Optimizer],
    *,
    identity: Mapping[str, JsonValue],
    counters: Mapping[str, int],
) -> None:
    """Write everything that a run goes on from.

    Args:
        path: the checkpoint file.
        network: its weights are stored as they are.
        optimisers: in an order that :func:`load_state` is given again.
        identity: what decides the outcome of the run.
        counters: steps done, place in the data.
    """
    buffer = io.BytesIO()
    state = {
        **counters,
        "identity": json.dumps(identity, sort_keys=True),
        "network": network.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        "rng": torch.get_rng_state(),
    }
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def load_state(
    path: Path,
    network: Network,
    optimisers: Sequence[torch.optim.Optimizer],
    *,
    identity: Mapping[str, JsonValue],
    counters: Sequence[str],
    later: Collection[str] = (),
) -> dict[str, int]:
    """Put network, optimisers and torch's random state back; returns the counters, zeros if there is no file.

    Args:
        path: the checkpoint file.
        network: takes on the stored weights.
        optimisers: as :func:`save_state` was given them.
        identity: what decides the outcome of the run that wants to go on.
        counters: names of those that are returned.
        later: as :func:`codedance.train.identity.check_identity` has it.

    Raises:
        DataError: the file is of another network, of another identity, or no checkpoint.
    """
    if not path.exists():
        return dict.fromkeys(counters, 0)
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        check_identity(path, json.loads(state["identity"]), identity, later=later)
        network.load_state_dict(state["network"])
        for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        torch.set_rng_state(state["rng"])
        return {name: int(state[name]) for name in counters}
    except DataError:
        raise
    except Exception as error:  # a file of another program or shape fails in many ways
        first = str(error).strip().splitlines()
        raise DataError(f"{path}: cannot be resumed from ({first[0] if first else type(error).__name__})") from None


def cut_curve(curve: Path, step: int) -> None:
    """Forget the lines after this step (each is a JSON object with a ``step``): they are made again."""
    if not curve.exists():
        return
    kept = []
    for line in curve.read_bytes().splitlines(keepends=True):
        try:
            if not line.endswith(b"\n") or int(json.loads(line)["step"]) > step:
                break
        except (KeyError, TypeError, ValueError):
            break
        kept.append(line)
    write_bytes(curve, b"".join(kept))
