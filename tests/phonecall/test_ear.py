"""The caller's ear plays as Twilio does: in order, 20 ms a tick, with marks and clear."""

from bot.phonecall.ear import FRAME, TICK, Ear
from bot.telephony import mulaw
from tests.telephony.bots import tone


def test_silence_is_played_when_nothing_came() -> None:
    ear = Ear()
    assert ear.tick() == (mulaw.SILENCE * FRAME, [])
    assert ear.now == TICK
    assert ear.audible_ticks == []
    assert (ear.first_audible(0), ear.last_audible) == (None, 0)


def test_a_mark_comes_back_when_the_audio_before_it_was_played() -> None:
    ear = Ear()
    ear.mark("at once")
    ear.take(mulaw.encode(tone(0.05)))
    ear.mark("after")
    assert ear.tick()[1] == ["at once"]
    assert ear.tick()[1] == []
    played, names = ear.tick()
    assert names == ["after"]
    assert played.endswith(mulaw.SILENCE * (FRAME // 2))
    assert ear.buffered == 0


def test_a_clear_returns_pending_marks_and_plays_nothing_more() -> None:
    ear = Ear()
    ear.take(mulaw.encode(tone(1.0)))
    ear.mark("end")
    ear.tick()
    assert ear.clear() == ["end"]
    assert ear.tick() == (mulaw.SILENCE * FRAME, [])
    assert ear.clears == 1
    assert ear.audible_ticks == [0]


def test_when_the_bot_was_heard() -> None:
    ear = Ear()
    for _ in range(5):
        ear.tick()
    ear.take(mulaw.encode(bytes(320) + tone(0.04)))
    for _ in range(5):
        ear.tick()
    assert ear.first_audible(0) == 6 * TICK
    assert ear.first_audible(7 * TICK) == 7 * TICK
    assert ear.first_audible(8 * TICK) is None
    assert ear.last_audible == 8 * TICK
    assert ear.between(6 * TICK, 8 * TICK) == mulaw.encode(tone(0.04))
