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

LANES = {
    "gateway": re.compile(r"mark\.gateway"),
    "real time": re.compile(r"mark\.(models|browser|crowd)|: Speech\b"),
    "programs": re.compile(r": Start\b"),
}
"""What a file of each lane has: a marker, or a fixture that starts the models or the program. The
first that fits counts."""
ORDER = ("programs", "gateway", "real time", "")
"""The long lanes first. The models may still be on their way when the tests begin (`make test`), so
what needs them is third: two processes begin with the others."""


MODELS_SECONDS = 900
"""Until the models are there, on a slow line."""


class Lanes(LoadScopeScheduling):
    """Deals the tests out to two processes: a file stays together; all that hold real
    conversations are one behind another, so that they do not slow each other down. So are those
    that share the gateway, and those that start the program: they wait more than they compute."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return lane(file) or file


@cache
def lane(file: str) -> str:
    """The lane of a file's tests; '' if they may run anywhere."""
    text = (ROOT / file).read_text()
    return next((name for name, pattern in LANES.items() if pattern.search(text)), "")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Called by pytest-xdist."""
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See `ORDER`. The first test that needs the models may have to wait for them."""
    items.sort(key=lambda item: ORDER.index(lane(str(item.path))))
    for item in items:
        if "embedded" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(MODELS_SECONDS), append=False)
            break
