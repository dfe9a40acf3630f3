"""The real embedded models, through OpenAI's own client."""

import asyncio
import io
import re
import wave
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt
import openai
import pytest

from bot.speech.embedded.supervisor import EmbeddedSupervisor

pytestmark = [pytest.mark.models, pytest.mark.timeout(300)]

RATE = 24_000
PHONE = (
    "You are the voice that answers the phone. Answer in one or two short sentences, in plain "
    "spoken words."
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place now.",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string", "description": "City"}},
            "required": ["place"],
        },
    },
}

END_CALL = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "Hang up when the caller says goodbye.",
        "parameters": {"type": "object", "properties": {}},
    },
}
TOOLS = [WEATHER, END_CALL]


@pytest.fixture
async def models(embedded: EmbeddedSupervisor) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        base_url=embedded.base_url, api_key="none", timeout=240, max_retries=0
    ) as client:
        yield client


async def speak(models: openai.AsyncOpenAI, text: str) -> npt.NDArray[np.int16]:
    response = await models.audio.speech.create(
        model="piper", voice="alloy", input=text, response_format="pcm"
    )
    return np.frombuffer(await response.aread(), np.int16)


def wav(samples: npt.NDArray[np.int16], rate: int = RATE) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.tobytes())
    return out.getvalue()


async def hear(models: openai.AsyncOpenAI, file: bytes) -> str:
    answer = await models.audio.transcriptions.create(model="whisper-1", file=("a.wav", file))
    return re.sub(r"[^a-z0-9 ]", "", answer.text.lower())


def alike(heard: str, said: str) -> bool:
    """Whether nearly all of it was heard: the voice differs a little each time."""
    return SequenceMatcher(None, heard, said).ratio() > 0.9


async def ask(models: openai.AsyncOpenAI, *turns: Any, **more: Any) -> Any:
    answer = await models.chat.completions.create(
        model="embedded",
        messages=[{"role": "system", "content": PHONE}, *turns],
        temperature=0,
        **more,
    )
    return answer.choices[0]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


@pytest.mark.parametrize(
    "text",
    ["yes please", "how many days are there in a leap year", "i would like to speak to somebody"],
)
async def test_what_is_spoken_is_understood(models: openai.AsyncOpenAI, text: str) -> None:
    heard = await hear(models, wav(await speak(models, text)))

    assert alike(heard, text)


async def test_the_voice_has_the_loudness_of_a_telephone(models: openai.AsyncOpenAI) -> None:
    samples = (await speak(models, "Good morning. How can I help you today?")).astype(np.float64)
    speech = samples[np.abs(samples) > 300] / 32768

    assert -23 < 20 * np.log10(np.sqrt(np.mean(speech**2))) < -15
    assert np.abs(samples).max() < 32000
    assert 1.5 * RATE < len(samples) < 5 * RATE


async def test_audio_comes_sentence_by_sentence(models: openai.AsyncOpenAI) -> None:
    text = "One sentence is here. " * 12
    async with models.audio.speech.with_streaming_response.create(
        model="piper", voice="alloy", input=text, response_format="pcm"
    ) as response:
        pieces = [len(piece) async for piece in response.iter_bytes()]

    assert len(pieces) > 6
    assert sum(pieces) > 12 * RATE


@pytest.mark.parametrize("level", [0.0, 0.003, 0.03, 0.2])
async def test_silence_and_noise_are_no_words(models: openai.AsyncOpenAI, level: float) -> None:
    noise = np.random.default_rng(1).normal(0, level, 3 * 8000)

    file = wav((np.clip(noise, -1, 1) * 32767).astype(np.int16), 8000)

    assert await hear(models, file) == ""


async def test_silence_around_words_does_not_repeat_them(models: openai.AsyncOpenAI) -> None:
    """Three seconds before a short sentence made Whisper write it four times."""
    said = await speak(models, "Snap the canvas to the right.")
    silence = np.zeros(3 * RATE, np.int16)
    heard = await hear(models, wav(np.concatenate([silence, said, silence[: 2 * RATE]])))
    assert heard.lower().count("canvas") == 1, heard


