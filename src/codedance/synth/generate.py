"""Making a set of trajectories from nothing: scenes, the oracle, the real sandbox; in parallel, the same every time.

The plan is cut into chunks. A worker process makes a chunk from its number alone; the main process appends finished
chunks in order. So the files do not depend on how many workers there were, which was faster, or how often they were
killed.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Thread
from typing import Protocol

import cv2
import numpy
import PIL
from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import Field, JsonValue

import codedance
from codedance.errors import CodeDanceError, SandboxError, StoreError
from codedance.imaging import Picture
from codedance.sandbox import LocalSandbox
from codedance.schema import Execution, Record, Task, Trajectory
from codedance.store import Manifest, PictureStore, RecordFile, SealFile, picture_refs
from codedance.store.holding import begin_run, held
from codedance.synth.oracle import demonstrate
from codedance.synth.plan import TRIES, GenerateSettings, Slot, make_plan
from codedance.tasks.worlds import make_scene

__all__ = [
    "Chunk", "ChunkMaker", "Crew", "MadeChunk", "Rejection",
    "generate", "program_digest", "read_chunks", "without_clock",
]  # fmt: skip

_CHUNK = 10
"""Slots of one chunk; part of what a set means, like the seed, since a set is resumed by whole chunks.

A few seconds' work of a worker: what a stop costs at most. A sync of the disk for each is little beside that.
"""

_SECONDS_TO_END = 3.0
"""What a worker that is to stop has for ending its sandbox; a scene that is being drawn is waited for no longer."""

_MOST_CODE = 4
"""Turns with code that a trajectory may have; a slip that is mended makes a long script longer."""

_TOO_LONG = " turns with code"

_SOURCES = (
    *("tasks", "schema", "protocol", "episode", "sandbox", "rewards", "imaging.py"),
    *("synth/generate.py", "synth/oracle.py", "synth/plan.py"),
)
"""What decides, beside the settings, which bytes a set holds."""


class Rejection(Record):
    """A demonstration that was thrown away: a fault of a world or of its oracle, or too many turns with code."""

    task_id: str
    mode: str
    reason: str

    @property
    def too_long(self) -> bool:
        """True if nothing was wrong with it but its length."""
        return self.reason.endswith(_TOO_LONG)


class Chunk(Record):
    """A line of ``chunks.jsonl``: what was written with one chunk."""

    number: int = Field(ge=0)
    trajectories: int
    end: int
    """Length of ``trajectories.jsonl`` in bytes after the chunk."""
    tries: dict[str, int]
    """Scenes tried in each cell (``family/difficulty``)."""
    rejections: tuple[Rejection, ...] = ()
    empty_slots: int = 0
    """Slots for which no scene gave a trajectory without a fault."""


@dataclass(frozen=True, slots=True)
class MadeChunk:
    """What a worker sends back: lines to append, and the chunk's record without its end."""

    lines: tuple[str, ...]
    chunk: Chunk
    pictures: tuple[Picture, ...] = ()
    """Those that the worker has not written itself."""


class Crew(Protocol):
    """Workers that make chunks from their numbers, wherever they are."""

    @property
    def size(self) -> int:
        """How many chunks are made at once."""
        ...

    def submit(self, number: int) -> Future[MadeChunk]:
        """Have a chunk made; the future raises what its worker raised."""
        ...


def generate(
    settings: GenerateSettings,
    folder: Path,
    *,
    workers: int = 2,
    crew: Crew | None = None,
    listener: Callable[[Chunk], None] = lambda chunk: None,
) -> None:
    """Make the set, or go on with it where it was stopped; the folder is a run folder of kind ``synth``.

    Whatever stops it, the chunks that were appended stay. An error or an interrupt ends within seconds: chunks that are
    being made are given up.

    Args:
        settings: what is made.
        folder: where; it may hold the beginning of the same set.
        workers: processes of this machine that work at once, if there is no crew.
        crew: who makes the chunks, of :class:`ChunkMaker`.
        listener: told of each chunk, also of those that were there already.

    Raises:
        StoreError: the folder holds something else, or the beginning of this set made by another version of the
            program, or cannot be written, or another process is making it.
        SandboxError: the sandbox cannot be had, or a worker was killed.
    """
    made_of: dict[str, JsonValue] = {"worlds": settings.model_dump(mode="json"), "chunk": _CHUNK}
    manifest = Manifest(kind="synth", settings={**made_of, "program": program_digest()})
    with held(folder, "making this set"):
        begin_run(folder, manifest)
        with nullcontext(crew) if crew is not None else _processes(settings, folder, workers) as ready:
            _make(settings, folder, ready, listener=listener)


