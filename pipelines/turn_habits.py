"""How long this caller pauses in mid-turn, as this call has shown."""

PAUSE_SECONDS = 0.25
"""A shorter silence in mid-turn is no pause."""
SECOND_THOUGHT_SECONDS = 2.0
"""Who goes on so soon after a turn's end, before hearing an answer, had only paused."""
REMEMBERED = 8


class Habits:
    """A caller's pauses; `pauses` are the latest, in seconds."""

    def __init__(self) -> None:
        self.pauses: tuple[float, ...] = ()

    def goes_on(self, silence: float, *, in_turn: bool, unanswered: bool) -> None:
        """The caller speaks again.

        Args:
            silence: Seconds since their last sound.
            in_turn: Their turn was not over.
            unanswered: It was, but they have heard nothing yet.
        """
        thought_again = unanswered and silence < SECOND_THOUGHT_SECONDS
        if silence > PAUSE_SECONDS and (in_turn or thought_again):
            self.pauses = (*self.pauses, silence)[-REMEMBERED:]