async def test_a_click_and_a_hum_are_no_words(models: openai.AsyncOpenAI) -> None:
    hum = np.sin(np.arange(2 * 8000) * 2 * np.pi * 50 / 8000) * 3000
    hum[8000:8040] = 20000

    assert await hear(models, wav(hum.astype(np.int16), 8000)) == ""


async def test_an_answer_is_sensible_and_short(models: openai.AsyncOpenAI) -> None:
    answer = (await ask(models, user("What is the capital of France?"))).message.content

    assert "Paris" in answer
    assert len(answer.split()) < 30


async def test_a_conversation_remembers(models: openai.AsyncOpenAI) -> None:
    first = user("My name is Margaret.")
    said = (await ask(models, first)).message.content

    answer = await ask(
        models, first, {"role": "assistant", "content": said}, user("What is my name?")
    )

    assert "Margaret" in answer.message.content


async def test_a_tool_is_called_once_and_its_result_is_told(models: openai.AsyncOpenAI) -> None:
    question = user("What is the weather in Berlin?")
    choice = await ask(models, question, tools=TOOLS)

    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.function.name == "get_weather"
    assert "Berlin" in call.function.arguments

    asked = {"role": "assistant", "content": "", "tool_calls": [call.model_dump()]}
    result = {"role": "tool", "tool_call_id": call.id, "content": '{"weather": "heavy snow"}'}
    told = await ask(models, question, asked, result, tools=TOOLS)

    assert "snow" in told.message.content
    assert not told.message.tool_calls


async def test_with_tools_small_talk_is_still_words(models: openai.AsyncOpenAI) -> None:
    choice = await ask(models, user("Hello, how are you?"), tools=TOOLS)

    assert choice.message.content
    assert not choice.message.tool_calls


async def test_a_streamed_tool_call_is_whole(models: openai.AsyncOpenAI) -> None:
    stream = await models.chat.completions.create(
        model="embedded",
        messages=[{"role": "system", "content": PHONE}, user("What is the weather in Oslo?")],
        tools=TOOLS,
        temperature=0,
        stream=True,
    )
    name = arguments = text = ""
    async for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""

    assert (name, text) == ("get_weather", "")
    assert "Oslo" in arguments


async def test_three_conversations_at_once(models: openai.AsyncOpenAI) -> None:
    async def converse(name: str, capital: str, country: str) -> None:
        heard = await hear(models, wav(await speak(models, f"My name is {name}.")))
        assert name.lower() in heard
        turns: list[Any] = [user(f"My name is {name}.")]
        turns.append({"role": "assistant", "content": (await ask(models, *turns)).message.content})
        turns.append(user(f"What is the capital of {country}?"))
        answer = (await ask(models, *turns)).message.content
        assert capital in answer
        turns += [{"role": "assistant", "content": answer}, user("And what is my name?")]
        assert name in (await ask(models, *turns)).message.content

    await asyncio.gather(
        converse("Peter", "Madrid", "Spain"),
        converse("Anna", "Rome", "Italy"),
        converse("Michael", "Berlin", "Germany"),
    )


async def test_a_warm_prompt_comes_from_disk_the_second_time(
    embedded: EmbeddedSupervisor,
) -> None:
    body = {"messages": [{"role": "system", "content": PHONE}], "tools": TOOLS}
    async with aiohttp.ClientSession() as session:
        answers = []
        for _ in range(2):
            async with session.post(f"{embedded.base_url}/tandem/warm", json=body) as response:
                answers.append(await response.json())

    assert answers[1]["restored"] is True
    assert answers[1]["tokens"] > 50


async def test_any_audio_format_is_heard(models: openai.AsyncOpenAI) -> None:
    import av

    samples = await speak(models, "this is a test of the telephone")
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)

    assert alike(await hear(models, out.getvalue()), "this is a test of the telephone")
