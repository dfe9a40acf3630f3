"""One log for everything: loguru to stderr, with every secret of the settings struck out."""

import logging
import sys
from typing import Any

from loguru import logger
from pydantic import SecretStr

from bot.settings import Settings

_FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {name}: {message}"
_SHORTEST = 6
"""A secret shorter than this is not searched for: it would black out ordinary words."""


class _ToLoguru(logging.Handler):
    """Hands the standard library's records (uvicorn, aiortc, alembic) to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        logger.opt(exception=record.exc_info).log(record.levelname, record.getMessage())


_struck: set[str] = set()


def strike_also(settings: Settings) -> None:
    """Strike out the secrets of these settings too, from now on."""
    _struck.update(value for value in _secrets(settings) if len(value) >= _SHORTEST)


def set_up_logs(settings: Settings) -> None:
    """Log to stderr at `LOG_LEVEL`; call once, before anything is logged."""
    strike_also(settings)

    def strike(text: str) -> str:
        for secret in _struck:
            text = text.replace(secret, "***")
        return text

    def write(message: Any) -> None:
        sys.stderr.write(strike(str(message)))
        sys.stderr.flush()

    logger.remove()
    logger.add(write, level=settings.LOG_LEVEL, format=_FORMAT, diagnose=False, backtrace=False)
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)


def _secrets(settings: Settings) -> list[str]:
    values = (getattr(settings, name) for name in Settings.model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
