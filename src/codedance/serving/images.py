"""Pictures of a request: from data URLs, and from public addresses where that is allowed.

An address that a stranger names is fetched by us, from inside our network. So its host is resolved once, every address
that comes back must be a public one, and the connection goes to exactly the address that was checked; each redirect is
checked in the same way. No proxy is used, which would resolve names itself.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import anyio
import anyio.lowlevel
import anyio.to_thread

from codedance.errors import PictureError
from codedance.imaging import Picture
from codedance.serving.refusals import RefusalError
from codedance.serving.settings import ServingSettings

if TYPE_CHECKING:
    import httpx

__all__ = ["PictureReader", "is_public", "resolve"]

_BEGINS = "data:image/png;base64,"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_DECODERS = 2
"""Pictures decoded at once: one takes several bytes a pixel."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


def is_public(address: str) -> bool:
    """True for addresses of the public internet; an IPv4 address inside an IPv6 one counts as itself.

    >>> [is_public(one) for one in ("93.184.216.34", "10.0.0.1", "127.0.0.1", "169.254.169.254", "::1")]
    [True, False, False, False, False]
    >>> [is_public(one) for one in ("::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "100.64.0.1", "0.0.0.0")]
    [False, False, False, False, False]
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _TRANSLATED:
            return False
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host; raises ``OSError`` if there is none."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class PictureReader:
    """Turns the URLs of a request into pictures, under the server's limits.

    Args:
        settings: the limits, and whether addresses are fetched at all.
        resolve: asks for the addresses of a host.
        allowed: which of them may be connected to.
    """

    settings: ServingSettings
    resolve: Resolve = resolve
    allowed: Callable[[str], bool] = is_public

    async def read(self, urls: Sequence[str]) -> tuple[Picture, ...]:
        """All pictures, in order; raises :class:`RefusalError` (400) that names the one at fault."""
        return tuple([await self._one(url, f"picture {number}") for number, url in enumerate(urls, start=1)])

    async def _one(self, url: str, name: str) -> Picture:
        if url[:5].lower() == "data:":
            data = _from_data_url(url, name, self.settings.image_bytes)
        elif not url.lower().startswith(("http://", "https://")):
            raise _refused(f"{name}: {_no_url(url)}", "invalid_image_url")
        elif not self.settings.remote_images:
            raise _refused(
                f"{name}: this server fetches no addresses (codedance serve --allow-remote-images has it do so); send "
                f"the picture itself, as a data URL that begins with {_BEGINS}",
                "remote_images_off",
            )
        else:
            data = await self._fetch(url, name)
        try:
            return await anyio.to_thread.run_sync(self._decode, data, name, limiter=_decoders())
        except PictureError as error:
            raise _refused(str(error), "invalid_image") from None

    def _decode(self, data: bytes, name: str) -> Picture:
        return Picture.from_bytes(data, name=name, max_pixels=self.settings.image_pixels)

    async def _fetch(self, url: str, name: str) -> bytes:
        import httpx

        try:
            with anyio.fail_after(self.settings.remote_seconds):
                async with httpx.AsyncClient(trust_env=False, timeout=self.settings.remote_seconds) as client:
                    for _ in range(_REDIRECTS + 1):
                        target = await self._target(url, name)
                        outcome = await self._get(client, target, name)
                        if isinstance(outcome, bytes):
                            return outcome
                        url = outcome
        except TimeoutError:
            seconds = self.settings.remote_seconds
            raise _refused(f"{name}: its address did not answer within {seconds:g} s", "image_unreachable") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            reason = type(error).__name__
            raise _refused(f"{name}: its address cannot be fetched ({reason})", "image_unreachable") from None
        raise _refused(f"{name}: more than {_REDIRECTS} redirects", "image_unreachable")

    async def _target(self, url: str, name: str) -> _Target:
        """What is connected to; raises :class:`RefusalError` for an address that is none of the public internet."""
        import httpx

        parsed = httpx.URL(url)
        if parsed.scheme not in _PORTS or not parsed.host:
            raise _refused(f"{name}: only http, https and data URLs are read", "invalid_image_url")
        if parsed.userinfo:
            raise _refused(f"{name}: the address must not hold a user name or password", "invalid_image_url")
        port = parsed.port or _PORTS[parsed.scheme]
        try:
            addresses = await self.resolve(parsed.host, port)
        except (OSError, UnicodeError):
            raise _refused(f"{name}: there is no host '{parsed.host[:100]}'", "image_unreachable") from None
        if not addresses or not all(self.allowed(one) for one in addresses):
            raise _refused(f"{name}: '{parsed.host[:100]}' is not an address of the public internet", "address_refused")
        return _Target(parsed, addresses[0])

    async def _get(self, client: httpx.AsyncClient, target: _Target, name: str) -> bytes | str:
        """The file, or where it is said to be."""
        url = target.url
        # The checked address is connected to; the host's name stays in the request and in TLS, which checks it.
        request = client.build_request(
            "GET",
            url.copy_with(host=target.address),
            headers={"Host": url.netloc.decode("ascii"), "Accept": "image/*", "Accept-Encoding": "identity"},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        response = await client.send(request, stream=True)
        try:
            if response.is_redirect and "location" in response.headers:
                return str(url.join(response.headers["location"]))
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if response.status_code != 200 or not kind.startswith("image/") or "content-encoding" in response.headers:
                raise _refused(
                    f"{name}: its address answered {response.status_code} with no picture", "image_unreachable"
                )
            data = bytearray()
            async for piece in response.aiter_raw():
                data += piece
                if len(data) > self.settings.image_bytes:
                    raise _too_large(name, self.settings.image_bytes)
            return bytes(data)
        finally:
            await response.aclose()


@dataclass(frozen=True, slots=True)
class _Target:
    url: httpx.URL
    address: str


_limiters: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("codedance_picture_decoders")


def _decoders() -> anyio.CapacityLimiter:
    """One for all requests of an event loop."""
    try:
        return _limiters.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_DECODERS)
        _limiters.set(limiter)
        return limiter


def _from_data_url(url: str, name: str, most: int) -> bytes:
    head, comma, content = url.partition(",")
    kind, *marks = head[5:].lower().split(";")
    if not comma or not (kind.startswith("image/") or not kind):
        raise _refused(f"{name}: a data URL of a picture begins with {_BEGINS}", "invalid_image_url")
    if len(content) * 3 // 4 > most + 3:
        raise _too_large(name, most)
    try:
        if marks and marks[-1].strip() == "base64":
            return base64.b64decode("".join(content.split()), validate=True)
        return unquote_to_bytes(content)
    except (binascii.Error, ValueError):
        raise _refused(f"{name}: its data URL is not in base64", "invalid_image_url") from None


def _no_url(url: str) -> str:
    """What is wrong with something that is neither a data URL nor an address of the web."""
    if not url.strip():
        return f"its URL is empty; send the picture as a data URL that begins with {_BEGINS}"
    if _SCHEME.match(url):
        return f"only data URLs and addresses of the web are read; begin with {_BEGINS}"
    return f"that is no URL; put {_BEGINS} in front of a picture in base64"


def _too_large(name: str, most: int) -> RefusalError:
    shown = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most} bytes"
    return _refused(f"{name}: the file is larger than {shown}; make it smaller first", "image_too_large")


def _refused(message: str, code: str) -> RefusalError:
    return RefusalError(400, message, param="messages", code=code)
