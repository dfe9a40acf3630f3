"""Tandem's package. `bot.bot`, loaded when first asked for, is the coroutine in `bot.py`."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

_SCRIPT = "tandem_bot_script"


def __getattr__(name: str) -> Any:
    if name not in ("bot", "converse"):
        raise AttributeError(f"module 'bot' has no attribute {name!r}")
    if _SCRIPT not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _SCRIPT, Path(__file__).resolve().parent.parent / "bot.py"
        )
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[_SCRIPT] = module
        spec.loader.exec_module(module)
    return getattr(sys.modules[_SCRIPT], name)
