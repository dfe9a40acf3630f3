"""What the sidecar is asked to do, as one value that travels as command-line arguments."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

Stage = Literal["stt", "llm", "tts"]
STAGES: tuple[Stage, ...] = get_args(Stage)
DEFAULT_CACHE = Path("~/.cache/tandem")
DEFAULT_STT = "base"


@dataclass(frozen=True)
class EmbeddedOptions:
    """Which stages to serve, and how.

    An empty text means the packaged weights. `stt_model`: "tiny.en" or "base" (packaged), a
    faster-whisper directory, or a hub name. `llm_model`: path of a GGUF file; it brings its own
    chat template. `tts_voice`: path of a Piper `.onnx` with its `.onnx.json` beside it.
    `llm_slots`: conversations at once; `llm_context`: tokens of each. `threads`: for each engine.
    `port`: on loopback.
    """

    stages: frozenset[Stage] = frozenset(STAGES)
    cache: Path = DEFAULT_CACHE
    port: int = 0
    stt_model: str = ""
    llm_model: str = ""
    tts_voice: str = ""
    llm_slots: int = 4
    llm_context: int = 6144
    threads: int = 2

    @property
    def cache_dir(self) -> Path:
        """The cache directory, absolute."""
        return self.cache.expanduser().absolute()

    @property
    def stt_name(self) -> str:
        """The model of speech to text: the one asked for, or the default."""
        return self.stt_model or DEFAULT_STT

    @property
    def own_weights(self) -> bool:
        """Whether the user named weights of their own, which a hub may have to deliver."""
        return bool(
            self.llm_model or self.tts_voice or self.stt_model not in ("", "tiny.en", "base")
        )

    def to_argv(self) -> list[str]:
        """Command-line arguments that `from_namespace` turns back into an equal value."""
        argv: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "stages":
                value = ",".join(stage for stage in STAGES if stage in self.stages)
            argv.append(f"--{field.name.replace('_', '-')}={value}")
        return argv


def _stages(text: str) -> frozenset[Stage]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    if not names or names - set(STAGES):
        raise argparse.ArgumentTypeError(f"stages are some of {','.join(STAGES)}, not {text!r}")
    return frozenset(stage for stage in STAGES if stage in names)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds one argument for every field of EmbeddedOptions."""
    kinds: dict[str, Callable[[str], Any]] = {"stages": _stages, "cache": Path}
    for field in fields(EmbeddedOptions):
        kind = kinds.get(field.name) or (int if isinstance(field.default, int) else str)
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, type=kind, default=field.default)


def from_namespace(namespace: argparse.Namespace) -> EmbeddedOptions:
    """Options out of parsed arguments."""
    return EmbeddedOptions(
        **{field.name: getattr(namespace, field.name) for field in fields(EmbeddedOptions)}
    )
