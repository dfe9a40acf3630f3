"""The messages of Twilio Media Streams, both ways. Nothing here touches a socket or a clock.

What comes in is somebody else's: every field is checked, and a message that is not what Twilio
documents raises `BadMessage`, which the reader counts and drops.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecat.audio.dtmf.types import KeypadEntry

from bot.errors import TandemError

MAX_MESSAGE = 64 * 1024
"""Longest message taken, in characters; Twilio's own are under 1 kB."""


class BadMessage(TandemError):
    """A message on the media socket is not what Twilio sends; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket is open; `start` follows."""


@dataclass(frozen=True, slots=True)
class Start:
    """The stream begins: which stream, which call, whose account, and TwiML's parameters."""

    stream_sid: str
    call_sid: str
    account_sid: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Media:
    """µ-law bytes at 8 kHz from the caller, usually 160 of them."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller pressed a key."""

    key: KeypadEntry


@dataclass(frozen=True, slots=True)
class Mark:
    """The audio before the mark of this name has been played or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The stream is over: the caller has hung up or the call has moved on."""


Message = Connected | Start | Media | Digit | Mark | Stop


def parse(data: str | bytes, stream_sid: str = "") -> Message:
    """Read one message.

    Args:
        data: As it came; binary messages are never right.
        stream_sid: The stream that it has to belong to; empty before `start`.

    Raises:
        BadMessage: too long, binary, not JSON, not an object, an unknown event, a field missing
            or of the wrong type, bad base64, or of another stream.
    """
    if not isinstance(data, str):
        raise BadMessage("binary")
    if len(data) > MAX_MESSAGE:
        raise BadMessage("too long")
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise BadMessage("not JSON") from None
    if not isinstance(message, dict):
        raise BadMessage("not an object")
    if stream_sid and message.get("streamSid") not in (None, stream_sid):
        raise BadMessage("of another stream")
    return _event(message)


def _event(message: dict[str, Any]) -> Message:
    match message.get("event"):
        case "media":
            return Media(_audio(_part(message, "media")))
        case "mark":
            return Mark(_text(_part(message, "mark"), "name"))
        case "dtmf":
            return Digit(_key(_text(_part(message, "dtmf"), "digit")))
        case "stop":
            return Stop()
        case "connected":
            return Connected()
        case "start":
            return _start(_part(message, "start"))
    raise BadMessage("an unknown event")


def _start(start: dict[str, Any]) -> Start:
    given = start.get("customParameters") or {}
    if not isinstance(given, dict):
        raise BadMessage("start.customParameters is not an object")
    format_ = start.get("mediaFormat") or {}
    if not isinstance(format_, dict) or format_.get("encoding", "audio/x-mulaw") != "audio/x-mulaw":
        raise BadMessage("start.mediaFormat is not µ-law")
    account = start.get("accountSid", "")
    return Start(
        stream_sid=_text(start, "streamSid"),
        call_sid=_text(start, "callSid"),
        account_sid=account if isinstance(account, str) else "",
        parameters={str(name): str(value) for name, value in given.items()},
    )


def _part(message: dict[str, Any], name: str) -> dict[str, Any]:
    part = message.get(name)
    if not isinstance(part, dict):
        raise BadMessage(f"{name} is not an object")
    return part


def _text(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise BadMessage(f"{name} is not a text")
    return value


def _audio(media: dict[str, Any]) -> bytes:
    if media.get("track", "inbound") != "inbound":
        raise BadMessage("media of the outbound track")
    try:
        return base64.b64decode(_text(media, "payload"), validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("media.payload is not base64") from None


def _key(digit: str) -> KeypadEntry:
    try:
        return KeypadEntry(digit)
    except ValueError:
        raise BadMessage("dtmf.digit is not a key") from None


def media(stream_sid: str, audio: bytes) -> str:
    """Return the message that plays µ-law `audio`, of any length, to the caller."""
    payload = base64.b64encode(audio).decode("ascii")
    sid = json.dumps(stream_sid)
    return f'{{"event":"media","streamSid":{sid},"media":{{"payload":"{payload}"}}}}'


def mark(stream_sid: str, name: str) -> str:
    """Return the message that asks for a sign when the audio before it has been played."""
    return json.dumps({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}})


def clear(stream_sid: str) -> str:
    """Return the message that throws away the audio that was not played yet."""
    return json.dumps({"event": "clear", "streamSid": stream_sid})
