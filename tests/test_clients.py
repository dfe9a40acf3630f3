"""Connections to providers are opened ahead of a call's first turn, and never twice over."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from openai import DefaultAioHttpClient
from pydantic import SecretStr

from bot import clients as module
from bot.brain.vendor_errors import RAISED, ours
from bot.clients import WARM_CONNECTIONS, Clients
from bot.providers import Endpoint


class Provider:
    """A TLS server that counts connections and notes requests."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest_asyncio.fixture
async def provider(tmp_path: Path) -> AsyncIterator[tuple[Provider, Clients]]:
    found = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*found)
    stand_in = Provider()
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0, ssl=context)
    stand_in.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    clients = Clients()
    await clients.http.aclose()
    clients.http = DefaultAioHttpClient(verify=ssl.create_default_context(cafile=found[0]))
    yield stand_in, clients
    await clients.aclose()
    server.close()
    await server.wait_closed()


def endpoint(base_url: str) -> Endpoint:
    return Endpoint("llm", "openai", base_url, SecretStr("sk-secret"), "model", "test")


async def test_a_turn_finds_its_connections_open(provider: tuple[Provider, Clients]) -> None:
    server, clients = provider
    stages = [endpoint(server.url)] * 3
    await clients.warm(stages)
    assert server.connections == WARM_CONNECTIONS
    assert all(request.startswith(b"HEAD / ") for request in server.requests)
    assert b"sk-secret" not in b"".join(server.requests)
    await asyncio.gather(*(clients.http.get(server.url) for _ in range(WARM_CONNECTIONS)))
    assert server.connections == WARM_CONNECTIONS
    assert len(server.requests) == 2 * WARM_CONNECTIONS


async def test_the_next_call_asks_again_only_after_a_while(
    provider: tuple[Provider, Clients], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, clients = provider
    await clients.warm([endpoint(server.url)])
    await clients.warm([endpoint(server.url)])
    assert len(server.requests) == WARM_CONNECTIONS
    monkeypatch.setattr(module, "WARM_SECONDS", 0.0)
    await clients.warm([endpoint(server.url)])
    assert len(server.requests) == 2 * WARM_CONNECTIONS
    assert server.connections == WARM_CONNECTIONS


async def test_a_provider_that_is_away_and_servers_of_ones_own_are_no_matter(
    provider: tuple[Provider, Clients],
) -> None:
    server, clients = provider
    plain = server.url.replace("https", "http")
    await clients.warm([endpoint(""), endpoint(plain), endpoint("https://127.0.0.1:9/v1")])
    assert not server.requests


async def test_a_refused_connection_is_called_one() -> None:
    """The SDKs' transport calls every failure to connect a time-out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    key, clients = SecretStr("sk-test"), Clients()
    openai = Endpoint("llm", "openai", url, key, "m", "")
    claude = Endpoint("llm", "anthropic", url, key, "m", "")
    said: list[str] = []
    try:
        for asked in (
            clients.openai(openai).models.list(),
            clients.anthropic(claude).models.list(),
            clients.http.get(url),
        ):
            with pytest.raises(RAISED) as caught:
                await asked
            said.append(str(ours("they", caught.value)))
    finally:
        await clients.aclose()
    assert said == ["they: connection refused"] * 3
