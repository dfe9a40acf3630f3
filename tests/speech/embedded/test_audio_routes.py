"""Transcription and speech over real HTTP, with stand-ins for the engines."""

import asyncio
import io
import struct
import sys
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.speech.embedded import http
from bot.speech.embedded.audio import STT_RATE, Samples
from bot.speech.embedded.audio_routes import add_speech_route, add_transcription_route
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.piper import PiperEngine
from bot.speech.embedded.sidecar import new_app
from tests.speech.embedded.waiting import until

PROGRAM = Path(__file__).with_name("standin_piper.py")

Client = TestClient[Any, Any]


class Ear:
    """Tells what it was given."""

    def __init__(self) -> None:
        self.heard: list[tuple[Samples, str, str]] = []

    async def transcribe(self, samples: Samples, language: str, prompt: str) -> str:
        self.heard.append((samples, language, prompt))
        return f"{len(samples) / STT_RATE:.1f} seconds"


@pytest.fixture
async def ear() -> Ear:
    return Ear()


@pytest.fixture
async def voice() -> AsyncIterator[PiperEngine]:
    engine = PiperEngine(
        EmbeddedOptions(), [sys.executable, "-m", "tests.speech.embedded.standin_piper"]
    )
    await engine.start()
    await until_ready(engine)
    yield engine
    await engine.stop()


@pytest.fixture
async def client(ear: Ear, voice: PiperEngine) -> AsyncIterator[Client]:
    app = new_app([voice], ["piper"])
    add_transcription_route(app, ear)
    add_speech_route(app, voice)
    async with TestClient(TestServer(app, handler_cancellation=True)) as client:
        yield client


async def until_ready(engine: PiperEngine) -> None:
    await until(lambda: engine.stage.state == "ready")


def tone(seconds: float = 1.0, rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    """A WAV file with a 440 Hz tone at half of full scale."""
    samples = np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate) / 2
    peak = 2 ** (8 * width - 1) - 1
    data = (samples * peak).astype(f"<i{width}").repeat(channels).tobytes()
    out = io.BytesIO()
    with wave.open(out, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(width)
        target.setframerate(rate)
        target.writeframes(data)
    return out.getvalue()


def form(data: bytes, **fields: str) -> aiohttp.FormData:
    found = aiohttp.FormData()
    found.add_field("file", data, filename="a.wav", content_type="audio/wav")
    for name, value in fields.items():
        found.add_field(name, value)
    return found


async def transcribe(client: Client, data: bytes, **fields: str) -> Any:
    return await client.post("/v1/audio/transcriptions", data=form(data, **fields))


@pytest.mark.parametrize(
    "file",
    [tone(), tone(rate=16000), tone(rate=44100, channels=2), tone(width=4)],
    ids=["8 kHz", "16 kHz", "stereo", "32 bit"],
)
async def test_any_wav_is_heard_at_16_khz(client: Client, ear: Ear, file: bytes) -> None:
    response = await transcribe(client, file, model="whisper-1", language="de", prompt="Names")

    assert await response.json() == {"text": "1.0 seconds"}
    ((samples, language, prompt),) = ear.heard
    assert (samples.dtype, language, prompt) == (np.float32, "de", "Names")
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) / len(samples) * STT_RATE == pytest.approx(440, abs=3)


async def test_a_wav_of_unknown_length_is_heard(client: Client) -> None:
    file = bytearray(tone())
    file[4:8] = file[40:44] = struct.pack("<I", 0xFFFFFFFF)

    assert await (await transcribe(client, bytes(file))).json() == {"text": "1.0 seconds"}


async def test_the_answer_has_the_shape_that_was_asked_for(client: Client) -> None:
    text = await (await transcribe(client, tone(), response_format="text")).text()
    verbose = await (await transcribe(client, tone(), response_format="verbose_json")).json()

    assert text == "1.0 seconds"
    assert (verbose["duration"], verbose["text"]) == (1.0, "1.0 seconds")


@pytest.mark.parametrize(
    ("data", "fields", "param"),
    [
        (b"", {}, "file"),
        (b"no audio at all", {}, "file"),
        (tone()[:30], {}, "file"),
        (tone(seconds=301, rate=1000), {}, "file"),
        (tone(), {"response_format": "srt"}, "response_format"),
    ],
    ids=["empty", "text", "cut", "long", "format"],
)
async def test_a_wrong_upload_is_a_clear_400(
    client: Client, data: bytes, fields: dict[str, str], param: str
) -> None:
    response = await transcribe(client, data, **fields)

    assert response.status == 400
    assert (await response.json())["error"]["param"] == param


