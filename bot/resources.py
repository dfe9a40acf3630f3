"""What all calls of the process share: settings, models, HTTP clients, the store, the embedded
models, rendered sentences. Made once at start; a call takes its parts from here."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Self

from loguru import logger

from bot.brain.llm import make_llm
from bot.brain.prompts import system_prompt
from bot.call import Call
from bot.clients import Clients
from bot.errors import EmbeddedError, StoreError
from bot.providers import Endpoint, Plan, Stage, choose
from bot.settings import Settings
from bot.speech import turn, vad
from bot.speech.embedded.supervisor import EmbeddedSupervisor
from bot.speech.phrases import Phrases
from bot.speech.speakable import speakable
from bot.speech.stt import make_stt
from bot.speech.tts import make_tts, synthesize
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.switchboard import Switchboard
from pipelines.cascade import Parts
from pipelines.prompts import sentences

RENDER_AGAIN_SECONDS = 30.0
"""Between attempts to render sentences while the voice's provider is away."""
STORE_CLOSE_SECONDS = 10.0


class Resources:
    """The process's shared parts. `await Resources.open(settings)`, later `await close()`."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.plan: Plan = choose(settings)
        self.clients = Clients()
        self.sentences = sentences(settings)
        self.system_prompt = system_prompt(settings)
        self.recorder = Recorder(store)
        self.switchboard = Switchboard(settings.MAX_CALLS, on_admitted=self.register)
        self.sidecar: EmbeddedSupervisor | None = None
        self.store = store
        self._phrases = Phrases(settings.data_dir / "phrases", _voice_key(self.plan.tts[0]))
        self._not_ready = "starting"
        self._warming: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, settings: Settings, progress: Callable[[str], None] = logger.info) -> Self:
        """Open the store, start the embedded models if a stage needs them, warm up behind.

        Args:
            settings: The settings.
            progress: Told lines about long work.

        Raises:
            StoreError: the database cannot be opened.
            EmbeddedError: the embedded models' port is taken.
        """
        resources = cls(settings, await _open_store(settings))
        resources.recorder.start()
        try:
            await resources._start_sidecar(progress)
        except EmbeddedError as error:
            await resources.close()
            raise EmbeddedError(f"EMBEDDED_PORT: {error}; set another port, or 0") from None
        resources._warming = asyncio.create_task(resources._warm(), name="warm-up")
        return resources

    async def _start_sidecar(self, progress: Callable[[str], None]) -> None:
        settings = self.settings
        stages = self.plan.embedded_stages
        if stages:
            self.sidecar = EmbeddedSupervisor(
                stages,
                settings.embedded_cache_dir,
                port=settings.EMBEDDED_PORT,
                stt_model=settings.EMBEDDED_STT_MODEL,
                llm_model=settings.EMBEDDED_LLM_MODEL,
                tts_voice=settings.EMBEDDED_TTS_VOICE,
                progress=progress,
            )
            if "llm" in stages:
                system = {"role": "system", "content": self.system_prompt}
                await self.sidecar.warm({"messages": [system]})
            await self.sidecar.start()

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
        """Write a call to the store from now on."""
        call.on_state = self.recorder.call_state
        self.recorder.call_started(call, self.plan.labels)

    def parts(self) -> Parts:
        """The parts of one call's cascade: services of its own on shared clients and models."""
        language = self.settings.BOT_LANGUAGE
        return Parts(
            stt=make_stt(self._endpoint("stt"), self.clients, language),
            llm=make_llm(self._endpoint("llm"), self.clients, self.system_prompt),
            tts=make_tts(
                self._endpoint("tts"),
                self.clients,
                self._phrases,
                language,
                self.settings.elevenlabs_urls[1],
                fast_brain=self.plan.llm[0].provider != "embedded",
            ),
            vad=vad.SharedSileroVAD(),
            turn=turn.SharedSmartTurn(),
            sentences=self.sentences,
            silence_seconds=(
                self.settings.SILENCE_PROMPT_SECONDS,
                self.settings.SILENCE_HANGUP_SECONDS,
            ),
            rendered=self._is_rendered,
            timed_words=self.plan.tts[0].provider == "elevenlabs",
        )

    async def close(self) -> None:
        """Close everything, last what others need. Calls are over by now."""
        if self._warming:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        if self.sidecar:
            await self.sidecar.stop()
        await self.clients.aclose()
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
