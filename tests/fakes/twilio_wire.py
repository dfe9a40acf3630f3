"""Twilio's REST requests as records, its calls and its errors; `twilio_api` serves them.

Codes and texts after Twilio's error dictionary (twilio.com/docs/api/errors).
"""

import json
import re
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.exchange import Recorded
from tests.fakes.phoneline import PhoneLine

VERSION = "2010-04-01"
_LIVE = ("queued", "initiated", "ringing", "in-progress")
_NUMBER = re.compile(r"\+[1-9]\d{1,14}|sip:.+|client:.+")
_CODES = {400: 21220, 401: 20003, 403: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
_MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21201: "No 'To' number is specified",
    21205: "Url parameter is required.",
    21211: "The phone number you are attempting to call is not valid.",
    21212: "The source phone number provided is not valid.",
    21220: "Call is not in-progress. Cannot redirect.",
    21602: "Message body is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit.",
}


@dataclass(slots=True, kw_only=True)
class RestRequest(Recorded):
    """A REST request; `fields` has the last value of each form field, `events` all events."""

    fields: dict[str, str]
    call_sid: str = ""
    events: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TwilioCall:
    """A call as Twilio knows it; a test may set `status` itself."""

    sid: str
    caller: str
    callee: str
    direction: str
    status: str = "queued"
    twiml: str = ""
    said: list[str] = field(default_factory=list)  # what <Say> spoke, in order
    line: PhoneLine | None = None

    @property
    def live(self) -> bool:
        """Whether the call is not over."""
        return self.status in _LIVE

    def shown(self, account_sid: str) -> bytes:
        """Return the call as REST shows it."""
        return json.dumps(
            {
                "sid": self.sid,
                "account_sid": account_sid,
                "to": self.callee,
                "from": self.caller,
                "status": self.status,
                "direction": self.direction,
                "api_version": VERSION,
                "price_unit": "USD",
                "uri": f"/{VERSION}/Accounts/{account_sid}/Calls/{self.sid}.json",
            }
        ).encode()

    def form(self, account_sid: str) -> dict[str, str]:
        """Return the fields of a voice webhook."""
        return {
            "CallSid": self.sid,
            "AccountSid": account_sid,
            "From": self.caller,
            "To": self.callee,
            "CallStatus": self.status,
            "Direction": self.direction,
            "ApiVersion": VERSION,
        }


def error(status: int, code: str, message: str) -> bytes:
    """Return Twilio's error object; `code` empty means the usual one for the status."""
    number = int(code) if code else _CODES.get(status, 20001)
    return json.dumps(
        {
            "code": number,
            "message": _MESSAGES.get(number, message),
            "more_info": f"https://www.twilio.com/docs/errors/{number}",
            "status": status,
        }
    ).encode()


def wrong_with(fields: dict[str, str]) -> str:
    """Return the code of what is wrong with a request for a call, or ""."""
    checks = (
        (bool(fields.get("To")), "21201"),
        (bool(_NUMBER.fullmatch(fields.get("To", ""))), "21211"),
        (bool(_NUMBER.fullmatch(fields.get("From", ""))), "21212"),
        (bool(fields.get("Url") or fields.get("Twiml")), "21205"),
    )
    return next((code for right, code in checks if not right), "")


def wrong_with_message(fields: dict[str, str]) -> str:
    """Return the code of what is wrong with a request for a text message, or ""."""
    checks = (
        (bool(fields.get("To")), "21604"),
        (bool(_NUMBER.fullmatch(fields.get("To", ""))), "21211"),
        (bool(_NUMBER.fullmatch(fields.get("From", ""))), "21212"),
        (bool(fields.get("Body")), "21602"),
        (len(fields.get("Body", "")) <= 1600, "21617"),
    )
    return next((code for right, code in checks if not right), "")


def message(sid: str, account_sid: str, fields: dict[str, str]) -> bytes:
    """Return a text message as REST shows it."""
    return json.dumps(
        {
            "sid": sid,
            "account_sid": account_sid,
            "to": fields["To"],
            "from": fields["From"],
            "body": fields["Body"],
            "status": "queued",
            "direction": "outbound-api",
            "num_segments": "1",
            "error_code": None,
            "uri": f"/{VERSION}/Accounts/{account_sid}/Messages/{sid}.json",
        }
    ).encode()


async def read(request: web.Request) -> Recorded:
    """Record a REST request."""
    form = await request.post()
    record = RestRequest(endpoint="", headers=dict(request.headers), fields={})
    record.call_sid = request.match_info.get("sid", "")
    record.fields.update({name: str(value) for name, value in form.items()})
    record.events = [str(event) for event in form.getall("StatusCallbackEvent", [])]
    return record
