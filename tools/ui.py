"""What the bot may do on the caller's page: every command once, with its payload's type.

A command travels as one RTVI `ui-command` message, `{command, payload}`; the page answers with one
`ui-event`, `{event: "ui.done", payload: UiDone}`, tells of windows that the caller opens or closes
themselves with `{event: "ui.windows", payload: UiWindows}`, and hands over what a caller types
instead of speaking with `{event: "ui.typed", payload: UiTyped}`. Texts are plain text or, where it
says so, markdown: a page must never read them as HTML.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

App = Literal[
    "notes",
    "youtube",
    "browser",
    "calculator",
    "canvas",
    "soundtrack",
    "terminal",
    "mail",
    "drive",
]
Arrangement = Literal[
    "minimize", "maximize", "restore", "snap_left", "snap_right", "reset", "close"
]
Desktop = Literal["home", "work", "quiet", "create"]
LONGEST_TYPED = 1_000
"""Characters of a typed turn: a minute of speech."""
Text = Annotated[str, Field(max_length=20_000)]
Label = Annotated[str, Field(max_length=300)]


class Command(BaseModel):
    """Something that the page is told to do. `request` comes back in its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    command: ClassVar[str]
    request: str = ""


class WindowOpen(Command):
    """Open an app's window, or bring it to the front."""

    command = "window.open"
    app: App


class WindowArrange(Command):
    """Move or resize a window; `window` is an app or a window's title, '' the one in front."""

    command = "window.arrange"
    window: Label
    action: Arrangement


class NoteShow(Command):
    """Show a note, also when it has changed; `text` is markdown."""

    command = "note.show"
    id: str
    title: Label
    text: Text


class NoteClose(Command):
    """Close the notes: one, or all of them if `id` is ''."""

    command = "note.close"
    id: str


class FileSave(Command):
    """Let the caller's browser save a file."""

    command = "file.save"
    name: Label
    mime: Label
    text: Text


class YoutubePlay(Command):
    """Play a video in the YouTube window."""

    command = "youtube.play"
    video_id: Annotated[str, Field(pattern=r"^[\w-]{11}$")]
    title: Label
    channel: Label


class YoutubeControl(Command):
    """Control the video that plays."""

    command = "youtube.control"
    action: Literal["pause", "resume", "close"]


class SoundtrackControl(Command):
    """Background music of the page itself."""

    command = "soundtrack.control"
    action: Literal["play", "stop", "next"]


class SoundtrackVolume(Command):
    """Set the music's volume, in percent; or change it by a step where `level` is -1."""

    command = "soundtrack.volume"
    level: Annotated[int, Field(ge=-1, le=100)]
    step: Annotated[int, Field(ge=-100, le=100)]


class SpriteSummon(Command):
    """Let a figure appear on the desktop."""

    command = "sprite.summon"
    prompt: Label


class SpriteDismiss(Command):
    """Let the figure go."""

    command = "sprite.dismiss"


class DesktopSwitch(Command):
    """Switch the desktop."""

    command = "desktop.switch"
    mode: Desktop


class BrowserOpen(Command):
    """Open a web address in the browser window; always http or https."""

    command = "browser.open"
    url: Annotated[str, Field(pattern=r"^https?://", max_length=2_000)]


class ViewsClose(Command):
    """Close windows: of one app, or all of them."""

    command = "views.close"
    which: Literal[App, "all"]


class CanvasText(Command):
    """Show a text on the canvas; `text` is markdown. An article has a heading and more text."""

    command = "canvas.text"
    kind: Literal["text", "article"]
    title: Label
    text: Text


class CanvasTable(Command):
    """Show a table on the canvas: the head, and rows of as many cells."""

    command = "canvas.table"
    title: Label
    head: Annotated[list[Label], Field(max_length=12)]
    rows: Annotated[list[list[Label]], Field(max_length=200)]


class CanvasChart(Command):
    """Show a bar chart on the canvas: as many values as labels."""

    command = "canvas.chart"
    title: Label
    labels: Annotated[list[Label], Field(max_length=60)]
    values: Annotated[list[float], Field(max_length=60)]


class CanvasImage(Command):
    """Show an image from the web on the canvas; always https."""

    command = "canvas.image"
    title: Label
    url: Annotated[str, Field(pattern=r"^https://", max_length=2_000)]


class CanvasClear(Command):
    """Empty the canvas."""

    command = "canvas.clear"


class UiDone(BaseModel):
    """The page's answer: what really happened.

    `text` says why not, or what it did, for the model: 'there is no window called mail'.
    `windows` are the apps whose windows are open now, the front one first.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    request: Annotated[str, Field(max_length=40)]
    ok: bool
    text: Annotated[str, Field(max_length=300)] = ""
    windows: Annotated[list[App], Field(max_length=20)] = []


class UiWindows(BaseModel):
    """The apps whose windows are open now, the front one first."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    windows: Annotated[list[App], Field(max_length=20)]


class UiTyped(BaseModel):
    """What the caller has typed instead of saying it: their turn, whole."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TYPED)]


COMMANDS: Mapping[str, type[Command]] = {kind.command: kind for kind in Command.__subclasses__()}
ANSWERS: Mapping[str, type[BaseModel]] = {
    "ui.done": UiDone,
    "ui.windows": UiWindows,
    "ui.typed": UiTyped,
}
APPS: tuple[str, ...] = get_args(App)


def ui_models() -> list[type[BaseModel]]:
    """Every payload and answer, for the page's generated types."""
    return [*COMMANDS.values(), *ANSWERS.values()]


def ui_typescript() -> str:
    """The TypeScript union of all commands by name, and of all events; the payloads' interfaces
    are written from `ui_models()`."""
    lines = ["export type UiCommand ="]
    lines += [
        f'  | {{ command: "{name}"; payload: {kind.__name__} }}'
        for name, kind in sorted(COMMANDS.items())
    ]
    lines[-1] += ";\n"
    lines.append("export type UiEvent =")
    lines += [
        f'  | {{ event: "{name}"; payload: {kind.__name__} }}'
        for name, kind in sorted(ANSWERS.items())
    ]
    return "\n".join(lines) + ";\n"
