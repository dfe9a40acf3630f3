"""`python -m bot.phonecall`: place a simulated phone call to the running server and talk."""

import argparse
import asyncio
import contextlib
import json
import logging
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from loguru import logger

from bot.errors import TandemError
from bot.phonecall.dialogue import PATIENCE_SECONDS, QUIET_SECONDS, Dialogue, Question, Summary
from bot.phonecall.exchange import CallFailed
from bot.phonecall.line import Impairments, Line, Party
from bot.phonecall.speech import Speech, endpoints, from_wav, server_state, to_wav
from bot.settings import Settings
from bot.telephony import mulaw

QUESTIONS = (
    "Hello, what can you do for me?",
    "What is two plus two?",
    "What is the capital of France?",
)
"""What the caller says when nothing else was asked for."""


def options(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.phonecall",
        description="Place a simulated phone call to the running server and print what is said.",
    )
    add = parser.add_argument
    add("files", nargs="*", type=Path, metavar="file.wav", help="speech to play, one turn each")
    add("--say", nargs="+", action="extend", default=[], metavar="TEXT", help="texts to speak")
    add("--url", default="", help="the server; default: this machine, PORT of the settings")
    add("--turns", type=int, default=0, help="how many turns; the texts are repeated or cut")
    add("--save", type=Path, metavar="answer.wav", help="write what the bot was heard saying")
    add("--play", action="store_true", help="play what the bot says (needs aplay)")
    add("--keys", default="", help="keys to press after the greeting, e.g. 12#")
    add("--hang-up-after", type=float, metavar="S", help="hang up so many seconds into the call")
    add("--patience", type=float, default=PATIENCE_SECONDS, metavar="S", help="wait for an answer")
    add("--quiet", type=float, default=QUIET_SECONDS, metavar="S", help="silence that ends a turn")
    add("--loss", type=float, default=0.0, help="share of the caller's frames lost, 0 to 1")
    add("--jitter", type=float, default=0.0, metavar="MS", help="delay of frames, at random")
    add("--from", dest="caller", default=Party().caller, help="the caller's number")
    add("--json", action="store_true", help="print one JSON object at the end, for benches")
    found = parser.parse_args(argv)
    if not 0 <= found.loss < 1:
        parser.error("--loss: a share from 0 to below 1")
    if found.turns < 0 or found.jitter < 0:
        parser.error("--turns and --jitter cannot be negative")
    return found


async def call(wanted: argparse.Namespace, settings: Settings) -> Summary:
    """Place the call that the command line asks for, and print it as it goes.

    Raises:
        CallFailed: it did not come about; the text is one line.
    """
    tell = _teller(wanted.json)
    server = wanted.url or f"http://127.0.0.1:{settings.PORT}"
    party = Party(
        caller=wanted.caller,
        callee=settings.TWILIO_PHONE_NUMBER or Party().callee,
        account_sid=settings.TWILIO_ACCOUNT_SID or Party().account_sid,
        auth_token=settings.TWILIO_AUTH_TOKEN.get_secret_value(),
        public_url=settings.PUBLIC_URL,
    )
    state = await server_state(server)
    if not state.ready:
        tell(f"the server is not ready: {state.reason or 'no reason given'}; calling all the same")
    async with _player(wanted.play) as play:
        line = Line(
            server,
            party,
            impairments=Impairments(wanted.loss, wanted.jitter / 1000),
            say=tell,
            on_tick=play,
        )
        tell(f"calling {server} as {party.caller}")
        try:
            await line.dial()
            tell("connected; the media stream runs")
            return await _talk(line, wanted, settings, server, tell)
        finally:
            await line.hang_up()
            if wanted.save and line.ear.played:
                _save(wanted.save, to_wav(mulaw.decode(bytes(line.ear.played))))
                tell(f"saved to {wanted.save}")


