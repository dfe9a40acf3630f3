"""The speech detector decides as Pipecat's analyzer does, and calls do not disturb one another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams

from bot.speech import turn, vad
from bot.speech.vad import SpeechDetector
from bot.telephony import mulaw

Samples = npt.NDArray[np.float64]
CALLS = 16


def noise(seconds: float, decibels: float, rate: int, seed: int = 0) -> Samples:
    generator = np.random.default_rng(seed)
    return generator.normal(0.0, 32768 * 10 ** (decibels / 20), int(seconds * rate))


def voice(seconds: float, rate: int, pitch: float = 110.0, seed: int = 0) -> Samples:
    """Buzzing vowels, four syllables a second: speech to Silero, -20 dBFS or so."""
    time = np.arange(int(seconds * rate)) / rate
    wander = 1 + 0.04 * np.sin(2 * np.pi * 3.1 * time + seed)
    phase = 2 * np.pi * np.cumsum(pitch * wander) / rate
    sound = np.zeros_like(time)
    for harmonic in range(1, int(3400 / pitch)):
        frequency = harmonic * pitch
        formants = sum(
            gain / (1 + ((frequency - centre - 200 * np.sin(2 * np.pi * 2.3 * time)) / 90) ** 2)
            for gain, centre in ((1.0, 600), (0.5, 1200), (0.25, 2500))
        )
        sound += formants * np.sin(harmonic * phase)
    syllables = 0.15 + 0.85 * np.abs(np.sin(2 * np.pi * 2 * time))
    sound *= syllables
    return np.asarray(sound / np.abs(sound).max() * 12000)


def talk(rate: int, floor: float, gain: float = 0.0, seed: int = 0) -> bytes:
    """Silence and speech in turns, on a line with noise of `floor` dBFS."""
    loud = 10 ** (gain / 20)
    parts = [np.zeros(int(2.1 * rate))]
    for number in range(3):
        parts.append(loud * voice(1.3, rate, 100 + 25 * number, seed))
        parts.append(np.zeros(int((0.3, 1.7, 2.6)[number] * rate)))
    sound = np.concatenate(parts)
    sound += noise(len(sound) / rate, floor, rate, seed)[: len(sound)]
    pcm = np.clip(sound, -32768, 32767).astype("<i2").tobytes()
    return mulaw.decode(mulaw.encode(pcm))


def windows(pcm: bytes, samples: int) -> list[bytes]:
    size = samples * 2
    return [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]


def pipecats(pcm: bytes, rate: int) -> tuple[list[float], list[bool]]:
    """Pipecat's confidence and decision for each window."""
    analyzer = SileroVADAnalyzer(sample_rate=rate, params=VADParams())
    analyzer.set_sample_rate(rate)
    judge: Callable[[bytes], float] = analyzer.voice_confidence
    confidences: list[float] = []

    def judged(window: bytes) -> float:
        confidences.append(float(np.asarray(judge(window)).item()))
        return confidences[-1]

    analyzer.voice_confidence = judged  # type: ignore[method-assign]
    decisions = []
    for window in windows(pcm, analyzer.num_frames_required()):
        analyzer._run_analyzer(window)
        decisions.append(confidences[-1] >= 0.7 and analyzer._prev_volume >= 0.6)
    analyzer._executor.shutdown()
    return confidences, decisions


def ours(pcm: bytes, rate: int) -> tuple[list[float], list[bool]]:
    detector = SpeechDetector(rate)
    confidences, decisions = [], []
    for window in windows(pcm, detector.window):
        decisions.append(detector.speech(window))
        confidences.append(detector.confidence)
    return confidences, decisions


def stretches(decisions: list[bool]) -> list[tuple[int, int]]:
    """First and last window of each stretch of speech; shorter gaps than 0.2 s do not part it."""
    found: list[tuple[int, int]] = []
    for at in np.flatnonzero(decisions).tolist():
        if found and at - found[-1][1] <= 6:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return [(first, last) for first, last in found if last - first >= 6]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_on_a_line_with_some_noise_the_model_says_what_it_says_in_pipecat(rate: int) -> None:
    pcm = talk(rate, floor=-50)
    theirs, their_decisions = pipecats(pcm, rate)
    mine, my_decisions = ours(pcm, rate)
    assert mine == theirs
    assert max(mine) > 0.9 > 0.1 > min(mine), "the sound has to have speech and silence in it"
    assert sum(a != b for a, b in zip(my_decisions, their_decisions, strict=True)) <= 6
    assert len(stretches(my_decisions)) >= 2
    for (first, last), (start, end) in zip(
        stretches(my_decisions), stretches(their_decisions), strict=True
    ):
        assert abs(first - start) <= 2
        assert last == end


@pytest.mark.parametrize("rate", [8000, 16000])
def test_after_a_rest_speech_is_noticed_no_later_than_by_pipecat(rate: int) -> None:
    pcm = talk(rate, floor=-75)
    mine, their = stretches(ours(pcm, rate)[1]), stretches(pipecats(pcm, rate)[1])
    assert len(mine) == len(their) >= 2
    for (first, last), (start, end) in zip(mine, their, strict=True):
        assert first <= start + 1
        assert abs(last - end) <= 1


