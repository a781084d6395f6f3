"""The sandbox over HTTP: sessions, one-shot programs, refusals, metrics, and the client behind the same protocol."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from codedance.errors import SandboxError, UsageError
from codedance.imaging import Picture
from codedance.sandbox import CellResult, Limits, LocalSandbox
from codedance.sandbox.service import BusyError, RemoteSandbox, SessionKeeper, UnknownSessionError
from codedance.sandbox.service.api import ServiceSettings, create_app
from codedance.schema import ExecutionStatus

pytestmark = pytest.mark.anyio

LIMITS = Limits(wall_seconds=10)
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "cards.png")
NO_PICTURE = base64.b64encode(b"no picture").decode()


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LocalSandbox]:
    async with LocalSandbox(limits=LIMITS) as sandbox:
        yield sandbox


@asynccontextmanager
async def served(sandbox: LocalSandbox, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    wanted = ServiceSettings.model_validate({"limits": LIMITS, **settings})
    keeper = SessionKeeper(sandbox, max_sessions=wanted.max_sessions, max_running=wanted.max_running)
    transport = httpx.ASGITransport(create_app(keeper, wanted))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        try:
            yield client
        finally:
            await keeper.close_all()


async def test_a_session_over_http_keeps_its_state_and_shows_pictures(sandbox: LocalSandbox, picture: Picture) -> None:
    async with served(sandbox) as client:
        body = {"images": [base64.b64encode(picture.data).decode()]}
        name = (await client.post("/sessions", json=body)).json()["id"]
        await client.post(f"/sessions/{name}/cells", json={"code": "x = input_image.width"})
        answer = (await client.post(f"/sessions/{name}/cells", json={"code": "print(x)\ninput_image"})).json()
        assert answer["execution"]["stdout"] == f"{picture.ref.width}\n"
        assert Picture.from_bytes(base64.b64decode(answer["images"][0])).ref.width == picture.ref.width
        assert (await client.delete(f"/sessions/{name}")).status_code == 204
        gone = await client.post(f"/sessions/{name}/cells", json={"code": "1"})
        assert gone.status_code == 404
        assert "no such session" in gone.json()["detail"]


async def test_a_session_cannot_ask_for_more_than_the_service_gives(sandbox: LocalSandbox) -> None:
    async with served(sandbox) as client:
        answer = (await client.post("/sessions", json={"limits": {"wall_seconds": 3000, "images": 3}})).json()
    assert answer["limits"]["wall_seconds"] == LIMITS.wall_seconds
    assert answer["limits"]["images"] == 3


async def test_what_does_not_fit_is_refused_at_once(sandbox: LocalSandbox) -> None:
    async with served(sandbox, max_sessions=1, max_running=1) as client:
        name = (await client.post("/sessions", json={})).json()["id"]
        full = await client.post("/sessions", json={})
        assert (full.status_code, full.headers["retry-after"]) == (429, "2")
        async with anyio.create_task_group() as group:
            group.start_soon(
                lambda: client.post(f"/sessions/{name}/cells", json={"code": "import time\ntime.sleep(1)"})
            )
            await anyio.sleep(0.3)
            busy = await client.post(f"/sessions/{name}/cells", json={"code": "1"})
        assert (busy.status_code, busy.headers["retry-after"]) == (429, "1")
        metrics = (await client.get("/metrics")).text
    assert 'codedance_sandbox_cells_total{status="ok"} 1.0' in metrics
    assert "codedance_sandbox_refused_total 2.0" in metrics
    assert "codedance_sandbox_sessions 1.0" in metrics


async def test_the_token_is_asked_for_and_bodies_are_bounded(sandbox: LocalSandbox) -> None:
    async with served(sandbox, token="let me in", max_body_bytes=2048) as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.post("/sessions", json={})).status_code == 401
        wrong = {"Authorization": "Bearer no"}
        assert (await client.get("/metrics", headers=wrong)).status_code == 401
        right = {"Authorization": "Bearer let me in"}
        assert (await client.post("/sessions", json={}, headers=right)).status_code == 201
        huge = await client.post("/run_code", json={"code": "#" * 4096}, headers=right)
        assert huge.status_code == 413

        async def parts() -> AsyncIterator[bytes]:
            yield b"{}"

        assert (await client.post("/sessions", content=parts(), headers=right)).status_code == 411


@pytest.mark.parametrize(
    "body",
    [
        {"images": ["no base64!"]},
        {"images": [base64.b64encode(b"no picture").decode()]},
        {"limits": {"images": -1}},
        {"x": 1},
    ],
)
async def test_bad_requests_are_told_so(sandbox: LocalSandbox, body: dict[str, Any]) -> None:
    async with served(sandbox) as client:
        assert (await client.post("/sessions", json=body)).status_code == 422


async def run_code(client: httpx.AsyncClient, code: str, **fields: object) -> dict[str, Any]:
    answer = await client.post("/run_code", json={"code": code, "language": "python", **fields})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def test_one_shot_programs_answer_as_sandbox_fusion_does(sandbox: LocalSandbox) -> None:
    async with served(sandbox) as client:
        good = await run_code(client, "print(input())", stdin="from outside", compile_timeout=10, memory_limit_MB=512)
        assert good["status"] == "Success"
        assert good["run_result"]["status"] == "Finished"
        assert (good["run_result"]["return_code"], good["run_result"]["stdout"]) == (0, "from outside\n")
        assert good["run_result"]["execution_time"] > 0
        bad = await run_code(client, "1 / 0")
        assert (bad["status"], bad["run_result"]["return_code"]) == ("Failed", 1)
        assert "ZeroDivisionError" in bad["run_result"]["stderr"]
        exited = await run_code(client, "import sys\nsys.exit(3)")
        assert (exited["status"], exited["run_result"]["return_code"]) == ("Failed", 3)
        assert (await run_code(client, "import sys\nsys.exit()"))["status"] == "Success"
        slow = await run_code(client, "while True: pass", run_timeout=0.5)
        assert (slow["status"], slow["run_result"]["status"]) == ("Failed", "TimeLimitExceeded")
        crashed = await run_code(client, "import os\nos._exit(0)")
        assert (crashed["status"], crashed["run_result"]["return_code"]) == ("Failed", -9)


async def test_one_shot_programs_take_and_give_files(sandbox: LocalSandbox) -> None:
    content = base64.b64encode(b"inside").decode()
    async with served(sandbox) as client:
        code = "text = open('data/in.txt').read()\nopen('out.txt', 'w').write(text.upper())\nprint('_lay' in globals())"
        files = {"data/in.txt": content}
        result = await run_code(client, code, files=files, fetch_files=["out.txt", "missing.txt"])
        assert result["run_result"]["stdout"] == "False\n"
        assert {name: base64.b64decode(data) for name, data in result["files"].items()} == {"out.txt": b"INSIDE"}
        for name in ("../x", "/etc/x", ""):
            answer = await client.post("/run_code", json={"code": "1", "files": {name: content}})
            assert answer.status_code == 422
        assert (await client.post("/run_code", json={"code": "1", "language": "rust"})).status_code == 422


async def test_files_are_fetched_whole_however_much_they_are_together(sandbox: LocalSandbox) -> None:
    code = (
        "import sys\nfor name in 'ab': open(name, 'w').write(name * 499_999)\nopen('empty', 'w').close()\n"
        "open('large', 'w').write('c' * 500_000)\nimport os\nos.mkdir('folder')\nsys.stdout = open('log', 'w')"
    )
    async with served(sandbox) as client:
        result = await run_code(client, code, fetch_files=["a", "b", "empty", "missing", "folder", "large", "a"])
        assert {name: base64.b64decode(data) for name, data in result["files"].items()} == {
            "a": b"a" * 499_999,
            "b": b"b" * 499_999,
            "empty": b"",
        }
        assert result["status"] == "Success"
        assert result["message"] == "file 'large' was not fetched: it has 500000 bytes, 500000 are too many"


async def test_what_cannot_be_fetched_is_told(sandbox: LocalSandbox) -> None:
    async with served(sandbox) as client:
        noisy = "open('x', 'w').write('1')\nimport builtins\nbuiltins.open = None"
        closed = await run_code(client, noisy, fetch_files=["x"])
        assert (closed["status"], closed["files"]) == ("Success", {})
        assert closed["message"].startswith("file 'x' was not fetched: TypeError: 'NoneType' object is not callable")
        dead = await run_code(client, "import os\nos._exit(0)", fetch_files=["x", "y", "z"])
        assert (dead["status"], dead["files"]) == ("Failed", {})
        assert dead["message"] == (
            "the process ended with exit code 0; file 'x' and 2 more not fetched: the session has ended"
        )


async def test_what_is_fetched_is_bounded_in_bytes_and_in_time(sandbox: LocalSandbox) -> None:
    small = Limits(wall_seconds=2, disk_bytes=1 << 20)
    async with served(sandbox, limits=small) as client:
        names = [f"{'./' * number}x" for number in range(9)]
        often = await run_code(client, "open('x', 'w').write('x' * 400_000)", fetch_files=names)
        assert list(often["files"]) == names[:2]
        assert often["message"] == "file '././x' and 6 more not fetched: together they are over 1048576 bytes"
        slow = "import os, time\nos.path.isfile = lambda name: time.sleep(1.2)"
        late = await run_code(client, slow, fetch_files=["x", "y", "z"])
        assert late["message"] == "file 'y' and 1 more not fetched: that took over 2 seconds"


async def test_files_and_input_larger_than_a_message_to_the_session_arrive_whole(sandbox: LocalSandbox) -> None:
    data = bytes(range(256)) * (9 << 12) + b"end"
    said = "äx\r\n😀" * 400_000
    code = (
        "import hashlib, sys\ndata = open('data.bin', 'rb').read()\n"
        "print(len(data), hashlib.sha256(data).hexdigest())\n"
        "print(hashlib.sha256(sys.stdin.read().encode()).hexdigest(), open('empty').read() == '', 'linecache' in dir())"
    )
    files = {"data.bin": base64.b64encode(data).decode(), "empty": ""}
    async with served(sandbox) as client:
        result = await run_code(client, code, files=files, stdin=said)
    sums = [hashlib.sha256(one).hexdigest() for one in (data, said.encode())]
    assert result["run_result"]["stdout"] == f"{len(data)} {sums[0]}\n{sums[1]} True False\n"


async def test_a_file_that_does_not_fit_is_refused_before_the_program_runs(sandbox: LocalSandbox) -> None:
    content = base64.b64encode(bytes(2 << 20)).decode()
    async with served(sandbox, limits=Limits(wall_seconds=10, file_bytes=1 << 20)) as client:
        for files, why in (
            ({"data.bin": content}, "file 'data.bin' could not be laid out for the program (OSError: "),
            ({"a": "", "a/b": ""}, "file 'a/b' could not be laid out for the program (FileExistsError: "),
            ({"n" * 300: ""}, "could not be laid out for the program (OSError: "),
        ):
            answer = await client.post("/run_code", json={"code": "1", "files": files})
            assert answer.status_code == 422
            assert why in answer.json()["detail"]


async def test_idle_sessions_are_closed(sandbox: LocalSandbox) -> None:
    now = 0.0
    keeper = SessionKeeper(sandbox, idle_seconds=10, clock=lambda: now)
    name = await keeper.open()
    now = 9.0
    assert (await keeper.run(name, "1 + 1")).execution.value == "2"
    now = 18.0
    assert (await keeper.run(name, "2 + 2")).execution.value == "4"
    now = 29.0
    with pytest.raises(UnknownSessionError):
        await keeper.run(name, "1")
    assert (keeper.alive, keeper.expired) == (0, 1)


async def test_a_keeper_has_room_again_when_a_session_closes(sandbox: LocalSandbox) -> None:
    keeper = SessionKeeper(sandbox, max_sessions=1)
    name = await keeper.open()
    with pytest.raises(BusyError):
        await keeper.open()
    assert await keeper.close(name)
    assert not await keeper.close(name)
    assert await keeper.close(await keeper.open())


def remote(sandbox: LocalSandbox, **settings: object) -> RemoteSandbox:
    wanted = ServiceSettings.model_validate({"limits": LIMITS, **settings})
    keeper = SessionKeeper(sandbox, max_sessions=wanted.max_sessions)
    app = create_app(keeper, wanted)
    return RemoteSandbox("http://test", transport=httpx.ASGITransport(app), token="t", patience_seconds=2)


async def test_the_client_is_a_sandbox_like_any_other(sandbox: LocalSandbox, picture: Picture) -> None:
    async with remote(sandbox, token="t") as far, far.session([picture]) as session:
        assert far.description["kind"] == "remote"
        assert far.description["tier"] == sandbox.description["tier"]
        assert (await session.run("x = input_image.size")).execution.ok
        result = await session.run("print(x, chr(0xd800))\ninput_image.rotate(180)")
        assert result.execution.stdout == f"{(picture.ref.width, picture.ref.height)} ?\n"
        assert [one.ref for one in result.pictures] == [one.image for one in result.execution.images]
        assert (await session.run("1 / 0")).execution.status is ExecutionStatus.ERROR
        assert (await session.run("import os\nos._exit(1)")).execution.status is ExecutionStatus.CRASHED
        assert (await session.run("1")).execution.status is ExecutionStatus.LOST


async def test_the_client_waits_while_there_is_no_room_and_then_says_so(sandbox: LocalSandbox) -> None:
    async with remote(sandbox, token="t", max_sessions=1) as far, far.session():
        with pytest.raises(SandboxError, match="all 1 sessions are in use"):
            async with far.session():
                pass


async def test_the_client_says_what_is_wrong(sandbox: LocalSandbox) -> None:
    with pytest.raises(SandboxError, match="token was refused"):
        async with remote(sandbox, token="another"):
            pass
    with pytest.raises(SandboxError, match="cannot be reached"):
        async with RemoteSandbox("http://127.0.0.1:9"):
            pass


async def test_a_session_closed_in_the_middle_of_its_cell_is_lost_and_disturbs_no_other() -> None:
    async with LocalSandbox(pool=0) as sandbox:
        keeper = SessionKeeper(sandbox)
        results: list[CellResult] = []

        async def work(name: str) -> None:
            results.append(await keeper.run(name, "import time\ntime.sleep(60)"))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                name = await keeper.open(())
                group.start_soon(work, name)
                await anyio.sleep(0.2)
                assert await keeper.close(name)
                # The next session's descriptors have the numbers that were just given back.
                other = await keeper.open(())
                assert (await keeper.run(other, "6 * 7")).execution.value == "42"
                await keeper.close(other)
        assert [one.execution.status for one in results] == [ExecutionStatus.LOST] * 3
        await keeper.close_all()


async def test_a_broken_answer_is_an_error_of_the_service() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "x", "sandbox": {}, "execution": "?"})

    async with (
        RemoteSandbox("http://test", transport=httpx.MockTransport(answer)) as far,
        far.session() as session,
    ):
        with pytest.raises(SandboxError, match="an answer that is none"):
            await session.run("1")


def test_the_service_as_a_program_answers_and_ends_cleanly(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "codedance.cli.app", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = next(word for word in line.split() if word.startswith("http")).rstrip(",")
        answer = httpx.post(f"{address}/run_code", json={"code": "print(6 * 7)"}, timeout=60)
        assert answer.json()["run_result"]["stdout"] == "42\n"
        assert httpx.get(f"{address}/docs").status_code == 200
        ask = [sys.executable, "-m", "codedance.cli.app", "ask", EXAMPLE, "-q", "What digit is on the red card?"]
        asked = subprocess.run([*ask, "--sandbox", address, "--json"], capture_output=True, text=True, timeout=100)
        assert '"kind":"remote"' in asked.stdout, asked.stderr
        assert httpx.get(f"{address}/metrics").text.count('cells_total{status="ok"} 1.0') == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 128 + signal.SIGTERM  # closed in order, not killed
    assert os.listdir(tmp_path) == []


def test_an_address_that_others_reach_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    from codedance.cli.sandbox_services import serve

    monkeypatch.delenv("CODEDANCE_SANDBOX_TOKEN", raising=False)
    with pytest.raises(UsageError, match="CODEDANCE_SANDBOX_TOKEN"):
        serve(host="0.0.0.0")
