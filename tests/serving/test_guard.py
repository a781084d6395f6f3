"""The server against pages of strangers, bodies without end, and addresses that lead inside."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence

import anyio
import httpx
import pytest

from codedance.imaging import Picture
from codedance.serving import ServingSettings
from codedance.serving.images import PictureReader, is_public
from codedance.serving.refusals import RefusalError
from tests.serving.house import House, Served
from tests.serving.picture_server import PictureServer, serve_pictures

BODY = {"model": "scripted", "messages": [{"role": "user", "content": "?"}]}
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", ""])
def test_a_name_that_was_made_to_point_here_is_refused(host: str, served: Served) -> None:
    answer = httpx.get(f"{served.url}/v1/models", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert "data" not in answer.text


def test_names_that_were_given_are_allowed(house: House) -> None:
    with house.serve(hosts=("box.lan",)) as served:
        assert httpx.get(f"{served.url}/v1/models", headers={"Host": "BOX.lan:80"}).status_code == 200


def test_pages_of_other_sites_may_not_call_and_are_not_told_anything(served: Served) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        answer = httpx.post(f"{served.url}{CHAT}", json=BODY, headers={"Origin": origin})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "foreign_origin"
        asked = httpx.options(
            f"{served.url}{CHAT}", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
        )
        assert asked.status_code == 403
        assert not [name for name in asked.headers if name.startswith("access-control")]
    same = httpx.get(f"{served.url}/v1/models", headers={"Origin": served.url})
    assert same.status_code == 200
    form = httpx.post(f"{served.url}{CHAT}", content=json.dumps(BODY), headers={"Content-Type": "text/plain"})
    assert form.status_code == 415


def test_a_site_that_was_named_may_call(house: House) -> None:
    with house.serve(origins=("https://good.example",)) as served:
        headers = {"Origin": "https://good.example"}
        asked = httpx.options(f"{served.url}{CHAT}", headers=headers)
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == "https://good.example"
        assert httpx.get(f"{served.url}/v1/models", headers=headers).status_code == 200
        other = httpx.get(f"{served.url}/v1/models", headers={"Origin": "https://good.example.evil.example"})
        assert other.status_code == 403


@pytest.mark.parametrize("path", ["/", "/v1/models", "/health", "/nowhere"])
def test_every_answer_carries_the_headers_that_keep_browsers_safe(path: str, served: Served) -> None:
    headers = httpx.get(f"{served.url}{path}").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers or "uvicorn" in headers["server"]


def test_a_body_that_is_too_large_is_not_read_whatever_it_says_of_itself(house: House) -> None:
    with house.serve(body_bytes=2048) as served:
        said = httpx.post(f"{served.url}{CHAT}", json={**BODY, "user": "x" * 4096})
        assert said.status_code == 413

        def pieces() -> Iterator[bytes]:
            for _ in range(8):
                yield b" " * 1024

        unsaid = httpx.post(f"{served.url}{CHAT}", content=pieces(), headers={"Content-Type": "application/json"})
        assert unsaid.status_code == 413
        assert served.service.queue.admitted == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'{"model": 3}', b"\xff\xfe", b'{"n": 1e999}'])
def test_a_body_that_is_no_request_is_told_so(body: bytes, served: Served) -> None:
    answer = httpx.post(f"{served.url}{CHAT}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_body_that_does_not_come_gives_its_place_back(house: House) -> None:
    with house.serve(body_seconds=2.0, running=1, waiting=0) as served:
        address = ("127.0.0.1", int(served.url.rpartition(":")[2]))
        with socket.create_connection(address) as slow:
            slow.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b'Content-Length: 500\r\n\r\n{"model"'
            )
            deadline = time.monotonic() + 10
            while served.service.queue.admitted == 0:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert httpx.post(f"{served.url}{CHAT}", json=BODY).status_code == 429
            slow.settimeout(10)
            assert slow.recv(64).startswith(b"HTTP/1.1 408")
        assert served.service.queue.admitted == 0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1", "no address",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet_are_known(address: str) -> None:
    assert not is_public(address)
    assert is_public("8.8.8.8")
    assert is_public("2606:4700::1111")


@pytest.fixture
def pictures(picture: Picture) -> Iterator[PictureServer]:
    with serve_pictures(picture.data) as server:
        yield server


class Names:
    """Answers for names; counts how often each was asked for."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def read(
    url: str, names: Names, *, allowed: Callable[[str], bool] = lambda address: True, **settings: object
) -> tuple[Picture, ...]:
    wanted = ServingSettings.model_validate({"remote_images": True, "remote_seconds": 5.0, **settings})
    return anyio.run(PictureReader(wanted, resolve=names, allowed=allowed).read, [url])


