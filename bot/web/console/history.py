"""Calls that are over, as the page shows and exports them."""

import asyncio
import csv
import io
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from bot.errors import StoreError
from bot.store import erase, queries, queries_search, tool_events
from bot.store.queries import StoredCall, StoredEvent
from bot.store.queries_search import Found, Wanted
from bot.web.console.desk import Desk
from bot.web.console.figures import NO_COSTS, estimate
from bot.web.console.lines import moment, stored_lines
from bot.web.console.pages_calls import (
    CallCount,
    CallPage,
    CallTask,
    CallTool,
    FoundCall,
    FoundCalls,
    TurnTime,
)
from bot.web.console.recording import Recordings
from bot.web.console.refusals import refuse

PAGE = 50
MOST_EVENTS = 5_000
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"\+?\d{2,15}")
COLUMNS = (
    *("id", "started_at", "seconds", "channel", "direction", "caller", "callee", "mode"),
    *("mode_reason", "state", "end_reason", "error", "turns", "slow_turns", "slowest", "errors"),
    "tools",
)


async def find(desk: Desk, wanted: Wanted) -> FoundCalls:
    """A page of the history."""
    began = time.perf_counter()
    found = await queries_search.search(desk.store, wanted, PAGE + 1)
    shown = found[:PAGE]
    recorded = await asyncio.to_thread(_recorded, desk.recordings, shown)
    return FoundCalls(
        calls=[_view(one, one.call.id in recorded) for one in shown],
        more=len(found) > PAGE,
        took_ms=round(1000 * (time.perf_counter() - began), 1),
    )


async def count(desk: Desk, wanted: Wanted) -> CallCount:
    """How many calls fit."""
    return CallCount(
        total=await queries_search.count(desk.store, wanted),
        modes=await queries_search.modes(desk.store),
    )


async def page(desk: Desk, call_id: str) -> CallPage:
    """All that is known of a call.

    Raises:
        ConsoleRefused: there is none.
    """
    call = await queries.call(desk.store, call_id)
    if call is None:
        raise refuse("gone", "There is no such call; its data may have been deleted.")
    turns = await queries.turns(desk.store, call_id)
    said = await queries.utterances(desk.store, call_id)
    events = await queries.events(desk.store, call_id, MOST_EVENTS)
    recorded = await asyncio.to_thread(desk.recordings.has, call_id)
    began = await asyncio.to_thread(desk.recordings.began_at, call_id) if recorded else 0.0
    counted = await queries_search.search(desk.store, Wanted(words=call_id), 1)
    found = next((one for one in counted if one.call.id == call_id), Found(call, 0, 0, 0, 0, 0.0))
    tasks, trouble = await _tasks(desk, call)
    return CallPage(
        call=_view(found, recorded),
        provider_call_id=call.provider_call_id,
        answered_at=moment(call.answered_at),
        ended_at=moment(call.ended_at),
        providers=dict(call.providers),
        lines=stored_lines(said, events),
        turns=[
            TurnTime(number=turn.number, at=moment(turn.started_at), stages=dict(turn.stages))
            for turn in turns
        ],
        tools=[_tool(event) for event in events if event.kind == tool_events.KIND],
        tasks=tasks,
        costs=estimate(desk, call.mode, _seconds(call)),
        recorded_at=moment(datetime.fromtimestamp(began, UTC)) if recorded else "",
        missing=[NO_COSTS, *trouble],
    )


def _tool(event: StoredEvent) -> CallTool:
    found = tool_events.read(event.detail)
    return CallTool(
        at=moment(event.at), text=found.how, arguments=found.arguments, answer=found.answer
    )


async def _tasks(desk: Desk, call: StoredCall) -> tuple[list[CallTask], list[str]]:
    """The call's delegated tasks; or why they are not known."""
    ended = call.ended_at or datetime.now(UTC)
    try:
        kept = await desk.tasks.of_call(call.id, call.started_at, ended)
    except StoreError as error:
        return [], [f"Delegated tasks: {error}."]
    return [
        CallTask(
            at=moment(datetime.fromtimestamp(one.at, UTC)),
            text=one.text,
            status=one.status,
            result=one.result,
            told=one.told,
        )
        for one in kept
    ], []


async def as_csv(desk: Desk, wanted: Wanted) -> AsyncIterator[str]:
    """All calls that fit, as a table."""
    yield _row(COLUMNS)
    async for one in queries_search.every(desk.store, wanted):
        values = _view(one, False).model_dump()
        yield _row([_harmless(str(values[name])) for name in COLUMNS])


async def as_json(desk: Desk, wanted: Wanted) -> AsyncIterator[str]:
    """All calls that fit, as a list of objects."""
    before = "["
    async for one in queries_search.every(desk.store, wanted):
        yield before + _view(one, False).model_dump_json(exclude={"excerpt", "recorded"})
        before = ",\n"
    yield "[]\n" if before == "[" else "]\n"


async def forget(desk: Desk, number: str, who: str) -> str:
    """Erase all that is kept about a caller; returns what was, in a sentence.

    Args:
        desk: The console's desk.
        number: The caller's.
        who: Whose order it is.

    Raises:
        ConsoleRefused: they are on the line just now, or wait for a task; or nothing is known.
        StoreError: a database is away; what is left is erased by the next try.
    """
    calls = await erase.calls_of(desk.store, number)
    if any(not over for _, over in calls):
        raise refuse("no", "This caller is on the line. Try again when the call is over.")
    ids = [call_id for call_id, _ in calls]
    if open_ones := await desk.tasks.under_way(number, ids):
        tasks = "A task" if open_ones == 1 else f"{open_ones} tasks"
        raise refuse("no", f"{tasks} of this caller must end first. Nothing was deleted.")
    await desk.recorder.flush()
    given = await desk.tasks.erase(number, ids)
    erased = await erase.erase_caller(desk.store, number)
    sounds = await asyncio.to_thread(desk.recordings.delete, erased.call_ids)
    if not erased.call_ids and not erased.kept and not given:
        raise refuse("gone", "Nothing is kept about this number.")
    gone = (
        f"{len(erased.call_ids)} calls with all that was said, {sounds} recordings, {given} tasks"
        f" with their results, and {erased.kept} notes, messages, meetings and details"
    )
    desk.recorder.event(None, "operator", f"a caller's data was deleted: {gone}; by {who}")
    return f"Deleted: {gone}."


def _recorded(recordings: Recordings, found: list[Found]) -> set[str]:
    return {one.call.id for one in found if recordings.has(one.call.id)}


def _view(found: Found, recorded: bool) -> FoundCall:
    call = found.call
    plain = {
        name: getattr(call, name)
        for name in ("id", "channel", "direction", "caller", "callee", "mode", "mode_reason")
    }
    return FoundCall(
        **plain,
        state=call.state,
        started_at=moment(call.started_at),
        seconds=_seconds(call),
        end_reason=call.end_reason,
        error=call.error,
        turns=found.turns,
        slow_turns=found.slow_turns,
        slowest=found.slowest,
        errors=found.errors,
        tools=found.tools,
        excerpt=found.excerpt,
        recorded=recorded,
    )


def _seconds(call: StoredCall) -> float:
    begun, ended = call.answered_at, call.ended_at
    return round(max(0.0, (ended - begun).total_seconds()), 1) if begun and ended else 0.0


def _row(values: object) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)  # type: ignore[arg-type]
    return text.getvalue()


def _harmless(value: str) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
