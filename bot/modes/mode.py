"""What a mode comes to with the present settings: its endpoints, or what it lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import SecretStr

from bot.errors import SettingsError
from bot.modes.config import Description, ModeConfig
from bot.providers import STAGES, Endpoint, Plan, Stage, choose
from bot.setting_groups.modes import ModeName
from bot.settings import Settings

Kind = Literal["cascade", "realtime"]
STREAMING, PHONE = "/streaming/media", "/phone/media-stream"
"""Where a mode's media socket is."""


@dataclass(frozen=True)
class Mode:
    """A way to hold a conversation.

    `missing`: why it cannot be taken, '' when it can. `plan`: a cascade's endpoints; `realtime`:
    the one endpoint of a model that hears and speaks. The one of its kind is there unless
    something is missing. `latency_ms` and `price_per_minute` (US dollars) are estimates.
    """

    name: ModeName
    title: str
    kind: Kind
    latency_ms: int
    price_per_minute: float
    missing: str = ""
    plan: Plan | None = None
    realtime: Endpoint | None = None

    @property
    def path(self) -> str:
        """The path of its media socket, to which the token is added."""
        return media_path(self.name)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint, best first within its stage."""
        if self.realtime:
            return (self.realtime,)
        return tuple(e for stage in STAGES for e in self.plan.stage(stage)) if self.plan else ()

    @property
    def needed(self) -> tuple[tuple[Endpoint, ...], ...]:
        """Groups of endpoints; the mode is well while one of each group is.

        Whoever stands behind RunPod's mode keeps its calls alive, but is not that mode.
        """
        if self.plan is None:
            return (self.endpoints,) if self.endpoints else ()
        stages = tuple(self.plan.stage(stage) for stage in STAGES)
        if self.name != "runpod_streaming":
            return stages
        return tuple(tuple(e for e in s if e.provider == s[0].provider) for s in stages)

    @property
    def labels(self) -> dict[str, str]:
        """stage -> provider and model in use."""
        if self.realtime:
            return {"realtime": self.realtime.label}
        return self.plan.labels if self.plan else {}


def media_path(mode: str) -> str:
    """The path of a mode's media socket."""
    return STREAMING if mode == "runpod_streaming" else PHONE


def resolve(settings: Settings, config: ModeConfig) -> Mapping[ModeName, Mode]:
    """Every mode of the file with the present settings."""
    return {name: _mode(name, about, settings) for name, about in config.modes.items()}


def standby_plan(settings: Settings, config: ModeConfig) -> Plan:
    """The plan whose embedded stages are those that may be asked for: of the provider lists, of
    LLM_MODE, `default_mode` and `fallback_mode`. For starting the embedded models with."""
    plan = choose(settings)
    named = {settings.LLM_MODE, config.default_mode, config.fallback_mode}
    modes = resolve(settings, config)
    for name, mode in modes.items():
        if name in named and mode.plan:
            ours = {stage: mode.plan.stage(stage) for stage in mode.plan.embedded_stages}
            plan = replace(plan, **ours)
    return plan


def _mode(name: ModeName, about: Description, settings: Settings) -> Mode:
    kind: Kind = "realtime" if name == "openai_realtime" else "cascade"
    bare = Mode(name, about.name, kind, about.latency_ms, about.price_per_minute)
    if missing := list(_missing(settings, about.needs)):
        return replace(bare, missing=f"needs {', '.join(missing)}")
    if kind == "realtime":
        if not about.endpoints:
            return replace(bare, missing="has no endpoint in config.json")
        why = "the mode's endpoint"
        return replace(
            bare,
            realtime=Endpoint(
                "realtime", "openai", about.endpoints[0], settings.OPENAI_API_KEY, about.model, why
            ),
        )
    try:
        return replace(bare, plan=_plan(name, about, settings))
    except SettingsError as error:
        return replace(bare, missing=str(error))


def _missing(settings: Settings, needs: Iterable[str]) -> Iterable[str]:
    for need in needs:
        values = (getattr(settings, name) for name in need.split("|"))
        plain = (v.get_secret_value() if isinstance(v, SecretStr) else v for v in values)
        if not any(plain):
            yield need.replace("|", " or ")


def _plan(name: ModeName, about: Description, settings: Settings) -> Plan:
    if name == "embedded":
        lists = {f"{stage.upper()}_PROVIDERS": ("embedded",) for stage in STAGES}
        return choose(settings.model_copy(update=lists))
    if name == "cascade":
        return choose(settings)
    return _runpod(about, settings)


def _runpod(about: Description, settings: Settings) -> Plan:
    """Whisper, RunPod's endpoints, ElevenLabs; behind them whatever else has a key."""
    lists = {"STT_PROVIDERS": ("whisper",), "TTS_PROVIDERS": ("elevenlabs",)}
    # The language model's list does not matter, it is replaced below.
    own = choose(settings.model_copy(update={**lists, "LLM_PROVIDERS": ("embedded",)}))
    urls = [url for part in about.endpoints for url in part.split(",") if url]
    why = "RUNPOD_…_ENDPOINT is set"
    models = tuple(
        Endpoint("llm", "runpod", url, settings.RUNPOD_API_KEY, about.model, why) for url in urls
    )
    others = choose(settings)
    return Plan(
        stt=_behind(own.stt, others, "stt"),
        llm=_behind(models, others, "llm"),
        tts=_behind(own.tts, others, "tts"),
    )


def _behind(first: tuple[Endpoint, ...], others: Plan, stage: Stage) -> tuple[Endpoint, ...]:
    known = {(e.provider, e.base_url) for e in first}
    more = (e for e in others.stage(stage) if (e.provider, e.base_url) not in known)
    return first + tuple(e for e in more if e.provider != "embedded")
