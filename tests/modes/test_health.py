"""Health checks on the vendors' stand-ins, the pool that they serve, and figures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from bot.call import Call
from bot.clients import Clients
from bot.failover.breaker import State
from bot.failover.breakers import Breakers
from bot.modes.figures import Figures, RecentFigures, figures, since
from bot.modes.health import HealthChecks
from bot.modes.mode import Mode
from bot.modes.operators import Order
from bot.modes.pool import Pool
from bot.modes.setup import Setup
from bot.modes.state import ModeRefused
from bot.providers import Endpoint
from bot.settings import Settings
from bot.store.modes import EndedCall
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fakes.elevenlabs_api import KEY, VOICE, ElevenLabsApi
from tests.fakes.faults import Fault, Kind
from tests.fakes.openai_api import OpenAIApi
from tests.modes.conftest import make_desk

BROKEN = Fault(Kind.STATUS, status=503)


def runpod(api: OpenAIApi, voice: ElevenLabsApi, *urls: str) -> dict[str, Any]:
    return {
        "RUNPOD_A100_ENDPOINT": urls[0] if urls else api.url,
        "RUNPOD_A40_ENDPOINT": ",".join(urls[1:]),
        "RUNPOD_API_KEY": "sk-test",
        "RUNPOD_LLM_MODEL": "gpt-4o-mini",
        "WHISPER_ENDPOINT": api.url,
        "WHISPER_API_KEY": "sk-test",
        "ELEVENLABS_API_KEY": KEY,
        "ELEVENLABS_VOICE_ID": VOICE,
        "ELEVENLABS_BASE_URL": voice.origin,
    }


def mode(name: str, **values: Any) -> Mode:
    return {**Setup.of(Settings.load(None, **values)).modes}[name]  # type: ignore[index]


async def test_each_vendor_is_asked_in_its_own_way(
    http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    checks = HealthChecks(http, lambda: "")
    streaming = mode("runpod_streaming", **runpod(openai_api, elevenlabs_api))
    assert await checks.of(streaming) == ""
    assert {r.endpoint for r in openai_api.requests} == {"models"}
    assert [r.endpoint for r in elevenlabs_api.requests] == ["subscription"]
    realtime = mode(
        "openai_realtime",
        OPENAI_API_KEY="sk-test",
        OPENAI_REALTIME_URL=f"{openai_api.url.replace('http', 'ws')}/realtime",
    )
    assert await checks.of(realtime) == ""


async def test_answers_are_kept_for_a_while(
    http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    checks = HealthChecks(http, lambda: "")
    streaming = mode("runpod_streaming", **runpod(openai_api, elevenlabs_api))
    await checks.of(streaming)
    asked = len(openai_api.requests)
    openai_api.fail(BROKEN)
    assert await checks.of(streaming) == ""
    assert len(openai_api.requests) == asked
    assert "answers 503" in await checks.of(streaming, age=0)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(Kind.STATUS, status=401), "the key is not accepted (401)"),
        (Fault(Kind.STATUS, status=500), "answers 500"),
        (Fault(Kind.RESET), "cannot be reached"),
        (Fault(Kind.HANG), "no answer in"),
        (Fault(Kind.STATUS, status=404), "answers 404"),
        (Fault(Kind.STATUS, status=429), "answers 429"),
    ],
)
async def test_what_is_wrong_is_said_in_a_line(
    fault: Fault,
    said: str,
    http: httpx2.AsyncClient,
    openai_api: OpenAIApi,
    elevenlabs_api: ElevenLabsApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.modes.health.PATIENCE_SECONDS", 0.3)
    streaming = mode("runpod_streaming", **runpod(openai_api, elevenlabs_api))
    openai_api.fail(fault, "models")
    line = await HealthChecks(http, lambda: "").of(streaming)
    assert said in line
    assert "\n" not in line
    assert "sk-test" not in line


async def test_a_server_that_is_not_there_is_no_time_out(
    openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    streaming = mode("runpod_streaming", **runpod(openai_api, elevenlabs_api))
    await openai_api.refuse(cut=True)
    clients = Clients()
    line = await HealthChecks(clients.http, lambda: "").of(streaming)
    await clients.aclose()
    assert "cannot be reached (ConnectionRefusedError)" in line


async def test_a_whisper_server_without_a_list_of_models_is_well(
    http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    checks = HealthChecks(http, lambda: "")
    streaming = mode("runpod_streaming", **runpod(openai_api, elevenlabs_api))
    assert streaming.plan
    openai_api.fail(Fault(Kind.STATUS, status=404), "models")
    assert (await checks.ask(streaming.plan.stt[0])).fault == ""
    assert (await checks.ask(streaming.plan.llm[0])).fault == "answers 404"


async def test_a_stage_is_well_while_one_of_its_endpoints_is(
    http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    async with OpenAIApi() as second:
        urls = (openai_api.url, second.url)
        # Another Whisper, so that only the language model is concerned.
        values = runpod(openai_api, elevenlabs_api, *urls) | {"WHISPER_ENDPOINT": second.url}
        streaming = mode("runpod_streaming", **values)
        openai_api.fail(BROKEN)
        assert await HealthChecks(http, lambda: "").of(streaming) == ""
        second.fail(BROKEN)
        assert "runpod gpt-4o-mini: answers 503" in await HealthChecks(http, str).of(streaming)


async def test_pods_that_are_dead_are_not_made_well_by_who_stands_behind_them(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    async with OpenAIApi() as behind:
        values = runpod(openai_api, elevenlabs_api) | {"WHISPER_ENDPOINT": behind.url}
        key = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": behind.url}
        desk = make_desk(store, http, **values, **key, LLM_PROVIDERS="openai")
        streaming = desk.modes.setup.modes["runpod_streaming"]
        assert streaming.plan
        assert [e.provider for e in streaming.plan.llm] == ["runpod", "openai"]
        openai_api.fail(BROKEN)
        with pytest.raises(ModeRefused, match=r"^runpod_streaming: .* runpod .*: answers 503"):
            await desk.operators.switch(Order("runpod_streaming"))
        assert await desk.modes.checks.of(desk.modes.setup.modes["cascade"]) == ""


async def test_a_pod_that_serves_another_model_is_not_well(
    http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    values = runpod(openai_api, elevenlabs_api) | {"RUNPOD_LLM_MODEL": "llama-9"}
    line = await HealthChecks(http, lambda: "").of(mode("runpod_streaming", **values))
    assert "does not serve llama-9" in line


# -- what calls have found


def fail(breakers: Breakers, endpoint: Endpoint) -> None:
    """Calls are denied by an endpoint; nobody looks after its breaker."""
    breakers.of(endpoint).agree(State.OPEN, "answers 401 to calls")


async def test_an_endpoint_that_fails_calls_is_not_well_whatever_it_answers(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    async with OpenAIApi() as second:
        values = runpod(openai_api, elevenlabs_api, openai_api.url, second.url)
        desk = make_desk(store, http, LLM_MODE="runpod_streaming", **values)
        modes, checks = desk.modes, desk.modes.checks
        streaming = modes.setup.modes["runpod_streaming"]
        assert streaming.plan
        one, two = streaming.plan.llm
        fail(desk.breakers, one)
        assert checks.known_of(streaming) is None  # the rest was never asked
        assert await checks.of(streaming) == ""
        assert modes.pin(Call("phone")).plan.llm[0] is two
        fail(desk.breakers, two)
        line = "runpod gpt-4o-mini: calls leave it alone: answers 401 to calls"
        assert await checks.of(streaming) == line
        assert modes.avoided == {"runpod_streaming": line}
        call = Call("phone")
        assert modes.pin(call).mode.name == "cascade"
        assert call.mode_reason == f"fallback_mode; not runpod_streaming (LLM_MODE) {line}"
        with pytest.raises(ModeRefused, match=r"its health check failed: runpod .* alone"):
            await desk.operators.switch(Order("runpod_streaming"))
        await desk.operators.switch(Order("runpod_streaming", forced=True))
        assert modes.pin(Call("phone")).mode.name == "runpod_streaming"
        desk.breakers.of(two).trying()  # without a probe the next call is the try
        assert modes.avoided == {}
        await desk.breakers.close()


async def test_a_call_goes_on_in_what_is_well(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    values = runpod(openai_api, elevenlabs_api) | {"OPENAI_API_KEY": "sk-test"}
    desk = make_desk(store, http, LLM_MODE="runpod_streaming", **values)
    plan = desk.modes.setup.modes["cascade"].plan
    fallback = desk.modes.pin(Call("phone")).fallback
    assert plan
    assert fallback
    assert fallback.name == "cascade"
    for endpoint in plan.llm:
        fail(desk.breakers, endpoint)
    fallback = desk.modes.pin(Call("phone")).fallback
    assert fallback
    assert fallback.name == "openai_realtime"


# -- the pool


def pod(number: int) -> Endpoint:
    return Endpoint("llm", "runpod", f"http://pod{number}/v1", SecretStr(""), "m", "")


def test_calls_go_where_the_fewest_are() -> None:
    pods = pod(1), pod(2), pod(3)
    pool = Pool(lambda _: "")
    first = {f"c{n}": pool.lease(f"c{n}", pods)[0] for n in range(9)}
    assert sorted(pool.outstanding.values()) == [3, 3, 3]
    assert len(set(map(len, (pool.lease("x", pods), pods)))) == 1  # the others stand behind
    pool.release("x")
    gone = first["c4"]
    for call_id in [c for c, e in first.items() if e is gone]:
        pool.release(call_id)
    assert [pool.lease(f"d{n}", pods)[0] for n in range(3)] == [gone] * 3


def test_a_dead_endpoint_is_taken_out_and_brought_back() -> None:
    pods, faults = (pod(1), pod(2)), {pod(1): "answers 503"}
    pool = Pool(lambda endpoint: faults.get(endpoint, ""))
    for number in range(4):
        assert pool.lease(f"c{number}", pods) == (pod(2), pod(1))
    faults.clear()
    assert [pool.lease(f"d{n}", pods)[0] for n in range(4)] == [pod(1)] * 4
    faults |= {pod(1): "answers 503", pod(2): "answers 503"}
    assert pool.lease("e", pods)[0] in pods  # with all of them dead, one is still tried


async def test_calls_of_the_mode_share_runpods_endpoints_and_keep_theirs(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    async with OpenAIApi() as second:
        values = runpod(openai_api, elevenlabs_api, openai_api.url, second.url)
        desk = make_desk(store, http, LLM_MODE="runpod_streaming", **values)
        calls = [Call("phone", caller=f"+1555000{n}") for n in range(4)]
        used = [desk.modes.pin(call).plan.llm[0].base_url for call in calls]
        assert sorted(used) == sorted([openai_api.url, second.url] * 2)
        assert desk.modes.of(calls[0]).plan.llm[0].base_url == used[0]
        openai_api.fail(BROKEN, "models")
        await desk.modes.checks.of(desk.modes.setup.modes["runpod_streaming"])
        another = Call("phone")
        assert desk.modes.pin(another).plan.llm[0].base_url == second.url
        openai_api.heal()
        await desk.modes.checks.of(desk.modes.setup.modes["runpod_streaming"], age=0)
        assert desk.modes.pin(Call("phone")).plan.llm[0].base_url == openai_api.url
        for call in (*calls, another):
            desk.modes.over(call)
        assert sum(desk.modes.pool.outstanding.values()) == 1


async def test_two_failed_checks_send_new_calls_elsewhere_and_one_good_one_brings_them_back(
    store: Store, http: httpx2.AsyncClient
) -> None:
    desk = make_desk(store, http, LLM_MODE="embedded")
    assert desk.modes.noted("embedded", "answers 503") == ""
    assert desk.modes.pin(Call("phone")).mode.name == "embedded"
    assert "embedded is down" in desk.modes.noted("embedded", "answers 503")
    assert desk.modes.noted("embedded", "answers 503") == ""
    call = Call("phone")
    assert desk.modes.pin(call).mode.name == "cascade"
    assert call.mode_reason == "fallback_mode; not embedded (LLM_MODE) answers 503"
    assert desk.modes.noted("embedded", "") == "embedded is well again"
    assert desk.modes.pin(Call("phone")).mode.name == "embedded"


# -- figures

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def ended(
    mode: str, seconds: float | None, reason: str = "bot hung up", state: str = "ended"
) -> Any:
    answered = START if seconds is not None else None
    return EndedCall(mode, state, reason, answered, START + timedelta(seconds=seconds or 0))


def test_figures_stand_side_by_side() -> None:
    calls = [
        ended("cascade", 120),
        ended("cascade", 19, "caller hung up"),
        ended("cascade", 21, "caller hung up"),
        ended("cascade", 10, "bot hung up"),
        ended("cascade", 10, "error", "failed"),
        ended("cascade", None, "stream never came"),
        replace(ended("openai_realtime", 30), rescued=True),
        ended("embedded", None, "error", "failed"),
    ]
    waits = [("cascade", s / 1000) for s in range(500, 1500, 10)]
    found = figures(calls, waits)
    assert found["cascade"] == Figures(5, 1, 1, 3.0, 995, 1440)
    assert found["embedded"] == Figures(calls=1, errors=1)
    assert found["openai_realtime"] == Figures(calls=1, errors=1, minutes=0.5)


async def test_figures_of_the_store_for_status_and_rules(store: Store, recorder: Recorder) -> None:
    call = Call("phone", mode="embedded", mode_reason="LLM_MODE")
    call.on_state = recorder.call_state
    recorder.call_started(call, {})
    call.connected()
    recorder.turn_started(call.id, 1)
    recorder.turn_stages(call.id, 1, {"llm": 0.2, "voice_to_voice": 0.7})
    call.failed("broke")
    await recorder.flush()
    found = await since(store, datetime.now(UTC) - timedelta(minutes=1))
    assert (found["embedded"].calls, found["embedded"].errors) == (1, 1)
    assert found["embedded"].wait_ms == found["embedded"].wait_ms_p95 == 700
    recent = RecentFigures()
    assert recent.of("embedded", 5).calls == 0
    await recent.refresh(store, [5])
    assert recent.of("embedded", 5).wait_ms == 700
    assert await since(store, datetime.now(UTC) + timedelta(minutes=1)) == {}


async def test_a_call_that_another_mode_went_on_with_is_an_error_of_the_first(
    store: Store, recorder: Recorder
) -> None:
    for rescued in (True, False):
        call = Call("phone", mode="openai_realtime", mode_reason="LLM_MODE")
        call.on_state = recorder.call_state
        recorder.call_started(call, {})
        call.connected()
        if rescued:
            recorder.event(call.id, "rescue", "openai_realtime -> cascade: llm: not reached")
        recorder.event(call.id, "llm error", "not reached")
        call.ended("bot hung up")
    await recorder.flush()
    found = await since(store, datetime.now(UTC) - timedelta(minutes=1))
    assert (found["openai_realtime"].calls, found["openai_realtime"].errors) == (2, 1)
