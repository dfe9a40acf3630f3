"""The llama.cpp process: its own OpenAI server on a loopback port, told on stdout."""

import os
import signal
import sys
from pathlib import Path

from bot.speech.embedded.artifacts import QWEN
from bot.speech.embedded.lifeline import watch_parent
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.progress import emit
from bot.speech.embedded.weights import location

TEMPLATE = Path(__file__).with_name("chat_template.jinja")
POLITE = 5  # niceness: hearing and speaking are short and go before another call's thinking
BATCH = 256  # prompt tokens per step: other callers' words wait for at most one step
ALIAS = "embedded"  # the model's name in answers, instead of its path
QUIET = 1  # llama.cpp's log level: errors only


def model_path(options: EmbeddedOptions) -> Path:
    """The GGUF file to load."""
    if options.llm_model:
        return Path(options.llm_model).expanduser()
    return location(options.cache_dir, QWEN)


def warm_folder(options: EmbeddedOptions) -> Path:
    """Where the state of evaluated prompts is kept."""
    return options.cache_dir / "warm"


def run(options: EmbeddedOptions) -> int:
    """Serves until it is killed; prints {"event": "listening", "address": …} when it can."""
    watch_parent()
    os.nice(POLITE)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.verbosity = QUIET
    params.model_alias = {ALIAS}
    params.model.path = str(model_path(options))
    params.n_parallel = options.llm_slots
    params.n_ctx = options.llm_slots * options.llm_context
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    params.use_jinja = True
    if not options.llm_model:
        params.chat_template = TEMPLATE.read_text("utf-8")
    folder = warm_folder(options)
    folder.mkdir(parents=True, exist_ok=True)
    params.slot_save_path = f"{folder}/"
    params.cache_ram_mib = 0  # the sidecar gives each conversation its slot
    server = xllamacpp.Server(params)
    emit("listening", address=server.listening_address, engine=xllamacpp.__version__)
    sys.stdout.close()
    signal.pause()
    return 0
