"""What the web routes are handed from above: they start conversations without knowing any."""

from collections.abc import Awaitable, Callable

from pipecat.transports.base_transport import BaseTransport

from bot.call import Call

Converse = Callable[[Call, BaseTransport], Awaitable[None]]
"""Holds the whole conversation of one call on a transport; returns when it is over."""

Record = Callable[[str | None, str, str], None]
"""Writes a line for the operator: call id or None, kind (one word), detail without secrets."""

PlaceCall = Callable[[str], Awaitable[Call]]
"""Calls a number (E.164); raises fastapi's HTTPException when it cannot be done."""

Ready = Callable[[], str]
"""Says why no conversation could be held now; '' when it could."""
