"""A caller on the phone's true routes, without a network: webhook, media socket, what follows."""

import asyncio
import re
from typing import Any

import httpx
from fastapi import FastAPI

from tests.fakes import voice
from tests.fakes.phoneline import RATE, TICK, PhoneLine
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi, sign
from tests.fakes.twilio_network import said, stream_of

_HOST = "bot.example"
_TICKS = round(RATE * TICK)


class Phone:
    """One phone call to an application.

    Args:
        app: The bot's routes, reached under the public address `base`.
        twilio: Knows the call, and ends it when it is told to.
        base: The public address.

    Attributes:
        line: The caller's end.
        spoken: What Twilio's own voice has said to the caller.
    """

    def __init__(self, app: FastAPI, twilio: TwilioApi, base: str) -> None:
        self.line = PhoneLine(account_sid=ACCOUNT_SID)
        self.spoken: list[str] = []
        self._app, self._base = app, base
        self._call = twilio.incoming(self.line, "+15550001111", "+15550002222")

    async def call(self, longest: float) -> None:
        """Live through the call as Twilio does; `longest` is in seconds."""
        twiml = await self._ask("/phone/incoming")
        stream = stream_of(twiml)
        if stream:
            url, self.line.parameters = stream
            found = re.match(rf"wss://{re.escape(_HOST)}(/.*)", url)
            assert found, url
            serving = asyncio.create_task(self._serve(found[1]))
            await self.line.run(longest)
            await serving
            if self._call.live and not self.hung_up:
                twiml = await self._ask("/phone/after")
        self.spoken += said(twiml)

    @property
    def hung_up(self) -> bool:
        """Whether the call was ended by the caller, or by Twilio on the bot's behalf."""
        return self.line.over

    def loud(self, seconds: float) -> bool:
        """Whether the caller hears something just now."""
        latest = bytes(self.line.heard[-round(RATE * seconds) :])
        heard = latest.strip(voice.SILENCE)
        return bool(heard) and bool(abs(voice.from_ulaw(heard)).max() > voice.LOUD)

    def words(self, since: float) -> str:
        """What was heard from a moment on."""
        return voice.hear(voice.from_ulaw(bytes(self.line.heard[round(since * RATE) :])), RATE)

    async def _ask(self, path: str) -> str:
        form = self._call.form(ACCOUNT_SID)
        headers = {"X-Twilio-Signature": sign(AUTH_TOKEN, f"{self._base}{path}", form)}
        transport = httpx.ASGITransport(self._app, client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
            answer = await client.post(path, data=form, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def _serve(self, path: str) -> None:
        """The media socket, as an ASGI server would hand it to the application."""
        far = self.line.websocket
        opened = False

        async def receive() -> Any:
            nonlocal opened
            if not opened:
                opened = True
                return {"type": "websocket.connect"}
            return await far.receive()

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send":
                await far.send_text(message["text"])
            elif message["type"] == "websocket.close":
                await far.close(message.get("code", 1000))

        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "wss",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", _HOST.encode())],
            "client": ("127.0.0.1", 50_000),
            "server": (_HOST, 443),
            "subprotocols": [],
            "state": {},
            "extensions": {},
        }
        await self._app(scope, receive, send)
