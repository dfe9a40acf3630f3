"""Models that answer by a timetable, for chains in virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.model import Asked, Model, Piece, Words
from bot.errors import ProviderError
from bot.failover.breaker import Breaker
from bot.failover.budget import Budget
from bot.failover.hedged import Hedged
from bot.failover.link import Link, Rules

Step = float | str | Piece | Exception
"""Seconds to wait, words to say, another piece, or how the answer fails. `HANG` waits for ever."""
HANG = 1e9


@dataclass
class Scripted:
    """A model whose every answer is the next of `scripts`; the last one is given for ever.

    `asked` are the requests; `closed` counts the answers that were not taken to their end.
    """

    label: str
    scripts: list[Sequence[Step]]
    asked: list[Asked] = field(default_factory=list)
    closed: int = 0

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        self.asked.append(asked)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        over = False
        try:
            for step in script:
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                elif isinstance(step, str):
                    yield Words(step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
            over = True
        except ProviderError:
            over = True
            raise
        finally:
            self.closed += not over


def scripted(label: str, *scripts: Sequence[Step]) -> Scripted:
    """A model with these answers."""
    return Scripted(label, list(scripts))


def chain(*models: Model, patience: float = 4.0) -> list[Link[Model]]:
    """Links with breakers of their own."""
    return [Link(model, Breaker(model.label), patience) for model in models]


def hedged(
    *links: Link[Model],
    share: float = 1.0,
    late: tuple[float, float] = (0.3, 1.5),
    stall: float = 1.0,
) -> tuple[Hedged, Budget]:
    """A chain as one model, and the budget of its hedges."""
    budget = Budget(share)
    return Hedged(links, Rules(late, stall, budget)), budget


def question(said: str = "") -> Asked:
    """A request."""
    context = LLMContext([{"role": "user", "content": "When are you open?"}])
    return Asked(context, "Be brief.", said=said)


async def pieces(model: Model, asked: Asked | None = None) -> list[Piece]:
    """The whole answer."""
    return [piece async for piece in model.answer(asked or question())]


def words(found: Sequence[Piece]) -> str:
    """What is spoken of an answer."""
    return "".join(piece.text for piece in found if isinstance(piece, Words))
