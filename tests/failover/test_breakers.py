"""When a provider is left alone, when it is tried, when it comes back, and who hears of it."""

import asyncio

import pytest
from pydantic import SecretStr

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.failover.breaker import Breaker, State
from bot.failover.breakers import Breakers, in_order, key_of
from bot.failover.budget import Budget
from bot.failover.latency import Latency
from bot.failover.link import Link
from bot.providers import Endpoint
from tests.fixtures.virtual_time import VirtualTime

DOWN = ProviderUnavailable("openai: 503")


def endpoint(name: str = "one", url: str = "https://user:pass@one.example/v1") -> Endpoint:
    return Endpoint("llm", name, url, SecretStr("sk-very-secret"), "m", "test")


class Provider:
    """Something that a breaker's probe asks; `outcomes` are None or an error, in order."""

    def __init__(self, *outcomes: ProviderError | None, seconds: float = 0.1) -> None:
        self.outcomes, self.seconds = list(outcomes), seconds
        self.asked: list[float] = []

    async def __call__(self) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.seconds)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome:
            raise outcome


def clock() -> float:
    return asyncio.get_running_loop().time()


def made(told: list[str] | None = None) -> tuple[Breakers, Breaker]:
    lines = told if told is not None else []
    breakers = Breakers(lambda kind, line: lines.append(f"{kind}: {line}"), clock)
    return breakers, breakers.of(endpoint())


def test_three_failures_in_a_row_open_it() -> None:
    breaker = Breaker("k")
    for _ in range(2):
        breaker.failed(DOWN)
    breaker.answered(0.3)
    for expected in (State.CLOSED, State.CLOSED, State.OPEN):
        breaker.failed(DOWN)
        assert breaker.state is expected
    assert breaker.health().last_error == "openai: 503"


def test_half_of_the_latest_requests_open_it() -> None:
    breaker = Breaker("k")
    for _ in range(2):
        breaker.answered(0.3)
        breaker.failed(DOWN)
    breaker.answered(0.3)
    assert breaker.state is State.CLOSED
    breaker.failed(DOWN)
    assert breaker.state is State.OPEN


def test_a_failure_now_and_then_does_not() -> None:
    breaker = Breaker("k")
    for number in range(200):
        if number % 4:
            breaker.answered(0.3)
        else:
            breaker.failed(DOWN)
    assert breaker.state is State.CLOSED


def test_old_failures_do_not_count() -> None:
    now = [0.0]
    breaker = Breaker("k", clock=lambda: now[0])
    for _ in range(12):
        breaker.failed(DOWN)
        breaker._in_a_row = 0
        now[0] += 30.0
    assert breaker.state is State.CLOSED


def test_slowness_opens_it() -> None:
    breaker = Breaker("k")
    for _ in range(3):
        breaker.slow(2.0, 1.5)
    assert breaker.state is State.OPEN
    assert "slow" in breaker.last_error


@pytest.mark.parametrize(
    "error", [ProviderDenied("openai: 401"), ProviderUnavailable("429", retry_after=20.0)]
)
def test_what_will_not_pass_at_once_opens_it_at_once(error: ProviderError) -> None:
    breaker = Breaker("k")
    breaker.failed(error)
    assert breaker.state is State.OPEN
    assert breaker.pause >= 20.0


async def test_it_is_tried_in_the_background_and_closes(virtual_time: VirtualTime) -> None:
    told: list[str] = []
    breakers, breaker = made(told)
    breaker.probe = provider = Provider(DOWN, DOWN)
    for _ in range(3):
        breaker.failed(DOWN)
    opened = virtual_time.now
    await asyncio.sleep(4.9)
    assert (provider.asked, breaker.fit) == ([], False)
    await asyncio.sleep(60)
    assert breaker.state is State.CLOSED
    first, second, third = (at - clock() + virtual_time.now - opened for at in provider.asked)
    assert 5.0 <= first <= 6.1
    assert second - first >= 10.0  # each vain try doubles the pause
    assert third - second >= 20.0
    states = [line.split(": ")[2].split(",")[0] for line in told]
    assert states == ["open", "half-open", "open", "half-open", "open", "half-open", "closed"]
    assert "very-secret" not in "".join(told)
    await breakers.close()


