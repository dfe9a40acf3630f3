"""The operator's mode in AI-Memory as well: whichever of the two was set last holds.

The store decides between operators who are at it at once; AI-Memory is where other systems see the
mode and set it. While it is away, what the store has holds.
"""

import json
from datetime import datetime
from typing import Any

from bot.modes.ai_memory import AiMemory, Memory, moment
from bot.modes.desk import Modes
from bot.modes.operators import Operators, Order
from bot.modes.state import ModeConflict, ModeRefused
from bot.store.modes import Setting

SYNC_SECONDS = 5.0
TYPE, KEY, SOURCE = "setting", "llm_mode", "tandem"


class ModeHome:
    """Keeps the mode in AI-Memory and the one in the store the same.

    Args:
        memory: The service.
        modes: Knows what the store has.
        operators: Takes over what another system set.
    """

    def __init__(self, memory: AiMemory, modes: Modes, operators: Operators) -> None:
        self._memory = memory
        self._modes = modes
        self._operators = operators
        self._refused = "", ""

    async def sync(self) -> None:
        """Compare the two, and mend the older one.

        Raises:
            ProviderError: AI-Memory is away; the last known mode stays.
            ModeRefused: what it has cannot be taken.
            StoreError: the database cannot be used just now.
        """
        found = await self._memory.find(TYPE, KEY)
        ours = self._modes.settled.mode_setting
        newest = _newest([memory for memory in found if memory.key == KEY])
        if newest and self._newer(newest, ours):
            await self._take(newest)
        elif ours.version and (newest is None or not self._same(newest)):
            await self._memory.put_shared(TYPE, KEY, _text(ours), SOURCE)

    async def _take(self, theirs: Memory) -> None:
        """Another system has set the mode."""
        value, why = self._refused
        if theirs.value == value:
            raise ModeRefused(why)
        mode = str(_read(theirs.value).get("mode", ""))
        try:
            source = theirs.source or "unknown"
            await self._operators.switch(Order(mode, who=f"AI-Memory ({source})"))
        except ModeConflict:
            return  # decided anew with the next comparison
        except ModeRefused as error:
            self._refused = theirs.value, str(error)
            raise
        self._refused = "", ""

    def _newer(self, theirs: Memory, ours: Setting) -> bool:
        if ours.version and self._same(theirs):
            return False
        at = moment(_read(theirs.value).get("at")) or theirs.at
        return ours.at is None or at is None or at > ours.at

    def _same(self, theirs: Memory) -> bool:
        return bool(_read(theirs.value).get("mode", "") == (self._modes.settled.mode or ""))


def _text(setting: Setting) -> str:
    """What is kept of our own setting."""
    value = setting.value or {}
    at: datetime | None = setting.at
    said = {"mode": value.get("mode", ""), "version": setting.version, "who": setting.who}
    return json.dumps(said | {"at": at.isoformat() if at else ""}, sort_keys=True)


def _read(text: str) -> dict[str, Any]:
    """What a value says; a bare mode's name will do."""
    try:
        said = json.loads(text)
    except ValueError:
        return {"mode": text.strip()}
    return said if isinstance(said, dict) else {"mode": str(said)}


def _newest(found: list[Memory]) -> Memory | None:
    """The one that was written last; the first one where the service tells no times."""
    return max(found, key=lambda m: m.at.timestamp() if m.at else 0.0, default=None)
