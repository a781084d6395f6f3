"""A run folder: a manifest, tasks and trajectories one a line with their seals, pictures by hash."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import SCHEMA_VERSION, ImageRef, Record, Task, Trajectory
from codedance.schema.counts import counted
from codedance.schema.faults import first_fault
from codedance.store.atomic import write_text
from codedance.store.differences import differing_settings, unlike_text
from codedance.store.pictures import PictureStore
from codedance.store.records import NO_JSON, RecordFile, count_lines, unknown_schema
from codedance.store.seals import SEALS, SealFile

__all__ = ["Manifest", "RunFolder", "current_versions", "picture_refs", "runs_within"]

_MANIFEST = "manifest.json"
_ANEW = (
    f"restore the file from a copy, or delete this line and {SEALS}: the run's own command goes on with what is left"
)
_RUNS_NAMED = 4
_OBJECT = TypeAdapter(dict[str, object])
_LIBRARIES = (
    *("codedance", "pillow", "pydantic", "numpy", "opencv-python-headless", "scipy", "scikit-image", "matplotlib"),
    *("torch", "transformers"),
)


class Manifest(Record):
    """What a run is: written once when it begins."""

    schema_version: int = SCHEMA_VERSION
    kind: str
    """What made it: ``ask``, ``eval``, ``import``, ``serve``, ``study``, ``synth``, ``tasks`` (questions without
    trajectories) or ``train``."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Every setting that the results depend on; resuming with others is refused."""
    created_at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    versions: dict[str, str] = Field(default_factory=dict)
    """Versions of Python, CodeDance and the libraries that matter, and the commit if it runs from a checkout."""

    def write(self, folder: Path) -> None:
        """Write the manifest, stamped with the versions of this program."""
        stamped = self.model_copy(update={"versions": {**current_versions(), **self.versions}})
        write_text(folder / _MANIFEST, stamped.model_dump_json(indent=2) + "\n")


class RunFolder:
    """A folder that a run writes and anyone may read while it is being written.

    Killed at any moment it holds every finished trajectory; opened again with the same settings it goes on.

    >>> import tempfile
    >>> run = RunFolder.create(Path(tempfile.mkdtemp()) / "run", Manifest(kind="ask"))
    >>> list(run.trajectories())
    []
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder = Path(folder)
        self.pictures = PictureStore(folder / "pictures")
        self._trajectories = RecordFile(folder / "trajectories.jsonl", Trajectory, remedy=_ANEW)
        self._tasks = RecordFile(folder / "tasks.jsonl", Task)
        self._seals = SealFile(folder)

    @classmethod
    def create(cls, folder: str | Path, manifest: Manifest, *, flags: Mapping[str, str] | None = None) -> RunFolder:
        """Begin a run, or go on with one of the same kind and settings.

        Args:
            folder: where.
            manifest: of the run that is wanted.
            flags: how settings are given on the command line, for the error; as :func:`unlike_text` takes them.

        Raises:
            StoreError: the folder holds something else, or a run with other settings.
        """
        run = cls(folder)
        folder = run.folder
        try:
            if (folder / _MANIFEST).exists():
                run._check_same(manifest, flags)
                return run
            if folder.exists() and any(folder.iterdir()):
                raise StoreError(f"{folder}: is not empty and holds no run; choose another folder")
            folder.mkdir(parents=True, exist_ok=True)
            manifest.write(folder)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written ({error.strerror or error})") from None
        return run

    @classmethod
    def open(cls, folder: str | Path) -> RunFolder:
        """Open an existing run for reading; raises :class:`StoreError` if there is none."""
        run = cls(folder)
        run.manifest()
        return run

    def manifest(self) -> Manifest:
        """The run's manifest."""
        path = self.folder / _MANIFEST
        try:
            data = path.read_bytes()
        except OSError as error:
            held = runs_within(self.folder)
            if held:
                raise StoreError(f"{self.folder}: is not a run folder but {_among(self.folder, held)}") from None
            raise StoreError(f"{self.folder}: is not a run folder ({path.name}: {error.strerror or error})") from None
        try:
            manifest = Manifest.model_validate_json(data)
        except ValidationError as error:
            raise StoreError(f"{path}: {_manifest_fault(data, error)}") from None
        if manifest.schema_version != SCHEMA_VERSION:
            raise StoreError(f"{path}: {unknown_schema(manifest.schema_version)}")
        return manifest

    def add(self, trajectory: Trajectory, pictures: Mapping[str, Picture]) -> None:
        """Store a finished trajectory, its pictures first, so that no stored line refers to a missing file.

        Raises:
            StoreError: a picture that the trajectory refers to was not given, or the disk refuses.
        """
        self.add_all([(trajectory, pictures)])

    def add_all(self, finished: Sequence[tuple[Trajectory, Mapping[str, Picture]]]) -> None:
        """Store several finished trajectories with one sync of their file; raises as :meth:`add` does."""
        for trajectory, pictures in finished:
            self._add_pictures(f"trajectory {trajectory.id}", picture_refs(trajectory), pictures)
        self._seals.settle()
        self._trajectories.extend(trajectory for trajectory, _ in finished)
        self._seals.extend()

    def add_task(self, task: Task, pictures: Mapping[str, Picture]) -> None:
        """Store a question that nobody has answered yet, its pictures first; raises as :meth:`add` does."""
        self._add_pictures(f"task {task.id}", iter(task.images), pictures)
        self._tasks.append(task)

    def trajectories(self) -> Iterator[Trajectory]:
        """Every finished trajectory in the order in which it was stored."""
        return iter(self._trajectories)

    def ends_unfinished(self) -> bool:
        """True if the last trajectory is cut off: :meth:`trajectories` passes over it."""
        return self._trajectories.ends_unfinished()

    def falls_short(self) -> bool:
        """True if ``trajectories.jsonl`` is shorter than its seals say: it was damaged after it had been written."""
        sealed = self._seals.sealed_bytes()  # first: a writer stores a trajectory before its seal
        return self._trajectories.complete_bytes() < sealed

    def has_trajectories(self) -> bool:
        """True if there is at least one whole line, without reading it."""
        return self._trajectories.complete_bytes() > 0

    def why_empty(self) -> str:
        """What to say of a run that has no trajectories: why, and what to do; begins with its folder."""
        held = runs_within(self.folder)
        if self.falls_short():
            stored = counted(count_lines(self.folder / SEALS), "trajectory was", "trajectories were")
            return (
                f"{self._trajectories.path}: holds nothing, and {SEALS} says that {stored} stored; restore it from "
                f"a copy, or delete {SEALS}, and the run's own command makes anew what it can"
            )
        if held:
            return f"{self.folder}: holds no trajectories itself but {_among(self.folder, held)}"
        if self.manifest().kind == "train":
            why = "holds no trajectories: it is a training run that kept none; codedance train grpo keeps them with"
            return f"{self.folder}: {why} --set keep_rollouts_every=1"
        if next(self.tasks(), None) is not None:
            return f"{self.folder}: holds no trajectories: it is a set of questions that nobody has answered yet"
        return f"{self.folder}: holds no trajectory yet: none has ended; give the run's own command again to go on"

    def tasks(self) -> Iterator[Task]:
        """Every task of a set of tasks in the order in which it was stored; a run of episodes holds none."""
        return iter(self._tasks)

    def load_pictures(self, record: Trajectory | Task) -> Mapping[str, Picture]:
        """All pictures of a trajectory or task by SHA-256."""
        return self.pictures.lookup(picture_refs(record) if isinstance(record, Trajectory) else iter(record.images))

    def _add_pictures(self, what: str, refs: Iterator[ImageRef], pictures: Mapping[str, Picture]) -> None:
        try:
            for ref in refs:
                if ref.sha256 not in pictures:
                    raise StoreError(f"{what}: picture {ref.sha256[:12]} was not given")
                self.pictures.add(pictures[ref.sha256])
        except OSError as error:
            raise StoreError(f"{self.folder}: pictures cannot be written ({error.strerror or error})") from None

    def _check_same(self, manifest: Manifest, flags: Mapping[str, str] | None) -> None:
        there = self.manifest()
        if there.kind != manifest.kind:
            raise StoreError(f"{self.folder}: holds a run of kind '{there.kind}'; choose another folder")
        differing = differing_settings(there.settings, manifest.settings)
        if differing:
            raise StoreError(f"{self.folder}: {_unlike(differing, flags)}; choose another folder")


