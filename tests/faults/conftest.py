"""The cells as tests: those of a file are held together, when the first of them is asked for."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.holding import hold
from tests.faults.matrix import Cell
from tests.faults.verdict import Outcome


@pytest.fixture(scope="module")
def outcome_of(request: pytest.FixtureRequest) -> Callable[[Cell], Outcome]:
    """What came of a cell. Held are those of the file that the command line has chosen."""
    items: list[Any] = [item for item in request.session.items if item.path == request.path]
    return hold(item.callspec.params["cell"] for item in items).__getitem__
