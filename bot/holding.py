"""Holds a call's conversation, and has another one go on in its place when it breaks.

The caller notices a sentence, no more: the media stream stays, the context, the tools and the tasks
that are under way are handed over, and what the caller says meanwhile is kept.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import InterruptionFrame
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from bot.call import Call, CallState
from bot.switchboard import STOPPING
from pipelines.conversation import Conversation
from pipelines.parts import Carried, PlaysOut
from pipelines.ways import Renewable, leave

if TYPE_CHECKING:
    from bot.resources import Resources

SETTLE_SECONDS = 0.5
"""For an interruption to pass the pipeline of a conversation that is being left."""
PLAY_SECONDS = 8.0
"""How long what is being said may go on before a conversation that owes nothing is left."""
BEGIN_SECONDS = 1.5
"""How long the greeting may take to begin in a conversation that is being left."""
TURN_SECONDS = 4.0
"""From the caller's last sound until what they were saying is a turn: the longest hold, and the
transcript. If none comes of it, it was a cough."""
_LOOK_SECONDS = 0.05
_HEARD_SECONDS = 0.02


class Holding:
    """One conversation while it is held.

    Args:
        call: The call.
        talk: The conversation.
        transport: Where it is held.
        resources: The process's shared parts.
        carried: What it goes on from; None for the first one of a call.
        last: No other conversation can take its place.
    """

    def __init__(
        self,
        call: Call,
        talk: Conversation,
        transport: BaseTransport,
        resources: "Resources",
        carried: Carried | None,
        *,
        last: bool,
    ) -> None:
        self._call, self._talk, self._transport = call, talk, transport
        self._resources, self._carried = resources, carried
        self._there = asyncio.Event()
        self._why: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._running: asyncio.Task[None] | None = None
        if not last and isinstance(transport, Renewable):
            talk.care.rescue = self._broken
        self._stopping = resources.sentences.stopping
        call.hang_up = self._hang_up
        transport.add_event_handler("on_client_connected", self._arrived)
        transport.add_event_handler("on_client_disconnected", self._left)
        talk.worker.add_event_handler("on_pipeline_started", self._started)

    async def run(self) -> str:
        """Hold the conversation until it is over, or another has to take its place.

        Returns:
            Why it cannot go on; '' if the call is over.
        """
        self._running = asyncio.create_task(self._run(), name=f"conversation {self._call.id}")
        ends: set[asyncio.Future[Any]] = {self._running, self._why}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()
            return ""
        why = self._why.result()
        await self._pause()
        return "" if self._running.done() or self._call.over else why

    async def hand_over(self) -> tuple[BaseTransport, Carried]:
        """Leave the conversation to another: its transport, and what it goes on from."""
        assert isinstance(self._transport, Renewable)
        assert isinstance(self._transport, BaseTransport)
        talk = self._talk
        transport = self._transport.renewed()
        broke_off = talk.broke_off()
        sound = talk.ear.hearing.turn()
        talk.left, talk.turn_left = True, bool(sound)
        talk.settled.clear()
        await talk.worker.queue_frame(InterruptionFrame())
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await talk.settled.wait()
        except TimeoutError:
            logger.warning(f"call {self._call.id}: its conversation does not settle")
        return transport, leave(talk, sound, broke_off=broke_off)

    async def close(self) -> None:
        """End the pipeline and the watch over it; what was handed over stays."""
        await self._talk.care.close()
        self._talk.journal.close()
        if self._running and not self._running.done():
            await self._talk.worker.cancel(reason="another conversation goes on")
            await asyncio.gather(self._running, return_exceptions=True)

    async def end(self) -> None:
        """The call is over: end everything that belongs to it."""
        await self.close()
        if self._talk.hands:
            await self._talk.hands.close()
        if self._talk.handoff:
            await self._talk.handoff.close()

    async def _run(self) -> None:
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._talk.worker)
        await runner.run()

    async def _hang_up(self, reason: str) -> None:
        """End the call politely; when the server stops, with a person if there is one."""
        care = self._talk.care
        if reason == STOPPING and care.last_resort and await care.last_resort.forward():
            return
        await care.end(reason, self._stopping)

    def _broken(self, why: str) -> bool:
        """The conversation cannot go on; another one will."""
        if not self._why.done():
            self._why.set_result(why)
        return True

    async def _pause(self) -> None:
        """Let what is being said be said, unless somebody waits or speaks."""
        talk = self._talk
        now = asyncio.get_running_loop().time
        until, begins = now() + PLAY_SECONDS, now() + BEGIN_SECONDS
        while now() < until:
            greets = self._carried is None and not talk.begun and now() < begins
            waited_for = talk.care.owed or not talk.ear.calm.is_set() or self._call.over
            if waited_for or not (greets or talk.utterance.pending or self._plays):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    @property
    def _plays(self) -> bool:
        """Whether the caller hears what was sent already."""
        line = self._transport
        if not isinstance(line, PlaysOut):
            return False
        return line.playout.sent_seconds - line.playout.played_seconds > _HEARD_SECONDS

    async def _arrived(self, *_: Any) -> None:
        self._there.set()

    async def _started(self, *_: Any) -> None:
        await self._there.wait()
        if self._call.state is CallState.RINGING:
            self._call.connected()
        if self._call.over:
            return
        if self._carried is None:
            await self._talk.greet()
        else:
            await self._go_on(self._carried)

    async def _go_on(self, carried: Carried) -> None:
        """Say that there was something, and answer what is to be answered, once."""
        talk = self._talk
        sentence = talk.parts.sentences.recovered
        if sentence and (carried.turn or carried.owed):
            await talk.speak(sentence, False)
            talk.journal.aside(sentence)
        if carried.owed and not (carried.sound and await self._turn_comes(carried.turn)):
            await talk.think_again()

    async def _turn_comes(self, before: int) -> bool:
        """Whether the caller's unfinished turn comes to an end, and so to an answer of its own."""
        talk, now = self._talk, asyncio.get_running_loop().time
        until = now() + TURN_SECONDS
        while now() < until and not self._call.over:
            if talk.journal.turn > before:
                return True
            if not talk.ear.calm.is_set():
                until = now() + TURN_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
        return self._call.over

    async def _left(self, *_: Any) -> None:
        self._call.ended("caller hung up")
        self._there.set()
        await self._talk.worker.cancel(reason="caller hung up")
