"""Tells words from what Whisper makes up when nobody speaks."""

import re

NO_SPEECH = 0.6  # Whisper's own threshold, counted only below CONFIDENT
CONFIDENT = -1.0  # mean log probability of a token: Whisper's own threshold
HEARD_IN_NOISE = frozenset(
    {"you", "thank you", "thanks for watching", "thank you for watching", "bye", "the end"}
)


def imagined(text: str, no_speech: float, score: float) -> bool:
    """Whether a transcript is noise: a label like "[wind]", unsure, or a known invention.

    `no_speech` is Whisper's probability that nobody spoke, `score` the mean log probability of a
    token.
    """
    if not re.search(r"\w", text) or re.fullmatch(r"[\[(*].*[\])*]\.?", text):
        return True
    if no_speech > NO_SPEECH and score < CONFIDENT:
        return True
    words = re.sub(r"[^a-z ]", "", text.lower()).strip()
    return words in HEARD_IN_NOISE and no_speech > NO_SPEECH / 2
