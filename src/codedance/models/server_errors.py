"""What went wrong between us and a server: which faults pass by themselves, and one clear line for each other."""

from __future__ import annotations

from codedance.errors import (
    ModelAccessError,
    ModelContextFullError,
    ModelError,
    ModelNotFoundError,
    ModelReplyError,
    ModelUnreachableError,
)

__all__ = ["is_transient", "retry_after", "typed_error"]

_CONTEXT_WORDS = ("context length", "context_length", "maximum context", "too many tokens", "max_model_len", "too long")


def is_transient(error: Exception) -> bool:
    """True for connection faults, 429 and 5xx: asking again may help."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code == 429 or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError)


def retry_after(error: Exception) -> float | None:
    """Seconds that the server asks us to wait, if it does."""
    response = getattr(error, "response", None)
    try:
        return max(0.0, float(response.headers["retry-after"])) if response is not None else None
    except (KeyError, ValueError):
        return None


def typed_error(error: Exception, *, model: str, url: str) -> ModelError:
    """The error of ours that says what to do; errors that are ours already stay as they are."""
    import openai

    match error:
        case ModelError():
            return error
        case openai.APITimeoutError():
            return ModelUnreachableError(f"{url}: no answer in time; is the server overloaded or still loading?")
        case openai.APIConnectionError():
            reason = " ".join(str(error.__cause__ or error).split())
            return ModelUnreachableError(
                f"{url}: cannot be reached ({reason}); is the server running, and is that its address (--base-url)?"
            )
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ModelAccessError(
                f"{url}: the server refused the key ({_said(error)}); set CODEDANCE_API_KEY or OPENAI_API_KEY"
            )
        case openai.NotFoundError():
            return ModelNotFoundError(
                f"{url}: there is no model '{model}' ({_said(error)}); the server lists its models at {url}/models, "
                "and the URL usually ends in /v1"
            )
        case openai.APIStatusError():
            said = _said(error)
            if error.status_code in (400, 413, 422) and any(word in said.lower() for word in _CONTEXT_WORDS):
                return ModelContextFullError(f"{url}: the conversation does not fit the model's context ({said})")
            if error.status_code in (400, 422) and "model" in said.lower() and "not" in said.lower() and model in said:
                return ModelNotFoundError(f"{url}: there is no model '{model}' ({said})")
            if error.status_code == 429 or error.status_code >= 500:
                return ModelUnreachableError(f"{url}: the server kept failing with status {error.status_code} ({said})")
            return ModelReplyError(f"{url}: the server refused the request with status {error.status_code} ({said})")
        case _:
            return ModelReplyError(f"{url}: the reply could not be read ({type(error).__name__}: {_short(str(error))})")


def _said(error: Exception) -> str:
    """What the server said, on one line."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
        return _short(str(message or body.get("detail") or body))
    return _short(str(body or error))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"
