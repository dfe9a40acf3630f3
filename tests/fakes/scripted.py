"""Pipecat services that follow a script: the STT, the LLM and the TTS of a mocked pipeline.

They send the frames that the real services send (segmented STT, streaming LLM, HTTP TTS, with
metrics), so aggregators, observers and transports behave as in a call. Delays are in seconds of
the loop's clock; with `virtual_time` they cost nothing.
"""

import asyncio
import io
import wave
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601

from tests.fakes import voice
from tests.fakes.faults import Fault
from tests.fakes.script import (
    Ask,
    Brain,
    CallTool,
    Emit,
    Line,
    Lines,
    Pause,
    Say,
    ScriptError,
    Together,
    chat,
    think,
    tokens,
)


class ScriptedSTT(SegmentedSTTService):
    """Gives each speech segment its transcript: the script's next line.

    `segments` are the seconds of audio of each segment (0.5 s of padding included).
    """

    def __init__(
        self,
        *lines: Line,
        delay: float = 0.05,
        p99: float = 0.5,
        hears: bool = False,
        **kwargs: Any,
    ) -> None:
        """Make the service.

        Args:
            lines: A text, None for a segment in which nothing was heard, an exception to fail.
            delay: Seconds from the segment's end to its transcript.
            p99: The latency that the service declares to the turn strategies, seconds.
            hears: Take no lines and read the words out of the audio (`voice.speak`) instead.
        """
        settings = STTSettings(model="scripted", language=None)
        super().__init__(settings=settings, ttfs_p99_latency=p99, **kwargs)
        self.script = Lines(lines, name="stt")
        self.delay, self.hears = delay, hears
        self.segments: list[float] = []

    def can_generate_metrics(self) -> bool:
        """Return True, as the real services do."""
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Yield the transcript of one segment (a WAV file), or nothing, or the error."""
        with wave.open(io.BytesIO(audio)) as file:
            rate, pcm = file.getframerate(), file.readframes(file.getnframes())
        self.segments.append(len(pcm) / rate / 2)
        await self.start_processing_metrics()
        await asyncio.sleep(self.delay)
        await self.stop_processing_metrics()
        try:
            line = voice.hear(pcm, rate) if self.hears else self.script()
        except ScriptError as error:
            line = error
        if isinstance(line, str) and line:
            yield TranscriptionFrame(line, self._user_id, time_now_iso8601())
        elif isinstance(line, Exception | Fault):
            yield ErrorFrame(error=f"Unknown error occurred: {line}")

    def assert_done(self) -> None:
        """Raise `ScriptError` if a line is left over or a segment was not expected."""
        if not self.hears:
            self.script.assert_done()


class ScriptedLLM(LLMService[Any]):
    """Answers each run by its script, token by token; tools are really run.

    `asks` are the requests; `cancelled` counts the answers that an interruption cut off.
    """

    def __init__(
        self,
        script: Brain,
        *,
        first_token: float = 0.1,
        token: float = 0.01,
        system_instruction: str = "",
        **kwargs: Any,
    ) -> None:
        """Make the service.

        Args:
            script: A `Script`, or any callable from `Ask` to what is emitted (a string, an
                emit, an exception to raise, or a list of those).
            first_token: Seconds to the first token.
            token: Seconds between tokens.
            system_instruction: The service's own system prompt.
        """
        super().__init__(settings=_llm_settings(system_instruction), **kwargs)
        self.script = script
        self.first_token, self.token = first_token, token
        self.asks: list[Ask] = []
        self.cancelled = 0
        self._calls = 0

    def can_generate_metrics(self) -> bool:
        """Return True, as the real services do."""
        return True

    async def run_inference(self, context: LLMContext, *args: Any, **kwargs: Any) -> str | None:
        """Answer out of band, at once: the text of what the script emits."""
        emits = await self._think(context)
        return "".join(emit.text for emit in emits if isinstance(emit, Say)) or None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context; pass everything else on."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self.start_processing_metrics()
            await self._answer(frame.context)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        except Exception as error:
            await self.push_error(error_msg=f"Error during completion: {error}", exception=error)
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())

    async def _think(self, context: LLMContext) -> list[Emit]:
        tools = getattr(context.tools, "standard_tools", [])
        system = str(self._settings.system_instruction or "")
        messages = [{"role": "system", "content": system}] if system else []
        ask = chat([*messages, *context.get_messages()], [tool.name for tool in tools], "scripted")
        self.asks.append(ask)
        return await think(self.script, ask)

    async def _answer(self, context: LLMContext) -> None:
        await self.start_ttfb_metrics()
        emits = await self._think(context)
        calls: list[CallTool] = []
        spoken = 0
        await asyncio.sleep(_first(emits, self.first_token))
        for emit in emits:
            match emit:
                case Say():
                    spoken += await self._say(emit)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case CallTool():
                    calls.append(emit)
                case Together(several):
                    calls.extend(several)
                case Exception():
                    raise emit
                case Fault():
                    raise TypeError("faults are for the vendors' stand-ins; emit an exception")
        asked = sum(len(tokens(message.text)) for message in self.asks[-1].messages)
        await self.start_llm_usage_metrics(
            LLMTokenUsage(
                prompt_tokens=asked, completion_tokens=spoken, total_tokens=asked + spoken
            )
        )
        if calls:
            await self.stop_ttfb_metrics()
            await self.run_function_calls([self._call(call, context) for call in calls])

    async def _say(self, say: Say) -> int:
        pieces = tokens(say.text)
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(self.token if say.token is None else say.token)
            await self.stop_ttfb_metrics()
            await self._push_llm_text(piece)
        return len(pieces)

    def _call(self, call: CallTool, context: LLMContext) -> FunctionCallFromLLM:
        self._calls += 1
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        return FunctionCallFromLLM(call.name, call.id or f"call_{self._calls}", arguments, context)

    def assert_done(self) -> None:
        """Raise `ScriptError` if a step was not used or a request was not expected."""
        if done := getattr(self.script, "assert_done", None):
            done()


class ScriptedTTS(TTSService):
    """Speaks every text as audio that carries it (`voice.speak`), as an HTTP service would.

    `texts` are the sentences asked for. `fail` is asked before each one; an exception that it
    returns happens instead of speech.
    """

    def __init__(
        self,
        *,
        delay: float = 0.05,
        char_seconds: float = voice.CHAR_SECONDS,
        sample_rate: int = 24000,
        fail: Callable[[str], Exception | None] = lambda text: None,
        **kwargs: Any,
    ) -> None:
        """Make the service.

        Args:
            delay: Seconds from a text to its first audio.
            char_seconds: Seconds of audio a character, at least 0.06 to stay readable.
            sample_rate: Of the audio, hertz.
            fail: Which text fails, and how.
        """
        super().__init__(
            sample_rate=sample_rate,
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model="scripted", voice="babble", language=None),
            **kwargs,
        )
        self.delay, self.char_seconds, self.fail = delay, char_seconds, fail
        self.texts: list[str] = []

    def can_generate_metrics(self) -> bool:
        """Return True, as the real services do."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """Yield the audio of `text` in chunks, or the error."""
        self.texts.append(text)
        await asyncio.sleep(self.delay)
        if error := self.fail(text):
            yield ErrorFrame(error=f"Unknown error occurred: {error}")
            return
        await self.start_tts_usage_metrics(text)
        spoken = f"{text.strip()} "  # the space keeps sentences apart for `hear`
        audio = voice.speak(spoken, self.sample_rate, self.char_seconds).tobytes()
        for place in range(0, len(audio), self.chunk_size):
            await self.stop_ttfb_metrics()
            chunk = audio[place : place + self.chunk_size]
            yield TTSAudioRawFrame(chunk, self.sample_rate, 1, context_id=context_id)


def _first(emits: Sequence[Emit], default: float) -> float:
    say = next((emit for emit in emits if isinstance(emit, Say)), None)
    return default if say is None or say.first is None else say.first


def _llm_settings(system_instruction: str) -> LLMSettings:
    return LLMSettings(
        model="scripted",
        system_instruction=system_instruction or None,
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
