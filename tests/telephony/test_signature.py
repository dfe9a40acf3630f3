"""Twilio's signature, in all the ways in which the URL may have been written."""

from typing import Any

import pytest
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import HTTPConnection
from twilio.request_validator import RequestValidator

from bot.settings import Settings
from bot.telephony.signature import Trust, public_base, signed, trust

TOKEN = "12345"
FORM = ImmutableMultiDict(
    [("CallSid", "CA1"), ("To", "+18005551212"), ("CallerName", ""), ("MediaUrl", "b"),
     ("MediaUrl", "a")]
)  # fmt: skip


def settings(**given: Any) -> Settings:
    return Settings.load(env_file=None, TWILIO_ACCOUNT_SID="AC1", **given)


def asked(
    path: str, kind: str = "http", query: str = "", scheme: str = "", **headers: str
) -> HTTPConnection:
    """A request as this server sees it, behind its proxy."""
    return HTTPConnection(
        {
            "type": kind,
            "scheme": scheme or ("ws" if kind == "websocket" else "http"),
            "server": ("127.0.0.1", 7860),
            "path": path,
            "query_string": query.encode(),
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        }
    )


def sign(url: str, form: Any = None, token: str = TOKEN, algorithm: str | None = None) -> str:
    return str(RequestValidator(token).compute_signature(url, form or {}, algorithm))


def test_the_example_of_twilios_documentation() -> None:
    params = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234",
        "From": "+14158675309", "To": "+18005551212",
    }  # fmt: skip
    request = asked(
        "/myapp.php", query="foo=1&bar=2", host="127.0.0.1",
        x_twilio_signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    )  # fmt: skip
    here = settings(TWILIO_AUTH_TOKEN="12345", PUBLIC_URL="https://mycompany.com")
    assert signed(here, request, ImmutableMultiDict(params))
    other = settings(TWILIO_AUTH_TOKEN="12346", PUBLIC_URL="https://mycompany.com")
    assert not signed(other, request, ImmutableMultiDict(params))


@pytest.mark.parametrize("written", ["https://b.example", "https://b.example:443"])
def test_with_and_without_the_port(written: str) -> None:
    here = settings(TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL="https://b.example")
    request = asked("/phone/incoming", x_twilio_signature=sign(f"{written}/phone/incoming", FORM))
    assert signed(here, request, FORM)
    assert not signed(here, request, ImmutableMultiDict([("CallSid", "CA2")]))
    assert not signed(here, asked("/phone/status", **_headers(request)), FORM)


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("host", ["b.example", "b.example:443"])
def test_the_sockets_url_with_and_without_a_slash(host: str, end: str) -> None:
    here = settings(TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL="https://b.example")
    signature = sign(f"wss://{host}/streaming/media/T{end}")
    assert signed(here, asked("/streaming/media/T", "websocket", x_twilio_signature=signature))
    assert not signed(here, asked("/streaming/media/U", "websocket", x_twilio_signature=signature))


def test_a_path_under_the_public_url() -> None:
    here = settings(TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL="https://b.example/tandem/")
    signature = sign("https://b.example/tandem/phone/incoming?hold=1", FORM)
    request = asked("/phone/incoming", query="hold=1", x_twilio_signature=signature)
    assert signed(here, request, FORM)


def test_without_a_public_url_the_requests_own_is_taken() -> None:
    here = settings(TWILIO_AUTH_TOKEN=TOKEN)
    headers = {"host": "t.example", "x_forwarded_proto": "https"}
    assert public_base(here, asked("/", **headers)) == "https://t.example"
    signature = sign("https://t.example/phone/incoming", FORM)
    assert signed(here, asked("/phone/incoming", x_twilio_signature=signature, **headers), FORM)


def test_sha_256_where_it_is_announced_and_nothing_unknown() -> None:
    here = settings(TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL="https://b.example")
    url = "https://b.example/phone/incoming"
    for algorithm, right in (("HMAC_SHA256", True), ("HMAC_MD5", False)):
        request = asked(
            "/phone/incoming",
            x_twilio_signature=sign(url, FORM, algorithm="HMAC_SHA256"),
            x_twilio_webhooks_signature_settings=f"key=k1,algorithm={algorithm}",
        )
        assert signed(here, request, FORM) is right


def test_who_is_trusted() -> None:
    assert trust(Settings.load(env_file=None)) is Trust.LOOPBACK
    assert trust(settings(TWILIO_AUTH_TOKEN=TOKEN)) is Trust.SIGNED
    key = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"}
    assert trust(settings(**key)) is Trust.UNVERIFIABLE
    assert trust(settings(**key, TWILIO_AUTH_TOKEN=TOKEN)) is Trust.SIGNED


def _headers(connection: HTTPConnection) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in connection.headers.items()}
