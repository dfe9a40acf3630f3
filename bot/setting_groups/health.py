"""What may be watched from outside, and how the server lets go of its calls."""

from collections.abc import Iterable

from pydantic import Field, SecretStr

from bot.setting_groups.group import Group, secret
from bot.settings_rules import HttpUrl


class HealthSettings(Group):
    """Stopping, and traces."""

    DRAIN_SECONDS: float = Field(
        120.0,
        ge=0,
        le=7200,
        description="How long live calls may go on when the server is stopped, before they are "
        "told; 0 tells them at once.",
    )
    OTEL_EXPORTER_OTLP_ENDPOINT: HttpUrl = Field(
        "",
        description="Collector that gets a trace of each call (OTLP over HTTP, without "
        "/v1/traces); empty: none.",
    )
    OTEL_EXPORTER_OTLP_HEADERS: SecretStr = secret(
        "Headers for that collector, as name=value,name=value."
    )

    def problems(self) -> Iterable[str]:
        """Headers are pairs."""
        pairs = self.OTEL_EXPORTER_OTLP_HEADERS.get_secret_value()
        if any("=" not in pair for pair in pairs.split(",") if pair.strip()):
            yield "OTEL_EXPORTER_OTLP_HEADERS: expected name=value,name=value"
