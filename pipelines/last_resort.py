"""When the bot cannot go on with a call: it is put through to a person, or a message is taken.

Nothing here needs the language model; what is said was rendered at start.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from loguru import logger

from bot.errors import ProviderError, StoreError
from bot.store import desk
from bot.telephony.putting_through import forward, put_through
from tools.toolbox import Toolbox

if TYPE_CHECKING:
    from pipelines.conversation import Conversation

NOBODY_SPEAKS_SECONDS = 15.0
"""From the question for a message on; then the call ends without one."""
MORE_SECONDS = 3.5
"""Silence from which a message is complete: people think between its sentences."""
SOUND_SECONDS = 0.8
"""From a sentence of our own to its first sound, at most."""
FINISH_SECONDS = 4.0
"""For what is just being said, when a call is put through because the server stops."""
OPERATOR = "operator"
"""Whom messages are for that nobody else could take."""


class LastResort:
    """One call's. `begin` is asked once the call is given up.

    Args:
        talk: The conversation.
        box: The call's surroundings: Twilio, the store, the settings.
    """

    def __init__(self, talk: "Conversation", box: Toolbox) -> None:
        self._talk, self._box = talk, box
        self._error = ""
        self._said: list[str] = []
        self._timer: asyncio.Task[None] | None = None
        self._putting_through = False

    @property
    def active(self) -> bool:
        """Whether it has the call now."""
        return self._putting_through or self._timer is not None

    async def begin(self, error: str, hears: bool) -> bool:
        """Take the call; False if there is nothing better than to say goodbye.

        Args:
            error: Why the call is given up, for the operator.
            hears: Whether what the caller says can still be understood.
        """
        if self.active:
            return True
        self._error = error
        if self._reachable() and await self._put_through():
            return True
        sentence = self._talk.parts.sentences.leave_message
        if not (hears and sentence and self._talk.parts.rendered(sentence)):
            return False
        self._talk.journal.trouble("message taken instead", error)
        await self._say(sentence)
        self._wait(NOBODY_SPEAKS_SECONDS)
        return True

    async def forward(self) -> bool:
        """Put the call through because the server stops; False if that cannot be done."""
        box, call = self._box, self._box.call
        number = box.settings.FALLBACK_PHONE_NUMBER
        if not number or not box.facts.live_phone or box.twilio is None or self._putting_through:
            return self._putting_through
        self._putting_through = True
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(FINISH_SECONDS):
                    await box.quiet()
            if not call.over:
                await forward(box.twilio, box.settings, call, number, OPERATOR)
        except ProviderError as error:
            self._putting_through = False
            logger.error(f"call {call.id}: not put through: {error}")
            return False
        return True

    def caller_speaks(self) -> None:
        """The caller begins to say something: whatever waits, waits on."""
        if self._timer:
            self._wait(NOBODY_SPEAKS_SECONDS)

    def caller_spoke(self, words: str) -> None:
        """The caller has said something; it belongs to the message."""
        if words:
            self._said.append(words)
        self._wait(MORE_SECONDS if self._said else NOBODY_SPEAKS_SECONDS)

    def stop(self) -> asyncio.Task[None] | None:
        """An answer was heard after all, or the call is over; returns what was stopped."""
        timer, self._timer = self._timer, None
        if timer:
            timer.cancel()
        return timer

    def _reachable(self) -> bool:
        settings, facts = self._box.settings, self._box.facts
        return bool(settings.FALLBACK_PHONE_NUMBER and settings.PUBLIC_URL and facts.live_phone)

    async def _put_through(self) -> bool:
        box, call = self._box, self._box.call
        self._putting_through = True
        await self._say(self._talk.parts.sentences.putting_through)
        try:
            note = await desk.hand_over(
                box.store,
                call_id=call.id,
                target=OPERATOR,
                summary=self._summary(),
                key=f"put through {call.id}",
            )
            await asyncio.sleep(SOUND_SECONDS)
            await box.quiet()
            assert box.twilio is not None
            number = box.settings.FALLBACK_PHONE_NUMBER
            await put_through(box.twilio, box.settings, call, number, note.token, OPERATOR)
        except (ProviderError, StoreError, TimeoutError) as error:
            self._putting_through = False
            logger.error(f"call {call.id}: not put through either: {error}")
            return False
        return True

    def _summary(self) -> str:
        """What the person is told: the bot's trouble, and what the caller has said last."""
        messages = self._talk.context.get_messages()
        said = [m for m in messages if isinstance(m, dict) and m.get("role") == "user"]
        last = str(said[-1].get("content") or "") if said else ""
        return f"The assistant has a technical problem. {f'They said: {last}' if last else ''}"

    async def _say(self, sentence: str) -> None:
        if sentence:
            await self._talk.speak(sentence, False)
            self._talk.journal.aside(sentence)

    def _wait(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.create_task(self._finish_in(seconds))

    async def _finish_in(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        sentences, box = self._talk.parts.sentences, self._box
        if not self._said:
            await self._talk.care.end("error", sentences.broken, self._error)
            return
        try:
            await desk.take_message(
                box.store,
                owner=box.owner,
                call_id=box.call.id,
                recipient=OPERATOR,
                text=" ".join(self._said),
                key=f"message instead {box.call.id}",
            )
        except StoreError as error:  # the words stand in the transcript, which is written later
            logger.error(f"call {box.call.id}: the message is only in the transcript: {error}")
        await self._talk.care.end("message taken", sentences.message_taken, self._error)


def attach(talk: "Conversation") -> None:
    """Give a conversation its last resort, where it has what that takes."""
    if talk.parts.toolbox:
        talk.care.last_resort = LastResort(talk, talk.parts.toolbox)
