"""One whole phone call on the embedded models: a note is made, read and deleted by voice."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import pytest_asyncio

from bot.store import notes, queries
from bot.store.store import Store
from tests.fakes import voice
from tests.fakes.phoneline import RATE, PhoneLine
from tests.fixtures.house import Serve, dial
from tests.fixtures.speech import Speech

pytestmark = [pytest.mark.models, pytest.mark.timeout(900)]
CALLER = "+15550001111"
ANSWER_SECONDS = 150.0
"""How long an answer may take on a slow machine."""
CALL_SECONDS = 850.0
QUIET_SECONDS = 1.8
"""After so much silence the bot has finished."""
BRIDGES = re.compile(r"(\w+ )?moments?\b,?( please)?|let me check|[\W\d_]")
"""Said while an answer is on its way, and what is between the words."""


class Caller:
    """Speaks with a real voice, and says it in other words when it was not understood."""

    def __init__(self, line: PhoneLine, speech: Speech) -> None:
        self._line, self._speech = line, speech
        self._mark = 0
        self.transcript: list[str] = []

    async def answer(self) -> str:
        """Wait until the bot has answered; what it was heard saying, in small letters."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                said = (await self._utterance()).lower()
                self.transcript.append(f"bot: {said}")
                if BRIDGES.sub("", said):
                    return said

    async def _utterance(self) -> str:
        while True:
            await asyncio.sleep(0.2)
            sound = bytes(self._line.heard[self._mark :])
            loud = np.flatnonzero(np.abs(voice.from_ulaw(sound).astype(np.int32)) > voice.LOUD)
            if loud.size and len(sound) - loud[-1] > QUIET_SECONDS * RATE:
                self._mark += len(sound)
                return await asyncio.to_thread(self._speech.hear_ulaw, sound)

    async def until(self, done: Callable[[str], Awaitable[bool]], *attempts: str) -> str:
        """Say something until it is done, the way people repeat themselves; the last answer."""
        for words in attempts:
            sound = await asyncio.to_thread(self._speech.ulaw, words)
            self.transcript.append(f"caller: {words}")
            self._line.plays(self._line.now + 0.3, sound)
            answer = await self.answer()
            if await done(answer):
                return answer
        pytest.fail("not done:\n" + "\n".join(self.transcript))


@pytest_asyncio.fixture
async def kept(keyless: Serve, speech: Speech) -> AsyncIterator[tuple[Store, Caller]]:
    """A caller on a live call who was greeted, and the store of the server."""
    server = await keyless(SILENCE_PROMPT_SECONDS=300)
    assert server.resources
    line = PhoneLine()
    caller = Caller(line, speech)
    call = asyncio.create_task(dial(server, line, CALL_SECONDS))
    try:
        assert "hello" in await caller.answer()
        yield server.resources.store, caller
    finally:
        line.end()
        await call
    await server.resources.recorder.flush()
    (row,) = await queries.calls(server.resources.store)
    assert row.end_reason == "caller hung up"


async def test_a_note_is_made_read_and_deleted(kept: tuple[Store, Caller]) -> None:
    store, caller = kept

    async def words() -> str:
        found = await notes.find(store, CALLER)
        return " ".join(f"{note.title} {note.text}" for note in found).lower()

    async def written(_: str) -> bool:
        found = await words()
        return "milk" in found and "tomorrow" in found

    async def told(answer: str) -> bool:
        return "milk" in answer

    async def asked(answer: str) -> bool:
        return "delete" in answer

    async def gone(_: str) -> bool:
        return not await words()

    make = "Please take a note: buy milk tomorrow."
    await caller.until(written, make, "Make a note that says: buy milk tomorrow.", make)
    read = "Please read me my note."
    await caller.until(told, read, "What does my note say?", read)
    delete = "Please delete my note about the milk."
    await caller.until(asked, delete, delete)
    assert "milk" in await words(), "nothing is deleted before the caller has said yes"
    await caller.until(gone, "Yes, please delete it.", delete, "Yes, delete it.")
    print("\n".join(caller.transcript))
