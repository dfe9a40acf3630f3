"""Twilio's webhooks and the operator's calls, over HTTP."""

import re
from xml.etree import ElementTree

import aiohttp
import pytest

from bot.telephony.prompts import sentence
from bot.web.phone import HOLD_LIMIT
from tests.telephony.house import PUBLIC, House, house, incoming_form
from tools.toolbox import Toolbox

SID = "CA" + "1" * 32
NO_TWILIO = {"TWILIO_ACCOUNT_SID": None, "TWILIO_AUTH_TOKEN": None, "PUBLIC_URL": None}


async def test_an_incoming_call_gets_a_stream_with_its_numbers() -> None:
    async with house() as here:
        status, text = await here.post("/phone/incoming", incoming_form(SID))
        assert status == 200
        (connect,) = ElementTree.fromstring(text)
        assert connect.tag == "Connect"
        assert connect.get("action") == f"{PUBLIC}/phone/after"
        (stream,) = connect
        assert re.fullmatch(
            r"wss://bot\.example\.com/phone/media-stream/[\w-]{32}", stream.get("url", "")
        )
        assert {p.get("name"): p.get("value") for p in stream} == {
            "from_number": "+15550001111",
            "to_number": "+15550002222",
            "call_sid": SID,
        }
        (call,) = here.switchboard.calls
        assert (call.provider_call_id, call.direction, call.channel) == (SID, "inbound", "phone")


@pytest.mark.parametrize(
    ("verstat", "attested_only", "theirs"),
    [
        ("", False, True),  # from where nobody attests
        ("No-TN-Validation", False, True),
        ("TN-Validation-Passed-C", False, True),
        ("TN-Validation-Failed-A", False, False),
        ("TN-Validation-Failed", False, False),
        ("", True, False),
        ("TN-Validation-Passed-B", True, False),
        ("TN-Validation-Passed-A", True, True),
        ("TN-Validation-Passed-A-Diverted-B", True, True),
    ],
)
async def test_a_forged_number_is_nobodys(verstat: str, attested_only: bool, theirs: bool) -> None:
    async with house(CALLER_ID_ATTESTED=attested_only) as here:
        await here.post("/phone/incoming", incoming_form(SID) | {"StirVerstat": verstat})
        (call,) = here.switchboard.calls
        owner = Toolbox(call, here.settings, None, None).owner  # type: ignore[arg-type]
    assert owner == (call.caller if theirs else f"call:{call.id}")


async def test_a_webhook_sent_twice_takes_one_place() -> None:
    async with house() as here:
        await here.incoming(SID)
        await here.incoming(SID)
        assert len(here.switchboard.calls) == 1


async def test_a_full_house_is_told_so_and_hung_up() -> None:
    async with house(MAX_CALLS=1) as here:
        await here.incoming()
        status, text = await here.post("/phone/incoming", incoming_form(SID))
        assert status == 200
        verbs = [(v.tag, v.text) for v in ElementTree.fromstring(text)]
        assert verbs == [("Say", sentence("busy", "en")), ("Hangup", None)]
        assert here.records[0][1] == "refused"
        assert "busy" in here.records[0][2]


async def test_sentences_are_in_the_bots_language() -> None:
    async with house(MAX_CALLS=1, BOT_LANGUAGE="de") as here:
        await here.incoming()
        _, text = await here.post("/phone/incoming", incoming_form(SID))
        say = ElementTree.fromstring(text)[0]
        assert say.get("language") == "de-DE"
        assert "Leitungen besetzt" in (say.text or "")


async def test_a_stopping_server_takes_no_call() -> None:
    async with house() as here:
        here.switchboard.close("the server is stopping")
        _, text = await here.post("/phone/incoming", incoming_form(SID))
        assert ElementTree.fromstring(text)[0].text == sentence("closed", "en")


