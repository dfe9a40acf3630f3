"""One answer of the model as it comes in: its pieces as the frames that a voice would send.

The model's transcript and its sound come side by side. Each spoken item is announced as a sentence
whose text grows; `pipelines.heard` spreads the words over the sound, and so knows what was heard.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    FunctionCallFromLLM,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.realtime.caller import API_HZ
from bot.realtime.link import Event

CHARACTERS_PER_SECOND = 15.0
"""Speech read aloud; for how far the sound of an answer that broke off can have come."""
BROKE_OFF = (
    "The connection broke while you were speaking. The caller has heard you as far as: “{text}”. "
    "Go on from exactly there, in the middle of the sentence if need be. Repeat nothing, and do "
    "not speak of it."
)


@dataclass
class Spoken:
    """An item that is spoken: its id at the API, the id of the frame that announced it, its words
    and bytes of sound so far."""

    item_id: str
    index: int
    frame_id: int
    text: str = ""
    made: int = 0
    over: bool = False

    @property
    def made_ms(self) -> int:
        """Sound so far, in milliseconds."""
        return self.made * 1000 // (API_HZ * 2)

    def audible(self) -> str:
        """The words that the sound so far can hold, up to a whole word."""
        reached = int(self.made / (API_HZ * 2) * CHARACTERS_PER_SECOND)
        if reached >= len(self.text):
            return self.text
        return self.text[: self.text.rfind(" ", 0, reached + 1) + 1].strip()


@dataclass(frozen=True)
class ToolAsked:
    """A tool that the answer calls."""

    call_id: str
    name: str
    arguments: dict[str, object]


@dataclass
class Answer:
    """One response of the API.

    Attributes:
        id: The response's, '' until it was created.
        spoken: Its spoken items, in order.
        written: What it wrote instead of saying it.
        tools: What it calls, complete.
        note: What the model was told of an earlier answer, which this one finishes.
    """

    id: str = ""
    spoken: list[Spoken] = field(default_factory=list)
    written: str = ""
    tools: list[ToolAsked] = field(default_factory=list)
    note: str = ""
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def begun(self) -> bool:
        """Whether any of it went to the caller."""
        return bool(self.spoken)

    @property
    def empty(self) -> bool:
        """Whether nothing of any kind came."""
        return not (self.spoken or self.written or self.tools)

    def calls(self, context: LLMContext) -> list[FunctionCallFromLLM]:
        """What it calls, for Pipecat."""
        return [FunctionCallFromLLM(t.name, t.call_id, t.arguments, context) for t in self.tools]

    def called(self, item: Event) -> None:
        """An item was announced; a tool's name comes before its arguments."""
        if item.get("type") == "function_call":
            self._names[str(item.get("call_id"))] = str(item.get("name"))

    def arguments(self, event: Event) -> None:
        """A tool's arguments are complete; such as do not parse are {} and found wanting later."""
        call_id = str(event.get("call_id"))
        try:
            given = json.loads(event.get("arguments") or "{}")
        except (TypeError, ValueError):
            given = {}
        name = self._names.get(call_id) or str(event.get("name") or "")
        if name and all(call_id != tool.call_id for tool in self.tools):
            self.tools.append(ToolAsked(call_id, name, given if isinstance(given, dict) else {}))

    def spoke(self, event: Event) -> list[Frame]:
        """A piece of what is said."""
        sound = event["type"] == "response.output_audio.delta"
        return self.sound(event) if sound else self.words(event)

    def words(self, event: Event) -> list[Frame]:
        """A piece of what is said, as text."""
        delta = str(event.get("delta") or "")
        frames, item = self._item(event)
        item.text += delta
        return [*frames, _text(delta)]

    def sound(self, event: Event) -> list[Frame]:
        """A piece of what is said, as sound; one that is no base64 is left out."""
        try:
            audio = base64.b64decode(str(event.get("delta") or ""), validate=True)
        except (binascii.Error, ValueError):
            return []
        if not audio or len(audio) % 2:
            return []
        frames, item = self._item(event)
        item.made += len(audio)
        return [*frames, TTSAudioRawFrame(audio, API_HZ, 1, context_id=self.id)]

    def go_on(self) -> str:
        """What the model is told that is to finish this answer, which has broken off; of one that
        was to finish another, what this one was told."""
        if not self.begun:
            return self.note
        return BROKE_OFF.format(text=" ".join(item.text for item in self.spoken))

    def end(self, *, broken: bool = False) -> list[Frame]:
        """Nothing more comes.

        Args:
            broken: It broke off: only words that the sound can hold count.
        """
        if not self.spoken:
            return []
        last = self.spoken[-1]
        if broken:
            last.text = last.audible()
        return [*_finish(last, self.id), TTSStoppedFrame(context_id=self.id), _end()]

    def _item(self, event: Event) -> tuple[list[Frame], Spoken]:
        item_id = str(event.get("item_id"))
        if self.spoken and self.spoken[-1].item_id == item_id:
            return [], self.spoken[-1]
        frames: list[Frame] = []
        if self.spoken:
            frames += _finish(self.spoken[-1], self.id)
        else:
            frames += [LLMFullResponseStartFrame(), TTSStartedFrame(context_id=self.id)]
        announced = AggregatedTextFrame("", "sentence", context_id=self.id)
        announced.append_to_context, announced.will_be_spoken = False, True
        index = event.get("content_index")
        item = Spoken(item_id, index if isinstance(index, int) else 0, announced.id)
        self.spoken.append(item)
        return [*frames, announced, _text("")], item


def _finish(item: Spoken, context_id: str) -> list[Frame]:
    if item.over:
        return []
    item.over = True
    said = TTSTextFrame(item.text, "sentence", context_id=context_id, segment_id=item.frame_id)
    return [said]


def _text(delta: str) -> LLMTextFrame:
    frame = LLMTextFrame(delta)
    frame.append_to_context, frame.includes_inter_frame_spaces = False, True
    return frame


def _end() -> LLMFullResponseEndFrame:
    return LLMFullResponseEndFrame()
