"""The room in a real Chromium, against a real server with a bot that needs no models."""

import asyncio
import json
import re
import signal
import sys
import wave
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bot.call import CallState
from bot.web import connections
from tests.fixtures.chromium import HEARD_HZ, Room, open_room
from tests.fixtures.stub_bot import StubServer, stub_server, tone
from tests.web.barge import WAY_SECONDS, broken_in

pytestmark = pytest.mark.browser

SPEECH = tone(0.5, 16_000, pitch=300)
COUGH = tone(0.15, 16_000, pitch=300)
COUGHS = 4
"""One that the machine does not disturb is enough to know how long the way is."""
TOKEN = "operator-token-for-tests"


def pitch(pcm: bytes, hz: int) -> float:
    """The strongest frequency, in hertz."""
    samples = np.frombuffer(pcm, np.int16).astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / hz)[spectrum.argmax()])


async def hear(room: Room, what: str) -> None:
    async def loud() -> bool:
        return await room.heard_rms() > 0.05

    await room.wait_until(loud, what)


async def steady(room: Room) -> bool:
    """The bot is heard without a gap."""
    return await room.heard_rms() > 0.1


async def hush(room: Room, what: str) -> None:
    async def quiet() -> bool:
        return await room.heard_rms() < 0.005

    await room.wait_until(quiet, what)


async def read(room: Room, who: str, text: str) -> None:
    async def written() -> bool:
        return text in await room.said(who)

    await room.wait_until(written, f"{who} caption {text!r}")


async def until_over(stub: StubServer, room: Room, seconds: float) -> None:
    async def over() -> bool:
        return stub.calls[-1].over

    await room.wait_until(over, "end of the call on the server", seconds)


async def test_a_conversation_is_heard_and_read_and_can_be_had_again() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        await room.call()
        await hear(room, "greeting")
        await read(room, "bot", "Hello from the stub.")
        await hush(room, "end of the greeting")
        start = await room.mark()
        await room.say(SPEECH)
        await read(room, "caller", "utterance 1 <b>bold</b>")  # as text, not as HTML
        await hear(room, "answer")
        await read(room, "bot", stub.answer)
        await hush(room, "end of the answer")
        assert 430 < pitch(await room.record(start), HEARD_HZ) < 450
        await room.say(SPEECH)
        await read(room, "caller", "utterance 2")
        assert await room.stages() == {
            turn: {
                "voice_to_voice": 820,
                "vad": 200,
                "stt": 180,
                "turn": 30,
                "llm": 250,
                "tts": 120,
                "other": 40,
            }
            for turn in (1, 2)
        }
        assert [turn for turn, who, _ in await room.captions() if who == "caller"] == [1, 2]
        await room.hang_up()
        await room.wait_for_phase("over")
        await until_over(stub, room, 2)
        assert stub.calls[0].end_reason == "caller hung up"
        assert "you hung up" in await room.page.locator("footer").inner_text()
        await room.call()
        await read(room, "bot", "Hello from the stub.")
        assert "utterance" not in await room.said("caller")
        assert len(stub.calls) == 2


async def test_breaking_in_stops_the_bot_and_strikes_what_was_not_heard() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        stub.answer_seconds = 6.0
        await room.call()
        await hush(room, "end of the greeting")
        await room.say(SPEECH)
        await read(room, "bot", "one two")
        await hear(room, "answer")
        await room.say(SPEECH)
        await hush(room, "silence after breaking in")
        heard, unheard = await room.said("bot"), await room.said("unheard")
        assert unheard.endswith("six")
        assert "six" not in heard
        assert "not heard" in await room.page.locator("[data-turn='1']").inner_text()
        await read(room, "caller", "utterance 2")


async def test_a_sound_silences_the_bot_at_once_and_a_cough_lets_it_go_on() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        stub.patient, stub.answer_seconds = True, 40.0
        await room.call()
        await hush(room, "end of the greeting")
        await room.say(SPEECH)
        silent = []
        for cough in range(COUGHS):
            await room.wait_until(lambda: steady(room), f"answer before cough {cough}")
            start = await room.mark()
            await room.say(COUGH)
            await hush(room, "silence for the cough")
            await hear(room, f"answer after cough {cough}")
            heard, spoken = await room.record(start), await room.spoken(start)
            silent.append(broken_in(heard, spoken, 0.2)[1])
        # Where the machine held the bot's voice up just then, there is nothing to measure.
        assert 0 < min(filter(None, silent), default=0) <= WAY_SECONDS, silent
        assert await room.said("unheard") == ""
        assert "utterance 2" not in await room.said("caller")


async def test_mute_keeps_the_microphone_quiet() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        await room.call()
        await hush(room, "end of the greeting")
        mute = room.page.get_by_role("button", name="Mute")
        await mute.press("Space")
        unmute = room.page.get_by_role("button", name="Unmute")
        assert await unmute.get_attribute("aria-pressed") == "true"
        assert await room.status() == "You are muted"
        await room.say(SPEECH)
        await asyncio.sleep(1)
        assert await room.said("caller") == ""
        await unmute.press("Space")
        await room.say(SPEECH)
        await read(room, "caller", "utterance 1")


