"""The deep brain of a process: opened once, every call gets its part from here.

Through OpenClaw where `OPENCLAW_API_URL` is set; with Anthropic's key alone there are no tasks, but
a question can be thought through.
"""

import asyncio
from typing import Self

from loguru import logger

from bot.clients import Clients
from bot.deliveries import Deliveries
from bot.errors import ProviderError
from bot.openclaw.gateway import Gateway
from bot.openclaw.tasks import Tasks
from bot.openclaw.thinking import AnthropicThinker, GatewayThinker, Thinker
from bot.providers import Endpoint
from bot.settings import Settings
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.telephony.twilio import TwilioRest
from pipelines.handoff import Handoff
from pipelines.handoff_words import task_sentences
from tools.toolbox import Toolbox


class Deep:
    """Use `open`. `sentences` are those to be rendered ahead.

    Args:
        settings: The settings.
        deliveries: Who is told, and how.
        tasks: Delegated tasks; None without OpenClaw.
        thinker: Answers one question; None if nobody can.
    """

    def __init__(
        self,
        settings: Settings,
        deliveries: Deliveries,
        tasks: Tasks | None,
        thinker: Thinker | None,
    ) -> None:
        self._settings, self._deliveries = settings, deliveries
        self._tasks, self._thinker = tasks, thinker
        self._warming: asyncio.Task[None] | None = None
        can = tasks is not None or thinker is not None
        self.sentences = task_sentences(settings.BOT_LANGUAGE).all() if can else []

    @classmethod
    async def open(
        cls,
        settings: Settings,
        store: Store,
        recorder: Recorder,
        twilio: TwilioRest | None,
        clients: Clients,
    ) -> Self:
        """Go on with tasks that were left, and see in the background whether the gateway is there.

        Raises:
            StoreError: the tasks' database cannot be opened.
        """
        deliveries = Deliveries(
            twilio,
            settings.TWILIO_PHONE_NUMBER,
            settings.BOT_NAME,
            task_sentences(settings.BOT_LANGUAGE),
            recorder.event,
        )
        if not settings.OPENCLAW_API_URL:
            return cls(settings, deliveries, None, _anthropic(settings, clients))
        token = settings.OPENCLAW_API_TOKEN.get_secret_value()
        gateway = Gateway(settings.OPENCLAW_API_URL, token, settings.OPENCLAW_AGENT)
        tasks = await Tasks.open(
            gateway,
            deliveries,
            store,
            settings.database_url,
            bot=settings.BOT_NAME,
            limit=settings.OPENCLAW_TASK_TIMEOUT,
            most=settings.task_limits,
            operator=lambda kind, detail, call_id: recorder.event(call_id, kind, detail),
        )
        deep = cls(settings, deliveries, tasks, GatewayThinker(gateway, settings.BOT_NAME))
        deep._warming = asyncio.create_task(_warm_up(gateway, recorder), name="warm-up-openclaw")
        return deep

    def handoff(self, call_box: Toolbox) -> Handoff:
        """A call's part, the same one each time; the toolbox gets what the tools use of it."""
        call = call_box.call
        handoff = self._deliveries.of(call.id)
        if handoff is None:
            owner = call_box.owner
            caller = "" if owner == f"call:{call.id}" else owner  # nobody who could call again
            number = call_box.number if call_box.facts.sms else ""
            mine = self._tasks.of(call.id, caller, number) if self._tasks else None
            handoff = Handoff(call, caller, mine, self._thinker, self._settings.BOT_LANGUAGE)
            handoff.on_close = lambda: self._deliveries.leave(call.id)
            self._deliveries.join(handoff)
        call_box.tasks = handoff.brain
        return handoff

    async def close(self) -> None:
        """Close. The gateway's runs go on, and so do the tasks with the next process."""
        if self._warming:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        if self._tasks:
            await self._tasks.close()


def _anthropic(settings: Settings, clients: Clients) -> Thinker | None:
    if not settings.ANTHROPIC_API_KEY.get_secret_value():
        return None
    endpoint = Endpoint(
        "llm",
        "anthropic",
        settings.ANTHROPIC_BASE_URL,
        settings.ANTHROPIC_API_KEY,
        settings.ANTHROPIC_MODEL,
        "ANTHROPIC_API_KEY is set",
    )
    return AnthropicThinker(clients.anthropic(endpoint), endpoint.model, settings.BOT_NAME)


async def _warm_up(gateway: Gateway, recorder: Recorder) -> None:
    """The first run after the gateway's start takes 5 s longer: let it not be a caller's."""
    try:
        await gateway.warm_up()
    except ProviderError as error:
        logger.warning(f"OpenClaw is not there yet, tasks will wait for it: {error}")
        recorder.event(None, "openclaw away", str(error))
