"""What the console works with, and what it does in the background while the server runs."""

import asyncio
import resource
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from loguru import logger

from bot.errors import StoreError
from bot.openclaw.archive import Archive
from bot.settings import Settings
from bot.store import queries_index, queries_open
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.switchboard import Switchboard
from bot.telephony.twilio import TwilioRest
from bot.web.console.live import Followed, LiveCalls
from bot.web.console.messages import Breaker, LiveCall, Load
from bot.web.console.modes import ModeDesk
from bot.web.console.pages import SettingRow
from bot.web.console.recording import PHONE_HZ, ROOM_HZ, Recording, Recordings
from bot.web.console.session import Doorkeeper
from bot.web.seams import PlaceCall

LAG_LOOK_SECONDS = 0.25
_LAG_LOOKS = 40
INDEX_SECONDS = 20.0
INDEX_BATCH = 25
"""Calls at a time: a few milliseconds of the event loop."""
RETENTION_SECONDS = 3600.0
OTHERS_SECONDS = 1.5

Probe = Callable[[str], Awaitable[tuple[bool, str]]]
"""Tries a part of the set-up (`SettingRow.test`): whether it works, and a sentence."""


def _no_rows() -> list[SettingRow]:
    return []


@dataclass(frozen=True)
class Reports:
    """What higher rooms tell the console; each may be missing.

    `rows`, `notes`: of the settings' report. `breakers`: of all providers. `probe`: see above.
    `mode`: what new calls get. `modes`: `Modes.mark`. `prices`: mode -> estimated dollars a minute.
    """

    rows: Callable[[], list[SettingRow]] = _no_rows
    notes: Callable[[], list[str]] = list
    breakers: Callable[[], list[Breaker]] = list
    mode: Callable[[], str] = str
    modes: Callable[[], str] = str
    prices: Callable[[], Mapping[str, float]] = dict
    probe: Probe | None = None


@dataclass
class Desk:
    """The console of one process.

    Args:
        settings: The server's settings.
        switchboard: The live calls' places.
        store: The open database.
        recorder: Followed for what happens in calls.
        twilio: Hands calls over; None without credentials.
        ready: Why no call can be taken, or ''.
        reports: What higher rooms tell.
        modes: The switch, where there is one.
        place_call: Calls a number, where the phone's routes can.
    """

    settings: Settings
    switchboard: Switchboard
    store: Store
    recorder: Recorder
    twilio: TwilioRest | None
    ready: Callable[[], str]
    reports: Reports = field(default_factory=Reports)
    modes: ModeDesk | None = None
    place_call: PlaceCall | None = None

    def __post_init__(self) -> None:
        self.live = LiveCalls(self.switchboard.worker)
        self.tasks = Archive(self.settings.database_url)
        self.door = Doorkeeper(self.settings, self.store, self.recorder.event)
        self.recordings = Recordings(
            self.settings.data_dir / "recordings",
            self.settings.RECORD_CALLS_DAYS,
            lambda call_id, why: self.recorder.event(call_id, "recording error", why),
        )
        self.watching = 0
        self.watched = asyncio.Event()
        self.elsewhere: dict[str, LiveCall] = {}
        self._lags: deque[float] = deque(maxlen=_LAG_LOOKS)
        self._to_index = asyncio.Event()
        self.recorder.followers.append(self.live.record)
        self.live.begun.append(self._begun)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Look after the index, the recordings and the figures while the block runs."""
        work = (self._measure, self._index, self._expire, self._look_elsewhere)
        tasks = [asyncio.create_task(one(), name=f"console {one.__name__}") for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.recordings.close()

    def load(self) -> Load:
        """How this process is."""
        places = self.switchboard.places
        return Load(
            worker=self.switchboard.worker,
            workers=places.workers,
            calls=places.taken,
            limit=places.limit,
            lag_ms=round(1000 * max(self._lags, default=0.0), 1),
            memory_mb=_memory(),
            unwritten=self.recorder.waiting,
            refusal=self.ready() or self.switchboard.refusal,
            breakers=self.reports.breakers(),
            mode=self.reports.mode(),
            modes=self.reports.modes(),
            prices=dict(self.reports.prices()),
        )

    def can_call(self, place_call: PlaceCall) -> None:
        """Take over how a number is called."""
        self.place_call = place_call

    @property
    def leaving(self) -> bool:
        """Whether the process is about to stop: whoever watches should look elsewhere."""
        return self.switchboard.closed and not self.live.calls

    def _begun(self, followed: Followed) -> Callable[[], None]:
        """A conversation begins; what is returned is called at its end."""
        call = followed.call
        recording: Recording | None = None
        if self.settings.RECORD_CALLS:
            rate = PHONE_HZ if call.channel == "phone" else ROOM_HZ
            recording = self.recordings.begin(call.id, rate)
            followed.sound.add(recording.hear)
            followed.recorded = True

        def over() -> None:
            if recording:
                recording.finish()
            self._to_index.set()

        return over

    async def _measure(self) -> None:
        while True:
            due = time.monotonic() + LAG_LOOK_SECONDS
            await asyncio.sleep(LAG_LOOK_SECONDS)
            self._lags.append(max(0.0, time.monotonic() - due))

    async def _index(self) -> None:
        await self._retried(lambda: queries_open.announce(self.store, self.live.worker))
        while True:
            await self._retried(self._index_all)
            with suppress(TimeoutError):
                async with asyncio.timeout(INDEX_SECONDS):
                    await self._to_index.wait()
                    self._to_index.clear()
                    await asyncio.sleep(queries_index.SETTLE.total_seconds() + 1)

    async def _index_all(self) -> None:
        count = INDEX_BATCH
        while count == INDEX_BATCH:
            count = await queries_index.index_ended(self.store, INDEX_BATCH)
            await asyncio.sleep(0.02)  # calls come first

    async def _expire(self) -> None:
        while True:
            try:
                count = await asyncio.to_thread(self.recordings.delete_old, time.time())
            except OSError as error:
                logger.warning(f"recordings: old ones cannot be deleted: {error.strerror}")
            else:
                if count:
                    logger.info(f"recordings: {count} were too old and are deleted")
            await asyncio.sleep(RETENTION_SECONDS)

    async def _look_elsewhere(self) -> None:
        while True:
            await self.watched.wait()
            while self.watching:
                await self._retried(self._refresh_elsewhere)
                await asyncio.sleep(OTHERS_SECONDS)
            self.watched.clear()
            self.elsewhere = {}

    async def _refresh_elsewhere(self) -> None:
        found = await queries_open.of_others(self.store)
        self.elsewhere = {one.call.id: _elsewhere(one) for one in found}

    async def _retried(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something with the store; while that is away there is always a next time."""
        try:
            await work()
        except StoreError as error:
            logger.debug(f"console: {error}")


def _elsewhere(one: queries_open.OpenCall) -> LiveCall:
    call = one.call
    return LiveCall(
        id=call.id,
        worker=one.worker,
        near=bool(one.worker),
        channel=call.channel,
        direction=call.direction,
        caller=call.caller,
        callee=call.callee,
        mode=call.mode,
        mode_reason=call.mode_reason,
        providers=dict(call.providers),
        state=call.state,
        stage="ringing" if call.state == "ringing" else "elsewhere",
        started_at=call.started_at.isoformat(),
        turn=0,
        wait_ms=0,
        errors=0,
        speaker=one.speaker,
        words=one.words[:200],
        recorded=False,
    )


def _memory() -> int:
    """Megabytes that the process holds at most so far (Linux counts kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
