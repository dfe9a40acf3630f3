"""One conversation, start to finish.

`converse(call, transport, resources)` runs it on any Pipecat transport; the server's routes call
it. Run as a program, `python bot.py` is Pipecat's own development runner, which finds
`bot(runner_args)`, as does its eval harness.
"""

import asyncio
from typing import Any

from loguru import logger
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams
from pipecat.workers.runner import WorkerRunner

from bot.call import Call, CallState
from bot.resources import Resources
from bot.settings import Settings
from pipelines import cascade

_shared: asyncio.Task[Resources] | None = None


async def converse(call: Call, transport: BaseTransport, resources: Resources) -> None:
    """Hold the conversation of one call; returns when it is over.

    Args:
        call: 'ringing' or 'connected'; left in one of its ends.
        transport: Where the caller is; it must not have been used before.
        resources: The process's shared parts.
    """
    if call.on_state is None:
        resources.register(call)
    recorder, sentences = resources.recorder, resources.sentences
    talk = cascade.build(call, transport, resources.parts(call), recorder)
    call.hang_up = lambda reason: talk.care.end(reason, sentences.stopping)
    there = asyncio.Event()

    async def arrived(*_: Any) -> None:
        there.set()

    async def started(*_: Any) -> None:
        await there.wait()
        if call.state is CallState.RINGING:
            call.connected()
        if not call.over:
            await talk.greet()

    async def left(*_: Any) -> None:
        call.ended("caller hung up")
        there.set()
        await talk.worker.cancel(reason="caller hung up")

    transport.add_event_handler("on_client_connected", arrived)
    transport.add_event_handler("on_client_disconnected", left)
    talk.worker.add_event_handler("on_pipeline_started", started)
    runner = WorkerRunner(handle_sigint=False)
    try:
        await runner.add_workers(talk.worker)
        await runner.run()
    except Exception as error:
        logger.exception(f"call {call.id} broke")
        recorder.event(call.id, "call broke", f"{type(error).__name__}: {error}")
        call.failed(f"{type(error).__name__}: {error}")
    finally:
        await talk.care.close()
        if talk.hands:
            await talk.hands.close()
        talk.journal.close()
        call.ended("bot hung up")
        call.hang_up = None
        resources.sweeper.soon()


async def bot(runner_args: RunnerArguments) -> None:
    """Hold a conversation for Pipecat's development runner and its eval harness."""
    global _shared
    from pipecat.evals.transport import EvalTransportParams  # loads what the server never needs

    _shared = _shared or asyncio.create_task(Resources.open(Settings.load()))
    resources = await _shared
    await resources.wait_ready()
    transport = await create_transport(
        runner_args,
        {
            "webrtc": lambda: TransportParams(audio_in_enabled=True, audio_out_enabled=True),
            "twilio": lambda: FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True),
            "eval": lambda: EvalTransportParams(audio_in_enabled=True, audio_out_enabled=True),
        },
    )
    kind = getattr(runner_args, "transport_type", None) or "webrtc"
    call = Call(channel={"webrtc": "room", "twilio": "phone"}.get(kind, "eval"))  # type: ignore[arg-type]
    await converse(call, transport, resources)


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
