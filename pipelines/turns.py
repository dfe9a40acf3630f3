"""Turn taking, composed: `turn_start` (when the caller has the floor), `turn_stop` (when they are
done), `turn_end` (the judgement behind it)."""

from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from pipelines.turn_start import CallerStarts
from pipelines.turn_stop import CallerStops

STOP_SECONDS = 8.0
"""Without a sound, after which a turn ends with the words that are there. Three calls at once on
two cores may wait 5 s for the embedded STT."""


def user_params(
    starts: CallerStarts, stops: CallerStops, silence_seconds: float
) -> LLMUserAggregatorParams:
    """How a call's user aggregator takes turns.

    Args:
        starts: Begins turns.
        stops: Ends them.
        silence_seconds: Silence after the bot's words that counts as idle.
    """
    return LLMUserAggregatorParams(
        user_turn_strategies=UserTurnStrategies(start=[starts], stop=[stops]),
        user_turn_stop_timeout=STOP_SECONDS,
        user_idle_timeout=silence_seconds,
        empty_user_turn=None,
    )
