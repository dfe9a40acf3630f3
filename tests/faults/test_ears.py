"""The fault table: the caller's words."""

from collections.abc import Callable

import pytest

from tests.faults.matrix import Cell, Part, to_run
from tests.faults.verdict import Outcome

pytestmark = pytest.mark.timeout(600)
"""A file's cells run together, in the first test that asks for one."""


@pytest.mark.parametrize("cell", to_run(Part.STT, Part.STT_ALONE), ids=str)
def test_caller_is_served(cell: Cell, outcome_of: Callable[[Cell], Outcome]) -> None:
    outcome_of(cell).check()
