"""A stop: nobody new, live calls go on for a while, then a person or a goodbye; no dead port."""

import asyncio
import re
import signal
import socket
from pathlib import Path
from xml.etree import ElementTree

import aiohttp
import pytest

from bot.errors import TandemError
from bot.server import Server
from bot.store import queries
from bot.store.store import Store
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.phoneline import PhoneLine
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi
from tests.fakes.twilio_wire import RestRequest
from tests.fixtures.house import Serve, cloud, dial
from tests.fixtures.program import Program, Start, heard, sid, talk
from tests.test_settings_served import RINGING, free_port

PERSON = "+15559990000"
QUIET = {"BOT_GREETING": "Hello there.", "SILENCE_PROMPT_SECONDS": 300}


async def until_heard(line: PhoneLine, words: str) -> None:
    async with asyncio.timeout(40):
        while words not in heard(line):  # noqa: ASYNC110 - the line has no events
            await asyncio.sleep(0.05)


async def calling(server: Server, number: int = 0) -> tuple[PhoneLine, asyncio.Task[None]]:
    """A live call that has heard the greeting."""
    line = PhoneLine(call_sid=sid(number))
    task = asyncio.create_task(dial(server, line, 280))
    await until_heard(line, "Hello there.")
    return line, task


async def gone(server: Server) -> None:
    """Wait until the server does not answer any more."""
    async with asyncio.timeout(40), aiohttp.ClientSession() as http:
        while True:
            try:
                await http.get(f"{server.url}/health")
            except aiohttp.ClientConnectionError:
                return
            await asyncio.sleep(0.05)


async def until_counted(program: Program, *figures: str) -> None:
    """Wait until `/metrics` says so: what other workers count is a second old."""
    async with asyncio.timeout(40):
        text = ""
        while not all(figure in text for figure in figures):
            async with program.http.get(f"{program.url}/metrics") as answer:
                text = await answer.text()
            await asyncio.sleep(0.05)


async def test_live_calls_finish_and_new_ones_are_told(serve: Serve) -> None:
    server = await serve(DRAIN_SECONDS=60, **QUIET)
    line, call = await calling(server)
    server.stop()
    async with aiohttp.ClientSession() as http:
        answer = await http.get(f"{server.url}/ready")
        assert (answer.status, (await answer.json())["reason"]) == (503, "server stopping")
        assert (await http.get(f"{server.url}/health")).status == 200
        twiml = await (await http.post(f"{server.url}/phone/incoming", data=RINGING)).text()
        assert [verb.tag for verb in ElementTree.fromstring(twiml)] == ["Say", "Hangup"]
        await asyncio.sleep(1)
        assert not call.done()
    line.end()
    await call
    assert heard(line) == "Hello there."
    await gone(server)


async def test_an_announced_call_is_still_taken(serve: Serve) -> None:
    server = await serve(DRAIN_SECONDS=60, **QUIET)
    async with aiohttp.ClientSession() as http:
        form = RINGING | {"CallSid": sid(3)}
        twiml = await (await http.post(f"{server.url}/phone/incoming", data=form)).text()
    found = re.search(r'<Stream url="([^"]+)"', twiml)
    assert found
    server.stop()
    await asyncio.sleep(0.3)
    line, call = talk(found[1], 3, 280)
    await until_heard(line, "Hello there.")
    line.end()
    await call


async def test_calls_that_outlast_it_hear_a_goodbye(serve: Serve) -> None:
    server = await serve(DRAIN_SECONDS=0.7, **QUIET)
    line, call = await calling(server)
    asked = line.now
    server.stop()
    await call
    assert re.search(r"Hello there\. .*[Gg]oodbye", heard(line))
    assert line.utterances()[1].start > asked + 0.3, "they are not told at once"
    await gone(server)


async def test_a_second_wish_ends_it_at_once(serve: Serve) -> None:
    server = await serve(DRAIN_SECONDS=600, **QUIET)
    line, call = await calling(server)
    server.stop()
    await asyncio.sleep(0.2)
    server.stop_now()
    await asyncio.wait_for(call, 30)
    assert "oodbye" not in heard(line)
    await gone(server)


async def test_calls_that_outlast_it_are_put_through(
    openai_api: OpenAIApi, twilio_api: TwilioApi, tmp_path: Path
) -> None:
    port = free_port()
    settings = cloud(
        openai_api,
        tmp_path,
        PORT=port,
        DRAIN_SECONDS=0.5,
        FALLBACK_PHONE_NUMBER=PERSON,
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=AUTH_TOKEN,
        TWILIO_API_URL=twilio_api.origin,
        **QUIET,
    )
    server = Server(settings)
    running = asyncio.create_task(server.run())
    await asyncio.wait_for(server.listening.wait(), 30)
    assert server.resources
    await server.resources.wait_ready()
    line = PhoneLine(account_sid=ACCOUNT_SID)
    call = asyncio.create_task(
        twilio_api.ring(f"{server.url}/phone/incoming", line, until=280, caller="+15550001111")
    )
    await until_heard(line, "Hello there.")
    server.stop()
    await asyncio.wait_for(asyncio.gather(call, running), 60)

    (asked,) = twilio_api.of(RestRequest)
    twiml = ElementTree.fromstring(asked.fields["Twiml"])
    assert [verb.tag for verb in twiml] == ["Say", "Dial", "Say"]
    assert (twiml[1].text, set(twiml[1].attrib) & {"action", "url"}) == (PERSON, set())
    assert "oodbye" not in heard(line)
    store = await Store.open(settings.database_url)
    (written,) = await queries.calls(store)
    await store.close()
    assert (written.state, written.end_reason) == ("transferred", "handed to operator")


@pytest.mark.parametrize(
    "settings",
    [{"DATA_DIR": "/dev/null/nowhere"}, {"DATABASE_URL": "sqlite:////dev/null/x.db"}],
)
async def test_a_start_that_fails_never_takes_the_port(
    openai_api: OpenAIApi, tmp_path: Path, settings: dict[str, str]
) -> None:
    port = free_port()
    server = Server(cloud(openai_api, tmp_path, PORT=port, **settings))
    running = asyncio.create_task(server.run())
    while not running.done():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1).close()
        await asyncio.sleep(0.002)
    with pytest.raises(TandemError):
        await running
    assert not server.listening.is_set()


@pytest.mark.timeout(300)
async def test_workers_let_their_calls_finish_too(start: Start) -> None:
    program = await start(WORKERS=2, DRAIN_SECONDS=120, **QUIET)
    await program.ready(2)
    calls = []
    for number in (1, 2):
        url, _ = await program.ring(sid(number))
        calls.append(talk(url, number, 280))
        await until_heard(calls[-1][0], "Hello there.")
    live = 'tandem_calls_live{mode="cascade"} 2.0'
    for _ in range(3):  # whichever worker answers
        await until_counted(program, live, "tandem_processes_taking_calls 2.0")

    program.process.send_signal(signal.SIGTERM)
    (line, call), (other, other_call) = calls
    await program.until(lambda: program.log.count("no more calls are taken") == 2, 40)
    assert "<Stream" not in await program.post("/phone/incoming", sid(7))
    line.end()
    await call
    await program.until(lambda: "worker 1 has left" in program.log, 40)
    ended = 'tandem_calls_total{channel="phone",end="caller hung up",mode="cascade"} 1.0'
    await until_counted(program, 'tandem_calls_live{mode="cascade"} 1.0', ended)
    assert not other_call.done()
    other.end()
    await other_call
    assert await asyncio.wait_for(program.process.wait(), 40) == 0
    assert heard(other) == "Hello there."
    assert "ERROR" not in program.log
