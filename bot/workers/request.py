"""Which worker a connection's first request is for, read from as little of it as that takes.

What belongs to a call carries its worker's number: the stream token and the connection's id in
front (`3-…`), Twilio's callbacks as `?worker=3`. Twilio's own webhooks have only the CallSid in
their form; the front remembers whom it sent that to.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

import h11

HEAD_LIMIT = 32 * 1024
"""Bytes of a request's head; httptools and proxies allow less or as much."""
BODY_LIMIT = 64 * 1024
"""Bytes of a body that are waited for; a longer one is refused by every route anyway."""

_IN_PATH = re.compile(r"/(\d{1,9})-[^/]+$")
_IN_OFFER = re.compile(rb'"pc_id"\s*:\s*"(\d{1,9})-')
_NEW_CALL = {("POST", "/phone/incoming"), ("POST", "/phone/call"), ("POST", "/api/offer")}
_BODY_TELLS = {
    ("POST", "/phone/incoming"),
    ("POST", "/phone/status"),
    ("POST", "/phone/after"),
    ("PATCH", "/api/offer"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a request is for: a worker's number or 0, the CallSid it speaks of or ''."""

    worker: int = 0
    call_sid: str = ""
    new_call: bool = False


class FirstRequest:
    """Takes a connection's bytes until they tell whom they are for."""

    def __init__(self) -> None:
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._head: tuple[str, str] | None = None
        self._body = bytearray()

    def feed(self, data: bytes) -> Wanted | None:
        """Take more bytes; None as long as they do not tell. What is no HTTP is for anybody."""
        try:
            self._parser.receive_data(data)
            if self._head is None:
                return self._read_head()
            return self._read_body()
        except h11.RemoteProtocolError:
            return Wanted()

    def _read_head(self) -> Wanted | None:
        event = self._parser.next_event()
        if not isinstance(event, h11.Request):
            return None if event is h11.NEED_DATA else Wanted()
        path, _, query = event.target.decode("latin-1").partition("?")
        self._head = event.method.decode("latin-1"), path
        if found := _IN_PATH.search(path):
            return Wanted(int(found[1]))
        named = parse_qs(query).get("worker", [""])[0]
        if named.isdecimal() and len(named) < 10:
            return Wanted(int(named))
        if self._head not in _BODY_TELLS or self._waits(event):
            return Wanted(new_call=self._head in _NEW_CALL)
        return self._read_body()

    def _waits(self, request: h11.Request) -> bool:
        """Whether the body will not come, or is too long to wait for."""
        length = next((v for name, v in request.headers if name == b"content-length"), b"0")
        return self._parser.they_are_waiting_for_100_continue or int(length) > BODY_LIMIT

    def _read_body(self) -> Wanted | None:
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.Data):
                self._body += event.data
            if event is h11.NEED_DATA and len(self._body) <= BODY_LIMIT:
                return None
            if not isinstance(event, h11.Data):
                return self._told_by_body()

    def _told_by_body(self) -> Wanted:
        assert self._head
        if self._head[0] == "PATCH":
            found = _IN_OFFER.search(self._body)
            return Wanted(int(found[1]) if found else 0)
        fields = parse_qs(self._body.decode("latin-1"), max_num_fields=None)
        sid = fields.get("CallSid", [""])[0][:64]
        return Wanted(0, sid, self._head in _NEW_CALL)
