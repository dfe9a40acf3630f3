"""What people say in the recordings (`bench.recordings`), cut by hand.

A piece is `entry from-to words`; times are seconds in the recording and lie in its silences. `/`
stands where the clip pauses; the speakers themselves paused there too, or ended a line. A `+` joins
without a pause of the test's: the speaker's own comma is put there. The words are the recording's
script, checked against what the embedded Whisper (base) hears. The halves share no speaker.
"""

import re
from collections.abc import Iterator

from bench.scene import GAPS, Half, Kind, Scene, Take, Voice

_BREATH = 0.12
"""Seconds put where a speaker's line goes on (`+`)."""

_TUNING = """
bob      | 0700A7P1 0-0.89 Sorry, / 0700A7P1 0.89-3.7 but that's not my area of expertise.
bob      | 06001FP2 0-1.6 We're going out tonight, / 06001FP2 1.6-4.1 and I was hoping to give her some flowers.
bob      | 0600A5P2 0-2.05 If you want to be special, / 0600A5P2 2.05-4.1 do something to impress me.
bob      | 0700A4P1 0-2.14 Um, they're, ah, / 0700A4P2 0-3.76 they're Swedish nature films, that's what they are.
bob      | 77002EP3 0-1.9 I don't know what they're up to, / 77002EP3 1.9-3.97 but I'm sure it's no good!
jim      | 260020P1 0-1.32 Don't bother. / 260020P1 1.32-3.81 It's a lousy tourist spot.
jim      | 260020P2 0-3.29 Mary-Lou and I took a day trip there last spring, / 260020P3 0-3.19 and the tour guide was a real grouch.
jim      | 250023P3 0-2.09 The one in the middle is Cheetah, / 250023P4 0-3.24 and the one in the pirate hat is called Bubbles.
jim      | 2600BAP2 0-2.05 Once you begin studying them, / 2600BAP2 2.05-3.97 you'll find it hard to stop.
henry    | 240006P3 0-0.9 Turn left, / 240006P3 0.9-2.19 then take the third.
henry    | 240032P4 0-1.5 Now if you don't mind, / 240032P4 1.5-2.93 I've got work to do!
reception| 48002AP1 0-1.57 For security reasons, / 48002AP1 1.57-5.33 I need some proof that you are who you say you are.
reception| 480033P1 0-0.93 Sorry, / 480033P1 0.93-4.86 I can't let you in unless you have your equipment.
reception| 48002BP2 0-1.3 Do all the rooms, / 48002BP2 1.3-3.45 except for the library.
allison  | vm-num-i-have.wav 0-9 The number I have is / digits/5.wav 0-9 five + digits/5.wav 0-9 five + digits/2.wav 0-9 two.
allison  | digits/4.wav 0-9 Four + digits/1.wav 0-9 one + digits/9.wav 0-9 nine, / digits/7.wav 0-9 seven + digits/0.wav 0-9 zero + digits/3.wav 0-9 three.
"""  # noqa: E501 - one line a text

_HELD_BACK = """
ferryman | 120325P2 0-2.4 Just to be sure, / 120325P2 2.4-6.74 why don't you go for a bit of a dip?
ferryman | 120325P1 0-1.6 You know, / 120325P1 1.6-4.7 I think you might be right.
ferryman | 130008P1 0-1.0 Well, / 130008P1 1.0-6.11 I know that it's not a very popular tourist spot.
naomi    | 37001EP1 0-4.1 A lot of people mistake it for a pesticide pack, / 37001EP1 4.1-7.21 but it's definitely a vacuum cleaner.
naomi    | 370028P2 0-3.8 If you're thinking of asking them to teach you Pygmy, / 370028P2 3.8-5.12 forget it.
naomi    | 3700FEP2 0-2.61 But I could trade you something of mine, / 3700FFP2 0-3.29 but I could give you something of mine.
lola     | 3100DBP2 0-2.0 What I do is my business, / 3100DBP2 2.0-3.97 so let's drop the subject.
lola     | 3100DBP1 0-0.75 Look, / 3100DBP1 0.75-3.03 I am not your girlfriend anymore.
smith    | 35009CP3 0-1.05 Ah, / 35009CP3 1.05-2.4 about two days.
smith    | 3500B8P1 0-1.26 Very nice stick. / 3500B8P1 1.26-3.03 That's a baseball bat!
laris    | 290033P2 0-1.34 And if I did, / 290033P2 1.34-4.08 I wouldn't give any to you!
mechanic | 740023P1 0-1.34 From what I saw, / 740023P1 1.34-3.45 the only way in is by air.
mechanic | 53002AP3 0-0.65 No, / 53002AP3 0.65-2.51 maybe it was two hours.
missus   | 690007P2 0-4.08 Jimmy and I used to live in Little Rock, Arkansas, / 690007P3 0-3.66 but we got tired of the busy city life.
missus   | 5700AEP2 0-2.66 But it's the only one I have, / 5700AEP2 2.66-5.43 and I can't risk losing it.
diane    | sample.wav 10.6-12.47 Okay, I heard a beep. / sample.wav 12.47-14.35 This is Diane in New Jersey.
sheila   | sample.wav 14.35-16.05 I'm Sheila, in Texas, / sample.wav 16.05-17.85 originally from Chicago.
diane    | sample.wav 18.25-20.1 I'm originally from Chicago also. / sample.wav 20.1-21.55 I'm in New Jersey now, though.
dealer   | cards/005.wav 0-1.2 Eight of spades, / cards/005.wav 1.2-2.08 four of clubs, / cards/005.wav 2.08-3.5 seven of hearts.
reader   | librivox/sense_and_sensibility_01_austen_64kb-0880.wav 0-2.99 He was not an ill-disposed young man, / librivox/sense_and_sensibility_01_austen_64kb-0890.wav 0-5.3 unless to be rather cold-hearted and rather selfish is to be ill-disposed.
"""  # noqa: E501 - one line a text

