"""Answers that are begun before the caller's turn is over, from the model's side.

The answer flows on to the voice at once, marked; `pipelines.speculation.Held` keeps it from the
caller. The tools that it calls wait until the turn is over, and run then. (Pipecat withdraws such
an answer, to be asked for anew; where that met the turn's end, nobody answered.) Whatever an answer
that was broken off had cost is counted, by estimate, for providers say so only at its end.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    SystemFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.turns.speculation_gate import SpeculationGate

from bot.frames import SPECULATIVE, AnswerWithdrawnFrame

CHARACTERS_PER_TOKEN = 4
"""Of English text, in OpenAI's tokenizers; other languages have fewer."""

if TYPE_CHECKING:
    _Base = LLMService[Any]
else:
    _Base = object


class _OpenGate(SpeculationGate):
    """Knows whether the present answer is speculative, and holds nothing."""

    def process(
        self, frame: Frame, direction: FrameDirection
    ) -> list[tuple[Frame, FrameDirection]]:
        """Take note of a frame and let it through."""
        if direction is FrameDirection.DOWNSTREAM and isinstance(frame, SystemFrame):
            if isinstance(frame, EagerEndOfTurnCancelFrame | InterruptionFrame):
                self._speculating = False
            elif isinstance(frame, UserStoppedSpeakingFrame):
                self._speculating, self._turn_ended = False, True
            elif isinstance(frame, UserStartedSpeakingFrame):
                self._turn_ended = False
        return [(frame, direction)]


class ThinksAhead(_Base):
    """Before an `LLMService` in a class's bases: lets speculative answers through, marked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._speculation_gate = _OpenGate(name=f"{self}::gate")
        self._asked: tuple[LLMContext, int] | None = None
        """What was asked and is not counted yet: the conversation, and its messages by then."""
        self._written_characters = 0
        self._turn_known = asyncio.Event()

    def turn_known(self) -> None:
        """The caller's turn is over and written down: what was called for it may run."""
        self._turn_known.set()

    async def run_function_calls(self, function_calls: Sequence[FunctionCallFromLLM]) -> None:
        """Run tools, those of a speculation once its turn is over.

        If it is withdrawn instead, whoever waits here is cancelled.
        """
        if function_calls:
            await self._turn_known.wait()
        await super().run_function_calls(function_calls)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note what is asked; count what was broken off."""
        if isinstance(frame, LLMContextFrame):
            self._asked = frame.context, len(frame.context.get_messages())
            self._written_characters = 0
        broken_off = isinstance(frame, InterruptionFrame) or (
            isinstance(frame, EagerEndOfTurnCancelFrame) and self._speculation_gate.is_speculating
        )
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            if self._speculation_gate.is_speculating:
                self._turn_known.clear()
            else:
                self._turn_known.set()
        if broken_off:  # after it, for some providers report what they have done until then
            await self._count_broken_off()

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Mark the beginning of a speculative answer, and the end of a withdrawn one."""
        if isinstance(frame, LLMFullResponseStartFrame) and self._speculation_gate.is_speculating:
            frame.metadata[SPECULATIVE] = True
        await super().push_frame(frame, direction)
        withdrawn = isinstance(frame, EagerEndOfTurnCancelFrame)
        if withdrawn and direction is FrameDirection.DOWNSTREAM:
            await super().push_frame(AnswerWithdrawnFrame())

    async def push_error_frame(self, error: ErrorFrame, *args: Any, **kwargs: Any) -> None:
        """Report an error; a request that failed has cost nothing."""
        self._asked = None
        await super().push_error_frame(error, *args, **kwargs)

    async def start_llm_usage_metrics(self, tokens: LLMTokenUsage) -> None:
        """Report tokens; the provider's own figure makes an estimate needless."""
        self._asked = None
        await super().start_llm_usage_metrics(tokens)

    async def _push_llm_text(self, text: str) -> None:
        self._written_characters += len(text)
        await super()._push_llm_text(text)

    async def _count_broken_off(self) -> None:
        if self._asked:
            characters = _characters(*self._asked) + len(self._settings.system_instruction or "")
            asked = characters // CHARACTERS_PER_TOKEN
            written = self._written_characters // CHARACTERS_PER_TOKEN
            await self.start_llm_usage_metrics(
                LLMTokenUsage(
                    prompt_tokens=asked, completion_tokens=written, total_tokens=asked + written
                )
            )


def _characters(context: LLMContext, messages: int) -> int:
    tools = getattr(context.tools, "standard_tools", [])
    written = (str(message) for message in context.get_messages()[:messages])
    return sum(map(len, written)) + sum(len(str(tool.to_default_dict())) for tool in tools)
