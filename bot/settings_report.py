"""Explains the settings: which provider serves which stage and why, what is missing or misspelt.

`python runner.py --check` prints it. `.env.example` is written here too, from the fields.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from rich import box
from rich.console import Console
from rich.table import Table

from bot.errors import SettingsError
from bot.modes.setup import Setup
from bot.providers import STAGES, Endpoint, Stage, choose
from bot.retiring import retiring
from bot.settings import Settings, found_variables, known_variables
from pipelines.prompts import translated

_STAGE_NAMES = {"stt": "speech to text", "llm": "language model", "tts": "voice"}
_WITH_NAMES = ("why", "missing")
"""The report's columns that name variables."""


def check(console: Console | None = None) -> int:
    """Print the report; returns the exit code: 1 when the settings contradict each other."""
    console = console or Console()
    try:
        settings = Settings.load()
        table = _table(settings, console.width)
    except SettingsError as error:
        for line in str(error).splitlines():
            console.print(f"[bold red]wrong[/] {line}", highlight=False, soft_wrap=True)
        for line in misspelt():
            console.print(f"[yellow]note[/]  {line}", highlight=False, soft_wrap=True)
        return 1
    console.print(table)
    for line in [*misspelt(), *notes(settings)]:
        console.print(f"[yellow]note[/]  {line}", highlight=False, soft_wrap=True)
    return 0


def notes(settings: Settings) -> list[str]:
    """What works, but not as one may think; one line each."""
    return [*retiring(settings), *_phone_notes(settings), *_other_notes(settings)]


def misspelt() -> list[str]:
    """Variables that begin like ours and are none, each with the nearest known name."""
    known = known_variables()
    prefixes = {name.split("_")[0] + "_" for name in known if "_" in name}
    lines = []
    for name, where in sorted(found_variables().items()):
        if name in known or not any(name.startswith(prefix) for prefix in prefixes):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        if near or where != "environment":
            hint = f"did you mean {near[0]}?" if near else "see .env.example"
            lines.append(f"{name} ({where}) is not a setting of Tandem: {hint}")
    return lines