def test_the_model_rests_while_nothing_stirs(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = SpeechDetector(8000)
    judge, runs = detector._judge, []

    def counted() -> None:
        runs.append(1)
        judge()

    monkeypatch.setattr(detector, "_judge", counted)
    for _ in range(1000):
        detector.speech(bytes(512))
    assert len(runs) < 30
    detector.speech(np.full(256, 1000, "<i2").tobytes())
    assert len(runs) < 50


def test_a_quiet_voice_is_speech_and_a_whisper_below_the_noise_of_lines_is_not() -> None:
    loud = sum(ours(talk(8000, -70), 8000)[1])
    quiet = sum(ours(talk(8000, -70, gain=-20), 8000)[1])
    assert quiet > 0.8 * loud > 0
    assert not any(ours(talk(8000, -90, gain=-40), 8000)[1])


def test_noise_silence_and_tones_are_not_speech() -> None:
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(24000) / 8000)
    for sound in (np.zeros(24000), noise(3, -30, 8000), tone):
        assert sum(ours(sound.astype("<i2").tobytes(), 8000)[1]) <= 2


def test_level_is_the_root_mean_square_of_the_window_in_dbfs() -> None:
    detector = SpeechDetector(16000)
    assert detector.level == vad.SILENT_DB
    detector.speech(np.full(512, 3277, "<i2").tobytes())
    assert detector.level == pytest.approx(-20.0, abs=0.01)
    detector.speech(bytes(1024))
    assert detector.level == vad.SILENT_DB


def test_after_a_reset_it_hears_as_a_new_one() -> None:
    pcm = talk(8000, floor=-65)
    used = SpeechDetector(8000)
    for window in windows(pcm, 256):
        used.speech(window)
    used.reset()
    fresh = SpeechDetector(8000)
    for window in windows(pcm, 256):
        assert used.speech(window) == fresh.speech(window)
        assert used.confidence == fresh.confidence


def test_other_rates_and_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        SpeechDetector(44100)
    detector = SpeechDetector(8000)
    for size in (0, 510, 514, 1024):
        with pytest.raises(ValueError, match="256"):
            detector.speech(bytes(size))


def test_sixteen_calls_at_once_hear_what_each_would_hear_alone() -> None:
    """On the shared session, numerically equal to a session of its own for each call."""
    calls = [windows(talk(8000, -45, seed=seed), 256) for seed in range(CALLS)]

    def hear(call: list[bytes], session: onnxruntime.InferenceSession) -> list[float]:
        detector = SpeechDetector(8000)
        detector._session = session
        heard = []
        for window in call:
            detector.speech(window)
            heard.append(detector.confidence)
        return heard

    path = resources.files("pipecat.audio.vad.data") / "silero_vad.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    own = [onnxruntime.InferenceSession(path.read_bytes(), options) for _ in calls]
    alone = [hear(call, session) for call, session in zip(calls, own, strict=True)]
    with ThreadPoolExecutor(CALLS) as threads:
        together = list(threads.map(hear, calls, [vad.session()] * CALLS))
    assert together == alone
    assert len({tuple(heard) for heard in alone}) == CALLS


def test_windows_judged_together_are_judged_as_each_would_be_alone() -> None:
    """Calls of both rates, in whatever company; some of them rest, wake and run up."""
    rates = [8000, 16000]
    calls = [
        windows(
            bytes(2 * rate * (seed % 3)) + talk(rate, -45 - 10 * (seed % 3), seed=seed), 256 * n
        )
        for n, rate in enumerate(rates, 1)
        for seed in range(CALLS // 2)
    ]
    alone = [SpeechDetector(rate) for rate in rates for _ in range(CALLS // 2)]
    together = [SpeechDetector(rate) for rate in rates for _ in range(CALLS // 2)]
    chance = np.random.default_rng(1)
    heard = 0
    for at in range(max(map(len, calls))):
        there = [n for n, call in enumerate(calls) if at < len(call)]
        now = chance.permutation(there)[: chance.integers(1, len(there) + 1)]
        SpeechDetector.foresee((together[n], calls[n][at]) for n in now)
        for n in there:
            speech = alone[n].speech(calls[n][at])
            assert together[n].speech(calls[n][at]) == speech
            assert together[n].confidence == pytest.approx(alone[n].confidence, abs=1e-4)
            assert together[n].level == alone[n].level
            heard += speech
    assert heard > 100


def test_sixteen_smart_turns_at_once_judge_as_each_would_alone() -> None:
    """The same for the turn model."""
    sounds = [
        (voice(1.0 + seed / 8, 16000, 90 + 9 * seed, seed) / 32768).astype(np.float32)
        for seed in range(CALLS)
    ]
    own = LocalSmartTurnAnalyzerV3(cpu_count=1)
    alone = [own._predict_endpoint(sound)["probability"] for sound in sounds]
    with ThreadPoolExecutor(CALLS) as threads:
        together = list(threads.map(turn.certainty, sounds * 2))
    assert together == alone * 2
    assert len(set(alone)) > CALLS // 2
