"""The REST client: addresses, credentials, and what its errors say."""

import asyncio
import base64
import time
from typing import Any

import pytest
from aiohttp import web

from bot.errors import ProviderRefused, ProviderUnavailable
from bot.settings import Settings
from bot.telephony import twilio
from bot.telephony.twilio import TwilioRest, api_url
from tests.telephony.house import ACCOUNT, house


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://api.twilio.com"),
        ({"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"}, "https://api.dublin.ie1.twilio.com"),
        ({"TWILIO_API_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
    ],
)
def test_the_address(given: dict[str, str], url: str) -> None:
    assert api_url(Settings.load(env_file=None, **given)) == url


@pytest.mark.parametrize(
    ("given", "login"),
    [
        ({"TWILIO_AUTH_TOKEN": "token"}, f"{ACCOUNT}:token"),
        (
            {"TWILIO_AUTH_TOKEN": "token", "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "geheim"},
            "SK1:geheim",
        ),
    ],
)
async def test_credentials_and_account(given: dict[str, Any], login: str) -> None:
    seen: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers["Authorization"]))
        return web.json_response({"sid": "CA1"}, status=201)

    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    given |= {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_URL": url}
    client = TwilioRest.from_settings(Settings.load(env_file=None, **given))
    assert client
    try:
        assert await client.create_call("+15550003333", "+15550002222", url="https://x/y") == "CA1"
        await client.update_call("CA1", "<Response/>")
        assert await client.send_message("+15550003333", "+15550002222", "Hello") == "CA1"
    finally:
        await client.aclose()
        await runner.cleanup()
    account = f"/2010-04-01/Accounts/{ACCOUNT}"
    assert [path for path, _ in seen] == [
        f"{account}/{path}.json" for path in ("Calls", "Calls/CA1", "Messages")
    ]
    assert {auth for _, auth in seen} == {"Basic " + base64.b64encode(login.encode()).decode()}


def test_no_credentials_no_client() -> None:
    assert TwilioRest.from_settings(Settings.load(env_file=None)) is None


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (400, {"code": 21211, "message": "Bad To"}, ProviderRefused, "Twilio: 400/21211 Bad To"),
        (401, {"code": 20003, "message": "Auth"}, ProviderRefused, "Twilio: 401/20003 Auth"),
        (404, {}, ProviderRefused, "Twilio: 404/- no message"),
        (429, {"code": 20429}, ProviderUnavailable, "Twilio: 429/20429 no message"),
        (503, {}, ProviderUnavailable, "Twilio: 503/- no message"),
    ],
)
async def test_errors_carry_the_code_and_no_secret(
    status: int, body: dict[str, Any], error: type[Exception], text: str
) -> None:
    async with house() as here:
        here.rest_answers = [(status, body)]
        client = TwilioRest.from_settings(here.settings)
        assert client
        with pytest.raises(error) as caught:
            await client.update_call("CA1", "<Response/>")
        await client.aclose()
        assert str(caught.value) == text


@pytest.mark.usefixtures("virtual_time")
async def test_nobody_there_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    client = TwilioRest("http://127.0.0.1:9", ACCOUNT, ACCOUNT, "token")
    monkeypatch.setattr(twilio, "_RETRY_WAITS", (0.01, 0.01))
    with pytest.raises(ProviderUnavailable, match="ClientConnectorError"):
        await client.hang_up("CA1")
    await client.aclose()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(twilio, "TOTAL_SECONDS", 0.1)
    client = TwilioRest(f"http://127.0.0.1:{port}", ACCOUNT, ACCOUNT, "token")
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable, match="Timeout"):
        await client.create_call("+1", "+1", twiml="<Response/>")
    assert time.monotonic() - began < 2
    await client.aclose()
    server.close()
