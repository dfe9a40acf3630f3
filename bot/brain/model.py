"""What a language model is to the house: asked once, it answers in pieces.

Vendors' protocols and open models' bad habits end at this border: whoever gives a `Model` gives
plain words to speak and whole tool calls, and raises our own errors. So models can be put one
behind another (failing over, hedging, the bake-off) without knowing which they are.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pipecat.processors.aggregators.llm_context import LLMContext


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Args:
        context: The conversation and the tools it shows; read only.
        system: The system prompt.
        call_id: Whose conversation it is: a session of its own, where a provider keeps any.
        said: What the caller has heard of the answer already; the model goes on from there.
        most_tokens: The longest answer; 0 leaves it to the model's own settings.
    """

    context: LLMContext
    system: str
    call_id: str = ""
    said: str = ""
    most_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the answer, to be spoken; never '' and never markup of a tool call."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole tool call. `arguments` is the text of a JSON object; where the model wrote none that
    can be read, of one that fits no tool. The name need not be one of a tool that was shown. `id`
    is our own: nine letters or digits, never the same twice."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the answer has cost, in tokens; `prompt` counts the `cached` ones too. `label` names
    the model that was paid, as `Endpoint.label` has it."""

    label: str
    prompt: int
    completion: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """A sign of life: the model is at a thought or a tool call, which come whole or not at all."""


Piece: TypeAlias = Words | ToolCall | Usage | Writing


class Model(Protocol):
    """A model that can be asked."""

    @property
    def label(self) -> str:
        """Provider and model, for the operator and the costs."""

    def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """Ask and give the answer piece by piece. Closing the generator ends the request at once.

        Raises:
            ProviderDenied: key, account or model are not accepted (401, 402, 403, 404).
            ProviderRefused: the request itself is wrong (400, 413, 422); no provider would do it.
            ProviderUnavailable: not reached, timed out, overloaded, broken off, or garbage came.
        """
