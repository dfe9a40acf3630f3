"""Requests of the console's page that are not done, and how the page is told."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from bot.errors import StoreError, TandemError
from bot.web import room_http
from bot.web.console.messages import ConsoleRefusal

Code = Literal[
    "sign_in", "wrong", "wait", "closed", "foreign", "csrf", "invalid", "gone", "no", "away"
]
_STATUS: dict[Code, int] = {
    **{"sign_in": 401, "wrong": 401, "wait": 429, "closed": 403, "foreign": 403, "csrf": 403},
    **{"invalid": 422, "gone": 404, "no": 409, "away": 503},
}
NO_STORE = {"cache-control": "no-store"}
_Body = TypeVar("_Body", bound=BaseModel)


class ConsoleRefused(TandemError):
    """A request is not done; `refusal` says why."""

    def __init__(self, refusal: ConsoleRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def refuse(code: Code, message: str, retry_after: int = 0) -> ConsoleRefused:
    """The error that tells the page why."""
    return ConsoleRefused(ConsoleRefusal(code=code, message=message, retry_after=retry_after))


class ConsoleRoute(APIRoute):
    """A route that answers a refusal instead of breaking at it, and that no cache keeps."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI calls."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                response = await handle(request)
            except ConsoleRefused as error:
                return _answer(error.refusal)
            except StoreError as error:
                return _answer(ConsoleRefusal(code="away", message=str(error), retry_after=0))
            response.headers.setdefault("cache-control", "no-store")
            return response

        return handled


async def read(request: Request, model: type[_Body]) -> _Body:
    """The request's JSON body, checked as the room's are.

    Raises:
        ConsoleRefused: it is too large, no JSON, or not what `model` says.
    """
    try:
        return await room_http.read(request, model)
    except room_http.Refusal as error:
        raise refuse("invalid", error.refused.message) from None


def _answer(refusal: ConsoleRefusal) -> JSONResponse:
    headers = dict(NO_STORE)
    if refusal.retry_after:
        headers["retry-after"] = str(refusal.retry_after)
    return JSONResponse(refusal.model_dump(), _STATUS[refusal.code], headers)
