"""One conversation, start to finish.

`converse(call, transport, resources)` runs it on any Pipecat transport; the server's routes call
it. Run as a program, `python bot.py` is Pipecat's own development runner, which finds
`bot(runner_args)`, as does its eval harness.
"""

import asyncio
from collections import deque

from loguru import logger
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams

from bot.call import Call
from bot.holding import Holding
from bot.resources import Resources
from bot.settings import Settings
from pipelines.parts import Carried

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
    ways = deque(resources.ways(call))
    closing: list[asyncio.Task[None]] = []
    held: Holding | None = None
    carried: Carried | None = None
    try:
        while True:
            way = ways.popleft()
            talk = way.build(transport, carried)
            held = Holding(call, talk, transport, resources, carried, last=not ways)
            why = await held.run()
            if not why:
                break
            logger.warning(f"call {call.id}: {way.mode} broke, {ways[0].mode} goes on: {why}")
            resources.recorder.event(call.id, "rescue", f"{way.mode} -> {ways[0].mode}: {why}")
            transport, carried = await held.hand_over()
            closing.append(asyncio.create_task(held.close()))  # behind the next one's first words
    except Exception as error:
        logger.exception(f"call {call.id} broke")
        resources.recorder.event(call.id, "call broke", f"{type(error).__name__}: {error}")
        call.failed(f"{type(error).__name__}: {error}")
    finally:
        if held:
            await held.end()
        await asyncio.gather(*closing, return_exceptions=True)
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
