"""A room imports only from lower floors (docs/architecture.md), and only settings read the
environment."""

import ast
import re
from pathlib import Path

import pytest

from bot.settings import ROOT

FLOORS = [
    ["bot.errors"],
    ["bot.settings_rules"],
    ["bot.setting_groups"],
    ["bot.settings"],
    [
        "bot.logs",
        "bot.listener",
        "bot.memory",
        "bot.providers",
        "bot.store",
        "bot.call",
        "bot.messages",
        "bot.frames",
    ],
    ["bot.clients", "bot.output", "bot.switchboard", "bot.retiring"],
    ["bot.brain", "bot.telephony", "bot.modes"],
    ["bot.failover"],
    ["bot.speech", "bot.health"],
    ["bot.openclaw", "bot.realtime"],
    ["tools"],
    ["pipelines", "bot.embedded_models", "bot.services", "bot.bakeoff"],
    ["bot.deliveries"],
    ["bot.deep"],
    ["bot.ways", "bot.opening"],
    ["bot.settings_report", "bot.web", "bot.resources", "bot.probe"],
    ["bot.phonecall", "bot.admin", "bot.probe_report"],
    ["bot"],  # bot.py, and the package that finds it
    ["bot.console"],
    ["bot.server"],
    ["bot.workers"],
    ["runner"],
]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
FILES = [
    *(p for p in sorted((ROOT / "bot").rglob("*.py")) if "node_modules" not in p.parts),
    *sorted((ROOT / "pipelines").rglob("*.py")),
    *sorted((ROOT / "tools").rglob("*.py")),
    ROOT / "bot.py",
    ROOT / "runner.py",
]


def room(module: str) -> str:
    """The longest listed name that `module` lies in."""
    parts = module.split(".")
    names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((name for name in names if name in LEVEL), "")


def module_of(path: Path) -> str:
    if path == ROOT / "bot.py":
        return "bot"
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Our own modules that a file imports, also inside functions."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []  # a type's name is no use of its room
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("bot", "pipelines", "runner", "tools")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    here = room(module_of(path))
    assert here, f"{path} belongs to no room: add it to FLOORS and to docs/architecture.md"
    for name in imports(path):
        there = room(name)
        if there and there != here:
            assert LEVEL[there] < LEVEL[here], f"{here} imports {name}, which is not below it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_are_short_and_leave_the_environment_alone(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 300
    if path != ROOT / "bot" / "settings.py":
        assert not re.search(r"os\.(getenv|environ)", text)


def test_piper_is_never_imported_by_the_bot() -> None:
    """Its licence (GPL-3.0) stays in a process of its own."""
    users = [
        path.name
        for path in FILES
        if re.search(r"^\s*(import|from) piper\b", path.read_text(), re.M)
    ]
    assert users == ["piper_child.py"]
