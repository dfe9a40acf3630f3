"""The client of the gateway on its stand-in: what it hands on, and its errors."""

import asyncio
import time
from contextlib import closing
from typing import Any

import pytest

from bot.errors import ProviderRefused, ProviderUnavailable
from bot.openclaw.connection import GatewayRefused, GatewayUnavailable, addresses
from bot.openclaw.events import Event
from bot.openclaw.follow import Ending, Follower
from bot.openclaw.gateway import Gateway
from bot.openclaw.prompts import quotable, task_message
from tests.fakes.openclaw_gateway import TOKEN, OpenClawGateway
from tests.fakes.script import Pause, Say


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:18789", ("http://127.0.0.1:18789", "ws://127.0.0.1:18789")),
        ("wss://claw.example/gw/", ("https://claw.example/gw", "wss://claw.example/gw")),
        ("ws://claw:1", ("http://claw:1", "ws://claw:1")),
        ("https://claw.example", ("https://claw.example", "wss://claw.example")),
    ],
)
def test_each_address_is_derived_from_the_other(url: str, expected: tuple[str, str]) -> None:
    assert addresses(url) == expected


@pytest.mark.parametrize("address", ["http", "ws"])
async def test_either_address_connects(openclaw: OpenClawGateway, address: str) -> None:
    client = Gateway(openclaw.url.replace("http", address), TOKEN)
    await client.connect()
    await client.close()


@pytest.mark.parametrize(
    ("token", "code"), [("wrong-secret", "INVALID_REQUEST"), ("", "NOT_PAIRED")]
)
async def test_a_wrong_token_is_refused_and_not_quoted(
    openclaw: OpenClawGateway, token: str, code: str
) -> None:
    client = Gateway(openclaw.url, token)
    with pytest.raises(GatewayRefused, match=code) as caught:
        await client.connect()
    assert isinstance(caught.value, ProviderRefused)
    assert not token or token not in str(caught.value)
    await client.close()


async def test_a_token_that_may_only_read_is_refused(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.grants = {"operator.read"}
    with pytest.raises(GatewayRefused, match=r"FORBIDDEN: missing scope: operator\.write"):
        await gateway.send(gateway.session_key("a"), "hello there", "r1", 10)


async def test_one_that_starts_says_when_to_come_again(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.starting = True
    with pytest.raises(GatewayUnavailable, match="starting") as caught:
        await gateway.connect()
    assert caught.value.retry_after == pytest.approx(0.1)
    openclaw.starting = False
    await gateway.connect()


async def test_one_that_is_away(openclaw: OpenClawGateway, gateway: Gateway) -> None:
    await openclaw.refuse(cut=True)
    with pytest.raises(ProviderUnavailable, match="not reached"):
        await gateway.connect()


async def test_the_events_of_others_reach_nobody(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.replies.append("A secret of another caller.")
    other = Gateway(openclaw.url, TOKEN)
    await gateway.connect()
    mine, theirs = gateway.session_key("mine"), gateway.session_key("theirs")
    with closing(gateway.watch(mine)) as watch, closing(other.watch(theirs)) as their_watch:
        await other.send(theirs, "hello", "r1", 10)
        while (event := await their_watch.next(5)) and not event.is_end:
            continue
        assert event
        assert await watch.next(0.05) is None
    assert not gateway._watches
    assert not gateway._connection._unrouted  # Pipecat's own buffer of unknown runs
    await other.close()


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("tick", {"ts": 1}),
        ("health", {"ok": True}),
        ("presence", None),
        ("presence", {"sessionKey": "KEY", "runId": "r1"}),
        ("chat", {}),
        ("chat", {"sessionKey": "KEY", "state": "status", "phase": "starting_model"}),
        ("chat", {"sessionKey": "KEY", "state": "of tomorrow"}),
        ("agent", {"sessionKey": "KEY", "stream": "lifecycle", "data": None}),
        ("agent", {"sessionKey": "KEY", "stream": "of tomorrow", "data": {"delta": "x"}}),
        ("shutdown", {"reason": "gateway stopping"}),
    ],
)
async def test_events_that_say_nothing_of_a_run_are_passed_over(
    openclaw: OpenClawGateway, gateway: Gateway, name: str, payload: dict[str, Any] | None
) -> None:
    await gateway.connect()
    key = gateway.session_key("a")
    with closing(gateway.watch(key)) as watch:
        given = payload and {k: key if v == "KEY" else v for k, v in payload.items()}
        await openclaw.broadcast(name, given)  # type: ignore[arg-type]
        await openclaw.broadcast("chat", {"sessionKey": key, "runId": "r1", "state": "final"})
        event = await watch.next(5)
    assert event == Event("final", "r1")


async def test_a_command_is_refused_and_not_waited_for(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    with pytest.raises(GatewayRefused, match="command"):
        await gateway.send(gateway.session_key("a"), "stop", "r1", 10)


async def test_an_earlier_connections_run_is_aborted_as_administrator(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.replies.append([Pause(20)])
    earlier = Gateway(openclaw.url, TOKEN)
    key = gateway.session_key("a")
    await earlier.send(key, "hello there", "r1", 10)
    assert await gateway.abort(key, "r1")
    scopes = [params["scopes"] for params in openclaw.of_method("connect")]
    assert scopes[0] == scopes[1] == ["operator.write"]
    assert "operator.admin" in scopes[2]
    assert not await gateway.abort(key, "r1")
    await earlier.close()


async def test_a_message_swallowed_by_a_busy_session_is_followed_to_the_others_end(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.replies.append([Pause(0.2), Say("First.")])
    openclaw.replies.append("Second.")
    key = gateway.session_key("busy")
    await gateway.send(key, "one thing", "r1", 10)
    watch = gateway.watch(key)
    await gateway.send(key, "another thing", "r2", 10)
    follower = Follower(gateway, key, "r2", lambda _: None, watch)
    ending = await follower.follow(time.time() + 10, ask_first=False)
    assert ending == Ending("completed", "Second.")


async def test_a_gateway_that_forgot_everything_knows_a_run_by_its_session(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.replies.append("Done.")
    key = gateway.session_key("a")
    assert (await gateway.look_up(key, "r1")).state == "absent"
    await gateway.send(key, "hello there", "r1", 10)
    await openclaw.when(lambda: openclaw.runs["r1"].over)
    await openclaw.kill()
    await openclaw.come_back()
    await asyncio.sleep(0.05)  # the client sees its socket die
    standing = await gateway.look_up(key, "r1")
    assert (standing.state, standing.text) == ("completed", "Done.")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("stop", "stop"),
        ("/stop", "`/stop`"),
        ('say "stop"\n/new now', "say 'stop' `/new` now"),
        ("read (/etc/hosts) and/or a/b", "read (`/etc/hosts`) and/or a/b"),
    ],
)
def test_words_that_are_no_command(words: str, line: str) -> None:
    assert quotable(words) == line
    assert f'"{line}"\n' in task_message("Tandem", words)


async def test_a_warm_up_is_one_run_that_is_no_command(
    openclaw: OpenClawGateway, gateway: Gateway
) -> None:
    openclaw.replies.append("ready")
    await gateway.warm_up()
    await openclaw.when(lambda: [run.reply for run in openclaw.runs.values()] == ["ready"])
