"""Which mode a new call gets, and why: one function that knows no clock, store or network.

In this order: the caller's own setting or that of the number called; the rollout; the automatic
rules; the operator's setting; LLM_MODE; `default_mode`. A mode that cannot be taken, or whose
health check fails, is passed over.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from bot.modes.config import DAYS, Rule
from bot.setting_groups.modes import ModeName


@dataclass(frozen=True)
class Recent:
    """How a mode did in the last minutes. `wait_ms`: median from silence to the bot's voice."""

    calls: int
    errors: int
    wait_ms: float | None = None


@dataclass(frozen=True)
class Facts:
    """All that the choice depends on.

    `now`: the business's own time. `live`: how many calls are live. `own`: number -> mode.
    `rollout`: mode -> per cent of callers. `recent(mode, minutes)`: how it did. `missing`: mode ->
    why it cannot be taken. `down`: mode -> what its health check said; `forced`: the operator's
    mode is taken although it is down.
    """

    caller: str
    callee: str
    call_id: str
    now: datetime
    default_mode: ModeName
    fallback_mode: ModeName
    live: int = 0
    own: Mapping[str, ModeName] = field(default_factory=dict)
    rollout: Mapping[ModeName, float] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    recent: Callable[[ModeName, float], Recent] = lambda *_: Recent(0, 0)
    operator: ModeName | None = None
    forced: bool = False
    llm_mode: ModeName | None = None
    missing: Mapping[ModeName, str] = field(default_factory=dict)
    down: Mapping[ModeName, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A call's mode, and the reason in a few words."""

    mode: ModeName
    reason: str


def choose_mode(facts: Facts) -> Choice:
    """The mode of one new call. It always names one, for a caller is never turned away for this."""
    passed: list[str] = []
    for choice in _wishes(facts):
        forced = facts.forced and choice.reason == OPERATOR
        why = facts.missing.get(choice.mode) or (not forced and facts.down.get(choice.mode))
        if not why:
            return _with(choice, passed)
        passed.append(f"{choice.mode} ({choice.reason}) {why}")
    # All are down: an ailing mode is better than one that cannot work at all.
    for choice in _wishes(facts):
        if choice.mode not in facts.missing:
            return _with(choice, passed)
    return _with(Choice("cascade", "nothing else"), passed)


OPERATOR = "operator's setting"


def _with(choice: Choice, passed: Sequence[str]) -> Choice:
    return Choice(choice.mode, "; not ".join((choice.reason, *passed)))


def _wishes(facts: Facts) -> Iterator[Choice]:
    """Every mode that may be taken, the most wanted first."""
    if mode := facts.own.get(facts.caller):
        yield Choice(mode, "caller's own setting")
    if mode := facts.own.get(facts.callee):
        yield Choice(mode, "number's own setting")
    if mode := in_rollout(facts.rollout, facts.caller, facts.call_id):
        yield Choice(mode, f"rollout {facts.rollout[mode]:g} %")
    base = _base(facts)
    for rule in facts.rules:
        if reason := _applies(rule, facts, base.mode):
            yield Choice(rule.use, f"rule: {reason}")
    yield base
    yield Choice(facts.fallback_mode, "fallback_mode")
    yield Choice(facts.default_mode, "default_mode")


def _base(facts: Facts) -> Choice:
    if facts.operator:
        return Choice(facts.operator, OPERATOR)
    if facts.llm_mode:
        return Choice(facts.llm_mode, "LLM_MODE")
    return Choice(facts.default_mode, "default_mode")


def in_rollout(
    rollout: Mapping[ModeName, float], caller: str, call_id: str = ""
) -> ModeName | None:
    """The mode that the rollout gives this caller, or None.

    The same caller gets the same answer every time. When a share grows, nobody who had that mode
    loses it; when it shrinks, nobody gets it who did not have it. A caller without a number is
    drawn anew with each call.
    """
    known = any(c.isdigit() for c in caller)
    left = 100.0
    for mode in sorted(rollout):
        share = rollout[mode]
        if share <= 0 or left <= 0:
            continue
        if _draw(f"{mode}/{caller if known else call_id}") * left < share:
            return mode
        left -= share
    return None


def _draw(text: str) -> float:
    """A number from 0 to below 1 that is always the same for a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def _applies(rule: Rule, facts: Facts, base: ModeName) -> str:
    """Why the rule holds now, or ''."""
    if rule.between is not None:
        start, end = rule.between
        if DAYS[facts.now.weekday()] in rule.days and _within(facts.now.time(), start, end):
            return f"between {start:%H:%M} and {end:%H:%M}"
        return ""
    if rule.live_calls is not None:
        return f"{facts.live} calls are live" if facts.live >= rule.live_calls else ""
    if rule.of is None or rule.of != base:
        return ""
    recent = facts.recent(rule.of, rule.minutes)
    if recent.calls < rule.calls:
        return ""
    if rule.errors_above is not None and recent.errors > rule.errors_above * recent.calls:
        return f"{rule.of} failed in {recent.errors} of {recent.calls} calls"
    limit = rule.latency_above_ms
    if limit is not None and recent.wait_ms is not None and recent.wait_ms > limit:
        return f"{rule.of} took {recent.wait_ms:.0f} ms to answer"
    return ""


def _within(now: time, start: time, end: time) -> bool:
    now = now.replace(tzinfo=None)
    return start <= now < end if start <= end else now >= start or now < end
