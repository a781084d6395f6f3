"""Real servers for the tests, in one thread with one sandbox."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import anyio
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal

from codedance.imaging import Picture
from codedance.models.contract import Completion, Model
from codedance.models.scripted import ScriptedModel
from codedance.protocol import AnswerAction, ChatMessage, CodeAction, render_reply
from codedance.sandbox import LocalSandbox
from codedance.schema import CodeFormat, Sampling
from codedance.serving import ServedModel, ServingSettings
from codedance.serving.app import create_app
from codedance.serving.images import PictureReader
from codedance.serving.service import Service
from codedance.serving.traces import TraceShelf

__all__ = ["House", "PatientModel", "Served", "data_url", "looking_model", "open_house", "reply"]


def reply(thought: str, *, code: str | None = None, answer: str = "") -> str:
    return render_reply(thought, CodeAction(code, CodeFormat.CODE) if code is not None else AnswerAction(answer))


def looking_model() -> ScriptedModel:
    """Looks at the picture's size and its corner, then answers with the size."""
    code = "print(input_image.size)\ninput_image.crop((0, 0, 5, 4))"
    return ScriptedModel([reply("I look.", code=code), reply("It says so.", answer="64 x 48 pixels")])


def data_url(picture: Picture) -> str:
    return f"data:{picture.mime_type};base64,{base64.b64encode(picture.data).decode()}"


@dataclass
class PatientModel:
    """Writes a piece, waits until it may go on, and knows whether it was cancelled."""

    begun: int = 0
    cancelled: int = 0
    go_on: bool = False
    name: str = "patient"
    seen: list[Sequence[ChatMessage]] = field(default_factory=list)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        sampling: Sampling,
        *,
        stop: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Completion:
        self.begun += 1
        self.seen.append(messages)
        if on_text is not None:
            on_text("<think>I wait")
        try:
            while not self.go_on:
                await anyio.sleep(0.01)
        except BaseException:
            self.cancelled += 1
            raise
        return Completion(reply("I wait.", answer="done"), prompt_tokens=3, completion_tokens=4)

    async def close(self) -> None:
        """Nothing to free."""


@dataclass(frozen=True)
class Served:
    """A server that runs. What is entered into `clients` is closed before the server ends."""

    url: str
    service: Service
    clients: ExitStack


class House:
    """Starts servers; each ends with its block."""

    def __init__(self, portal: BlockingPortal, sandbox: LocalSandbox) -> None:
        self.portal = portal
        self.sandbox = sandbox

    @contextmanager
    def serve(
        self,
        *models: Model,
        shelf: TraceShelf | None = None,
        reader: PictureReader | None = None,
        **settings: object,
    ) -> Iterator[Served]:
        wanted = ServingSettings.model_validate(settings)
        served = tuple(ServedModel(model.name, model) for model in models or (looking_model(),))
        service = self.portal.call(lambda: Service(served, self.sandbox, wanted, shelf=shelf, reader=reader))
        config = uvicorn.Config(
            create_app(service), log_level="warning", timeout_graceful_shutdown=1, limit_concurrency=64
        )
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            running = self.portal.start_task_soon(server.serve, [listening])
            while not server.started:
                time.sleep(0.01)
            try:
                with ExitStack() as clients:
                    yield Served(url, service, clients)
            finally:
                server.should_exit = True
                running.result(timeout=20)


@contextmanager
def open_house() -> Iterator[House]:
    with start_blocking_portal() as portal:
        sandbox = portal.call(LocalSandbox)
        with portal.wrap_async_context_manager(sandbox):
            # The first session starts the sandbox's processes, which may take longer than a test should wait.
            with portal.wrap_async_context_manager(sandbox.session()):
                pass
            yield House(portal, sandbox)
