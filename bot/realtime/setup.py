"""How a session is set up, in the API's words."""

from dataclasses import dataclass
from typing import Any

from pipecat.adapters.llm.services.open_ai_realtime_adapter import OpenAIRealtimeLLMAdapter
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.realtime.caller import API_HZ
from bot.realtime.link import Event

_PCM = {"type": "audio/pcm", "rate": API_HZ}


VOICES = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"}
)
"""Of the Realtime API; the speech API has some more."""


def voice_of(name: str) -> str:
    """A voice that the API has: the one of that name, or else its first."""
    return name if name in VOICES else "alloy"


@dataclass(frozen=True)
class Persona:
    """Who the model is on a call: its prompt, its voice, and what the caller speaks.

    `transcription` names the model that writes the caller's words down.
    """

    prompt: str
    voice: str
    language: str
    transcription: str


def session_update(persona: Persona, tools: list[Any]) -> Event:
    """The first event of a connection. Turns are the house's: the API detects none."""
    return {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "instructions": persona.prompt,
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": _PCM,
                    "transcription": {
                        "model": persona.transcription,
                        "language": persona.language[:2],
                    },
                    "turn_detection": None,
                },
                "output": {"format": _PCM, "voice": persona.voice},
            },
            "tools": tools,
            "tool_choice": "auto",
        },
    }


def tools_update(tools: list[Any]) -> Event:
    """Show the model other tools."""
    return {"type": "session.update", "session": {"type": "realtime", "tools": tools}}


def tools_of(context: LLMContext) -> list[Any]:
    """The tools that a context shows, as the API takes them."""
    return OpenAIRealtimeLLMAdapter().from_standard_tools(context.tools) or []


def item_create(item: Event, item_id: str = "") -> Event:
    """Tell the session an item of the conversation."""
    return {
        "type": "conversation.item.create",
        "item": {**({"id": item_id} if item_id else {}), **item},
    }


def response_create(number: int) -> Event:
    """Ask for an answer; `number` comes back with it."""
    return {
        "type": "response.create",
        "response": {"output_modalities": ["audio"], "metadata": {"ask": str(number)}},
    }
