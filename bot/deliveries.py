"""How the owners of delegated tasks are told: in their live call, or by a text message.

The registry of live calls of this process. A task is told in the call that has begun it, else in
another one of the same caller.
"""

from collections.abc import Callable

from loguru import logger

from bot.errors import ProviderRefused
from bot.openclaw.task import News, Outcome, Task
from bot.telephony.twilio import TwilioRest
from pipelines.handoff import Handoff
from pipelines.handoff_words import TaskSentences, for_sms

SMS_CHARACTERS = 640
"""Of a text message: it is sent, and paid for, in four to ten parts."""

Line = Callable[[str | None, str, str], None]
"""Writes a line for the operator: the call's id, a kind, what has happened."""


class Deliveries:
    """The `Delivery` of a process.

    Args:
        twilio: Twilio's REST API, if configured.
        sender: Own number, E.164; '' if no text messages can be sent.
        bot: The bot's name.
        sentences: In the bot's language.
        line: Writes lines for the operator.
    """

    def __init__(
        self,
        twilio: TwilioRest | None,
        sender: str,
        bot: str,
        sentences: TaskSentences,
        line: Line,
    ) -> None:
        self._twilio, self._sender, self._bot = twilio, sender, bot
        self._sentences, self._line = sentences, line
        self._live: dict[str, Handoff] = {}

    def of(self, call_id: str) -> Handoff | None:
        """The live call's part of the hand-off."""
        return self._live.get(call_id)

    def join(self, handoff: Handoff) -> None:
        """A call begins."""
        self._live[handoff.call.id] = handoff

    def leave(self, call_id: str) -> None:
        """A call is over."""
        self._live.pop(call_id, None)

    async def speak(self, task: Task, outcome: Outcome) -> bool:
        """See `Delivery.speak`. A call that ends first may be followed by another one."""
        while handoff := self._find(task):
            if await handoff.deliver(task, outcome):
                return True
            if not handoff.over:
                break  # the caller keeps breaking in: it goes out otherwise
        return False

    async def text(self, task: Task, outcome: Outcome) -> bool:
        """See `Delivery.text`.

        Raises:
            ProviderUnavailable: it is not known whether it was sent.
        """
        if not (self._twilio and self._sender and task.number):
            return False
        room = SMS_CHARACTERS - len(self._bot) - 2
        body = f"{self._bot}: {for_sms(task, outcome, self._sentences, room)}"
        try:
            await self._twilio.send_message(task.number, self._sender, body)
        except ProviderRefused as error:
            self._line(task.call_id, "task_undelivered", f"task {task.id}: no text: {error}")
            return False
        logger.info(f"task {task.id}: its result was sent by text message")
        return True

    async def tell(self, task: Task, news: News) -> None:
        """See `Delivery.tell`."""
        if news.kind == "retrying" or (news.kind == "slow" and not news.text):
            detail = news.text or "no sign of life from OpenClaw yet"
            self._line(task.call_id, f"task_{news.kind}", f"task {task.id}: {detail}")
        handoff = self._find(task)
        if handoff:
            handoff.news(task, news)

    def _find(self, task: Task) -> Handoff | None:
        here = self._live.get(task.call_id)
        if here and not here.over:
            return here
        if not task.caller:
            return None
        others = [h for h in self._live.values() if h.caller == task.caller and not h.over]
        return others[-1] if others else None
