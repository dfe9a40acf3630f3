"""Which piece of an answer goes to the voice first."""

import pytest

from bot.speech.clauses import FirstClause


async def pieces(*tokens: str) -> list[str]:
    aggregator = FirstClause()
    found = [p.text for token in tokens async for p in aggregator.aggregate(token)]
    rest = await aggregator.flush()
    return [*found, *([rest.text] if rest else [])]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            "I can certainly help, and I will, gladly. What day?",
            ["I can certainly help,", "and I will, gladly.", "What day?"],
        ),
        ("Sure, it is open.", ["Sure, it is open."]),
        ("It costs 1,000 dollars today.", ["It costs 1,000 dollars today."]),
        ("Two things: tea and cake.", ["Two things: tea and cake."]),
        ("There are two things: tea and cake.", ["There are two things:", "tea and cake."]),
        ("Yes. We are open, as always, today.", ["Yes.", "We are open, as always, today."]),
        ("We meet at 5:30 in town.", ["We meet at 5:30 in town."]),
        ("", []),
    ],
)
async def test_first_piece_may_be_a_clause(answer: str, expected: list[str]) -> None:
    assert await pieces(answer) == expected
    assert await pieces(*answer) == expected  # one letter at a time


async def test_each_answer_has_its_first_piece() -> None:
    aggregator = FirstClause()
    for end in (aggregator.flush, aggregator.handle_interruption):
        found = [p.text async for p in aggregator.aggregate("One two three, four")]
        assert found == ["One two three,"]
        await end()
