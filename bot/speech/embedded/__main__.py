"""The embedded models' programs.

`prepare` installs the engines and the weights and shows how far it is; `serve` does the same and
then becomes the sidecar. Both need only the standard library. `engines`, `piper` and `llama` are
the processes behind it: they run in the engines' own virtual environment, started by `serve`.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from bot.errors import EmbeddedError
from bot.speech.embedded import options as opts
from bot.speech.embedded.lifeline import watch_parent
from bot.speech.embedded.prepare import prepare
from bot.speech.embedded.progress import (
    ProgressEvent,
    Report,
    Seldom,
    emit_progress,
    print_progress,
)

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ("prepare", "serve", "engines", "piper", "llama")


def main(arguments: list[str] | None = None) -> int:
    """Runs one of the programs; returns its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m bot.speech.embedded", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    opts.add_arguments(parser)
    parser.add_argument("--supervised", action="store_true", help="progress as JSON lines")
    parsed = parser.parse_args(arguments)
    options = opts.from_namespace(parsed)
    if parsed.command == "piper":
        from bot.speech.embedded.piper_child import run as piper

        return piper(options)
    if parsed.command == "llama":
        from bot.speech.embedded.llama_child import run as llama

        return llama(options)
    if parsed.command == "engines":
        from bot.speech.embedded.sidecar import run as engines

        return engines(options, parsed.supervised)
    return _prepare_or_serve(parsed.command, options, parsed.supervised)


def _prepare_or_serve(command: str, options: opts.EmbeddedOptions, supervised: bool) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if supervised:
        watch_parent()
    report: Report = Seldom(emit_progress if supervised else print_progress, time.monotonic)
    try:
        python = prepare(options, report)
    except EmbeddedError as error:
        (emit_progress if supervised else print_progress)(ProgressEvent("failed", str(error)))
        return 1
    except KeyboardInterrupt:
        return 130
    if command == "serve":
        report(ProgressEvent("load", "loading models"))
        _become_engines(python, options, supervised)
    print_progress(ProgressEvent("ready", "everything is here"))
    return 0


def _become_engines(python: Path, options: opts.EmbeddedOptions, supervised: bool) -> None:
    """Replaces this process (same pid, same parent) by the sidecar proper; never returns."""
    variables = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(options.threads),
        "OMP_WAIT_POLICY": "passive",
    }
    if not options.own_weights:
        variables["HF_HUB_OFFLINE"] = "1"
    command = [str(python), "-m", "bot.speech.embedded", "engines", *options.to_argv()]
    command += ["--supervised"] if supervised else []
    assignments = [f"{name}={value}" for name, value in variables.items()]
    os.execvp("env", ["env", *assignments, *command])


if __name__ == "__main__":
    sys.exit(main())
