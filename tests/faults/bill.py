"""What a call has used, as the services report it, against what the vendors have served."""

from collections.abc import Iterable
from typing import Any

from pipelines.parts import Parts
from tests.fakes.anthropic_api import AnthropicApi, MessagesRequest
from tests.fakes.assemblyai_api import SyncRequest
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest, SpeechRequest, TranscriptionRequest, usage
from tests.fakes.script import tokens
from tests.fakes.server import StandIn

HERTZ = 8000
TRIED_WITH = "Answer with one word."
"""System prompt of `bot.failover.probe`: such questions belong to no call."""


class Bill:
    """Follows the services of a call: tokens by model, characters spoken, seconds heard."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.characters = 0
        self.seconds = 0.0

    def follow(self, parts: Parts) -> None:
        """Note what these services report."""
        llm: Any = parts.llm
        tts: Any = parts.tts
        stt: Any = parts.stt
        tell_llm, tell_tts = llm.start_llm_usage_metrics, tts.start_tts_usage_metrics
        tell_stt = stt._record_stt_audio_usage

        async def thought(used: Any) -> None:
            self.asked.append(used.prompt_tokens)
            await tell_llm(used)

        async def spoke(text: str) -> None:
            self.characters += len(text)
            await tell_tts(text)

        def heard(pcm: bytes) -> None:
            self.seconds += len(pcm) / 2 / HERTZ
            tell_stt(pcm)

        llm.start_llm_usage_metrics, tts.start_tts_usage_metrics = thought, spoke
        stt._record_stt_audio_usage = heard

    def wrong(self, standins: Iterable[StandIn]) -> list[str]:
        """What does not agree with the vendors' own records."""
        problems, standins = [], list(standins)
        served, open_ends = _tokens(standins)
        reported = list(self.asked)
        for number in served:
            if number in reported:
                reported.remove(number)
            else:
                problems.append(f"an answer of {number} tokens asked is not on the bill")
        if len(reported) > open_ends:
            problems.append(f"{len(reported)} answers on the bill that nobody gave")
        asked_to_speak = _characters(standins)
        if self.characters > asked_to_speak:
            problems.append(f"{self.characters} characters billed, {asked_to_speak} asked for")
        given = _seconds(standins)
        if self.seconds > given + 0.01:
            problems.append(f"{self.seconds:.1f} s of hearing billed, {given:.1f} s given")
        return problems


def _tokens(standins: list[StandIn]) -> tuple[list[int], int]:
    """Prompt tokens of every answer that was given whole, and how many were begun and not."""
    whole: list[int] = []
    begun = 0
    for standin in standins:
        requests: list[Any] = []
        if isinstance(standin, OpenAIApi):
            requests = list(standin.of(ChatRequest))
        elif isinstance(standin, AnthropicApi):
            requests = list(standin.of(MessagesRequest))
        for request in requests:
            if request.ask.system == TRIED_WITH:
                continue  # the house tries an open breaker's provider
            if request.outcome != "served":
                begun += request.outcome in ("cancelled", "faulted", "open")
            elif isinstance(request, ChatRequest):
                whole.append(usage(request, [])["prompt_tokens"])
            else:
                whole.append(sum(len(tokens(m.text)) + 4 for m in request.ask.messages))
    return whole, begun


def _characters(standins: list[StandIn]) -> int:
    total = 0
    for standin in standins:
        for request in standin.requests:
            if isinstance(request, SpeechRequest):
                total += len(request.text)
            elif hasattr(request, "voice") and hasattr(request, "body"):
                total += len(str(request.body.get("text", "")))
    return total


def _seconds(standins: list[StandIn]) -> float:
    total = 0.0
    for standin in standins:
        for request in standin.requests:
            if isinstance(request, SyncRequest | TranscriptionRequest):
                total += len(request.audio) / 2 / request.rate if request.rate else 0.0
    return total
