"""The operator's routes about modes: look, switch, roll out, rules. All want `OPERATOR_TOKEN`.

GET  /admin-status           what is set, who is live, how each mode does (?hours=24, ?fresh=true)
POST /admin/mode             {"mode": "embedded", "when": "now" | "idle" | "grace", "grace_seconds",
                             "force", "version", "who", "number"}
PUT  /admin/rollout          {"runpod_streaming": 10}   (?who=anna&version=3&force=true)
POST /admin/rule             {"rule": "1f0c9a3e", "on": false, "version", "who"}

app.include_router(admin_router(settings, modes))
"""

from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field, StrictBool, TypeAdapter, ValidationError, model_validator
from starlette.responses import JSONResponse

from bot.errors import StoreError
from bot.modes.house import ModeHouse
from bot.modes.operators import LONGEST_GRACE, Order
from bot.modes.state import ModeConflict, ModeRefused, When
from bot.settings import Settings
from bot.store.modes import Setting
from bot.web import guard

NO_STORE = {"cache-control": "no-store"}
_LONGEST_HOURS = 24.0 * 31
_Body = TypeVar("_Body", bound=BaseModel)
_SHARES: TypeAdapter[dict[str, float]] = TypeAdapter(dict[str, float])


class ModeOrder(BaseModel, extra="forbid"):
    """What the operator wants.

    `mode`: '' lets LLM_MODE and `default_mode` decide again. `number`: the order is for this
    caller or this number of ours alone. `version`: what the operator saw; if it is no longer so,
    nothing is done.
    """

    mode: str = Field(max_length=40)
    when: When = "now"
    grace_seconds: float | None = Field(None, ge=0, le=LONGEST_GRACE)
    force: bool = False
    version: int | None = Field(None, ge=0)
    who: str = Field("operator", min_length=1, max_length=80)
    number: str = Field("", max_length=20)

    @model_validator(mode="after")
    def _one_way(self) -> "ModeOrder":
        if (self.when == "grace") != (self.grace_seconds is not None):
            raise ValueError('grace_seconds goes with "when": "grace"')
        if self.number and self.when != "now":
            raise ValueError("a number's own mode is set now")
        return self


class RuleOrder(BaseModel, extra="forbid"):
    """A rule of `config.json`, by its `id` in the status, is to be on or off.

    `version`: what the operator saw (`rules_version`); if it is no longer so, nothing is done.
    """

    rule: str = Field(max_length=40)
    on: StrictBool
    version: int | None = Field(None, ge=0)
    who: str = Field("operator", min_length=1, max_length=80)


def admin_router(settings: Settings, modes: ModeHouse) -> APIRouter:
    """Return the routes `/admin-status`, `/admin/mode`, `/admin/rollout` and `/admin/rule`."""
    admin = _Admin(settings, modes)
    router = APIRouter()
    for method, path, handler in (
        ("GET", "/admin-status", admin.status),
        ("POST", "/admin/mode", admin.mode),
        ("PUT", "/admin/rollout", admin.rollout),
        ("POST", "/admin/rule", admin.rule),
    ):
        router.add_api_route(path, handler, methods=[method], response_model=None)
    return router


class _Admin:
    """The handlers."""

    def __init__(self, settings: Settings, modes: ModeHouse) -> None:
        self._settings = settings
        self._modes = modes

    async def status(self, request: Request) -> JSONResponse:
        """Everything about modes; `fresh` asks every provider first."""
        guard.operator(self._settings, request)
        hours = _number(request, "hours", 24.0, _LONGEST_HOURS)
        if request.query_params.get("fresh") == "true":
            await self._modes.check_all()
        return await self._shown(timedelta(hours=hours))

    async def mode(self, request: Request) -> JSONResponse:
        """Switch, or give a number its own mode."""
        guard.operator(self._settings, request)
        wanted = await _read(request, ModeOrder)
        operators = self._modes.operators
        if wanted.number:
            await _done(
                operators.set_own(wanted.number, wanted.mode, wanted.who, forced=wanted.force)
            )
        else:
            order = Order(
                wanted.mode,
                wanted.who,
                wanted.when,
                wanted.grace_seconds or 0.0,
                wanted.force,
                wanted.version,
            )
            await _done(operators.switch(order))
        return await self._shown()

    async def rollout(self, request: Request) -> JSONResponse:
        """Set which share of the callers each mode gets."""
        guard.operator(self._settings, request)
        asked = request.query_params
        try:
            shares = _SHARES.validate_python(await guard.json_object(request))
        except ValidationError as error:
            raise _unreadable(error) from None
        version = int(_number(request, "version", -1, 1e9))
        await _done(
            self._modes.operators.roll_out(
                shares,
                asked.get("who", "operator") or "operator",
                forced=asked.get("force") == "true",
                version=None if version < 0 else version,
            )
        )
        return await self._shown()

    async def rule(self, request: Request) -> JSONResponse:
        """Switch an automatic rule off or on."""
        guard.operator(self._settings, request)
        wanted = await _read(request, RuleOrder)
        operators = self._modes.operators
        await _done(operators.set_rule(wanted.rule, wanted.on, wanted.who, version=wanted.version))
        return await self._shown()

    async def _shown(self, span: timedelta = timedelta(hours=24)) -> JSONResponse:
        status: Mapping[str, Any] = await self._modes.status.read(span)
        return JSONResponse(status, headers=NO_STORE)


async def _read(request: Request, model: type[_Body]) -> _Body:
    """A body, or 422 in one line."""
    try:
        return model.model_validate(await guard.json_object(request))
    except ValidationError as error:
        raise _unreadable(error) from None


async def _done(order: Awaitable[Setting]) -> Setting:
    """Carry an order out; its refusal is an answer of one line."""
    try:
        return await order
    except ModeConflict as error:
        raise HTTPException(409, str(error)) from None
    except ModeRefused as error:
        raise HTTPException(422, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, f"nothing has changed: {error}") from None


def _number(request: Request, name: str, default: float, most: float) -> float:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise HTTPException(422, f"{name}: expected a number up to {most:g}")
    return value


def _unreadable(error: ValidationError) -> HTTPException:
    found = error.errors(include_url=False)[0]
    place = ".".join(map(str, found["loc"]))
    message = found["msg"].removeprefix("Value error, ")
    return HTTPException(422, f"{place}: {message}" if place else message)
