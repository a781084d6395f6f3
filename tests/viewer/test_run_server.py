"""The run browser over HTTP: what it shows, what it refuses, how it starts and ends."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from codedance.errors import StoreError, UsageError
from codedance.imaging import Picture
from codedance.viewer.runs.guard import GuardSettings
from codedance.viewer.runs.serving import ServeSettings, serve_runs
from tests.viewer.run_server import make_runs, serving, wait_for
from tests.viewer.samples import noise
from tests.viewer.written_runs import mixed_attempts, write_run

PAGES = ("", "runs", "trajectories", "groups", "compare", "plots", "trajectories?run=mixed&q=crop", "plots?run=group")


@pytest.fixture(scope="module")
def picture() -> Picture:
    return noise(40, 30)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, picture: Picture) -> Iterator[str]:
    root = tmp_path_factory.mktemp("served") / "runs"
    make_runs(root, picture)
    (root.parent / "secret.jsonl").write_text("secret")
    with serving(root, GuardSettings(hosts=("box.lan",))) as where:
        wait_for(where, "runs", "mixed")
        yield where


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as opened:
        yield opened


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_with_a_policy_that_runs_no_foreign_script(
    client: httpx.Client, address: str, path: str
) -> None:
    answer = client.get(f"{address}/{path}")
    assert answer.status_code == 200
    policy = unescape(re.findall('http-equiv="Content-Security-Policy" content="([^"]+)"', answer.text)[0])
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    headers = answer.headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    assert "<script>window.hit" not in answer.text


def test_links_lead_to_pages_that_are_there(client: httpx.Client, address: str) -> None:
    seen: dict[str, int] = {}
    waiting = [
        "runs",
        "trajectories?run=mixed",
        "groups?run=group",
        "compare?left=mixed&right=better",
        "plots?run=mixed",
    ]
    asked = set()
    while waiting:
        path = waiting.pop(0)
        kind = path.partition("?")[0]
        if path in asked or seen.get(kind, 0) >= 4:
            continue
        asked.add(path)
        seen[kind] = seen.get(kind, 0) + 1
        answer = client.get(f"{address}/{path}")
        assert answer.status_code == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            waiting += [unescape(one) for one in re.findall(r'(?:href|src)="([a-z]*\?[^"]*)"', answer.text)]
    assert seen.keys() >= {"trajectories", "trajectory", "group", "compare", "picture"}


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.example:80", ""])
def test_names_that_were_made_to_point_here_are_refused(client: httpx.Client, address: str, host: str) -> None:
    answer = client.get(f"{address}/trajectories", headers={"Host": host})
    assert answer.status_code == 421
    assert "zebra" not in answer.text


def test_a_name_that_was_given_is_served(client: httpx.Client, address: str) -> None:
    assert client.get(f"{address}/runs", headers={"Host": "box.lan:8090"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(client: httpx.Client, address: str, method: str) -> None:
    assert client.request(method, f"{address}/trajectories").status_code == 405


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("trajectories?run=nowhere", "there is no run"),
        ("trajectories?run=../", "there is no run"),
        ("trajectory?of=mixed&id=nothing", "no trajectory"),
        ("trajectory?of=../../etc&id=passwd", "there is no run"),
        ("group?of=mixed&task=nothing", "no attempt"),
        ("picture?of=mixed&file=../../secret.jsonl", "no such picture"),
        ("picture?of=..&file=" + "0" * 64 + ".png", "there is no run"),
        ("picture?of=mixed&file=" + "0" * 64 + ".png", "cannot be read"),
        ("picture?of=mixed&file=" + "0" * 64 + ".svg", "no such picture"),
        ("compare?left=mixed&right=nowhere", "there is no run"),
        ("../secret.jsonl", "no such page"),
        ("%2e%2e/secret.jsonl", "no such page"),
        ("static/../../secret.jsonl", "no such page"),
        ("docs", "no such page"),
        ("openapi.json", "no such page"),
    ],
)
def test_what_is_not_there_is_told_on_a_page(client: httpx.Client, address: str, path: str, said: str) -> None:
    answer = client.get(f"{address}/{path}")
    assert answer.status_code == 404
    assert said in answer.text
    assert answer.text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "query",
    ["page=-1", "page=1e9", "size=100000", "sort=rowid;drop", "q=%00%22%22(", "turns_min=abc", "q=" + "a%20" * 400,
     "tokens_min=" + "9" * 400, "verdict=%FF", "down=%27", "family=%27%20OR%201=1", "of=&at=999999999999999999"],
)  # fmt: skip
def test_no_query_breaks_a_page(client: httpx.Client, address: str, query: str) -> None:
    for path in ("trajectories", "groups", "plots"):
        assert client.get(f"{address}/{path}?{query}").status_code == 200


def test_an_address_without_an_end_is_refused(client: httpx.Client, address: str) -> None:
    assert client.get(f"{address}/trajectories?q={'x' * 9000}").status_code == 414


def test_a_picture_comes_as_it_was_stored(client: httpx.Client, address: str, picture: Picture) -> None:
    answer = client.get(f"{address}/picture?of=group&file={picture.ref.file_name}")
    assert answer.content == picture.data
    assert answer.headers["content-type"] == "image/png"


def test_the_group_page_shows_rewards_and_difficulty(client: httpx.Client, address: str) -> None:
    text = client.get(f"{address}/group?of=group&task=group/1").text
    assert "8 attempts · 50 % right" in text
    assert "+0.300" in text
    assert text.count("attempt card") + text.count("card attempt") == 8
    assert "deepeyes" in client.get(f"{address}/group?of=group&task=group/1&variant=deepeyes").text


def test_the_comparison_counts_and_tests(client: httpx.Client, address: str) -> None:
    text = " ".join(client.get(f"{address}/compare?left=mixed&right=better").text.split())
    assert "3 tasks in both: <strong>66.7 %</strong> → <strong>100.0 %</strong>" in text
    assert "exact McNemar test: p = <strong>1</strong>" in text
    fixed = client.get(f"{address}/compare?left=mixed&right=better&show=fixed").text
    assert "made/1" in fixed
    assert "made/0" not in fixed


def test_an_answer_that_code_failed_on_is_a_trace_page(client: httpx.Client, address: str) -> None:
    text = client.get(f"{address}/trajectory?of=mixed&id=made%2F2%230&at=2&run=mixed").text
    assert "NameError" in text
    assert "3 of 6" in text


def test_a_judges_word_is_shown_where_a_judge_decided_and_nowhere_else(client: httpx.Client, address: str) -> None:
    table = client.get(f"{address}/trajectories?run=judged").text
    assert table.count(">judge</span>") == 1
    assert "Decided by" in table
    assert client.get(f"{address}/trajectories?run=judged&decided=judge").text.count(" data-row>") == 1
    judged = client.get(f"{address}/trajectory?of=judged&id=made%2F0%230").text
    assert "judge server:judge: right; it read \u2018&lt;script&gt;window.hit=1" in judged
    assert "The rules alone say: needs judge." in judged
    assert "judge server:judge: right" in client.get(f"{address}/group?of=judged&task=made/0").text
    assert "server:judge" not in client.get(f"{address}/trajectory?of=judged&id=made%2F1%230").text


def test_beyond_this_machine_a_token_is_asked_for(tmp_path: Path, picture: Picture) -> None:
    make_runs(tmp_path / "runs", picture)
    with serving(tmp_path / "runs", GuardSettings(token="ABC-very-secret")) as address:
        for path in ("trajectories", "trajectories?token=wrong", "state", "picture"):
            refused = httpx.get(f"{address}/{path}", headers={"Cookie": "codedance-view=wrong"})
            assert refused.status_code == 401
        with httpx.Client() as client:
            entered = client.get(f"{address}/trajectories?run=mixed&token=ABC-very-secret")
            assert entered.status_code == 303
            assert entered.headers["location"] == "./trajectories?run=mixed"
            assert "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
            assert client.get(f"{address}/state").status_code == 200


def test_what_cannot_be_served_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such folder"):
        serve_runs(tmp_path / "nowhere", ServeSettings(port=0), caches=tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen at 127.0.0.1 port {port}.*choose another with --port"):
            serve_runs(tmp_path, ServeSettings(port=port), caches=tmp_path)


@pytest.mark.slow
def test_the_command_says_its_address_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    write_run(tmp_path / "run", mixed_attempts())
    command = [sys.executable, "-m", "codedance.cli.app", "view", str(tmp_path / "run"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().removeprefix("runs: ").strip()
        wait_for(address.rstrip("/"), "trajectories?run=.", "zebra")
        assert httpx.get(address).headers["location"] == "trajectories?run=."
        server.terminate()
        _, said = server.communicate(timeout=60)
    assert (server.returncode, said) == (143, "")


def test_an_empty_folder_is_served_until_a_run_begins(tmp_path: Path, picture: Picture) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    with serving(root) as address:
        assert "No run is here yet" in httpx.get(f"{address}/").text
        assert httpx.get(f"{address}/trajectories").status_code == 200
        make_runs(root, picture)
        wait_for(address, "runs", "mixed")
