"""A whole call on scripted services: the real cascade, the real phone transport, virtual time."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from bot import converse
from bot.brain.speculation import ThinksAhead
from bot.call import Call
from bot.speech.ahead import SpeaksAhead
from bot.speech.segments import Segments
from bot.telephony.stream import MediaStream
from bot.telephony.transport import PhoneTransport
from pipelines import cascade
from pipelines.conversation import Conversation
from pipelines.parts import Carried, Parts
from pipelines.prompts import Sentences
from pipelines.ways import Way
from tests.fakes.phoneline import PhoneLine, Utterance
from tests.fakes.script import Brain, Line
from tests.fakes.scripted import ScriptedLLM, ScriptedSTT, ScriptedTTS
from tests.fakes.turns import ScriptedDetector, ScriptedTurn

SENTENCES = Sentences(
    greeting="Hello there.",
    are_you_there="Still there?",
    silence_goodbye="Too quiet, bye.",
    hold_on="One moment.",
    let_me_see="Let me see.",
    not_heard="Say again?",
    no_answer="No idea, ask again.",
    broken="We are broken, bye.",
    stopping="We stop, bye.",
)


class Ears(Segments, ScriptedSTT):
    """A scripted STT that takes its segments from the ear, as Tandem's services do."""


class Mind(ThinksAhead, ScriptedLLM):
    """A scripted model whose speculative answers flow on."""


class Voice(SpeaksAhead, ScriptedTTS):
    """A scripted voice that speaks a speculative answer's first piece."""


@dataclass
class Notes:
    """A recorder that keeps everything in lists."""

    utterances: list[dict[str, Any]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    stages: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    providers: dict[str, str] = field(default_factory=dict)

    def call_started(self, call: Call, providers: dict[str, str]) -> None:
        self.providers = dict(providers)

    def call_state(self, call: Call) -> None:
        self.states.append(str(call.state))

    def turn_started(self, call_id: str, number: int, at: Any = None) -> None:
        self.turns.append(number)

    def utterance(self, call_id: str, **what: Any) -> None:
        self.utterances.append(what)

    def turn_stages(self, call_id: str, number: int, stages: dict[str, float]) -> None:
        self.stages.append((number, dict(stages)))

    def event(self, call_id: str | None, kind: str, detail: str) -> None:
        self.events.append((kind, detail))

    def said(self, speaker: str) -> list[str]:
        """What one side said, in order."""
        return [u["text"] for u in self.utterances if u["speaker"] == speaker]


class Talk:
    """One call: script the services, fill the caller's timetable (`line`), then `run`.

    Args:
        script: The model's script.
        lines: What the STT makes of each speech segment; without any it reads the audio.
        verdicts: For each pause how sure the turn model is (0 to 1) that the caller has finished.
        silence: Seconds until the caller is asked, and until the goodbye.
    """

    def __init__(
        self,
        script: Brain,
        *lines: Line,
        verdicts: tuple[float, ...] = (),
        silence: tuple[float, float] = (30.0, 30.0),
        stt: dict[str, Any] | None = None,
        llm: dict[str, Any] | None = None,
        tts: dict[str, Any] | None = None,
        ears: type[Ears] = Ears,
        speculates: bool = True,
    ) -> None:
        self.line = PhoneLine()
        self.stt = ears(*lines, hears=not lines, **(stt or {}))
        self.llm = Mind(script, **(llm or {}))
        self.tts = Voice(**(tts or {}))
        self.notes = Notes()
        self.call = Call(channel="phone", caller="+15550001111", provider_call_id="CA1")
        self.sentences, self.recorder = SENTENCES, self.notes
        self.turn_model = ScriptedTurn(verdicts)
        self.sweeper = SimpleNamespace(soon=lambda: None)
        self._silence, self._speculates = silence, speculates
        self.stream: MediaStream | None = None

    # what `converse` wants of Resources

    def register(self, call: Call) -> None:
        call.on_state = self.notes.call_state
        self.notes.call_started(call, {})

    def parts(self, _: Call) -> Parts:
        return Parts(
            stt=self.stt,
            llm=self.llm,
            tts=self.tts,
            detector=ScriptedDetector,
            turn=self.turn_model,
            sentences=SENTENCES,
            language="en",
            speculates=self._speculates,
            silence_seconds=self._silence,
        )

    def ways(self, call: Call) -> list[Way]:
        def build(transport: Any, carried: Carried | None) -> Conversation:
            return cascade.build(call, transport, self.parts(call), self.notes, carried)  # type: ignore[arg-type]

        return [Way("cascade", build)]

    async def run(self, until: float) -> list[Utterance]:
        """Live through the call and return what the caller heard."""
        line = asyncio.create_task(self.line.run(until))
        self.stream = MediaStream(self.line.websocket, lambda _: None)  # type: ignore[arg-type]
        await self.stream.opened()
        reader = asyncio.create_task(self.stream.read())
        await converse(self.call, PhoneTransport(self.stream), self)
        await self.stream.playout.drained()
        await self.stream.close()
        self.line.end()
        await asyncio.gather(line, reader)
        self.llm.assert_done()
        self.stt.assert_done()
        return self.line.utterances()
