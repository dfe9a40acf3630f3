"""`python -m bot.phonecall` as it is used."""

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from pipecat.transports.base_transport import BaseTransport

from bot.phonecall.__main__ import QUESTIONS, options, run_call
from bot.phonecall.dialogue import Dialogue, Question
from bot.phonecall.exchange import CallFailed
from bot.phonecall.line import Line, Party
from bot.phonecall.speech import Speech, from_wav, resampled, to_wav
from bot.settings import ROOT, Settings
from bot.telephony import mulaw
from bot.telephony.transport import PhoneTransport
from tests.telephony.bots import Bots, Call, tone, until
from tests.telephony.house import ACCOUNT, PUBLIC, TOKEN, House, house

pytestmark = pytest.mark.usefixtures("virtual_time")
QUIET = ("--quiet", "0.5")


async def run(here: House, *arguments: str) -> tuple[int, str, str]:
    """Do what the command does, in this process; returns its exit code, output and errors."""
    settings = Settings.load(env_file=None, PORT=here.port, TWILIO_ACCOUNT_SID=ACCOUNT,
                             TWILIO_AUTH_TOKEN=TOKEN, PUBLIC_URL=PUBLIC)  # fmt: skip
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = await asyncio.wait_for(run_call(options([*arguments, *QUIET]), settings), 30)
    return code, out.getvalue(), err.getvalue()


async def test_a_conversation_is_printed_as_it_happens(tmp_path: Path) -> None:
    async with house(Bots(greeting=0.3, answer=1.2)) as here:
        saved = tmp_path / "answer.wav"
        code, out, err = await run(here, "--say", "one two", "three four", "--save", str(saved))
        assert (code, err) == (0, "")
        lines = [line for line in out.splitlines() if line.startswith(("bot", "caller"))]
        assert [line[15:].strip() for line in lines] == [
            "a short tone",
            "one two",
            "a long tone",
            "three four",
            "a long tone",
        ]
        assert "2 of 2 turns answered; voice-to-voice 0." in out
        with wave.open(str(saved)) as audio:
            assert audio.getframerate() == 8000
            assert audio.getnframes() > 8000
        await until(lambda: here.bots.finished)
        assert here.bots.finished[0][0].end_reason == "caller hung up"


async def test_json_for_benches_and_questions_of_its_own() -> None:
    async with house(Bots(greeting=0.1, answer=0.2)) as here:
        code, out, _ = await run(here, "--json", "--turns", "1")
        found = json.loads(out)
        assert code == 0
        assert (found["asked"], found["answered"], found["ended_by"]) == (1, 1, "caller")
        assert found["turns"][0]["said"] == QUESTIONS[0]
        assert 0.25 <= found["turns"][0]["latency"] <= 1.5  # the bot waits for 0.3 s of silence


async def test_a_bot_that_does_not_answer_is_exit_code_1() -> None:
    async with house(Bots(greeting=0.1, answer=0)) as here:
        code, out, _ = await run(here, "--say", "hello", "--patience", "0.5")
        assert code == 1
        assert "0 of 1 turns answered" in out
        assert "(no answer)" in out


async def test_hanging_up_early() -> None:
    async with house(Bots(greeting=5)) as here:
        code, out, _ = await run(here, "--say", "hello", "--hang-up-after", "0.5")
        assert code == 1
        assert "0 of 1 turns answered" in out
        await until(lambda: here.bots.finished)
        assert here.bots.finished[0][0].end_reason == "caller hung up"


def test_no_server_is_one_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bot.phonecall"],
        cwd=ROOT, env=os.environ | {"PORT": "9"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "the call failed: no server answers at http://127.0.0.1:9: start it with `make run`, or "
        "name it with --url"
    ]


async def test_without_a_voice_a_file_still_works(tmp_path: Path) -> None:
    path = tmp_path / "question.wav"
    path.write_bytes(to_wav(tone(0.4)))
    async with house(Bots(greeting=0.1, answer=0.2)) as here:
        here.embedded = False
        code, _, err = await run(here, "--say", "hello")
        assert code == 1
        assert "give a WAV file instead" in err
        code, out, err = await run(here, str(path))
        assert (code, err) == (0, "")
        assert "nothing can transcribe" in out


@pytest.mark.parametrize(
    ("width", "channels", "rate"), [(1, 1, 8000), (2, 2, 44100), (3, 1, 16000)]
)
def test_wav_files_of_any_kind(tmp_path: Path, width: int, channels: int, rate: int) -> None:
    t = np.arange(rate) / rate
    samples = np.sin(2 * np.pi * 300 * t) * 0.5
    if width == 1:
        data = ((samples * 127) + 128).astype(np.uint8).tobytes()
    else:
        whole = (samples * 2 ** (8 * width - 1)).astype("<i4")
        rows = np.repeat(whole, channels).view(np.uint8).reshape(-1, 4)[:, :width]
        data = rows.tobytes()
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(data)
    pcm = np.frombuffer(from_wav(path), "<i2")
    assert len(pcm) == pytest.approx(8000, abs=20)
    assert np.abs(pcm[1000:7000]).max() == pytest.approx(16384, rel=0.05)


def test_files_that_are_no_wav(tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"not a wav")
    empty = tmp_path / "empty.wav"
    empty.write_bytes(to_wav(b""))
    for path in (bad, empty, tmp_path / "missing.wav"):
        with pytest.raises(CallFailed, match=path.name):
            from_wav(path)
    assert resampled(b"\x01\x02", 8000) == b"\x01\x02"


@pytest.mark.parametrize("words", ["One moment, please.", "one moment...", "Einen Moment, bitte!"])
async def test_a_filler_is_not_taken_for_the_answer(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def understand(_speech: Speech, pcm: bytes) -> str:
        return words if len(pcm) < 16000 * 0.35 else "Four."

    monkeypatch.setattr(Speech, "understand", understand)

    async def slow_bot(call: Call, transport: BaseTransport) -> None:
        assert isinstance(transport, PhoneTransport)
        stream = transport._stream
        await asyncio.sleep(0.6)
        for seconds in (0.2, 0.5):
            await asyncio.sleep(0.9)
            await stream.play(mulaw.encode(tone(seconds)))
        await stream.gone.wait()

    async with house(converse=slow_bot) as here:
        line = Line(here.url, Party(account_sid=ACCOUNT, auth_token=TOKEN, public_url=PUBLIC))
        await line.dial()
        told: list[tuple[str, str]] = []
        dialogue = Dialogue(
            line,
            Speech([]).understand,
            lambda who, _seconds, text: told.append((who, text)),
            quiet=0.4,
        )
        monkeypatch.setattr("bot.phonecall.dialogue.GREETING_SECONDS", 0.1)
        summary = await dialogue.hold([Question(tone(0.3), "What is two plus two?")])
        await line.hang_up()
        assert told == [("caller", "What is two plus two?"), ("bot", words), ("bot", "Four.")]
        (turn,) = summary.turns
        assert turn.latency is not None
        assert turn.wait is not None
        assert turn.wait - turn.latency == pytest.approx(0.9, abs=0.3)
        assert turn.answer == "Four."
