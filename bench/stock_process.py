"""Runs the scaffolded bot with Twilio's REST API on this machine: no bench calls the real one.

python -m bench.stock_process TWILIO_URL bot.py [the bot's own arguments]
"""

import functools
import runpy
import sys
from pathlib import Path

from pipecat.serializers.twilio import TwilioFrameSerializer


def main() -> None:
    """Point the serializer's hang-up at another address, then become `bot.py`."""
    url, program, *arguments = sys.argv[1:]
    at_home = functools.partialmethod(TwilioFrameSerializer.__init__, base_url=url)
    TwilioFrameSerializer.__init__ = at_home  # type: ignore[method-assign,assignment]
    sys.argv = [program, *arguments]
    sys.path.insert(0, str(Path(program).resolve().parent))
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
