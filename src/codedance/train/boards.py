"""Curves for TensorBoard, written beside ``curve.jsonl``; what a killed run wrote beyond its checkpoint is hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from codedance.errors import MissingExtraError
from codedance.train.curves import CurveLine, figures

__all__ = ["tensorboard"]


@contextmanager
def tensorboard(folder: Path) -> Iterator[Callable[[CurveLine], None]]:
    """A writer of event files in ``folder/board``; yields what to tell of each step.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    if find_spec("tensorboard") is None:
        raise MissingExtraError("writing TensorBoard files", "board")
    from torch.utils.tensorboard import SummaryWriter

    writers: list[SummaryWriter] = []

    def write(line: CurveLine) -> None:
        if not writers:
            # Steps that an earlier process wrote after its last checkpoint are made again: TensorBoard drops them.
            writers.append(SummaryWriter(str(folder / "board"), purge_step=line.step))
        for name, value in figures(line).items():
            writers[0].add_scalar(name, value, line.step)
        writers[0].flush()

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()
