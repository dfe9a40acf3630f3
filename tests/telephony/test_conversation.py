"""Whole calls by an independent simulator (streamdouble) against the real socket."""

import base64
import json
import time
from pathlib import Path

import pytest
import websockets
from streamdouble.chaos import Impairments
from streamdouble.protocol import StreamIdentity
from streamdouble.scenario import Dtmf, Hangup, Say, Scenario, Wait, WaitFor
from streamdouble.session import Session, SessionConfig, SessionResult

from bot.telephony import mulaw
from bot.telephony.media import MAX_MESSAGE
from tests.telephony.bots import Bots, tone, until
from tests.telephony.house import ACCOUNT, House, house, incoming_form

pytestmark = pytest.mark.usefixtures("virtual_time")


def speech(seconds: float) -> Say:
    """Loud audio as a step; the bots here hear loudness, not words."""
    data = mulaw.encode(tone(seconds, 200.0))
    frames = [data[i : i + 160].ljust(160, b"\xff") for i in range(0, len(data), 160)]
    return Say(Path("speech.wav"), frames)


async def call(here: House, *steps: object, **config: object) -> tuple[str, SessionResult]:
    """Place a call by webhook and play `steps`; returns the call's SID and what happened."""
    sid, url = await here.incoming()
    identity = StreamIdentity(call_sid=sid, account_sid=ACCOUNT, stream_sid="MZ" + "5" * 32)
    options = {"quiet_period_s": 0.3, "max_drain_s": 2.0, "response_timeout_s": 3.0} | config
    session = Session(
        url,
        scenario=Scenario("test", list(steps)),  # type: ignore[arg-type]
        config=SessionConfig(**options),  # type: ignore[arg-type]
        identity=identity,
        clock=lambda: time.perf_counter(),  # looked up: the test's clock is virtual
    )
    return sid, await session.run()


