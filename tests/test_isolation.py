"""Thirty phone calls at once on the real server: nothing of one may show in another.

Each caller speaks with a real voice, under which lies a tone of the caller's own. The stand-in's
ear goes by nothing but the sound: its loudness tells which sentence it is, the tone whose. Its
brain answers by what is in the request. A third of the callers interrupt an answer by voice, a
third by keys, and a third ask what the model fails at.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from bot.brain.conversation import OPENING
from bot.store import queries
from bot.store.queries import StoredCall
from bot.store.store import Store
from tests.fakes import voice
from tests.fakes.crowd import Provider, Samples, read, said, with_tone
from tests.fakes.exchange import Reject
from tests.fakes.names import NAMES, named
from tests.fakes.openai_wire import ChatRequest, SpeechRequest
from tests.fakes.phoneline import RATE, PhoneLine
from tests.fakes.script import Ask
from tests.fixtures.program import Program, Start, sid
from tests.fixtures.speech import Speech

pytestmark = [pytest.mark.crowd, pytest.mark.models, pytest.mark.timeout(400)]
SENTENCES = (
    "What time do you open tomorrow?",
    "I would like to book a table.",
    "Is there parking near the house?",
    "How much is the room with a view?",
    "Can you send me the menu please?",
    "My train is late this evening.",
)
"""Spoken without a pause inside."""
PAIRS = list(permutations(SENTENCES, 2))
BY_VOICE, BY_KEYS, PATIENT = range(3)
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GREETING = "Hello there."
MORE = "There is much more to say about that, so stay on the line and listen to every word of it."
APOLOGY = "Sorry, I could not find an answer just now. Could you ask me again?"
BRIDGE = "One moment, please. "
"""May be heard on a slow machine."""
PATIENCE = 90.0
"""Seconds until something that a caller waits for counts as missing."""


def callers_words(ask: Ask) -> list[str]:
    """What the caller said, turn by turn: turns without an answer between them are one message."""
    messages = [m.text for m in ask.messages if m.role == "user" and m.text != OPENING]
    return [turn for text in messages for turn in text.split("\n")]


def answer(ask: Ask) -> str:
    """Repeat the caller's last words, or keys; longer where this caller will interrupt."""
    users = callers_words(ask)
    names = named(users[0])
    if not names:  # the breaker asks whether the provider is well again
        return "Yes."
    (name,) = names
    manner = NAMES.index(name) % 3
    if users[-1].startswith("DTMF: "):
        keys = [DIGITS[int(key)] for key in users[-1] if key.isdigit()]
        return f"{name} has pressed {' '.join(keys)}."
    if (manner, len(users)) == (PATIENT, 2):
        raise Reject(500, "", f"no answer for {name}")
    interrupted = (manner, len(users)) in ((BY_VOICE, 1), (BY_KEYS, 2))
    return f"You said: {users[-1]}" + (f" {MORE}" if interrupted else "")


