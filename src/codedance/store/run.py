"""A run folder: a manifest, tasks and trajectories one a line with their seals, pictures by hash."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from pydantic import Field, JsonValue, ValidationError

from codedance.errors import StoreError
from codedance.imaging import Picture
from codedance.schema import SCHEMA_VERSION, ImageRef, Record, Task, Trajectory
from codedance.store.atomic import write_text
from codedance.store.differences import differing_settings, unlike_text
from codedance.store.pictures import PictureStore
from codedance.store.records import RecordFile, unknown_schema
from codedance.store.seals import SealFile

__all__ = ["Manifest", "RunFolder", "current_versions", "picture_refs"]

_MANIFEST = "manifest.json"
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
        self._trajectories = RecordFile(folder / "trajectories.jsonl", Trajectory)
        self._tasks = RecordFile(folder / "tasks.jsonl", Task)
        self._seals = SealFile(folder)

    @classmethod
    def create(cls, folder: str | Path, manifest: Manifest) -> RunFolder:
        """Begin a run, or go on with one of the same kind and settings.

        Raises:
            StoreError: the folder holds something else, or a run with other settings.
        """
        run = cls(folder)
        folder = run.folder
        try:
            if (folder / _MANIFEST).exists():
                run._check_same(manifest)
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
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise StoreError(f"{self.folder}: is not a run folder ({path.name}: {error.strerror or error})") from None
        try:
            manifest = Manifest.model_validate_json(text)
        except ValidationError as error:
            raise StoreError(f"{path}: is not a manifest ({error.error_count()} wrong fields)") from None
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

    def _check_same(self, manifest: Manifest) -> None:
        there = self.manifest()
        if there.kind != manifest.kind:
            raise StoreError(f"{self.folder}: holds a run of kind '{there.kind}'; choose another folder")
        differing = differing_settings(there.settings, manifest.settings)
        if differing:
            raise StoreError(f"{self.folder}: {_unlike(differing)}; choose another folder")


def picture_refs(trajectory: Trajectory) -> Iterator[ImageRef]:
    """Every picture that a trajectory refers to, in order, repeats included."""
    yield from trajectory.task.images
    for turn in trajectory.turns:
        if turn.execution is not None:
            yield from (captured.image for captured in turn.execution.images)
        if turn.observation is not None:
            yield from turn.observation.images


def _unlike(differing: Mapping[str, str]) -> str:
    """What to say of a run whose settings are not those wanted."""
    if list(differing) == ["program"]:
        return "was begun by another version of this program or of its libraries"
    return f"holds a run with other settings ({unlike_text(differing)})"


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
