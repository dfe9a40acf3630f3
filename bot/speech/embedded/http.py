"""OpenAI's HTTP manners for the sidecar: the error shape, checked bodies, one place for both."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

MAX_BODY = 25 * 1024 * 1024  # bytes: OpenAI's own limit for an upload

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ApiError(Exception):
    """A request that is answered with an error in OpenAI's shape."""

    def __init__(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    @property
    def body(self) -> dict[str, object]:
        """The JSON body: {"error": {"message", "type", "param", "code"}}."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": error}


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """A 400."""
    return ApiError(400, message, param, code)


def not_ready(stage: str, detail: str) -> ApiError:
    """A 503 for a stage that is not there (yet)."""
    return ApiError(503, f"{stage} is not ready: {detail}", code="not_ready")


@web.middleware
async def openai_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers every failure in OpenAI's shape; a broken handler is a 500 that says little."""
    try:
        return await handler(request)
    except ApiError as error:
        headers = {"Retry-After": "1"} if error.status == 503 else None
        return web.json_response(error.body, status=error.status, headers=headers)
    except web.HTTPRequestEntityTooLarge:
        large = ApiError(413, f"the body is larger than {MAX_BODY} bytes", code="too_large")
        return web.json_response(large.body, status=413)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        text = f"{request.method} {request.path}: {error.reason}"
        return web.json_response(ApiError(error.status, text).body, status=error.status)
    except Exception as error:
        request.app.logger.exception("request failed")
        text = f"the embedded models failed ({type(error).__name__})"
        return web.json_response(ApiError(500, text).body, status=500)


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        ApiError: it is something else.
    """
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise bad_request("the body is not valid JSON") from None
    if not isinstance(body, dict):
        raise bad_request("the body must be a JSON object")
    return body
