"""stock24: the bot that Pipecat's own command scaffolds, with its one audible fault mended.

OpenAI speaks at 24 kHz; the scaffold does not say so, Pipecat takes the call's 8 kHz for it, and
the bot speaks three times too slowly. Everything else is left as it is written.
"""

import subprocess
import sys
from pathlib import Path

from bot.errors import TandemError

COMMAND = (
    "init stock24 -b telephony -t twilio -m cascade "
    "--stt openai_stt --llm openai_llm --tts openai_tts"
)
_FAULT = "tts = OpenAITTSService(\n"
_MENDED = "tts = OpenAITTSService(\n        sample_rate=24000,\n"


class ScaffoldError(TandemError):
    """The stock bot cannot be made; the text says why."""


def scaffold(folder: Path) -> Path:
    """Scaffold the stock bot into `folder`; returns its `bot.py`.

    Raises:
        ScaffoldError: Pipecat's command fails, or writes something else than it did.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pipecat.cli.main", *COMMAND.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    bot = folder / "stock24" / "server" / "bot.py"
    if not bot.exists():
        raise ScaffoldError(f"`pipecat {COMMAND}` failed: {done.stdout}{done.stderr}")
    bot.write_text(mend(bot.read_text()))
    return bot


def mend(source: str) -> str:
    """Return the scaffold's source with the rate of its voice.

    Raises:
        ScaffoldError: the place is not there, or the rate is given by now.
    """
    if source.count(_FAULT) != 1 or "sample_rate=" in source.replace("_sample_rate=", ""):
        raise ScaffoldError("the scaffold has changed: look at its TTS, then at bench/scaffold.py")
    return source.replace(_FAULT, _MENDED)
