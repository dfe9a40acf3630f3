"""What the room's routes share: bodies that are checked, refusals that a page can show."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from bot.errors import TandemError
from bot.settings import Settings
from bot.web import door, guard
from bot.web.messages import RefusalCode, Refused

RETRY_SECONDS = 2
"""After what time a page asks again while the server warms up."""

_STATUS: dict[RefusalCode, int] = {
    "busy": 503,
    "warming": 503,
    "invalid": 422,
    "too_large": 413,
    "foreign": 403,
    "token_needed": 401,
    "token_wrong": 401,
    "closed": 403,
    "gone": 404,
    "full": 409,
    "no_cookie": 403,
    "no_store": 503,
    "link_unknown": 404,
    "link_taken": 403,
    "link_over": 410,
    "wait": 429,
}
_Body = TypeVar("_Body", bound=BaseModel)


class Refusal(TandemError):
    """A request is not done; becomes the answer that tells the page why."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.refused = Refused(code=code, message=message)


class RoomRoute(APIRoute):
    """A route that answers a `Refusal` instead of breaking at it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI calls."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Refusal as error:
                return _answer(error.refused)

        return handled


def own_page(request: Request, settings: Settings) -> None:
    """Let only our own pages pass.

    Raises:
        Refusal: another site's page, or a program that does not say whose it is.
    """
    if refused := door.foreign(request, settings):
        raise Refusal(refused.code, refused.message)


def let_in(request: Request, settings: Settings) -> None:
    """Let only those pass who may use the room.

    Raises:
        Refusal: for everybody else.
    """
    if refused := door.refusal(request, settings):
        raise Refusal(refused.code, refused.message)


async def read(request: Request, model: type[_Body]) -> _Body:
    """The request's JSON body, checked.

    Raises:
        Refusal: it is too large, no JSON, or not what `model` says.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal("invalid", "The request must be application/json.")
    try:
        return model.model_validate_json(await guard.body(request))
    except HTTPException as error:
        raise Refusal("too_large", str(error.detail)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refusal("invalid", f"{where or 'body'}: {first['msg']}") from None


def _answer(refused: Refused) -> JSONResponse:
    headers = {"cache-control": "no-store"}
    if refused.code == "warming":
        headers["retry-after"] = str(RETRY_SECONDS)
    if refused.code in ("token_needed", "token_wrong"):
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(refused.model_dump(), _STATUS[refused.code], headers)
