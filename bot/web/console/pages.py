"""What the console shows of figures, settings and modes; and the names of all that travels.

See `bot/web/console/messages.py` for what all of these have in common.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool

from bot.web.console.messages import (
    Body,
    Breaker,
    ConsoleRefusal,
    ConsoleSession,
    Done,
    LiveUpdate,
    SignIn,
    Text,
    Transfer,
    Whisper,
)
from bot.web.console.pages_calls import CallCount, CallPage, Erase, FoundCalls, Moment


class SpreadMs(Body):
    """Milliseconds that half, 95 and 99 of a hundred stayed below."""

    count: int
    p50: int
    p95: int
    p99: int


class TimeSlice(Body):
    """A piece of time."""

    at: str
    calls: int
    errors: int
    stages: dict[str, SpreadMs]


class ProviderErrors(Body):
    """How often something went wrong, and whose part it was."""

    stage: str
    provider: str
    kind: str
    count: int


class HealthPage(Body):
    """Latency and errors of the last `hours`. `uptime`: 0 to 1. `history`: what happened to
    providers' breakers, the latest first."""

    hours: int
    calls: int
    uptime: float
    stages: dict[str, SpreadMs]
    slices: list[TimeSlice]
    errors: list[ProviderErrors]
    breakers: list[Breaker]
    history: list[Moment]
    missing: list[str]


class DayOfMode(Body):
    """A day's calls in one mode."""

    day: str
    mode: str
    calls: int
    minutes: float
    dollars: float


class MoneyOfMode(Body):
    """A mode's part. `price`: estimated dollars a minute; -1 where it is not known."""

    mode: str
    calls: int
    minutes: float
    price: float
    dollars: float


class MoneyPage(Body):
    """What calls have cost. `prices`: mode -> estimated dollars a minute, where known. `missing`:
    what is not known, and what it takes to know it."""

    days: list[DayOfMode]
    modes: list[MoneyOfMode]
    prices: dict[str, float]
    minutes: float
    dollars: float
    missing: list[str]


class SettingRow(Body):
    """A part of the bot, what it uses, why, and what is missing; as `--check` has it. `test`: by
    which name it can be tested, '' if it cannot."""

    part: str
    uses: str
    why: str
    missing: str
    test: str


class SetUpPage(Body):
    """The settings' report. `secrets`: variable -> masked value. `callable`: why this server can
    not place a call, or ''."""

    rows: list[SettingRow]
    notes: list[str]
    secrets: dict[str, str]
    contacts: list[str]
    callable: str


class ProviderTest(Body):
    """Which part of the set-up is to be tested: a `SettingRow.test`."""

    part: Annotated[str, Field(min_length=1, max_length=64)]


class ProviderTested(Body):
    """What a test found."""

    ok: bool
    message: str
    ms: int


class CallMe(Body):
    """The phone to call, in E.164."""

    to: Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]


class ModeRow(Body):
    """A mode beside the others. Figures are of the last day; -1 where there are none."""

    name: str
    title: str
    lacks: str
    down: str
    share: float
    live: int
    calls: int
    errors: int
    hang_ups: int
    minutes: float
    wait_ms: float
    wait_ms_p95: float
    dollars_per_minute: float


class ModeChange(Body):
    """Something that an operator has changed."""

    at: str
    who: str
    what: str
    before: str
    after: str


class ModeReason(Body):
    """Why calls of the last day got their mode, and how many."""

    mode: str
    reason: str
    calls: int


class ModeRule(Body):
    """An automatic rule: when it holds, what new calls get then, and whether it is switched on."""

    id: str
    when: str
    use: str
    on: bool


class ModePage(Body):
    """The modes. `mode`: what a call gets where nothing else decides; `chosen`: whether an operator
    chose it. `pending`: a switch that waits, in words. `own`: number -> mode. `reasons`: the most
    frequent first."""

    mode: str
    chosen: bool
    pending: str
    rows: list[ModeRow]
    rules: list[ModeRule]
    own: dict[str, str]
    changes: list[ModeChange]
    reasons: list[ModeReason]
    unavailable: str


class SwitchMode(Body):
    """An order to switch. `seconds`: of grace. `mode` '' goes back to the settings' own."""

    mode: Text
    when: Literal["now", "idle", "grace"]
    seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    force: bool = False


class SetRollout(Body):
    """Mode -> per cent of callers."""

    shares: dict[str, Annotated[float, Field(ge=0, le=100)]]


class SetOwnMode(Body):
    """The mode of one number; '' takes it back."""

    number: Text
    mode: Text


class SetRule(Body):
    """An automatic rule, by its `ModeRule.id`, is to be on or off."""

    rule: Text
    on: StrictBool


MODELS: tuple[type[BaseModel], ...] = (
    *(ConsoleSession, SignIn, ConsoleRefusal, LiveUpdate, Whisper, Transfer, Done),
    *(
        FoundCalls,
        CallCount,
        CallPage,
        Erase,
        HealthPage,
        MoneyPage,
        SetUpPage,
        ProviderTest,
        ProviderTested,
        CallMe,
    ),
    *(ModePage, SwitchMode, SetRollout, SetOwnMode, SetRule),
)
"""Everything that travels; what is inside of them comes along."""
