"""The stand-in for ElevenLabs, through its SDK, through Pipecat and over the bare socket."""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import pytest
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core import ApiError
from pipecat.frames.frames import (
    ErrorFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.services.elevenlabs.tts import ElevenLabsHttpTTSService, ElevenLabsTTSService
from pipecat.tests.utils import SleepFrame, run_test
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes import faults, voice
from tests.fakes.elevenlabs_api import KEY, VOICE, ElevenLabsApi, HttpRequest
from tests.fakes.elevenlabs_socket import SocketRequest

HELLO = [
    LLMFullResponseStartFrame(),
    LLMTextFrame("Hello there. How are you today?"),
    LLMFullResponseEndFrame(),
]


def sdk(api: ElevenLabsApi, key: str = KEY) -> AsyncElevenLabs:
    return AsyncElevenLabs(api_key=key, base_url=api.origin)


def dial(api: ElevenLabsApi, query: str = "output_format=pcm_8000&auto_mode=true") -> connect:
    url = f"{api.socket_url}/v1/text-to-speech/{VOICE}/multi-stream-input?{query}"
    return connect(url, additional_headers={"xi-api-key": KEY}, proxy=None)


async def tell(socket: ClientConnection, *messages: dict[str, Any]) -> None:
    for message in messages:
        await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> dict[str, str]:
    """Return the words of each context, once all those that spoke are final."""
    audio: dict[str, bytes] = {}
    final: set[str] = set()
    while not audio or final != set(audio):
        frame = json.loads(await socket.recv())
        name = frame["contextId"]
        if frame.get("isFinal"):
            final.add(name)
        else:
            audio[name] = audio.get(name, b"") + base64.b64decode(frame["audio"])
            times = frame["alignment"]["charStartTimesMs"]
            assert times[0] == 0
            assert len(times) == len(frame["alignment"]["chars"])
    return {name: voice.hear(sound, 8000).strip() for name, sound in audio.items()}


async def test_the_sdk_streams_speech_lists_voices_and_credit(
    elevenlabs_api: ElevenLabsApi,
) -> None:
    client = sdk(elevenlabs_api)
    parts = client.text_to_speech.stream(VOICE, text="Good day.", output_format="pcm_16000")
    audio = b"".join([part async for part in parts])
    assert voice.hear(audio, 16000).strip() == "Good day."
    assert elevenlabs_api.of(HttpRequest)[0].body["text"] == "Good day."
    assert [v.voice_id for v in (await client.voices.get_all()).voices] == [VOICE]
    credit = await client.user.subscription.get()
    assert (credit.character_count, credit.character_limit) == (1009, 10000)


async def test_errors_carry_elevenlabs_detail(elevenlabs_api: ElevenLabsApi) -> None:
    async def detail(client: AsyncElevenLabs, name: str = VOICE) -> tuple[int | None, str]:
        speech = client.text_to_speech.stream(name, text="x", output_format="pcm_8000")
        with pytest.raises(ApiError) as raised:
            await anext(aiter(speech))
        return raised.value.status_code, raised.value.body["detail"]["status"]

    client = sdk(elevenlabs_api)
    assert await detail(sdk(elevenlabs_api, "wrong")) == (401, "invalid_api_key")
    assert await detail(client, "nobody") == (404, "voice_not_found")
    elevenlabs_api.fail(faults.Fault(faults.Kind.STATUS, 401, "quota_exceeded"), times=1)
    assert await detail(client) == (401, "quota_exceeded")
    elevenlabs_api.fail(faults.UNAVAILABLE, "speech")
    assert await detail(client) == (503, "system_busy")


async def test_contexts_speak_side_by_side(elevenlabs_api: ElevenLabsApi) -> None:
    async with dial(elevenlabs_api) as socket:
        await tell(
            socket,
            {"text": " ", "context_id": "a", "voice_settings": {"stability": 0.5}},
            {"text": " ", "context_id": "b"},
            {"text": "The first one. ", "context_id": "a"},
            {"text": "The second one. ", "context_id": "b"},
            {"text": "", "context_id": "a"},
            {"text": "Again the first. ", "context_id": "a"},
            {"context_id": "a", "close_context": True},
            {"context_id": "b", "close_context": True},
        )
        words = await hear(socket)
        await tell(socket, {"close_socket": True})
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert words == {"a": "The first one. Again the first.", "b": "The second one."}
    (record,) = elevenlabs_api.of(SocketRequest)
    assert record.closed == 1000
    assert record.texts[0] == "The first one. "


async def test_without_auto_mode_text_waits_for_flush(virtual_time: Any) -> None:
    async with ElevenLabsApi() as api, dial(api, "output_format=ulaw_8000") as socket:
        await tell(socket, {"text": " ", "context_id": "c"}, {"text": "Half a ", "context_id": "c"})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 5)
        await tell(socket, {"text": "word. ", "context_id": "c", "flush": True})
        audio = b""
        while len(audio) < 0.06 * 8000 * len("Half a word. "):
            audio += base64.b64decode(json.loads(await socket.recv())["audio"])
        assert voice.hear(voice.from_ulaw(audio), 8000).strip() == "Half a word."
        begun = virtual_time.now
        assert json.loads(await socket.recv()) == {"isFinal": True, "contextId": "c"}
        assert 19 < virtual_time.now - begun < 21


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        (["not json"], "invalid_input_message"),
        (['{"text": "no space first", "context_id": "a"}'], "invalid_input_message"),
        ([f'{{"text": " ", "context_id": "{n}"}}' for n in range(6)], "max_active_conversations"),
    ],
)
async def test_an_error_is_a_frame_and_a_close(
    elevenlabs_api: ElevenLabsApi, messages: list[str], error: str
) -> None:
    async with dial(elevenlabs_api) as socket:
        for message in messages:
            await socket.send(message)
        assert json.loads(await socket.recv())["error"] == error
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1008


