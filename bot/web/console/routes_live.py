"""Routes of the console: the page, signing in, the live calls and what is done to them."""

from pathlib import Path

from fastapi import APIRouter, Request, Response, WebSocket

from bot.web.console import orders
from bot.web.console.desk import Desk
from bot.web.console.messages import ConsoleSession, Done, SignIn, Transfer, Whisper
from bot.web.console.refusals import ConsoleRefused, ConsoleRoute, read
from bot.web.console.session import COOKIE, PATH
from bot.web.console.stream import stream

STATIC = Path(__file__).parents[1] / "static"


def live_router(desk: Desk) -> APIRouter:
    """`/console` and `/console/api/{session,live,listen}…`."""
    router = APIRouter(route_class=ConsoleRoute)
    _add_session(router, desk)
    _add_orders(router, desk)
    page = (STATIC / "console.html").read_bytes()

    @router.get("/console", include_in_schema=False)
    async def index() -> Response:
        return Response(page, media_type="text/html", headers={"cache-control": "no-cache"})

    @router.get("/console/api/live")
    async def live(request: Request) -> Response:
        await desk.door.let_in(request)
        return stream(desk)

    @router.get("/console/api/live/{call_id}")
    async def one(request: Request, call_id: str) -> Response:
        await desk.door.let_in(request)
        return stream(desk, call_id)

    @router.websocket("/console/api/listen/{call_id}")
    async def listen(websocket: WebSocket, call_id: str) -> None:
        try:
            desk.door.let_page(websocket)
            await desk.door.let_in(websocket)
        except ConsoleRefused:
            await websocket.close(1008)
            return
        await websocket.accept()
        await orders.listen(desk, call_id, websocket, desk.door.who(websocket))

    return router


def _add_session(router: APIRouter, desk: Desk) -> None:
    @router.get("/console/api/session")
    async def session(request: Request) -> ConsoleSession:
        return await desk.door.session(request)

    @router.post("/console/api/session")
    async def sign_in(request: Request, response: Response) -> Done:
        asked = await read(request, SignIn)
        cookie, seconds = await desk.door.sign_in(request, asked.password)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=seconds,
            path=PATH,
            secure=desk.door.secure(request),
            httponly=True,
            samesite="strict",
        )
        return Done(message="Signed in.")

    @router.delete("/console/api/session")
    async def sign_out(request: Request, response: Response) -> Done:
        await desk.door.let_change(request)
        response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")
        return Done(message="Signed out.")


def _add_orders(router: APIRouter, desk: Desk) -> None:
    @router.post("/console/api/live/{call_id}/hang-up")
    async def hang_up(request: Request, call_id: str) -> Done:
        await desk.door.let_change(request)
        await orders.hang_up(desk, call_id, desk.door.who(request))
        return Done(message="The caller is told goodbye.")

    @router.post("/console/api/live/{call_id}/transfer")
    async def transfer(request: Request, call_id: str) -> Done:
        await desk.door.let_change(request)
        order = await read(request, Transfer)
        to = await orders.transfer(desk, call_id, order, desk.door.who(request))
        return Done(message=f"The caller is being connected to {to}.")

    @router.post("/console/api/live/{call_id}/whisper")
    async def whisper(request: Request, call_id: str) -> Done:
        await desk.door.let_change(request)
        text = (await read(request, Whisper)).text
        await orders.whisper(desk, call_id, text, desk.door.who(request))
        return Done(message="The bot was told.")
