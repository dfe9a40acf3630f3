"""The phone line plays, empties and marks its buffer as Twilio does."""

import asyncio
import base64
import json
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect, WebSocketState

from tests.fakes import voice
from tests.fakes.phoneline import PhoneLine
from tests.fakes.websocket import FakeWebSocket


def media(line: PhoneLine, text: str) -> dict[str, Any]:
    payload = base64.b64encode(voice.to_ulaw(voice.speak(text, 8000))).decode()
    return {"event": "media", "streamSid": line.stream_sid, "media": {"payload": payload}}


def mark(line: PhoneLine, name: str) -> dict[str, Any]:
    return {"event": "mark", "streamSid": line.stream_sid, "mark": {"name": name}}


async def listen(line: PhoneLine) -> list[tuple[float, dict[str, Any]]]:
    """Return every message of the line, with its time, until it hangs up."""
    return [(line.now, json.loads(text)) async for text in line.websocket.iter_text()]


async def test_media_flows_without_pause_and_carries_the_voice(virtual_time: Any) -> None:
    line = PhoneLine(parameters={"from": "+1555"})
    line.says(0.2, "Hi.")
    line.presses(0.5, "#")
    messages, _ = await asyncio.gather(listen(line), line.run(until=1.0))
    events = [message["event"] for _, message in messages]
    assert events[:3] == ["connected", "start", "media"]
    assert events[-1] == "stop"
    assert events.count("media") == 50
    assert messages[1][1]["start"]["customParameters"] == {"from": "+1555"}
    times = [when for when, message in messages if message["event"] == "media"]
    assert times == pytest.approx([0.02 * n for n in range(1, 51)], abs=0.001)
    (digit,) = [(w, m["dtmf"]["digit"]) for w, m in messages if m["event"] == "dtmf"]
    assert digit == (pytest.approx(0.5, abs=0.03), "#")
    payloads = [m["media"]["payload"] for _, m in messages if m["event"] == "media"]
    sound = voice.from_ulaw(b"".join(map(base64.b64decode, payloads)))
    assert voice.hear(sound, 8000) == "Hi."


async def test_audio_plays_in_order_and_marks_return_when_reached(virtual_time: Any) -> None:
    line = PhoneLine()
    socket = line.websocket

    async def bot() -> None:
        await asyncio.sleep(1)
        await socket.send_json(mark(line, "nothing before me"))
        await socket.send_json(media(line, "One two. "))
        await socket.send_json(mark(line, "after one"))
        await socket.send_json(media(line, "Three."))
        await socket.send_json(mark(line, "at the end"))

    messages, _, _ = await asyncio.gather(listen(line), line.run(until=4), bot())
    (heard,) = line.utterances()
    assert heard.text == "One two. Three."
    assert heard.start == pytest.approx(1.0, abs=0.03)
    assert heard.end == pytest.approx(1.9, abs=0.05)
    marks = [(m["mark"]["name"], when) for when, m in messages if m["event"] == "mark"]
    assert marks == [
        ("nothing before me", pytest.approx(1.0, abs=0.03)),
        ("after one", pytest.approx(1.54, abs=0.05)),
        ("at the end", pytest.approx(1.9, abs=0.05)),
    ]


async def test_clear_empties_the_buffer_and_returns_its_marks(virtual_time: Any) -> None:
    line = PhoneLine()

    async def bot() -> None:
        await line.websocket.send_json(media(line, "This is cut off somewhere."))
        await line.websocket.send_json(mark(line, "never played"))
        await asyncio.sleep(0.62)
        await line.websocket.send_json({"event": "clear", "streamSid": line.stream_sid})

    messages, _, _ = await asyncio.gather(listen(line), line.run(until=2), bot())
    (heard,) = line.utterances()
    assert heard.text == "This is cu"
    assert line.clears == [pytest.approx(0.62, abs=0.001)]
    ((when, _),) = [entry for entry in messages if entry[1]["event"] == "mark"]
    assert when == pytest.approx(0.63, abs=0.02)


async def test_either_side_may_end_the_call(virtual_time: Any) -> None:
    caller = PhoneLine()
    caller.hangs_up(1.0)
    messages, _ = await asyncio.gather(listen(caller), caller.run(until=10))
    assert messages[-1][1]["event"] == "stop"
    assert caller.ended_at == pytest.approx(1.0, abs=0.03)

    bot = PhoneLine()

    async def close() -> None:
        await asyncio.sleep(2)
        await bot.websocket.close(1000)

    messages, _, _ = await asyncio.gather(listen(bot), bot.run(until=10), close())
    assert bot.ended_at == pytest.approx(2.0, abs=0.03)
    assert "stop" not in [message["event"] for _, message in messages]
    assert bot.websocket.closed == 1000


async def test_a_closed_socket_refuses_as_starlette_does() -> None:
    gone = FakeWebSocket()
    gone.feed({"event": "x"})
    gone.hang_up()
    assert await gone.receive_json() == {"event": "x"}
    with pytest.raises(WebSocketDisconnect):
        await gone.receive_text()
    assert gone.client_state is WebSocketState.DISCONNECTED
    with pytest.raises(WebSocketDisconnect):
        await gone.send_text("late")
    shut = FakeWebSocket()
    await shut.close(1008)
    with pytest.raises(RuntimeError):
        await shut.send_text("late")
    with pytest.raises(RuntimeError):
        await shut.close()
