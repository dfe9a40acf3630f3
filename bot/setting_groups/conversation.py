"""What the bot says and how long it waits."""

from pydantic import Field

from bot.setting_groups.group import Group
from bot.settings_rules import Seconds


class ConversationSettings(Group):
    """Name, language, patience."""

    BOT_NAME: str = Field("Tandem", min_length=1, description="What the bot calls itself.")
    BOT_INSTRUCTIONS: str = Field(
        "", description="What the bot is for, in plain words; added to its prompt."
    )
    BOT_GREETING: str = Field(
        "", description="First sentence of every call; empty: a standard greeting with the name."
    )
    BOT_LANGUAGE: str = Field(
        "en",
        pattern=r"^[a-z]{2}(-[A-Z]{2})?$",
        description="Language spoken, as en or en-GB.",
    )
    SILENCE_PROMPT_SECONDS: Seconds = Field(
        10.0, description="Silence after which the caller is asked whether they are there."
    )
    SILENCE_HANGUP_SECONDS: Seconds = Field(
        10.0, description="Further silence after which the bot says goodbye and hangs up."
    )
