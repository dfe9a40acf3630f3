"""Arguments in whatever words."""

from typing import Any

import pytest

from bot.bakeoff.checks import Check, fits


@pytest.mark.parametrize(
    ("value", "check", "passes"),
    [
        ("The plumber comes on Friday at 9", "plumber friday nine|9", True),
        ("The plumber comes on Friday", "plumber friday nine|9", False),
        ("Café Crème", "cafe", True),
        ("4-9-1-2", "4912|4_9_1_2", True),
        ("the key is with Jim", "key jim !jill", True),
        ("the key is with Jill", "key jim !jill", False),
        (None, "milk", False),
        (None, ["", "me"], True),
        ("Me.", ["", "me"], True),
        ("you", ["", "me"], False),
        (False, [False, ""], True),
        (True, [False, ""], False),
        (None, [False, ""], True),
        (30, 30, True),
        ("30", 30, True),
        (31, 30, False),
        (None, 30, False),
        (True, True, True),
        (None, True, False),
        ("0.25 * 80", {"value": 20}, True),
        ("twenty five percent of eighty", {"value": 20}, True),
        ("80 * 0.2", {"value": 20}, False),
        ("no idea", {"value": 20}, False),
        ("12.5 + 3.2 + 8", {"value": [23.7, 378]}, True),
        ("10 / 3", {"value": 3.333}, True),
    ],
)
def test_fits(value: Any, check: Check, passes: bool) -> None:
    assert fits(value, check) is passes
