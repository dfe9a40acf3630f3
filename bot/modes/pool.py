"""Several endpoints of one provider share the calls.

The endpoint is chosen for a call, not for a request: the server then finds the conversation's
beginning in its cache. A new call goes where the fewest calls of this process are; an endpoint
that is down comes last, so that it is still there when all are. The others stand behind it, for
failing over within the call.
"""

import itertools
import random
from collections.abc import Callable

from bot.providers import Endpoint


class Pool:
    """Deals endpoints out to calls.

    Args:
        fault: What is wrong with an endpoint now, or ''.
    """

    def __init__(self, fault: Callable[[Endpoint], str]) -> None:
        self._fault = fault
        self._had: dict[str, str] = {}
        self._last: dict[str, int] = {}
        self._turn = itertools.count(1)

    @property
    def outstanding(self) -> dict[str, int]:
        """Base URL -> how many calls of this process it has."""
        urls = list(self._had.values())
        return {url: urls.count(url) for url in urls}

    def lease(self, call_id: str, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        """The endpoints in this call's order; the first one is the call's until `release`."""
        busy = self.outstanding

        def rank(endpoint: Endpoint) -> tuple[bool, int, int, float]:
            url, down = endpoint.base_url, bool(self._fault(endpoint))
            # By lot in the end, or every process would begin with the same one.
            return down, busy.get(url, 0), self._last.get(url, 0), random.random()

        ordered = tuple(sorted(endpoints, key=rank))
        if ordered:
            first = ordered[0].base_url
            self._had[call_id] = first
            self._last[first] = next(self._turn)
        return ordered

    def release(self, call_id: str) -> None:
        """The call is over."""
        self._had.pop(call_id, None)
