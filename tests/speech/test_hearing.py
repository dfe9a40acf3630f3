"""The ear's edges on scripted windows: which sound is speech is given, what follows is tested."""

import tracemalloc

import numpy as np
import pytest

from bot.speech.hearing import BEFORE_SECONDS, RECENT_SECONDS, Edge, Hearing
from tests.fakes.turns import ScriptedDetector
from tests.fakes.voice import babble

RATE = 8000
WINDOW = RATE // 50
"""Samples; 20 ms: 8 windows start a stretch of speech, 10 silent ones end it."""
STARTS, STOPS = 8, 10
SLACK = 16
"""Windows that the ear may keep longer than it says, because it cuts only now and then."""

STIRRED, SETTLED, STARTED = Edge.STIRRED, Edge.SETTLED, Edge.STARTED
LIKELY = Edge.LIKELY
PAUSED, RESUMED, STOPPED = Edge.PAUSED, Edge.RESUMED, Edge.STOPPED


class Marks:
    """A detector that reads the first sample of a window: 1 speech, 2 noise, 0 silence."""

    def __init__(self) -> None:
        self.window = WINDOW
        self.level, self.confidence = -96.0, 0.0

    def speech(self, window: bytes) -> bool:
        assert len(window) == 2 * WINDOW
        mark = np.frombuffer(window, np.int16)[0]
        self.level = {0: -96.0, 1: -20.0, 2: -30.0, 3: -20.0, 4: -42.0}[int(mark)]
        self.confidence = 0.4 if mark in (3, 4) else 0.0
        return bool(mark == 1)

    @staticmethod
    def foresee(windows: object) -> None:
        raise AssertionError("one call's hearing judges nobody else's window")


def sound(script: str) -> bytes:
    """A window for each character.

    `#` speech, `~` noise, `?` perhaps speech, `,` the same, soft, `.` silence.
    """
    return b"".join(
        np.full(WINDOW, {"#": 1, "~": 2, "?": 3, ",": 4, ".": 0}[mark], np.int16).tobytes()
        for mark in script
    )


def numbered(count: int, first: int, mark: int) -> bytes:
    """Windows whose second sample is their number, to be found again."""
    windows = np.full((count, WINDOW), mark, np.int16)
    windows[:, 1] = np.arange(first, first + count)
    return windows.tobytes()


def numbers(pcm: bytes) -> list[int]:
    """The numbers of the windows in `pcm`."""
    return [int(n) for n in np.frombuffer(pcm, np.int16).reshape(-1, WINDOW)[:, 1]]


def edges(script: str, hearing: Hearing | None = None) -> list[tuple[int, Edge]]:
    """The edges of a script, each with the window that it was known at."""
    hearing = hearing or Hearing(Marks(), RATE)
    found = []
    for place, mark in enumerate(script):
        found += [(place, edge) for edge in hearing.hear(sound(mark))]
    return found


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("." * 20, []),
        ("~" * 20, []),
        ("#.", [(0, STIRRED), (1, SETTLED)]),
        ("?" * 4 + "." + "?" * 7 + ".", [(9, LIKELY)]),
        ("," * 20, []),
        ("#??????.??????", [(0, STIRRED), (1, SETTLED), (5, LIKELY), (12, LIKELY)]),
        ("#" * 7 + ".", [(0, STIRRED), (7, SETTLED)]),
        ("###..##.", [(0, STIRRED), (3, SETTLED), (5, STIRRED), (7, SETTLED)]),
        ("#" * 12, [(0, STIRRED), (7, STARTED)]),
        ("#" * 8 + "." * 9, [(0, STIRRED), (7, STARTED), (8, PAUSED)]),
        ("#" * 8 + "." * 12, [(0, STIRRED), (7, STARTED), (8, PAUSED), (17, STOPPED)]),
        (
            "#" * 8 + "." * 9 + "#.#",
            [
                (0, STIRRED),
                (7, STARTED),
                (8, PAUSED),
                (17, RESUMED),
                (18, PAUSED),
                (19, RESUMED),
            ],
        ),
        (
            "#" * 8 + "." * 10 + "#." + "#" * 8,
            [
                (0, STIRRED),
                (7, STARTED),
                (8, PAUSED),
                (17, STOPPED),
                (18, STIRRED),
                (19, SETTLED),
                (20, STIRRED),
                (27, STARTED),
            ],
        ),
    ],
)
def test_edges(script: str, expected: list[tuple[int, Edge]]) -> None:
    assert edges(script) == expected


def test_what_is_known_at_each_edge() -> None:
    hearing = Hearing(Marks(), RATE)
    assert hearing.window_seconds == pytest.approx(0.02)
    known = []
    for mark in "#" * 8 + "." * 10:
        if hearing.hear(sound(mark)):
            known.append((hearing.stirring, hearing.speaking))
    assert known == [(True, False), (False, True), (False, True), (False, False)]


@pytest.mark.parametrize("size", [1, 7, 160, 319, 320, 321, 1600, 4801, 10**6])
def test_the_pieces_that_audio_comes_in_change_nothing(size: int) -> None:
    script = "." * 60 + "#" * 3 + "." * 5 + "#" * 30 + "." * 4 + "#" * 9 + "~" * 70 + "#" * 9
    pcm = numbered(len(script), 0, 0)
    windows = np.frombuffer(pcm, np.int16).reshape(-1, WINDOW).copy()
    windows[:, 0] = [{"#": 1, "~": 2, "?": 3, ",": 4, ".": 0}[mark] for mark in script]
    pcm = windows.tobytes()
    whole, pieces = Hearing(Marks(), RATE), Hearing(Marks(), RATE)
    at_once = [edge for mark in range(len(script)) for edge in whole.hear(_window(pcm, mark))]
    in_pieces = [
        edge for at in range(0, len(pcm), size) for edge in pieces.hear(pcm[at : at + size])
    ]
    assert in_pieces == at_once
    assert STOPPED in at_once
    assert pieces.stretch() == whole.stretch()
    assert pieces.turn() == whole.turn()
    assert pieces.noise == whole.noise