async def test_a_refusal_shows_that_it_is_there(virtual_time: VirtualTime) -> None:
    breakers, breaker = made()
    breaker.probe = Provider(ProviderRefused("400"))
    breaker.failed(ProviderDenied("401"))
    await asyncio.sleep(40)
    assert breaker.state is State.CLOSED
    await breakers.close()


async def test_one_that_was_too_slow_has_to_be_faster_to_come_back(
    virtual_time: VirtualTime,
) -> None:
    breakers, breaker = made()
    breaker.probe = provider = Provider(seconds=2.0)
    for _ in range(3):
        breaker.slow(2.0, 1.5)
    await asyncio.sleep(15)
    assert len(provider.asked) == 1
    assert breaker.state is State.OPEN
    provider.seconds = 0.2
    await asyncio.sleep(30)
    assert breaker.state is State.CLOSED
    await breakers.close()


async def test_a_try_that_hangs_is_a_vain_one(virtual_time: VirtualTime) -> None:
    breakers, breaker = made()
    breaker.probe = Provider(seconds=1e6)
    breaker.failed(ProviderUnavailable("429", retry_after=1.0))
    await asyncio.sleep(17.5)
    assert breaker.state is State.OPEN
    assert "no answer within" in breaker.last_error
    await breakers.close()


async def test_without_a_probe_the_next_turn_is_the_try(virtual_time: VirtualTime) -> None:
    breakers, breaker = made()
    for _ in range(3):
        breaker.failed(DOWN)
    assert not breaker.fit
    await asyncio.sleep(7)
    assert (breaker.state, breaker.fit) == (State.HALF_OPEN, True)
    breaker.failed(DOWN)
    assert (breaker.state, breaker.pause) == (State.OPEN, 10.0)
    await asyncio.sleep(13)
    breaker.answered(0.3)
    assert breaker.state is State.CLOSED
    await breakers.close()


async def test_new_settings_forgive_what_the_old_ones_have_done(virtual_time: VirtualTime) -> None:
    told: list[str] = []
    breakers, breaker = made(told)
    breaker.probe = provider = Provider(*[ProviderDenied("401")] * 9)
    breaker.failed(ProviderDenied("openai: 401"))
    breakers.forgive("the settings have changed")
    assert (breaker.state, breaker.probe) == (State.CLOSED, None)
    await asyncio.sleep(120)
    assert provider.asked == []  # the key that it would ask with is another one now
    assert told[-1] == "provider: llm one m: closed, the settings have changed"
    await breakers.close()


async def test_new_calls_begin_with_what_is_fit_and_the_order_comes_back(
    virtual_time: VirtualTime,
) -> None:
    breakers = Breakers(clock=clock)
    chain = [Link(name, breakers.of(endpoint(name)), 4.0) for name in ("one", "two", "three")]
    chain[0].breaker.failed(ProviderDenied("401"))
    chain[2].breaker.failed(ProviderDenied("401"))
    assert [link.service for link in in_order(chain)] == ["two", "one", "three"]
    chain[0].breaker.answered(0.2)
    assert [link.service for link in in_order(chain)] == ["one", "two", "three"]
    await breakers.close()


def test_a_key_holds_no_secret_and_tells_pods_apart() -> None:
    assert key_of(endpoint()) == "llm|one|one.example|m"
    assert key_of(endpoint(url="http://pod-2:8000/v1")) != key_of(endpoint())


def test_a_deadline_follows_the_usual_and_ignores_a_tail() -> None:
    latency = Latency()
    assert latency.deadline((0.3, 1.5)) == 1.5
    for number in range(64):
        latency.add(4.0 if number % 10 == 0 else 0.3 + number % 5 / 100)
    assert 0.32 < latency.deadline((0.3, 1.5)) < 0.6
    assert latency.deadline((0.9, 1.5)) == 0.9
    for _ in range(64):
        latency.add(1.0)
    assert latency.deadline((0.3, 1.5)) == 1.0  # it has become slower as a whole


def test_a_budget_is_a_share_and_does_not_pile_up() -> None:
    budget = Budget(0.1)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(1000):
        budget.turn()
    assert [budget.spend() for _ in range(25)].count(True) == 20
    assert (budget.turns, budget.spent, budget.refused) == (1000, 22, 6)
    assert not Budget(0.0).spend()
