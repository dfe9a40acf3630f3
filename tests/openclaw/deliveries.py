"""A stand-in for the calls: what their owners were told, and by which way."""

import asyncio
from dataclasses import dataclass, field

from bot.openclaw.task import News, Outcome, Task


@dataclass
class Deliveries:
    """Records every delivery. `live` and `texting` say which ways are open.

    `hold` keeps `speak` from returning until it is set: somebody else is speaking.
    """

    live: bool = True
    texting: bool = True
    spoken: list[tuple[str, Outcome]] = field(default_factory=list)
    texted: list[tuple[str, Outcome]] = field(default_factory=list)
    news: list[tuple[str, News]] = field(default_factory=list)
    operator: list[tuple[str, str, str]] = field(default_factory=list)
    hold: asyncio.Event | None = None
    failing: Exception | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def speak(self, task: Task, outcome: Outcome) -> bool:
        if self.failing:
            raise self.failing
        if not self.live:
            return False
        if self.hold:
            await self.hold.wait()
        self.spoken.append((task.text, outcome))
        self._changed.set()
        return True

    async def text(self, task: Task, outcome: Outcome) -> bool:
        if self.texting:
            self.texted.append((task.number, outcome))
            self._changed.set()
        return self.texting

    async def tell(self, task: Task, news: News) -> None:
        self.news.append((task.text, news))
        self._changed.set()

    def see(self, kind: str, detail: str, call_id: str) -> None:
        """The operator's lines."""
        self.operator.append((kind, detail, call_id))
        self._changed.set()

    def kinds(self) -> list[str]:
        """The kinds of all news, in order."""
        return [news.kind for _, news in self.news]

    async def until(self, happened: object, seconds: float = 60.0) -> None:
        """Wait until `happened()`, asked after each delivery and now and then."""
        assert callable(happened)
        async with asyncio.timeout(seconds):
            while not happened():
                self._changed.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self._changed.wait()
                except TimeoutError:
                    continue
