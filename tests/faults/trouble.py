"""Makes a cell's fault happen, at its part and at its moment."""

import asyncio
from collections.abc import Callable

from tests.fakes.faults import Fault, Kind
from tests.faults.house import House
from tests.faults.matrix import Part, Phase

_FOREVER = 1_000_000
_IN_THE_MIDDLE = {
    Kind.RESET: Kind.CLOSED,
    Kind.CLOSED: Kind.CLOSED,
    Kind.STATUS: Kind.STREAM_ERROR,
    Kind.HANG: Kind.STALL,
    Kind.STALL: Kind.STALL,
    Kind.GARBAGE: Kind.GARBLED,
    Kind.SLOW: Kind.SLOW,
}
"""How an answer that has begun already shows that its provider fails."""
PIECES = {"stt": 0, "llm": 9, "tts": 2}
"""Of an answer that come before it breaks: for a model those of the first sentence and a little."""


class Trouble:
    """One cell's fault.

    Args:
        house: Where it happens.
    """

    def __init__(self, house: House) -> None:
        self._house, self._cell, self._fault = house, house.cell, house.cell.what
        self._begun = False
        self._work: set[asyncio.Task[None]] = set()

    def ahead(self) -> None:
        """Before the process starts: a provider that will be asked for the greeting is down."""
        if self._cell.phase is Phase.GREETING and self._cell.part is not Part.STORE:
            self._begin()

    def rings(self) -> None:
        """The call comes in."""
        if self._cell.phase is Phase.GREETING and self._cell.part is Part.STORE:
            self._begin()

    def caller_speaks(self) -> None:
        """The caller asks the question of the cell."""
        phase, late = self._cell.phase, self._cell.part in (Part.OPENCLAW, Part.STORE)
        its_own = self._cell.part in (Part.TWILIO, Part.STORE)  # the tool's own request is struck
        begins = phase is Phase.FIRST_TURN or (phase is Phase.TOOL_CALL and its_own)
        if begins or (phase is Phase.MID_SENTENCE and not late):
            self._begin()

    def tool_done(self) -> None:
        """The tool of the cell has run."""
        if self._cell.phase is Phase.TOOL_CALL:
            self._begin()

    def bot_speaks(self) -> None:
        """The caller hears the answer of the cell."""
        if self._cell.phase is Phase.MID_SENTENCE:
            self._begin()

    @property
    def struck(self) -> int:
        """How often the fault has met somebody."""
        house = self._house
        if self._cell.part is Part.STORE:
            return house.database.struck
        if self._cell.part is Part.OPENCLAW:
            return house.openclaw.struck
        refused = self._fault.kind is Kind.RESET and self._begun
        return sum(house.suspect.faults.struck.values()) + refused

    async def heal(self) -> None:
        """All is well again, for what is done after the call."""
        await asyncio.gather(*self._work)
        self._house.database.heal()
        for standin in self._house.standins:
            standin.heal()

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        begin: dict[str, Callable[[], None]] = {
            Part.REALTIME: self._realtime,
            Part.OPENCLAW: lambda: self._do(self._house.openclaw.strike(self._fault)),
            Part.TWILIO: lambda: self._house.twilio.fail(self._fault),
            Part.STORE: lambda: self._house.database.fail(self._fault),
        }
        begin.get(self._cell.part, self._stage)()

    def _stage(self) -> None:
        stage = self._cell.part.stage
        standin, endpoint, _ = self._house.stages[stage]
        if self._cell.phase is Phase.MID_SENTENCE:
            if stage != "stt":
                standin.fail(self._midway(PIECES[stage]), endpoint, nth=1)
            standin.fail(self._fault, endpoint, nth=2, times=_FOREVER)
            return
        standin.fail(self._fault, endpoint)
        if self._fault.kind is Kind.RESET:
            self._do(standin.refuse())

    def _realtime(self) -> None:
        api, fault = self._house.realtime, self._fault
        if self._cell.phase is Phase.GREETING:
            within = fault.kind in (Kind.STALL, Kind.CLOSED, Kind.GARBAGE)
            api.fail(fault, "session" if within else "realtime")
        elif self._cell.phase is Phase.MID_SENTENCE:
            api.fail(self._midway(6), "response", nth=1)
            api.fail(fault.at(0), "response", nth=2, times=_FOREVER)
        else:
            api.fail(fault.at(0), "response")
        if fault.kind in (Kind.STATUS, Kind.RESET):
            api.fail(fault, "realtime")

    def _midway(self, after: int) -> Fault:
        kind = _IN_THE_MIDDLE[self._fault.kind]
        if self._cell.part is Part.REALTIME:  # whose socket may fail in any way at any moment
            kind = {Kind.GARBLED: Kind.GARBAGE, Kind.STREAM_ERROR: Kind.CLOSED}.get(kind, kind)
        if self._cell.part.stage == "tts" and kind is Kind.STREAM_ERROR:
            return Fault(Kind.CLOSED, after=after)  # sound has no words for an error
        return Fault(kind, after=after, factor=self._fault.factor)

    def _do(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._work.add(task)
