"""`python -m bench.build`: what composing one call's pipeline costs, on the event loop.

Tandem's part is `Resources.parts()` and `pipelines.cascade.build`. The other is what the scaffolded
bot builds for every call out of Pipecat's own services and analyzers. Neither includes the
transport; both run in this process, in turns.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.base_transport import TransportParams

from bot.call import Call
from bot.resources import Resources
from bot.settings import Settings
from bot.speech import turn, vad
from bot.store.store import Store
from bot.telephony.stream import MediaStream
from bot.telephony.transport import PhoneTransport
from pipelines import cascade

LIMIT_MS = 10.0
"""What one call's pipeline may take to build; all that while every other call waits."""
_URL = "http://127.0.0.1:9/v1"


def stock(transport: PhoneTransport) -> Any:
    """What the scaffold's `run_bot` builds, `sample_rate` mended."""
    stt = OpenAISTTService(api_key="none", base_url=_URL)
    tts = OpenAITTSService(
        api_key="none",
        base_url=_URL,
        sample_rate=24000,
        settings=OpenAITTSService.Settings(voice="alloy"),
    )
    llm = OpenAILLMService(
        api_key="none",
        base_url=_URL,
        settings=OpenAILLMService.Settings(
            model="gpt-4.1", system_instruction="You are a helpful assistant."
        ),
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    return PipelineWorker(
        Pipeline([transport.input(), stt, user, llm, tts, transport.output(), assistant]),
        params=PipelineParams(
            enable_metrics=True,
            enable_usage_metrics=True,
            audio_in_sample_rate=8000,
            audio_out_sample_rate=8000,
        ),
    )


@contextlib.asynccontextmanager
async def tandem() -> AsyncIterator[Callable[[PhoneTransport], Any]]:
    """Tandem's builder, on shared parts that are loaded as in a warm server."""
    providers = {f"{stage}_PROVIDERS": "openai" for stage in ("STT", "LLM", "TTS")}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(
            env_file=None,
            DATA_DIR=Path(folder),
            OPENAI_API_KEY="none",
            OPENAI_BASE_URL=_URL,
            **providers,
        )
        resources = Resources(settings, await Store.open(settings.database_url))
        vad.load()
        turn.load()

        def build(transport: PhoneTransport) -> Any:
            call = Call(channel="phone")
            return cascade.build(call, transport, resources.parts(call), resources.recorder)

        try:
            yield build
        finally:
            await resources.close()


async def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each build: `rounds` of either, in turns, after one of each to warm up."""
    times: dict[str, list[float]] = {"stock": [], "tandem": []}
    async with tandem() as ours:
        builders = {"stock": stock, "tandem": ours}
        for n in range(rounds + 1):
            for name, build in builders.items():
                transport = PhoneTransport(
                    MediaStream(None, lambda _: None),  # type: ignore[arg-type]
                    TransportParams(audio_in_enabled=True, audio_out_enabled=True),
                )
                gc.collect()
                gc.disable()
                began = time.perf_counter()
                built = build(transport)
                took = (time.perf_counter() - began) * 1000
                gc.enable()
                await asyncio.sleep(0)
                del built
                if n:
                    times[name].append(took)
    return times


def main() -> int:
    """Print the medians and their ratio; the exit code says whether the limit is kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    logger.remove()
    times = asyncio.run(measure(rounds))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        print(f"{name:7} {medians[name]:7.2f} ms (from {min(found):.2f} to {max(found):.2f})")
    ratio = medians["tandem"] / medians["stock"]
    print(f"ratio   {ratio:7.3f}, load average {os.getloadavg()[0]:.1f}")
    return 0 if medians["tandem"] <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
