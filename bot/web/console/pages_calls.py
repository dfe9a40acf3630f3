"""What the console shows of calls that are over.

See `bot/web/console/messages.py` for what all of these have in common.
"""

from typing import Annotated

from pydantic import Field

from bot.web.console.messages import Body, CallFacts, LiveLine


class FoundCall(CallFacts):
    """A call in the history. `slowest`: seconds of the longest wait for an answer."""

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
    """A page of the history. `more`: the next page begins behind the last call."""

    calls: list[FoundCall]
    more: bool
    took_ms: float


class CallCount(Body):
    """How many calls fit in all, which takes longer than to find the newest of them; and every
    mode that a call has had."""

    total: int
    modes: list[str]


class TurnTime(Body):
    """A turn's stages in seconds; they add up to `voice_to_voice`."""

    number: int
    at: str
    stages: dict[str, float]


class Moment(Body):
    """Something that happened, in words."""

    at: str
    text: str


class CallTool(Body):
    """A tool that was called: how it went, its arguments as JSON, and what it answered."""

    at: str
    text: str
    arguments: str
    answer: str


class CallTask(Body):
    """A job that was delegated in a call. `told`: how its result reached the caller."""

    at: str
    text: str
    status: str
    result: str
    told: str


class CostLine(Body):
    """A part of what a call has cost, in dollars."""

    what: str
    detail: str
    dollars: float


class CallPage(Body):
    """All that is known of a call. `recorded_at`: when its recording begins. `missing`: what is
    not known."""

    call: FoundCall
    provider_call_id: str
    answered_at: str
    ended_at: str
    providers: dict[str, str]
    lines: list[LiveLine]
    turns: list[TurnTime]
    tools: list[CallTool]
    tasks: list[CallTask]
    costs: list[CostLine]
    recorded_at: str
    missing: list[str]


class Erase(Body):
    """Whose data is to be erased: the number as it stands in the calls."""

    caller: Annotated[str, Field(min_length=1, max_length=64)]
