"""The fixtures that every test may use."""

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
