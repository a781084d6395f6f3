"""From a specification such as ``server:Qwen2.5-VL-7B`` to a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.errors import UsageError
from codedance.models.contract import Model
from codedance.models.hf import checkpoint_folder
from codedance.models.scripted import ScriptedModel
from codedance.models.server_address import check_address

if TYPE_CHECKING:
    from codedance.models.server import ServerSettings

__all__ = ["DEFAULT_BASE_URL", "check_model", "load_model", "server_key"]

DEFAULT_BASE_URL = "http://localhost:8000/v1"
"""Where ``server:NAME`` is looked for if no URL is given; vLLM and SGLang's usual places."""

_FORMS = (
    "nano (the embedded model), server:NAME with --base-url URL (any OpenAI-compatible server), "
    "hf:PATH_OR_ID (a transformers checkpoint), scripted:FILE (a JSON list of replies)"
)


def load_model(
    spec: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    native_tools: bool = False,
    server: ServerSettings | None = None,
    bars: bool = False,
) -> Model:
    """Make the model that a specification names; libraries are imported and weights read only now.

    Args:
        spec: ``nano``, ``server:NAME``, ``hf:PATH_OR_ID`` or ``scripted:FILE``.
        base_url: of the server, or of several that serve the same model, with commas between them; other models take
            none.
        api_key: of the server.
        native_tools: use the server's own tool calls for code.
        server: how patiently a server is asked.
        bars: have transformers show how far it is with reading weights, on the error stream.

    Raises:
        UsageError: what :func:`check_model` refuses, or a file on this machine that is no script or checkpoint.
        MissingExtraError: a library of an extra is missing.
        ModelError: the hub has no such model or cannot be reached, or the checkpoint cannot be loaded.

    >>> load_model("gpt")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    codedance.errors.UsageError: unknown model 'gpt'; write nano (the embedded model), server:NAME ...
    """
    check_model(spec, base_url=base_url)
    kind, _, name = spec.partition(":")
    if kind == "server":
        from codedance.models.server import ServerModel

        urls = _urls(base_url)
        servers = {
            url: ServerModel(name, base_url=url, api_key=api_key, native_tools=native_tools, settings=server)
            for url in urls
        }
        if len(servers) == 1:
            return servers[urls[0]]
        from codedance.models.spread import SpreadModel

        return SpreadModel(servers)
    if kind == "hf":
        from codedance.models.hf import load_hf

        return load_hf(name, bars=bars)
    if kind == "scripted":
        return ScriptedModel.from_file(Path(name))
    from codedance.models import nano

    return nano.load()


def check_model(spec: str, *, base_url: str | None = None, option: str = "--base-url") -> None:
    """Refuse what no model can be made of, in a moment: nothing is loaded, and nobody is asked.

    For a command to know before it writes its folder or reads its data.

    Args:
        spec: the model.
        base_url: of its server.
        option: where that was given, for the error.

    Raises:
        UsageError: no such form, a URL for a model that has none or one that is none, or an ``hf:`` folder that is no
            checkpoint.

    >>> check_model("server:m", base_url="localhost:8000")
    Traceback (most recent call last):
    codedance.errors.UsageError: --base-url localhost:8000: needs a scheme: http://localhost:8000/v1
    """
    kind, _, name = spec.partition(":")
    if base_url is not None and kind != "server":
        raise UsageError(f"{option} goes with server:NAME, not with '{spec}'")
    if spec != "nano" and (kind not in ("server", "hf", "scripted") or not name):
        raise UsageError(f"unknown model '{spec}'; write {_FORMS}")
    if kind == "server":
        for url in _urls(base_url, option):
            check_address(url, option=option)
    if kind == "hf":
        checkpoint_folder(name)


def _urls(base_url: str | None, option: str = "--base-url") -> list[str]:
    """The addresses that were given, or the usual one."""
    given = DEFAULT_BASE_URL if base_url is None else base_url
    urls = [url.strip() for url in given.split(",") if url.strip()]
    if not urls or len(set(urls)) < len(urls):
        raise UsageError(f"{option} {base_url}: write one URL, or several different ones with commas between them")
    return urls


def server_key() -> str | None:
    """The key of a server that the environment holds: ``CODEDANCE_API_KEY``, or else ``OPENAI_API_KEY``."""
    return os.environ.get("CODEDANCE_API_KEY") or os.environ.get("OPENAI_API_KEY")
