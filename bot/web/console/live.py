"""The live calls of this process as the console shows them, followed without touching them.

A call is followed from its conversation's start to its end: the recorder tells what was said and
how long it took, the transport's output what is heard just now.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContextMessage
from pipecat.transports.base_transport import BaseTransport

from bot.call import Call, CallState
from bot.store.queries_index import is_error
from bot.store.records import Record
from bot.web.console.audio import Sound
from bot.web.console.lines import event_line, interim_line, times_line, utterance_line, whisper_line
from bot.web.console.messages import LiveCall, LiveLine

MOST_LINES = 400
"""Kept of a live call; the store has all of them."""
_STAGE_OF: dict[type[Frame], str] = {
    UserStartedSpeakingFrame: "caller",
    UserStoppedSpeakingFrame: "thinking",
    BotStartedSpeakingFrame: "bot",
    BotStoppedSpeakingFrame: "listening",
    InterruptionFrame: "caller",
}


class Followed:
    """One live call. `version` grows with every change; `lines` are numbered by it.

    Args:
        call: The call.
        transport: Where the caller is.
        changed: Told of every change.
    """

    def __init__(self, call: Call, transport: BaseTransport, changed: Callable[[], int]) -> None:
        self.call = call
        self.sound = Sound(transport)
        self.recorded = False
        self.over = asyncio.Event()
        self.providers: dict[str, str] = {}
        self.lines: deque[tuple[int, LiveLine]] = deque(maxlen=MOST_LINES)
        self._transport = transport
        self._changed = changed
        self._stage = "listening"
        self._wait = 0.0
        self._errors = self._turn = 0
        self._saying = ""
        self.version = changed()
        transport.output().add_event_handler("on_after_push_frame", self._passed)

    def view(self, worker: int) -> LiveCall:
        """The call as the page shows it."""
        call = self.call
        said = next((line for _, line in reversed(self.lines) if line.speaker), None)
        stage = "ending" if call.state is CallState.ENDING else self._stage
        return LiveCall.model_validate(
            {
                **{"id": call.id, "worker": worker, "near": True, "channel": call.channel},
                **{"direction": call.direction, "caller": call.caller, "callee": call.callee},
                **{"mode": call.mode, "mode_reason": call.mode_reason},
                **{"providers": self.providers, "state": str(call.state), "stage": stage},
                **{"started_at": call.created_at.isoformat(), "turn": self._turn},
                **{"wait_ms": round(self._wait * 1000), "errors": self._errors},
                "speaker": said.speaker if said else "",
                "words": (said.text or said.unheard)[:200] if said else "",
                "recorded": self.recorded,
            }
        )

    def record(self, record: Record) -> None:
        """Take over what the recorder was told about this call."""
        row = record.rows[0]
        if record.kind == "utterance":
            if row["speaker"] == "bot":
                self._saying = ""
            else:
                self._turn = row["turn"] or self._turn
            self._put(utterance_line(row))
        elif record.kind == "turn_stages":
            stages = {each["stage"]: each["seconds"] for each in record.rows}
            self._wait = stages.get("voice_to_voice", self._wait)
            self._put(times_line(row["turn"], stages))
        elif record.kind == "event":
            self._errors += is_error(row["kind"])
            self._put(event_line(row))
        elif record.kind == "call_started":
            self.providers = dict(row["providers"])
        self._touch()

    async def whisper(self, text: str) -> None:
        """Give the bot an instruction; it acts on it with its next answer."""
        message: LLMContextMessage = {
            "role": "developer",
            "content": f"The operator, who listens to this call, instructs you: {text}\n"
            "Follow it from your next words on. Do not read it out, and do not mention it.",
        }
        frame = LLMMessagesAppendFrame(messages=[message], run_llm=False)
        await self._transport.input().push_frame(frame)
        self._put(whisper_line(text, self._turn))
        self._touch()

    def close(self) -> None:
        """The conversation is over."""
        self.over.set()
        self.sound.close()
        self._touch()

    async def _passed(self, _: Any, frame: Frame) -> None:
        """A frame has left the transport's output."""
        if isinstance(frame, OutputAudioRawFrame):
            self.sound.sent(frame)
            return
        if isinstance(frame, StartFrame):
            self.sound.attach()
        elif isinstance(frame, AggregatedTextFrame) and not isinstance(frame, TTSTextFrame):
            if frame.will_be_spoken:
                self._saying = f"{self._saying} {frame.text}".strip()
                self._put(interim_line(self._saying, self._turn))
                self._touch()
        elif (stage := _STAGE_OF.get(type(frame))) and stage != self._stage:
            self._stage = stage
            self._touch()

    def _put(self, line: LiveLine) -> None:
        """Add a line; what the bot says takes the place of what it was saying."""
        if line.speaker == "bot":
            for numbered in [each for each in self.lines if not each[1].final]:
                self.lines.remove(numbered)
                line = line.model_copy(update={"key": numbered[1].key})
        self.lines.append((self._changed(), line))

    def _touch(self) -> None:
        self.version = self._changed()


class LiveCalls:
    """Every live call of the process.

    Args:
        worker: This process's number among those that share a port.
        begun: Told of each call as its conversation begins, and of its end.
    """

    def __init__(self, worker: int) -> None:
        self.worker = worker
        self.calls: dict[str, Followed] = {}
        self.version = 0
        self.begun: list[Callable[[Followed], Callable[[], None] | None]] = []
        self._providers: dict[str, dict[str, str]] = {}

    @contextmanager
    def follow(self, call: Call, transport: BaseTransport) -> Iterator[Followed]:
        """Show `call` as live while the block runs."""
        followed = Followed(call, transport, self._next)
        followed.providers = self._providers.pop(call.id, {})
        self.calls[call.id] = followed
        closers = [begin(followed) for begin in self.begun]
        try:
            yield followed
        finally:
            del self.calls[call.id]
            followed.close()
            for close in closers:
                if close:
                    close()
            self._next()

    def record(self, record: Record) -> None:
        """Follow the recorder; what is wrong here must not keep a record from being written."""
        try:
            call_id = record.rows[0].get("call_id") or record.rows[0].get("id")
            if followed := self.calls.get(str(call_id)):
                followed.record(record)
            elif record.kind == "call_started":
                self._remember(str(call_id), record.rows[0]["providers"])
        except Exception:
            logger.exception("the console could not follow a record")

    def _remember(self, call_id: str, providers: dict[str, str]) -> None:
        """A call is admitted before its conversation begins; some never do."""
        self._providers[call_id] = dict(providers)
        while len(self._providers) > 1000:
            self._providers.pop(next(iter(self._providers)))

    def _next(self) -> int:
        self.version += 1
        return self.version
