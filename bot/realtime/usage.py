"""What an answer has cost, in Pipecat's terms."""

from typing import Any

from pipecat.metrics.metrics import LLMTokenUsage


def tokens(usage: Any) -> LLMTokenUsage | None:
    """The tokens of a `response.done`; None where the API gave none.

    Text and sound are priced apart, and so are those that were cached.
    """
    if not isinstance(usage, dict):
        return None
    asked = usage.get("input_token_details") or {}
    made = usage.get("output_token_details") or {}
    cached = asked.get("cached_tokens_details") or {}
    return LLMTokenUsage(
        prompt_tokens=usage.get("input_tokens") or 0,
        completion_tokens=usage.get("output_tokens") or 0,
        total_tokens=usage.get("total_tokens") or 0,
        cache_read_input_tokens=asked.get("cached_tokens"),
        input_audio_tokens=asked.get("audio_tokens"),
        output_audio_tokens=made.get("audio_tokens"),
        cache_read_input_audio_tokens=cached.get("audio_tokens"),
    )
