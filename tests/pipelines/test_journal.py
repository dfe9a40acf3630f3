"""The transcript's times: when words were said, not when they were written down."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.call import Call
from pipelines.journal import Journal


class Kept:
    """Takes what the recorder would write."""

    def __init__(self) -> None:
        self.turns: list[tuple[int, datetime | None]] = []
        self.said: list[tuple[str, datetime | None]] = []

    def turn_started(self, _: str, number: int, at: datetime | None = None) -> None:
        self.turns.append((number, at))

    def utterance(self, _: str, *, text: str, at: datetime | None = None, **__: Any) -> None:
        self.said.append((text, at))


def journal() -> tuple[Journal, Kept]:
    kept = Kept()
    return Journal(Call("room"), kept, lambda _: None), kept  # type: ignore[arg-type]


def test_a_callers_words_stand_at_their_turns_beginning() -> None:
    book, kept = journal()
    began = datetime.now(UTC) - timedelta(seconds=4)
    book.caller_said("Two rooms, please.", began.isoformat())
    book.caller_said("For tonight.")
    assert kept.said == [("Two rooms, please.", began), ("For tonight.", None)]
    assert kept.turns == [(1, began), (2, None)]


def test_the_bots_words_stand_where_the_first_was_heard() -> None:
    book, kept = journal()
    before = datetime.now(UTC)
    book.bot_words("Good")
    after = datetime.now(UTC)
    book.bot_words("morning.")
    book.bot_finished("Good morning.", interrupted=False)
    book.bot_words("How can")
    book.bot_cut("I help?")
    book.caller_said("Stop.")
    (_, first), (text, second), _ = kept.said
    assert first
    assert second
    assert before <= first <= after <= second
    assert text == "How can"
    book.bot_finished("unheard of", interrupted=False)
    assert kept.said[-1] == ("unheard of", None)  # whose beginning nobody told
