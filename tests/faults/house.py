"""One cell's house: the bot's real process parts on stand-ins of its own.

Real are the settings, plans, chains, breakers, modes, tools, the phone's routes and the store.
Scripted is what would need models (speech detection, the end of a turn), and delegated tasks are
remembered in memory. Sentences are rendered without a request, but where just that is to fail.
"""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

import bot.resources as process
from bot import converse
from bot.call import Call
from bot.failover import shared
from bot.modes import beat
from bot.openclaw import tasks as tasks_module
from bot.providers import Endpoint, Plan
from bot.resources import Resources
from bot.settings import Settings, known_variables
from bot.store.address import parse_address
from bot.store.engine import make_engine
from bot.store.servers import Server
from bot.store.store import Store
from bot.web.phone import phone_router
from pipelines.parts import Parts
from tests.fakes import anthropic_api, assemblyai_api, elevenlabs_api, openclaw_gateway, voice
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.assemblyai_api import AssemblyAiApi
from tests.fakes.elevenlabs_api import ElevenLabsApi
from tests.fakes.openai_api import Delays, OpenAIApi
from tests.fakes.openai_realtime import RealtimeApi
from tests.fakes.realtime_session import RealtimeDelays
from tests.fakes.script import Brain
from tests.fakes.server import StandIn
from tests.fakes.turns import ScriptedDetector, ScriptedTurn
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi
from tests.faults.bill import Bill
from tests.faults.clock import Steps
from tests.faults.database import Database
from tests.faults.gateway import FaultyGateway
from tests.faults.matrix import Cell, Part, Phase
from tests.pipelines.durable_in_memory import InMemory

GREETING = "Hello there, this is the bakery."
PUBLIC = "https://bot.example"
NUMBER = "+15550002222"
STT_SECONDS, FIRST_SECONDS, TOKEN_SECONDS, TTS_SECONDS = 0.2, 0.4, 0.02, 0.2
"""How long healthy providers take: ordinary figures of the vendors."""
SELDOM_SECONDS = 30.0


class Process(Resources):
    """The process's parts, with scripted ears for speech and turns, and a bill of what is used."""

    bill: Bill
    renders: bool
    unsure: int
    """How many pauses of the caller are none that end a turn."""

    def parts(self, call: Call, plan: Plan | None = None) -> Parts:
        """See `Resources.parts`."""
        turn = ScriptedTurn([0.05] * self.unsure)
        made = replace(super().parts(call, plan), detector=ScriptedDetector, turn=turn)
        self.bill.follow(made)
        return made

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sweeper: Any = SimpleNamespace(soon=_nothing, close=_nothing)

    async def _synthesize(self, endpoint: Endpoint, text: str) -> bytes:
        if self.renders:
            return await super()._synthesize(endpoint, text)
        return voice.speak(f"{text} ").tobytes()


