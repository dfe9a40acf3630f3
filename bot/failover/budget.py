"""How often a second provider may be asked although the first has not failed."""

MOST_SAVED = 20.0
"""Turns in time earn later hedges, but no more than so many: a long good day pays for no flood."""
AT_FIRST = 2.0
"""Hedges that a new process may spend before it has earned any."""


class Budget:
    """A share of the turns, to be spent on extra requests. One for all calls of the process.

    Attributes:
        turns: Turns that were counted.
        spent: Extra requests that were allowed.
        refused: Those that were not.
    """

    def __init__(self, share: float) -> None:
        self.turns = self.spent = self.refused = 0
        self._share = share
        self._left = AT_FIRST if share else 0.0

    def turn(self) -> None:
        """A turn begins."""
        self.turns += 1
        self._left = min(MOST_SAVED, self._left + self._share)

    def spend(self) -> bool:
        """Take one extra request, if there is one left."""
        if self._left < 1.0:
            self.refused += 1
            return False
        self._left -= 1.0
        self.spent += 1
        return True
