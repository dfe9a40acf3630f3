"""What the console shows of calls that are over, of figures, settings and modes.

See `bot/web/console/messages.py` for what all of these have in common.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from bot.web.console.messages import (
    Body,
    Breaker,
    ConsoleRefusal,
    ConsoleSession,
    Done,
    LiveLine,
    LiveUpdate,
    SignIn,
    Text,
    Transfer,
    Whisper,
)


class FoundCall(Body):
    """A call in the history. `slowest`: seconds of the longest wait for an answer."""

    id: str
    channel: str
    direction: str
    caller: str
    callee: str
    mode: str
    mode_reason: str
    state: str
    started_at: str
    seconds: float
    end_reason: str
    error: str
    turns: int
    slow_turns: int
    slowest: float
    errors: int
    tools: int
    excerpt: str
    recorded: bool


class FoundCalls(Body):
    """A page of the history. `total`: how many fit in all; -1 where it was not counted (a page
    after the first). `more`: the next page begins behind the last call."""

    calls: list[FoundCall]
    total: int
    more: bool
    modes: list[str]
    took_ms: float


class TurnTime(Body):
    """A turn's stages in seconds; they add up to `voice_to_voice`."""

    number: int
    at: str
    stages: dict[str, float]


class CallPage(Body):
    """All that is known of a call. `recorded_at`: when its recording begins. `missing`: what the
    store does not have."""

    call: FoundCall
    provider_call_id: str
    answered_at: str
    ended_at: str
    providers: dict[str, str]
    lines: list[LiveLine]
    turns: list[TurnTime]
    recorded_at: str
    missing: list[str]


class Erase(Body):
    """Whose data is to be erased: the number as it stands in the calls."""

    caller: Annotated[str, Field(min_length=1, max_length=64)]


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
    """Latency and errors of the last `hours`. `uptime`: 0 to 1."""

    hours: int
    calls: int
    uptime: float
    stages: dict[str, SpreadMs]
    slices: list[TimeSlice]
    errors: list[ProviderErrors]
    breakers: list[Breaker]
    missing: list[str]


class DayOfMode(Body):
    """A day's calls in one mode."""

    day: str
    mode: str
    calls: int
    minutes: float
    dollars: float


class MoneyPage(Body):
    """What calls have cost. `prices`: mode -> estimated dollars a minute, where known."""

    days: list[DayOfMode]
    prices: dict[str, float]
    minutes: float
    dollars: float
    missing: list[str]


class SettingRow(Body):
    """A part of the bot, what it uses, why, and what is missing; as `--check` has it."""

    part: str
    uses: str
    why: str
    missing: str
    stage: str


class SetUpPage(Body):
    """The settings' report. `secrets`: variable -> masked value. `callable`: why this server can
    not place a call, or ''."""

    rows: list[SettingRow]
    notes: list[str]
    secrets: dict[str, str]
    contacts: list[str]
    callable: str
    probes: bool


class ProviderTest(Body):
    """Which stage's provider is to be tested."""

    stage: Literal["stt", "llm", "tts", "store"]


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


class ModePage(Body):
    """The modes. `mode`: what a call gets where nothing else decides; `chosen`: whether an operator
    chose it. `pending`: a switch that waits, in words. `own`: number -> mode."""

    mode: str
    chosen: bool
    pending: str
    rows: list[ModeRow]
    rules: list[str]
    own: dict[str, str]
    changes: list[ModeChange]
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


MODELS: tuple[type[BaseModel], ...] = (
    *(ConsoleSession, SignIn, ConsoleRefusal, LiveUpdate, Whisper, Transfer, Done),
    *(
        FoundCalls,
        CallPage,
        Erase,
        HealthPage,
        MoneyPage,
        SetUpPage,
        ProviderTest,
        ProviderTested,
        CallMe,
    ),
    *(ModePage, SwitchMode, SetRollout, SetOwnMode),
)
"""Everything that travels; what is inside of them comes along."""