async def test_the_bot_hangs_up_after_its_last_words() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        stub.goodbye_after = 1
        await room.call()
        await hush(room, "end of the greeting")
        start = await room.mark()
        await room.say(SPEECH)
        await room.wait_for_phase("over")
        heard = np.frombuffer(await room.record(start), np.int16) / 32768
        seconds = np.count_nonzero(np.abs(heard) > 0.05) / HEARD_HZ
        assert seconds > stub.answer_seconds * 0.7
        assert "bot hung up" in await room.page.locator("footer").inner_text()
        assert await room.trouble() == ""
        await until_over(stub, room, 3)
        assert stub.calls[0].state is CallState.ENDED


@pytest.mark.parametrize(
    ("microphone", "title"),
    [("refused", "The microphone is blocked"), ("none", "No microphone found")],
)
async def test_no_microphone(microphone: Any, title: str) -> None:
    async with stub_server() as stub, open_room(stub.url, microphone=microphone) as room:
        await room.click_call()
        await room.page.get_by_role("alert").wait_for()
        assert title in await room.trouble()
        assert await room.phase() == "idle"
        assert stub.calls == []


async def test_a_warming_server_is_waited_for_and_a_full_one_is_not() -> None:
    async with stub_server(max_calls=1) as stub:
        stub.not_ready = "the voice is loading"
        async with open_room(stub.url) as room:
            await room.page.get_by_text("Right now the voice is loading").wait_for()
            await room.click_call()
            await room.wait_for_phase("warming")
            assert "the voice is loading" in await room.page.locator("main").inner_text()
            stub.not_ready = ""
            await room.wait_for_phase("talking")
            async with open_room(stub.url) as second:
                await second.click_call()
                await second.page.get_by_role("alert").wait_for()
                assert "all 1 lines are busy" in await second.trouble()
                await room.hang_up()
                await until_over(stub, room, 2)
                await second.call()


async def test_a_stranger_needs_the_operators_token() -> None:
    proxy = {"X-Forwarded-For": "192.0.2.7"}
    async with stub_server(OPERATOR_TOKEN=TOKEN) as stub:
        async with open_room(stub.url, headers=proxy) as room:
            await room.click_call()
            await room.page.get_by_role("alert").wait_for()
            field = room.page.get_by_label("Operator's token")
            await field.fill("wrong")
            await field.press("Enter")
            await room.page.get_by_text("That is not the operator's token.").wait_for()
            await field.fill(TOKEN)
            await field.press("Enter")
            await room.wait_for_phase("talking")
        async with open_room(stub.url, headers=proxy, path=f"/#token={TOKEN}") as room:
            assert TOKEN not in room.page.url
            await room.call()


async def test_a_call_that_breaks_says_so() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        stub.breaks = True
        await room.click_call()
        await room.page.get_by_role("alert").wait_for()
        assert "Something broke on the server" in await room.trouble()
        stub.breaks = False
        await room.call()


async def test_a_page_that_dies_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOST_CHECKS", 4)
    async with stub_server() as stub, open_room(stub.url) as room:
        await room.call()
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # Chromium's helpers come and go
                if "--type=renderer" in process.cmdline():
                    process.kill()
        async with asyncio.timeout(10):
            while not stub.calls[0].over:  # noqa: ASYNC110 - a call has no event for its end
                await asyncio.sleep(0.1)
        assert stub.calls[0].end_reason == "connection lost"


async def test_a_server_that_dies_is_noticed_and_called_again() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fixtures.stub_bot", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        url = (await asyncio.wait_for(server.stdout.readline(), 60)).decode().strip()
        async with open_room(url) as room:
            await room.call()
            server.send_signal(signal.SIGKILL)
            await room.wait_for_phase("over", 30)
            assert "The connection was lost" in await room.trouble()
            await room.click_call()
            await room.page.get_by_role("alert").get_by_text("does not answer").wait_for()
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def test_it_fits_a_phone_and_works_from_the_keyboard() -> None:
    async with stub_server() as stub, open_room(stub.url, size=(320, 640)) as room:
        stub.answer = "Donaudampfschifffahrtsgesellschaftskapitän " * 4

        async def fits() -> None:
            width = await room.page.evaluate("() => document.documentElement.scrollWidth")
            assert width <= 320

        await fits()
        await room.page.keyboard.press("Enter")  # the button has the focus from the start
        await room.wait_for_phase("talking")
        await hush(room, "end of the greeting")
        await room.say(SPEECH)
        await read(room, "bot", "kapitän Donau")
        await fits()
        for button in ("Mute", "Hang up"):
            box = await room.page.get_by_role("button", name=button).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 320
            assert box["y"] + box["height"] <= 640
        await room.page.get_by_role("textbox").focus()
        reached = []
        for _ in range(4):
            await room.page.keyboard.press("Tab")
            reached.append(
                await room.page.evaluate("() => document.activeElement.innerText.trim()")
            )
            if reached[-1] == "Hang up":
                break
        assert reached[-2:] == ["Mute", "Hang up"]
        await room.page.keyboard.press("Enter")
        await room.wait_for_phase("over")
        assert re.search(r"after 0:0\d", await room.page.locator("footer").inner_text())


