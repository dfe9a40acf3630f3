"""What all calls of the process share: settings, models, HTTP clients, the store, the embedded
models, rendered sentences. Made once at start; a call takes its parts from here."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

from loguru import logger

from bot.brain.llm import make_models
from bot.brain.prompts import system_prompt
from bot.call import Call
from bot.clients import Clients
from bot.deep import Deep
from bot.embedded_models import Models, start_embedded
from bot.errors import EmbeddedError, StoreError, TandemError
from bot.failover.breaker import Health
from bot.failover.complete import Completions, usage_line
from bot.failover.house import Failover
from bot.logs import strike_also
from bot.memory import Sweeper
from bot.modes.house import ModeHouse
from bot.modes.mode import standby_plan
from bot.opening import load_models, open_store, prepare_tools
from bot.providers import STAGES, Endpoint, Plan, Stage, choose
from bot.services import Services
from bot.settings import Settings
from bot.speech import turn, vad
from bot.speech.renderings import Renderings
from bot.speech.speakable import speakable
from bot.speech.speakers import synthesize
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.switchboard import Places, Switchboard
from bot.telephony.twilio import TwilioRest
from bot.ways import ways
from pipelines.cascade import Parts
from pipelines.prompts import sentences
from pipelines.ways import Way
from tools.catalog import Catalogue, for_a_slow_model
from tools.links import Links
from tools.toolbox import Toolbox

RENDER_AGAIN_SECONDS = 30.0
"""Between looks whether a sentence is not rendered yet: its provider may have been away."""
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
        self.failover = Failover(
            settings, store, lambda kind, detail: self.recorder.event(None, kind, detail)
        )
        self.switchboard = Switchboard(
            settings.MAX_CALLS,
            on_admitted=self.register,
            places=shared.places if shared else None,
            worker=shared.worker if shared else 0,
        )
        self.links = Links(self.switchboard.worker)
        self.sidecar: Models | None = shared.models if shared else None
        self.store = store
        self.sweeper = Sweeper(lambda: self.switchboard.live)
        self._phrases = Renderings(settings.data_dir / "phrases", self._synthesize)
        self.twilio = TwilioRest.from_settings(settings)
        self.deep: Deep | None = None
        tell, models = self.recorder.event, lambda: self.sidecar
        http, renewed = self.clients.http, self._renewed
        self.modes = ModeHouse.build(
            settings, store, http, self.switchboard, tell, models, renewed, self._fared
        )
        self.completions = Completions(
            lambda: self.settings,
            lambda endpoints: make_models(endpoints, self.clients),
            self.failover.breakers,
            lambda usage, priority: tell(None, "usage", usage_line(usage, priority)),
            lambda: self._chain(self.modes.modes.plans()[0], "llm"),
        )
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
            SettingsError: `config.json` cannot be used, or LLM_MODE lacks something.
            EmbeddedError: the embedded models' port is taken.
        """
        store = await open_store(settings)
        try:
            resources = cls(settings, store, shared)
        except TandemError:  # the modes' file, say: a store that stays open keeps the process
            await store.close()
            raise
        resources.recorder.start()
        resources.failover.start()
        try:
            resources.deep = await Deep.open(
                settings, resources.store, resources.recorder, resources.twilio, resources.clients
            )
            if shared is None:
                standby = standby_plan(settings, resources.modes.modes.setup.config)
                resources.sidecar = await start_embedded(settings, standby, progress)
        except (EmbeddedError, StoreError):
            await resources.close()
            raise
        await resources.modes.start()
        resources._warming = asyncio.create_task(resources._warm(), name="warm-up")
        return resources

    def ready(self) -> str:
        """Why no call can be taken yet, or ''."""
        if self.sidecar and not self.sidecar.ready and self._needs_embedded:
            return f"the embedded models are not ready: {self.sidecar.status}"
        return self._not_ready

    async def wait_ready(self) -> None:
        """Wait until calls can be taken."""
        while self.ready():  # noqa: ASYNC110 - two rooms decide it, and only tools wait
            await asyncio.sleep(0.1)

    def register(self, call: Call) -> None:
        """Pin a call's mode and write the call to the store from now on; connect to its providers
        meanwhile."""
        pinned = self.modes.pin(call)
        call.on_state = self._state_changed
        self.recorder.call_started(call, pinned.mode.labels or pinned.plan.labels)
        endpoints = [self._endpoint(pinned.plan, stage) for stage in STAGES]
        warming = asyncio.create_task(self.clients.warm(endpoints))
        self._connecting.add(warming)
        warming.add_done_callback(self._connecting.discard)

    def ways(self, call: Call) -> list[Way]:
        """How a call is held, and how it goes on if that breaks."""
        pinned = self.modes.modes.of(call)
        return ways(call, pinned, self.parts, self.recorder, self.failover.breakers)

    def parts(self, call: Call, plan: Plan | None = None) -> Parts:
        """The parts of one call's pipeline: services of its own on shared clients and models.

        Args:
            call: The call.
            plan: Which endpoints; by default those that were pinned for the call.
        """
        pinned = self.modes.modes.of(call)
        settings, plan = pinned.settings, plan or pinned.plan
        language = settings.BOT_LANGUAGE
        phrases = self._phrases.of(plan.tts[0])
        toolbox = Toolbox(call, settings, self.store, self.clients.http, self.twilio)
        self.links.equip(toolbox)
        slow = plan.llm[0].provider == "embedded"
        # A slow model's prompt must stay the one it has read at the start: no tools for a screen.
        facts = replace(toolbox.facts, screen=False) if slow else toolbox.facts
        shown = for_a_slow_model(settings)
        catalogue = Catalogue.for_call(facts, fixed=shown if slow else ())
        prompt = f"{system_prompt(settings)}\n{catalogue.prompt()}"
        services = Services(self.clients, self.failover)
        return Parts(
            handoff=self.deep.handoff(toolbox) if self.deep else None,
            stt=services.stt(self._chain(plan, "stt"), language),
            llm=services.llm(self._chain(plan, "llm"), prompt, settings, call.id),
            tts=services.tts(self._chain(plan, "tts"), phrases, language, fast_brain=not slow),
            detector=vad.SpeechDetector,
            turn=self._turn_model,
            sentences=sentences(settings),
            language=language,
            silence_seconds=(settings.SILENCE_PROMPT_SECONDS, settings.SILENCE_HANGUP_SECONDS),
            speculates=not slow,
            toolbox=toolbox,
            catalogue=catalogue,
            rendered=lambda text: phrases.get(speakable(text, language)) is not None,
            labels=plan.labels,
        )

    async def close(self) -> None:
        """Close everything, last what others need. Calls are over by now."""
        self.sweeper.close()
        for task in self._connecting:
            task.cancel()
        if self._warming:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self.failover.close()
        await self.modes.close()
        if self.sidecar:
            await self.sidecar.stop()
        if self.deep:
            await self.deep.close()
        await self.clients.aclose()
        if self.twilio:
            await self.twilio.aclose()
        await self.recorder.close(STORE_CLOSE_SECONDS)
        await self.store.close()
        gc.unfreeze()

    @property
    def _needs_embedded(self) -> bool:
        """Whether a call that came now would need the embedded models."""
        return self.modes.modes.plans()[0].needs_embedded

    def _renewed(self, settings: Settings) -> None:
        """New calls have other settings; live ones keep theirs."""
        strike_also(settings)
        self.failover.breakers.forgive("the settings have changed")
        self.settings, self.plan = settings, choose(settings)
        self.sentences, self.system_prompt = sentences(settings), system_prompt(settings)

    def _state_changed(self, call: Call) -> None:
        self.recorder.call_state(call)
        if call.over:
            self.modes.modes.over(call)

    def _fared(self, endpoint: Endpoint) -> Health:
        return self.failover.breakers.health(self._reached(endpoint))

    async def _synthesize(self, voice: Endpoint, text: str) -> bytes:
        return await synthesize(self._reached(voice), self.clients, text)

    def _endpoint(self, plan: Plan, stage: Stage) -> Endpoint:
        return self._reached(plan.stage(stage)[0])

    def _chain(self, plan: Plan, stage: Stage) -> tuple[Endpoint, ...]:
        chain = map(self._reached, plan.stage(stage))
        return tuple(e for n, e in enumerate(chain) if e.base_url or not n)

    def _reached(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its address, which the embedded models have once they are started."""
        if endpoint.provider == "embedded" and self.sidecar:
            return replace(endpoint, base_url=self.sidecar.base_url)
        return endpoint

    async def _warm(self) -> None:
        try:
            await prepare_tools(self.store, self.settings)
            self._not_ready = "loading the speech detection models"
            await asyncio.to_thread(load_models)
            if self.sidecar and self._needs_embedded:
                await self.sidecar.wait_ready()
            self._not_ready = "rendering the greeting"
            await self._render()
            gc.collect()
            gc.freeze()
            self._not_ready = ""
            logger.info("ready for calls")
            while True:  # another mode may have another voice, other settings another greeting
                await asyncio.sleep(RENDER_AGAIN_SECONDS)
                await self._render()
        except Exception as error:
            self._not_ready = f"start-up failed: {type(error).__name__}: {error}"
            logger.exception("start-up failed")

    async def _render(self) -> None:
        """Render the fixed sentences, the greeting first, in each voice that calls may have."""
        said = [*self.sentences.all(), *(self.deep.sentences if self.deep else ())]
        wanted = [speakable(sentence, self.settings.BOT_LANGUAGE) for sentence in said]
        voices = (plan.tts[0] for plan in self.modes.modes.plans())
        up = bool(self.sidecar and self.sidecar.ready)
        well = [voice for voice in voices if up or voice.provider != "embedded"]
        await self._phrases.prepare(well, wanted)
        for plan in self.modes.modes.plans():  # a voice that is down is stood in for
            for voice in self._chain(plan, "tts")[1:]:
                await self._phrases.of(plan.tts[0]).borrow(wanted, partial(self._synthesize, voice))
