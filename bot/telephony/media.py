"""The messages of Twilio Media Streams, both ways. Nothing here touches a socket or a clock.

What comes in is somebody else's: every field is checked, and a message that is not what Twilio
documents raises `BadMessage`, which the reader counts and drops.
"""

import base64
import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from pipecat.audio.dtmf.types import KeypadEntry

from bot.errors import TandemError

MAX_MESSAGE = 64 * 1024
"""Longest message taken, in characters; Twilio's own are under 1 kB."""
_MOST_SAID = 200
"""An error's text may hold what was sent, up to a whole message."""
_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class BadMessage(TandemError):
    """A message on the media socket is not what Twilio sends; the text says what is wrong."""


class Connected(msgspec.Struct, frozen=True):
    """The socket is open; `start` follows."""


class Start(msgspec.Struct, frozen=True):
    """The stream begins: which stream, which call, whose account, and TwiML's parameters."""

    stream_sid: str
    call_sid: str
    account_sid: str = ""
    parameters: Mapping[str, str] = {}


class Media(msgspec.Struct, frozen=True):
    """µ-law bytes at 8 kHz from the caller, usually 160 of them."""

    audio: bytes


class Digit(msgspec.Struct, frozen=True):
    """The caller pressed a key."""

    key: KeypadEntry


class Mark(msgspec.Struct, frozen=True):
    """The audio before the mark of this name has been played or cleared."""

    name: str


class Stop(msgspec.Struct, frozen=True):
    """The stream is over: the caller has hung up or the call has moved on."""


Message: TypeAlias = Connected | Start | Media | Digit | Mark | Stop


# What is on the wire, as far as anything is made of it; msgspec checks it all in one pass, and
# decodes base64 where a field is `bytes`.


class _Wire(msgspec.Struct, tag_field="event", rename="camel"):
    stream_sid: str | None = None


class _Audio(msgspec.Struct):
    payload: Annotated[bytes, msgspec.Meta(min_length=1)]
    track: str = "inbound"


class _Media(_Wire, tag="media", kw_only=True):
    media: _Audio


class _MarkName(msgspec.Struct):
    name: _Name


class _Mark(_Wire, tag="mark", kw_only=True):
    mark: _MarkName


class _Key(msgspec.Struct):
    digit: KeypadEntry


class _Dtmf(_Wire, tag="dtmf", kw_only=True):
    dtmf: _Key


class _Stop(_Wire, tag="stop"):
    pass


class _Connected(_Wire, tag="connected"):
    pass


class _Format(msgspec.Struct):
    encoding: str = "audio/x-mulaw"


class _Stream(msgspec.Struct, rename="camel"):
    stream_sid: _Name
    call_sid: _Name
    account_sid: str = ""
    custom_parameters: dict[str, Any] | None = None
    media_format: _Format | None = None


class _Start(_Wire, tag="start", kw_only=True):
    start: _Stream


_WIRE = msgspec.json.Decoder(_Media | _Mark | _Dtmf | _Stop | _Connected | _Start)


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
        wire = _WIRE.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadMessage(str(error)[:_MOST_SAID]) from None
    if stream_sid and wire.stream_sid not in (None, stream_sid):
        raise BadMessage("of another stream")
    return _message(wire)


def _message(wire: Any) -> Message:
    match wire:
        case _Media(media=audio):
            if audio.track != "inbound":
                raise BadMessage("media of the outbound track")
            return Media(audio.payload)
        case _Mark(mark=mark):
            return Mark(mark.name)
        case _Dtmf(dtmf=key):
            return Digit(key.digit)
        case _Start(start=stream):
            return _start(stream)
    return Stop() if isinstance(wire, _Stop) else Connected()


def _start(stream: _Stream) -> Start:
    if stream.media_format and stream.media_format.encoding != "audio/x-mulaw":
        raise BadMessage("start.mediaFormat is not µ-law")
    given = stream.custom_parameters or {}
    return Start(
        stream_sid=stream.stream_sid,
        call_sid=stream.call_sid,
        account_sid=stream.account_sid,
        parameters={name: str(value) for name, value in given.items()},
    )


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
