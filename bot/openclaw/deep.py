"""What one call's tools get of the deep brain; the pipeline makes it and hands it to them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from bot.openclaw.asked import CallTasks
from bot.openclaw.thinking import Thinker

Speak = Callable[[AsyncIterator[str]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class DeepBrain:
    """The deep brain, as one call may use it.

    Args:
        tasks: The caller's delegated tasks; None without OpenClaw.
        thinker: Answers one question; None if nobody can.
        speak: Says text as it comes, after what is being said, and returns what the caller heard.
            It stops asking for more when the caller speaks. Errors of the iterator come through.
        dismiss: Says no more of results that are being told or wait to be; False if there are none.
    """

    tasks: CallTasks | None
    thinker: Thinker | None
    speak: Speak
    dismiss: Callable[[], bool] = lambda: False
