"""What `/admin-status` shows: what is set, who is live, how each mode does, how providers are."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.errors import StoreError
from bot.modes import figures
from bot.modes.ai_memory import AiMemory
from bot.modes.config import Rule
from bot.modes.desk import Modes
from bot.modes.figures import Figures
from bot.modes.mode import Mode
from bot.modes.part import state_of
from bot.modes.repeated import Repeated
from bot.modes.setup import SetupWatch
from bot.modes.state import Settled
from bot.setting_groups.modes import ModeName
from bot.store import modes as stored
from bot.store.modes import Setting
from bot.store.store import Store

FIGURES_SPAN = timedelta(hours=24)


@dataclass(frozen=True)
class Status:
    """Puts the status together.

    Args:
        modes: The process's view.
        store: What all processes have written.
        watch: The watch over the files.
        work: What runs in the background, for its troubles.
        memory: AI-Memory, where it is used.
        here: How many calls are live in this process.
        processes: How many processes share the port.
    """

    modes: Modes
    store: Store
    watch: SetupWatch
    work: Callable[[], tuple[Repeated, ...]]
    memory: AiMemory | None
    here: Callable[[], int]
    processes: Callable[[], int]

    async def read(self, span: timedelta = FIGURES_SPAN) -> dict[str, Any]:
        """Everything, as JSON. Without the database it has what is known without it."""
        modes, settled = self.modes, self.modes.settled
        since = datetime.now(UTC) - span
        trouble = [f"{work.name}: {work.trouble}" for work in self.work() if work.trouble]
        try:
            live = await stored.live_calls(self.store)
            found = await figures.since(self.store, since)
            changes = [_change(change) for change in await stored.changes(self.store)]
        except StoreError as error:
            live, found, changes = {}, {}, []
            trouble.append(str(error))
        return {
            "llm_mode": modes.mode,
            "set": _set(settled),
            "rollout": settled.rollout,
            "rollout_version": settled.rollout_setting.version,
            "numbers": settled.own,
            "rules": [_rule(rule, settled) for rule in dict.fromkeys(modes.setup.config.rules)],
            "rules_version": settled.rules_setting.version,
            "live_calls": {
                "total": sum(live.values()),
                "by_mode": live,
                "in_this_process": self.here(),
                "processes": self.processes(),
            },
            "figures_since": since.isoformat(timespec="seconds"),
            "modes": {
                name: self._mode(mode, found.get(name, Figures()), modes.avoided)
                for name, mode in modes.setup.modes.items()
            },
            "providers": self._providers(),
            "settings": {"problem": self.watch.problem, "need_restart": list(self.watch.restart)},
            "ai_memory": (self.memory.used or "away") if self.memory else "off",
            "trouble": trouble,
            "changes": changes,
        }

    def _mode(self, mode: Mode, found: Figures, avoided: Mapping[ModeName, str]) -> dict[str, Any]:
        fault = self.modes.checks.known_of(mode)
        cost = round(found.minutes * mode.price_per_minute, 4)
        return {
            "name": mode.title,
            "kind": mode.kind,
            "missing": self.modes.missing(mode),
            "down": avoided.get(mode.name, ""),
            "health": {"state": state_of(fault), "detail": fault or ""},
            "estimated": {
                "latency_ms": mode.latency_ms,
                "price_per_minute": mode.price_per_minute,
            },
            "figures": asdict(found) | {"cost_estimated": cost},
            "providers": mode.labels,
        }

    def _providers(self) -> list[dict[str, Any]]:
        """Every endpoint of every mode: how it was when it was last asked, how calls fare with it,
        and which modes use it."""
        rows: dict[tuple[str, ...], dict[str, Any]] = {}
        busy = self.modes.pool.outstanding
        for mode in self.modes.setup.modes.values():
            for endpoint in mode.endpoints:
                key = (endpoint.stage, endpoint.label, endpoint.base_url)
                row = rows.get(key)
                if row is None:
                    row = rows[key] = self.modes.checks.part(endpoint) | {"modes": []}
                row["modes"].append(mode.name)
                if endpoint.base_url in busy and endpoint.provider == "runpod":
                    row["calls_of_this_process"] = busy[endpoint.base_url]
        return list(rows.values())


def _set(settled: Settled) -> dict[str, Any]:
    """The operator's mode, with the version that a change is made upon."""
    setting, pending = settled.mode_setting, settled.pending
    waits: Mapping[str, Any] | None = None
    if pending:
        due = pending.due.isoformat(timespec="seconds") if pending.due else None
        waits = {"mode": pending.mode, "when": pending.when, "due": due, "who": pending.who}
    return {
        "mode": settled.mode,
        "forced": settled.forced,
        "pending": waits,
        "version": setting.version,
        **_who(setting),
    }


def _rule(rule: Rule, settled: Settled) -> dict[str, Any]:
    on = rule.id not in settled.off
    return {"id": rule.id, "when": rule.condition, "use": rule.use, "on": on}


def _who(setting: Setting) -> dict[str, Any]:
    at = setting.at.isoformat(timespec="seconds") if setting.at else None
    return {"who": setting.who, "at": at}


def _change(change: stored.Change) -> dict[str, Any]:
    return asdict(change) | {"at": change.at.isoformat(timespec="seconds")}
