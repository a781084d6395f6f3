"""From a specification such as ``server:Qwen2.5-VL-7B`` to a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codedance.errors import UsageError
from codedance.models.contract import Model
from codedance.models.scripted import ScriptedModel

if TYPE_CHECKING:
    from codedance.models.server import ServerSettings

__all__ = ["DEFAULT_BASE_URL", "load_model", "server_key"]

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
        UsageError: no such form, or a URL for a model that has none.
        MissingExtraError: a library of an extra is missing.
        ModelError: the model is not there.

    >>> load_model("gpt")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    codedance.errors.UsageError: unknown model 'gpt'; write nano (the embedded model), server:NAME ...
    """
    kind, _, name = spec.partition(":")
    if base_url is not None and kind != "server":
        raise UsageError(f"--base-url goes with server:NAME, not with '{spec}'")
    if kind == "server" and name:
        from codedance.models.server import ServerModel

        urls = [url.strip() for url in (base_url or DEFAULT_BASE_URL).split(",") if url.strip()]
        if not urls or len(set(urls)) < len(urls):
            raise UsageError(
                f"--base-url {base_url}: write one URL, or several different ones with commas between them"
            )
        servers = {
            url: ServerModel(name, base_url=url, api_key=api_key, native_tools=native_tools, settings=server)
            for url in urls
        }
        if len(servers) == 1:
            return servers[urls[0]]
        from codedance.models.spread import SpreadModel

        return SpreadModel(servers)
    if kind == "hf" and name:
        from codedance.models.hf import load_hf

        return load_hf(name, bars=bars)
    if kind == "scripted" and name:
        return ScriptedModel.from_file(Path(name))
    if spec == "nano":
        from codedance.models import nano

        return nano.load()
    raise UsageError(f"unknown model '{spec}'; write {_FORMS}")


def server_key() -> str | None:
    """The key of a server that the environment holds: ``CODEDANCE_API_KEY``, or else ``OPENAI_API_KEY``."""
    return os.environ.get("CODEDANCE_API_KEY") or os.environ.get("OPENAI_API_KEY")
