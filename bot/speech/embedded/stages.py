"""How far each stage of the sidecar is, and what `/ready` says about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.speech.embedded.options import Stage

State = Literal["loading", "warming", "ready", "failed", "stopped"]


@dataclass
class StageState:
    """One stage: its state, and a line on what is wrong if something is."""

    name: Stage
    state: State = "loading"
    detail: str = ""
    on_change: Callable[["StageState"], None] | None = field(default=None, repr=False)

    def enter(self, state: State, detail: str = "") -> None:
        """Notes a change and tells it."""
        if (state, detail) != (self.state, self.detail):
            self.state, self.detail = state, detail
            if self.on_change:
                self.on_change(self)


class Engine(Protocol):
    """What the sidecar starts and stops for a stage."""

    stage: StageState

    async def start(self) -> None:
        """Begins to load; the stage tells how far it is."""

    async def stop(self) -> None:
        """Ends what belongs to it."""


def ready_report(stages: Iterable[StageState]) -> tuple[bool, dict[str, object]]:
    """Whether all stages are ready, and the JSON body of `/ready`."""
    found = list(stages)
    ready = all(stage.state == "ready" for stage in found)
    body: dict[str, object] = {
        stage.name: {"state": stage.state, "detail": stage.detail} for stage in found
    }
    return ready, {"ready": ready, "stages": body}
