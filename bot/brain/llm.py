"""Which brain a call has: decided here and nowhere else."""

from collections.abc import Callable, Iterable, Sequence

from bot.brain.again import Again
from bot.brain.brain import Brain
from bot.brain.claude_model import ClaudeModel
from bot.brain.honest import Honest
from bot.brain.model import Model
from bot.brain.openai_model import OpenAIModel
from bot.clients import Clients
from bot.providers import Endpoint


def make_models(endpoints: Iterable[Endpoint], clients: Clients) -> list[Model]:
    """A model for each endpoint, in their order; none asks twice."""
    return [_model(endpoint, clients) for endpoint in endpoints]


def first(models: Sequence[Model]) -> Model:
    """The first of the models, asked once more when it has nothing to say or fails at once."""
    return Again(models[0])


def make_llm(
    endpoint: Endpoint | Sequence[Endpoint],
    clients: Clients,
    system_prompt: str,
    call_id: str = "",
    join: Callable[[Sequence[Model]], Model] = first,
    language: str = "en",
) -> Brain:
    """The language model service of one call.

    Args:
        endpoint: The endpoint, or several, best first.
        clients: The process's clients.
        system_prompt: The instructions.
        call_id: The call's id.
        join: Makes one model of the endpoints' models.
        language: Of the call.
    """
    endpoints = (endpoint,) if isinstance(endpoint, Endpoint) else endpoint
    models = make_models(endpoints, clients)
    return Brain(
        join([_trusted(model, e, language) for model, e in zip(models, endpoints, strict=True)]),
        system_prompt,
        call_id=call_id,
        # The embedded model would have to read everything anew; its server drops old turns itself.
        summarises=endpoints[0].provider != "embedded",
    )


def _model(endpoint: Endpoint, clients: Clients) -> Model:
    if endpoint.provider == "anthropic":
        return ClaudeModel(endpoint, clients.anthropic(endpoint))
    return OpenAIModel(endpoint, clients.openai(endpoint))


def _trusted(model: Model, endpoint: Endpoint, language: str) -> Model:
    """The model; behind `Honest` if it is a small one and the call is in the tools' language."""
    small = endpoint.provider == "embedded" and language.startswith("en")
    return Honest(model) if small else model
