"""The Realtime API's breaker: what opens it, what closes it, and what sees that it is open."""

import asyncio
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.call import Call
from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.failover import breaker as breaker_module
from bot.failover.breaker import Breaker, State
from bot.providers import Endpoint
from bot.realtime.probe import session_begins
from bot.realtime.session import Session
from tests.fakes import faults
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_realtime import RealtimeApi
from tests.fakes.phoneline import PhoneLine
from tests.fakes.realtime_session import RealtimeDelays
from tests.fixtures.house import Serve, dial
from tests.fixtures.virtual_time import VirtualTime
from tests.realtime.talk import RealtimeTalk, sent

OPERATOR = {"authorization": "Bearer operators-own"}


async def test_connections_that_fail_open_it_and_a_session_that_begins_closes_it(
    virtual_time: VirtualTime,
) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.RESET, "realtime")
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        talk.line.says(5.0, "What time is it?")
        heard = await talk.run(until=10)
        assert heard[-1].text == "It is noon."
        assert talk.breaker.health().state is not State.CLOSED
        assert "not reached" in talk.breaker.last_error
        tried = len(api.requests)
        await asyncio.sleep(60)
        assert talk.breaker.health().state is not State.CLOSED
        assert 0 < len(api.requests) - tried < 6  # with growing pauses
        api.heal()
        await asyncio.sleep(130)
        assert talk.breaker.health().state is State.CLOSED
        assert sent(api, "response.create") == []  # a try costs nothing
        await talk.breakers.close()


async def test_connections_that_drop_again_and_again_open_it(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        states: list[State] = []
        for at in (2.0, 3.0, 4.0):
            talk.line.at(at, api.drop)
            talk.line.at(at + 0.5, lambda: states.append(talk.breaker.state))
        talk.line.says(6.0, "What time is it?")
        await talk.run(until=9)
        assert states == [State.CLOSED, State.CLOSED, State.OPEN]
        assert talk.breaker.health().failed == 3
        await talk.breakers.close()


async def test_a_drop_between_answers_is_held_against_it_and_no_more(
    virtual_time: VirtualTime,
) -> None:
    async with RealtimeApi(delays=RealtimeDelays(first=0.4)) as api:
        api.replies.extend(["It is noon.", "You are welcome."])
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "What time is it?")
        talk.line.at(5.0, api.drop)
        talk.line.says(6.0, "thanks")
        await talk.run(until=9)
    health = talk.breaker.health()
    assert (health.answered, health.failed, health.state) == (2, 1, State.CLOSED)
    assert health.usual_seconds is not None
    assert 0.4 <= health.usual_seconds < 1.0


async def test_a_key_that_is_refused_opens_it_at_once(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        talk = RealtimeTalk(api, lambda ask: "It is noon.", key="sk-wrong")
        talk.line.says(4.0, "What time is it?")
        await talk.run(until=8)
        health = talk.breaker.health()
        assert (health.failed, health.state) == (1, State.OPEN)
        assert "wrong" not in health.last_error
        await talk.breakers.close()


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ProviderRefused("Realtime: invalid_value"), 0),
        (ProviderDenied("Realtime: insufficient_quota"), 1),
        (ProviderUnavailable("Realtime: server_error"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_that_is_wrong_itself_is_not_held_against_it(
    error: ProviderError, counts: int
) -> None:
    breaker = Breaker("k")
    nobody: Any = None
    Session(endpoint("ws://127.0.0.1:1"), nobody, breaker).blame(error)
    assert breaker.health().failed == counts


def endpoint(url: str, key: str = "sk-test") -> Endpoint:
    return Endpoint("realtime", "openai", url, SecretStr(key), "gpt-realtime", "test")


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ((faults.UNAUTHORIZED, "realtime"), ProviderDenied),
        ((faults.UNAVAILABLE, "realtime"), ProviderUnavailable),
        ((faults.RESET, "realtime"), ProviderUnavailable),
        ((faults.HANG, "session"), ProviderUnavailable),
        ((faults.RATE_LIMITED, "session"), ProviderUnavailable),
    ],
    ids=str,
)
async def test_what_the_try_finds(
    virtual_time: VirtualTime, fault: tuple[faults.Fault, str], what: type[ProviderError]
) -> None:
    async with RealtimeApi() as api:
        probe = session_begins(endpoint(api.url))
        await probe()
        api.fail(*fault)
        with pytest.raises(what):
            await probe()
        api.heal()


async def test_whoever_looks_sees_it_and_new_calls_avoid_it(
    serve: Serve, openai_api: OpenAIApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker_module, "PAUSE_SECONDS", 0.4)
    openai_api.brain = lambda _: "It is noon."
    async with RealtimeApi() as api:
        server = await serve(
            BOT_GREETING="Hello there.",
            LLM_MODE="openai_realtime",
            OPENAI_REALTIME_URL=api.url,
            OPERATOR_TOKEN="operators-own",
        )
        assert server.resources
        modes = server.resources.modes
        async with aiohttp.ClientSession(server.url, headers=OPERATOR) as http:

            async def look() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
                llm = await (await http.get("/health/llm")).json()
                status = await (await http.get("/admin-status")).json()
                rows = {row["stage"]: row for row in status["providers"]}
                return llm, rows["realtime"], status["modes"]["openai_realtime"]

            llm, row, mode = await look()
            assert (llm["well"], llm["parts"][0]["breaker"]) == (True, "closed")
            assert (row["state"], row["breaker"], mode["down"]) == ("well", "closed", "")

            api.fail(faults.RESET, "realtime")
            line = PhoneLine()
            line.hangs_up(1.2)
            await dial(server, line, 2)
            llm, row, mode = await look()
            assert (llm["mode"], llm["well"]) == ("openai_realtime", False)
            assert llm["parts"] == [{name: row[name] for name in llm["parts"][0]}]
            assert row["state"] == "failed"
            assert "not reached" in row["last_error"]
            assert row["breaker"] in ("open", "half-open")
            assert row["counts"]["failed"] >= 3
            assert "calls leave it alone: Realtime: not reached" in mode["down"]
            assert mode["health"]["state"] == "failed"
            refused = await http.post("/admin/mode", json={"mode": "openai_realtime"})
            assert "health check failed" in (await refused.json())["detail"]
            metrics = await (await http.get("/metrics")).text()
            (gauge,) = [m for m in metrics.splitlines() if "breaker" in m and '"realtime"' in m]
            assert float(gauge.split()[-1]) > 0

            call = Call("phone")
            assert modes.pin(call).mode.name == "cascade"
            assert "not openai_realtime (LLM_MODE)" in call.mode_reason
            api.heal()
            async with asyncio.timeout(10):
                while modes.modes.avoided:  # noqa: ASYNC110 - the probe sets no event
                    await asyncio.sleep(0.05)
            assert modes.pin(Call("phone")).mode.name == "openai_realtime"
            llm, row, mode = await look()
            assert (llm["well"], row["breaker"], mode["down"]) == (True, "closed", "")