def _make(settings: GenerateSettings, folder: Path, crew: Crew, *, listener: Callable[[Chunk], None]) -> None:
    """Make what is missing of a set."""
    records = RecordFile(folder / "chunks.jsonl", Chunk)
    done = list(records)
    for chunk in done:
        listener(chunk)
    path = folder / "trajectories.jsonl"
    end = done[-1].end if done else 0
    _cut(path, end)
    seals = SealFile(folder)
    seals.cut(end)
    total = -(-settings.count // _CHUNK)
    pictures = PictureStore(folder / "pictures")
    pictures.sweep()
    for made in _in_order(crew, range(len(done), total)):
        for picture in made.pictures:
            pictures.add(picture)
        seals.settle()
        end = _append(path, made.lines)
        seals.extend()
        chunk = made.chunk.model_copy(update={"end": end})
        records.append(chunk)
        listener(chunk)


def read_chunks(folder: Path) -> Iterator[Chunk]:
    """What is known about how a generated set was made, chunk by chunk; nothing if it was made in another way."""
    return iter(RecordFile(folder / "chunks.jsonl", Chunk))


def without_clock(trajectory: Trajectory) -> Trajectory:
    """The same trajectory with all times set to zero: what is left is the same every time it is made."""

    def still(execution: Execution | None) -> Execution | None:
        return execution.model_copy(update={"seconds": 0.0}) if execution is not None else None

    turns = tuple(
        turn.model_copy(update={"seconds": 0.0, "execution": still(turn.execution)}) for turn in trajectory.turns
    )
    return trajectory.model_copy(update={"turns": turns, "started_at": None, "seconds": 0.0})


def program_digest() -> str:
    """A digest of our own code and of the libraries that draw: a set is resumed by the program that began it."""
    home = Path(codedance.__file__).parent
    digest = hashlib.sha256(f"pillow {PIL.__version__} numpy {numpy.__version__} cv2 {cv2.__version__}".encode())
    for name in _SOURCES:
        found = [home / name] if name.endswith(".py") else sorted((home / name).rglob("*.py"))
        for path in found:
            digest.update(f"\n{path.relative_to(home)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _in_order(crew: Crew, numbers: range) -> Iterator[MadeChunk]:
    """The chunks of these numbers, in the order of the numbers."""
    waiting: dict[int, Future[MadeChunk]] = {}
    ahead = iter(numbers)
    for number in numbers:
        # A few chunks ahead and no more: what waits for a slow one is kept in memory.
        while len(waiting) < 2 * crew.size and (coming := next(ahead, None)) is not None:
            waiting[coming] = crew.submit(coming)
        yield waiting.pop(number).result()


@dataclass(frozen=True, slots=True)
class _Processes:
    """Worker processes of this machine."""

    pool: ProcessPoolExecutor
    size: int

    def submit(self, number: int) -> Future[MadeChunk]:
        return self.pool.submit(_make_chunk, number)


@contextmanager
def _processes(settings: GenerateSettings, folder: Path, workers: int) -> Iterator[_Processes]:
    # Spawned, not forked: a forked copy of this process would hold its threads' locks.
    context = multiprocessing.get_context("spawn")
    going, stop = context.Pipe(duplex=False)
    with (
        going,
        stop,
        ProcessPoolExecutor(
            workers, mp_context=context, initializer=_start_worker, initargs=(settings, folder, going)
        ) as pool,
    ):
        try:
            yield _Processes(pool, workers)
        except BrokenProcessPool:
            raise SandboxError(
                "a worker process was killed; the set goes on where it stopped when started again"
            ) from None
        except BaseException:
            stop.close()  # this process alone has that end: every worker sees it close
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class ChunkMaker:
    """Makes chunks; what a worker keeps from one to the next.

    Args:
        settings: of the set.
        folder: of the set, if the worker can write there; without one, pictures come back with their chunk.
        program: digest of the program that began the set, see :func:`program_digest`; another one is refused.

    Raises:
        StoreError: this machine has another version of the program.
        SandboxError: it has no sandbox.
    """

    def __init__(self, settings: GenerateSettings, *, folder: Path | None = None, program: str | None = None) -> None:
        if program is not None and program != program_digest():
            raise StoreError("a worker has another version of codedance, pillow, numpy or opencv; install the same")
        self.plan = make_plan(settings)
        self.store = PictureStore(folder / "pictures") if folder is not None else None
        self.kept: dict[str, Picture] = {}
        self._making: Future[MadeChunk] | None = None
        self._stopped = False
        self.stack = ExitStack()
        self.portal: BlockingPortal = self.stack.enter_context(start_blocking_portal())
        self.sandbox = self.stack.enter_context(self.portal.wrap_async_context_manager(LocalSandbox()))

    def __call__(self, number: int) -> MadeChunk:
        """Make the chunk of this number: the same one every time."""
        self._making = making = self.portal.start_task_soon(self._make, number)
        if self._stopped:
            making.cancel()
        try:
            return making.result()
        except CodeDanceError:
            raise
        except OSError as error:
            raise StoreError(f"pictures cannot be written ({error.strerror or error})") from None

    def stop(self) -> None:
        """Give up the chunk that is being made, from another thread: it and all further ones are cancelled."""
        self._stopped = True
        if self._making is not None:
            self._making.cancel()

    def close(self) -> None:
        """End the sandbox."""
        self.stack.close()

    async def _make(self, number: int) -> MadeChunk:
        lines: list[str] = []
        rejections: list[Rejection] = []
        tries: Counter[str] = Counter()
        slots = self.plan[number * _CHUNK : (number + 1) * _CHUNK]
        for slot in slots:
            for seed in range(slot.seed, slot.seed + TRIES):
                tries[f"{slot.family}/{slot.difficulty.value}"] += 1
                made = await self._try(slot, seed)
                if isinstance(made, Trajectory):
                    lines.append(made.model_dump_json())
                    break
                rejections.append(made)
        chunk = Chunk(
            number=number,
            trajectories=len(lines),
            end=0,
            tries=dict(tries),
            rejections=tuple(rejections),
            empty_slots=len(slots) - len(lines),
        )
        pictures, self.kept = tuple(self.kept.values()), {}
        return MadeChunk(tuple(lines), chunk, pictures)

    async def _try(self, slot: Slot, seed: int) -> Trajectory | Rejection:
        scene = make_scene(slot.family, slot.difficulty, seed)
        shown = await demonstrate(scene, sandbox=self.sandbox, mode=slot.mode, code_format=slot.code_format)
        trajectory = without_clock(shown.rollout.trajectory)
        coded = sum(turn.execution is not None for turn in trajectory.turns)
        fault = shown.fault or (f"{coded}{_TOO_LONG}" if coded > _MOST_CODE else None)
        if fault is not None:
            return Rejection(task_id=trajectory.task.id, mode=slot.mode, reason=fault)
        meta = {**trajectory.task.meta, "mode": slot.mode}
        trajectory = trajectory.model_copy(
            update={"task": Task.model_validate({**dict(trajectory.task), "meta": meta})}
        )
        return self._store_pictures(trajectory, shown.rollout.pictures)

    def _store_pictures(self, trajectory: Trajectory, pictures: Mapping[str, Picture]) -> Trajectory:
        """Store the pictures in files that are the same every time, and have the trajectory refer to those."""
        text = trajectory.model_dump_json()
        for sha256 in {ref.sha256 for ref in picture_refs(trajectory)}:
            same = pictures[sha256].repeatable()
            if self.store is not None:
                self.store.add(same)
            else:
                self.kept[same.ref.sha256] = same
            text = text.replace(sha256, same.ref.sha256)
        return Trajectory.model_validate_json(text)


_worker: ChunkMaker | None = None


def _start_worker(settings: GenerateSettings, folder: Path, going: Connection) -> None:
    global _worker
    # A terminal interrupts all of its processes: the main one decides. No-one is told to ignore it, as what the
    # sandbox starts would be too.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    for watch in (partial(_end_when_told, going), _end_with_parent):
        Thread(target=watch, daemon=True).start()
    _worker = ChunkMaker(settings, folder=folder)
    # Before the interpreter takes its modules apart: the portal's thread needs them to end.
    Finalize(None, _worker.close, exitpriority=10)


def _end_when_told(going: Connection) -> None:
    """Give up what is being made once the main process has closed its end of the pipe, and end."""
    going.poll(None)
    if _worker is not None:
        _worker.stop()
        time.sleep(_SECONDS_TO_END)
    os._exit(1)


def _end_with_parent() -> None:
    """A pool's workers do not notice that the main process was killed: they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_chunk(number: int) -> MadeChunk:
    assert _worker is not None
    return _worker(number)


def _append(path: Path, lines: tuple[str, ...]) -> int:
    """Append lines and sync them; returns the file's new length in bytes."""
    try:
        with path.open("ab") as file:
            file.write("".join(f"{line}\n" for line in lines).encode("utf-8", errors="replace"))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror or error})") from None


def _cut(path: Path, end: int) -> None:
    """Drop what was written after the last recorded chunk: it is made again."""
    if not path.exists():
        return
    if path.stat().st_size < end:
        raise StoreError(
            f"{path}: is shorter than its chunks.jsonl says; the set is damaged, make it in another folder"
        )
    with path.open("rb+") as file:
        file.truncate(end)