class House:
    """Stand-ins and the process on them: `async with house.listening(), house.open(…)`.

    Args:
        cell: What is to fail in it.
        brain: What every model answers.

    Attributes:
        process: The process's parts.
        database: Its store's failures.
        app: Its phone routes.
        bill: What was used.
        calls: Its calls.
    """

    def __init__(self, cell: Cell, brain: Brain) -> None:
        self.cell = cell
        delays = Delays(
            stt=STT_SECONDS, first_token=FIRST_SECONDS, token=TOKEN_SECONDS, tts=TTS_SECONDS
        )
        self.ears = AssemblyAiApi(delay=STT_SECONDS)
        self.groq = OpenAIApi(delays=delays)
        self.claude = AnthropicApi(first_token=FIRST_SECONDS, token=TOKEN_SECONDS)
        self.eleven = ElevenLabsApi(delay=TTS_SECONDS)
        self.openai = OpenAIApi(delays=delays)
        self.realtime = RealtimeApi(delays=RealtimeDelays(first=FIRST_SECONDS, transcript=0.2))
        self.openclaw = FaultyGateway()
        self.twilio = TwilioApi()
        for model in (self.groq, self.claude, self.openai, self.realtime):
            model.brain = brain
        self.bill = Bill()
        self.calls: list[Call] = []
        self.process: Resources
        self.database: Database
        self.app = FastAPI()

    @property
    def stages(self) -> dict[str, tuple[StandIn, str, StandIn]]:
        """stage -> the first stand-in, its endpoint, and the one that stands by."""
        return {
            "stt": (self.ears, "transcribe", self.openai),
            "llm": (self.groq, "chat", self.claude),
            "tts": (self.eleven, "speech", self.openai),
        }

    @property
    def suspect(self) -> StandIn:
        """The one that is to fail; not for the store."""
        part = self.cell.part
        if part in (Part.REALTIME, Part.OPENCLAW, Part.TWILIO):
            return {Part.REALTIME: self.realtime, Part.OPENCLAW: self.openclaw}.get(
                part, self.twilio
            )
        return self.stages[part.stage][0]

    @property
    def standins(self) -> list[StandIn]:
        """Those that this cell needs."""
        wanted: list[StandIn] = [self.ears, self.groq, self.eleven, self.realtime]
        if not self.cell.part.alone:
            wanted += [self.claude, self.openai]
        if self.cell.part is Part.OPENCLAW:
            wanted.append(self.openclaw)
        return [*wanted, self.twilio]

    def settings(self, folder: Path) -> Settings:
        """The settings of the process."""
        part = self.cell.part
        chains = {"STT": "assemblyai,openai", "LLM": "groq,anthropic", "TTS": "elevenlabs,openai"}
        if part.alone:  # nor is there a mode to go on in: Realtime wants OpenAI's key
            chains = {stage: chain.partition(",")[0] for stage, chain in chains.items()}
        chosen: dict[str, Any] = {f"{stage}_PROVIDERS": chain for stage, chain in chains.items()}
        if not part.alone:
            chosen |= {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": self.openai.url}
        if part is Part.REALTIME:
            chosen |= {"LLM_MODE": "openai_realtime"}
        if part is Part.OPENCLAW:
            chosen |= {"OPENCLAW_API_URL": self.openclaw.url}
            chosen |= {"OPENCLAW_API_TOKEN": openclaw_gateway.TOKEN}
        return Settings.load(
            None,
            DATA_DIR=folder,
            BOT_GREETING=GREETING,
            PUBLIC_URL=PUBLIC,
            ASSEMBLYAI_API_KEY=assemblyai_api.KEY,
            ASSEMBLYAI_BASE_URL=self.ears.origin,
            GROQ_API_KEY="sk-test",
            GROQ_BASE_URL=self.groq.url,
            ANTHROPIC_API_KEY=anthropic_api.KEY,
            ANTHROPIC_BASE_URL=self.claude.origin,
            ELEVENLABS_API_KEY=elevenlabs_api.KEY,
            ELEVENLABS_VOICE_ID=elevenlabs_api.VOICE,
            ELEVENLABS_BASE_URL=self.eleven.origin,
            OPENAI_REALTIME_URL=self.realtime.url,
            TWILIO_ACCOUNT_SID=ACCOUNT_SID,
            TWILIO_AUTH_TOKEN=AUTH_TOKEN,
            TWILIO_API_URL=self.twilio.origin,
            TWILIO_PHONE_NUMBER=NUMBER,
            **chosen,
        )

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The stand-ins listen while the block runs."""
        async with AsyncExitStack() as stack:
            for standin in self.standins:
                await standin.start()
                stack.push_async_callback(standin.stop)
            yield

    @asynccontextmanager
    async def open(self, folder: Path, blank: Path) -> AsyncIterator[None]:
        """The process is there; it may not be ready yet.

        Args:
            folder: For its files; made here.
            blank: A folder with an empty database of the present schema, which is copied.
        """
        cell = self.cell
        await asyncio.to_thread(shutil.copytree, blank, folder)
        about = {
            "bill": self.bill,
            "renders": cell.part.stage == "tts" and cell.phase is Phase.GREETING,
            "unsure": 1 if cell.part.stage == "stt" and cell.phase is Phase.MID_SENTENCE else 0,
        }
        settings = self.settings(folder)
        self.process = await type("Process", (Process,), about).open(settings, lambda _: None)
        self.database = Database(self.process.store)

        async def talk(call: Call, transport: Any) -> None:
            self.calls.append(call)
            await converse(call, transport, self.process)

        self.app.include_router(
            phone_router(
                settings=settings,
                switchboard=self.process.switchboard,
                twilio=self.process.twilio,
                converse=talk,
                record=self.process.recorder.event,
                ready=self.process.ready,
            )
        )
        try:
            yield
        finally:
            await self.process.close()


@contextmanager
def one_process(clock: Steps) -> Iterator[None]:
    """What all houses share is arranged: nothing from outside, no models, no sweeping."""

    async def open_store(settings: Settings) -> Store:
        address = parse_address(settings.database_url)
        return Store(address, make_engine(address), Server())

    InMemory.clock = clock
    with pytest.MonkeyPatch.context() as patch:
        for name in known_variables():
            patch.delenv(name, raising=False)
        patch.setattr(process, "open_store", open_store)
        patch.setattr(process, "load_models", _nothing)
        patch.setattr(
            process, "gc", SimpleNamespace(collect=_nothing, freeze=_nothing, unfreeze=_nothing)
        )
        patch.setattr(tasks_module, "Durable", InMemory)
        # Costly, and for nothing here: certificates, and other processes' words once a second.
        patch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
        patch.setattr(beat, "LOOK_SECONDS", SELDOM_SECONDS)
        patch.setattr(shared, "LOOK_SECONDS", SELDOM_SECONDS)
        yield


def _nothing() -> None:
    """Sweeping is a process's, and many houses share this one."""
