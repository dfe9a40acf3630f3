"""What the API's errors come to."""

from loguru import logger

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.realtime.link import Event

_DENIED = frozenset(
    {"invalid_api_key", "insufficient_quota", "model_not_found", "account_deactivated"}
)


def refusal(event: Event) -> ProviderError:
    """What an `error` event, or the error in a failed response, comes to. The text is the code
    alone: a message may quote the conversation."""
    found = event.get("error")
    error = found if isinstance(found, dict) else {}
    code = str(error.get("code") or error.get("type") or "error")[:60]
    if code in _DENIED:
        return ProviderDenied(f"Realtime: {code}")
    if error.get("type") == "invalid_request_error":
        return ProviderRefused(f"Realtime: {code}")
    return ProviderUnavailable(f"Realtime: {code}")


def verdict(event: Event, *, asked: bool) -> str:
    """What to do about an `error` event: '' for nothing, 'unheard' (the audio was too short),
    'busy' (an answer is being made already), or why the connection is of no use any more.

    Args:
        event: The event.
        asked: A question was asked whose answer has not begun.
    """
    error = refusal(event)
    code = str(error).removeprefix("Realtime: ")
    match code:
        case "input_audio_buffer_commit_empty":
            return "unheard"
        case "conversation_already_has_active_response":
            return "busy"
        case "response_cancel_not_active":
            return ""
    logger.warning(str(error))
    if isinstance(error, ProviderUnavailable):
        return code
    return f"the question was refused: {code}" if asked else ""
