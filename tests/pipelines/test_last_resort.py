"""A call that the bot cannot go on with: put through, or a message taken, never just silence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ProviderUnavailable
from bot.settings import Settings
from bot.store import desk
from bot.store.store import Store
from pipelines import conversation, last_resort
from pipelines.connect import connect
from pipelines.conversation import Conversation
from pipelines.parts import Parts
from tests.fakes.script import Ask
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import SENTENCES, Talk
from tools.toolbox import Toolbox

DOWN = RuntimeError("no model answers")
SAID = replace(
    SENTENCES,
    putting_through="I put you through.",
    leave_message="Leave a message, please.",
    message_taken="I pass it on, bye.",
)


class Twilio:
    """Takes the TwiML of a call; `error` is what it answers instead."""

    def __init__(self, error: Exception | None = None) -> None:
        self.twiml: list[str] = []
        self.error = error

    async def update_call(self, sid: str, twiml: str) -> None:
        if self.error:
            raise self.error
        self.twiml.append(twiml)


class Surrounded(Talk):
    """A call with a toolbox, and so with a last resort."""

    def __init__(self, store: Store, twilio: Twilio | None, *args: Any, **settings: Any) -> None:
        super().__init__(*args)
        self.sentences = SAID
        chosen = Settings.load(None, PUBLIC_URL="https://bot.example", **settings)
        self.box = Toolbox(self.call, chosen, store, None, twilio)  # type: ignore[arg-type]

    def parts(self, call: Any) -> Parts:
        return replace(super().parts(call), sentences=SAID, toolbox=self.box)


@pytest.fixture(autouse=True)
def _attached(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the conversation does it."""

    def both(talk: Conversation) -> None:
        connect(talk)
        last_resort.attach(talk)

    monkeypatch.setattr(conversation, "connect", both)


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    opened = await Store.open(f"sqlite:///{tmp_path / 'calls.db'}")
    yield opened
    await opened.close()


def dead(_: Ask) -> Exception:
    return DOWN


def speaks(talk: Talk, **said: str) -> None:
    """`t2="Hello?"`: from second 2 on."""
    for moment, text in said.items():
        talk.line.says(float(moment.removeprefix("t")), text)


async def test_a_message_is_taken_when_no_model_answers(
    virtual_time: VirtualTime, store: Store
) -> None:
    talk = Surrounded(store, None, dead)
    speaks(talk, t2="Hello?", t7="Are you there?", t12="Well?", t20="Ann here.", t23="Call me.")
    heard = [u.text for u in await talk.run(45)]
    assert heard[-2:] == ["Leave a message, please.", "I pass it on, bye."]
    (message,) = await desk.messages(store)
    assert (message.recipient, message.text) == ("operator", "Ann here. Call me.")
    assert message.owner == "+15550001111"
    assert (talk.call.state, talk.call.end_reason) == ("failed", "message taken")
    assert "One moment." not in heard[-3:]


async def test_a_caller_who_leaves_no_message_hears_a_goodbye(
    virtual_time: VirtualTime, store: Store
) -> None:
    talk = Surrounded(store, None, dead)
    speaks(talk, t2="Hello?", t7="Are you there?", t12="Well?")
    heard = [u.text for u in await talk.run(60)]
    assert heard[-2:] == ["Leave a message, please.", "We are broken, bye."]
    assert await desk.messages(store) == []


async def test_the_conversation_goes_on_when_the_model_is_back(
    virtual_time: VirtualTime, store: Store
) -> None:
    answers = {"Tables?": "Here I am again.", "Sure?": "We do."}
    talk = Surrounded(store, None, lambda ask: answers.get(ask.user, DOWN))
    speaks(talk, t2="Hello?", t7="There?", t12="Well?", t20="Tables?", t26="Sure?")
    heard = [u.text for u in await talk.run(32)]
    assert heard[-3:] == ["Leave a message, please.", "Here I am again.", "We do."]
    assert await desk.messages(store) == []


async def test_the_caller_is_put_through_where_there_is_somebody(
    virtual_time: VirtualTime, store: Store
) -> None:
    twilio = Twilio()
    talk = Surrounded(
        store,
        twilio,
        dead,
        FALLBACK_PHONE_NUMBER="+15559990000",
    )
    speaks(talk, t2="Hello?", t7="Are you there?", t12="My sink leaks.")
    heard = [u.text for u in await talk.run(22)]
    assert heard[-1] == "I put you through."
    (twiml,) = twilio.twiml
    assert "+15559990000" in twiml
    token = twiml.split("/phone/whisper/")[1].split('"')[0]
    note = await desk.handover(store, token)
    assert note is not None
    assert "My sink leaks." in note.summary
    assert (talk.call.state, talk.call.handing_over) == ("transferred", True)


async def test_a_message_is_taken_when_nobody_can_be_reached(
    virtual_time: VirtualTime, store: Store
) -> None:
    talk = Surrounded(
        store,
        Twilio(ProviderUnavailable("Twilio: 503")),
        dead,
        FALLBACK_PHONE_NUMBER="+15559990000",
    )
    speaks(talk, t2="Hello?", t7="There?", t12="Well?", t22="Ann here.")
    heard = [u.text for u in await talk.run(45)]
    assert " ".join(heard).endswith(
        "I put you through. Leave a message, please. I pass it on, bye."
    )
    assert [message.text for message in await desk.messages(store)] == ["Ann here."]
    assert talk.call.handing_over is False


async def test_no_message_is_asked_for_by_a_bot_that_cannot_hear(
    virtual_time: VirtualTime, store: Store
) -> None:
    failure = RuntimeError("no ears")
    talk = Surrounded(store, None, dead, *[failure] * 6)
    speaks(talk, t2="Hello?", t7="There?", t12="Well?")
    heard = [u.text for u in await talk.run(40)]
    assert heard[-1] == "We are broken, bye."
    assert "Leave a message, please." not in heard
