"""The settings' fields, a file a room; `bot.settings.Settings` is all of them together.

A new setting goes into the group of its room, with its default and one line of meaning; a rule that
concerns one group alone into that group's `problems()`. `.env.example` is written from all of them
(`python runner.py --env-example`), in the order of `IN_ORDER`.
"""

from bot.setting_groups.console import ConsoleSettings
from bot.setting_groups.conversation import ConversationSettings
from bot.setting_groups.failover import AssemblyAiSettings, FailoverSettings, GroqSettings
from bot.setting_groups.group import Group
from bot.setting_groups.health import HealthSettings
from bot.setting_groups.modes import ModeSettings
from bot.setting_groups.openclaw import OpenClawSettings
from bot.setting_groups.providers import (
    AnthropicSettings,
    ElevenLabsSettings,
    EmbeddedSettings,
    OpenAiSettings,
    ProviderLists,
    WhisperSettings,
)
from bot.setting_groups.server import ServerSettings
from bot.setting_groups.telephony import TwilioSettings
from bot.setting_groups.tools import ToolSettings


class AllGroups(
    ModeSettings,
    OpenClawSettings,
    TwilioSettings,
    EmbeddedSettings,
    FailoverSettings,
    AssemblyAiSettings,
    GroqSettings,
    AnthropicSettings,
    ElevenLabsSettings,
    WhisperSettings,
    OpenAiSettings,
    ProviderLists,
    ToolSettings,
    ConversationSettings,
    ConsoleSettings,
    HealthSettings,
    ServerSettings,
):
    """Every field. Pydantic collects them from the last base to the first."""


IN_ORDER: tuple[type[Group], ...] = tuple(
    group for group in reversed(AllGroups.__mro__) if issubclass(group, Group)
)[1:-1]
"""The groups as `.env.example` has them."""
