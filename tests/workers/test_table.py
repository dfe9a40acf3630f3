"""The workers' shared places: their sum keeps the limit, whoever takes them and whoever dies."""

import asyncio
import sys
from collections.abc import Iterator

import pytest

from bot.call import Call
from bot.errors import NotAdmitted
from bot.settings import ROOT
from bot.switchboard import Switchboard
from bot.workers.table import ROWS, SharedPlaces, State, Table

TAKER = """
import sys
from bot.workers.table import SharedPlaces, Table

table = Table(int(sys.argv[1]))
places = SharedPlaces(table, table.row(int(sys.argv[2])), int(sys.argv[3]))
most = 0
for _ in range(4000):
    if places.take():
        most = max(most, table.taken)
        places.give()
print(most, sum(places.take() for _ in range(100)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table.create()
    yield table
    table.close()


async def test_four_processes_never_take_more_than_there_are(table: Table) -> None:
    limit = 7
    takers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", TAKER, str(table.descriptor), str(row), str(limit)),
            cwd=ROOT,
            pass_fds=[table.descriptor],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for row in range(4)
    ]
    try:
        found = []
        for taker in takers:
            assert taker.stdout
            found.append([int(part) for part in (await taker.stdout.readline()).split()])
        assert max(most for most, _ in found) <= limit
        assert sum(kept for _, kept in found) == limit
        assert table.taken == limit
        assert [table.row(n).taken for n in range(4)] == [kept for _, kept in found]
    finally:
        for taker in takers:
            taker.kill()
            await taker.wait()
    for n in range(4):
        table.row(n).empty()
    assert table.taken == 0


async def test_switchboards_share_their_places(table: Table) -> None:
    places = [SharedPlaces(table, table.row(n), 2) for n in range(2)]
    boards = [Switchboard(99, places=places[n], worker=n + 1) for n in range(2)]
    token = boards[0].expect(Call("phone"))
    assert token.startswith("1-")
    with boards[1].holding(Call("room")):
        assert boards[0].refusal == "all 2 lines are busy"
        with pytest.raises(NotAdmitted, match="all 2 lines are busy"):
            boards[1].expect(Call("phone"))
    assert boards[0].refusal == ""
    call = boards[0].redeem(token)
    assert table.taken == 1, "a call keeps its place between its token and its stream"
    with boards[0].holding(call, admitted=True):
        assert table.taken == 1
    assert table.taken == 0


async def test_a_retired_switchboard_serves_whom_it_expects(table: Table) -> None:
    board = Switchboard(2, places=SharedPlaces(table, table.row(0), 2), worker=1)
    call = Call("phone")
    token = board.expect(call)
    board.retire("server stopping")
    assert board.closed
    with pytest.raises(NotAdmitted, match="server stopping"):
        board.expect(Call("phone"))
    assert board.redeem(token) is call
    board.close("server stopping")
    assert not call.over


def test_rows_are_given_out_and_given_back(table: Table) -> None:
    rows = []
    while row := table.free_row():
        row.state = State.TAKING
        rows.append(row)
    assert len(rows) == table.taking == ROWS
    rows[3].empty()
    found = table.free_row()
    assert found
    assert found.index == 3