class Caller:
    """One of the thirty."""

    def __init__(self, number: int, sounds: dict[str, Samples]) -> None:
        self.number, self.name, self.manner = number, NAMES[number], number % 3
        self.phone, self.keys = f"+1555000{number:04d}", f"{number + 400}"
        self.pair = PAIRS[number]
        self.sounds = [voice.to_ulaw(with_tone(sounds[text], number)) for text in self.pair]
        self.said = [*(said(self.name, text) for text in self.pair), f"DTMF: {self.keys}#"]
        first, second = (f"You said: {words}" for words in self.said[:2])
        pressed = " ".join(DIGITS[int(key)] for key in self.keys)
        self.answers = [
            f"{first} {MORE}" if self.manner == BY_VOICE else first,
            f"{second} {MORE}" if self.manner == BY_KEYS else second,
            f"{self.name} has pressed {pressed}.",
        ]
        self.line = PhoneLine(call_sid=sid(number), stream_sid=f"MZ{number:032d}")
        self.url = ""
        self._mark = self._read = 0

    async def live(self, program: Program) -> None:
        """The whole call."""
        await asyncio.sleep(self.number / len(NAMES))
        self.url = await ring(program, self.line.call_sid, self.phone)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.line.dial(self.url, 4 * PATIENCE))
            try:
                await self._converse()
            finally:
                self.line.end()

    async def _converse(self) -> None:
        await self.hears(GREETING)
        for turn, sound in enumerate(self.sounds):
            self.line.plays(self.line.now + 0.1, sound)
            if self.manner == turn:
                await self.hears("You said: This", whole=False)
            elif (self.manner, turn) == (PATIENT, 1):
                await self.hears(APOLOGY)
            else:
                await self.hears(self.answers[turn])
        for place, key in enumerate(f"{self.keys}#"):
            self.line.presses(self.line.now + place * 0.1, key)
        await self.hears(self.answers[2])

    async def hears(self, words: str, *, whole: bool = True) -> None:
        """Wait for words, and if `whole`, for a silence after them."""
        line, found = self.line, ""
        try:
            async with asyncio.timeout(PATIENCE):
                while words not in found:
                    await asyncio.sleep(0.1)
                    news = line.heard[self._read :].strip(b"\xff")
                    if news and not (whole and line.heard[-RATE // 3 :].strip(b"\xff")):
                        self._read = len(line.heard)
                        found = read(bytes(line.heard[self._mark :]))
        except TimeoutError:
            raise AssertionError(f"{self.name} waits for {words!r} and heard {found!r}") from None
        self._mark = self._read


async def ring(program: Program, call_sid: str, phone: str) -> str:
    """Announce a call; returns its socket's address."""
    twiml = await program.post("/phone/incoming", call_sid, From=phone)
    return twiml.partition('<Stream url="')[2].partition('"')[0]


@pytest_asyncio.fixture
async def openai_api() -> AsyncIterator[Provider]:
    """The stand-in that `start` puts behind the server."""
    async with Provider() as api:
        api.brain = answer
        yield api


async def test_thirty_calls_keep_to_themselves(
    start: Start, openai_api: Provider, speech: Speech, tmp_path: Path
) -> None:
    for text in SENTENCES:
        pcm = await asyncio.to_thread(speech.say, text, RATE)
        openai_api.ears.sentences[text] = np.frombuffer(pcm, np.int16)
    callers = [Caller(number, openai_api.ears.sentences) for number in range(len(NAMES))]
    program = await start(MAX_CALLS=len(callers) + 1, BOT_GREETING=GREETING)
    await program.ready(1)
    await program.until(lambda: "ready for calls" in program.log)
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.live(program))
        group.create_task(intrude(program, callers[0]))
    for caller in callers:
        check_line(caller)
    check_requests(openai_api, callers)
    check_tokens(program, openai_api, callers)
    store = await Store.open(f"sqlite:///{tmp_path}/data/tandem.db")
    try:
        await check_store(store, callers)
    finally:
        await store.close()


async def intrude(program: Program, victim: Caller) -> None:
    """Somebody tries to get into a call, with its used token and with a token of another call."""
    async with asyncio.timeout(PATIENCE):
        while not victim.line.heard.strip(b"\xff"):  # noqa: ASYNC110 - nothing else tells it
            await asyncio.sleep(0.1)
    line = PhoneLine(call_sid=victim.line.call_sid, stream_sid=victim.line.stream_sid)
    line.plays(0.1, victim.sounds[0])
    with pytest.raises(InvalidStatus):
        await line.dial(victim.url, PATIENCE)
    await line.dial(await ring(program, sid(99), "+15559999999"), PATIENCE)
    assert not line.heard.strip(b"\xff")
    assert [m["event"] for _, m in line.messages] == []


def check_line(caller: Caller) -> None:
    """The caller heard the answers to their own words, in order."""
    line, text = caller.line, read(bytes(caller.line.heard)).replace(BRIDGE, "")
    assert {message["streamSid"] for _, message in line.messages} == {line.stream_sid}
    first, second, third = caller.answers
    if caller.manner == PATIENT:
        assert _unbridged(text, APOLOGY, third) == f"{GREETING} {first} {APOLOGY} {third}"
        return
    cut = caller.answers[caller.manner]
    begin = GREETING if caller.manner == BY_VOICE else f"{GREETING} {first}"
    end = f"{second} {third}" if caller.manner == BY_VOICE else third
    assert text.startswith(f"{begin} "), text
    assert text.endswith(end), text
    between = text.removeprefix(begin).removesuffix(end)
    assert not between.endswith(MORE)
    assert named(between) <= {caller.name}
    assert all(_of(f"{cut} {BRIDGE}", word) for word in between.split()), between


def _unbridged(text: str, *sentences: str) -> str:
    """Without the beginnings of bridges that these sentences have cut short."""
    begun = "|".join(re.escape(BRIDGE[:size]) for size in range(len(BRIDGE), 0, -1))
    for sentence in sentences:
        text = re.sub(f"(?<= )(?:{begun})(?={re.escape(sentence)})", "", text)
    return text


def _of(text: str, word: str) -> bool:
    """Whether a heard word is of a text; a held one may come twice, without a blank between. On a
    slow machine the caller may break into a bridge as well."""
    return word in text or any(
        word[:seam] in text and word[seam:] in text for seam in range(1, len(word))
    )


def check_requests(api: Provider, callers: list[Caller]) -> None:
    """What was asked of the provider held one caller's words and sound each."""
    assert api.ears.mixed == []
    whole = {(who, what) for who, what in api.ears.heard if what}
    assert whole == {(caller.name, text) for caller in callers for text in caller.pair}
    assert all(len(named(request.text)) <= 1 for request in api.of(SpeechRequest))
    by_name = {caller.name: caller for caller in callers}
    turns: dict[str, int] = {}
    for request in api.of(ChatRequest):
        names = named(json.dumps(request.body))
        if not names:  # the breaker's question: nobody's words, and no tools
            assert len(request.ask.messages) <= 2
            continue
        (name,) = names
        caller = by_name[name]
        users = callers_words(request.ask)
        assert users == caller.said[: len(users)]
        turns[name] = max(turns.get(name, 0), len(users))
        bot = [m.text for m in request.ask.messages if m.role == "assistant"]
        assert bot[0] == GREETING
        for text in bot[1:]:
            assert any(answer.startswith(text) for answer in caller.answers), text
    assert turns == dict.fromkeys(by_name, 3)


def check_tokens(program: Program, api: Provider, callers: list[Caller]) -> None:
    """No call's token is anywhere but in its own TwiML."""
    tokens = {caller.url.rsplit("/", 1)[1] for caller in callers}
    assert len(tokens) == len(callers)
    sent = json.dumps([message for caller in callers for _, message in caller.line.messages])
    asked = json.dumps([request.body for request in api.of(ChatRequest)])
    for token in tokens:
        assert token not in program.log
        assert token not in sent
        assert token not in asked
    assert "Traceback" not in program.log


async def check_store(store: Store, callers: list[Caller]) -> None:
    """Each call's rows are of that call, and whole."""
    async with asyncio.timeout(PATIENCE):
        while any(c.ended_at is None for c in await queries.calls(store)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    calls = {call.provider_call_id: call for call in await queries.calls(store, limit=100)}
    intruder = calls.pop(sid(99))
    assert (intruder.state, intruder.error) == ("failed", "the stream is of another call")
    assert await queries.utterances(store, intruder.id) == []
    assert set(calls) == {caller.line.call_sid for caller in callers}
    for caller in callers:
        await check_call(store, calls[caller.line.call_sid], caller)


async def check_call(store: Store, call: StoredCall, caller: Caller) -> None:
    """What is stored of one call."""
    assert (call.caller, call.state) == (caller.phone, "ended")
    assert call.end_reason == "caller hung up"
    rows = await queries.utterances(store, call.id)
    said = [(u.kind, u.text) for u in rows if u.speaker == "caller"]
    spoken = [("speech", words) for words in caller.said[:2]]
    assert said == [*spoken, ("dtmf", f"{caller.keys}#")]
    answers = [u for u in rows if u.speaker == "bot" and u.kind != "notice"]
    wanted = [GREETING, *caller.answers]
    if caller.manner == PATIENT:
        del wanted[2]
        assert APOLOGY in [u.text for u in rows if u.kind == "notice"]
    texts = [f"{u.text} {u.unheard}".strip() for u in answers]
    if caller.manner != PATIENT:  # what the voice was never asked for is in neither
        cut = wanted[caller.manner + 1]
        assert cut.startswith(texts[caller.manner + 1])
        assert [u.turn for u in answers if u.interrupted] == [caller.manner + 1]
        wanted[caller.manner + 1] = texts[caller.manner + 1]
    assert texts == wanted
    assert [turn.number for turn in await queries.turns(store, call.id)] == [1, 2, 3]
    events = await queries.events(store, call.id)
    assert named("".join(e.detail for e in events)) <= {caller.name}
    failed = [e for e in events if e.kind == "llm error" and caller.name in e.detail]
    assert len(failed) == (caller.manner == PATIENT)