async def test_whoever_cannot_speak_types() -> None:
    async with stub_server() as stub, open_room(stub.url, microphone="refused") as room:
        await room.click_call()
        await room.page.get_by_role("button", name="Go on by typing").click()
        await room.wait_for_phase("talking")
        await read(room, "bot", "Hello from the stub.")
        assert await room.trouble() == ""
        field = room.page.get_by_role("textbox", name="Type to Tandem")
        assert await field.evaluate("(it) => it === document.activeElement")
        await field.fill("  what's <img src=x onerror=alert(1)> this?  ")
        await field.press("Enter")
        await read(room, "caller", "what's <img src=x onerror=alert(1)> this?")
        await read(room, "bot", stub.answer)
        await hear(room, "answer")
        assert await field.input_value() == ""


async def test_push_to_talk_opens_the_microphone_only_while_it_is_held() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        await room.page.keyboard.press("Space")  # calls
        await room.wait_for_phase("talking")
        await hush(room, "end of the greeting")
        await room.page.get_by_role("button", name="Settings").click()
        await room.page.get_by_role("checkbox", name="Push to talk").check()
        await room.page.get_by_role("combobox", name="Look").select_option("dark")
        await room.page.keyboard.press("Escape")
        scheme = await room.page.evaluate("() => document.documentElement.style.colorScheme")
        assert scheme == "dark"
        await room.say(SPEECH)
        await asyncio.sleep(0.8)
        assert await room.said("caller") == ""
        await room.page.keyboard.down("Space")
        await room.say(SPEECH)
        await room.page.keyboard.up("Space")
        await read(room, "caller", "utterance 1")


async def test_a_network_that_breaks_does_not_end_the_conversation() -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        stub.answer = " ".join(f"word{n}" for n in range(40))
        stub.answer_seconds = 8
        await room.call()
        await hush(room, "end of the greeting")
        await room.say(SPEECH)
        await read(room, "bot", "word3")
        unplug(stub)
        await room.wait_for_phase("reconnecting", 8)
        await room.wait_for_phase("talking", 8)
        await read(room, "bot", stub.answer)  # with what was said meanwhile
        await hear(room, "the rest of the answer")
        await room.say(SPEECH)
        await read(room, "caller", "utterance 2")
        assert len(stub.calls) == 1
        assert "utterance 1" in await room.said("caller")
        await room.hang_up()
        await until_over(stub, room, 3)


def unplug(stub: StubServer) -> None:
    """Every packet of the one connection is lost from now on, in both directions."""
    assert stub.connections
    (visit,) = set(stub.connections._named.values())
    assert visit._connection
    ice = visit._connection.pc.getTransceivers()[0].sender.transport.transport._connection

    async def lost(*_: Any) -> None:
        pass

    for protocol in ice._protocols:
        protocol.datagram_received = protocol.send_stun = lambda *_: None
        protocol.send_data = lost


async def test_a_conversation_can_be_taken_away(tmp_path: Path) -> None:
    async with stub_server() as stub, open_room(stub.url) as room:
        await room.call()
        await hush(room, "end of the greeting")
        await room.say(SPEECH)
        await read(room, "bot", stub.answer)
        await hush(room, "end of the answer")
        await room.page.get_by_role("button", name="Behind the scenes").click()
        details = room.page.get_by_role("dialog", name="Behind the scenes")
        for shown in ("stub mind", "cascade", "820 ms", "notes, windows"):
            await details.get_by_text(shown).first.wait_for()
        await room.hang_up()
        await room.wait_for_phase("over")
        async with room.page.expect_download() as written:
            await details.get_by_role("button", name="Conversation (JSON)").click()
        conversation = json.loads(await text_of(written))
        assert conversation["turns"][1]["caller"] == "utterance 1 <b>bold</b>"
        assert conversation["turns"][1]["seconds"]["llm"] == 0.25
        assert conversation["call"]["models"]["tts"] == "stub voice"
        async with room.page.expect_download() as recorded:
            await details.get_by_role("button", name="Audio (WAV)").click()
        download = await recorded.value
        await download.save_as(tmp_path / "call.wav")
        with wave.open(str(tmp_path / "call.wav")) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
            hz, sound = file.getframerate(), file.readframes(file.getnframes())
        caller, bot = np.frombuffer(sound, np.int16).reshape(-1, 2).T
        assert 290 < pitch(caller.tobytes(), hz) < 310
        assert 430 < pitch(bot.tobytes(), hz) < 450


async def text_of(download: Any) -> str:
    path = await (await download.value).path()
    return await asyncio.to_thread(Path(path).read_text, encoding="utf-8")
