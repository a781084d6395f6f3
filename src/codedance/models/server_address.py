"""The address of a server, looked at before anything is asked: what cannot be one is not tried for seconds."""

from __future__ import annotations

from urllib.parse import urlsplit

from codedance.errors import UsageError

__all__ = ["check_address"]

_LIKE = "http://localhost:8000/v1"


def check_address(url: str, *, option: str = "--base-url") -> None:
    """Refuse what no server can be behind; whether one is there is another question.

    Args:
        url: the address.
        option: where it was given, for the error.

    Raises:
        UsageError: no scheme, one that is not the web's, no host, or a port that does not exist.

    >>> check_address("http://localhost:8000/v1")
    >>> check_address("localhost:8000")
    Traceback (most recent call last):
    codedance.errors.UsageError: --base-url localhost:8000: needs a scheme: http://localhost:8000/v1
    """
    if "://" not in url:
        rest = url.strip("/")
        meant = f"http://{rest}" if "/" in rest else f"http://{rest}/v1"
        raise _refused(f"{option} {url}", f"needs a scheme: {meant if rest else _LIKE}")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise _refused(f"{option} {url}", f"holds a blank; write it like {_LIKE}")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # brackets that do not close
        raise _refused(f"{option} {url}", f"is no address of a server; write it like {_LIKE}") from None
    if parts.scheme.lower() not in ("http", "https") or not host:
        raise _refused(f"{option} {url}", f"is no web address; write it like {_LIKE}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise _refused(f"{option} {url}", f"has no port from 1 to 65535; write it like {_LIKE}")


def _refused(given: str, why: str) -> UsageError:
    return UsageError(f"{given}: {why}")
