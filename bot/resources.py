"""What all calls of the process share: settings, models, HTTP clients, the store, the embedded
models, rendered sentences. Made once at start; a call takes its parts from here."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from loguru import logger

from bot.brain.llm import make_llm
from bot.brain.prompts import system_prompt
from bot.call import Call
from bot.clients import Clients
from bot.embedded_models import Models, start_embedded
from bot.errors import EmbeddedError, StoreError
from bot.memory import Sweeper
from bot.providers import Endpoint, Plan, Stage, choose
from bot.settings import Settings
from bot.speech import turn, vad
from bot.speech.phrases import Phrases
from bot.speech.speakable import speakable
from bot.speech.stt import make_stt
from bot.speech.tts import make_tts, synthesize
from bot.store.once import forget_done
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.switchboard import Places, Switchboard
from bot.telephony.twilio import TwilioRest
from pipelines.cascade import Parts
from pipelines.prompts import sentences
from tools.catalog import FOR_A_SLOW_MODEL, Catalogue
from tools.knowledge import load_documents
from tools.toolbox import Toolbox

RENDER_AGAIN_SECONDS = 30.0
"""Between attempts to render sentences while the voice's provider is away."""
STORE_CLOSE_SECONDS = 10.0


@dataclass(frozen=True)
class Shared:
    """What one of several processes on a port has in common with the others.

    `worker` is its number; `models` are the embedded models where a stage needs them.
    """

    worker: int
    places: Places
    models: Models | None