async def _talk(
    line: Line,
    wanted: argparse.Namespace,
    settings: Settings,
    server: str,
    tell: Callable[[str], None],
) -> Summary:
    state = await server_state(server)
    speech = Speech(endpoints(settings, state.embedded_url), settings.BOT_LANGUAGE)

    def transcript(who: str, seconds: float | None, text: str) -> None:
        latency = f"{seconds:6.2f} s" if seconds is not None else " " * 8
        tell(f"{who:<7}{latency}  {text or '(no answer)'}")

    dialogue = Dialogue(
        line, _understanding(speech), transcript, patience=wanted.patience, quiet=wanted.quiet
    )
    cut = None
    if wanted.hang_up_after is not None:
        cut = asyncio.create_task(_hang_up_after(line, wanted.hang_up_after))
    try:
        questions = await _questions(wanted, speech)
        if wanted.keys:
            await line.until(lambda: line.ear.audible_ticks, 10)
            await line.press(wanted.keys)
        return await dialogue.hold(questions)
    finally:
        if cut:
            cut.cancel()
        await speech.aclose()


async def _hang_up_after(line: Line, seconds: float) -> None:
    await line.until(lambda: False, seconds)
    await line.hang_up()


async def _questions(wanted: argparse.Namespace, speech: Speech) -> list[Question]:
    texts = wanted.say if wanted.say or wanted.files else list(QUESTIONS)
    found = [Question(from_wav(path)) for path in wanted.files]
    found += [Question(await speech.say(text), text) for text in texts]
    if wanted.turns:
        found = [found[turn % len(found)] for turn in range(wanted.turns)]
    return found


def _understanding(speech: Speech) -> Callable[[bytes], Awaitable[str]]:
    """Transcription that never fails a call: what cannot be transcribed is named so."""

    async def understand(pcm: bytes) -> str:
        try:
            return await speech.understand(pcm) or "(speech without words)"
        except CallFailed as error:
            return f"({error})"

    return understand


def _teller(quiet_output: bool) -> Callable[[str], None]:
    out = sys.stderr if quiet_output else sys.stdout

    def tell(line: str) -> None:
        print(line, file=out, flush=True)

    return tell


@contextlib.asynccontextmanager
async def _player(wanted: bool) -> AsyncIterator[Callable[[bytes], None]]:
    """A function that plays µ-law on this machine's loudspeaker, or does nothing."""
    if not wanted:
        yield lambda frame: None
        return
    program = shutil.which("aplay")
    if not program:
        raise CallFailed("--play needs aplay (Debian: alsa-utils); use --save answer.wav instead")
    process = await asyncio.create_subprocess_exec(
        program, "-q", "-t", "raw", "-f", "MU_LAW", "-r", "8000", "-c", "1",
        stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        yield process.stdin.write
    finally:
        process.stdin.close()
        await process.wait()


def _save(path: Path, wav: bytes) -> None:
    try:
        path.write_bytes(wav)
    except OSError as error:
        raise CallFailed(f"{path}: {error.strerror}") from None


def report(summary: Summary) -> str:
    """Return the call's last line."""
    parts = [f"{summary.answered} of {summary.asked} turns answered"]
    if summary.median is not None:
        parts.append(
            f"voice-to-voice {summary.median:.2f} s median, {max(summary.latencies):.2f} s longest"
        )
    if summary.greeting_latency is not None:
        parts.append(f"greeting after {summary.greeting_latency:.2f} s")
    if summary.ended_by:
        parts.append(f"the {summary.ended_by} hung up")
    return "; ".join(parts)


def as_json(summary: Summary) -> str:
    """Return the call as one JSON object, times in seconds."""
    turns = [
        {"said": t.said, "answer": t.answer, "latency": t.latency, "wait": t.wait}
        for t in summary.turns
    ]
    return json.dumps(
        {
            "asked": summary.asked,
            "answered": summary.answered,
            "greeting": summary.greeting,
            "greeting_latency": summary.greeting_latency,
            "turns": turns,
            "median_latency": summary.median,
            "ended_by": summary.ended_by or "caller",
        }
    )


async def run_call(wanted: argparse.Namespace, settings: Settings) -> int:
    """Place the call and print what came of it; 0 if every turn was answered, else 1."""
    try:
        summary = await call(wanted, settings)
    except TandemError as error:
        print(f"the call failed: {error}", file=sys.stderr)
        return 1
    print(as_json(summary) if wanted.json else report(summary))
    return 0 if summary.complete else 1


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    wanted = options(argv)
    logger.remove()
    logging.getLogger().setLevel(logging.ERROR)
    try:
        return asyncio.run(run_call(wanted, Settings.load()))
    except TandemError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("hung up", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
