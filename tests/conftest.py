"""The fixtures that every test may use, and which tests may run beside one another."""

import re
from functools import cache
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from bot.settings import ROOT

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

IN_REAL_TIME = re.compile(r"mark\.(models|browser|crowd|gateway)|: (Start|Speech)\b")
"""What a file has whose tests hold real conversations: a marker, or a fixture that starts the
program or the models."""


class Lanes(LoadScopeScheduling):
    """Deals the tests out to two processes: a file stays together, and all that hold real
    conversations are one behind another, so that they do not slow each other down."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "real time" if in_real_time(file) else file


@cache
def in_real_time(file: str) -> bool:
    """Whether a file's tests hold real conversations."""
    return bool(IN_REAL_TIME.search((ROOT / file).read_text()))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Called by pytest-xdist."""
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long lane first."""
    items.sort(key=lambda item: not in_real_time(str(item.path)))
