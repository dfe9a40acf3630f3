"""Whole phone calls over the real socket, real ears for speech and pauses, the clouds' stand-ins.

The stand-ins write their words into the sound, so what the caller heard can be read off the line.
"""

import asyncio

import aiohttp
import pytest

from bot.store import queries
from tests.fakes import anthropic_api as anthropic
from tests.fakes import elevenlabs_api as elevenlabs
from tests.fakes import faults
from tests.fakes.openai_api import Delays, OpenAIApi
from tests.fakes.openai_wire import ChatRequest, SpeechRequest, TranscriptionRequest
from tests.fakes.phoneline import PhoneLine
from tests.fixtures.house import Serve, dial, hang_up_after, when_heard
from tests.fixtures.speech import Speech

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("virtual_time")]
QUESTION = "What time is it?"


async def test_openai_for_everything(serve: Serve, openai_api: OpenAIApi, speech: Speech) -> None:
    openai_api.transcripts.append(QUESTION)
    openai_api.replies.append("It is noon, and it costs $2.50.")
    openai_api.delays = Delays(tts=1.0)  # a greeting that waits for the voice is late
    server = await serve(BOT_GREETING="Hello there.", OPENAI_TTS_VOICE="nova")
    rendered = [request.text for request in openai_api.of(SpeechRequest)]
    line = PhoneLine()
    line.plays(2.0, speech.ulaw(QUESTION))
    when_heard(line, "Hello there.", 20, lambda: setattr(openai_api, "delays", Delays()))
    hang_up_after(line, "fifty cents.", 20)
    await dial(server, line, 21)
    heard = [u.text for u in line.utterances()]
    assert heard == ["Hello there.", "It is noon, and it costs two dollars and fifty cents."]
    assert line.utterances()[0].start < 0.5  # on the test's own clock

    (asked,) = openai_api.of(ChatRequest)
    assert asked.body["model"] == "gpt-4o-mini"
    assert asked.ask.user == QUESTION
    assert "Tandem" in asked.ask.system
    later = openai_api.of(SpeechRequest)[len(rendered) :]
    assert "Hello there." in rendered
    assert "Hello there." not in [request.text for request in later], "it was there before the call"
    (spoken,) = (s for s in later if s.text.startswith("It is noon"))
    assert (spoken.body["model"], spoken.body["voice"]) == ("gpt-4o-mini-tts", "nova")
    (said,) = openai_api.of(TranscriptionRequest)
    assert said.fields["model"] == "whisper-1"
    assert said.fields["language"] == "en"

    resources = server.resources
    assert resources
    await resources.recorder.flush()
    (call,) = await queries.calls(resources.store)
    assert (call.channel, call.caller, call.state) == ("phone", "+15550001111", "ended")
    assert call.end_reason == "caller hung up"
    assert call.providers["llm"] == "openai gpt-4o-mini"
    words = [(u.speaker, u.text) for u in await queries.utterances(resources.store, call.id)]
    assert words == [
        ("bot", "Hello there."),
        ("caller", QUESTION),
        ("bot", "It is noon, and it costs $2.50."),
    ]
    (turn,) = await queries.turns(resources.store, call.id)
    assert {"vad", "stt", "turn", "llm", "tts", "voice_to_voice"} <= set(turn.stages)


async def test_elevenlabs_and_anthropic(
    serve: Serve,
    openai_api: OpenAIApi,
    elevenlabs_api: elevenlabs.ElevenLabsApi,
    anthropic_api: anthropic.AnthropicApi,
    speech: Speech,
) -> None:
    openai_api.transcripts.append(QUESTION)
    anthropic_api.replies.append("It is noon. The sun is high.")
    server = await serve(
        BOT_GREETING="Hello there.",
        LLM_PROVIDERS="anthropic",
        ANTHROPIC_API_KEY=anthropic.KEY,
        ANTHROPIC_BASE_URL=anthropic_api.origin,
        TTS_PROVIDERS="elevenlabs",
        ELEVENLABS_API_KEY=elevenlabs.KEY,
        ELEVENLABS_VOICE_ID=elevenlabs.VOICE,
        ELEVENLABS_BASE_URL=elevenlabs_api.origin,
    )
    line = PhoneLine()
    line.plays(2.0, speech.ulaw(QUESTION))
    hang_up_after(line, "sun is high.", 20)
    await dial(server, line, 21)
    heard = " ".join(u.text for u in line.utterances())
    assert heard == "Hello there. It is noon. The sun is high."
    assert server.resources
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    words = [u.text for u in await queries.utterances(server.resources.store, call.id)]
    assert words == ["Hello there.", QUESTION, "It is noon. The sun is high."]
    assert call.providers["tts"].startswith("elevenlabs eleven_flash_v2_5")


