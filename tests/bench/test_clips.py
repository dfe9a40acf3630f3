"""Clips put together from parts, and the stand-in's ear that tells what a piece of one says."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soxr

from bench import recordings
from bench.clips import FRAME, HZ, Clip, even, join, load, spread, trim, voiced
from bench.listener import Listener, fast_size, written
from bench.noise import cough
from bench.scenes import VOICES, Scene, everything, pauses
from bot.telephony import mulaw

Samples = npt.NDArray[np.int16]


def speech(seconds: float, seed: int) -> Samples:
    """Noise in syllables of random loudness, as no other seed has it."""
    random = np.random.default_rng(seed)
    syllables = np.repeat(random.uniform(500, 6000, int(seconds * 8) + 1), HZ // 8)
    noise = random.uniform(-1, 1, int(seconds * HZ))
    return (noise * syllables[: len(noise)]).astype(np.int16)


def clip(number: int, texts: tuple[str, ...], gap: float = 0.5) -> Clip:
    scene = Scene(f"s{number}", "clause", VOICES[0], texts, (gap,) * (len(texts) - 1))
    parts = [(text, speech(1.5, number * 10 + n)) for n, text in enumerate(texts)]
    return Clip(scene, *_joined(parts, scene.gaps))


def _joined(parts, gaps):  # type: ignore[no-untyped-def]
    pcm, words = join(parts, gaps)
    return pcm, tuple(words)


def test_words_are_spread_by_their_length() -> None:
    a, bcd = spread("a bcd", 1.0, 4.0)
    assert (a.start, a.end) == (1.0, 2.0)
    assert (bcd.start, bcd.end) == (2.0, 4.0)


def test_parts_are_joined_with_the_gap_between_them() -> None:
    made = clip(1, ("one two", "three"), 0.8)
    assert len(made.pcm) == pytest.approx(3.8 * HZ)
    loud = voiced(made.pcm)
    assert not loud[76:114].any()
    assert loud[70]
    assert loud[120]
    assert made.words[-1].start == pytest.approx(2.3)


def test_trim_keeps_a_breath_around_the_voice() -> None:
    pcm = np.concatenate([np.zeros(HZ, np.int16), speech(1.0, 5), np.zeros(HZ, np.int16)])
    kept = trim(pcm)
    assert HZ <= len(kept) <= HZ + 4 * FRAME
    assert not trim(np.zeros(HZ, np.int16)).any()


CLIPS = [clip(1, ("where is the", "station please")), clip(2, ("good morning", "my name is"))]


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener(CLIPS)


def over_the_phone(pcm: Samples, shift: int) -> Samples:
    """µ-law and a resampling there and back, off the clip's own grid, with silence around."""
    pcm = np.concatenate([np.zeros(HZ // 3 + shift, np.int16), pcm, np.zeros(HZ // 5, np.int16)])
    line = np.frombuffer(mulaw.decode(mulaw.encode(pcm.tobytes())), np.int16)
    return soxr.resample(soxr.resample(line, HZ, 24000), 24000, HZ).astype(np.int16)


@pytest.mark.parametrize("shift", [0, 37, 79])
def test_a_whole_clip_is_understood(listener: Listener, shift: int) -> None:
    for made in CLIPS:
        assert listener.hear(over_the_phone(made.pcm, shift)) == made.scene.text.capitalize()


def test_a_piece_gives_only_its_own_words(listener: Listener) -> None:
    first = CLIPS[0].pcm[: round(1.6 * HZ)]
    assert listener.hear(over_the_phone(first, 11)) == "Where is the."
    second = CLIPS[1].pcm[round(1.8 * HZ) :]
    assert listener.hear(over_the_phone(second, 23)) == "My name is"


@pytest.mark.parametrize(
    ("words", "ends", "text"),
    [
        (["two", "coffees", "and"], False, "Two coffees and."),
        (["If", "it", "is", "fine,"], False, "If it is fine."),
        (["Is", "it?"], False, "Is it?"),
        (["one", "two"], True, "One two"),
        ([], False, ""),
    ],
)
def test_a_transcript_does_not_tell_that_more_is_coming(
    words: list[str], ends: bool, text: str
) -> None:
    assert written(words, ends=ends) == text


@pytest.mark.parametrize("least", [1, 100, 4097, 118_000])
def test_a_quick_size_is_large_enough_and_not_much_larger(least: int) -> None:
    size = fast_size(least)
    assert least <= size < 1.34 * least + 1
    for prime in (2, 3):
        while size % prime == 0:
            size //= prime
    assert size == 1


def test_short_words_of_one_loudness_are_told_apart() -> None:
    """As "yeah" and "not", said alike: for a third of a second only the wave differs."""
    said = [
        Clip(Scene(text, "clause", VOICES[0], (text,)), pcm, tuple(spread(text, 0.0, 0.3)))
        for text, pcm in (("yeah", speech(0.3, 7)), ("not", -speech(0.3, 8)))
    ]
    level = [np.abs(one.pcm.astype(float)).reshape(-1, HZ // 100).mean(axis=1) for one in said]
    scaled = said[1].pcm.reshape(-1, HZ // 100) * (level[0] / level[1])[:, np.newaxis]
    said[1] = Clip(said[1].scene, scaled.astype(np.int16).reshape(-1), said[1].words)
    listener = Listener(said)
    for shift in (0, 37, 79):
        heard = [listener.hear(over_the_phone(one.pcm, shift)) for one in said]
        assert heard == ["Yeah", "Not"]


def test_silence_and_strangers_say_nothing(listener: Listener) -> None:
    assert listener.hear(np.zeros(HZ, np.int16)) == ""
    assert listener.hear(speech(2.0, 999)) == ""


def test_the_halves_share_no_sentence_and_no_person_and_have_every_kind_and_gap() -> None:
    tuning, held = pauses("tuning"), pauses("held-back")
    assert not {s.text for s in tuning} & {s.text for s in held}
    people = [{s.voice.name for s in half if s.kind == "human"} for half in (tuning, held)]
    assert not people[0] & people[1]
    for half, voices in zip((tuning, held), people, strict=True):
        assert {max(s.gaps) for s in half} == {0.4, 0.8, 1.2}
        assert {s.voice.name for s in half} - voices == {"joe", "low", "high"}
        assert {s.kind for s in half} == {s.kind for s in tuning}
        assert all(len(s.parts) == len(s.gaps) + 1 for s in half)
        assert len({s.text for s in half if s.kind == "human"}) >= 12
        assert len(voices) >= 5
    names = [s.name for s in everything()]
    assert len(names) == len(set(names))


def test_a_cough_is_loud_short_and_each_its_own() -> None:
    one, other = cough("a", HZ), cough("b", HZ)
    assert 0.3 * HZ < len(one) < 1.2 * HZ
    assert voiced(one).any()
    assert not np.array_equal(one[: len(other)], other[: len(one)])
    assert np.array_equal(one, cough("a", HZ))


def test_people_are_equally_loud() -> None:
    faint = speech(1.0, 3).astype(np.float32) / 32768 * 0.2
    loud = faint * 4
    assert np.abs(even(faint).astype(int) - even(loud)).max() <= 1


def test_scenes_without_recordings_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> Path:
        raise recordings.RecordingsMissing("queen: no network")

    monkeypatch.setattr(recordings, "fetch", gone)
    said: list[str] = []
    wanted = [scene for scene in everything() if scene.kind in ("human", "cough")]
    found = load(wanted, tmp_path / "clips", said.append)
    assert {clip.scene.kind for clip in found} == {"cough"}
    assert said == ["clips of human speech are left out: queen: no network"]
