"""The stand-in for Twilio, through the real SDK, Pipecat's serializer and a bot's webhooks."""

import asyncio
import base64
import json
from typing import Any

import pytest
from aiohttp import ClientResponseError, WSMsgType, web
from pipecat.frames.frames import EndFrame
from pipecat.serializers.twilio import TwilioFrameSerializer
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.fakes import faults, voice
from tests.fakes.phoneline import PhoneLine
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi, sign
from tests.fakes.twilio_wire import RestRequest


class _ToStandIn(TwilioHttpClient):
    """Sends what the SDK addresses to api.twilio.com to the stand-in."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self.origin = origin

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(
            method, url.replace("https://api.twilio.com", self.origin), *args, **kwargs
        )


def sdk(api: TwilioApi, user: str = ACCOUNT_SID, password: str = AUTH_TOKEN) -> Client:
    return Client(user, password, api.account_sid, http_client=_ToStandIn(api.origin))


async def test_a_text_message_is_taken_or_refused(twilio_api: TwilioApi) -> None:
    messages = sdk(twilio_api).messages
    fields = {"to": "+15550123", "from_": "+15550199", "body": "Hello"}
    sent = await asyncio.to_thread(lambda: messages.create(**fields))
    assert (sent.status, sent.body) == ("queued", "Hello")
    assert twilio_api.messages == [{"To": "+15550123", "From": "+15550199", "Body": "Hello"}]
    for wrong, code in (
        ({"to": "12"}, 21211),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
    ):
        with pytest.raises(TwilioRestException) as caught:
            await asyncio.to_thread(lambda wrong=wrong: messages.create(**fields | wrong))
        assert caught.value.code == code


async def test_a_call_is_created_changed_and_ended(twilio_api: TwilioApi) -> None:
    calls = sdk(twilio_api).calls
    call = await asyncio.to_thread(
        calls.create,
        to="+15550123",
        from_="+15550199",
        url="https://bot.example/phone/outgoing",
        status_callback_event=["initiated", "answered"],
    )
    assert (call.status, call.to) == ("queued", "+15550123")
    (request,) = twilio_api.of(RestRequest)
    assert request.fields["Url"] == "https://bot.example/phone/outgoing"
    assert request.events == ["initiated", "answered"]
    twilio_api.calls[call.sid].status = "in-progress"
    await asyncio.to_thread(calls(call.sid).update, twiml="<Response><Say>Hi</Say></Response>")
    assert twilio_api.calls[call.sid].twiml == "<Response><Say>Hi</Say></Response>"
    ended = await asyncio.to_thread(calls(call.sid).update, status="completed")
    assert ended.status == "completed"
    assert (await asyncio.to_thread(calls(call.sid).fetch)).status == "completed"


async def test_errors_have_twilios_codes(twilio_api: TwilioApi) -> None:
    calls = sdk(twilio_api).calls
    done = twilio_api.incoming(PhoneLine())
    done.status = "completed"

    async def code(call: Any, *args: Any, **kwargs: Any) -> tuple[int, int]:
        with pytest.raises(TwilioRestException) as raised:
            await asyncio.to_thread(call, *args, **kwargs)
        return raised.value.status, raised.value.code

    good = {"to": "+15550123", "from_": "+15550199", "url": "https://bot.example/x"}
    assert await code(calls(done.sid).update, status="completed") == (400, 21220)
    assert await code(calls("CA" + "9" * 32).update, status="completed") == (404, 20404)
    assert await code(calls.create, **good | {"to": "nobody"}) == (400, 21211)
    assert await code(calls.create, **good | {"from_": "me"}) == (400, 21212)
    assert await code(calls.create, to="+15550123", from_="+15550199") == (400, 21205)
    wrong = sdk(twilio_api, password="wrong")
    assert await code(wrong.calls.create, **good) == (401, 20003)
    twilio_api.fail(faults.RATE_LIMITED, "create", times=1)
    assert await code(calls.create, **good) == (429, 20429)
    assert (await asyncio.to_thread(calls.create, **good)).status == "queued"


async def test_an_api_key_is_accepted() -> None:
    async with TwilioApi(api_keys={"SK1": "secret"}) as api:
        call = await asyncio.to_thread(
            sdk(api, "SK1", "secret").calls.create,
            to="+15550123",
            from_="+15550199",
            twiml="<Response/>",
        )
    assert call.sid in api.calls


async def test_pipecats_hang_up_ends_the_call(twilio_api: TwilioApi) -> None:
    line = PhoneLine()
    call = twilio_api.incoming(line)
    serializer = TwilioFrameSerializer(
        line.stream_sid, call.sid, ACCOUNT_SID, AUTH_TOKEN, base_url=twilio_api.origin
    )
    await serializer.serialize(EndFrame())
    assert call.status == "completed"


def test_signatures_are_twilios() -> None:
    url, params = "https://bot.example/phone/incoming", {"CallSid": "CA1", "From": "+1555"}
    validator = RequestValidator(AUTH_TOKEN)
    assert validator.validate(url, params, sign(AUTH_TOKEN, url, params))
    assert not validator.validate(url, params | {"From": "+1666"}, sign(AUTH_TOKEN, url, params))


class Parrot:
    """A tiny bot: checks signatures, says a sentence, repeats marks, hangs up when asked."""

    public = "https://bot.example"

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.statuses: list[str] = []
        self.parameters: dict[str, str] = {}

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/incoming", self.incoming)
        app.router.add_post("/status", self.status)
        app.router.add_get("/media", self.media)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    def right(self, url: str, request: web.Request, form: dict[str, Any]) -> bool:
        given = request.headers.get("X-Twilio-Signature", "")
        return bool(RequestValidator(AUTH_TOKEN).validate(url, form, given))

    async def incoming(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        if not self.right(f"{self.public}/incoming", request, form):
            return web.Response(status=403)
        self.statuses.append(str(form["CallStatus"]))
        return web.Response(
            text="<Response><Say>One moment.</Say><Connect><Stream url='wss://bot.example/media'>"
            "<Parameter name='from' value='"
            f"{form['From']!s}'/></Stream></Connect></Response>"
        )

    async def status(self, request: web.Request) -> web.Response:
        self.statuses.append(str((await request.post())["CallStatus"]))
        return web.Response()

    async def media(self, request: web.Request) -> web.StreamResponse:
        if not self.right("wss://bot.example/media", request, {}):
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for raw in socket:
            assert raw.type is WSMsgType.TEXT
            message = json.loads(raw.data)
            self.seen.append(message)
            if message["event"] == "start":
                await self.speak(socket, message["streamSid"])
            if message["event"] == "dtmf":
                await socket.close()
        return socket

    async def speak(self, socket: web.WebSocketResponse, stream: str) -> None:
        payload = base64.b64encode(voice.to_ulaw(voice.speak("Hello.", 8000))).decode()
        head = {"streamSid": stream}
        await socket.send_json({**head, "event": "media", "media": {"payload": payload}})
        await socket.send_json({**head, "event": "mark", "mark": {"name": "said"}})


async def test_an_inbound_call_is_played_as_twilio_plays_it(virtual_time: Any) -> None:
    bot = Parrot()
    reach = {bot.public: await bot.start()}
    async with TwilioApi(reach=reach) as api:
        line = PhoneLine()
        line.says(0.1, "Hi!")
        line.presses(1.0, "1")
        call = await api.ring(
            f"{bot.public}/incoming", line, until=5, status_callback=f"{bot.public}/status"
        )
    await bot.runner.cleanup()
    assert call.said == ["One moment."]
    assert line.parameters == {"from": "+15550100"}
    assert [u.text for u in line.utterances()] == ["Hello."]
    events = [message["event"] for message in bot.seen]
    assert events[:3] == ["connected", "start", "media"]
    assert events[-1] == "dtmf"
    assert bot.statuses == ["in-progress", "completed"]
    (mark,) = (n for n, m in enumerate(bot.seen) if m["event"] == "mark")
    assert int(bot.seen[mark + 1]["media"]["timestamp"]) / 1000 == pytest.approx(0.36, abs=0.05)
    media = b"".join(
        base64.b64decode(m["media"]["payload"]) for m in bot.seen if m["event"] == "media"
    )
    assert voice.hear(voice.from_ulaw(media), 8000) == "Hi!"
    numbers = [int(m["sequenceNumber"]) for m in bot.seen[1:]]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_an_outbound_call_is_driven(virtual_time: Any) -> None:
    bot = Parrot()
    reach = {bot.public: await bot.start()}
    async with TwilioApi(reach=reach, drive=True) as api:
        api.seconds = 2
        client = sdk(api)
        with virtual_time.hold():
            await asyncio.to_thread(
                client.calls.create,
                to="+15550123",
                from_="+15550199",
                url=f"{bot.public}/incoming",
                status_callback=f"{bot.public}/status",
                status_callback_event=["ringing", "answered", "completed"],
            )
        (call,) = api.calls.values()
        await api.driven()
    await bot.runner.cleanup()
    assert bot.statuses == ["ringing", "in-progress", "in-progress", "completed"]
    assert call.line
    assert [u.text for u in call.line.utterances()] == ["Hello."]


async def test_a_wrong_token_is_refused_by_the_bot() -> None:
    bot = Parrot()
    reach = {bot.public: await bot.start()}
    async with TwilioApi(auth_token="another", reach=reach) as api:
        with pytest.raises(ClientResponseError, match="403"):
            await api.ring(f"{bot.public}/incoming", PhoneLine(), until=1)
    await bot.runner.cleanup()
