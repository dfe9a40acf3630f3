"""DATABASE_URL, in all the spellings people use, turned into what the async drivers want."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import StoreError

SQLITE_SCHEMES = ("sqlite", "sqlite+aiosqlite")
POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
EXAMPLES = "sqlite:///var/tandem.db or postgresql://user:password@host/tandem"

# libpq's own connection parameters, from PostgreSQL's manual, "Parameter Key Words".
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
TLS_PARAMETERS = frozenset(
    (
        *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword"),
        *("sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
    )
)
# Known to libpq, without a counterpart in asyncpg, and harmless to leave out.
IGNORED_PARAMETERS = frozenset(
    (
        *("channel_binding", "gssencmode", "client_encoding", "fallback_application_name"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    )
)
# Taken by asyncpg or by SQLAlchemy's dialect under the same name.
PASSED_PARAMETERS = frozenset(
    ("host", "port", "target_session_attrs", "passfile", "prepared_statement_cache_size")
)

CONNECT_TIMEOUT = 10.0  # seconds; a phone call does not wait for longer either
COMMAND_TIMEOUT = 15.0  # seconds a statement may take before the database counts as away


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is. `shown` is safe for logs: it holds no password."""

    url: URL = field(repr=False)
    shown: str
    connect_args: dict[str, Any] = field(default_factory=dict, repr=False)
    file: Path | None = None

    @property
    def secret(self) -> str | None:
        """The password, to be blotted out of what is shown."""
        return str(self.url.password) if self.url.password else None

    @property
    def is_sqlite(self) -> bool:
        return self.file is not None


def parse_address(database_url: str) -> Address:
    """Reads a DATABASE_URL.

    Takes `sqlite:///file`, `sqlite+aiosqlite:///file`, `postgres://`, `postgresql://` and
    `postgresql+asyncpg://`, with libpq's query parameters on the latter three.

    Raises:
        StoreError: names DATABASE_URL and what is wrong; never holds the password.
    """
    try:
        url = make_url(database_url.strip())
    except (ArgumentError, ValueError):
        # `from None`: the cause may quote the URL with its password.
        raise StoreError(f"DATABASE_URL cannot be read as a URL; try {EXAMPLES}") from None
    if url.drivername in SQLITE_SCHEMES:
        return _sqlite(url)
    if url.drivername in POSTGRES_SCHEMES:
        return _postgres(url)
    raise StoreError(f"DATABASE_URL starts with {url.drivername}://, which is unknown; {EXAMPLES}")


def _sqlite(url: URL) -> Address:
    name = url.database or ""
    if url.host:
        raise StoreError("DATABASE_URL: sqlite takes three slashes for a file, sqlite:///file.db")
    if not name or name == ":memory:" or name.startswith("file:"):
        raise StoreError("DATABASE_URL: sqlite needs a file, such as sqlite:///var/tandem.db")
    if url.query:
        raise StoreError(f"DATABASE_URL: sqlite takes no parameters, got {_names(url.query)}")
    file = Path(name).expanduser()
    clean = URL.create("sqlite+aiosqlite", database=str(file))
    return Address(clean, f"sqlite:///{file}", file=file)


def _postgres(url: URL) -> Address:
    query = {key: _single(value) for key, value in url.query.items()}
    user = query.pop("user", url.username)
    password = query.pop("password", None) or url.password
    database = query.pop("dbname", None) or url.database
    if not database:
        raise StoreError("DATABASE_URL names no database, as in postgresql://host/tandem")
    connect_args = _connect_args(query)
    unknown = set(query) - PASSED_PARAMETERS
    if unknown:
        raise StoreError(f"DATABASE_URL has unknown parameters: {_names(unknown)}")
    clean = URL.create(
        "postgresql+asyncpg",
        username=user,
        password=str(password) if password else None,
        host=url.host,
        port=url.port,
        database=database,
        query=query,
    )
    shown = clean.set(drivername="postgresql").render_as_string(hide_password=True)
    return Address(clean, shown, connect_args)


def _connect_args(query: dict[str, str]) -> dict[str, Any]:
    """Takes libpq's parameters out of `query` and says them in asyncpg's words."""
    server = {"application_name": query.pop("application_name", "tandem"), "timezone": "UTC"}
    server.update(_options(query.pop("options", "")))
    args: dict[str, Any] = {"server_settings": server, "command_timeout": COMMAND_TIMEOUT}
    args["timeout"] = _seconds(query.pop("connect_timeout", ""))
    for key in IGNORED_PARAMETERS & query.keys():
        del query[key]
    # The dialect's own spelling; the same words are taken.
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    if query.get("sslmode", "prefer") not in SSL_MODES:
        raise StoreError(f"DATABASE_URL: sslmode is one of {', '.join(SSL_MODES)}")
    tls = {key: query.pop(key) for key in TLS_PARAMETERS & query.keys()}
    if tls:
        # asyncpg reads certificates only from a DSN; its other arguments override the rest.
        args["dsn"] = f"postgresql:///?{urlencode(tls)}"
    return args


def _options(options: str) -> dict[str, str]:
    """Server settings out of `-c name=value -c name=value`."""
    settings: dict[str, str] = {}
    for part in options.replace("-c ", "-c").split():
        name, equals, value = part.removeprefix("-c").removeprefix("--").partition("=")
        if not equals or not part.startswith("-"):
            raise StoreError("DATABASE_URL: options are written as options=-c%20name%3Dvalue")
        settings[name] = value
    return settings


def _seconds(text: str) -> float:
    try:
        return float(text) if text else CONNECT_TIMEOUT
    except ValueError:
        raise StoreError("DATABASE_URL: connect_timeout is a number of seconds") from None


def _single(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]


def _names(keys: Iterable[str]) -> str:
    return ", ".join(sorted(keys))