class Resources:
    """The process's shared parts. `await Resources.open(settings)`, later `await close()`."""

    def __init__(self, settings: Settings, store: Store, shared: Shared | None = None) -> None:
        self.settings = settings
        self.plan: Plan = choose(settings)
        self.clients = Clients()
        self.sentences = sentences(settings)
        self.system_prompt = system_prompt(settings)
        self.recorder = Recorder(store)
        self.switchboard = Switchboard(
            settings.MAX_CALLS,
            on_admitted=self.register,
            places=shared.places if shared else None,
            worker=shared.worker if shared else 0,
        )
        self.sidecar: Models | None = shared.models if shared else None
        self.store = store
        self.sweeper = Sweeper(lambda: self.switchboard.live)
        self._phrases = Phrases(settings.data_dir / "phrases", _voice_key(self.plan.tts[0]))
        self.twilio = TwilioRest.from_settings(settings)
        self._turn_model = turn.SmartTurn()
        self._not_ready = "starting"
        self._warming: asyncio.Task[None] | None = None
        self._connecting: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        progress: Callable[[str], None] = logger.info,
        shared: Shared | None = None,
    ) -> Self:
        """Open the store, start the embedded models if a stage needs them, warm up behind.

        Args:
            settings: The settings.
            progress: Told lines about long work.
            shared: Given by the parent of several processes; the models are its own then.

        Raises:
            StoreError: the database cannot be opened.
            EmbeddedError: the embedded models' port is taken.
        """
        resources = cls(settings, await _open_store(settings), shared)
        resources.recorder.start()
        if shared is None:
            try:
                resources.sidecar = await start_embedded(settings, resources.plan, progress)
            except EmbeddedError:
                await resources.close()
                raise
        resources._warming = asyncio.create_task(resources._warm(), name="warm-up")
        return resources

    def ready(self) -> str:
        """Why no call can be taken yet, or ''."""
        if self.sidecar and not self.sidecar.ready:
            return f"the embedded models are not ready: {self.sidecar.status}"
        return self._not_ready

    async def wait_ready(self) -> None:
        """Wait until calls can be taken."""
        while self.ready():  # noqa: ASYNC110 - two rooms decide it, and only tools wait
            await asyncio.sleep(0.1)

    def register(self, call: Call) -> None:
        """Write a call to the store from now on; connect to its providers meanwhile."""
        call.on_state = self.recorder.call_state
        self.recorder.call_started(call, self.plan.labels)
        stages: tuple[Stage, ...] = ("stt", "llm", "tts")
        warming = asyncio.create_task(self.clients.warm(map(self._endpoint, stages)))
        self._connecting.add(warming)
        warming.add_done_callback(self._connecting.discard)

    def parts(self, call: Call) -> Parts:
        """The parts of one call's cascade: services of its own on shared clients and models."""
        language = self.settings.BOT_LANGUAGE
        toolbox = Toolbox(call, self.settings, self.store, self.clients.http, self.twilio)
        slow = self.plan.llm[0].provider == "embedded"
        catalogue = Catalogue.for_call(toolbox.facts, fixed=FOR_A_SLOW_MODEL if slow else ())
        return Parts(
            stt=make_stt(self._endpoint("stt"), self.clients, language),
            llm=make_llm(
                self._endpoint("llm"), self.clients, f"{self.system_prompt}\n{catalogue.prompt()}"
            ),
            tts=make_tts(
                self._endpoint("tts"),
                self.clients,
                self._phrases,
                language,
                self.settings.elevenlabs_urls[1],
                fast_brain=self.plan.llm[0].provider != "embedded",
            ),
            detector=vad.SpeechDetector,
            turn=self._turn_model,
            sentences=self.sentences,
            language=language,
            silence_seconds=(
                self.settings.SILENCE_PROMPT_SECONDS,
                self.settings.SILENCE_HANGUP_SECONDS,
            ),
            speculates=self.plan.llm[0].provider != "embedded",
            toolbox=toolbox,
            catalogue=catalogue,
            rendered=self._is_rendered,
            timed_words=self.plan.tts[0].provider == "elevenlabs",
        )

    async def close(self) -> None:
        """Close everything, last what others need. Calls are over by now."""
        self.sweeper.close()
        for task in self._connecting:
            task.cancel()
        if self._warming:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        if self.sidecar:
            await self.sidecar.stop()
        await self.clients.aclose()
        if self.twilio:
            await self.twilio.aclose()
        await self.recorder.close(STORE_CLOSE_SECONDS)
        await self.store.close()
        gc.unfreeze()

    def _is_rendered(self, text: str) -> bool:
        return self._phrases.get(speakable(text, self.settings.BOT_LANGUAGE)) is not None

    def _endpoint(self, stage: Stage) -> Endpoint:
        endpoint = self.plan.stage(stage)[0]
        if endpoint.provider == "embedded" and self.sidecar:
            return replace(endpoint, base_url=self.sidecar.base_url)
        return endpoint

    async def _warm(self) -> None:
        try:
            await self._prepare_tools()
            self._not_ready = "loading the speech detection models"
            await asyncio.to_thread(_load_models)
            if self.sidecar:
                await self.sidecar.wait_ready()
            self._not_ready = "rendering the greeting"
            rendered = await self._render()
            gc.collect()
            gc.freeze()
            self._not_ready = ""
            logger.info("ready for calls")
            while not rendered:
                await asyncio.sleep(RENDER_AGAIN_SECONDS)
                rendered = await self._render()
        except Exception as error:
            self._not_ready = f"start-up failed: {type(error).__name__}: {error}"
            logger.exception("start-up failed")

    async def _prepare_tools(self) -> None:
        """Forget writes that nobody will repeat; read the business's own documents."""
        await forget_done(self.store)
        if self.settings.KNOWLEDGE_DIR:
            changed = await load_documents(self.store, Path(self.settings.KNOWLEDGE_DIR))
            logger.info(f"{changed} documents of KNOWLEDGE_DIR have changed")

    async def _render(self) -> bool:
        """Render the fixed sentences, the greeting first; False if one is missing still."""
        voice = self._endpoint("tts")

        async def render(text: str) -> bytes:
            return await synthesize(voice, self.clients, text)

        wanted = [speakable(s, self.settings.BOT_LANGUAGE) for s in self.sentences.all()]
        await self._phrases.prepare(wanted, render)
        return all(self._phrases.get(text) for text in wanted)


async def _open_store(settings: Settings) -> Store:
    """The store; an error names the variable that says where it is."""
    try:
        return await Store.open(settings.database_url)
    except StoreError as error:
        named = "DATABASE_URL" if settings.DATABASE_URL.get_secret_value() else "DATA_DIR"
        raise StoreError(f"{named}: {error}; mend it, or name another place") from None


def _voice_key(endpoint: Endpoint) -> str:
    return "|".join((endpoint.provider, endpoint.base_url, endpoint.model, endpoint.voice))


def _load_models() -> None:
    vad.load()
    turn.load()
