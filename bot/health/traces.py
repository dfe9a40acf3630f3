"""A trace of each call for an OpenTelemetry collector, made of what the recorder is told.

A call is a span; each answered turn is one in it, and each stage of the caller's wait one in that.
Pipecat's own tracing is not used: its spans hold prompts and the caller's words. Here is neither a
word nor a phone number.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode

from bot.health.endings import ending
from bot.settings import Settings
from bot.store.recorder import ENDS
from bot.store.records import Record, Row

_WHOLE = "voice_to_voice"
CLOSE_SECONDS = 3.0
"""For the last spans to be sent; a collector that is away must not hold up a stop."""


class Traces:
    """Spans of the calls of one process. Sent by a thread of the library, in batches.

    Args:
        exporter: Where spans go.
        worker: This process's number, 0 when it is alone.
    """

    def __init__(self, exporter: SpanExporter, worker: int = 0) -> None:
        about = {"service.name": "tandem", "service.instance.id": f"worker-{worker}"}
        self._provider = TracerProvider(
            resource=Resource.create(about), shutdown_on_exit=False
        )  # not the process's global one: libraries that trace would join in
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tandem")
        self._calls: dict[str, Span] = {}

    @classmethod
    def from_settings(cls, settings: Settings, worker: int) -> "Traces | None":
        """Traces to `OTEL_EXPORTER_OTLP_ENDPOINT`; None without it."""
        endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
        if not endpoint:
            return None
        pairs = settings.OTEL_EXPORTER_OTLP_HEADERS.get_secret_value().split(",")
        headers = {n.strip(): v.strip() for n, _, v in (p.partition("=") for p in pairs) if n}
        return cls(OTLPSpanExporter(f"{endpoint}/v1/traces", headers=headers, timeout=5), worker)

    def record(self, record: Record) -> None:
        """Follow the recorder."""
        row = record.rows[0]
        match record.kind:
            case "call_started":
                self._begin(row)
            case "call_state":
                self._state(row)
            case "turn_stages":
                self._turn(record.rows)
            case "event" if row["call_id"] in self._calls:
                self._calls[row["call_id"]].add_event(row["kind"])

    async def close(self) -> None:
        """Send what is left, for at most `CLOSE_SECONDS`."""
        for span in self._calls.values():
            span.end()
        self._calls.clear()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._provider.force_flush(int(CLOSE_SECONDS * 1000))
        self._provider.shutdown()

    def _begin(self, row: Row) -> None:
        about = {f"tandem.{name}": row[name] for name in ("channel", "direction", "mode")}
        about |= {f"tandem.provider.{stage}": name for stage, name in row["providers"].items()}
        self._calls[row["id"]] = self._tracer.start_span(
            "call",
            attributes={"conversation.id": row["id"], **about},
            start_time=int(row["started_at"].timestamp() * 1e9),
        )

    def _state(self, row: Row) -> None:
        span = self._calls.get(row["id"])
        if span is None:
            return
        if row["state"] not in ENDS:
            span.add_event(row["state"])
            return
        span.set_attributes({"tandem.mode": row["mode"], "tandem.end": ending(row)})
        if row["state"] == "failed":
            span.set_status(Status(StatusCode.ERROR))
        self._calls.pop(row["id"]).end()

    def _turn(self, rows: Sequence[Row]) -> None:
        stages: dict[str, float] = {row["stage"]: row["seconds"] for row in rows}
        call = self._calls.get(rows[0]["call_id"])
        whole = stages.pop(_WHOLE, None)
        if call is None or whole is None:
            return
        ends = time.time_ns()
        at = ends - int(whole * 1e9)
        attributes: dict[str, Any] = {"turn.number": rows[0]["turn"]}
        span = self._tracer.start_span(
            "turn", trace.set_span_in_context(call), attributes=attributes, start_time=at
        )
        inside = trace.set_span_in_context(span)
        for stage, seconds in stages.items():
            part = self._tracer.start_span(stage, inside, start_time=at)
            at += int(seconds * 1e9)
            part.end(at)
        span.end(ends)
