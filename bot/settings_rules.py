"""Rules for settings: what one value has to look like, and what cannot be meant together.

Called by `Settings` itself.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

if TYPE_CHECKING:
    from bot.settings import Settings

ToolFamily = Literal[
    "all",
    "none",
    "phone",
    "notes",
    "knowledge",
    "calculator",
    "profile",
    "delegation",
    "youtube",
    "windows",
    "soundtrack",
    "views",
    "canvas",
    "sprites",
]
"""What BOT_TOOLS may name."""

OPENAI_URL = "https://api.openai.com/v1"


def split(value: Any) -> Any:
    """A list of words, separated by commas."""
    if isinstance(value, str):
        return tuple(part.strip().lower() for part in value.split(",") if part.strip())
    return value


def url(*schemes: str) -> Callable[[Any], Any]:
    """A validator: an absolute URL with one of `schemes`, without its trailing slash."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and value:
            parts = urlsplit(value)
            if parts.scheme not in schemes or not parts.netloc:
                raise ValueError(f"expected a URL that starts with {' or '.join(schemes)}://")
            return value.rstrip("/")
        return value

    return check


def both_schemes(address: str) -> tuple[str, str]:
    """The (http, websocket) forms of an address; both '' for ''."""
    if not address:
        return "", ""
    scheme, rest = address.split("://", 1)
    secure = "s" if scheme in ("https", "wss") else ""
    return f"http{secure}://{rest}", f"ws{secure}://{rest}"


HttpUrl = Annotated[str, BeforeValidator(url("http", "https"))]
AnyUrl = Annotated[str, BeforeValidator(url("http", "https", "ws", "wss"))]
Seconds = Annotated[float, Field(gt=0, le=3600)]


def zone(value: str) -> str:
    """The name of a time zone that exists."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected the name of a time zone, as Europe/Berlin") from None
    return value


def contacts(value: str) -> str:
    """Names with numbers: `sales=+15551230001, Dr Miller=+15551230002`."""
    for name, number in pairs(value):
        if not name or not re.fullmatch(r"\+[1-9]\d{6,14}", number):
            raise ValueError("expected name=+number, separated by commas")
    return value


def pairs(value: str) -> list[tuple[str, str]]:
    """`a=b, c=d` as pairs."""
    parts = (entry.partition("=") for entry in value.split(",") if entry.strip())
    return [(name.strip(), rest.strip()) for name, _, rest in parts]


def task_limits(value: str) -> str:
    """Two numbers, the first no larger than the second: `3,20`."""
    if not re.fullmatch(r"[1-9]\d{0,3}\s*,\s*[1-9]\d{0,3}", value):
        raise ValueError("expected two numbers, as 3,20")
    per_call, in_all = map(int, value.split(","))
    if per_call > in_all:
        raise ValueError("expected the first number to be no larger than the second")
    return value


TaskLimits = Annotated[str, AfterValidator(task_limits)]
Zone = Annotated[str, AfterValidator(zone)]
Contacts = Annotated[str, AfterValidator(contacts)]


def contradictions(settings: "Settings") -> list[str]:
    """What cannot be meant: one line each, naming the variable and the way out."""
    checks = [
        (
            bool(settings.TWILIO_API_KEY) != bool(settings.TWILIO_API_SECRET.get_secret_value()),
            "TWILIO_API_KEY and TWILIO_API_SECRET go together: set both or neither",
        ),
        (
            bool(settings.TWILIO_REGION) != bool(settings.TWILIO_EDGE),
            "TWILIO_REGION and TWILIO_EDGE go together: set both or neither",
        ),
        (
            bool(settings.TWILIO_AUTH_TOKEN.get_secret_value() or settings.TWILIO_API_KEY)
            and not settings.TWILIO_ACCOUNT_SID,
            "TWILIO_ACCOUNT_SID: not set, but Twilio credentials are; add the account's AC… SID",
        ),
        (
            "whisper" in settings.STT_PROVIDERS and not settings.WHISPER_ENDPOINT,
            "STT_PROVIDERS: names whisper, but WHISPER_ENDPOINT is not set",
        ),
        (
            "elevenlabs" in settings.TTS_PROVIDERS
            and not settings.ELEVENLABS_API_KEY.get_secret_value(),
            "TTS_PROVIDERS: names elevenlabs, but ELEVENLABS_API_KEY is not set",
        ),
        (
            bool(settings.ELEVENLABS_API_KEY.get_secret_value())
            and not settings.ELEVENLABS_VOICE_ID
            and (not settings.TTS_PROVIDERS or "elevenlabs" in settings.TTS_PROVIDERS),
            "ELEVENLABS_VOICE_ID: not set, but ELEVENLABS_API_KEY is; name the voice to use",
        ),
        (
            "anthropic" in settings.LLM_PROVIDERS
            and not settings.ANTHROPIC_API_KEY.get_secret_value(),
            "LLM_PROVIDERS: names anthropic, but ANTHROPIC_API_KEY is not set",
        ),
        *(
            (
                "openai" in chain and not openai_usable(settings),
                f"{name}: names openai, but OPENAI_API_KEY is not set",
            )
            for name, chain in (
                ("STT_PROVIDERS", settings.STT_PROVIDERS),
                ("LLM_PROVIDERS", settings.LLM_PROVIDERS),
                ("TTS_PROVIDERS", settings.TTS_PROVIDERS),
            )
        ),
    ]
    return [line for wrong, line in checks if wrong]


def openai_usable(settings: "Settings") -> bool:
    """Whether `OPENAI_*` name something that can be called: a key, or a server of one's own."""
    own_server = settings.OPENAI_BASE_URL != OPENAI_URL
    return own_server or bool(settings.OPENAI_API_KEY.get_secret_value())
