"""Ask about pictures from ordinary Python: no event loop of one's own, one call a question."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from anyio.from_thread import BlockingPortal, start_blocking_portal
from PIL import Image

from codedance.episode.loop import run_episode
from codedance.episode.rollout import Rollout
from codedance.episode.settings import EpisodeSettings
from codedance.errors import UsageError
from codedance.imaging import Picture
from codedance.models import Model, load_model, server_key
from codedance.protocol import relabelled
from codedance.sandbox import LocalSandbox, Sandbox
from codedance.schema import CodeFormat, Task
from codedance.store import Manifest, RunFolder

__all__ = ["Asker", "Shown", "ask", "question_task"]

Shown = str | Path | Image.Image | Picture
"""A picture as people have it: a file, a Pillow image, or one of ours."""


class Asker:
    """A model and a sandbox that stay ready for many questions; a context manager.

    Several threads may ask at the same time: their episodes run side by side, and a model that reads in batches reads
    them together. It works where an event loop runs already, in a notebook for example.

    Args:
        model: what :func:`codedance.models.load_model` takes, or a model that is loaded.
        base_url: of the server for ``server:NAME``.
        api_key: of the server; the environment's ``CODEDANCE_API_KEY`` or ``OPENAI_API_KEY`` if not given.
        settings: of the episodes.
        out: a run folder that keeps every episode, new or of the same kind; ``codedance view`` shows it.

    Raises:
        UsageError: there is no such form of model.
        MissingExtraError: a library of an extra is missing.
        ModelError: the model is not there.
        StoreError: ``out`` holds something else or cannot be written.

    >>> from codedance.models import ScriptedModel
    >>> said = ["<think>I look.</think><code>print(input_image.size)</code>", "<think>So.</think><answer>3</answer>"]
    >>> with Asker(ScriptedModel(said)) as asker:
    ...     rollout = asker.ask(Image.new("RGB", (3, 2), "red"), "How wide is it?")
    >>> rollout.trajectory.answer
    '3'
    """

    def __init__(
        self,
        model: str | Model = "nano",
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        settings: EpisodeSettings | None = None,
        out: str | Path | None = None,
    ) -> None:
        settings = settings or EpisodeSettings()
        self._settings = settings.model_copy(update={"protocol": relabelled(settings.protocol)})
        self._run = RunFolder.create(Path(out), Manifest(kind="ask")) if out is not None else None
        self._storing = Lock()
        self._asked: dict[str, int] = {} if self._run is None else _attempts(self._run)
        self._own = isinstance(model, str)
        self._model = self._loaded(model, base_url, api_key) if isinstance(model, str) else model
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._sandbox: Sandbox | None = None

    def _loaded(self, spec: str, base_url: str | None, api_key: str | None) -> Model:
        native = self._settings.protocol.code_format is CodeFormat.TOOL_CALL and spec.startswith("server:")
        key = api_key or server_key()
        return load_model(spec, base_url=base_url, api_key=key, native_tools=native)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal())
            if self._own:
                stack.callback(self._portal.call, self._model.close)
            sandbox = LocalSandbox(limits=self._settings.limits)
            self._sandbox = stack.enter_context(self._portal.wrap_async_context_manager(sandbox))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal = self._sandbox = None
        self._stack.close()

    def ask(self, pictures: Shown | Sequence[Shown], question: str) -> Rollout:
        """One episode: the trajectory, and every picture that it refers to.

        What goes wrong within an episode (a server that fails, budgets that are used up) is told by
        ``trajectory.stop`` and ``trajectory.failure`` and raises nothing.

        Args:
            pictures: one or several.
            question: about them.

        Raises:
            UsageError: nothing is asked, or it is not within ``with``.
            PictureError: a picture cannot be read.
            SandboxError: no code can be run.
            StoreError: it cannot be stored.
        """
        if self._portal is None or self._sandbox is None:
            raise UsageError("an Asker asks within its with block: with Asker() as asker: asker.ask(...)")
        if not question.strip():
            raise UsageError("the question is empty")
        several = [pictures] if isinstance(pictures, Shown) else list(pictures)
        shown = [_picture(one) for one in several]
        task, sandbox = question_task(question, shown), self._sandbox
        with self._storing:
            attempt = self._asked.get(task.id, 0)
            self._asked[task.id] = attempt + 1

        async def episode() -> Rollout:
            return await run_episode(
                task, shown, model=self._model, sandbox=sandbox, settings=self._settings, attempt=attempt
            )

        rollout = self._portal.call(episode)
        if self._run is not None:
            with self._storing:
                self._run.add(rollout.trajectory, rollout.pictures)
        return rollout


def ask(
    pictures: Shown | Sequence[Shown],
    question: str,
    *,
    model: str | Model = "nano",
    base_url: str | None = None,
    api_key: str | None = None,
    settings: EpisodeSettings | None = None,
    out: str | Path | None = None,
) -> Rollout:
    """Ask one question; the model and the sandbox start and end with it. For many, use :class:`Asker`.

    Args:
        pictures: one or several: files, Pillow images or :class:`codedance.imaging.Picture`.
        question: about them.
        model: what :func:`codedance.models.load_model` takes, or a model that is loaded.
        base_url: of the server for ``server:NAME``.
        api_key: of the server; the environment's ``CODEDANCE_API_KEY`` or ``OPENAI_API_KEY`` if not given.
        settings: of the episode.
        out: a run folder that keeps it.

    Returns:
        The trajectory and its pictures. An episode that fails raises nothing, see :meth:`Asker.ask`.

    Raises:
        CodeDanceError: as :class:`Asker` and :meth:`Asker.ask` say.

    >>> from codedance.models import ScriptedModel
    >>> said = ScriptedModel(["<think>I see it.</think><answer>red</answer>"])
    >>> ask(Image.new("RGB", (30, 20), "red"), "What colour is it?", model=said).trajectory.answer
    'red'
    """
    with Asker(model, base_url=base_url, api_key=api_key, settings=settings, out=out) as asker:
        return asker.ask(pictures, question)


def question_task(question: str, pictures: Sequence[Picture]) -> Task:
    """A task without a reference answer; the same question about the same pictures has the same name.

    >>> red = Picture.from_image(Image.new("RGB", (3, 2), "red"), repeatable=True)
    >>> question_task("How many?", [red]).id
    'ask/d387481432f1'
    """
    refs = tuple(picture.ref for picture in pictures)
    digest = hashlib.sha256("\n".join([question, *(ref.sha256 for ref in refs)]).encode("utf-8", "replace"))
    return Task(id=f"ask/{digest.hexdigest()[:12]}", source="ask", question=question, images=refs)


def _picture(shown: Shown) -> Picture:
    if isinstance(shown, Picture):
        return shown
    if isinstance(shown, Image.Image):
        return Picture.from_image(shown, repeatable=True)  # the hash of the file is part of the question's name
    return Picture.from_file(Path(shown))


def _attempts(run: RunFolder) -> dict[str, int]:
    """How often each question was asked in a run."""
    found: dict[str, int] = {}
    for past in run.trajectories():
        found[past.task.id] = found.get(past.task.id, 0) + 1
    return found
