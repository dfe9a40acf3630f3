"""The fixtures that every test may use, and which tests may run beside one another."""

import pytest

pytest_plugins = [
    "tests.fixtures.virtual_time",
    "tests.fixtures.fakes",
    "tests.fixtures.postgres",
    "tests.fixtures.chromium",
    "tests.fixtures.embedded",
    "tests.fixtures.house",
    "tests.fixtures.openclaw",
    "tests.fixtures.program",
    "tests.fixtures.speech",
]

IN_REAL_TIME = {"models", "browser", "crowd", "gateway"}
"""Markers of tests that hold real conversations."""
STARTS = {"start", "embedded", "speech"}
"""Fixtures that start the program or the models."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests out to two processes: a file stays together, and all that hold real
    conversations are one behind another, so that they do not slow each other down."""
    for item in items:
        real = any(mark.name in IN_REAL_TIME for mark in item.iter_markers())
        real = real or bool(STARTS & set(getattr(item, "fixturenames", ())))
        group = "real time" if real else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
