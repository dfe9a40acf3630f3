"""What monitors are told: parts of the active mode, figures, traces; and who may know."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families as families

from bot.call import Call
from bot.failover.breaker import Health, State
from bot.health.metrics import MOST_KINDS, Metrics, Now
from bot.store.recorder import Recorder
from bot.store.records import Record
from bot.store.store import Store
from tests.fakes.openai_api import OpenAIApi
from tests.fixtures.house import Serve

STAGES = {"stt": 0.1, "llm": 0.2, "tts": 0.1, "voice_to_voice": 0.5}
FOREIGN = {"x-forwarded-for": "203.0.113.9"}


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(text.decode())
        for sample in family.samples
    }


def value(text: bytes, name: str, **labels: str) -> float | None:
    return samples(text).get((name, frozenset(labels.items())))


def lead(recorder: Recorder, call: Call) -> None:
    """A short call, as a conversation tells it."""
    call.on_state = recorder.call_state
    recorder.call_started(call, {"llm": "openai gpt-4o-mini"})
    call.connected()
    recorder.turn_started(call.id, 1)
    recorder.utterance(call.id, speaker="caller", text="My number is +15557654321.", turn=1)
    recorder.turn_stages(call.id, 1, STAGES)
    recorder.event(call.id, "provider error", "openai: 500 for +15557654321")


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    yield opened
    await opened.close()


async def test_figures_of_calls(store: Store) -> None:
    metrics, recorder = Metrics(several=False), Recorder(store)
    recorder.followers.append(metrics.record)
    one, other = Call("phone", caller="+15557654321"), Call("room")
    lead(recorder, one)
    lead(recorder, other)
    text = metrics.text()
    assert value(text, "tandem_calls_live", mode="cascade") == 2
    assert value(text, "tandem_turns_total", mode="cascade") == 2
    assert value(text, "tandem_turn_stage_seconds_sum", mode="cascade", stage="llm") == 0.4
    assert value(text, "tandem_events_total", kind="provider error") == 2
    one.ended("caller hung up")
    other.transferred("handed to Ann +15557654321")
    recorder.call_state(one)  # told again
    text = metrics.text()
    assert value(text, "tandem_calls_live", mode="cascade") == 0
    ends = {
        dict(labels)["end"]: n
        for (name, labels), n in samples(text).items()
        if name == "tandem_calls_total"
    }
    assert ends == {"caller hung up": 1, "transferred": 1}
    assert b"5557654321" not in text


async def test_a_call_that_is_rescued_counts_in_its_new_mode(store: Store) -> None:
    metrics, recorder = Metrics(several=False), Recorder(store)
    recorder.followers.append(metrics.record)
    call = Call("phone", mode="openai_realtime")
    lead(recorder, call)
    call.mode = "cascade"
    call.talking()
    text = metrics.text()
    assert value(text, "tandem_calls_live", mode="cascade") == 1
    assert value(text, "tandem_calls_live", mode="openai_realtime") == 0


def health(state: State, **counts: int) -> Health:
    found = {"answered": 0, "failed": 0, "slow": 0} | counts
    return Health("openai", "llm", state, None, last_error="", since_seconds=0.0, **found)


def test_providers_are_summed_by_name_and_only_grow() -> None:
    metrics = Metrics(several=False)
    who = {"stage": "llm", "provider": "openai"}
    both = [health(State.CLOSED, answered=3), health(State.OPEN, answered=1, failed=2)]
    for _ in range(2):  # nothing is counted twice
        metrics.update(Now(lag=0.25, unwritten=7, taking=True, providers=both))
    text = metrics.text()
    assert value(text, "tandem_provider_requests_total", outcome="answered", **who) == 4
    assert value(text, "tandem_provider_requests_total", outcome="failed", **who) == 2
    assert value(text, "tandem_provider_breaker", **who) == 2
    assert value(text, "tandem_event_loop_lag_seconds") == 0.25
    assert value(text, "tandem_store_unwritten") == 7


def test_kinds_of_events_are_bounded() -> None:
    metrics = Metrics(several=False)
    for number in range(3 * MOST_KINDS):
        metrics.record(Record("event", [{"kind": f"kind {number}", "call_id": None}]))
    kinds = [labels for name, labels in samples(metrics.text()) if name == "tandem_events_total"]
    assert len(kinds) == MOST_KINDS + 1
    assert value(metrics.text(), "tandem_events_total", kind="other") == 2 * MOST_KINDS


async def test_the_active_mode_and_who_may_see_it(serve: Serve, openai_api: OpenAIApi) -> None:
    server = await serve(OPERATOR_TOKEN="operators-own")
    operator = FOREIGN | {"authorization": "Bearer operators-own"}
    async with aiohttp.ClientSession(server.url) as http:
        answer = await http.get("/health/llm")
        found = await answer.json()
        assert (answer.status, found["mode"], found["well"]) == (200, "cascade", True)
        assert [part["stage"] for part in found["parts"]] == ["stt", "llm", "tts"]
        assert {part["state"] for part in found["parts"]} == {"well"}
        assert found["parts"][1]["provider"] == "openai gpt-4o-mini"
        assert "sk-test" not in await answer.text()
        for path in ("/health/llm", "/metrics"):
            assert (await http.get(path, headers=FOREIGN)).status == 401
            assert (await http.get(path, headers=operator)).status == 200
        for path in ("/health", "/ready"):
            assert (await http.get(path, headers=FOREIGN)).status == 200
        text = await (await http.get("/metrics")).read()
        assert value(text, "tandem_processes_taking_calls") == 1


async def test_a_part_that_fails_is_named(serve: Serve) -> None:
    server = await serve(OPENAI_BASE_URL="http://127.0.0.1:1/v1", BOT_GREETING="Hello there.")
    async with aiohttp.ClientSession(server.url) as http:
        answer = await http.get("/health/llm")
        found = await answer.json()
    assert (answer.status, found["well"]) == (503, False)
    assert "cannot be reached" in found["fault"]
    assert {part["state"] for part in found["parts"]} == {"failed"}


@asynccontextmanager
async def collector() -> AsyncIterator[SimpleNamespace]:
    """An OpenTelemetry collector that keeps what it is sent."""
    kept = SimpleNamespace(spans=[], raw=b"", headers={}, url="")

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("content-encoding") == "gzip":
            raise web.HTTPUnsupportedMediaType
        kept.raw, kept.headers = kept.raw + body, dict(request.headers)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            kept.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kept.url = "http://{}:{}".format(*runner.addresses[0][:2])
    try:
        yield kept
    finally:
        await runner.cleanup()


async def test_each_call_is_a_trace_without_words_or_numbers(serve: Serve) -> None:
    async with collector() as kept:
        server = await serve(
            OTEL_EXPORTER_OTLP_ENDPOINT=kept.url, OTEL_EXPORTER_OTLP_HEADERS="x-team=tandem"
        )
        assert server.resources
        call = Call("phone", caller="+15557654321")
        lead(server.resources.recorder, call)
        call.ended("caller hung up")
        server.stop()
        async with asyncio.timeout(20):
            while not kept.spans:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    spans: dict[str, Any] = {span.name: span for span in kept.spans}
    assert set(spans) == {"call", "turn", "stt", "llm", "tts"}
    assert spans["turn"].parent_span_id == spans["call"].span_id
    assert spans["llm"].parent_span_id == spans["turn"].span_id
    assert spans["llm"].start_time_unix_nano == spans["stt"].end_time_unix_nano
    about = {each.key: each.value.string_value for each in spans["call"].attributes}
    assert about["conversation.id"] == call.id
    assert about["tandem.end"] == "caller hung up"
    assert kept.headers["x-team"] == "tandem"
    assert b"5557654321" not in kept.raw
