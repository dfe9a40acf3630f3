"""Variables whose effect only a running server or a whole call shows."""

import socket
from pathlib import Path

import aiohttp
import pytest
from loguru import logger

from bot.call import Call
from bot.errors import EmbeddedError, TandemError
from bot.logs import set_up_logs
from bot.server import Server
from bot.settings import Settings
from bot.speech.embedded.supervisor import EmbeddedSupervisor
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi, sign
from tests.fakes.twilio_wire import RestRequest
from tests.fixtures.house import Serve, cloud

RINGING = {"CallSid": "CA" + "1" * 32, "From": "+15550001111", "To": "+15550002222"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_host_and_port(serve: Serve) -> None:
    port = free_port()
    server = await serve(HOST="127.0.0.2", PORT=port)
    assert server.url == f"http://127.0.0.2:{port}"
    async with aiohttp.ClientSession() as http:
        assert (await http.get(f"{server.url}/health")).status == 200


async def test_taken_port_is_one_clear_line(
    serve: Serve, openai_api: OpenAIApi, tmp_path: Path
) -> None:
    server = await serve()
    taken = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(TandemError, match=rf"HOST and PORT: cannot listen on 127.0.0.1:{taken}"):
        await Server(cloud(openai_api, tmp_path / "other", PORT=taken)).run()


async def test_public_url_is_where_twilio_is_sent(serve: Serve) -> None:
    server = await serve(PUBLIC_URL="https://bot.example.com")
    async with aiohttp.ClientSession() as http:
        answer = await http.post(f"{server.url}/phone/incoming", data=RINGING)
        assert 'url="wss://bot.example.com/phone/media-stream/' in await answer.text()


async def test_max_calls(serve: Serve) -> None:
    server = await serve(MAX_CALLS=1)
    async with aiohttp.ClientSession() as http:
        first = await http.post(f"{server.url}/phone/incoming", data=RINGING)
        assert "<Stream" in await first.text()
        other = RINGING | {"CallSid": "CA" + "2" * 32}
        second = await (await http.post(f"{server.url}/phone/incoming", data=other)).text()
        assert "<Stream" not in second
        assert "<Say" in second
        assert "<Hangup" in second
        assert (await http.get(f"{server.url}/ready")).status == 503


async def test_operator_token_and_phone_number(serve: Serve, twilio_api: TwilioApi) -> None:
    server = await serve(
        OPERATOR_TOKEN="operators-own",
        PUBLIC_URL="https://bot.example.com",
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=AUTH_TOKEN,
        TWILIO_API_URL=twilio_api.origin,
        TWILIO_PHONE_NUMBER="+15550009999",
    )
    url, to = f"{server.url}/phone/call", {"to": "+15550001234"}
    async with aiohttp.ClientSession() as http:
        assert (await http.post(url, json=to)).status == 401
        wrong = {"Authorization": "Bearer somebody"}
        assert (await http.post(url, json=to, headers=wrong)).status == 403
        right = {"Authorization": "Bearer operators-own"}
        assert (await http.post(url, json=to, headers=right)).status == 201
    (placed,) = twilio_api.of(RestRequest)
    assert placed.fields["From"] == "+15550009999"
    assert placed.fields["To"] == "+15550001234"


async def test_twilio_auth_token_closes_the_webhooks(serve: Serve) -> None:
    public = "https://bot.example.com"
    server = await serve(
        PUBLIC_URL=public, TWILIO_ACCOUNT_SID=ACCOUNT_SID, TWILIO_AUTH_TOKEN=AUTH_TOKEN
    )
    url = f"{server.url}/phone/incoming"
    async with aiohttp.ClientSession() as http:
        assert (await http.post(url, data=RINGING)).status == 403
        good = {"X-Twilio-Signature": sign(AUTH_TOKEN, f"{public}/phone/incoming", RINGING)}
        assert (await http.post(url, data=RINGING, headers=good)).status == 200


async def test_silence_seconds_reach_each_call(serve: Serve) -> None:
    server = await serve(SILENCE_PROMPT_SECONDS=3, SILENCE_HANGUP_SECONDS=4.5)
    assert server.resources
    assert server.resources.parts(Call("phone")).silence_seconds == (3.0, 4.5)


async def test_embedded_port_is_used_or_refused(tmp_path: Path) -> None:
    port = free_port()
    assert (
        EmbeddedSupervisor({"stt"}, tmp_path, port=port).base_url == f"http://127.0.0.1:{port}/v1"
    )
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(EmbeddedError, match=str(taken)):
            _ = EmbeddedSupervisor({"stt"}, tmp_path, port=taken).base_url


def test_log_level_and_secrets_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        set_up_logs(Settings.load(None, LOG_LEVEL="WARNING", OPENAI_API_KEY="sk-very-secret"))
        logger.info("quiet words")
        logger.warning("loud words about sk-very-secret")
        set_up_logs(Settings.load(None, LOG_LEVEL="DEBUG"))
        logger.debug("tiny words")
    finally:
        logger.remove()
    shown = capsys.readouterr().err
    assert "quiet words" not in shown
    assert "loud words about ***" in shown
    assert "tiny words" in shown


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("EMBEDDED_PORT", "taken"),
        ("DATABASE_URL", "postgresql://user:hush-hush@127.0.0.1:1/none"),
        ("DATA_DIR", "/dev/null/nowhere"),
    ],
)
async def test_start_that_fails_names_the_variable(
    tmp_path: Path, setting: str, value: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = other.getsockname()[1] if value == "taken" else value
        settings = Settings.load(
            None,
            **{"PORT": 0, "DATA_DIR": tmp_path, "EMBEDDED_CACHE_DIR": tmp_path, setting: found},
        )
        with pytest.raises(TandemError, match=rf"^{setting}: ") as error:
            await Server(settings).run()
    assert "hush-hush" not in str(error.value)
    assert "\n" not in str(error.value)
