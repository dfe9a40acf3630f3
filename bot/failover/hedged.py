"""Several language models as one: hedged, failed over, and gone on with in mid-answer."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from bot.brain.model import Asked, Model, Piece, ToolCall, Usage, Words
from bot.failover.breakers import in_order
from bot.failover.goes_on import GoesOn
from bot.failover.link import Link, Rules
from bot.failover.relay import Relay

CHARACTERS_PER_TOKEN = 4
"""Of English text, in OpenAI's tokenizers; only what nobody has billed is counted so."""
_SENTENCE_END = (".", "!", "?", "…", ":")
_AFTER_A_SENTENCE = 4.0
"""Times the usual silence, after a whole sentence: a model may write a tool call then, of which
nothing is seen until it is complete, and the caller has something to listen to."""


class Hedged:
    """A `Model` over several: the first that speaks answers, and the caller hears one answer.

    Args:
        chain: The models, best first.
        rules: Deadlines, and the budget for hedges.
    """

    def __init__(self, chain: Sequence[Link[Model]], rules: Rules) -> None:
        self._chain, self._rules = chain, rules

    @property
    def label(self) -> str:
        """The model that would be asked first now."""
        return in_order(self._chain)[0].service.label

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """Ask, see `Model.answer`. A tool call is given once; after one nobody else is asked.

        Raises:
            ProviderDenied, ProviderUnavailable: none of the models has answered to the end.
            ProviderRefused: the request itself is wrong.
        """
        said, number, goes_on = asked.said, -1, GoesOn("")
        written: Counter[int] = Counter()

        patience = 0.0

        def ask(model: Model) -> AsyncGenerator[Piece, None]:
            nonlocal patience
            link = next(link for link in self._chain if link.service is model)
            patience = 0.0 if link.hedges else link.patience
            return model.answer(replace(asked, said=said))

        def stall() -> float:
            if patience:  # it shares the machine with the calls, and is never doubled
                return patience
            ended = said.rstrip()[-1:] in _SENTENCE_END
            return self._rules.stall * (_AFTER_A_SENTENCE if ended else 1.0)

        relay: Relay[Model, Piece] = Relay(
            self._chain,
            ask,
            self._rules,
            speaks=_speaks,
            final=_is_call,
            works=_works,
            stall=stall,
        )
        async with aclosing(relay.pieces()) as pieces:
            async for attempt, piece in pieces:
                if attempt != number:
                    number, goes_on = attempt, GoesOn(said)
                if isinstance(piece, Words):
                    written[number] += len(piece.text)
                    text = goes_on.take(piece.text)
                else:
                    text = goes_on.rest()
                if text:
                    said += text
                    yield Words(text)
                if not isinstance(piece, Words):
                    yield piece
        if rest := goes_on.rest():
            yield Words(rest)
        for number, link in relay.dropped.items():
            completion = written[number] // CHARACTERS_PER_TOKEN
            yield Usage(link.service.label, _tokens(asked), completion)


def _speaks(piece: Piece) -> bool:
    return isinstance(piece, Words | ToolCall)


def _works(piece: Piece) -> bool:
    """Any other kind of piece shows that the model is at work on something not for the ear."""
    return not isinstance(piece, Words | ToolCall | Usage)


def _is_call(piece: Piece) -> bool:
    return isinstance(piece, ToolCall)


def _tokens(asked: Asked) -> int:
    tools = getattr(asked.context.tools, "standard_tools", [])
    texts = [asked.system, *(str(message) for message in asked.context.messages)]
    texts += [str(tool.to_default_dict()) for tool in tools]
    return sum(map(len, texts)) // CHARACTERS_PER_TOKEN