@pytest.mark.parametrize(
    ("endpoint", "fault", "expected"),
    [
        ("chat", faults.SERVER_ERROR, "Sorry, I could not find an answer just now."),
        ("chat", faults.UNAUTHORIZED, "we have a technical problem."),
        ("chat", faults.CLOSED, "Sorry, I could not find an answer just now."),
        ("transcriptions", faults.SERVER_ERROR, "Sorry, I did not catch that."),
        ("transcriptions", faults.GARBAGE, "Sorry, I did not catch that."),
        ("speech", faults.SERVER_ERROR, "Sorry, I could not find an answer just now."),
        ("speech", faults.UNAUTHORIZED, "we have a technical problem."),
    ],
)
async def test_failing_provider_is_apologised_for_in_the_rendered_voice(
    serve: Serve,
    openai_api: OpenAIApi,
    speech: Speech,
    endpoint: str,
    fault: faults.Fault,
    expected: str,
) -> None:
    server = await serve(BOT_GREETING="Hi.")
    openai_api.transcripts.append(QUESTION)
    openai_api.fail(fault, endpoint)
    line = PhoneLine()
    line.plays(1.0, speech.ulaw(QUESTION))
    hang_up_after(line, expected, 20)
    await dial(server, line, 21)
    openai_api.heal()
    openai_api.transcripts.clear()
    assert expected in " ".join(u.text for u in line.utterances())
    assert server.resources
    await server.resources.recorder.flush()
    stage = {"chat": "llm", "transcriptions": "stt", "speech": "tts"}[endpoint]
    events = await queries.events(server.resources.store)
    assert f"{stage} error" in [event.kind for event in events]
    assert "sk-test" not in "".join(event.detail for event in events)


async def test_barge_in_empties_the_line(
    serve: Serve, openai_api: OpenAIApi, speech: Speech
) -> None:
    long = "This is a very long story about a very small town. " * 4
    openai_api.transcripts.extend([QUESTION, "That is enough."])
    openai_api.replies.extend([long, "All right."])
    server = await serve(BOT_GREETING="Hi.")
    line = PhoneLine()
    line.plays(1.0, speech.ulaw(QUESTION))
    broke_in: list[float] = []

    def break_in() -> None:
        broke_in.append(line.now)
        line.plays(line.now + 0.1, speech.ulaw("That is enough."))

    when_heard(line, "very long story", 20, break_in)
    hang_up_after(line, "All right.", 25)
    await dial(server, line, 26)
    (start,) = broke_in
    assert any(start < clear < start + 1.5 for clear in line.clears)
    second = openai_api.of(ChatRequest)[1].ask
    kept = [m.text for m in second.messages if m.role == "assistant"][-1]
    assert long.startswith(kept)
    assert 20 < len(kept) < len(long) / 2
    assert line.utterances()[-1].text == "All right."


async def test_voice_that_was_never_there_leaves_no_silence(
    serve: Serve, openai_api: OpenAIApi
) -> None:
    """Nothing could be rendered, so the bot is mute: Twilio's voice has to tell the caller."""
    openai_api.fail(faults.UNAVAILABLE, "speech")
    server = await serve(BOT_GREETING="Hi.")
    line = PhoneLine()
    async with asyncio.timeout(15):  # the line itself would stay for a minute
        await dial(server, line, 60)
    async with aiohttp.ClientSession() as http:
        after = await http.post(f"{server.url}/phone/after", data={"CallSid": line.call_sid})
        assert "something went wrong" in await after.text()
    openai_api.heal()
    assert server.resources
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    assert call.state == "failed"


async def test_ears_that_hang_are_bridged(
    serve: Serve, openai_api: OpenAIApi, speech: Speech
) -> None:
    openai_api.fail(faults.HANG, "transcriptions")
    server = await serve(BOT_GREETING="Hi.")
    line = PhoneLine()
    line.plays(1.0, speech.ulaw(QUESTION))
    hang_up_after(line, "One moment, please.", 15)
    await dial(server, line, 16)
    openai_api.heal()
    assert "One moment, please." in " ".join(u.text for u in line.utterances())