async def test_while_models_warm_up_callers_hold_and_then_get_through() -> None:
    async with house() as here:
        here.not_ready = "the models are warming up"
        path, said = "/phone/incoming", []
        for _ in range(7):
            _, text = await here.post(path, incoming_form(SID))
            verbs = ElementTree.fromstring(text)
            said += [verb.text for verb in verbs if verb.tag == "Say"]
            redirect = verbs[-1]
            assert redirect.tag == "Redirect"
            assert verbs[-2].tag == "Pause"
            assert (redirect.text or "").startswith(PUBLIC)
            path = (redirect.text or "").removeprefix(PUBLIC)
        assert said == [sentence("warming", "en"), sentence("hold", "en")]
        assert here.switchboard.calls == []
        here.not_ready = ""
        _, text = await here.post(path, incoming_form(SID))
        assert "<Stream" in text


async def test_holding_ends_with_a_sentence() -> None:
    async with house() as here:
        here.not_ready = "the models cannot be loaded"
        _, text = await here.post(f"/phone/incoming?hold={HOLD_LIMIT}", incoming_form(SID))
        verbs = ElementTree.fromstring(text)
        assert [verb.tag for verb in verbs] == ["Say", "Hangup"]
        assert verbs[0].text == sentence("not_ready", "en")


@pytest.mark.parametrize("path", ["/phone/incoming", "/phone/status", "/phone/after"])
async def test_a_wrong_or_missing_signature_is_403(path: str) -> None:
    async with house() as here:
        for headers in ({}, {"X-Twilio-Signature": "wrong"}, {"X-Twilio-Signature": "ü"}):
            assert (await here.post(path, incoming_form(SID), headers))[0] == 403
        right = here.sign(path, incoming_form(SID))
        assert (await here.post(path, incoming_form(SID, From="+1"), right))[0] == 403
        assert here.switchboard.calls == []
        assert {record[1] for record in here.records} == {"refused"}
        assert (await here.post(path, incoming_form(SID), right))[0] < 300


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Host": "bot.example.com"},
        {"Origin": "https://evil.example.com"},
    ],
)
async def test_without_credentials_only_this_machine_gets_in(headers: dict[str, str]) -> None:
    async with house(**NO_TWILIO) as here:
        assert (await here.post("/phone/incoming", incoming_form(SID), headers))[0] == 403
        status, text = await here.post("/phone/incoming", incoming_form(SID))
        assert status == 200
        assert f'url="ws://127.0.0.1:{here.port}/phone/media-stream/' in text


async def test_with_only_an_api_key_nothing_is_taken_from_elsewhere() -> None:
    key = {"TWILIO_AUTH_TOKEN": None, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"}
    async with house(**key) as here:
        elsewhere = {"X-Forwarded-For": "203.0.113.7", "X-Twilio-Signature": "any"}
        assert (await here.post("/phone/incoming", incoming_form(SID), elsewhere))[0] == 403


async def raw(here: House, body: bytes, kind: str = "application/x-www-form-urlencoded") -> int:
    """Post a body as it is to the incoming webhook."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{here.url}/phone/incoming", data=body, headers={"Content-Type": kind}
        ) as response,
    ):
        return response.status


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"CallSid=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"CallSid=CA1&From=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded", 400),
        (b"no form", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"From=%2B1", "application/x-www-form-urlencoded", 400),
        (b"CallSid=../etc", "application/x-www-form-urlencoded", 400),
        (b'{"CallSid":"CA1"}', "application/json", 400),
        (b"&".join(b"a=1" for _ in range(400)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_forms_that_are_none_are_refused(body: bytes, kind: str, status: int) -> None:
    async with house(**NO_TWILIO) as here:
        assert await raw(here, body, kind) == status


async def test_a_body_without_a_length_is_cut_off_too() -> None:
    async def endless():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b"x" * 10_000

    async with (
        house(**NO_TWILIO) as here,
        aiohttp.ClientSession() as session,
        session.post(f"{here.url}/phone/incoming", data=endless()) as response,
    ):
        assert response.status == 413


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer", "failed", "canceled"])
async def test_a_call_that_will_not_come_frees_its_place(status: str) -> None:
    async with house() as here:
        await here.incoming(SID)
        form = incoming_form(SID, CallStatus="ringing")
        assert (await here.post("/phone/status", form))[0] == 204
        assert len(here.switchboard.calls) == 1
        form = incoming_form(SID, CallStatus=status)
        assert (await here.post("/phone/status", form))[0] == 204
        assert here.switchboard.calls == []
        late = incoming_form(SID, CallStatus="in-progress")
        assert (await here.post("/phone/status", late))[0] == 204


async def test_a_stream_that_broke_is_followed_by_a_sentence() -> None:
    async with house() as here:
        await here.incoming(SID)
        _, text = await here.post("/phone/after", incoming_form(SID, CallStatus="in-progress"))
        verbs = ElementTree.fromstring(text)
        assert [verb.tag for verb in verbs] == ["Say", "Hangup"]
        assert verbs[0].text == sentence("broken", "en")
        assert here.switchboard.calls == []


OPERATOR = {"OPERATOR_TOKEN": "operator secret", "TWILIO_PHONE_NUMBER": "+15550002222"}


async def order(
    here: House, json: object, token: str | None = "operator secret"
) -> tuple[int, str]:
    """Ask for a call out."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{here.url}/phone/call", json=json, headers=headers) as response,
    ):
        return response.status, await response.text()


