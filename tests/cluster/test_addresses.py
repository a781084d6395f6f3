"""What is no cluster is refused in one line, at once; and a lost machine makes an episode begin anew, once counted."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from codedance.bench import expand
from codedance.bench.data.loading import LoadSettings
from codedance.bench.evaluation import EvalRun, EvalSettings, Patience, evaluate, open_rows
from codedance.cluster.connection import connected
from codedance.cluster.host import Fault, SandboxHost
from codedance.errors import MissingExtraError, SandboxLostError, UsageError
from codedance.imaging import Picture
from codedance.models.scripted import ScriptedModel
from codedance.protocol import ChatMessage, Role
from codedance.sandbox import CellResult, Limits, LocalSandbox, Session
from codedance.schema import StopReason
from codedance.store import RunFolder
from tests.bench.examples import ROWS, write_lines

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "nothing answers there"),
        ("ray://127.0.0.1:10001", "on a node of the cluster"),
        ("head", "write HOST:PORT"),
        ("head:port", "write HOST:PORT"),
        ("", "write HOST:PORT"),
    ],
)
def test_an_address_without_a_cluster_is_refused_at_once(address: str, said: str) -> None:
    with pytest.raises(UsageError, match=said), connected(address):
        pass


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"codedance\[ray\]"), connected("auto"):
        pass


async def test_a_host_tells_faults_as_values_and_closes_what_was_given_up(picture: Picture) -> None:
    host = SandboxHost(1, Limits(wall_seconds=10), None)
    assert not isinstance(await host.start(), Fault)
    assert await host.open("a", None, picture) == "a"
    assert isinstance(await host.run("b", "1"), Fault)
    result = await host.run("a", "input_image.size")
    assert isinstance(result, CellResult)
    assert result.execution.value == "(64, 48)"
    health = await host.health()
    assert not isinstance(health, Fault)
    assert (health.sessions, health.running) == (1, 0)
    assert await host.close("a")
    assert not await host.close("a")
    await host.stop()


class Crumbling(LocalSandbox):
    """Loses the first sessions as if their machines had died under them."""

    losses = 3

    @asynccontextmanager
    async def session(self, images: Sequence[Picture] = (), limits: Limits | None = None) -> AsyncIterator[Session]:
        async with super().session(images, limits) as session:
            yield _Crumbling(session, self)

    @property
    def description(self) -> Mapping[str, JsonValue]:
        return {"kind": "crumbling"}


class _Crumbling:
    def __init__(self, session: Session, sandbox: Crumbling) -> None:
        self._session = session
        self._sandbox = sandbox

    async def run(self, code: str) -> CellResult:
        if self._sandbox.losses > 0:
            self._sandbox.losses -= 1
            raise SandboxLostError("the node 10.0.0.1 was lost")
        return await self._session.run(code)


def write(messages: Sequence[ChatMessage]) -> str:
    if messages[-1].role is Role.TOOL:
        return "<answer>A</answer>"
    return "<code>\n```python\ninput_image.size\n```\n</code>"


async def test_an_episode_whose_machine_is_lost_begins_anew_and_counts_once(tmp_path: Path) -> None:
    data = write_lines(tmp_path / "vstar.jsonl", [ROWS["vstar"](index) for index in range(3)])
    settings = EvalSettings(rows=LoadSettings(allow_partial=True))
    benchmarks = expand(["vstar"])
    loaded = open_rows(benchmarks, settings.rows, data)
    async with Crumbling() as sandbox:
        with EvalRun(tmp_path / "run", benchmarks, loaded, settings=settings, model="scripted") as run:
            patience = Patience(concurrency=1, first_wait_seconds=0.01, unreadable_tries=1)
            await evaluate(run, ScriptedModel(write, name="scripted"), sandbox, patience=patience)
    trajectories = list(RunFolder.open(tmp_path / "run").trajectories())
    assert [one.stop for one in trajectories] == [StopReason.ANSWERED] * 3
    assert len({one.id for one in trajectories}) == 3
