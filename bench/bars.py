"""The bars: what has to be reached, as ratios to stock24 in the same run or in plain units."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Level, Patience
from bench.handoff import HYBRID, Handoff
from bench.interjections import BARGE_IN, Manners
from bench.tail import Tail
from bench.untouched import Untouched


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `value` is None where the run did not measure it; `met` then too."""

    name: str
    value: float | None
    limit: float
    unit: str = "ratio"
    strict: bool = False

    @property
    def met(self) -> bool | None:
        """Whether it is reached; a strict bar has to be undercut."""
        if self.value is None or self.value != self.value:
            return None
        return self.value < self.limit if self.strict else self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Found:
    """All that one run measured."""

    levels: Sequence[Level]
    patience: Sequence[Patience]
    leftover: Sequence[Level] = ()
    manners: Sequence[Manners] = ()
    tail: Tail | None = None
    untouched: Sequence[Untouched] = ()
    handoff: Handoff | None = None

    def level(self, bot: str, calls: int) -> Level | None:
        """One bot's level, if it was run."""
        return next(
            (x for x in self.levels if (x.bot, x.calls, x.workers) == (bot, calls, 1)), None
        )

    def value(self, bot: str, calls: int, name: str) -> float | None:
        """One figure, if it was measured."""
        found = self.level(bot, calls)
        return None if found is None else float(getattr(found, name))

    def ratio(self, calls: int, name: str) -> float | None:
        """Tandem's figure through stock24's at the same number of calls."""
        return _through(self.value("tandem", calls, name), self.value("stock24", calls, name))

    def conditions(self) -> list[tuple[float, tuple[float, float]]]:
        """For each part: how late the callers' frames left (p99, ms), and load average."""
        calls = [(x.late_p99, x.load) for x in (*self.levels, *self.leftover)]
        halves = [(x.late_p99, x.load) for x in self.patience]
        both = self.handoff.conditions() if self.handoff else []
        return calls + halves + [(x.late_p99, x.load) for x in self.manners] + both

    def cut_ins(self, bot: str, half: str = "") -> int | None:
        """Clips in which a bot was heard too early; both halves by default."""
        found = [p for p in self.patience if p.bot == bot and half in ("", p.half)]
        return sum(len(p.cut) for p in found) if found else None


def bars(found: Found) -> list[Bar]:
    """Every bar with what was measured."""
    left = next((x.mb_left for x in found.leftover if x.bot == "tandem"), None)
    same = _through(found.value("tandem", 30, "v2v_p50"), found.value("tandem", 1, "v2v_p50"))
    return [
        Bar("voice-to-voice p50, 1 call", found.ratio(1, "v2v_p50"), 0.8),
        Bar("voice-to-voice p50, 8 calls", found.ratio(8, "v2v_p50"), 0.6),
        Bar("voice-to-voice p95, 14 calls", found.ratio(14, "v2v_p95"), 0.25),
        Bar("gaps, 14 calls", found.value("tandem", 14, "gaps"), 0, "gaps"),
        Bar("first audio p95, 8 calls", found.ratio(8, "first_p95"), 0.02),
        Bar("CPU per call second, 8 calls", found.ratio(8, "cpu_ms"), 0.27),
        Bar("memory per call, 8 calls", found.ratio(8, "mb_per_call"), 0.06),
        Bar("left after 50 calls", left, 30, "MB"),
        _cut_ins(found, "", "all pause clips"),
        _cut_ins(found, "tuning", "tuning half"),
        _cut_ins(found, "held-back", "held-back half"),
        Bar("voice-to-voice p50, 30 calls / 1 call", same, 1.1),
        *_manners(found),
        *_tail(found.tail),
        *(
            Bar(
                f"{one.what} under {one.calls} calls, calls touched", float(one.touched), 0, "calls"
            )
            for one in found.untouched
        ),
        *_handoff(found.handoff),
    ]


def _cut_ins(found: Found, half: str, name: str) -> Bar:
    stock = found.cut_ins("stock24", half)
    ours = found.cut_ins("tandem", half) if stock is not None else None
    return Bar(f"heard cut-ins, {name}", ours, stock or 0, "clips", strict=True)


def _manners(found: Found) -> list[Bar]:
    """A barge-in stops the bot soon; a word of assent or a cough does not."""
    ours = next((bot for bot in found.manners if bot.bot == "tandem"), None)
    barge = None if ours is None else ours.of(BARGE_IN)
    small = [] if ours is None else [said for said in ours.said if said.kind != BARGE_IN]
    stopped = sum(said.stopped for said in small) if small else None
    return [
        Bar("barge-in, first word to silence p95", barge.silent_p95 if barge else None, 250, "ms"),
        Bar("answers that assent or a cough stopped", stopped, 0, "answers"),
    ]


def _tail(tail: Tail | None) -> list[Bar]:
    """A second provider takes the tail away, and is asked for little else."""
    ratio = _through(tail.hedged_p99, tail.alone_p99) if tail else None
    extra = tail.extra if tail else None
    return [
        Bar("LLM tail, first token p99, hedged / alone", ratio, 0.35),
        Bar("LLM tail, extra requests", extra, 0.10, "of turns"),
    ]


def _handoff(found: Handoff | None) -> list[Bar]:
    """The fast model answers at once, and is not held up by what OpenClaw does meanwhile."""
    note, soon, talk = "note by voice", "last word to confirmation p50", "voice-to-voice p50"
    return [
        Bar(f"{note}, hybrid / all through OpenClaw", found.ratio if found else None, 0.1),
        Bar(f"{note}, hybrid, {soon}", found.p50(HYBRID) if found else None, 1500, "ms"),
        Bar(f"{talk}, three tasks under way / none", found.talk.ratio if found else None, 1.1),
    ]


def _through(value: float | None, other: float | None) -> float | None:
    return value / other if value is not None and other else None
