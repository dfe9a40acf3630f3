"""Twilio."""

from pydantic import Field, SecretStr

from bot.setting_groups.group import Group, secret
from bot.settings_rules import HttpUrl


class TwilioSettings(Group):
    """Account, number, region."""

    TWILIO_ACCOUNT_SID: str = Field("", description="Account SID, AC…")
    TWILIO_AUTH_TOKEN: SecretStr = secret("Auth token: checks webhook signatures, and REST.")
    TWILIO_API_KEY: str = Field("", description="API key SID, SK…, used for REST instead.")
    TWILIO_API_SECRET: SecretStr = secret("Secret of the API key.")
    TWILIO_REGION: str = Field("", description="Twilio region, e.g. ie1; goes with TWILIO_EDGE.")
    TWILIO_EDGE: str = Field("", description="Twilio edge, e.g. dublin; goes with TWILIO_REGION.")
    TWILIO_API_URL: HttpUrl = Field("", description="Another address for Twilio's REST API.")
    CALLER_ID_ATTESTED: bool = Field(
        False,
        description="true: notes, profile and waiting results only for callers whose number is "
        "attested (STIR/SHAKEN, level A); false: for all whose number was not found to be forged.",
    )
    TWILIO_PHONE_NUMBER: str = Field(
        "", pattern=r"^(\+[1-9]\d{1,14})?$", description="Own number, +15551234567, for calls out."
    )
