"""The test room: its page, and the WebRTC offers that the page sends.

Routes: `GET /` and `GET /assets/…` (the built page), `GET /api/room` (could a call start now?),
`POST /api/offer` and `PATCH /api/offer` (WebRTC). Who may call: `bot/web/door.py`. The same page
beside a phone call: `bot/web/room_link.py`.
"""

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request, Response

from bot.errors import NotAdmitted
from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.web import security
from bot.web.connections import ConnectionUnknown, OfferInvalid, RoomConnections
from bot.web.messages import Answer, Candidates, Offer, RoomStatus
from bot.web.room_http import Refusal, RoomRoute, let_in, read
from bot.web.room_link import link_router
from bot.web.room_visitor import visitor, welcome
from bot.web.seams import Converse, Ready
from tools.links import Links

STATIC = Path(__file__).parent / "static"
CONTENT_SECURITY_POLICY = security.CONTENT_SECURITY_POLICY.replace(
    "img-src 'self' data:", "img-src 'self' data: https:"
).replace("default-src 'none'", "default-src 'none'; frame-src https:")
"""The room alone shows web pages, videos and pictures from elsewhere, in frames without rights and
only when the caller asks for them."""


def room_router(
    *,
    settings: Settings,
    switchboard: Switchboard,
    converse: Converse,
    ready: Ready,
    connections: RoomConnections | None = None,
    links: Links | None = None,
) -> APIRouter:
    """The room's routes.

    Args:
        settings: For the bot's name, the operator's token and the public address.
        switchboard: Admits the calls.
        converse: Runs one conversation over a transport; returns when it is over.
        ready: Why no call can be taken yet, or ''.
        connections: Pass your own to close them at shutdown, after the switchboard was drained.
        links: To the pages beside phone calls; without, there are none.
    """
    router = APIRouter(route_class=RoomRoute)
    rooms = RoomConnections(switchboard, converse) if connections is None else connections
    # With several processes on the port a connection's id says whose it is.
    mine = f"{switchboard.worker}-" if switchboard.worker else ""
    _add_pages(router, STATIC)
    if links is not None:
        page = STATIC / "room.html"
        router.include_router(link_router(settings, links, page, CONTENT_SECURITY_POLICY))

    @router.get("/api/room")
    async def status() -> RoomStatus:
        if reason := ready():
            return RoomStatus(bot=settings.BOT_NAME, state="warming", reason=reason)
        reason = switchboard.refusal
        return RoomStatus(bot=settings.BOT_NAME, state="busy" if reason else "ready", reason=reason)

    @router.post("/api/offer")
    async def offer(request: Request) -> Answer:
        let_in(request, settings)
        body = await read(request, Offer)
        pc_id = body.pc_id.removeprefix(mine)
        if not pc_id and (reason := ready()):
            raise Refusal("warming", f"The server is getting ready: {reason}.")
        try:
            answer = await rooms.open(body.model_copy(update={"pc_id": pc_id}), visitor(request))
        except NotAdmitted as error:
            raise Refusal(
                "busy", f"No call can be taken now: {error}. Please try again in a moment."
            ) from None
        except OfferInvalid as error:
            raise Refusal("invalid", str(error)) from None
        except ConnectionUnknown as error:
            raise Refusal("gone", str(error)) from None
        return answer.model_copy(update={"pc_id": mine + answer.pc_id})

    @router.patch("/api/offer")
    async def candidates(request: Request) -> Response:
        let_in(request, settings)
        more = await read(request, Candidates)
        try:
            await rooms.add(more.model_copy(update={"pc_id": more.pc_id.removeprefix(mine)}))
        except OfferInvalid as error:
            raise Refusal("invalid", str(error)) from None
        except ConnectionUnknown as error:
            raise Refusal("gone", str(error)) from None
        return Response(status_code=204)

    return router


def _add_pages(router: APIRouter, folder: Path) -> None:
    """Serve the built page from memory; its assets carry a hash in their names."""
    page = (folder / "room.html").read_bytes()
    assets = {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}

    @router.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        headers = {
            "cache-control": "no-cache",
            "content-security-policy": CONTENT_SECURITY_POLICY,
        }
        response = Response(page, media_type="text/html", headers=headers)
        welcome(request, response)
        return response

    @router.get("/assets/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in assets:
            return Response(status_code=404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        forever = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(assets[name], media_type=kind, headers=forever)
