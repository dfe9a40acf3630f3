"""Whom a caller means: the business's contacts, the caller, or a number where that is allowed."""

import re

from bot.store.once import folded
from tools.toolbox import Toolbox, ToolFailed

_ANYBODY = frozenset(
    [
        "human",
        "person",
        "somebody",
        "someone",
        "anyone",
        "agent",
        "operator",
        "staff",
        "mensch",
        "jemand",
    ]
)


def contact(box: Toolbox, to: str) -> tuple[str, str]:
    """(name, number) of the contact that is meant.

    Raises:
        ToolFailed: there is none, or it is not clear which; the text names them all.
    """
    found = match(box, to)
    if found:
        return found
    names = ", ".join(box.settings.contacts)
    raise ToolFailed(f"Not done: there is no {to}. There are: {names}. Ask which one is meant.")


def addressee(box: Toolbox, to: str) -> tuple[str, str]:
    """(name, number) of whom a text message is for.

    Only the caller and the business's contacts, unless the operator allows everybody: else anybody
    could make the bot send anything anywhere, on the operator's bill.

    Raises:
        ToolFailed: nobody, or nobody who may be texted; the text says who may.
    """
    digits = "+" + re.sub(r"\D", "", to) if to.strip().startswith("+") else ""
    if (
        not to
        or folded(to) in ("me", "caller", "the caller", "my phone", "mich")
        or (digits and digits == box.number)
    ):
        if box.number:
            return "the caller", box.number
        raise ToolFailed("Not done: the caller's own number is not known. Say so.")
    if found := match(box, to):
        return found
    if box.settings.SMS_TO_ANYBODY and re.fullmatch(r"\+[1-9]\d{6,14}", digits):
        return digits, digits
    names = ", ".join(["the caller", *box.settings.contacts])
    more = " or a number with its country code" if box.settings.SMS_TO_ANYBODY else ""
    raise ToolFailed(f"Not done: a text message can go to {names}{more}; not to {to}.")


def match(box: Toolbox, words: str) -> tuple[str, str] | None:
    """The contact that is meant; the only one there is, for 'a person'."""
    contacts, wanted = box.settings.contacts, set(folded(words).split())
    named = [name for name in contacts if set(folded(name).split()) & wanted]
    if not named and len(contacts) == 1 and wanted & _ANYBODY:
        named = list(contacts)
    exact = [name for name in named if folded(name) == folded(words)]
    chosen = exact or named
    return (chosen[0], contacts[chosen[0]]) if len(chosen) == 1 else None
