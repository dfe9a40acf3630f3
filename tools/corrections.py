"""What was done a moment ago and is put right now: "no, Tuesday".

Models call the same tool once more for that, and would leave two of it. What this call has made is
remembered by its kind; a tool that makes one of the kind asks first whether it replaces one.

    former = await mistaken(box, "meeting", correction, lambda made: alike(made.title, title))
    …
    remember(box, "meeting", meeting, instead_of=former)
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.store.once import folded
from tools.toolbox import Toolbox

CLOSE = 0.72
"""How alike (difflib's ratio) a thing and its correction are at least."""
UNCHANGED = (
    "Not done: that is what it says already. If you know what it should say, call {tool} again. "
    "Otherwise: Ask the caller: What should it say instead?"
)
"""For a model that repeats what was to be corrected; small ones do."""


@dataclass(slots=True)
class _Made:
    turn: int
    thing: Any


async def mistaken(box: Toolbox, kind: str, said: bool, fits: Callable[[Any], bool]) -> Any | None:
    """The thing that is put right now, or None: then a new one is meant.

    It is one that this call has made, fits, and of which the model says that it is corrected; or
    one of the turn before, when the caller has just said a no.

    Args:
        box: The call's toolbox.
        kind: What is looked for.
        said: Whether the model says that it corrects something.
        fits: Whether a thing of the kind may be meant: a no may also be an answer to something
            else ("anything else?"), and what was arranged is not to be lost by it.
    """
    refused = box.refused()
    if not (said or refused):
        return None
    await box.memory.settle()  # a caller who breaks in corrects what is just being done
    for made in reversed(_made(box, kind)):
        lately = refused and made.turn == box.turn() - 1
        if (said or lately) and fits(made.thing):
            return made.thing
    return None


def remember(box: Toolbox, kind: str, thing: Any, instead_of: Any = None) -> None:
    """Note what was made in this turn, in place of what it corrects."""
    every = _made(box, kind)
    every[:] = [made for made in every if made.thing is not instead_of]
    every.append(_Made(box.turn(), thing))


def alike(old: str, new: str, least: float = CLOSE) -> bool:
    """Whether two texts say nearly the same: how one tells a correction from another matter."""
    ratio = difflib.SequenceMatcher(None, folded(old), folded(new), autojunk=False).ratio()
    return ratio >= least


def _made(box: Toolbox, kind: str) -> list[_Made]:
    made: list[_Made] = box.memory.results.setdefault(f"made: {kind}", [])
    return made