async def test_the_operator_calls_somebody() -> None:
    async with house(**OPERATOR) as here:
        status, text = await order(here, {"to": "+4930123456", "ring_seconds": 20})
        assert status == 201
        ((path, form),) = here.rest
        assert path == "Calls.json"
        assert (form["To"], form["From"], form["Timeout"]) == ("+4930123456", "+15550002222", "20")
        assert form["StatusCallback"] == f"{PUBLIC}/phone/status"
        assert len(form["Twiml"]) < 4000
        assert "wss://bot.example.com/phone/media-stream/" in form["Twiml"]
        (call,) = here.switchboard.calls
        assert (call.direction, call.callee) == ("outbound", "+4930123456")
        assert call.provider_call_id in text
        busy = incoming_form(call.provider_call_id, CallStatus="busy")
        await here.post("/phone/status", busy)
        assert (call.state, call.end_reason) == ("ended", "busy")


@pytest.mark.parametrize(
    ("token", "json", "status"),
    [
        (None, {"to": "+4930123456"}, 401),
        ("wrong", {"to": "+4930123456"}, 403),
        ("operator secret", {"to": "030123456"}, 422),
        ("operator secret", {}, 422),
        ("operator secret", {"to": "+4930123456", "more": 1}, 422),
        ("operator secret", [], 422),
    ],
)
async def test_calls_out_that_are_refused(token: str | None, json: object, status: int) -> None:
    async with house(**OPERATOR) as here:
        assert (await order(here, json, token))[0] == status
        assert here.rest == []


async def test_without_operator_token_nobody_calls_out() -> None:
    async with house(TWILIO_PHONE_NUMBER="+15550002222") as here:
        status, text = await order(here, {"to": "+4930123456"}, "")
        assert status == 403
        assert "OPERATOR_TOKEN" in text


async def test_a_call_out_names_the_setting_it_lacks() -> None:
    async with house(**OPERATOR | {"TWILIO_PHONE_NUMBER": None}) as here:
        status, text = await order(here, {"to": "+4930123456"})
        assert status == 409
        assert "TWILIO_PHONE_NUMBER" in text


@pytest.mark.parametrize(("twilio", "status"), [(400, 502), (401, 502), (429, 503), (500, 503)])
async def test_a_call_out_that_twilio_does_not_place(twilio: int, status: int) -> None:
    async with house(**OPERATOR) as here:
        here.rest_answers = [(twilio, {"code": 21211, "message": "Invalid 'To'"})]
        code, text = await order(here, {"to": "+4930123456"})
        assert code == status
        assert "21211 Invalid 'To'" in text
        assert "the auth token" not in text
        assert here.switchboard.calls == []
        assert len(here.rest) == 1


async def test_no_call_out_when_full_or_not_ready() -> None:
    async with house(**OPERATOR, MAX_CALLS=1) as here:
        here.not_ready = "warming up"
        assert (await order(here, {"to": "+4930123456"}))[0] == 503
        here.not_ready = ""
        await here.incoming()
        status, text = await order(here, {"to": "+4930123456"})
        assert status == 503
        assert "busy" in text
        assert here.rest == []