def test_a_remote_picture_is_fetched_from_the_address_that_was_checked(
    pictures: PictureServer, picture: Picture
) -> None:
    # The second answer would lead elsewhere: a name that changes between the check and the connection.
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    (got,) = read(f"http://pictures.example:{pictures.port}/ok", names)
    assert got == picture
    assert names.asked == ["pictures.example"]
    assert pictures.hosts == [f"pictures.example:{pictures.port}"]


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("http://pictures.example/ok", Names(["127.0.0.1"])),
        ("http://pictures.example/ok", Names(["8.8.8.8", "10.0.0.1"])),
        ("http://pictures.example/ok", Names([])),
        ("http://127.0.0.1/ok", Names(["127.0.0.1"])),
        ("http://[::ffff:127.0.0.1]/ok", Names(["::ffff:127.0.0.1"])),
        ("http://2130706433/ok", Names(["127.0.0.1"])),
    ],
)
def test_a_name_with_any_address_inside_is_refused(url: str, names: Names, pictures: PictureServer) -> None:
    with pytest.raises(RefusalError, match="not an address of the public internet"):
        read(url, names, allowed=is_public)
    assert pictures.hosts == []


def test_a_redirect_is_checked_like_the_first_address(pictures: PictureServer) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.1"])
    url = f"http://pictures.example:{pictures.port}/redirect"
    with pytest.raises(RefusalError, match=r"'inside\.example' is not an address"):
        read(url, names, allowed=lambda address: len(names.asked) == 1)
    assert names.asked == ["pictures.example", "inside.example"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("loop", "more than 3 redirects"),
        ("file", "only http, https and data"),
        ("text", "answered 200 with no picture"),
        ("missing", "answered 404"),
        ("fake", "not a picture"),
        ("zipped", "answered 200 with no picture"),
        ("endless", "larger than 4096 bytes"),
        ("slow", "did not answer within"),
        ("cut", "cannot be fetched|broken"),
    ],
)
def test_what_an_address_answers_is_not_trusted(path: str, says: str, pictures: PictureServer) -> None:
    begin = time.monotonic()
    with pytest.raises(RefusalError, match=says):
        read(
            f"http://pictures.example:{pictures.port}/{path}",
            Names(["127.0.0.1"]),
            image_bytes=4096,
            remote_seconds=1.0 if path == "slow" else 20.0,
        )
    assert time.monotonic() - begin < 15


@pytest.mark.parametrize(
    "url", ["ftp://a.example/x", "gopher://a.example", "http://me:secret@a.example/x", "http://", "x"]
)
def test_other_kinds_of_addresses_are_refused(url: str) -> None:
    with pytest.raises(RefusalError) as refused:
        read(url, Names(["8.8.8.8"]))
    assert refused.value.status == 400


def test_the_server_itself_fetches_where_it_was_allowed_to(
    house: House, pictures: PictureServer, picture: Picture
) -> None:
    settings = ServingSettings(remote_images=True)
    reader = PictureReader(settings, resolve=Names(["127.0.0.1"]), allowed=lambda address: True)
    url = f"http://pictures.example:{pictures.port}/ok"
    with house.serve(reader=reader, remote_images=True) as served:
        body = {"model": "scripted", "messages": [{"role": "user", "content": [
            {"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": url}}]}]}  # fmt: skip
        answer = httpx.post(f"{served.url}{CHAT}", json=body, timeout=60)
        assert answer.json()["choices"][0]["message"]["content"] == "64 x 48 pixels"
    with house.serve(remote_images=True) as served:
        answer = httpx.post(
            f"{served.url}{CHAT}", json=json.loads(json.dumps(body).replace("pictures.example", "localhost"))
        )
        assert answer.json()["error"]["code"] == "address_refused"
