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

IN_REAL_TIME = re.compile(r"mark\.(models|browser|crowd)|: (Start|Speech)\b")
"""What a file has whose tests hold real conversations: a marker, or a fixture that starts the
program or the models."""


WITH_GATEWAY = re.compile(r"mark\.gateway")
"""What a file has whose tests share the real OpenClaw gateway; they wait for it more than they
compute."""


class Lanes(LoadScopeScheduling):
    """Deals the tests out to two processes: a file stays together; all that hold real
    conversations are one behind another, so that they do not slow each other down; beside them run
    those that share the gateway, then the rest."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return lane(file) or file


@cache
def lane(file: str) -> str:
    """The lane of a file's tests; '' if they may run anywhere."""
    text = (ROOT / file).read_text()
    if WITH_GATEWAY.search(text):
        return "gateway"
    return "real time" if IN_REAL_TIME.search(text) else ""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Called by pytest-xdist."""
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long lanes first."""
    order = {"real time": 0, "gateway": 1}
    items.sort(key=lambda item: order.get(lane(str(item.path)), 2))
