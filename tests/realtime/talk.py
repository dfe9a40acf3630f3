"""A whole call on the Realtime stand-in: real websocket, real phone transport, virtual time."""

import asyncio
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from bot.call import Call
from bot.failover.breaker import Breaker
from bot.failover.breakers import Breakers
from bot.providers import Endpoint
from bot.realtime.probe import session_begins
from bot.realtime.service import RealtimeLLM
from bot.realtime.setup import Persona
from bot.settings import Settings
from pipelines import cascade, realtime
from pipelines.conversation import Conversation
from pipelines.parts import PHONE_HZ, ROOM_IN_HZ, Carried, Parts
from pipelines.ways import Way
from tests.fakes.openai_realtime import KEY, RealtimeApi
from tests.fakes.scripted import ScriptedLLM
from tests.pipelines.talk import SENTENCES, Ears, Mind, Talk, Voice
from tools.catalog import Catalogue
from tools.toolbox import Toolbox

PROMPT = "You are Tandem."
RECOVERED = "Back again."


class RealtimeTalk(Talk):
    """One call that begins in Realtime, with a scripted cascade behind it. Whoever lets it run on
    after the call closes `breakers`.

    Args:
        api: The stand-in.
        script: What the cascade's model says, if it comes to that.
        modes: The call's mode, and that which goes on in its place.
    """

    def __init__(
        self,
        api: RealtimeApi,
        script: Any = None,
        *,
        modes: tuple[str, ...] = ("realtime", "cascade"),
        key: str = KEY,
        **kwargs: Any,
    ) -> None:
        super().__init__(script or (lambda _: "The other one speaks."), **kwargs)
        self.api, self.modes, self.key = api, modes, key
        self.minds: list[ScriptedLLM] = []
        self.talks: list[Conversation] = []
        settings = Settings.load(None)
        self.box = Toolbox(self.call, settings, None, None)  # type: ignore[arg-type]
        self.catalogue = Catalogue.for_call(self.box.facts)
        self.breakers = Breakers(clock=lambda: asyncio.get_running_loop().time())

    def parts(self, call: Call) -> Parts:
        """Fresh services, as `Resources` gives them."""
        self.stt, self.llm, self.tts = self._stt(), Mind(self.llm.script), Voice()
        self.minds.append(self.llm)
        made = super().parts(call)
        return replace(
            made,
            toolbox=self.box,
            catalogue=self.catalogue,
            sentences=replace(SENTENCES, recovered=RECOVERED),
        )

    def _stt(self) -> Any:
        return Ears(hears=True)

    def ways(self, call: Call) -> list[Way]:
        """The modes as `Resources.ways` gives them."""
        return [Way(mode, self._builder(mode, call)) for mode in self.modes]

    def _builder(self, mode: str, call: Call) -> Any:
        def build(transport: Any, carried: Carried | None) -> Conversation:
            parts = self.parts(call)
            notes: Any = self.notes
            if mode == "cascade":
                talk = cascade.build(call, transport, parts, notes, carried)
            else:
                talk = realtime.build(call, transport, parts, notes, self.model(), carried)
            self.talks.append(talk)
            return talk

        return build

    @property
    def endpoint(self) -> Endpoint:
        """The Realtime API."""
        key = SecretStr(self.key)
        return Endpoint("realtime", "openai", self.api.url, key, "gpt-realtime", "a test")

    @property
    def breaker(self) -> Breaker:
        """Of the Realtime API."""
        return self.breakers.of(self.endpoint)

    def model(self) -> RealtimeLLM:
        """The Realtime model on the stand-in."""
        rate = PHONE_HZ if self.call.channel == "phone" else ROOM_IN_HZ
        persona = Persona(PROMPT, "marin", "en", "whisper-1")
        self.breaker.probe = session_begins(self.endpoint)
        return RealtimeLLM(self.endpoint, persona, rate, self.breaker)


def sent(api: RealtimeApi, kind: str) -> list[dict[str, Any]]:
    """The events of one type that the API was sent, over all connections."""
    return [event for session in api.sessions for event in session.record.of(kind)]
