"""What the model may call, and the services behind it."""

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.setting_groups.group import Group, secret
from bot.settings_rules import Contacts, HttpUrl, ToolFamily, Zone, split


class ToolSettings(Group):
    """Families, and what they work with."""

    BOT_TOOLS: Annotated[tuple[ToolFamily, ...], NoDecode, BeforeValidator(split)] = Field(
        ("all",),
        description="Families of tools that the model may call, separated by commas: all, none, "
        "phone, notes, knowledge, calculator, profile, delegation, youtube, windows, soundtrack, "
        "views, canvas, sprites.",
    )
    BOT_TIMEZONE: Zone = Field("UTC", description="Time zone of the business, as Europe/Berlin.")
    CONTACTS: Contacts = Field(
        "",
        description="Who calls and messages can be passed on to: sales=+15551230001, "
        "Dr Miller=+15551230002.",
    )
    SMS_TO_ANYBODY: bool = Field(
        False, description="Whether callers may have text messages sent to any number."
    )
    KNOWLEDGE_DIR: str = Field(
        "", description="Folder with the business's documents, .md and .txt, for the bot to use."
    )
    YOUTUBE_API_KEY: SecretStr = secret("Key for the YouTube Data API.")
    YOUTUBE_API_URL: HttpUrl = Field(
        "https://www.googleapis.com/youtube/v3", description="Address of the YouTube Data API."
    )
    WIKIPEDIA_URL: HttpUrl = Field(
        "", description="Address of a Wikipedia; empty: the one in BOT_LANGUAGE."
    )
    OPEN_METEO_URL: HttpUrl = Field(
        "https://api.open-meteo.com", description="Address of Open-Meteo's weather."
    )
    OPEN_METEO_GEOCODING_URL: HttpUrl = Field(
        "https://geocoding-api.open-meteo.com", description="Address of Open-Meteo's places."
    )
    OPEN_METEO_API_KEY: SecretStr = secret("Key for Open-Meteo; commercial use needs one.")
