"""The sidecar proper: OpenAI's HTTP interface on loopback, in front of the engines."""

import asyncio
import logging
import signal
import socket
from contextlib import suppress

from aiohttp import web

from bot.speech.embedded.http import MAX_BODY, openai_errors
from bot.speech.embedded.lifeline import watch_parent
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.progress import emit
from bot.speech.embedded.stages import Engine, ready_report
from bot.speech.embedded.weights import location, wanted

ENGINES = web.AppKey("engines", list[Engine])
MODELS = web.AppKey("models", list[str])
BACKLOG = 128


def run(options: EmbeddedOptions, supervised: bool) -> int:
    """Serves until SIGTERM or SIGINT; with a supervisor it tells its stages on stdout."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    if supervised:
        watch_parent()
    asyncio.run(_serve(options, supervised))
    return 0


async def _serve(options: EmbeddedOptions, supervised: bool) -> None:
    app = build(options)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listening = listen(options.port, shared=supervised)
    await web.SockSite(runner, listening, backlog=BACKLOG).start()
    port = listening.getsockname()[1]
    tell = emit if supervised else _print
    tell("listening", port=port)
    for engine in app[ENGINES]:
        engine.stage.on_change = lambda stage: tell(
            "stage", name=stage.name, state=stage.state, detail=stage.detail
        )
    starts = [asyncio.create_task(engine.start()) for engine in app[ENGINES]]
    await stop.wait()
    for start in starts:
        start.cancel()
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(
            asyncio.gather(*(engine.stop() for engine in app[ENGINES]), return_exceptions=True), 5
        )
    await runner.cleanup()


def listen(port: int, shared: bool) -> socket.socket:
    """A socket on loopback; `shared` with the supervisor's, which reserves the port."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def build(options: EmbeddedOptions) -> web.Application:
    """The HTTP application with an engine for each stage that is asked for."""
    engines: list[Engine] = []
    names: list[str] = []
    app = new_app(engines, names)
    if "stt" in options.stages:
        from bot.speech.embedded.audio_routes import add_transcription_route
        from bot.speech.embedded.whisper import WhisperEngine

        packaged = [a for a in wanted(options) if "Whisper" in a.name]
        model = str(location(options.cache_dir, packaged[0])) if packaged else options.stt_name
        whisper = WhisperEngine(model, options.threads)
        add_transcription_route(app, whisper)
        engines.append(whisper)
        names.append(f"whisper-{options.stt_name}")
    if "tts" in options.stages:
        from bot.speech.embedded.audio_routes import add_speech_route
        from bot.speech.embedded.piper import PiperEngine

        piper = PiperEngine(options)
        add_speech_route(app, piper)
        engines.append(piper)
        names.append("piper")
    if "llm" in options.stages:
        from bot.speech.embedded.chat_routes import add_chat_routes
        from bot.speech.embedded.llama import LlamaEngine

        llama = LlamaEngine(options)
        add_chat_routes(app, llama)
        engines.append(llama)
        names.append("llama")
    return app


def new_app(engines: list[Engine], names: list[str]) -> web.Application:
    """An application with the routes that every stage needs."""
    app = web.Application(middlewares=[openai_errors], client_max_size=MAX_BODY)
    app[ENGINES], app[MODELS] = engines, names
    app.router.add_get("/health", health)
    app.router.add_get("/ready", ready)
    app.router.add_get("/v1/models", models)
    return app


async def health(request: web.Request) -> web.Response:
    """GET: the process lives and its loop turns."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """GET: 200 when every stage can serve, else 503; each stage's state either way."""
    done, body = ready_report(engine.stage for engine in request.app[ENGINES])
    return web.json_response(body, status=200 if done else 503)


async def models(request: web.Request) -> web.Response:
    """GET: what can be named as model; any name is taken."""
    found = [
        {"id": name, "object": "model", "created": 0, "owned_by": "embedded"}
        for name in request.app[MODELS]
    ]
    return web.json_response({"object": "list", "data": found})


def _print(event: str, **fields: object) -> None:
    print(f"embedded models: {event} " + " ".join(f"{k}={v}" for k, v in fields.items() if v != ""))