_COMPLETE = """
joe      | 370025J1 0-9 Could you give me a haircut?
reception| 480008P5 0-9 Who are you anyway?
joe      | 5700AEJ1 0-9 Can I have a look at the dictionary?
joe      | 6700A6J1 0-9 Do you have any perfumes in stock?
joe      | 510007J1 0-9 Can you stop the water leak?
joe      | 29002AJ1 0-9 Are there any special shows on today?
"""
"""Whole utterances in one breath, for speed."""

_INTERJECTIONS: tuple[tuple[Kind, str], ...] = (
    (
        "barge-in",
        """
henry    | 240006P4 0-9 Hang on!
smith    | 350029P2 0-9 No, that wasn't the question.
reception| 4800DBP2 0-9 No, no, no.
reception| 480033P1 0-4.86 Sorry, I can't let you in unless you have your equipment.
bob      | 77002EP3 0-3.97 I don't know what they're up to, but I'm sure it's no good!
missus   | 570374P2 0-3.29 Sorry, but I'm not interested.
""",
    ),
    (
        "backchannel",
        """
faye     | 20001FP1 0-9 Uh huh.
mechanic | 5300CDP1 0-9 Uh huh.
naomi    | 370009P1 0-9 Okay.
smith    | 35009DP1 0-9 Okay.
bob      | 770028P1 0-9 Okay.
bud      | 0800B7P2 0-9 Yes.
""",
    ),
)
"""What people say into the bot's answer."""

_PIECE = re.compile(r"(\S+) ([\d.]+)-([\d.]+) (.+)")
_SOURCES = {"allison": "allison", "reader": "sphinx", "dealer": "sphinx"} | dict.fromkeys(
    ("diane", "sheila"), "pyannote"
)
"""Where a speaker is recorded, if not in the game."""


def pauses(half: Half) -> list[Scene]:
    """The clips of one half: every text with two of the three gaps."""
    scenes = []
    for n, (speaker, parts) in enumerate(_rows(_TUNING if half == "tuning" else _HELD_BACK)):
        for turn in range(2):
            gap = GAPS[(n + turn + n // len(GAPS)) % len(GAPS)]
            name = f"{half[0]}-human{n:02d}-{gap:g}-{speaker}"
            scenes.append(_scene(name, "human", speaker, parts, gap, half))
    return scenes


def complete() -> list[Scene]:
    """Whole utterances, without a pause."""
    return [
        _scene(f"human{n:02d}-{speaker}", "human", speaker, parts)
        for n, (speaker, parts) in enumerate(_rows(_COMPLETE))
    ]


def interjections() -> list[Scene]:
    """Barge-ins and backchannels."""
    return [
        _scene(f"human-{kind}{n}-{speaker}", kind, speaker, parts)
        for kind, table in _INTERJECTIONS
        for n, (speaker, parts) in enumerate(_rows(table))
    ]


_Part = tuple[str, Take, bool]
"""Words, recording, and whether the test's pause follows."""


def _rows(table: str) -> Iterator[tuple[str, list[_Part]]]:
    for line in table.strip().splitlines():
        speaker, _, pieces = line.partition("|")
        source = _SOURCES.get(speaker.strip(), "queen")
        found = [*re.split(r" ([/+]) ", pieces.strip()), ""]
        parts = []
        for piece, mark in zip(found[::2], found[1::2], strict=True):
            match = _PIECE.fullmatch(piece)
            assert match is not None, f"not a piece of a recording: {piece}"
            entry, start, end, words = match.groups()
            parts.append((words, Take(source, entry, float(start), float(end)), mark == "/"))
        yield speaker.strip(), parts


def _scene(
    name: str,
    kind: Kind,
    speaker: str,
    parts: list[_Part],
    gap: float = 0,
    half: Half | None = None,
) -> Scene:
    return Scene(
        name,
        kind,
        Voice(speaker, 1.0, 1.0),
        tuple(words for words, _, _ in parts),
        tuple(gap if paused else _BREATH for _, _, paused in parts[:-1]),
        half,
        tuple(take for _, take, _ in parts),
    )
