"""OpenAI's Realtime model as a Pipecat service: hears the caller's turns, answers when asked.

It stands where a cascade has STT, language model and voice, and sends the same frames: a transcript
for each stretch of speech, an answer's words and sound, tool calls. So turn taking, tools, the
accounting of what was heard and the records are the house's own in both modes.
"""

from collections.abc import Iterable
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection

from bot.brain.brain import FUNCTION_CALL_SECONDS
from bot.errors import ProviderError, ProviderUnavailable
from bot.failover.breaker import Breaker
from bot.providers import Endpoint
from bot.realtime.answer import Answer
from bot.realtime.base import HouseTurns
from bot.realtime.ledger import HeardMs, Ledger
from bot.realtime.link import Event
from bot.realtime.listening import Listening
from bot.realtime.refusal import refusal, verdict
from bot.realtime.session import Session
from bot.realtime.setup import Persona
from bot.realtime.usage import tokens
from bot.realtime.watch import Watch


class RealtimeLLM(HouseTurns):
    """One call's speech-to-speech model.

    Events: `on_speech(llm)` when an answer begins to sound; `on_written(llm, text)` when the model
    wrote an answer instead of saying it; `on_reconnecting(llm, why, waited_for)` when the
    connection is lost, and whether the caller waits for an answer. A model that is lost for good
    is no longer usable, and says so in an error frame.

    Attributes:
        listening: Takes the caller's audio (`listening.hear`).

    Args:
        endpoint: Where the API is, and the model's name.
        persona: Who the model is.
        rate: Hertz of the caller's audio.
        breaker: The endpoint's; None makes one for this call alone.
    """

    def __init__(
        self, endpoint: Endpoint, persona: Persona, rate: int, breaker: Breaker | None = None
    ) -> None:
        super().__init__(
            api_key=endpoint.api_key.get_secret_value(),
            base_url=endpoint.base_url,
            function_call_timeout_secs=FUNCTION_CALL_SECONDS,
            settings=self.Settings(model=endpoint.model, system_instruction=persona.prompt),
        )
        self._session = Session(endpoint, self, breaker or Breaker(endpoint.label))
        self._ledger = Ledger(persona, self._session.send)
        self.listening = Listening(rate, self._session.send, self._transcribed)
        self._watch = Watch(self._session.lose)
        self._answer: Answer | None = None
        self._number = self._failures = 0
        self._owed, self._note = False, ""
        for event in ("on_speech", "on_written", "on_reconnecting"):
            self._register_event_handler(event)

    def attend(self, context: LLMContext, heard_ms: HeardMs) -> None:
        """Attend a conversation, before it runs; `heard_ms` says what was heard of it."""
        self._ledger.context, self._ledger.heard_ms = context, heard_ms

    # -- frames

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Hear and answer; everything else passes."""
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self.listening.begins(frame.timestamp)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            if self._session.ready:
                self._ledger.tell_news()
            self.listening.ends()
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self._session.open()
            self._watch.start()

    def broke_off(self) -> bool:
        """Whether an answer is owed that could not be finished."""
        return self._owed and bool(self._note)

    async def _disconnect(self) -> None:
        self._watch.stop()
        self.listening.close()
        self._free.set()
        self._mouth.shut_up()
        await self._session.close()
        await self.stop_all_metrics()  # type: ignore[no-untyped-call]

    async def _ws_send(self, realtime_message: Any) -> None:
        self._session.send(realtime_message)

    async def _send_tool_result(self, tool_call_id: str, result: str | None) -> None:
        if self._session.ready:  # else the next connection finds it in the context
            self._ledger.history.running.discard(tool_call_id)
            await super()._send_tool_result(tool_call_id, result)

    async def _handle_context(self, context: LLMContext, direction: FrameDirection) -> None:
        self._context = self._ledger.context = context
        self.listening.forget_turn()
        self._failures, self._note = 0, ""
        await self._ask()

    async def _handle_interruption(self) -> None:
        self._owed, self._note = False, ""
        self._mouth.shut_up()
        answer = self._rest()
        if answer:
            if answer.id:  # else as soon as it is created
                self._session.send({"type": "response.cancel", "response_id": answer.id})
            self._ledger.said(answer)
        self._ledger.interrupted()
        await self.stop_all_metrics()  # type: ignore[no-untyped-call]

    def _rest(self) -> Answer | None:
        """No answer is being made any more; returns the one that was."""
        answer, self._answer = self._answer, None
        self._free.set()
        self._watch.rest()
        return answer

    # -- asking

    async def _ask(self) -> None:
        """Ask for an answer to the conversation as it stands, as soon as that is possible."""
        self._owed = not self._session.ready or self._answer is not None
        if self._owed:
            return
        self._number += 1
        self._answer = Answer(note=self._note)
        self._note = ""
        self._ledger.ask(self._number, self._answer.note)
        self._session.asked()
        self._watch.asked()
        await self.start_processing_metrics()
        await self.start_ttfb_metrics()

    # -- the session

    def configuration(self) -> Event:
        """The first event of a connection."""
        return self._ledger.configuration()

    def restoration(self) -> Iterable[Event]:
        """The conversation, and what the caller has just said."""
        yield from self._ledger.restoration()
        self._open_function_calls = set(self._ledger.history.running)
        yield from self.listening.again()

    async def on_broken(self, why: str) -> None:
        """The connection is lost: what it was saying ends here."""
        answer = self._rest()
        if answer is not None:
            self._owed = True
            await self._break_off(answer)
        await self._call_event_handler("on_reconnecting", why, self._owed)

    async def _break_off(self, answer: Answer) -> None:
        frames = answer.end(broken=True)
        self._note = answer.go_on()
        await self._mouth.say(frames)

    async def on_ready(self) -> None:
        """The connection knows the conversation: go on."""
        if self._owed:
            await self._ask()

    async def on_gone(self, error: ProviderError) -> None:
        """There is no connection to be had: somebody else must hold the conversation."""
        await self.push_error(str(error), exception=error, force_treat_as_permanent=True)

    async def on_event(self, event: Event) -> None:
        """Take an event of the server."""
        self._watch.alive()
        match event["type"]:
            case "response.output_audio.delta" | "response.output_audio_transcript.delta":
                await self._spoken(event)
            case "response.output_text.delta":
                if answer := self._of(event):
                    answer.written += str(event.get("delta") or "")
            case "conversation.item.added" | "response.output_item.added":
                if self._answer:
                    self._answer.called(event.get("item") or {})
            case "response.function_call_arguments.done":
                if answer := self._of(event):
                    answer.arguments(event)
            case "response.created":
                self._created(event.get("response") or {})
            case "response.done":
                await self._done(event.get("response") or {})
            case "error":
                await self._error(event)
            case _:
                await self.listening.on_event(event)

    # -- answers

    def _of(self, event: Event) -> Answer | None:
        """The answer that an event belongs to, unless it is not wanted any more."""
        answer = self._answer
        return answer if answer and answer.id and event.get("response_id") == answer.id else None

    def _created(self, response: Event) -> None:
        number = (response.get("metadata") or {}).get("ask")
        ours = number is None or number == str(self._number)
        if self._answer and not self._answer.id and ours:
            self._answer.id = str(response.get("id"))
            self._results_awaiting_response = False
            self._watch.created()
        else:
            self._session.send({"type": "response.cancel", "response_id": response.get("id")})

    async def _spoken(self, event: Event) -> None:
        answer = self._of(event)
        if answer is None:
            return
        begins, items = not answer.begun, len(answer.spoken)
        frames = answer.spoke(event)
        if len(answer.spoken) > items:
            self._ledger.speaks(answer.spoken[-1])
        if begins and frames:
            self._session.answered()
            self._watch.speaking()
            self._free.clear()
            await self.stop_ttfb_metrics()
            await self._call_event_handler("on_speech")
        await self._mouth.say(frames)

    async def _done(self, response: Event) -> None:
        if used := tokens(response.get("usage")):
            await self.start_llm_usage_metrics(used)
        answer = self._answer
        if answer is None or answer.id != response.get("id"):
            return
        await self.stop_processing_metrics()
        self._rest()
        if response.get("status") == "failed":
            await self._failed(answer, response.get("status_details") or {})
            return
        self._failures = 0
        self._ledger.said(answer)
        await self._finish(answer)
        if self._owed:
            await self._ask()

    async def _finish(self, answer: Answer) -> None:
        await self._mouth.say(answer.end())
        if answer.tools:
            self._open_function_calls |= self._ledger.called(answer)
            await self.run_function_calls(answer.calls(self._ledger.context))
        elif answer.empty:  # nothing to say: whoever cares for the caller is to know
            await self._mouth.say([LLMFullResponseStartFrame(), LLMFullResponseEndFrame()])
        elif answer.written and not answer.begun:
            await self._call_event_handler("on_written", answer.written)

    async def _failed(self, answer: Answer, details: Event) -> None:
        """Ask once more; the second failure in a turn is for somebody else to mend."""
        error = refusal(details)
        self._session.blame(error)
        self._failures += 1
        logger.warning(f"Realtime: an answer failed: {error}")
        await self._break_off(answer)
        self._ledger.said(answer)
        if isinstance(error, ProviderUnavailable) and self._failures == 1:
            await self._ask()
        else:
            await self.on_gone(error)

    async def _error(self, event: Event) -> None:
        match verdict(event, asked=self._answer is not None and not self._answer.id):
            case "unheard":
                await self.listening.refused()
            case "busy":
                self._owed, self._answer = self._answer is not None, None
            case why if why:
                self._session.lose(why, refusal(event))

    async def _transcribed(self, frame: TranscriptionFrame) -> None:
        self._ledger.history.heard(frame.text)
        await self.push_frame(frame, FrameDirection.UPSTREAM)
