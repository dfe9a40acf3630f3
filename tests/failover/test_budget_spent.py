"""Nobody may be asked besides the first any more: a caller still hears something in time."""

import pytest

from bot.failover.budget import Budget
from tests.faults.holding import hold
from tests.faults.matrix import Cell, Part, Phase
from tests.faults.verdict import LONGEST

CELLS = (
    Cell(Part.LLM, "hang", Phase.FIRST_TURN),
    Cell(Part.LLM, "5x slow", Phase.FIRST_TURN),
    Cell(Part.STT, "hang", Phase.FIRST_TURN),
    Cell(Part.STT, "hang", Phase.MID_SENTENCE),
)
"""Whole calls in virtual time; the last one's ears hang in the second half of a turn."""


def test_a_first_one_that_hangs_is_bridged_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[Budget] = []

    def spend(budget: Budget) -> bool:
        refused.append(budget)
        return False

    monkeypatch.setattr(Budget, "spend", spend)
    outcomes = hold(CELLS)
    assert len(refused) >= len(CELLS)
    for outcome in outcomes.values():
        outcome.check()  # no silence of more than 3 s, nothing twice, transcript and cost right
    found = {cell: outcomes[cell].what for cell in CELLS if cell.fault == "hang"}
    assert found == dict.fromkeys(found, "other provider, held on")
    assert max(outcome.seconds or 99.0 for outcome in outcomes.values()) <= LONGEST
