"""A real server on 127.0.0.1 with the phone's routes, and Twilio's REST API beside them."""

import asyncio
import contextlib
import io
import re
import socket
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import aiohttp
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from twilio.request_validator import RequestValidator

from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.telephony.twilio import TwilioRest
from bot.web.phone import phone_router
from tests.telephony.bots import Bots, Converse, tone

ACCOUNT = "AC" + "a" * 32
TOKEN = "the auth token"
PUBLIC = "https://bot.example.com"


@dataclass
class House:
    """The running server: its parts, and what went over its borders."""

    port: int
    settings: Settings
    switchboard: Switchboard
    bots: Bots
    rest: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    rest_answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    records: list[tuple[str | None, str, str]] = field(default_factory=list)
    not_ready: str = ""
    embedded: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> str:
        return self.not_ready

    def record(self, call_id: str | None, kind: str, detail: str) -> None:
        self.records.append((call_id, kind, detail))

    def sign(self, path: str, fields: dict[str, str]) -> dict[str, str]:
        """The header that Twilio would send; none when no token is configured."""
        token = self.settings.TWILIO_AUTH_TOKEN.get_secret_value()
        if not token:
            return {}
        base = self.settings.PUBLIC_URL or self.url
        return {
            "X-Twilio-Signature": RequestValidator(token).compute_signature(base + path, fields)
        }

    async def post(
        self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Post a form as Twilio does; `headers` replace the signature."""
        headers = self.sign(path, fields) if headers is None else headers
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + path, data=fields, headers=headers) as response,
        ):
            return response.status, await response.text()

    async def incoming(self, call_sid: str = "") -> tuple[str, str]:
        """Announce a call; return its SID and the socket's address on this machine."""
        call_sid = call_sid or f"CA{uuid4().hex}"
        status, text = await self.post("/phone/incoming", incoming_form(call_sid))
        assert status == 200, text
        found = re.search(r'<Stream url="wss?://[^/]+(/[^"]+)"', text)
        assert found, text
        return call_sid, f"ws://127.0.0.1:{self.port}{found[1]}"


def incoming_form(call_sid: str, **more: str) -> dict[str, str]:
    """The form of Twilio's voice webhook."""
    return {
        "CallSid": call_sid,
        "AccountSid": ACCOUNT,
        "From": "+15550001111",
        "To": "+15550002222",
        "CallStatus": "ringing",
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
        "CallerName": "",
    } | more


def _twilio(app: FastAPI, house: House) -> None:
    @app.post("/2010-04-01/Accounts/{account}/{path:path}")
    async def rest(account: str, path: str, request: Request) -> JSONResponse:
        form = dict(parse_qsl((await request.body()).decode()))
        house.rest.append((path, form))
        if house.rest_answers:
            status, body = house.rest_answers.pop(0)
            return JSONResponse(body, status)
        return JSONResponse({"sid": "CA" + "9" * 32, "status": "queued"}, 201)


def _readiness_and_speech(app: FastAPI, house: House) -> None:
    """`GET /ready` as the server has it, and embedded models that make tones of words."""

    @app.get("/ready")
    async def ready() -> JSONResponse:
        embedded = {"base_url": f"{house.url}/v1"} if house.embedded else None
        body = {"ready": not house.not_ready, "reason": house.not_ready, "embedded": embedded}
        return JSONResponse(body, 503 if house.not_ready else 200)

    @app.post("/v1/audio/speech")
    async def speech(request: Request) -> Response:
        words = len((await request.json())["input"].split())
        return Response(np.repeat(np.frombuffer(tone(0.1 * words, 200), "<i2"), 3).tobytes())

    @app.post("/v1/audio/transcriptions")
    async def transcriptions(request: Request) -> JSONResponse:
        form = await request.form()
        upload = form["file"]
        assert not isinstance(upload, str)
        with wave.open(io.BytesIO(await upload.read())) as audio:
            seconds = audio.getnframes() / audio.getframerate()
        return JSONResponse({"text": "a long tone" if seconds > 0.8 else "a short tone"})


@contextlib.asynccontextmanager
async def house(
    bots: Bots | None = None, converse: Converse | None = None, **settings: Any
) -> AsyncIterator[House]:
    """Serve the phone's routes; by default as with Twilio's credentials set."""
    bots = bots or Bots()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    given: dict[str, Any] = {
        "PUBLIC_URL": PUBLIC,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": f"http://127.0.0.1:{port}",
        "MAX_CALLS": 3,
    } | settings
    loaded = Settings.load(env_file=None, **{k: v for k, v in given.items() if v is not None})
    here = House(port, loaded, Switchboard(loaded.MAX_CALLS), bots)
    app, twilio = FastAPI(), TwilioRest.from_settings(loaded)
    app.include_router(
        phone_router(
            settings=loaded,
            switchboard=here.switchboard,
            twilio=twilio,
            converse=converse or bots.converse,
            record=here.record,
            ready=here.ready,
        )
    )
    _twilio(app, here)
    _readiness_and_speech(app, here)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield here
    finally:
        server.should_exit = True
        await task
        if twilio:
            await twilio.aclose()
