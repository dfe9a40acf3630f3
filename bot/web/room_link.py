"""The page beside a phone call, opened with the link that its caller was texted.

`GET /beside` (the room's page; the token stands behind '#' and reaches no log), `POST /api/beside`
(opens the link, once: it is this browser's from then on), `GET /api/beside/live?link=…`
(server-sent events), `POST /api/beside/event?link=…` (what the page answers). With several
processes on the port, `?worker=N` finds the one that has the call.
"""

import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse

from bot.settings import Settings
from bot.web import security
from bot.web.console.attempts import Attempts
from bot.web.messages import LinkedPage, LinkToken, RefusalCode
from bot.web.room_events import FromPage
from bot.web.room_http import Refusal, RoomRoute, own_page, read
from bot.web.room_visitor import recognised, visitor
from tools.beside import Beside, Told
from tools.links import LinkRefused, Links, Why, name_of
from tools.phone import PAGE_PATH

ALIVE_SECONDS = 10.0
"""How often a silent stream says something: it is how a dead connection is noticed."""
RETRY_MS = 1_000
STREAM = {"cache-control": "no-store", "x-accel-buffering": "no"}
_REFUSALS: dict[Why, tuple[RefusalCode, str]] = {
    "unknown": ("link_unknown", "This link is not valid, or its call is over for a long time."),
    "taken": (
        "link_taken",
        "This link was opened in another browser already, and works only there. On the phone, ask"
        " for a new one.",
    ),
    "over": ("link_over", "The call is over, and this link with it."),
}


class LinkAttempts(Attempts):
    """Wrong links from one address, counted."""

    MOST: ClassVar[int] = 20


class PageEvent(BaseModel):
    """What a page sends; an `event` of '' only says that it is still there."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: str
    payload: dict[str, Any]


def link_router(settings: Settings, links: Links, page: Path, policy: str) -> APIRouter:
    """The routes.

    Args:
        settings: For the bot's name and the public address.
        links: The links of this process.
        page: The built page.
        policy: The room's content-security policy.
    """
    router = APIRouter(route_class=RoomRoute)
    html = page.read_bytes()
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": policy,
        "permissions-policy": security.HEADERS["permissions-policy"].replace(
            "microphone=(self)", "microphone=()"
        ),
    }
    attempts = LinkAttempts(time.monotonic)
    senders: WeakKeyDictionary[Beside, FromPage] = WeakKeyDictionary()

    @router.get(PAGE_PATH, include_in_schema=False)
    async def index() -> Response:
        return Response(html, media_type="text/html", headers=headers)

    @router.post("/api/beside")
    async def open_link(request: Request, response: Response) -> LinkedPage:
        own_page(request, settings)
        token = (await read(request, LinkToken)).token
        address = request.client.host if request.client else ""
        if attempts.wait(address):
            raise Refusal("wait", "Too many wrong links. Try again in a few minutes.")
        try:
            beside = links.open(token, recognised(request, response))
        except LinkRefused as error:
            attempts.add(address)
            raise _refusal(error) from None
        response.headers["cache-control"] = "no-store"
        return LinkedPage(link=name_of(token), bot=settings.BOT_NAME, over=beside.call.over)

    @router.get("/api/beside/live")
    async def live(request: Request) -> Response:
        beside = linked(request, settings, links)
        seen = request.headers.get("last-event-id", "")
        last = int(seen) if seen.isdecimal() and len(seen) < 12 else 0
        return StreamingResponse(
            _stream(beside, last), media_type="text/event-stream", headers=STREAM
        )

    @router.post("/api/beside/event")
    async def event(request: Request) -> Response:
        beside = linked(request, settings, links)
        sent = await read(request, PageEvent)
        sender = senders.setdefault(beside, FromPage())
        if not sender.take():
            raise Refusal("wait", "The page sends too much.")
        beside.alive()
        if sent.event:
            told = sender.event(sent.model_dump())
            if told is None:
                raise Refusal("invalid", "That is nothing that a page may say.")
            if not beside.call.over:
                beside.heard(*told)
        return Response(status_code=204)

    return router


def linked(request: Request, settings: Settings, links: Links) -> Beside:
    """The page beside a call that a request of the linked browser means.

    Raises:
        Refusal: it is another browser's, none, or the call is over; or another site's page asks to
            change something.
    """
    if request.method != "GET":
        own_page(request, settings)
    browser = visitor(request)
    if not browser:
        raise Refusal("no_cookie", "Allow cookies for this page and reload it.")
    try:
        return links.of(request.query_params.get("link", ""), browser)
    except LinkRefused as error:
        raise _refusal(error) from None


def _refusal(error: LinkRefused) -> Refusal:
    return Refusal(*_REFUSALS[error.why])


async def _stream(beside: Beside, last: int) -> AsyncIterator[str]:
    """What the page is told, as server-sent events."""
    yield f"retry: {RETRY_MS}\n\n"
    said_at = time.monotonic()
    async with aclosing(beside.news(last)) as news:
        async for told in news:
            if told is not None:
                yield _event(told)
            elif time.monotonic() - said_at < ALIVE_SECONDS:
                continue
            else:
                yield ": still here\n\n"
            said_at = time.monotonic()


def _event(told: Told) -> str:
    number = f"id: {told.number}\n" if told.number else ""
    return f"{number}event: {told.kind}\ndata: {json.dumps(told.data)}\n\n"
