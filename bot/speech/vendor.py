"""The border to the speech vendors' errors, for SDKs and for plain HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from bot.brain.vendor_errors import RAISED, ours
from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable

CLOUD_PATIENCE, OWN_PATIENCE, EMBEDDED_PATIENCE = 6.0, 15.0, 60.0
"""Seconds to the first sign of an answer, after which a provider has failed, if there is no other
(see `link.Rules.impatient`). Servers of one's own
load a model with their first request; the embedded ones share two cores with the calls."""


@asynccontextmanager
async def vendor_errors(vendor: str) -> AsyncIterator[None]:
    """Turn what a vendor's client raises into this project's errors.

    Args:
        vendor: Who is asked, for the operator.

    Raises:
        ProviderError: see `bot.errors`.
    """
    try:
        yield
    except ProviderError:
        raise
    except httpx2.HTTPStatusError as error:
        raise status_error(vendor, error.response) from error
    except RAISED as error:
        raise ours(vendor, error) from error


def status_error(vendor: str, response: httpx2.Response) -> ProviderError:
    """The error that an HTTP answer of 400 or above stands for."""
    status = response.status_code
    text = f"{vendor}: HTTP {status}"
    if status in (401, 402, 403, 404):
        return ProviderDenied(text)
    if status in (408, 409, 425, 429) or status >= 500:
        return ProviderUnavailable(text, retry_after=_seconds(response.headers.get("retry-after")))
    return ProviderRefused(text)


def patience(provider: str, *, cloud: bool) -> float:
    """Seconds that a provider gets for the first sign of an answer."""
    if provider == "embedded":
        return EMBEDDED_PATIENCE
    return CLOUD_PATIENCE if cloud else OWN_PATIENCE


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 0.0
