"""The console's page in a real Chromium, and calls that only seem to be live."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    Frame,
    OutputAudioRawFrame,
    UserStoppedSpeakingFrame,
)
from playwright.async_api import Page, async_playwright
from starlette.staticfiles import StaticFiles

from bot.call import Call
from bot.speech.hearing import Hearing
from bot.web.console.recording import PHONE_HZ
from bot.web.room import STATIC
from pipelines.ear import Ear
from tests.fixtures.chromium import chromium_path
from tests.web.console_lab import PASSWORD, Lab

PLACES = ("now", "mode", "calls", "health", "money", "setup")


class _Silence:
    """A detector that hears no speech."""

    window, level, confidence = 256, -90.0, 0.0

    def speech(self, window: bytes) -> bool:
        return False

    @staticmethod
    def foresee(windows: object) -> None:
        pass


class _End:
    """One end of a transport: what was pushed into it, and who looks at it."""

    def __init__(self, next: Any = None) -> None:
        self.pushed: list[Frame] = []
        self.next = next
        self._handlers: list[Any] = []

    def add_event_handler(self, _: str, handler: Any) -> None:
        self._handlers.append(handler)

    async def push_frame(self, frame: Frame) -> None:
        self.pushed.append(frame)
        for handler in self._handlers:
            await handler(self, frame)


class Seeming:
    """A call that is followed as a live one is; the test plays its conversation."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.ear = Ear(Hearing(_Silence(), PHONE_HZ))
        self.input_end, self.output_end = _End(self.ear), _End()
        self.over = asyncio.Event()

    def input(self) -> _End:
        return self.input_end

    def output(self) -> _End:
        return self.output_end

    async def hear(self, lab: Lab, text: str, turn: int) -> None:
        """The caller says something."""
        lab.desk.recorder.utterance(self.call.id, speaker="caller", text=text, turn=turn)
        await self.output_end.push_frame(UserStoppedSpeakingFrame())

    async def answer(self, lab: Lab, text: str, turn: int) -> None:
        """The bot answers."""
        await self.output_end.push_frame(BotStartedSpeakingFrame())
        await self.output_end.push_frame(AggregatedTextFrame(text, "sentence"))
        lab.desk.recorder.turn_stages(
            self.call.id, turn, {"vad": 0.1, "llm": 0.5, "tts": 0.2, "voice_to_voice": 0.8}
        )
        lab.desk.recorder.utterance(self.call.id, speaker="bot", text=text, turn=turn)

    async def sound(self, side: str, pcm: bytes, rate: int) -> None:
        """A piece of one side's audio; the caller's comes at the phone's rate."""
        if side == "bot":
            await self.output_end.push_frame(OutputAudioRawFrame(pcm, rate, 1))
        for tap in self.ear.taps if side == "caller" else ():
            tap(pcm)


@asynccontextmanager
async def seeming(
    lab: Lab, caller: str, channel: str = "phone", pin: Callable[[Call], Any] | None = None
) -> AsyncIterator[Seeming]:
    """Put a call on the line; `pin` gives it its mode."""
    live = Seeming(Call(channel, caller=caller))  # type: ignore[arg-type]
    call = live.call
    if pin:
        pin(call)

    async def hang_up(reason: str) -> None:
        call.ending(reason)
        live.over.set()

    lab.desk.recorder.call_started(call, {"llm": "openai gpt"})
    call.on_state = lab.desk.recorder.call_state
    with lab.desk.live.follow(call, live):  # type: ignore[arg-type]
        call.connected()
        call.hang_up = hang_up
        yield live
        call.ended("caller hung up")


@asynccontextmanager
async def served(lab: Lab) -> AsyncIterator[str]:
    """Serve the lab's console and the pages' files on 127.0.0.1; gives the origin."""
    app = FastAPI()
    app.mount("/assets", StaticFiles(directory=STATIC / "assets"))
    app.mount("/", lab.app)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve([listener]))
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - uvicorn sets no event
                await asyncio.sleep(0.01)
        async with lab.desk.working():
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        lab.desk.switchboard.retire("the test is over")
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def page_at(
    origin: str, *, dark: bool = False, size: tuple[int, int] = (1280, 820)
) -> AsyncIterator[Page]:
    """Open the console; at its end no request may have left the origin and no script broken."""
    troubles: list[str] = []

    def said(message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            troubles.append(message.text)

    def asked(request: Any) -> None:
        if not request.url.startswith((f"{origin}/", "data:", "blob:")):
            troubles.append(request.url)

    flags = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        try:
            context = await browser.new_context(
                color_scheme="dark" if dark else "light",
                viewport={"width": size[0], "height": size[1]},
            )
            context.set_default_timeout(10_000)
            page = await context.new_page()
            page.on("console", said)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("request", asked)
            await page.goto(f"{origin}/console")
            yield page
            await page.close()
        finally:
            await browser.close()
    assert troubles == []


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Sign in by hand."""
    await page.get_by_label("Operator’s password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def go(page: Page, place: str) -> None:
    """Open one of the console's places and wait until it has something to show."""
    await page.evaluate("(place) => { location.hash = `#/${place}`; }", place)
    await page.get_by_role("heading", level=1).first.wait_for()
    await page.get_by_text("Reading …").wait_for(state="detached")


async def until(true: Callable[[], Any], what: str) -> None:
    """Wait for something on the server's side."""
    try:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110 - what is awaited sets no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"no {what}") from None
