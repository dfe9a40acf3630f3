"""Writes down what happens in calls, as it happens, without ever holding a call up.

    recorder = Recorder(store)
    recorder.start()
    recorder.call_started(call, {"stt": "whisper", "llm": "openai", "tts": "openai"})
    recorder.utterance(call.id, speaker="caller", text="Hello?", turn=1)
    ...
    await recorder.close(timeout=5)

Every record method returns at once and never raises. What it is given waits in memory and is
written in order by one task, which outlasts a database that is away. When the queue is full the
oldest stage times go first, then turns' starts, events, utterances, and calls last. Call the
methods on the event loop's thread. Moments are timezone-aware; one left out means now.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, Literal, ParamSpec

from loguru import logger

from bot.errors import StoreError
from bot.store.backlog import Backlog
from bot.store.failures import kind_of
from bot.store.records import Kind, Record, RecordedCall, Row, next_id
from bot.store.servers import BEAT_SECONDS
from bot.store.store import Store
from bot.store.writer import Retry, Writer

Speaker = Literal["caller", "bot"]
UtteranceKind = Literal["speech", "greeting", "dtmf", "notice"]

CAPACITY = 50_000
"""Records held while the database is away: about a quarter of an hour of fifty calls, 40 MB."""

RETRY: Retry = (0.1, 10.0)
"""Seconds to the first new try after a failed write, and at most between two."""

ENDS = frozenset({"ended", "transferred", "failed"})

P = ParamSpec("P")


def _unfailing(
    method: Callable[Concatenate["Recorder", P], None],
) -> Callable[Concatenate["Recorder", P], None]:
    @wraps(method)
    def wrapper(self: "Recorder", /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            logger.error(
                f"store: {method.__name__} was given what it cannot take: {kind_of(error)}"
            )

    return wrapper


class Recorder:
    """Queues what happens in calls and writes it to a store in the background.

    Args:
        store: an open store; it is not closed by the recorder.
        capacity: records held in memory at most.
        retry: seconds to the first new try after a failed write, and at most between two.
        beat: seconds between two heartbeats of this server.

    Attributes:
        followers: told of every record as it is queued; they must not raise nor wait.
    """

    def __init__(
        self,
        store: Store,
        *,
        capacity: int = CAPACITY,
        retry: Retry = RETRY,
        beat: float = BEAT_SECONDS,
    ) -> None:
        self._store = store
        self._backlog = Backlog(capacity)
        self._writer = Writer(store, self._backlog, self._write_open_calls, retry, beat)
        self._task: asyncio.Task[None] | None = None
        self._open: dict[str, Row] = {}
        self._closed = False
        self._told_full = False
        self.followers: list[Callable[[Record], None]] = []

    @property
    def waiting(self) -> int:
        """How many records are not written yet."""
        return len(self._backlog) + len(self._writer.in_flight)

    @property
    def lost(self) -> Mapping[Kind, int]:
        """How many records of each kind were thrown away because the queue was full."""
        return dict(self._backlog.lost)

    @property
    def unwritable(self) -> int:
        """How many records the database refused for good."""
        return self._writer.unwritable

    def start(self) -> None:
        """Start writing and the heartbeat; calls that dead servers left open are marked failed."""
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._writer.run(), name="store writer")

    async def flush(self) -> None:
        """Wait until everything recorded so far is written, however long that takes.

        Raises:
            StoreError: the recorder was not started, or is closed.
        """
        if self._task is None:
            raise StoreError("the recorder is not running, nothing can be flushed")
        await self._writer.reached(self._backlog.last)

    async def close(self, timeout: float = 5.0) -> None:
        """Write what waits, for at most `timeout` seconds, and stop. What is lost is logged."""
        self._closed = True
        if self._task is None:
            return
        ends_at = asyncio.get_running_loop().time() + timeout
        try:
            async with asyncio.timeout_at(ends_at):
                await self.flush()
        except TimeoutError:
            logger.error(f"store: stopped with {self.waiting} records unwritten")
        task, self._task = self._task, None
        task.cancel()
        await asyncio.wait([task])
        try:
            async with asyncio.timeout_at(ends_at):
                await self._writer.farewell()
        except Exception as error:
            logger.warning(f"store: could not sign off: {self._store.reason(error)}")

    @_unfailing
    def call_started(self, call: RecordedCall, providers: Mapping[str, str]) -> None:
        """A call was admitted; `providers` says which provider does what: stage -> name."""
        named = {_text(stage): _text(name) for stage, name in providers.items()}
        self._put("call_started", self._call_row(call, named))

    @_unfailing
    def call_state(self, call: RecordedCall) -> None:
        """A call has entered a state, or something about it has changed."""
        self._put("call_state", self._call_row(call, {}))

    @_unfailing
    def turn_started(self, call_id: str, number: int, at: datetime | None = None) -> None:
        """The caller or the bot has begun turn `number` of a call."""
        self._put(
            "turn_started",
            {"call_id": _text(call_id), "number": int(number), "started_at": _moment(at)},
        )

    @_unfailing
    def utterance(
        self,
        call_id: str,
        *,
        speaker: Speaker,
        text: str,
        turn: int | None,
        at: datetime | None = None,
        unheard: str = "",
        interrupted: bool = False,
        kind: UtteranceKind = "speech",
    ) -> None:
        """Somebody has said something; `unheard` is what a barge-in kept the caller from hearing.

        `at` is when it began; a call's utterances are read in that order.
        """
        self._put(
            "utterance",
            {
                "id": next_id(),
                "call_id": _text(call_id),
                "turn": None if turn is None else int(turn),
                "at": _moment(at),
                "speaker": _text(speaker),
                "kind": _text(kind),
                "text": _text(text),
                "unheard": _text(unheard),
                "interrupted": bool(interrupted),
            },
        )

    @_unfailing
    def turn_stages(self, call_id: str, number: int, stages: Mapping[str, float]) -> None:
        """How long stages of a turn took, in seconds; more may follow, a later value replaces."""
        turn = {"call_id": _text(call_id), "turn": int(number)}
        rows = [
            turn | {"stage": _text(stage), "seconds": float(seconds)}
            for stage, seconds in stages.items()
            if math.isfinite(seconds)
        ]
        if rows:
            self._put("turn_stages", *rows)

    @_unfailing
    def event(self, call_id: str | None, kind: str, detail: str) -> None:
        """A line for the operator, about a call or about none. No secrets."""
        self._put(
            "event",
            {
                "id": next_id(),
                "call_id": None if call_id is None else _text(call_id),
                "at": _moment(None),
                "kind": _text(kind),
                "detail": _text(detail),
            },
        )

    def _call_row(self, call: RecordedCall, providers: dict[str, str]) -> Row:
        now, state = _moment(None), str(call.state)
        row: Row = {
            "id": _text(call.id),
            "server_id": self._store.server.id,
            "channel": _text(call.channel),
            "direction": _text(call.direction),
            "caller": _text(call.caller),
            "callee": _text(call.callee),
            "provider_call_id": _text(call.provider_call_id),
            "mode": _text(call.mode),
            "mode_reason": _text(call.mode_reason),
            "providers": providers,
            "state": state,
            "started_at": _moment(call.created_at),
            "answered_at": now if state == "connected" else None,
            "ended_at": now if state in ENDS else None,
            "end_reason": _text(call.end_reason),
            "error": _text(call.error),
            "dropped_frames": int(call.dropped_frames),
        }
        if state in ENDS:
            self._open.pop(row["id"], None)
        else:
            self._open[row["id"]] = row
        return row

    def _write_open_calls(self) -> None:
        for row in list(self._open.values()):
            self._put("call_state", row)

    def _put(self, kind: Kind, *rows: Row) -> None:
        for follow in self.followers:
            follow(Record(kind, rows))
        if self._closed:
            logger.warning(f"store: a {kind} came after the recorder was closed; not written")
            return
        if self._backlog.put(Record(kind, rows)) is None:
            self._told_full = self._told_full and 2 * len(self._backlog) > self._backlog.capacity
        elif not self._told_full:
            self._told_full = True
            logger.error(
                f"store: {self._backlog.capacity} records wait, there is room for no more;"
                " the oldest stage times are thrown away first"
            )


def _text(value: str) -> str:
    """`value` without what PostgreSQL cannot hold: NUL, and halves of a UTF-16 pair."""
    text = str(value).replace("\0", "�")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _moment(value: datetime | None) -> datetime:
    if value is None:
        return datetime.now(UTC)
    if value.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return value.astimezone(UTC)
