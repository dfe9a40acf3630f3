"""The processor where the language model goes: any `Model` in a Pipecat pipeline."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMContextSummaryRequestFrame,
    LLMContextSummaryResultFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMSummarizeContextFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage, MetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings
from pipecat.utils.errors import ErrorCategory

from bot.brain import summary
from bot.brain.model import Asked, Model, ToolCall, Usage, Words
from bot.brain.speculation import ThinksAhead
from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable

FUNCTION_CALL_SECONDS = 20.0
"""A tool that takes longer is given up, or the caller would wait in silence."""
MOST_CALLS = 12
"""Tool calls on one turn of the caller's; a model that wants more goes round in circles."""


class Brain(ThinksAhead, LLMService[Any]):
    """Speaks what a model answers, and has Pipecat run the tools it calls.

    Args:
        model: Whom to ask.
        system_prompt: The instructions.
        call_id: Whose conversation it is.
        summarises: Whether the beginning of a long conversation is summarised, between turns.
    """

    MISSING_FUNCTION_CALL_MESSAGE_TEMPLATE = (
        "Not done: there is no tool {function_name} on this call. Do without it, or tell the "
        "caller that you cannot do that."
    )

    def __init__(
        self, model: Model, system_prompt: str, *, call_id: str = "", summarises: bool = True
    ) -> None:
        super().__init__(
            function_call_timeout_secs=FUNCTION_CALL_SECONDS,
            settings=_settings(model.label, system_prompt),
        )
        self._asks = model
        self._call_id = call_id
        self._summarises = summarises
        self._not_before = 0.0
        self._paid = model.label

    def can_generate_metrics(self) -> bool:
        """It times its answers and counts their tokens."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a conversation; let everything else pass."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        called = True
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self.start_processing_metrics()
            called = await self._process_context(frame.context)
        except ProviderError as error:
            await self.push_error(str(error), exception=error, category=_category(error))
        except Exception as error:
            logger.exception("the brain broke")
            await self.push_error(
                f"the brain broke: {type(error).__name__}",
                exception=error,
                category=ErrorCategory.UNKNOWN,
            )
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())
        if not called and self._may_summarise() and summary.is_long(frame.context):
            # Behind the answer: it reaches the aggregator when that was heard.
            await self.push_frame(LLMSummarizeContextFrame())

    async def run_inference(
        self,
        context: LLMContext,
        max_tokens: int | None = None,
        system_instruction: str | None = None,
        response_schema: dict[str, Any] | None = None,
    ) -> str | None:
        """Answer out of band, in words; no schema is enforced.

        Raises:
            ProviderError: as `Model.answer`.
        """
        system = system_instruction or self._system()
        asked = Asked(context, system, self._call_id, most_tokens=max_tokens or 0)
        words: list[str] = []
        async with aclosing(self._asks.answer(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Words):
                    words.append(piece.text)
                elif isinstance(piece, Usage):
                    # Not by way of `ThinksAhead`: what a turn has cost is still open.
                    await LLMService.start_llm_usage_metrics(self, self._tokens(piece))
        return "".join(words).strip() or None

    async def _process_context(self, context: LLMContext) -> bool:
        """Speak the answer and start its tools; whether it has called any."""
        calls: list[ToolCall] = []
        begun = False
        await self.start_ttfb_metrics()
        asked = Asked(context, self._system(), self._call_id)
        async with aclosing(self._asks.answer(asked)) as pieces:
            async for piece in pieces:
                if not begun and isinstance(piece, Words | ToolCall):
                    begun = True
                    await self.stop_ttfb_metrics()
                if isinstance(piece, Words):
                    await self._push_llm_text(piece.text)
                elif isinstance(piece, ToolCall):
                    await self.stop_ttfat_metrics()
                    calls.append(piece)
                elif isinstance(piece, Usage):
                    await self.start_llm_usage_metrics(self._tokens(piece))
        await self.run_function_calls(
            [
                FunctionCallFromLLM(call.name, call.id, json.loads(call.arguments), context)
                for call in self._sensible(calls, context)
            ]
        )
        return bool(calls)

    def _may_summarise(self) -> bool:
        return self._summarises and time.monotonic() >= self._not_before

    def _system(self) -> str:
        return str(self._settings.system_instruction or "")

    def _tokens(self, usage: Usage) -> LLMTokenUsage:
        if usage.label != self._paid:
            self._paid = usage.label
            self.set_core_metrics_data(MetricsData(processor=self.name, model=usage.label))
        return LLMTokenUsage(
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            total_tokens=usage.prompt + usage.completion,
            cache_read_input_tokens=usage.cached,
        )

    def _sensible(self, calls: Sequence[ToolCall], context: LLMContext) -> Sequence[ToolCall]:
        """The calls that are worth an answer.

        A model that calls a tool which is not there is told so, once a turn. If nothing is left of
        its answer then, the caller is told that there is none (`Care.no_answer`).
        """
        before = _called_this_turn(context.get_messages())
        if len(before) + len(calls) > MOST_CALLS:
            logger.warning(f"{len(before) + len(calls)} tool calls on one turn: no more of them")
            return ()
        if all(map(self.has_function, before)):
            return calls
        return [call for call in calls if self.has_function(call.name)]

    async def _generate_summary_task(self, frame: LLMContextSummaryRequestFrame) -> None:
        """Summarise the beginning of the conversation; if it fails, nothing changes."""
        text, last, error = "", -1, None
        messages = list(frame.context.get_messages())
        first_kept = summary.kept_from(messages)
        try:
            if not first_kept:
                raise ProviderUnavailable("nothing can be left out yet")
            async with asyncio.timeout(summary.LIMIT_SECONDS):
                told = summary.transcript(messages[:first_kept])
                written = await self.run_inference(
                    LLMContext([{"role": "user", "content": told}]),
                    summary.MOST_TOKENS,
                    summary.PROMPT,
                )
            if not written:
                raise ProviderUnavailable("the summary is empty")
            text, last = summary.framed(written), first_kept - 1
        except Exception as problem:
            ours = isinstance(problem, ProviderError)
            error = str(problem) if ours else type(problem).__name__
            self._not_before = time.monotonic() + summary.PAUSE_SECONDS
            logger.warning(f"the conversation is not summarised: {error}")
        await self.broadcast_frame(
            LLMContextSummaryResultFrame,
            request_id=frame.request_id,
            summary=text,
            last_summarized_index=last,
            error=error,
        )
        self._summary_task = None


def _called_this_turn(messages: Sequence[Any]) -> list[str]:
    """The names of the tools that were called since something was said to the model."""
    names: list[str] = []
    for message in reversed(messages):
        get = getattr(message, "get", None)
        if get is None:
            continue
        if get("role") in ("user", "developer"):
            break
        names += [str(call["function"]["name"]) for call in get("tool_calls") or ()]
    return names


def _category(error: ProviderError) -> ErrorCategory:
    """As `pipelines.care` reads it: for the first two the call is given up."""
    if isinstance(error, ProviderDenied):
        return ErrorCategory.AUTHENTICATION
    if isinstance(error, ProviderRefused):
        return ErrorCategory.INVALID_REQUEST
    busy = isinstance(error, ProviderUnavailable) and error.retry_after > 0
    return ErrorCategory.RATE_LIMIT if busy else ErrorCategory.CONNECTIVITY


def _settings(label: str, system_prompt: str) -> LLMSettings:
    return LLMSettings(
        model=label,
        system_instruction=system_prompt or None,
        temperature=None,
        max_tokens=None,
        top_p=None,
        top_k=None,
        frequency_penalty=None,
        presence_penalty=None,
        seed=None,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
    )