def picture_refs(trajectory: Trajectory) -> Iterator[ImageRef]:
    """Every picture that a trajectory refers to, in order, repeats included."""
    yield from trajectory.task.images
    for turn in trajectory.turns:
        if turn.execution is not None:
            yield from (captured.image for captured in turn.execution.images)
        if turn.observation is not None:
            yield from turn.observation.images


def runs_within(folder: Path) -> list[Path]:
    """The runs in a folder by name, or, if it holds none directly, those in the folders in it."""
    return sorted(path.parent for path in folder.glob(f"*/{_MANIFEST}")) or sorted(
        path.parent for path in folder.glob(f"*/*/{_MANIFEST}")
    )


def _among(folder: Path, held: Sequence[Path]) -> str:
    """The runs that a folder holds, and that one of them is to be named."""
    if len(held) == 1:
        return f"holds one: name {held[0]}"
    names = ", ".join(str(one) for one in held[:_RUNS_NAMED])
    more = f", {len(held) - _RUNS_NAMED} more" if len(held) > _RUNS_NAMED else ""
    return f"holds {len(held)} runs: name one of them ({names}{more})"


def _manifest_fault(data: bytes, error: ValidationError) -> str:
    """What to say of a manifest that cannot be read."""
    fault = first_fault(error)
    if fault.kind == "json_invalid":
        return f"{NO_JSON}; restore it from a copy, or begin the run anew in another folder"
    value = _OBJECT.validate_json(data) if fault.steps else {}
    version = value.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        return unknown_schema(version)
    more = f"; {counted(error.error_count() - 1, 'more fault')}" if error.error_count() > 1 else ""
    return f"is no manifest of a run ({fault.at('the whole')}{more}); restore it from a copy"


def _unlike(differing: Mapping[str, str], flags: Mapping[str, str] | None) -> str:
    """What to say of a run whose settings are not those wanted."""
    if list(differing) == ["program"]:
        return "was begun by another version of this program or of its libraries"
    return f"holds a run with other settings ({unlike_text(differing, flags)})"


def current_versions() -> dict[str, str]:
    """Versions of Python, CodeDance and the libraries that matter here and now, as manifests hold them."""
    versions = {"python": platform.python_version(), "platform": f"{sys.platform}-{os.uname().machine}"}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    commit = _commit(Path(__file__).parents[3] / ".git")
    return {**versions, "commit": commit} if commit else versions


def _commit(git: Path) -> str | None:
    """The commit that a checkout stands on; ``None`` for an installed package."""
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        return (git / head[5:]).read_text(encoding="ascii").strip() if head.startswith("ref: ") else head
    except (OSError, UnicodeDecodeError):
        return None
