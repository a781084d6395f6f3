"""How every web server of ours comes to listen, says where it is, and ends."""

from __future__ import annotations

import ipaddress
import socket
from types import FrameType
from typing import NoReturn

from codedance.errors import UsageError

__all__ = ["is_address", "is_loopback", "leave", "listen_at", "url_of"]


def is_address(host: str) -> bool:
    """Whether a host is a bare address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches a server there.

    >>> [is_loopback(one) for one in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "box.lan", "")]
    [True, True, True, False, False, False]
    """
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"


def listen_at(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        said = str(error.strerror or error).partition(" (while")[0]  # Python repeats the address behind it
        raise UsageError(f"cannot listen at {host} port {port}: {said}; choose another with --port") from None


def url_of(host: str, listening: socket.socket) -> str:
    """The address of a server as it can be opened on this machine, without a slash at its end."""
    shown = {"0.0.0.0": "localhost", "": "localhost", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{listening.getsockname()[1]}"


def leave(number: int, _: FrameType | None) -> NoReturn:
    """End by an exception, so that everything is closed on the way; the code is what shells give a signal.

    For SIGTERM: uvicorn sends itself the signal again once it has ended, which would kill us before we have closed.
    """
    raise SystemExit(128 + number)
