"""What callers send and leave for others, by text message or in the store, and its correction.

A text message cannot be called back: who has got a wrong one gets one that says that it replaces
it, or, where it was for somebody else, that it is to be ignored.
"""

from dataclasses import dataclass

from bot.store import desk
from bot.store.once import folded
from bot.store.put_right import Gone, reword
from tools.contacts import match
from tools.corrections import CLOSE, UNCHANGED, alike, mistaken, remember
from tools.running import acting, once_key
from tools.text_messages import Sent, replacing, send_text, taking_back, try_send_text
from tools.toolbox import Toolbox, ToolFailed

_SAME_PERSON, _SAID = 0.6, 0.4
"""How alike a message and its correction are at least, where they are for the same person; and
where the model says besides that it is one."""


@dataclass(slots=True)
class _Message:
    """One that was sent or left in this call. `number`: to whom it was texted, '' if not at all;
    `id`: in the store, '' if it is not there."""

    name: str
    number: str
    text: str
    sent: Sent = "perhaps"
    id: str = ""

    def same(self, other: "_Message") -> bool:
        """Whether both say the same to the same person."""
        return self.for_same(other) and folded(self.text) == folded(other.text)

    def for_same(self, other: "_Message") -> bool:
        """Whether both are for the same person."""
        if self.number or other.number:
            return self.number == other.number
        return folded(self.name) == folded(other.name)


async def send(box: Toolbox, name: str, number: str, text: str, correction: bool) -> str:
    """Send a text message to `number`, who is `name`; returns what the model is told.

    Args:
        box: The call's toolbox.
        name: For the model.
        number: E.164.
        text: The message.
        correction: Whether the model says that it corrects an earlier one.

    Raises:
        ToolFailed: it was not sent.
        ProviderUnavailable: it is not certain whether it was sent.
    """
    message = _Message(name, number, text)
    former = await _former(box, "text", message, correction)
    if former and former.same(message):
        raise ToolFailed(UNCHANGED.format(tool="bot_send_sms"))
    replaces = former is not None and former.number == number
    words = replacing(text, box.language) if replaces else text
    acting()
    remember(box, "text", message, instead_of=former)
    try:
        await send_text(box, number, words)
    except ToolFailed:
        message.sent = "perhaps" if replaces else "no"  # the first one is there
        raise
    message.sent = "yes"
    if former is None:
        return f"The text message to {name} is sent."
    if replaces:
        return f"Sent a correction to {name}; the first message cannot be called back."
    told = await _take_back(box, former)
    return f"Sent to {name} instead{told}."


async def leave(box: Toolbox, for_whom: str, text: str, correction: bool) -> str:
    """Write a message down for somebody, and text it to them where they are a contact.

    Returns what the model is told.

    Args:
        box: The call's toolbox.
        for_whom: Whom it is for, in the caller's words.
        text: The message.
        correction: As in `send`.

    Raises:
        ToolFailed: it is written down already, in these very words.
    """
    known = match(box, for_whom)
    name, number = known if known else (for_whom, "")
    message = _Message(name, number if box.facts.sms else "", text)
    former = await _former(box, "message", message, correction)
    if former and former.same(message):
        raise ToolFailed(UNCHANGED.format(tool="bot_take_message"))
    acting()
    former = await _write(box, message, former, for_whom)
    remember(box, "message", message, instead_of=former)
    sent, failed = await _text(box, message, former)
    if former is None:
        if sent:
            return f"The message for {name} is written down, and sent to them as a text message."
        return f"The message for {name} is written down."
    said = f"Changed the message; it is for {name} and says now: {text}"
    if failed:
        return f"{said} (The text message with the former words could not be put right.)"
    return f"{said} (They get it as a text message.)" if sent else said


async def _write(
    box: Toolbox, message: _Message, former: _Message | None, recipient: str
) -> _Message | None:
    """Write a message, over the former one if that is still there; returns the one replaced."""
    if former:
        try:
            await reword(
                box.store,
                box.owner,
                former.id,
                recipient=recipient,
                text=message.text,
                key=once_key(),
            )
        except Gone:
            former = None
        else:
            message.id = former.id
            return former
    message.id = await desk.take_message(
        box.store,
        owner=box.owner,
        call_id=box.call.id,
        recipient=recipient,
        text=message.text,
        key=once_key(),
    )
    return None


async def _text(box: Toolbox, message: _Message, former: _Message | None) -> tuple[bool, bool]:
    """Text a message that was left: (whether that was done, whether a wrong one is still out)."""
    out = former if former and former.sent != "no" else None
    words = f"Message from {box.number or 'a caller without a number'}: {message.text}"
    if not message.number:
        message.sent = "no"
    elif out and out.number == message.number:
        message.sent = await try_send_text(box, message.number, replacing(words, box.language))
        if message.sent == "no":
            message.sent = "perhaps"  # the first one is there
            return False, True
        return message.sent == "yes", False
    else:
        message.sent = await try_send_text(box, message.number, words)
    taken_back = not out or await _take_back(box, out)
    return message.sent == "yes", not taken_back


async def _take_back(box: Toolbox, former: _Message) -> str:
    """Tell who has got a message that was for somebody else; what the model is told, '' if they
    could not be."""
    if former.number == box.number or former.sent == "no":
        return ", and not to anybody else"
    sent = await try_send_text(box, former.number, taking_back(box.language))
    return f", and {former.name} is asked to ignore theirs" if sent == "yes" else ""


async def _former(box: Toolbox, kind: str, message: _Message, said: bool) -> _Message | None:
    def fits(former: _Message) -> bool:
        if not former.for_same(message):
            return alike(former.text, message.text, CLOSE)
        return alike(former.text, message.text, _SAID if said else _SAME_PERSON)

    found: _Message | None = await mistaken(box, kind, said, fits)
    return found