def env_example() -> str:
    """The text of `.env.example`: every variable with its default and meaning."""
    lines = [
        "# Every setting of Tandem with its default. Copy to .env and fill in what you need; the",
        "# environment wins over .env. `python runner.py --check` explains the result.",
    ]
    for name, meaning in known_variables().items():
        default = Settings.model_fields[name].default
        if isinstance(default, SecretStr):
            default = ""
        elif isinstance(default, tuple):
            default = ",".join(default)
        elif default is None:
            default = ""
        elif isinstance(default, float) and default.is_integer():
            default = int(default)
        lines += ["", f"# {meaning}", f"{name}={default}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Row:
    """A line of the report. `stage`: '' where the part is none of a conversation's stages."""

    part: str
    uses: str
    why: str
    missing: str
    stage: str = ""


def rows(settings: Settings) -> list[Row]:
    """What serves each part of the bot, why, and what is missing."""
    found = [_stage_row(stage, choose(settings).stage(stage)) for stage in STAGES]
    rest = settings.twilio_rest
    processes = "1 worker" if settings.WORKERS == 1 else f"{settings.WORKERS} workers"
    database = settings.database_url.split(":")[0]
    operator = settings.OPERATOR_TOKEN.get_secret_value()
    return [
        *found,
        _deep_row(settings),
        Row(
            "phone",
            settings.TWILIO_PHONE_NUMBER or ("Twilio" if rest else "this machine only"),
            "Twilio credentials are set" if rest else "no Twilio credentials",
            ", ".join(_phone_missing(settings)),
        ),
        Row("calls", f"{settings.MAX_CALLS} at once, {processes}", "MAX_CALLS and WORKERS", ""),
        Row(
            "store",
            database.split("+")[0],
            "DATABASE_URL is set" if settings.DATABASE_URL.get_secret_value() else "default",
            "",
        ),
        Row(
            "operator",
            "token" if operator else "nobody",
            "OPERATOR_TOKEN is set" if operator else "",
            "" if operator else "OPERATOR_TOKEN, to place calls and to use the room from elsewhere",
        ),
        _console_row(settings),
        *_mode_rows(settings),
    ]


def _mode_rows(settings: Settings) -> Iterator[Row]:
    """What each mode of `config.json` would use, and what it lacks.

    Raises:
        SettingsError: the file or LLM_MODE is wrong.
    """
    setup = Setup.of(settings)
    usual = settings.LLM_MODE or setup.config.default_mode
    for name, mode in setup.modes.items():
        why = "LLM_MODE or default_mode" if name == usual else ""
        uses = ", ".join(dict.fromkeys(mode.labels.values()))
        yield Row(f"mode {name}", uses, why, mode.missing)


def _deep_row(settings: Settings) -> Row:
    """Who does long jobs, and thinks hard questions through."""
    if not settings.OPENCLAW_API_URL:
        if settings.ANTHROPIC_API_KEY.get_secret_value():
            uses = f"anthropic {settings.ANTHROPIC_MODEL}"
            why = "ANTHROPIC_API_KEY is set: hard questions, but no jobs in the background"
        else:
            uses, why = "nobody", ""
        return Row("deep brain", uses, why, "OPENCLAW_API_URL, for jobs in the background")
    per_call, in_all = settings.task_limits
    front = choose(settings).llm[0].label
    why = f"hybrid: {front} talks in front of it"
    if not settings.hybrid:
        why = "BOT_HYBRID_LLM is false: it answers everything"
    limits = f"{per_call} jobs a call, {in_all} in all, {settings.OPENCLAW_TASK_TIMEOUT:g} s each"
    return Row(
        "deep brain",
        f"OpenClaw, agent {settings.OPENCLAW_AGENT}",
        f"{why}; {limits}",
        "",
    )


def _stage_row(stage: Stage, endpoints: Sequence[Endpoint]) -> Row:
    first, *others = endpoints
    why = first.why + (f"; then {', '.join(e.provider for e in others)}" if others else "")
    return Row(_STAGE_NAMES[stage], _uses(first), why, _missing_key(first), stage)


def _console_row(settings: Settings) -> Row:
    days = f"recordings kept for {settings.RECORD_CALLS_DAYS} days"
    if settings.OPERATOR_PASSWORD.get_secret_value():
        who, why = "password", "OPERATOR_PASSWORD is set"
    elif settings.OPERATOR_TOKEN.get_secret_value():
        who, why = "token", "OPERATOR_TOKEN is set"
    else:
        who, why = "this machine only", "no password is set"
    uses = f"{who}, {days}" if settings.RECORD_CALLS else who
    missing = "OPERATOR_PASSWORD, to open /console from elsewhere" if "only" in who else ""
    return Row("console", uses, why, missing)


def _table(settings: Settings, width: int) -> Table:
    """The report for a screen so many characters wide; from 80 on every variable's name is whole,
    since it is what one copies."""
    table = Table(title="Tandem's settings", title_justify="left", box=box.SIMPLE_HEAD)
    table.pad_edge = False
    found = rows(settings)
    share = width // 5
    texts = {
        "part": [row.part for row in found],
        "uses": [row.uses for row in found],
        "why": [row.why for row in found],
        "missing": [row.missing for row in found],
    }
    for name, column in texts.items():
        least = max(len(word) for text in [name, *column] for word in text.split())
        most = max(len(text) for text in [name, *column])
        fixed = min(most, max(least, share)) if name in _WITH_NAMES else None
        table.add_column(name, overflow="fold", width=fixed)
    for row in found:
        table.add_row(row.part, row.uses, row.why, row.missing)
    return table


def _uses(endpoint: Endpoint) -> str:
    voice = f", voice {endpoint.voice}" if endpoint.voice else ""
    return f"{endpoint.label}{voice}"


def _missing_key(endpoint: Endpoint) -> str:
    hints = {
        "stt": "OPENAI_API_KEY or WHISPER_ENDPOINT, for better ears",
        "llm": "OPENAI_API_KEY, OPENAI_BASE_URL or ANTHROPIC_API_KEY, for a better brain",
        "tts": "ELEVENLABS_API_KEY or OPENAI_API_KEY, for a better voice",
    }
    automatic = endpoint.provider == "embedded" and endpoint.why.startswith("no key")
    return hints[endpoint.stage] if automatic else ""


def _phone_missing(settings: Settings) -> Iterator[str]:
    if not settings.PUBLIC_URL:
        yield "PUBLIC_URL"
    if not settings.twilio_rest:
        yield "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
    if not settings.TWILIO_PHONE_NUMBER:
        yield "TWILIO_PHONE_NUMBER, to call out"


def _phone_notes(settings: Settings) -> Iterator[str]:
    if not settings.TWILIO_AUTH_TOKEN.get_secret_value():
        if settings.TWILIO_API_KEY:
            yield (
                "TWILIO_AUTH_TOKEN: not set; an API key cannot check the signatures of Twilio's "
                "webhooks, so calls from Twilio are refused"
            )
        else:
            yield (
                "TWILIO_AUTH_TOKEN: not set; phone webhooks and media sockets are accepted from "
                "this machine only"
            )
    elif not settings.PUBLIC_URL:
        yield "PUBLIC_URL: not set; the address Twilio calls is taken from the request"
    if settings.PUBLIC_URL.startswith("http://"):
        yield "PUBLIC_URL: begins with http://, but Twilio streams to wss:// (https) only"


def _other_notes(settings: Settings) -> Iterator[str]:
    if not translated(settings.BOT_LANGUAGE):
        yield (
            f"BOT_LANGUAGE: the fixed sentences are not translated into "
            f"{settings.BOT_LANGUAGE!r}; they are spoken in English (BOT_GREETING is yours)"
        )