def _window(pcm: bytes, number: int) -> bytes:
    return pcm[number * 2 * WINDOW : (number + 1) * 2 * WINDOW]


@pytest.mark.parametrize("silent", [40, 50, 66, 67, 68, 200, 3000])
def test_a_stretch_has_a_second_of_what_came_before_it(silent: int) -> None:
    hearing = Hearing(Marks(), RATE)
    hearing.hear(numbered(silent, 0, 0))
    hearing.hear(numbered(20, silent, 1))
    kept = numbers(hearing.stretch())
    assert kept == list(range(kept[0], silent + 20))  # nothing left out
    before = silent - kept[0]
    second = round(BEFORE_SECONDS / 0.02)
    assert min(silent, second) <= before <= second + SLACK


def test_a_stretch_does_not_have_the_words_of_the_one_before() -> None:
    hearing = Hearing(Marks(), RATE)
    hearing.hear(numbered(20, 0, 1) + numbered(STOPS, 20, 0))
    assert not hearing.speaking
    hearing.hear(numbered(5, 30, 0) + numbered(STARTS, 35, 1))
    assert numbers(hearing.stretch()) == list(range(30, 43))


def test_a_pauses_stretch_ends_with_the_first_silence() -> None:
    hearing = Hearing(Marks(), RATE)
    assert hearing.hear(numbered(20, 0, 1) + numbered(1, 20, 0)) == [STIRRED, STARTED, PAUSED]
    assert numbers(hearing.stretch())[-1] == 20


def test_a_turn_has_its_pauses_in_it_and_begins_before_its_first_word() -> None:
    hearing = Hearing(Marks(), RATE)
    hearing.hear(numbered(100, 0, 0))
    assert hearing.turn() == b""
    hearing.hear(numbered(20, 100, 1) + numbered(40, 120, 0) + numbered(20, 160, 1))
    said = numbers(hearing.turn())
    assert said == list(range(said[0], 180))
    assert 100 - 50 <= said[0] <= 100 - 20
    hearing.turn_over()
    assert hearing.turn() == b""
    hearing.hear(numbered(STOPS, 180, 0) + numbered(60, 190, 0) + numbered(STARTS, 250, 1))
    assert numbers(hearing.turn())[0] >= 190  # nothing of the last turn's words


def test_a_long_turn_is_cut_to_its_last_seconds() -> None:
    hearing = Hearing(Marks(), RATE)
    longest = 0.0
    for number in range(1500):
        hearing.hear(numbered(1, number % 1000, 1))
        longest = max(longest, len(hearing.turn()) / 2 / RATE)
    assert len(hearing.turn()) / 2 / RATE >= RECENT_SECONDS - 0.02
    assert numbers(hearing.turn())[-1] == 499
    assert longest <= RECENT_SECONDS


def test_noise_is_the_share_of_loud_windows_without_speech() -> None:
    hearing = Hearing(Marks(), RATE)
    hearing.hear(sound("." * 100))
    assert hearing.noise == 0.0
    hearing.hear(sound("~" * 80))
    assert 0.7 < hearing.noise < 0.9
    hearing.hear(sound("~" * 400))
    assert hearing.noise == pytest.approx(1.0, abs=0.01)
    hearing.hear(sound("#" * 100))
    assert hearing.noise == pytest.approx(1.0, abs=0.01)  # speech says nothing about it
    hearing.hear(sound("~." * 300))
    assert hearing.noise == pytest.approx(0.5, abs=0.05)
    hearing.hear(sound("." * 400))
    assert hearing.noise < 0.01


def test_lost_audio_ends_a_stretch_of_speech() -> None:
    hearing = Hearing(Marks(), RATE)
    assert hearing.silence() == []
    hearing.hear(sound("#" * 20))
    assert hearing.silence() == [PAUSED, STOPPED]
    assert not hearing.speaking
    assert hearing.silence() == []
    hearing.forget_stretch()
    assert edges("#" * 9, hearing) == [(0, STIRRED), (7, STARTED)]  # and it hears on


def test_audio_lost_in_a_pause_leaves_a_whole_next_stretch() -> None:
    hearing = Hearing(Marks(), RATE)
    hearing.hear(sound("#" * 20 + "." * 5))
    hearing.silence()
    assert edges("#" * 8 + "." * 10, hearing) == [
        (0, STIRRED),
        (7, STARTED),
        (8, PAUSED),
        (17, STOPPED),
    ]


def test_half_an_hour_of_silence_or_speech_over_and_over_takes_no_memory() -> None:
    hearing = Hearing(Marks(), RATE)
    minute = sound("." * 3000)
    chatter = sound(("#" * 30 + "." * 20 + "#" * 3 + "~" * 7) * 50)
    hearing.hear(minute + chatter)
    tracemalloc.start()
    hearing.hear(minute + chatter)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(30):
        hearing.hear(minute)
    for _ in range(10):
        hearing.hear(chatter)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 50_000


@pytest.mark.parametrize("rate", [8000, 16000])
def test_real_sound_at_both_rates(rate: int) -> None:
    hearing = Hearing(ScriptedDetector(rate), rate)
    silence = bytes(rate * 2)
    assert hearing.hear(silence + babble(1.0, rate).tobytes() + silence) == [
        STIRRED,
        LIKELY,
        STARTED,
        PAUSED,
        STOPPED,
    ]