UNSIGNED = {"TWILIO_AUTH_TOKEN": None, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret"}
"""streamdouble sends no signature; on loopback none is needed with an API key."""


async def over(here: House) -> str:
    """Wait until the only call is over on all sides; return why it ended."""
    call, _ = await until(lambda: here.bots.finished and here.bots.finished[0])
    await until(lambda: here.switchboard.live == 0 and call.over)
    assert here.switchboard.calls == []
    return str(call.end_reason)


async def test_greeting_then_question_and_answer() -> None:
    async with house(Bots(greeting=0.5, answer=0.6), **UNSIGNED) as here:
        _, result = await call(here, WaitFor("audio"), Wait(0.8), speech(0.5), Wait(1.5))
        assert result.violations == []
        assert not result.closed_early
        assert 1.1 <= result.audio_duration_s <= 1.3  # each utterance is padded to 100 ms
        assert set(result.marks_echoed) == set(result.marks_received) != set()
        assert 0.45 <= here.bots.made[0].loud_seconds <= 0.55
        assert await over(here) == "caller hung up"
        finished, _ = here.bots.finished[0]
        assert (finished.caller, finished.callee) == ("+15550001111", "+15550002222")
        assert finished.dropped_frames == 0
        assert here.rest == []


async def test_audio_is_sent_as_fast_as_it_is_heard() -> None:
    async with house(Bots(greeting=3.0), **UNSIGNED) as here:
        _, result = await call(here, WaitFor("audio"), Wait(1.0), Hangup())
        first = result.first_audio_at
        assert first is not None
        within = sum(
            e.detail["bytes"] for e in result.events_of("media_received") if e.at - first <= 0.9
        )
        assert within / 8000 <= 0.9 + 0.25 + 0.1  # what was heard, the lead, one chunk


async def test_barge_in_clears_and_the_bot_falls_silent() -> None:
    async with house(Bots(greeting=4.0, answer=0.3), **UNSIGNED) as here:
        _, result = await call(
            here, WaitFor("audio"), Wait(1.0), speech(0.3), WaitFor("clear", 2), Wait(0.2), Hangup()
        )
        assert result.clears_received == 1
        assert here.bots.made[0].interruptions == 1
        cleared = result.events_of("clear_received")[0].at
        late = [e for e in result.events_of("media_received") if e.at > cleared]
        assert late == []
        assert await over(here) == "caller hung up"
        playout = here.bots.transports[0].playout  # type: ignore[attr-defined]
        assert 0.9 <= playout.played_seconds <= 1.6  # of four seconds that were made


async def test_early_hang_up_ends_everything_within_a_second() -> None:
    async with house(Bots(greeting=5.0), **UNSIGNED) as here:
        _, result = await call(here, WaitFor("audio"), Hangup())
        left = time.monotonic()
        assert result.closed_by == "caller"
        assert await over(here) == "caller hung up"
        assert time.monotonic() - left < 1.0  # of the test's own clock
        assert here.rest == []


async def test_keys_reach_the_conversation_in_order() -> None:
    async with house(Bots(greeting=0.2), **UNSIGNED) as here:
        await call(here, WaitFor("audio"), Dtmf("90*#"), Wait(0.2))
        assert here.bots.made[0].keys == ["9", "0", "*", "#"]


async def test_a_bad_line_is_still_a_conversation() -> None:
    line = Impairments(loss=0.15, jitter_ms=35)
    async with house(Bots(greeting=0.3, answer=0.5), **UNSIGNED) as here:
        _, result = await call(
            here, WaitFor("audio"), Wait(0.5), speech(0.8), Wait(1.8), impairments=line
        )
        assert result.frames_dropped > 0
        assert result.violations == []
        assert 0.8 <= result.audio_duration_s <= 1.1
        assert await over(here) == "caller hung up"


async def test_the_bots_hang_up_ends_the_phone_call_after_its_last_word() -> None:
    async with house(Bots(greeting=0.2, answer=1.0, answers=1), **UNSIGNED) as here:
        sid, result = await call(here, WaitFor("audio"), Wait(0.4), speech(0.4), Wait(4.0))
        assert result.closed_by == "agent"
        assert here.rest == [(f"Calls/{sid}.json", {"Status": "completed"})]
        assert result.audio_duration_s >= 1.2
        assert result.marks_echoed[-1] == result.marks_received[-1]  # the last word was played
        assert await over(here) == "bot hung up"
        status, text = await here.post("/phone/after", incoming_form(sid, CallStatus="in-progress"))
        assert status == 200
        assert "<Say" not in text
        assert "<Hangup" in text


@pytest.mark.parametrize(
    ("status", "answer"),
    [(404, {"code": 20404, "status": 404}), (400, {"code": 21220, "status": 400})],
)
async def test_hanging_up_a_call_that_is_over_is_no_error(
    status: int, answer: dict[str, object]
) -> None:
    async with house(Bots(greeting=0.2, answer=0.2, answers=1), **UNSIGNED) as here:
        here.rest_answers = [(status, answer)]
        await call(here, WaitFor("audio"), Wait(0.4), speech(0.3), Wait(2.0))
        assert await over(here) == "bot hung up"
        assert len(here.rest) == 1
        assert here.records == []


GARBAGE = (
    "not json",
    "[]",
    "null",
    '"text"',
    "{",
    "{}",
    '{"event":5}',
    '{"event":"unheard of"}',
    '{"event":"media"}',
    '{"event":"media","media":[]}',
    '{"event":"media","media":{"payload":7}}',
    '{"event":"media","media":{"payload":"%%%"}}',
    '{"event":"media","streamSid":"MZother","media":{"payload":"/w=="}}',
    '{"event":"media","streamSid":7,"media":{"payload":"/w=="}}',
    '{"event":"mark","mark":"m1"}',
    '{"event":"dtmf","dtmf":{"digit":"Z"}}',
    '{"event":"dtmf","dtmf":{"digit":["5"]}}',
    '{"event":"stop","streamSid":"MZother"}',
    "[" * 60_000,
    '{"event":"media","media":{"payload":"' + "A" * MAX_MESSAGE + '"}}',
    "x" * 1_000_000,
    b"\x00\xff binary",
)


async def test_garbage_is_dropped_and_counted_and_the_call_goes_on() -> None:
    async with house(Bots(greeting=0.2, answer=0.3), **UNSIGNED) as here:
        sid, url = await here.incoming()
        async with websockets.connect(url, max_size=None) as socket:
            await socket.send("garbage before the start")
            await socket.send(start(sid))
            for message in GARBAGE:
                await socket.send(message)
            for _ in range(25):
                await socket.send(media(tone(0.02, 200.0)))
            for _ in range(25):
                await socket.send(media(bytes(320)))
            await until(lambda: here.bots.made and here.bots.made[0].loud_seconds >= 0.49)
            heard: list[dict[str, object]] = []
            while not {m["event"] for m in heard} >= {"media", "mark"}:
                heard.append(json.loads(await socket.recv()))
            await socket.send(json.dumps({"event": "stop", "streamSid": "MZ1"}))
            assert await over(here) == "caller hung up"
        assert {m["streamSid"] for m in heard} == {"MZ1"}
        assert here.bots.finished[0][0].dropped_frames == len(GARBAGE) + 1


def start(call_sid: str, account: str = ACCOUNT) -> str:
    """The message that begins the stream MZ1."""
    inner = {"streamSid": "MZ1", "callSid": call_sid, "accountSid": account, "tracks": ["inbound"]}
    return json.dumps({"event": "start", "streamSid": "MZ1", "start": inner})


def media(pcm: bytes) -> str:
    """One message of the caller's audio on the stream MZ1."""
    payload = base64.b64encode(mulaw.encode(pcm)).decode()
    return json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": payload}})
