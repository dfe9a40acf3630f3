"""How PostgreSQL looks words up once it knows that most calls have them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from bot.store import queries_index, queries_search
from bot.store.queries_search import Wanted
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fixtures.postgres import PostgresServer
from tests.store.test_console_queries import hold, settled

INDEX = "fts_call_index"


@pytest.fixture
def server(postgres_server: PostgresServer) -> PostgresServer:
    """These tests are of PostgreSQL alone."""
    return postgres_server


def plans_of(store: Store) -> list[str]:
    """The plan of every full-text search from now on, made in the search's own transaction."""
    plans: list[str] = []

    def explain(
        connection: Connection, _cursor: Any, statement: str, values: Any, *_more: Any
    ) -> None:
        if "to_tsvector" in statement and not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars()
            plans.append("\n".join(rows))

    event.listen(store.engine.sync_engine, "after_cursor_execute", explain)
    return plans


async def test_a_word_of_every_call_is_looked_up_in_the_index(
    recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_index, "SETTLE", timedelta(0))
    made = [hold(recorder, "hello, a table please", minutes=number).id for number in range(30)]
    await settled(recorder, store)
    async with store.writing() as connection:
        await connection.execute(text("ANALYZE"))
    plans = plans_of(store)
    found = await queries_search.search(store, Wanted(words="hello"), limit=5)
    assert [one.call.id for one in found] == made[:-6:-1]
    assert await queries_search.count(store, Wanted(words="hello tab")) == 30
    assert len(plans) == 2
    assert [plan for plan in plans if INDEX not in plan] == []
    async with store.reading() as session:  # and nothing else is planned like that
        shown = await session.execute(text("SHOW enable_seqscan"))
        assert shown.scalar_one() == "on"
