"""Routes of the console: history, figures, set-up and modes; and all of its routes together."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from starlette.responses import FileResponse, StreamingResponse

from bot.store.queries_search import Wanted
from bot.web.console import figures, history, set_up
from bot.web.console.desk import Desk
from bot.web.console.messages import Done
from bot.web.console.modes import ModeDesk
from bot.web.console.pages import (
    CallMe,
    HealthPage,
    ModePage,
    MoneyPage,
    ProviderTest,
    ProviderTested,
    SetOwnMode,
    SetRollout,
    SetRule,
    SetUpPage,
    SwitchMode,
)
from bot.web.console.pages_calls import CallCount, CallPage, Erase, FoundCalls
from bot.web.console.refusals import ConsoleRoute, read, refuse
from bot.web.console.routes_live import live_router

_Short = Annotated[str, Query(max_length=200)]
_NO_MODES = ModePage(
    mode="",
    chosen=False,
    pending="",
    rows=[],
    rules=[],
    own={},
    changes=[],
    reasons=[],
    unavailable="This server has one mode.",
)


def console_router(desk: Desk) -> APIRouter:
    """Every route of the console. `desk.working()` has to run meanwhile."""
    router = APIRouter()
    router.include_router(live_router(desk))
    for add in (_add_history, _add_figures, _add_set_up, _add_modes):
        part = APIRouter(route_class=ConsoleRoute)
        add(part, desk)
        router.include_router(part)
    return router


def _wanted(
    q: _Short = "",
    mode: _Short = "",
    channel: _Short = "",
    outcome: _Short = "",
    slow: bool = False,
    errors: bool = False,
    after: _Short = "",
    before: _Short = "",
    cursor: _Short = "",
) -> Wanted:
    return Wanted(q, mode, channel, outcome, slow, errors, _moment(after), _moment(before), cursor)


_Asked = Annotated[Wanted, Depends(_wanted)]


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise refuse("invalid", f"{text!r} is no moment.") from None
    if found.tzinfo is None:
        raise refuse("invalid", f"{text!r} has no time zone.")
    return found


def _add_history(router: APIRouter, desk: Desk) -> None:
    @router.get("/console/api/calls")
    async def calls(request: Request, wanted: _Asked) -> FoundCalls:
        await desk.door.let_in(request)
        return await history.find(desk, wanted)

    @router.get("/console/api/count")
    async def count(request: Request, wanted: _Asked) -> CallCount:
        await desk.door.let_in(request)
        return await history.count(desk, wanted)

    @router.get("/console/api/calls.{kind}")
    async def export(request: Request, kind: Literal["csv", "json"], wanted: _Asked) -> Response:
        await desk.door.let_in(request)
        text = history.as_csv(desk, wanted) if kind == "csv" else history.as_json(desk, wanted)
        media = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
        return StreamingResponse(text, media_type=media, headers=_named(f"calls.{kind}"))

    @router.get("/console/api/calls/{call_id}")
    async def one(request: Request, call_id: str) -> CallPage:
        await desk.door.let_in(request)
        return await history.page(desk, call_id)

    @router.get("/console/api/calls/{call_id}/export")
    async def export_one(request: Request, response: Response, call_id: str) -> CallPage:
        await desk.door.let_in(request)
        page = await history.page(desk, call_id)
        response.headers.update(_named(f"call-{page.call.id}.json"))
        return page

    @router.get("/console/api/calls/{call_id}/recording")
    async def recording(request: Request, call_id: str) -> Response:
        await desk.door.let_in(request)
        if not desk.recordings.has(call_id):
            raise refuse("gone", "There is no recording of this call, or not any more.")
        return FileResponse(desk.recordings.path(call_id), media_type="audio/wav")

    @router.post("/console/api/erase")
    async def erase(request: Request) -> Done:
        await desk.door.let_change(request)
        order = await read(request, Erase)
        return Done(message=await history.forget(desk, order.caller, desk.door.who(request)))


def _add_figures(router: APIRouter, desk: Desk) -> None:
    @router.get("/console/api/health")
    async def health(
        request: Request, hours: Literal["1", "24", "168", "720"] = "24"
    ) -> HealthPage:
        await desk.door.let_in(request)
        return await figures.health(desk, int(hours))

    @router.get("/console/api/money")
    async def money(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30) -> MoneyPage:
        await desk.door.let_in(request)
        return await figures.money(desk, days)


def _add_set_up(router: APIRouter, desk: Desk) -> None:
    @router.get("/console/api/setup")
    async def shown(request: Request) -> SetUpPage:
        await desk.door.let_in(request)
        return set_up.page(desk)

    @router.post("/console/api/setup/test")
    async def test(request: Request) -> ProviderTested:
        await desk.door.let_change(request)
        return await set_up.test(desk, (await read(request, ProviderTest)).part)

    @router.post("/console/api/setup/call")
    async def call(request: Request) -> Done:
        await desk.door.let_change(request)
        order = await read(request, CallMe)
        why = set_up.cannot_call(desk)
        if why or desk.place_call is None:
            raise refuse("no", why)
        try:
            await desk.place_call(order.to)
        except HTTPException as error:
            raise refuse("no", str(error.detail)) from None
        desk.recorder.event(None, "operator", f"had a phone called, by {desk.door.who(request)}")
        return Done(message=f"{order.to} is ringing.")


def _add_modes(router: APIRouter, desk: Desk) -> None:
    def modes() -> ModeDesk:
        if desk.modes is None:
            raise refuse("no", _NO_MODES.unavailable)
        return desk.modes

    async def who(request: Request) -> str:
        await desk.door.let_change(request)
        return desk.door.who(request)

    @router.get("/console/api/modes")
    async def page(request: Request) -> ModePage:
        await desk.door.let_in(request)
        return await desk.modes.page() if desk.modes else _NO_MODES

    @router.post("/console/api/modes/switch")
    async def switch(request: Request) -> ModePage:
        name = await who(request)
        await modes().switch(await read(request, SwitchMode), name)
        return await modes().page()

    @router.post("/console/api/modes/rollout")
    async def rollout(request: Request) -> ModePage:
        name = await who(request)
        await modes().roll_out(await read(request, SetRollout), name)
        return await modes().page()

    @router.post("/console/api/modes/own")
    async def own(request: Request) -> ModePage:
        name = await who(request)
        await modes().set_own(await read(request, SetOwnMode), name)
        return await modes().page()

    @router.post("/console/api/modes/rule")
    async def rule(request: Request) -> ModePage:
        name = await who(request)
        await modes().set_rule(await read(request, SetRule), name)
        return await modes().page()


def _named(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
