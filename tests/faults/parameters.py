"""The cells as pytest's parameters."""

from typing import Any

import pytest

from tests.faults.matrix import KNOWN, Part, to_run


def to_run_as_tests(*parts: Part) -> list[Any]:
    """The cells that make sense; those known to fail are expected to."""
    return [
        pytest.param(cell, marks=pytest.mark.xfail(reason=KNOWN[cell]) if cell in KNOWN else ())
        for cell in to_run(*parts)
    ]