async def test_faults_strike_the_socket(elevenlabs_api: ElevenLabsApi) -> None:
    speak = ({"text": " ", "context_id": "a"}, {"text": "A long enough text. ", "context_id": "a"})
    elevenlabs_api.fail(faults.UNAUTHORIZED, "socket", times=1)
    with pytest.raises(InvalidStatus) as refused:
        await dial(elevenlabs_api)
    assert refused.value.response.status_code == 401
    elevenlabs_api.fail(faults.CLOSED.at(1), "socket", times=1)
    async with dial(elevenlabs_api) as socket:
        await tell(socket, *speak)
        await socket.recv()
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    elevenlabs_api.fail(faults.STREAM_ERROR.at(1), "socket", times=1)
    async with dial(elevenlabs_api) as socket:
        await tell(socket, *speak)
        await socket.recv()
        assert json.loads(await socket.recv())["error"] == "quota_exceeded"
    elevenlabs_api.fail(faults.STALL.at(1), "socket", times=1)
    async with dial(elevenlabs_api) as socket:
        await tell(socket, *speak)
        await socket.recv()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.1)


def heard(frames: Any, rate: int) -> str:
    audio = b"".join(f.audio for f in frames if isinstance(f, TTSAudioRawFrame))
    return voice.hear(audio, rate).strip()


async def test_pipecat_speaks_over_the_socket(elevenlabs_api: ElevenLabsApi) -> None:
    tts = ElevenLabsTTSService(
        api_key=KEY,
        url=elevenlabs_api.socket_url,
        settings=ElevenLabsTTSService.Settings(voice=VOICE, stability=0.5),
    )
    down, up = await run_test(
        tts,
        frames_to_send=[*HELLO, SleepFrame(1.0)],
        pipeline_params=PipelineParams(audio_out_sample_rate=8000),
        start_timeout=20,
    )
    assert not [f for f in (*down, *up) if isinstance(f, ErrorFrame)]
    assert heard(down, 8000) == "Hello there. How are you today?"
    words = [f.text for f in down if isinstance(f, TTSTextFrame)]
    assert " ".join(words) == "Hello there. How are you today?"
    assert [type(f) for f in down].count(TTSStoppedFrame) == 1
    (record,) = elevenlabs_api.of(SocketRequest)
    assert record.messages[0]["voice_settings"] == {"stability": 0.5}
    assert record.query["model_id"] == "eleven_flash_v2_5"
    assert record.closed == 1000


async def test_pipecat_speaks_over_http(elevenlabs_api: ElevenLabsApi) -> None:
    async with aiohttp.ClientSession() as session:
        tts = ElevenLabsHttpTTSService(
            api_key=KEY,
            aiohttp_session=session,
            base_url=elevenlabs_api.origin,
            settings=ElevenLabsHttpTTSService.Settings(voice=VOICE, model="eleven_flash_v2_5"),
        )
        down, _ = await run_test(
            tts,
            frames_to_send=[*HELLO, SleepFrame(1.0)],
            pipeline_params=PipelineParams(audio_out_sample_rate=16000),
            start_timeout=20,
        )
    assert heard(down, 16000) == "Hello there. How are you today?"
