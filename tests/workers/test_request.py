"""Whom a connection's first request is for."""

import pytest

from bot.workers.request import BODY_LIMIT, HEAD_LIMIT, FirstRequest, Wanted


def request(line: str, body: str = "", *headers: str) -> bytes:
    head = [f"{line} HTTP/1.1", "Host: bot.example.com", *headers]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", body]).encode()


WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket")
SID = "CallSid=CA1&From=%2B1"
CASES = {
    "stream token": (
        request("GET /streaming/media/12-a-b_c", "", *WEBSOCKET),
        Wanted(12),
    ),
    "another media path": (request("GET /phone/media-stream/3-x", "", *WEBSOCKET), Wanted(3)),
    "token of nobody": (request("GET /streaming/media/abc-def", "", *WEBSOCKET), Wanted()),
    "callback": (request("POST /phone/after?worker=7", SID), Wanted(7)),
    "callback that lies": (request("POST /phone/after?worker=9999999999", SID), Wanted(0, "CA1")),
    "ringing": (request("POST /phone/incoming", SID), Wanted(0, "CA1", new_call=True)),
    "asked again": (request("POST /phone/incoming?hold=2", SID), Wanted(0, "CA1", new_call=True)),
    "status": (request("POST /phone/status", SID), Wanted(0, "CA1")),
    "no form": (request("POST /phone/status", "{}"), Wanted()),
    "call out": (request("POST /phone/call", '{"to": "+1"}'), Wanted(new_call=True)),
    "offer": (request("POST /api/offer", '{"sdp": ""}'), Wanted(new_call=True)),
    "candidates": (
        request("PATCH /api/offer", '{"pc_id": "4-SmallWebRTCConnection#0-ab"}'),
        Wanted(4),
    ),
    "candidates of nobody": (request("PATCH /api/offer", '{"pc_id": "x"}'), Wanted()),
    "page": (request("GET /"), Wanted()),
    "asset": (request("GET /assets/room-1a2b.js"), Wanted()),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_told_by_what_came_in_pieces_of_any_size(name: str, size: int) -> None:
    data, expected = CASES[name]
    first = FirstRequest()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    told = next((wanted for piece in pieces if (wanted := first.feed(piece))), None)
    assert told == expected


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"a" * (HEAD_LIMIT + 9)],
)
def test_what_is_no_request_is_for_anybody(data: bytes) -> None:
    assert FirstRequest().feed(data) == Wanted()


def test_a_body_that_will_not_come_is_not_waited_for() -> None:
    expecting = request("POST /phone/status", "", "Content-Length: 9", "Expect: 100-continue")
    assert FirstRequest().feed(expecting) == Wanted()
    long = request("POST /phone/incoming", "", f"Content-Length: {BODY_LIMIT + 1}")
    assert FirstRequest().feed(long) == Wanted(new_call=True)


def test_a_body_without_a_length_is_waited_for_up_to_the_limit() -> None:
    first = FirstRequest()
    assert first.feed(request("POST /phone/status", "", "Transfer-Encoding: chunked")) is None
    assert first.feed(b"b\r\nCallSid=CA7\r\n") is None
    assert first.feed(b"0\r\n\r\n") == Wanted(0, "CA7")
    endless = FirstRequest()
    assert endless.feed(request("POST /phone/status", "", "Transfer-Encoding: chunked")) is None
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    told = [endless.feed(chunk) for _ in range(5)]
    assert told[-1] == Wanted()
