"""The console beside a real phone call: what it shows, and what it does to the call."""

import asyncio
import json
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import numpy as np
import pytest

from bot.server import Server
from bot.store import queries
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.phoneline import PhoneLine
from tests.fixtures.house import Serve, dial
from tests.fixtures.speech import Speech

QUESTION = "What time is it?"
PASSWORD = "correct horse battery"


class Operator:
    """Somebody who is signed in at a real server."""

    def __init__(self, http: aiohttp.ClientSession, url: str, csrf: str) -> None:
        self.http, self.url = http, url
        self.headers = {"origin": url, "x-csrf-token": csrf}
        self.calls: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, dict[str, Any]] = {}
        self.load: dict[str, Any] = {}
        self.seen: list[dict[str, Any]] = []

    async def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """Change something as the page does."""
        url = f"{self.url}/console/api/{path}"
        async with self.http.post(url, json=body, headers=self.headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Any:
        """Read something as the page does."""
        async with self.http.get(f"{self.url}/console/api/{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def watch(self, call_id: str = "") -> None:
        """Follow the live updates until they end."""
        path = f"live/{call_id}" if call_id else "live"
        async with self.http.get(f"{self.url}/console/api/{path}") as answer:
            assert answer.content_type == "text/event-stream"
            async for raw in answer.content:
                if raw.startswith(b"data: "):
                    self._take(json.loads(raw[6:]))

    def _take(self, update: dict[str, Any]) -> None:
        self.seen.append(update)
        for call in update["calls"]:
            self.calls[call["id"]] = call
        for gone in update["gone"]:
            self.calls.pop(gone, None)
        for line in update["lines"]:
            self.lines[line["key"]] = line
        for load in update["load"]:
            self.load = load

    def said(self, *whats: str) -> list[str]:
        """The texts of the lines of some kinds."""
        return [line["text"] for line in self.lines.values() if line["what"] in whats]


@asynccontextmanager
async def signed_in(server: Server) -> AsyncIterator[Operator]:
    jar = aiohttp.CookieJar(unsafe=True)  # the server's name is an address
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as http:
        url = f"{server.url}/console/api/session"
        async with http.post(
            url, json={"password": PASSWORD}, headers={"origin": server.url}
        ) as answer:
            assert answer.status == 200
        async with http.get(url) as answer:
            operator = Operator(http, server.url, (await answer.json())["csrf"])
        yield operator


@asynccontextmanager
async def running(*works: Awaitable[None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(true: Callable[[], Any], what: str, seconds: float = 20) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what is awaited sets no event
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"no {what} within {seconds} s")


@pytest.mark.models
async def test_a_call_is_followed_guided_and_ended(
    serve: Serve, openai_api: OpenAIApi, speech: Speech
) -> None:
    openai_api.transcripts += [QUESTION, QUESTION]
    openai_api.replies += ["It is noon.", "Still noon."]
    server = await serve(OPERATOR_PASSWORD=PASSWORD, BOT_GREETING="Hello there.", RECORD_CALLS=True)
    line = PhoneLine()
    line.plays(4.0, speech.ulaw(QUESTION))
    line.plays(10.0, speech.ulaw(QUESTION))
    heard: dict[str, bytearray] = {"caller": bytearray(), "bot": bytearray()}

    async with signed_in(server) as operator:
        call = asyncio.create_task(dial(server, line, 40))
        async with running(operator.watch()):
            await until(lambda: operator.calls, "live call")
            (call_id,) = operator.calls
            shown = operator.calls[call_id]
            assert (shown["caller"], shown["mode"]) == ("+15550001111", "cascade")
            assert shown["mode_reason"]
            assert shown["recorded"]
            assert operator.load["limit"] == 10
            async with running(operator.watch(call_id), listen(operator, call_id, heard)):
                await until(lambda: "It is noon." in operator.said("speech"), "answer")
                assert QUESTION in operator.said("speech")
                assert operator.said("greeting") == ["Hello there. This call is recorded."]
                assert operator.said("times")
                status, done = await operator.post(
                    f"live/{call_id}/whisper", text="Offer them a discount."
                )
                assert status == 200, done
                await until(lambda: "Still noon." in operator.said("speech"), "second answer")
                assert operator.calls[call_id]["wait_ms"] > 0
                stages = {c["stage"] for update in operator.seen for c in update["calls"]}
                assert {"caller", "bot"} <= stages
                assert "Offer them a discount." in str(openai_api.of(ChatRequest)[-1].body)
                assert "Offer them a discount." not in str(openai_api.of(ChatRequest)[0].body)
                assert (await operator.post(f"live/{call_id}/hang-up"))[0] == 200
                await until(lambda: not operator.calls, "end of the call")
        await asyncio.wait_for(call, 30)
        assert "have to end this call now" in line.utterances()[-1].text
        assert min(map(len, heard.values())) > 8000
        assert np.abs(np.frombuffer(heard["bot"], np.int16)).max() > 1000
        await later(operator, server, call_id)


async def later(operator: Operator, server: Server, call_id: str) -> None:
    """What is left of the call once it is over."""
    assert server.resources
    await server.resources.recorder.flush()
    stored = await queries.call(server.resources.store, call_id)
    assert stored
    assert stored.end_reason == "operator hung up"
    page = await operator.get(f"calls/{call_id}")
    texts = [one["text"] for one in page["lines"]]
    assert "operator: whispered by console (127.0.0.1): Offer them a discount." in texts
    assert "operator: listens in, by console (127.0.0.1)" in texts
    assert len(page["turns"]) == 2
    assert (await operator.post(f"live/{call_id}/hang-up"))[0] == 404

    path = server.resources.settings.data_dir / "recordings" / f"{call_id}.wav"
    await until(path.exists, "recording")
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert stored.answered_at
    assert stored.ended_at
    length = (stored.ended_at - stored.answered_at).total_seconds()
    assert abs(len(sound) / 8000 - length) < 2
    assert np.abs(sound).max(axis=0).min() > 1000
    page = await operator.get(f"calls/{call_id}")
    assert page["call"]["recorded"]
    url = f"{operator.url}/console/api/calls/{call_id}/recording"
    async with operator.http.get(url, headers={"range": "bytes=0-3"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"RIFF")


async def listen(operator: Operator, call_id: str, heard: dict[str, bytearray]) -> None:
    url = f"{operator.url}/console/api/listen/{call_id}"
    async with operator.http.ws_connect(url, headers=operator.headers) as socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                assert int.from_bytes(message.data[4:8], "little") == 8000
                heard["bot" if message.data[0] else "caller"] += message.data[8:]


async def test_listening_in_is_for_operators_and_our_own_page(serve: Serve) -> None:
    server = await serve(OPERATOR_PASSWORD=PASSWORD)
    async with signed_in(server) as operator:
        url = f"{server.url}/console/api/listen/x"
        for headers in ({}, {"origin": "https://evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await operator.http.ws_connect(url, headers=headers)
            assert caught.value.status == 403
        async with operator.http.ws_connect(url, headers={"origin": server.url}) as socket:
            assert (await socket.receive_json()) == {"over": True}
        operator.http.cookie_jar.clear()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await operator.http.ws_connect(url, headers={"origin": server.url})


async def test_modes_and_set_up_are_the_servers_own(serve: Serve) -> None:
    server = await serve(OPERATOR_PASSWORD=PASSWORD)
    async with signed_in(server) as operator:
        page = await operator.get("modes")
        assert page["mode"] == "cascade"
        assert {row["name"] for row in page["rows"]} >= {"cascade", "openai_realtime", "embedded"}
        assert any("needs" in row["lacks"] for row in page["rows"])
        status, refused = await operator.post("modes/switch", mode="runpod_streaming", when="now")
        assert (status, refused["code"]) == (409, "no")
        assert "RUNPOD" in refused["message"]
        order = {"mode": "openai_realtime", "when": "idle", "force": True}
        status, page = await operator.post("modes/switch", **order)
        assert status == 200, page
        assert page["pending"].startswith("openai_realtime when no call is live")
        status, page = await operator.post("modes/rollout", shares={"cascade": 25})
        assert status == 200, page
        assert {row["name"]: row["share"] for row in page["rows"]}["cascade"] == 25
        who = [change["who"] for change in page["changes"]]
        assert set(who) == {"console (127.0.0.1)"}
        assert len(who) in (2, 3)  # nobody calls, so the switch may have been made by now
        rows = {row["part"]: row for row in (await operator.get("setup"))["rows"]}
        assert rows["voice"]["test"] == "tts"
        assert rows["console"]["uses"] == "password"
        assert {row["test"] for row in rows.values()} == {
            *("", "stt", "llm", "tts", "store"),
            *("mode cascade", "mode openai_realtime", "mode embedded"),
        }
        for part in ("stt", "llm", "tts", "store", "mode cascade"):
            status, tested = await operator.post("setup/test", part=part)
            assert (status, tested["ok"]) == (200, True), (part, tested)


async def test_a_page_that_watches_does_not_keep_the_server_from_stopping(serve: Serve) -> None:
    server = await serve(OPERATOR_PASSWORD=PASSWORD)
    async with signed_in(server) as operator:
        watching = asyncio.create_task(operator.watch())
        await until(lambda: operator.load, "load")
        began = time.monotonic()
        server.stop()
        with suppress(aiohttp.ClientError):
            await asyncio.wait_for(watching, 10)
        assert time.monotonic() - began < 10
