"""Live updates as server-sent events: what has changed, a few times a second at most."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from bot.web.console.desk import Desk
from bot.web.console.messages import LiveCall, LiveLine, LiveUpdate, Load

TICK_SECONDS = 0.25
LOAD_SECONDS = 2.0
ALIVE_SECONDS = 15.0
"""How often an idle stream says something: proxies close silent ones after 30 s to 60 s."""
RETRY_MS = 1_000
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Watch:
    """What one page has been told.

    Args:
        desk: The process's console.
        call_id: The one call whose lines are wanted, with nothing else; '' for the list of all.
    """

    def __init__(self, desk: Desk, call_id: str = "") -> None:
        self._desk = desk
        self._call_id = call_id
        self._seen = -1
        self._known: dict[str, LiveCall] = {}
        self._load_at = 0.0

    def news(self) -> LiveUpdate | None:
        """What has changed since the last time; None if nothing has."""
        whole = self._seen < 0
        calls, gone = self._calls()
        lines = self._lines()
        load = [] if self._call_id else self._load()
        self._seen = self._desk.live.version
        if not (whole or calls or gone or lines or load):
            return None
        return LiveUpdate(whole=whole, calls=calls, gone=gone, lines=lines, load=load)

    def _calls(self) -> tuple[list[LiveCall], list[str]]:
        live, known = self._desk.live, self._known
        now = dict(self._desk.elsewhere)
        for call_id, followed in live.calls.items():
            same = known.get(call_id) if followed.version <= self._seen else None
            now[call_id] = same or followed.view(live.worker)
        if self._call_id:
            now = {key: view for key, view in now.items() if key == self._call_id}
        changed = [view for key, view in now.items() if known.get(key) != view]
        self._known = now
        return changed, [key for key in known if key not in now]

    def _lines(self) -> list[LiveLine]:
        followed = self._desk.live.calls.get(self._call_id)
        return [line for at, line in followed.lines if at > self._seen] if followed else []

    def _load(self) -> list[Load]:
        if time.monotonic() < self._load_at:
            return []
        self._load_at = time.monotonic() + LOAD_SECONDS
        return [self._desk.load()]


def stream(desk: Desk, call_id: str = "") -> StreamingResponse:
    """Updates until the page goes away, or the process is about to."""
    return StreamingResponse(
        _events(desk, Watch(desk, call_id)), media_type="text/event-stream", headers=HEADERS
    )


async def _events(desk: Desk, watch: Watch) -> AsyncIterator[str]:
    desk.watching += 1
    desk.watched.set()
    try:
        yield f"retry: {RETRY_MS}\n\n"
        said_at = time.monotonic()
        while not desk.leaving:
            if update := watch.news():
                yield f"data: {update.model_dump_json()}\n\n"
                said_at = time.monotonic()
            elif time.monotonic() - said_at > ALIVE_SECONDS:
                yield ": still here\n\n"
                said_at = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
    finally:
        desk.watching -= 1
