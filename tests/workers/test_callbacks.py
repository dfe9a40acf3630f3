"""Twilio's callbacks about a call of one worker among several."""

from xml.etree import ElementTree

import aiohttp

from tests.telephony.house import PUBLIC, house, incoming_form

SID = "CA" + "1" * 32


async def test_they_name_the_worker_and_their_signature_covers_that() -> None:
    async with house() as here:
        here.switchboard.worker = 3
        _, text = await here.post("/phone/incoming", incoming_form(SID))
        (connect,) = ElementTree.fromstring(text)
        assert connect.get("action") == f"{PUBLIC}/phone/after?worker=3"
        assert "/phone/media-stream/3-" in (connect[0].get("url") or "")
        form = incoming_form(SID, CallStatus="in-progress")
        status, text = await here.post("/phone/after?worker=3", form)
        assert (status, "<Hangup" in text) == (200, True)
        wrong = here.sign("/phone/after", form)  # signed for another address
        status, _ = await here.post("/phone/after?worker=3", form, wrong)
        assert status == 403


async def test_a_call_out_names_the_worker_too() -> None:
    async with house(OPERATOR_TOKEN="operators-own", TWILIO_PHONE_NUMBER="+15550009999") as here:
        here.switchboard.worker = 3
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                f"{here.url}/phone/call",
                json={"to": "+15550001234"},
                headers={"Authorization": "Bearer operators-own"},
            ) as answer,
        ):
            assert answer.status == 201, await answer.text()
        ((_, form),) = here.rest
        assert form["StatusCallback"] == f"{PUBLIC}/phone/status?worker=3"
        assert "/phone/after?worker=3" in form["Twiml"]
