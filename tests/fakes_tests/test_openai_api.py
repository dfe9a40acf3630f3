"""The stand-in for OpenAI, through the real SDK and through Pipecat's services."""

import asyncio
import io
import sys
import wave
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pipecat.frames.frames import (
    LLMContextFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.tests.utils import run_test

from tests.fakes import faults, voice
from tests.fakes.faults import Fault
from tests.fakes.openai_api import Delays, OpenAIApi
from tests.fakes.openai_wire import ChatRequest, SpeechRequest, TranscriptionRequest
from tests.fakes.script import CallTool, Expect, Script, ScriptError, Together

HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture
async def client(openai_api: OpenAIApi) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        api_key="sk-test", base_url=openai_api.url, max_retries=0, timeout=30
    ) as client:
        yield client


def wav(text: str, rate: int = 16000) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(voice.speak(text, rate).tobytes())
    file.name = "speech.wav"
    file.seek(0)
    return file


async def stream(client: AsyncOpenAI, **kwargs: Any) -> list[Any]:
    kwargs = {"model": "gpt-4o-mini", "messages": HELLO, "stream": True} | kwargs
    return [chunk async for chunk in await client.chat.completions.create(**kwargs)]


async def test_a_streamed_answer_and_its_usage(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.replies.append("Good morning, caller.")
    chunks = await stream(client, stream_options={"include_usage": True})
    assert chunks[0].choices[0].delta.role == "assistant"
    texts = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(texts) == "Good morning, caller."
    assert len(texts) > 4
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 5
    (request,) = openai_api.of(ChatRequest)
    assert request.ask.user == "Hello"
    assert request.headers["Authorization"] == "Bearer sk-test"
    assert request.outcome == "served"


async def test_an_answer_in_one_piece(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.brain = lambda ask: f"{ask.system} heard {ask.user}"
    answer = await client.chat.completions.create(
        model="m", messages=[{"role": "system", "content": "I"}, *HELLO]
    )
    assert answer.choices[0].message.content == "I heard Hello"
    assert answer.usage
    assert answer.usage.total_tokens > 0


async def test_tool_calls_come_in_fragments(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.replies.append(
        [CallTool("weather", {"city": "Graz"}), CallTool("clock", {}, id="call_b")]
    )
    chunks = await stream(client)
    deltas = [c.choices[0].delta.tool_calls[0] for c in chunks if c.choices[0].delta.tool_calls]
    assert [d.function.name for d in deltas if d.function.name] == ["weather", "clock"]
    arguments = [d.function.arguments for d in deltas if d.index == 0]
    assert arguments[0] == ""
    assert len(arguments) > 3
    assert "".join(arguments) == '{"city": "Graz"}'
    assert [d.id for d in deltas if d.id][1] == "call_b"
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_two_calls_in_one_delta(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.replies.append(Together((CallTool("a"), CallTool("b"))))
    chunks = await stream(client)
    (delta,) = [c.choices[0].delta for c in chunks if c.choices[0].delta.tool_calls]
    assert [(call.index, call.function.name) for call in delta.tool_calls] == [(0, "a"), (1, "b")]


async def test_a_transcript_is_scripted_or_heard(
    openai_api: OpenAIApi, client: AsyncOpenAI
) -> None:
    openai_api.transcripts.append("from the queue")
    create = client.audio.transcriptions.create
    assert (await create(model="whisper-1", file=wav("x"))).text == "from the queue"
    heard = await create(model="whisper-1", file=wav("What time is it?"), language="en")
    assert heard.text == "What time is it?"
    request = openai_api.of(TranscriptionRequest)[1]
    assert request.fields["language"] == "en"
    assert request.seconds == pytest.approx(16 * 0.06, abs=0.01)
    events = [
        event
        async for event in await create(
            model="gpt-4o-mini-transcribe", file=wav("One two three"), stream=True
        )
    ]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "One two three"
    assert "".join(e.delta for e in events[:-1] if e.type == "transcript.text.delta")
    with pytest.raises(openai.BadRequestError):
        await create(model="whisper-1", file=("a.wav", b"no sound"))


async def test_speech_carries_its_text_in_odd_chunks(
    openai_api: OpenAIApi, client: AsyncOpenAI
) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="Good evening.", response_format="pcm"
    ) as response:
        chunks = [chunk async for chunk in response.iter_bytes()]
    assert any(len(chunk) % 2 for chunk in chunks)
    assert voice.hear(b"".join(chunks), 24000).strip() == "Good evening."
    assert openai_api.of(SpeechRequest)[0].text == "Good evening."
    with pytest.raises(openai.BadRequestError):
        await client.audio.speech.create(
            model="tts-1", voice="alloy", input="x" * 4097, response_format="pcm"
        )


async def test_models_and_keys(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.models = {"only-this"}
    assert [model.id async for model in client.models.list()] == ["only-this"]
    with pytest.raises(openai.NotFoundError) as missing:
        await stream(client)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError) as wrong:
        await client.with_options(api_key="sk-wrong").models.list()
    assert wrong.value.code == "invalid_api_key"
    assert openai_api.requests[-1].outcome == "rejected"


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (faults.BAD_REQUEST, openai.BadRequestError, None),
        (faults.UNAUTHORIZED, openai.AuthenticationError, "invalid_api_key"),
        (faults.NOT_FOUND, openai.NotFoundError, "model_not_found"),
        (faults.RATE_LIMITED, openai.RateLimitError, "rate_limit_exceeded"),
        (faults.NO_CREDIT, openai.RateLimitError, "insufficient_quota"),
        (faults.SERVER_ERROR, openai.InternalServerError, None),
        (faults.UNAVAILABLE, openai.InternalServerError, None),
        (faults.RESET, openai.APIConnectionError, None),
        (faults.STREAM_ERROR, openai.APIError, None),
    ],
    ids=str,
)
async def test_each_error_is_the_sdks_own(
    openai_api: OpenAIApi, client: AsyncOpenAI, fault: Fault, error: type[Exception], code: str
) -> None:
    openai_api.fail(fault, "chat", times=1)
    with pytest.raises(error) as raised:
        await stream(client)
    assert getattr(raised.value, "code", None) == code
    assert openai_api.requests[0].outcome == "faulted"
    assert await stream(client)


@pytest.mark.parametrize("fault", [faults.HANG, faults.STALL], ids=str)
async def test_a_hang_runs_into_the_clients_timeout(
    openai_api: OpenAIApi, client: AsyncOpenAI, fault: Fault
) -> None:
    openai_api.fail(fault)
    with pytest.raises((openai.APITimeoutError, openai.APIConnectionError, TimeoutError)):
        await stream(client.with_options(timeout=0.2))
    with pytest.raises((openai.APITimeoutError, openai.APIConnectionError, TimeoutError)):
        await stream(client.with_options(timeout=0.2))
    openai_api.heal()
    assert await stream(client)


async def test_a_disconnect_in_mid_stream(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.fail(faults.CLOSED.at(2), "chat", times=1)
    seen: list[Any] = []

    async def read() -> None:
        async for chunk in await client.chat.completions.create(
            model="m", messages=HELLO, stream=True
        ):
            seen.append(chunk)

    with pytest.raises(openai.APIConnectionError):
        await read()
    assert len(seen) == 2


async def test_a_client_that_gives_up_is_seen(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.delays = Delays(first_token=60)
    task = asyncio.create_task(stream(client))
    await openai_api.when(lambda: openai_api.requests)
    task.cancel()
    await openai_api.when(lambda: openai_api.requests[0].outcome == "cancelled")


async def test_an_unplayed_script_fails_by_name() -> None:
    async def hello_only() -> None:
        async with OpenAIApi() as api:
            api.brain = Script(Expect("hello", "Hi."), Expect("goodbye", "Bye."))
            async with AsyncOpenAI(api_key="sk-test", base_url=api.url, max_retries=0) as client:
                await stream(client)

    with pytest.raises(ScriptError, match="unused step 'goodbye'"):
        await hello_only()


async def test_pipecats_services_speak_with_it(openai_api: OpenAIApi) -> None:
    at: dict[str, Any] = {"api_key": "sk-test", "base_url": openai_api.url}
    llm = OpenAILLMService(**at, settings=OpenAILLMService.Settings(model="gpt-4o-mini"))
    openai_api.replies.append("Good morning.")
    down, _ = await run_test(
        llm, frames_to_send=[LLMContextFrame(LLMContext(HELLO))], start_timeout=20
    )
    assert "".join(f.text for f in down if isinstance(f, LLMTextFrame)) == "Good morning."

    tts = OpenAITTSService(**at, settings=OpenAITTSService.Settings(voice="alloy"))
    down, _ = await run_test(tts, frames_to_send=[TTSSpeakFrame("Good night.")], start_timeout=20)
    audio = b"".join(f.audio for f in down if isinstance(f, TTSAudioRawFrame))
    assert voice.hear(audio, 24000).strip() == "Good night."
    assert {TTSStartedFrame, TTSStoppedFrame} <= {type(frame) for frame in down}

    stt = OpenAISTTService(**at, settings=OpenAISTTService.Settings(model="whisper-1"))
    frames = [f async for f in stt.run_stt(wav("Read my lips.").getvalue())]
    assert [f.text for f in frames if isinstance(f, TranscriptionFrame)] == ["Read my lips."]


async def test_it_runs_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.openai_api"),
        *(
            "--stt-ms",
            "5",
            "--first-token-ms",
            "5",
            "--token-ms",
            "1",
            "--reply",
            "Yes, of course.",
        ),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        origin = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with AsyncOpenAI(api_key="any", base_url=f"{origin}/v1", max_retries=0) as client:
            chunks = await stream(client)
        assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Yes, of course."
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_in_virtual_time_delays_cost_nothing(virtual_time: Any) -> None:
    async with (
        OpenAIApi(delays=Delays(first_token=20, token=1)) as api,
        AsyncOpenAI(api_key="sk-test", base_url=api.url, max_retries=0) as client,
    ):
        begun = virtual_time.now
        await stream(client)
        usual = virtual_time.now - begun
        api.fail(faults.SLOW, "chat")
        await stream(client)
        slow = virtual_time.now - begun - usual
    assert usual == pytest.approx(20 + 4, abs=1.1)
    assert slow == pytest.approx(5 * usual, rel=0.05)


async def test_garbage_is_not_an_answer(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    openai_api.fail(faults.GARBAGE, "chat", times=1)
    with pytest.raises(UnicodeDecodeError):
        await stream(client)
    openai_api.fail(faults.GARBAGE, "transcriptions", times=1)
    answer: Any = await client.audio.transcriptions.create(model="whisper-1", file=wav("x"))
    assert not hasattr(answer, "text")  # the SDK hands the raw body over instead of raising


async def test_a_refused_connection(openai_api: OpenAIApi, client: AsyncOpenAI) -> None:
    await openai_api.refuse()
    with pytest.raises(openai.APIConnectionError):
        await stream(client)
    await openai_api.accept()
    assert await stream(client)
