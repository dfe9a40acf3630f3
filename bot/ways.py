"""How a call is held, and how it goes on if that breaks: its modes, as builders."""

from collections.abc import Callable

from pipecat.transports.base_transport import BaseTransport

from bot.brain.prompts import system_prompt
from bot.call import Call
from bot.failover.breakers import Breakers
from bot.modes.desk import Pinned
from bot.modes.mode import Mode
from bot.providers import Endpoint, Plan
from bot.realtime.probe import session_begins
from bot.realtime.service import RealtimeLLM
from bot.realtime.setup import Persona, voice_of
from bot.settings import Settings
from bot.store.recorder import Recorder
from pipelines import cascade, realtime
from pipelines.conversation import Conversation
from pipelines.parts import PHONE_HZ, ROOM_IN_HZ, Carried, Parts
from pipelines.ways import Way

MakeParts = Callable[[Call, Plan | None], Parts]
"""The parts of a call's pipeline; without a plan, those of the plan that was pinned for it."""


def ways(
    call: Call, pinned: Pinned, parts: MakeParts, recorder: Recorder, breakers: Breakers
) -> list[Way]:
    """The call's own mode, then the one that goes on in its place.

    A mode that is the same a second time is not offered: it would break again.
    """
    modes = [pinned.mode]
    if pinned.fallback and pinned.fallback.name != pinned.mode.name:
        modes.append(pinned.fallback)
    return [_way(mode, call, pinned, parts, recorder, breakers) for mode in modes]


def _way(
    mode: Mode,
    call: Call,
    pinned: Pinned,
    parts: MakeParts,
    recorder: Recorder,
    breakers: Breakers,
) -> Way:
    def build(transport: BaseTransport, carried: Carried | None) -> Conversation:
        made = parts(call, mode.plan)
        if mode.realtime is None:
            return cascade.build(call, transport, made, recorder, carried)
        rate = PHONE_HZ if call.channel == "phone" else ROOM_IN_HZ
        llm = realtime_llm(mode.realtime, pinned.settings, made, rate, breakers)
        return realtime.build(call, transport, made, recorder, llm, carried)

    return Way(mode.name, build)


def realtime_llm(
    endpoint: Endpoint, settings: Settings, parts: Parts, rate: int, breakers: Breakers
) -> RealtimeLLM:
    """The Realtime model of one call.

    Args:
        endpoint: The API's address (`wss://…/v1/realtime`), key and model.
        settings: The call's.
        parts: Of the call; its tools are told of in the prompt.
        rate: Hertz of the caller's audio.
        breakers: The process's.
    """
    prompt = system_prompt(settings)
    if parts.catalogue:
        prompt = f"{prompt}\n{parts.catalogue.prompt()}"
    persona = Persona(
        prompt=prompt,
        voice=voice_of(settings.OPENAI_TTS_VOICE),
        language=settings.BOT_LANGUAGE,
        transcription=settings.OPENAI_STT_MODEL,
    )
    breaker = breakers.of(endpoint)
    breaker.probe = breaker.probe or session_begins(endpoint)
    return RealtimeLLM(endpoint, persona, rate, breaker)
