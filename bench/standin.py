"""The bench's providers: the tests' OpenAI stand-in with fixed delays, hearing the clips.

    python -m bench.standin --clips FOLDER

prints its address. It is a process of its own, so that a bot's CPU is the bot's alone.
"""

import argparse
import asyncio
from pathlib import Path

import numpy as np
import soxr
from aiohttp import web

from bench.clips import HZ, stored
from bench.handoff_minds import talk
from bench.listener import Listener
from bench.scenes import ABOUT, everything
from tests.fakes.exchange import Exchange, Reject
from tests.fakes.openai_api import Delays, OpenAIApi
from tests.fakes.openai_wire import TranscriptionRequest, as_json
from tests.fakes.script import Ask, Emit
from tests.fakes.server import main

DELAYS = Delays(stt=0.120, first_token=0.150, token=0.015, tts=0.150)
"""Seconds, as in the figures that the bars come from."""
GREETING = "Hello, this is your assistant. How can I help you?"
ANSWER = "Yes, we can do that for you, no problem at all. The shop is open until six this evening."

LONG_ANSWER = (
    "The museum opened about a hundred years ago in an old railway station by the river. "
    "It has four floors with paintings, maps and model ships from all over the world. "
    "The cafe on the roof is open every day and has a fine view over the harbour. "
    "You can buy tickets at the door or ask for a guide."
)
"""Some seventeen seconds of speech, for callers who speak into it."""


class Providers(OpenAIApi):
    """OpenAI with fixed delays, one answer to everything, and ears for the clips."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(key=None, delays=DELAYS)
        self._listener = listener
        self.brain = answer
        self._app.router.add_post("/2010-04-01/{call:.*}", _hung_up)

    async def _hear(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, TranscriptionRequest)
        if not record.audio:
            raise Reject(400, "", "Invalid file format.")
        text = await asyncio.to_thread(self._words, record.audio, record.rate)
        record.audio = b""
        await exchange.wait(self.delays.stt)
        if record.fields.get("stream") == "true":
            return await self._stream_text(exchange, text)
        if record.fields.get("response_format") == "text":
            return await exchange.reply(f"{text}\n".encode(), "text/plain")
        return await exchange.reply(as_json({"text": text}))

    def _words(self, audio: bytes, rate: int) -> str:
        samples = np.frombuffer(audio[: len(audio) // 2 * 2], np.int16)
        return self._listener.hear(soxr.resample(samples, rate, HZ).astype(np.int16))


async def _hung_up(_: web.Request) -> web.Response:
    """Twilio's answer to a hang-up by REST."""
    return web.json_response({"status": "completed"})


def answer(ask: Ask) -> Emit | str:
    """The same answer to every caller, the long one, or a tool; a greeting before anybody spoke."""
    if said := talk(ask):
        return said
    if ABOUT in ask.user:
        return LONG_ANSWER
    return ANSWER if ask.user else GREETING


def _make(arguments: argparse.Namespace) -> Providers:
    return Providers(Listener(stored(everything(), arguments.clips)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, required=True)
    main(_make, parser)
