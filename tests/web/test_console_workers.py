"""One console for several workers: every call is seen from each, and reached through the port."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.fixtures.program import Program, Start, sid, talk

pytestmark = pytest.mark.timeout(240)
PASSWORD = "correct horse battery"


async def listed(http: aiohttp.ClientSession, program: Program, count: int) -> dict[str, Any]:
    """The live calls as the page sees them, once there are so many."""
    found: dict[str, Any] = {}
    async with asyncio.timeout(30), http.get(f"{program.url}/console/api/live") as answer:
        async for raw in answer.content:
            if raw.startswith(b"data: "):
                update = json.loads(raw[6:])
                found |= {call["id"]: call for call in update["calls"]}
                for gone in update["gone"]:
                    found.pop(gone, None)
            if len(found) == count:
                break
    return found


async def test_calls_of_all_workers_are_seen_and_hung_up(start: Start) -> None:
    program = await start(WORKERS=2, OPERATOR_PASSWORD=PASSWORD, MAX_CALLS=4)
    await program.ready(2)
    first, one = await program.ring(sid(1))
    second, other = await program.ring(sid(2))
    assert {one, other} == set(program.workers())
    lines = [talk(first, 1, 60), talk(second, 2, 60)]
    headers = {"origin": program.url}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        session = f"{program.url}/console/api/session"
        async with http.post(session, json={"password": PASSWORD}, headers=headers) as answer:
            assert answer.status == 200
        async with http.get(session) as answer:
            headers["x-csrf-token"] = (await answer.json())["csrf"]
        calls = await listed(http, program, 2)
        assert {call["worker"] for call in calls.values()} == {one, other}
        assert all(call["near"] for call in calls.values())
        for call in calls.values():
            path = f"{program.url}/console/api/live/{call['id']}"
            async with http.get(path, params={"worker": call["worker"]}) as answer:
                while not (raw := await answer.content.readline()).startswith(b"data: "):
                    continue
                (shown,) = json.loads(raw[6:])["calls"]
                assert shown["stage"] != "elsewhere"
            async with http.post(
                f"{path}/hang-up", params={"worker": call["worker"]}, json={}, headers=headers
            ) as answer:
                assert answer.status == 200, await answer.text()
        await asyncio.wait_for(asyncio.gather(*(task for _, task in lines)), 60)
        assert await listed(http, program, 0) == {}
