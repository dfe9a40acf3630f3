"""The test room: its page, and the WebRTC offers that the page sends.

Routes: `GET /` and `GET /assets/…` (the built page), `GET /api/room` (could a call start now?),
`POST /api/offer` and `PATCH /api/offer` (WebRTC). Who may call: `bot/web/door.py`.
"""

import mimetypes
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from bot.errors import NotAdmitted
from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.web import door, guard
from bot.web.connections import ConnectionUnknown, OfferInvalid, RoomConnections
from bot.web.messages import Candidates, Offer, RefusalCode, Refused, RoomStatus
from bot.web.seams import Converse, Ready

STATIC = Path(__file__).parent / "static"
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
}
_Body = TypeVar("_Body", bound=BaseModel)


class _Refusal(Exception):
    """Carries a `Refused` up to the route."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.refused = Refused(code=code, message=message)


def room_router(
    *,
    settings: Settings,
    switchboard: Switchboard,
    converse: Converse,
    ready: Ready,
    connections: RoomConnections | None = None,
) -> APIRouter:
    """The room's routes.

    Args:
        settings: For the bot's name, the operator's token and the public address.
        switchboard: Admits the calls.
        converse: Runs one conversation over a transport; returns when it is over.
        ready: Why no call can be taken yet, or ''.
        connections: Pass your own to close them at shutdown, after the switchboard was drained.
    """
    router = APIRouter()
    rooms = RoomConnections(switchboard, converse) if connections is None else connections
    # With several processes on the port a connection's id says whose it is.
    mine = f"{switchboard.worker}-" if switchboard.worker else ""
    _add_pages(router, STATIC)

    @router.get("/api/room")
    async def status() -> RoomStatus:
        if reason := ready():
            return RoomStatus(bot=settings.BOT_NAME, state="warming", reason=reason)
        reason = switchboard.refusal
        return RoomStatus(bot=settings.BOT_NAME, state="busy" if reason else "ready", reason=reason)

    @router.post("/api/offer")
    async def offer(request: Request) -> Response:
        if refused := door.refusal(request, settings):
            return _refuse(refused)
        try:
            body = await _read(request, Offer)
            if reason := ready():
                raise _Refusal("warming", f"The server is getting ready: {reason}.")
            answer = (await rooms.open(body)).model_dump()
            return JSONResponse(answer | {"pc_id": mine + answer["pc_id"]})
        except NotAdmitted as error:
            message = f"No call can be taken now: {error}. Please try again in a moment."
            return _refuse(Refused(code="busy", message=message))
        except OfferInvalid as error:
            return _refuse(Refused(code="invalid", message=str(error)))
        except _Refusal as error:
            return _refuse(error.refused)

    @router.patch("/api/offer")
    async def candidates(request: Request) -> Response:
        if refused := door.refusal(request, settings):
            return _refuse(refused)
        try:
            more = await _read(request, Candidates)
            pc_id = more.pc_id.removeprefix(mine)
            await rooms.add(more.model_copy(update={"pc_id": pc_id}))
        except OfferInvalid as error:
            return _refuse(Refused(code="invalid", message=str(error)))
        except ConnectionUnknown as error:
            return _refuse(Refused(code="invalid", message=str(error)), 404)
        except _Refusal as error:
            return _refuse(error.refused)
        return Response(status_code=204)

    return router


def _add_pages(router: APIRouter, folder: Path) -> None:
    """Serve the built page from memory; its assets carry a hash in their names."""
    page = (folder / "room.html").read_bytes()
    assets = {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}

    @router.get("/", include_in_schema=False)
    async def index() -> Response:
        return Response(page, media_type="text/html", headers={"cache-control": "no-cache"})

    @router.get("/assets/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in assets:
            return Response(status_code=404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        forever = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(assets[name], media_type=kind, headers=forever)


def _refuse(refused: Refused, status: int = 0) -> JSONResponse:
    headers = {"cache-control": "no-store"}
    if refused.code == "warming":
        headers["retry-after"] = str(RETRY_SECONDS)
    if refused.code in ("token_needed", "token_wrong"):
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(refused.model_dump(), status or _STATUS[refused.code], headers)


async def _read(request: Request, model: type[_Body]) -> _Body:
    """The request's JSON body, checked."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise _Refusal("invalid", "The request must be application/json.")
    try:
        return model.model_validate_json(await guard.body(request))
    except HTTPException as error:
        raise _Refusal("too_large", str(error.detail)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _Refusal("invalid", f"{where or 'body'}: {first['msg']}") from None
