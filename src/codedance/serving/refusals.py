"""What a client is told when a request is not answered: OpenAI's error shape with the right status code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from codedance.errors import CodeDanceError

__all__ = ["RefusalError", "error_body", "refusal_response"]

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class RefusalError(CodeDanceError):
    """A request that is not answered.

    Args:
        status: of HTTP.
        message: one line that says what to do.
        code: a word for programs, for example ``model_not_found``.
        param: the field of the request that is to blame.
        retry_after: seconds after which it is worth trying again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """What OpenAI calls the type of the error.

        >>> RefusalError(404, "no").kind, RefusalError(400, "no").kind, RefusalError(502, "no").kind
        ('not_found_error', 'invalid_request_error', 'server_error')
        """
        return _TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")


def error_body(refusal: RefusalError) -> dict[str, Any]:
    """The JSON that goes to the client.

    >>> error_body(RefusalError(400, "no", param="n"))["error"]["param"]
    'n'
    """
    return {
        "error": {"message": str(refusal), "type": refusal.kind, "param": refusal.param, "code": refusal.code},
    }


def refusal_response(refusal: RefusalError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer that carries it."""
    more = dict(headers or {})
    if refusal.retry_after is not None:
        more["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        more["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error_body(refusal), status_code=refusal.status, headers=more)
