"""What the models of the part `handoff` answer, the fast one and Claude alike.

A note asked for is made by a tool and then confirmed; a job is handed over and acknowledged.
"""

import re
from collections.abc import Sequence

from bench.synthetic import JOBS
from tests.fakes.script import Ask, CallTool, Emit, Say

CONFIRMED = "I have noted that"
"""How every confirmation of a note begins."""
ACKNOWLEDGED = "I am on it."
_MAKE, _HAND_OVER = "bot_create_note", "bot_openclaw_task"
_NOTE = re.compile(r"take a note\W+that ([^.?]+)", re.IGNORECASE)
_CURRENT = "[Current message - respond to this]\n"
"""Where OpenClaw's chat completions begin the newest message, behind all that came before."""
_SPEAKER = re.compile(r"^(User|Assistant|Tool:\S+): ", re.MULTILINE)
_STEP = (
    "I have read the first few pages that I found. Some of the prices on them are from last year, "
    "so I will check them against the companies' own tables before I compare anything."
)


def content(words: str) -> str:
    """What a caller wants to have noted; "" if they want no note."""
    found = _NOTE.findall(words)
    return " ".join(found[-1].split()) if found else ""


def job(words: str) -> str:
    """The name of the job that words are about, a key of `JOBS`; "" if it is none of those."""
    return next((name for name in JOBS if name in words.lower()), "")


def talk(ask: Ask) -> Emit | None:
    """The tool that the caller's last words want, or what is said of its result.

    None if they want none, or it is not offered.
    """
    words, results = newest(ask)
    if (note := content(words)) and _MAKE in ask.tools:
        title = " ".join(note.split()[-2:]).capitalize()
        make = CallTool(_MAKE, {"title": title, "content": note})
        return Say(f"{CONFIRMED} {note}.") if results else make
    if job(words) and _HAND_OVER in ask.tools:
        return Say(ACKNOWLEDGED) if results else CallTool(_HAND_OVER, {"task": words})
    return None


def newest(ask: Ask) -> tuple[str, Sequence[str]]:
    """(the caller's last words, what tools have answered since), also of a conversation that
    OpenClaw has put into one message."""
    before, flat, now = ask.user.rpartition(_CURRENT)
    if not flat:
        return ask.user, ask.results
    pieces = _SPEAKER.split(f"{before.rstrip()}\n{now}")
    said = list(zip(pieces[1::2], pieces[2::2], strict=True))
    last = max((n for n, (who, _) in enumerate(said) if who == "User"), default=-1)
    words = said[last][1].strip() if last >= 0 else ""
    return words, [text.strip() for who, text in said[last + 1 :] if who.startswith("Tool:")]


def step(number: int) -> list[Emit]:
    """One step of a job that is not done: some words, and a command that takes two seconds."""
    return [Say(_STEP), CallTool("exec", {"command": f"sleep 2; echo page {number} read"})]
