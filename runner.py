"""Tandem's program: `python runner.py` serves, `--check` explains the settings, `--check --probe`
asks the language model what it can do."""

import argparse
import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import uvloop
from loguru import logger

from bot.errors import TandemError
from bot.logs import set_up_logs
from bot.memory import tune
from bot.settings import ROOT, Settings
from bot.settings_report import check, env_example, misspelt, notes

if TYPE_CHECKING:
    from bot.server import Server
    from bot.workers.front import Front


async def _serve(settings: Settings) -> None:
    server = _one_process(settings) if settings.WORKERS == 1 else _several(settings)
    asked_before: list[bool] = []

    def stop() -> None:
        if asked_before:
            server.stop_now()
        else:
            asked_before.append(True)
            server.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    telling = asyncio.create_task(_tell(server, settings))
    try:
        await server.run()
    finally:
        telling.cancel()


def _one_process(settings: Settings) -> "Server":
    from bot.server import Server  # takes seconds to load; --check and --help need none of it

    return Server(settings)


def _several(settings: Settings) -> "Front":
    """Several workers behind one port. SIGUSR1 renews them; SIGHUP is left to terminals."""
    from bot.workers.front import Front

    front = Front(settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, front.renew)
    return front


async def _tell(server: "Server | Front", settings: Settings) -> None:
    await server.listening.wait()
    logger.info(f"test room: {server.url}/  phone webhook: {server.url}/phone/incoming")
    for line in [*misspelt(), *notes(settings)]:
        logger.warning(line)


def _probe() -> int:
    logger.remove()
    from bot.probe_report import check_endpoint  # loads Pipecat, which --check does without

    return check_endpoint()


def main() -> int:
    """Read the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="runner.py", description="Tandem's server. Its settings are in .env.example."
    )
    parser.add_argument("--check", action="store_true", help="explain the settings and stop")
    parser.add_argument(
        "--probe",
        action="store_true",
        help="with --check: ask the language model one question with one tool, and say what its "
        "endpoint can do",
    )
    parser.add_argument(
        "--env-example", action="store_true", help="write .env.example from the settings and stop"
    )
    arguments = parser.parse_args()
    if arguments.check or arguments.probe:
        return check() or (_probe() if arguments.probe else 0)
    if arguments.env_example:
        (ROOT / ".env.example").write_text(env_example(), encoding="utf-8")
        return 0
    try:
        settings = Settings.load()
        set_up_logs(settings)
        tune()
        logger.info("loading ...")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except TandemError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
