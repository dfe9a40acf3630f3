"""The messages of the media socket, and the codec in them."""

import json
import random

import numpy as np
import pytest
from pipecat.audio.dtmf.types import KeypadEntry

from bot.telephony import media, mulaw


def test_what_twilio_sends_is_understood() -> None:
    start = {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": "MZ1",
        "start": {
            "accountSid": "AC1",
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"from_number": "+1"},
        },
    }
    assert media.parse(json.dumps(start)) == media.Start("MZ1", "CA1", "AC1", {"from_number": "+1"})
    for text, expected in (
        ('{"event":"connected","protocol":"Call","version":"1.0.0"}', media.Connected()),
        (
            '{"event":"media","streamSid":"MZ1","media":{"track":"inbound","payload":"/38="}}',
            media.Media(b"\xff\x7f"),
        ),
        (
            '{"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"#"}}',
            media.Digit(KeypadEntry.POUND),
        ),
        ('{"event":"mark","streamSid":"MZ1","mark":{"name":"m1"}}', media.Mark("m1")),
        ('{"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA1"}}', media.Stop()),
    ):
        assert media.parse(text, "MZ1") == expected


def test_no_text_whatever_raises_anything_but_bad_message() -> None:
    rng = random.Random(7)
    whole = '{"event":"media","streamSid":"MZ1","media":{"track":"inbound","payload":"//8="}}'
    values = [None, True, 7, -1.5, "", "x", [], {}, [[]], {"a": 1}]
    bad = 0
    for _ in range(3000):
        text = list(whole)
        for _ in range(rng.randint(1, 4)):
            text[rng.randrange(len(text))] = rng.choice('{}[]":,0\\é x')
        message = {
            rng.choice(["event", "media", "mark", "start", "dtmf", "streamSid"]): rng.choice(values)
            for _ in range(4)
        } | {"event": rng.choice(["media", "mark", "start", "dtmf", "stop", 5, None])}
        for candidate in ("".join(text), json.dumps(message)):
            try:
                media.parse(candidate, "MZ1")
            except media.BadMessage:
                bad += 1
    assert bad > 3000


def test_what_is_sent_reads_as_twilio_wants_it() -> None:
    assert json.loads(media.media("MZ1", b"\xff\x7f")) == {
        "event": "media",
        "streamSid": "MZ1",
        "media": {"payload": "/38="},
    }
    assert json.loads(media.mark("MZ1", "m1")) == {
        "event": "mark",
        "streamSid": "MZ1",
        "mark": {"name": "m1"},
    }
    assert json.loads(media.clear("MZ1")) == {"event": "clear", "streamSid": "MZ1"}


def test_mulaw_keeps_every_code_and_is_close_for_every_sample() -> None:
    codes = bytes(range(256))
    again = mulaw.encode(mulaw.decode(codes))
    assert [i for i in range(256) if again[i] != i] == [0x7F]  # the second zero
    samples = np.arange(-32768, 32768)
    decoded = np.frombuffer(mulaw.decode(mulaw.encode(samples.astype("<i2").tobytes())), "<i2")
    error = np.abs(np.clip(samples, -32124, 32124) - decoded.astype(np.int32))
    assert (error <= np.maximum(4, np.abs(samples) / 30 + 4)).all()
    assert mulaw.decode(mulaw.SILENCE) == b"\x00\x00"
    assert mulaw.encode(b"\x00\x00\x01") == mulaw.SILENCE


@pytest.mark.parametrize(
    ("code", "sample"), [(0x00, -32124), (0x80, 32124), (0x8F, 16764), (0xFE, 8), (0x7E, -8)]
)
def test_mulaw_values_of_the_standard(code: int, sample: int) -> None:
    assert np.frombuffer(mulaw.decode(bytes([code])), "<i2")[0] == sample
