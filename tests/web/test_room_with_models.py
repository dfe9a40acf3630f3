"""The room's page in Chromium, a spoken question, the real pipeline, the embedded models."""

import re

import aiohttp
import numpy as np
import pytest

from bot.embedded_models import beginning
from bot.speech.embedded.supervisor import EmbeddedSupervisor
from bot.store import queries
from tests.fixtures.chromium import HEARD_HZ, Room, open_room
from tests.fixtures.house import Serve
from tests.fixtures.speech import Speech

pytestmark = [pytest.mark.models, pytest.mark.browser, pytest.mark.timeout(300)]


async def test_a_spoken_question_is_answered_in_sound_and_words(
    serve: Serve, embedded: EmbeddedSupervisor, speech: Speech
) -> None:
    server = await serve(OPENAI_BASE_URL=embedded.base_url, OPENAI_TTS_VOICE="default")
    assert server.resources
    prompt = beginning(server.resources.settings)
    async with aiohttp.ClientSession() as http:
        warm = await http.post(f"{embedded.base_url}/tandem/warm", json=prompt)
        assert warm.status < 300
    question = speech.say("What is two plus two?", 16_000)
    async with open_room(server.url) as room:
        await room.call()
        await room.wait_until(lambda: _said(room, "How can I help you?"), "greeting", 20)
        start = await room.mark()
        await room.say(question)
        await room.wait_until(lambda: _said(room, "4"), "answer", 60)
        await room.wait_until(lambda: _quiet(room), "silence", 20)
        assert "plus" in await room.said("caller")
        stages = (await room.stages())[1]
        assert stages["voice_to_voice"] >= stages["llm"] > 0
        heard = await room.record(start)
        assert np.abs(np.frombuffer(heard, np.int16).astype(np.int32)).max() > 2000
        assert re.search(r"\b(4|four)\b", speech.hear(heard, HEARD_HZ), re.I)
        await room.hang_up()
        await room.wait_for_phase("over", 10)
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    assert (call.channel, call.end_reason) == ("room", "caller hung up")


async def _said(room: Room, words: str) -> bool:
    return words in await room.said("bot")


async def _quiet(room: Room) -> bool:
    return await room.heard_rms(0.6) < 0.002
