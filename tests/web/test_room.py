"""The room's routes: who may call, what is refused and how, and what the page's files carry."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from pipecat.transports.base_transport import BaseTransport

from bot.call import Call
from bot.settings import Settings
from bot.switchboard import Switchboard
from bot.web.connections import RoomConnections
from bot.web.room import room_router
from bot.web.security import SecurityHeaders

BEARER = "Bearer operator-token-for-tests"
HOME = "http://127.0.0.1:7860"
TOKEN = "operator-token-for-tests"


async def nobody(call: Call, transport: BaseTransport) -> None:
    raise AssertionError("no conversation was expected")


@asynccontextmanager
async def visitor(
    *,
    peer: str = "127.0.0.1",
    ready: Callable[[], str] = lambda: "",
    switchboard: Switchboard | None = None,
    base: str = HOME,
    **settings: str,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the room that sits at the address `peer`."""
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    board = switchboard or Switchboard(4)
    connections = RoomConnections(board, nobody)
    app.include_router(
        room_router(
            settings=Settings.load(env_file=None, **settings),
            switchboard=board,
            converse=nobody,
            ready=ready,
            connections=connections,
        )
    )
    transport = httpx.ASGITransport(app, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        yield client
    await connections.close()


OFFER = {"sdp": "v=0\r\nm=audio is not valid", "type": "offer"}


async def test_page_and_its_assets() -> None:
    async with visitor() as client:
        page = await client.get("/")
        assert page.status_code == 200
        assert "Tandem test room" in page.text
        assert page.headers["cache-control"] == "no-cache"
        names = [part.split('"')[0] for part in page.text.split("/assets/")[1:]]
        assert {name.rpartition(".")[2] for name in names} == {"js", "css", "svg"}
        for name in names:
            asset = await client.get(f"/assets/{name}")
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"]
        assert (await client.get("/assets/..%2froom.html")).status_code == 404
        assert (await client.get("/assets/none.js")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/room", "/assets/none.js"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    async with visitor() as client:
        headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    if path != "/":
        assert "https:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["permissions-policy"].startswith("microphone=(self)")


async def test_status_says_whether_a_call_could_start() -> None:
    async with visitor(BOT_NAME="Vera") as client:
        answer = (await client.get("/api/room")).json()
        assert answer == {"bot": "Vera", "state": "ready", "reason": ""}
    async with visitor(ready=lambda: "the voice is loading") as client:
        answer = (await client.get("/api/room")).json()
        assert answer == {"bot": "Tandem", "state": "warming", "reason": "the voice is loading"}
    board = Switchboard(1)
    with board.holding(Call(channel="room")):
        async with visitor(switchboard=board) as client:
            answer = (await client.get("/api/room")).json()
    assert answer["state"] == "busy"
    assert "busy" in answer["reason"]


@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ({"origin": HOME}, 422, "invalid"),  # let in; only its offer is no offer
        ({"origin": "http://localhost:7860", "base": "http://localhost:7860"}, 422, "invalid"),
        (
            {"origin": "http://[::1]:7860", "base": "http://[::1]:7860", "peer": "::1"},
            422,
            "invalid",
        ),
        ({}, 403, "foreign"),
        ({"origin": "null"}, 403, "foreign"),
        ({"origin": "https://evil.example"}, 403, "foreign"),
        ({"origin": "http://127.0.0.1:9"}, 403, "foreign"),
        # a name of the attacker's that was pointed at this machine
        ({"origin": "http://evil.example", "base": "http://evil.example"}, 403, "closed"),
        # from the network, or through a proxy
        ({"origin": HOME, "peer": "192.0.2.7"}, 403, "closed"),
        ({"origin": HOME, "x-forwarded-for": "192.0.2.7"}, 403, "closed"),
        ({"origin": HOME, "peer": "192.0.2.7", "token": TOKEN}, 401, "token_needed"),
        (
            {"origin": HOME, "peer": "192.0.2.7", "token": TOKEN, "authorization": "Bearer no"},
            401,
            "token_wrong",
        ),
        (
            {"origin": HOME, "peer": "192.0.2.7", "token": TOKEN, "authorization": "Basic b3A6"},
            401,
            "token_needed",
        ),
        (
            {
                "origin": HOME,
                "peer": "192.0.2.7",
                "token": TOKEN,
                "authorization": BEARER,
            },
            422,
            "invalid",
        ),
        # behind a proxy that hides the public name, which the settings know
        (
            {
                "origin": "https://bot.example",
                "public": "https://bot.example",
                "token": TOKEN,
                "authorization": BEARER,
            },
            422,
            "invalid",
        ),
        ({"origin": "https://bot.example", "public": "https://bot.example"}, 403, "closed"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_who_may_call(case: dict[str, str], status: int, code: str, method: str) -> None:
    headers = dict(case)
    base, peer = headers.pop("base", HOME), headers.pop("peer", "127.0.0.1")
    settings = {"OPERATOR_TOKEN": headers.pop("token", ""), "PUBLIC_URL": headers.pop("public", "")}
    async with visitor(peer=peer, base=base, **settings) as client:
        answer = await client.request(method, "/api/offer", json=OFFER, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert TOKEN not in answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        OFFER,
        {"sdp": "v=0\r\n", "type": "offer"},
        {"sdp": "v=0" + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111" * 5, "type": "offer"},
        {"sdp": OFFER["sdp"], "type": "answer"},
        {"sdp": "", "type": "offer"},
        {"sdp": "x" * 40_000, "type": "offer"},
        {"sdp": 7, "type": "offer"},
        {**OFFER, "pc_id": "x" * 129},
        {**OFFER, "more": "another"},
        {"type": "offer"},
        [],
        None,
    ],
)
async def test_an_offer_that_is_none_is_refused_and_leaves_no_place_taken(body: object) -> None:
    board = Switchboard(1)
    async with visitor(switchboard=board) as client:
        answer = await client.post("/api/offer", json=body, headers={"origin": HOME})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert board.live == 0


async def test_a_conversation_that_is_over_cannot_be_resumed() -> None:
    board = Switchboard(1)
    sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    offer = {"sdp": sdp, "type": "offer", "pc_id": "SmallWebRTCConnection#0-0123"}
    async with visitor(switchboard=board, ready=lambda: "stopping") as client:
        answer = await client.post("/api/offer", json=offer, headers={"origin": HOME})
    assert (answer.status_code, answer.json()["code"]) == (404, "gone")
    assert board.live == 0


async def test_a_browser_is_known_by_a_cookie_that_scripts_and_other_sites_cannot_use() -> None:
    async with visitor() as client:
        first = await client.get("/")
        assert first.headers["set-cookie"].startswith("tandem_room=")
        for flag in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert flag in first.headers["set-cookie"]
        again = await client.get("/")
        assert (
            again.headers["set-cookie"].split(";")[0] == first.headers["set-cookie"].split(";")[0]
        )
        client.cookies.clear()
        wrong = await client.get("/", headers={"cookie": "tandem_room=mine"})
        assert "=mine" not in wrong.headers["set-cookie"]
        safe = await client.get("/", headers={"x-forwarded-proto": "https"})
        assert "Secure" in safe.headers["set-cookie"]


async def test_bodies_are_limited_and_json() -> None:
    headers = {"origin": HOME, "content-type": "application/json"}
    async with visitor() as client:
        large = await client.post("/api/offer", content=b"[" * 70_000, headers=headers)
        assert (large.status_code, large.json()["code"]) == (413, "too_large")
        broken = await client.post("/api/offer", content=b"{\xff", headers=headers)
        assert (broken.status_code, broken.json()["code"]) == (422, "invalid")
        form = await client.post("/api/offer", data={"sdp": "v=0"}, headers={"origin": HOME})
        assert (form.status_code, form.json()["code"]) == (422, "invalid")


async def test_warming_and_busy_are_told_apart() -> None:
    headers = {"origin": HOME}
    offer = {"sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "type": "offer"}
    async with visitor(ready=lambda: "the voice is loading") as client:
        answer = await client.post("/api/offer", json=offer, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "warming")
        assert answer.headers["retry-after"] == "2"
        assert "the voice is loading" in answer.json()["message"]
    board = Switchboard(1)
    with board.holding(Call(channel="phone")):
        async with visitor(switchboard=board) as client:
            answer = await client.post("/api/offer", json=offer, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert "all 1 lines are busy" in answer.json()["message"]


@pytest.mark.parametrize(
    ("candidates", "status"),
    [
        ([], 404),
        ([("candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host", 0)], 404),
        ([("candidate:1 1 udp", 0)], 422),
        ([("candidate:1 1 udp high 192.0.2.1 4000 typ host", 0)], 422),
        ([("x" * 2_000, 0)], 422),
        ([("", -1)], 422),
        ([("", 0)] * 65, 422),
    ],
)
async def test_candidates_for_nobody_or_wrong_ones(
    candidates: list[tuple[str, int]], status: int
) -> None:
    body = {
        "pc_id": "nobody",
        "candidates": [
            {"candidate": text, "sdp_mid": "0", "sdp_mline_index": index}
            for text, index in candidates
        ],
    }
    async with visitor() as client:
        answer = await client.patch("/api/offer", json=body, headers={"origin": HOME})
    code = "gone" if status == 404 else "invalid"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