async def test_a_form_without_a_file_is_a_clear_400(client: Client) -> None:
    response = await client.post("/v1/audio/transcriptions", data={"model": "whisper-1"})
    assert response.status == 400

    multipart = aiohttp.FormData(default_to_multipart=True)
    multipart.add_field("model", "whisper-1")
    response = await client.post("/v1/audio/transcriptions", data=multipart)
    assert (await response.json())["error"]["message"] == "file: missing"


async def test_too_large_an_upload_is_a_413(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.speech.embedded.audio_routes.MAX_BODY", 1000)

    response = await transcribe(client, tone())

    assert response.status == 413
    assert (await response.json())["error"]["code"] == "too_large"


async def speak(client: Client, **body: Any) -> Any:
    return await client.post("/v1/audio/speech", json=body)


async def test_speech_is_pcm_as_it_is_made(client: Client) -> None:
    response = await speak(client, input="one two", voice="joe", response_format="pcm")

    assert response.headers["Content-Type"] == "audio/pcm"
    assert await response.read() == b"onetwo"


async def test_a_wav_begins_with_a_header_that_players_read(client: Client) -> None:
    data = await (await speak(client, input="ab cd")).read()

    with wave.open(io.BytesIO(data)) as source:
        assert (source.getframerate(), source.getnchannels(), source.getsampwidth()) == (
            24000,
            1,
            2,
        )
    assert data.endswith(b"abcd")


async def test_many_speak_at_once_each_with_their_own_words(client: Client) -> None:
    async def say(text: str) -> bytes:
        return await (await speak(client, input=text, response_format="pcm")).read()

    words = [f"{i} {i} {i}" for i in range(10)]
    assert await asyncio.gather(*map(say, words)) == [w.replace(" ", "").encode() for w in words]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": "  "}, "input"),
        ({"input": 7}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"input": "hi", "speed": "fast"}, "speed"),
        ({"input": "hi", "speed": 9}, "speed"),
        ({"input": "hi", "response_format": "mp3"}, "response_format"),
    ],
)
async def test_a_wrong_speech_request_is_a_clear_400(
    client: Client, body: dict[str, Any], param: str
) -> None:
    response = await speak(client, **body)

    assert response.status == 400
    assert (await response.json())["error"]["param"] == param


async def test_a_voice_that_fails_is_told_and_the_next_one_speaks(client: Client) -> None:
    failed = await speak(client, input="fail")
    assert failed.status == 500
    assert "no voice today" in (await failed.json())["error"]["message"]

    assert (await speak(client, input="again")).status == 200


async def test_a_voice_that_dies_comes_back(client: Client, voice: PiperEngine) -> None:
    assert (await speak(client, input="die")).status == 500
    await until(lambda: voice.stage.state != "ready")
    assert (await speak(client, input="hello")).status == 503

    await until_ready(voice)
    assert (await speak(client, input="hello")).status == 200


async def test_who_stops_listening_stops_the_voice(voice: PiperEngine) -> None:
    stream: AsyncGenerator[bytes, None] = voice.speak("one endless two")
    assert await anext(stream) == b"one"
    await stream.aclose()

    assert [piece async for piece in voice.speak("three")] == [b"three"]


async def test_health_readiness_and_models(client: Client, voice: PiperEngine) -> None:
    assert (await client.get("/health")).status == 200
    ready = await client.get("/ready")
    assert (ready.status, (await ready.json())["ready"]) == (200, True)
    assert [m["id"] for m in (await (await client.get("/v1/models")).json())["data"]] == ["piper"]

    await voice.stop()
    ready = await client.get("/ready")
    assert ready.status == 503
    assert (await ready.json())["stages"]["tts"]["state"] == "stopped"


async def test_an_unknown_path_is_answered_in_openais_shape(client: Client) -> None:
    response = await client.get("/v1/nothing")

    assert response.status == 404
    assert "Not Found" in (await response.json())["error"]["message"]


def test_a_server_error_is_not_the_callers_fault() -> None:
    assert http.ApiError(500, "x").body["error"]["type"] == "server_error"  # type: ignore[index]
