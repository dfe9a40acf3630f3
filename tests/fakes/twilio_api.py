"""Twilio on a loopback port: the calls of its REST API and, if wanted, the network behind it.

`TwilioApi.ring` places an inbound call to a bot the way Twilio does: signed webhook, TwiML, media
socket, status callback. With `drive=True` an outbound call goes on the same way after the REST
request. As a process (calls are accepted and recorded, nobody answers):

    python -m tests.fakes.twilio_api --port 9001
"""

import argparse
import asyncio
import base64
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.fakes.exchange import Exchange, Reject
from tests.fakes.phoneline import PhoneLine
from tests.fakes.server import StandIn, main
from tests.fakes.twilio_network import Network, said, stream_of
from tests.fakes.twilio_wire import (
    VERSION,
    RestRequest,
    TwilioCall,
    error,
    message,
    read,
    wrong_with,
    wrong_with_message,
)

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "fedcba9876543210" * 2


def sign(auth_token: str, url: str, params: Mapping[str, str] | None = None) -> str:
    """Return the `X-Twilio-Signature` of a webhook: its full URL and its form fields."""
    return str(RequestValidator(auth_token).compute_signature(url, dict(params or {})))


class TwilioApi(StandIn):
    """Twilio. `calls` are the calls by SID, `messages` the fields of each text message taken;
    endpoints for `fail`: create, update, fetch, message.

    With `drive`, each created call is answered by `answer(call)`, a `PhoneLine` whose timetable
    is lived through for `seconds`; without, it stays queued.
    """

    def __init__(
        self,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        *,
        api_keys: Mapping[str, str] | None = None,
        drive: bool = False,
        reach: Mapping[str, str] | None = None,
    ) -> None:
        """Make the stand-in.

        Args:
            account_sid: The account.
            auth_token: Its token, for REST and for signatures.
            api_keys: Secret by key SID (SK…), accepted for REST too.
            drive: Whether created calls are played.
            reach: Where a public address really is, `{"https://bot.example": "http://127…"}`;
                signatures are made for the public one. Websockets follow.
        """
        super().__init__()
        self.account_sid, self.auth_token = account_sid, auth_token
        self.keys = {account_sid: auth_token, **(api_keys or {})}
        self.calls: dict[str, TwilioCall] = {}
        self.drive = drive
        self.seconds = 30.0
        self.answer: Callable[[TwilioCall], PhoneLine] = lambda call: PhoneLine(call_sid=call.sid)
        self.network = Network(lambda url, params: sign(auth_token, url, params), reach or {})
        self._driven: set[asyncio.Task[None]] = set()
        self.messages: list[dict[str, str]] = []
        base = f"/{VERSION}/Accounts/{{account}}/Calls"
        messages = base.replace("Calls", "Messages.json")
        self.route("POST", messages, "message", read, self._message)
        self.route("POST", f"{base}.json", "create", read, self._create)
        self.route("POST", base + "/{sid}.json", "update", read, self._update)
        self.route("GET", base + "/{sid}.json", "fetch", read, self._fetch)

    async def driven(self) -> None:
        """Wait until every call that is driven has ended; raise what went wrong in one."""
        await asyncio.gather(*self._driven)

    async def stop(self) -> None:
        """Stop, and end every call that is still driven."""
        for task in self._driven:
            task.cancel()
        await asyncio.gather(*self._driven, return_exceptions=True)
        await super().stop()

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return Twilio's error object."""
        return error(status, code, message)

    def check(self, exchange: Exchange) -> None:
        """Refuse wrong credentials (401/20003) and foreign accounts (404/20404)."""
        scheme, _, given = exchange.request.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(given).decode().partition(":")
        except ValueError:
            raise Reject(401, "20003") from None
        if scheme != "Basic" or self.keys.get(user) != password:
            raise Reject(401, "20003")
        if exchange.request.match_info["account"] != self.account_sid:
            raise Reject(404, "20404")

    # -- REST

    async def _create(self, exchange: Exchange) -> web.StreamResponse:
        record = _rest(exchange)
        fields = record.fields
        if code := wrong_with(fields):
            raise Reject(400, code)
        sid = f"CA{uuid.uuid4().hex}"
        call = TwilioCall(sid, fields["From"], fields["To"], "outbound-api")
        self.calls[call.sid] = call
        if self.drive:
            task = asyncio.create_task(self._place(call, record))
            self._driven.add(task)
            task.add_done_callback(self._driven.discard)
        return await exchange.reply(call.shown(self.account_sid), status=201)

    async def _update(self, exchange: Exchange) -> web.StreamResponse:
        record = _rest(exchange)
        call = self._found(record)
        if not call.live:
            raise Reject(400, "21220")
        if record.fields.get("Status") in ("completed", "canceled"):
            self.end(call, record.fields["Status"])
        elif twiml := record.fields.get("Twiml"):
            if call.status != "in-progress":
                raise Reject(400, "21220")
            call.twiml = twiml
            if call.line:
                call.line.end()
        return await exchange.reply(call.shown(self.account_sid))

    async def _fetch(self, exchange: Exchange) -> web.StreamResponse:
        return await exchange.reply(self._found(_rest(exchange)).shown(self.account_sid))

    async def _message(self, exchange: Exchange) -> web.StreamResponse:
        fields = _rest(exchange).fields
        if code := wrong_with_message(fields):
            raise Reject(400, code)
        self.messages.append(fields)
        sid = f"SM{uuid.uuid4().hex}"
        return await exchange.reply(message(sid, self.account_sid, fields), status=201)

    def _found(self, record: RestRequest) -> TwilioCall:
        call = self.calls.get(record.call_sid)
        if call is None:
            raise Reject(404, "20404")
        return call

    # -- the network

    def end(self, call: TwilioCall, status: str = "completed") -> None:
        """End a call, as its hang-up or a REST request does."""
        call.status = status
        if call.line:
            call.line.end()

    def incoming(
        self, line: PhoneLine, caller: str = "+15550100", callee: str = "+15550199"
    ) -> TwilioCall:
        """Return a new inbound call in progress on `line`, known to REST."""
        call = TwilioCall(line.call_sid, caller, callee, "inbound", "in-progress", line=line)
        self.calls[call.sid] = call
        return call

    async def ring(
        self,
        url: str,
        line: PhoneLine,
        *,
        until: float,
        caller: str = "+15550100",
        callee: str = "+15550199",
        status_callback: str = "",
    ) -> TwilioCall:
        """Place an inbound call to a bot and live through `line`'s timetable.

        Args:
            url: The bot's voice webhook.
            line: The caller.
            until: When the caller hangs up at the latest, seconds.
            caller: The number that calls.
            callee: The bot's number.
            status_callback: Where the end of the call is told, if anywhere.

        Raises:
            aiohttp.ClientResponseError: the webhook did not answer 200.
            websockets.InvalidStatus: the media socket was refused.
        """
        call = self.incoming(line, caller, callee)
        call.twiml = await self.network.post(url, call.form(self.account_sid))
        await self._play(call, until)
        if status_callback:
            await self.network.post(
                status_callback, call.form(self.account_sid) | {"CallDuration": "1"}
            )
        return call

    async def _place(self, call: TwilioCall, record: RestRequest) -> None:
        """Live an outbound call: progress, answer, TwiML, media, end."""
        number = 0

        async def progress(status: str) -> None:
            nonlocal number
            call.status = status
            name = "answered" if status == "in-progress" else status
            if name in (record.events or ["completed"]) and "StatusCallback" in record.fields:
                fields = call.form(self.account_sid) | {"SequenceNumber": str(number)}
                await self.network.post(record.fields["StatusCallback"], fields)
            number += 1

        for status in ("initiated", "ringing", "in-progress"):
            if not call.live:
                return
            await progress(status)
        call.twiml = record.fields.get("Twiml") or await self.network.post(
            record.fields["Url"], call.form(self.account_sid)
        )
        call.line = self.answer(call)
        call.line.call_sid = call.sid
        await self._play(call, self.seconds)
        await progress("completed")

    async def _play(self, call: TwilioCall, until: float) -> None:
        """Do what the call's TwiML says, again when REST replaces it."""
        twiml = None
        while call.live and call.twiml != twiml:
            twiml = call.twiml
            call.said += said(twiml)
            stream = stream_of(twiml)
            if stream and call.line:
                url, call.line.parameters = stream
                await self.network.dial(url, call.line, until)
        if call.live:
            call.status = "completed"


def _rest(exchange: Exchange) -> RestRequest:
    assert isinstance(exchange.record, RestRequest)
    return exchange.record


def _make(arguments: Any) -> TwilioApi:
    return TwilioApi(arguments.account_sid, arguments.auth_token)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in for Twilio's REST API.")
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    return parser


if __name__ == "__main__":
    main(_make, _parser())
