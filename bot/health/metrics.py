"""What Prometheus is told. Labels are modes, stages, providers and kinds, never who called.

With several workers each process writes its figures into files that all of them read
(`prometheus_client`'s multiprocess mode; the folder is the front's), so every scrape gives the sums
whichever worker answers it. Gauges of a worker that is gone go with it, counters stay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from bot.failover.breaker import Health, State
from bot.health.endings import ending
from bot.store.recorder import ENDS
from bot.store.records import Record, Row

SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Bounds of the stages' histogram: a turn should take less than a second."""
MOST_KINDS = 60
"""Kinds of events that are counted apart; there are about thirty."""
_STATES = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
_OUTCOMES = ("answered", "failed", "slow")


@dataclass(frozen=True, slots=True)
class Now:
    """How the process is at a moment.

    `lag`: the event loop's worst delay of the last seconds, in seconds. `unwritten`: records that
    wait for the store. `taking`: whether calls are taken. `providers`: all breakers.
    """

    lag: float
    unwritten: int
    taking: bool
    providers: Iterable[Health]


class Metrics:
    """One process's figures.

    Args:
        several: Whether several processes share the port: figures are then summed.
    """

    def __init__(self, *, several: bool) -> None:
        self._several = several
        own = self._registry = CollectorRegistry()
        self._live = Gauge(
            "tandem_calls_live",
            "Calls that are live now.",
            ["mode"],
            registry=own,
            multiprocess_mode="livesum",
        )
        self._calls = Counter(
            "tandem_calls", "Calls that are over.", ["mode", "channel", "end"], registry=own
        )
        self._turns = Counter("tandem_turns", "Turns begun.", ["mode"], registry=own)
        self._stages = Histogram(
            "tandem_turn_stage_seconds",
            "What each stage added to the caller's wait; voice_to_voice is all of it.",
            ["mode", "stage"],
            registry=own,
            buckets=SECONDS,
        )
        self._events = Counter(
            "tandem_events", "Operator's lines, errors among them, by kind.", ["kind"], registry=own
        )
        self._asked = Counter(
            "tandem_provider_requests",
            "Requests to providers, by how they went.",
            ["stage", "provider", "outcome"],
            registry=own,
        )
        self._add_gauges(own)
        self._modes: dict[str, str] = {}
        self._kinds: set[str] = set()
        self._told: dict[tuple[str, str, str], int] = {}

    def _add_gauges(self, own: CollectorRegistry) -> None:
        self._breakers = Gauge(
            "tandem_provider_breaker",
            "0 closed, 1 half open, 2 open: the provider is left alone.",
            ["stage", "provider"],
            registry=own,
            multiprocess_mode="livemax",
        )
        self._lag = Gauge(
            "tandem_event_loop_lag_seconds",
            "The event loop's worst delay of the last ten seconds, in any process.",
            registry=own,
            multiprocess_mode="livemax",
        )
        self._unwritten = Gauge(
            "tandem_store_unwritten",
            "Records that wait for the database.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self._taking = Gauge(
            "tandem_processes_taking_calls",
            "Processes that take calls.",
            registry=own,
            multiprocess_mode="livesum",
        )

    def record(self, record: Record) -> None:
        """Count what the recorder was told; microseconds."""
        row = record.rows[0]
        match record.kind:
            case "call_started" | "call_state":
                self._call(row)
            case "turn_started":
                self._turns.labels(self._mode_of(row["call_id"])).inc()
            case "turn_stages":
                mode = self._mode_of(row["call_id"])
                for each in record.rows:
                    self._stages.labels(mode, each["stage"]).observe(each["seconds"])
            case "event":
                self._events.labels(self._kind(row["kind"])).inc()

    def update(self, now: Now) -> None:
        """Take over how the process is."""
        self._lag.set(now.lag)
        self._unwritten.set(now.unwritten)
        self._taking.set(now.taking)
        breakers: dict[tuple[str, str], int] = {}
        counts: dict[tuple[str, str, str], int] = {}
        for health in now.providers:  # two endpoints of a provider have one name
            who = health.stage, health.name
            breakers[who] = max(breakers.get(who, 0), _STATES[health.state])
            for outcome in _OUTCOMES:
                counts[*who, outcome] = counts.get((*who, outcome), 0) + getattr(health, outcome)
        for who, state in breakers.items():
            self._breakers.labels(*who).set(state)
        self._count(counts)

    def text(self) -> bytes:
        """Everything in Prometheus's text format; with several processes it reads their files."""
        registry = self._registry
        if self._several:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _call(self, row: Row) -> None:
        known, mode = self._modes.get(row["id"]), row["mode"]
        if row["state"] in ENDS:
            if self._modes.pop(row["id"], None) is not None:
                self._live.labels(known).dec()
                self._calls.labels(known, row["channel"], ending(row)).inc()
        elif known != mode:  # a call that was rescued goes on in another mode
            self._modes[row["id"]] = mode
            self._live.labels(mode).inc()
            if known is not None:
                self._live.labels(known).dec()

    def _mode_of(self, call_id: str) -> str:
        return self._modes.get(call_id, "unknown")

    def _kind(self, kind: str) -> str:
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            return "other"
        self._kinds.add(kind)
        return kind

    def _count(self, counts: Mapping[tuple[str, str, str], int]) -> None:
        for labels, count in counts.items():
            more = count - self._told.get(labels, 0)
            if more > 0:
                self._asked.labels(*labels).inc(more)
        self._told.update(counts)
