"""The conversation in which a call's hand-off speaks just now: another one may take its place."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.call import Call, CallState
from pipelines.quiet import Quiet
from pipelines.telling import Telling

if TYPE_CHECKING:
    from pipelines.conversation import Conversation

ANSWER_SECONDS = 5.0
"""How long news wait for an answer that is being made."""
LOOK_SECONDS = 0.05


class Presence:
    """Knows when something may be said, and what was heard of it.

    Attributes:
        there: Set once there is a conversation.
        voice: Held by whoever says something of several sentences.
        telling: What was heard of that.
    """

    def __init__(self, call: Call) -> None:
        self.there = asyncio.Event()
        self.voice = asyncio.Lock()
        self.telling = Telling(lambda: self._quiet is not None and self._quiet.bot)
        self._call = call
        self._talk: Conversation | None = None
        self._quiet: Quiet | None = None

    def attach(self, talk: "Conversation") -> None:
        """Speak in this conversation from now on."""
        self._talk = talk
        self._quiet = Quiet(self._is_busy, lambda: talk.care.owed or talk.utterance.pending)
        talk.worker.add_observer(self._quiet)
        talk.journal.followers.append(self.telling)
        self.telling.cut()
        self.there.set()

    @property
    def talk(self) -> "Conversation":
        """The conversation; there must be one."""
        assert self._talk is not None, "no conversation is attached"
        return self._talk

    @property
    def quiet_seconds(self) -> float:
        """See `Quiet.seconds`."""
        return self._quiet.seconds if self._quiet else 0.0

    @property
    def caller_silent_seconds(self) -> float:
        """Since the caller's last sound."""
        return now() - self._quiet.caller_last if self._quiet else 0.0

    @property
    def ending(self) -> bool:
        """Last words are being said, or the call is over."""
        return self._call.over or self._call.state is CallState.ENDING

    async def quiet(self, seconds: Callable[[], float]) -> None:
        """Return once it has been quiet for so long; `seconds` is asked again all the time."""
        await self.there.wait()
        while self.quiet_seconds < seconds():  # noqa: ASYNC110 - several rooms decide it
            await asyncio.sleep(LOOK_SECONDS)

    async def answered(self) -> None:
        """Return once the caller does not speak and the answer that they wait for begins to sound,
        or does not come: then something may be said behind it."""
        await self.there.wait()
        give_up = now() + ANSWER_SECONDS
        while (quiet := self._quiet) and (  # noqa: ASYNC110 - several rooms decide it
            quiet.caller or (quiet.answer_to_come and now() < give_up)
        ):
            await asyncio.sleep(LOOK_SECONDS)

    def _is_busy(self) -> bool:
        tools = self.talk.assistants.has_function_calls_in_progress
        return tools or not self.talk.ear.calm.is_set() or self.ending


def now() -> float:
    """The loop's clock, seconds."""
    return asyncio.get_running_loop().time()
