"""The Realtime stand-in, as a plain websocket client meets it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes import faults, voice
from tests.fakes.openai_realtime import KEY, RealtimeApi
from tests.fakes.script import CallTool

RATE = 24_000


class Client:
    """A client that keeps every event."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []

    async def send(self, kind: str, **body: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, **body}))

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                event: dict[str, Any] = json.loads(await self.socket.recv())
                self.events.append(event)
                if event["type"] == kind:
                    return event

    def kinds(self) -> list[str]:
        """The events' types, repeated ones once."""
        found: list[str] = []
        for event in self.events:
            if not found or found[-1] != event["type"]:
                found.append(event["type"])
        return found


@asynccontextmanager
async def client(api: RealtimeApi, key: str = KEY) -> AsyncIterator[Client]:
    """A connection."""
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(f"{api.url}?model=gpt-realtime", additional_headers=headers) as socket:
        yield Client(socket)


def pcm(text: str, silence: float = 0.0) -> str:
    """Speech as the API takes it, in base64."""
    quiet = np.zeros(round(silence * RATE), np.int16)
    return base64.b64encode(np.concatenate([voice.speak(text, RATE), quiet]).tobytes()).decode()


def update(**audio_input: Any) -> dict[str, Any]:
    """A session as a client sets it up."""
    heard = {"transcription": {"model": "whisper-1"}, **audio_input}
    return {"type": "realtime", "audio": {"input": heard}}


async def test_a_turn_of_server_vad_in_the_apis_order() -> None:
    async with RealtimeApi() as api, client(api) as user:
        api.replies.append("It is noon.")
        await user.until("session.created")
        await user.send("session.update", session=update())
        await user.until("session.updated")
        user.events.clear()
        await user.send("input_audio_buffer.append", audio=pcm("What time is it?", silence=1.0))
        done = await user.until("response.done")
        order = [kind for kind in user.kinds() if "transcription" not in kind]
    assert order[:6] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert order[6:9] == [
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
    ]
    assert order[-6:] == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    spoken = b"".join(
        base64.b64decode(e["delta"]) for e in user.events if e["type"].endswith("audio.delta")
    )
    assert voice.hear(spoken, RATE).strip() == "It is noon."
    usage = done["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] > 5
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_manual_turns_truncation_and_refusals() -> None:
    async with RealtimeApi() as api, client(api) as user:
        api.replies.append("The first thing is here. The second thing is there.")
        await user.until("session.created")
        await user.send("session.update", session=update(turn_detection=None))
        await user.send("input_audio_buffer.commit")
        error = await user.until("error")
        assert error["error"]["code"] == "input_audio_buffer_commit_empty"
        await user.send("input_audio_buffer.append", audio=pcm("Tell me.", silence=1.0))
        await user.send("input_audio_buffer.commit")
        heard = await user.until("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == "Tell me."
        await user.send("response.create", response={"metadata": {"ask": "7"}})
        assert (await user.until("response.created"))["response"]["metadata"] == {"ask": "7"}
        await user.send("response.create")
        error = await user.until("error")
        assert error["error"]["code"] == "conversation_already_has_active_response"
        item = (await user.until("response.done"))["response"]["output"][0]
        cut = {"item_id": item["id"], "content_index": 0}
        await user.send("conversation.item.truncate", **cut, audio_end_ms=60_000)
        assert (await user.until("error"))["error"]["code"] == "invalid_value"
        await user.send("conversation.item.truncate", **cut, audio_end_ms=1000)
        await user.until("conversation.item.truncated")
        assert api.session.items.all[-1]["_spoken"].startswith("The first")
        assert len(api.session.items.all[-1]["_spoken"]) < 25
        await user.send("response.cancel")
        assert (await user.until("error"))["error"]["code"] == "response_cancel_not_active"
        spoken = {"type": "output_audio", "transcript": "Hello."}
        given = {"type": "message", "role": "assistant", "content": [spoken]}
        await user.send("conversation.item.create", item=given)
        assert (await user.until("error"))["error"]["code"] == "invalid_value"


async def test_interruption_cancels_the_answer() -> None:
    async with RealtimeApi() as api, client(api) as user:
        api.replies.append("Word after word after word after word. " * 20)
        await user.until("session.created")
        await user.send("session.update", session=update())
        await user.until("session.updated")
        await user.send("response.create")
        await user.until("response.output_audio.delta")
        await user.send("input_audio_buffer.append", audio=pcm("Stop it please."))
        done = await user.until("response.done")
    assert done["response"]["status"] == "cancelled"
    assert done["response"]["status_details"]["reason"] == "turn_detected"


async def test_tool_call_is_announced_before_its_arguments() -> None:
    async with RealtimeApi() as api, client(api) as user:
        api.replies.extend([CallTool("look_up", {"what": "noon"}), "Done."])
        await user.until("session.created")
        await user.send("response.create")
        call = await user.until("response.function_call_arguments.done")
        kinds = user.kinds()
        await user.until("response.done")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "12"}
        await user.send("conversation.item.create", item=output)
        await user.send("response.create")
        await user.until("response.done")
        output["call_id"] = "unknown"
        await user.send("conversation.item.create", item=output)
        await user.until("error")
    assert kinds.index("conversation.item.added") < kinds.index(
        "response.function_call_arguments.delta"
    )
    assert json.loads(call["arguments"]) == {"what": "noon"}


async def test_faults() -> None:
    async with RealtimeApi() as api:
        with pytest.raises(InvalidStatus):
            async with client(api, "sk-wrong"):
                pass
        api.fail(faults.CLOSED.at(2), "response", times=1)
        async with client(api) as user:
            await user.until("session.created")
            await user.send("response.create")
            with pytest.raises(ConnectionClosed):
                await user.until("response.done")
        assert "response.output_audio.delta" in user.kinds()
        api.fail(faults.RATE_LIMITED, "response", times=1)
        async with client(api) as user:
            await user.until("session.created")
            await user.send("response.create")
            done = await user.until("response.done")
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["code"] == "rate_limit_exceeded"
