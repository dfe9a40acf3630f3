"""`WORKERS` above 1: real processes on one port, real calls to all of them."""

import asyncio
import re
import signal
import socket
from pathlib import Path

import psutil
import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack
from websockets.exceptions import InvalidStatus

from bot.store import queries
from bot.store.store import Store
from tests.fakes.phoneline import PhoneLine
from tests.fixtures.program import Program, Start, heard, sid, talk
from tests.test_settings_served import free_port

pytestmark = pytest.mark.timeout(600)


async def two_calls(
    program: Program, until: float, first: int = 1
) -> dict[int, tuple[PhoneLine, asyncio.Task[None]]]:
    """A live call on each of two workers, the greeting heard."""
    calls = {}
    for number in (first, first + 1):
        url, worker = await program.ring(sid(number))
        calls[worker] = talk(url, number, until)
    assert len(calls) == 2, "a second call goes to the worker that has none"
    for line, _ in calls.values():
        await program.until(lambda line=line: heard(line) == "Hello there.", 60)
    return calls


async def refused(url: str) -> bool:
    try:
        await PhoneLine().dial(url, 1)
    except InvalidStatus as error:
        return error.response.status_code == 403
    return False


async def test_calls_and_pages_meet_their_workers_who_end_with_their_parent(start: Start) -> None:
    program = await start(WORKERS=2, MAX_CALLS=4)
    await program.ready(2)
    await check_phone_calls(program)
    await check_pages(program)
    await check_killed_parent(program)


async def test_a_worker_is_killed_and_a_second_signal_ends_all(
    start: Start, tmp_path: Path
) -> None:
    program = await start(WORKERS=2, MAX_CALLS=2)
    await program.ready(2)
    await check_kill(program, f"sqlite:///{tmp_path}/data/tandem.db")
    await nobody_calls(program)
    await check_second_signal(program)


async def test_workers_are_renewed_and_a_stop_says_goodbye(start: Start) -> None:
    program = await start(WORKERS=2)
    await program.ready(2)
    await check_renewal(program)
    await nobody_calls(program)
    await check_stop(program)


async def nobody_calls(program: Program) -> None:
    """Wait until the last call is over."""
    async with asyncio.timeout(60):
        while (await program.state()).get("calls", 1):  # noqa: ASYNC110 - another process's count
            await asyncio.sleep(0.1)


async def check_phone_calls(program: Program) -> None:
    """A call meets its worker, and all share the lines."""
    port = int(program.url.rsplit(":", 1)[1])
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for client in slow:
        client.sendall(b"POST /phone/incoming HTTP/1.1\r\nContent-Le")

    rung = await asyncio.gather(*(program.ring(sid(n)) for n in range(4)))
    assert sorted(worker for _, worker in rung) == [1, 1, 2, 2]
    assert "all lines are busy" in await program.post("/phone/incoming", sid(9))
    again = [await program.ring(sid(n)) for n in range(4)]
    assert [worker for _, worker in again] == [worker for _, worker in rung]
    assert (await program.state())["calls"] == 4

    assert await refused(rung[0][0]), "the webhook asked again made this token void"
    url, worker = again[0]
    assert await refused(url.replace(f"/{worker}-", f"/{3 - worker}-")), "another worker's token"
    line, call = talk(url, 0, 300)
    other, other_call = talk(again[1][0], 1, 300)
    await program.until(lambda: heard(line) == heard(other) == "Hello there.", 60)
    assert await refused(url), "a token works once"

    await program.post("/phone/status", sid(2), CallStatus="completed")
    await program.post("/phone/status", sid(3), CallStatus="busy")
    await program.post("/phone/status", sid(0), CallStatus="completed")
    await call
    after = f"/phone/after?worker={worker}"
    assert "<Hangup" in await program.post(after, sid(0), CallStatus="completed")
    assert (await program.state())["calls"] == 1
    other.end()
    await other_call
    for client in slow:
        client.close()


async def check_pages(program: Program) -> None:
    """The requests of one client go to the worker of each."""
    origin = {"origin": program.url}
    pages, answers = [], []
    for _ in range(2):
        page = RTCPeerConnection()
        page.addTrack(AudioStreamTrack())
        page.createDataChannel("chat")
        pages.append(page)
        await page.setLocalDescription(await page.createOffer())
        offer = {"sdp": page.localDescription.sdp, "type": "offer"}
        url = f"{program.url}/api/offer"
        async with program.http.post(url, json=offer, headers=origin) as answer:
            assert answer.status == 200
            assert answer.headers["connection"] == "close"
            answers.append((await answer.json())["pc_id"])
    assert {pc_id.partition("-")[0] for pc_id in answers} == {"1", "2"}
    for pc_id in answers * 3:
        body = {"pc_id": pc_id, "candidates": []}
        async with program.http.patch(url, json=body, headers=origin) as answer:
            assert answer.status == 204
    mine, others = answers
    body = {"pc_id": f"{others[0]}-{mine.partition('-')[2]}", "candidates": []}
    async with program.http.patch(url, json=body, headers=origin) as answer:
        assert answer.status == 404
    for page in pages:
        await page.close()


async def check_stop(program: Program) -> None:
    """A stop says goodbye everywhere, and leaves nothing."""
    calls = await two_calls(program, 300, first=11)
    family = program.family
    program.process.send_signal(signal.SIGTERM)
    await program.until(lambda: program.log.count("the live ones are told goodbye") == 2, 40)
    assert "<Stream" not in await program.post("/phone/incoming", sid(7))
    await asyncio.gather(*(task for _, task in calls.values()))
    assert await asyncio.wait_for(program.process.wait(), 60) == 0
    for line, _ in calls.values():
        assert re.search(r"Hello there\. .*[Gg]oodbye", heard(line)), heard(line)
    assert not psutil.wait_procs(family, timeout=20)[1]
    assert "ERROR" not in program.log


async def check_kill(program: Program, database: str) -> None:
    """A killed worker is replaced, and the other calls go on."""
    calls = await two_calls(program, 300)
    (_, lost_call), (line, call) = calls[1], calls[2]
    program.workers()[1].kill()
    await asyncio.wait_for(lost_call, 40)
    assert not call.done()
    await program.until(lambda: set(program.workers()) == {2, 3})
    await program.ready(2)
    assert "worker 1 was ended by signal 9: its calls (1) are lost" in program.log
    after = await program.post("/phone/after?worker=1", sid(1))
    assert "something went wrong" in after
    url, worker = await program.ring(sid(5))
    assert worker == 3, "the dead worker's place is free again"
    new, new_call = talk(url, 5, 300)
    await program.until(lambda: heard(new) == "Hello there.", 60)
    assert not call.done()
    line.end()
    new.end()
    await asyncio.gather(call, new_call)

    store = await Store.open(database)
    async with asyncio.timeout(60):
        while any(c.ended_at is None for c in await queries.calls(store)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    ends = [(c.provider_call_id, c.end_reason) for c in await queries.calls(store)]
    await store.close()
    assert sorted(ends) == [
        (sid(1), "server died"),
        (sid(2), "caller hung up"),
        (sid(5), "caller hung up"),
    ]


async def check_second_signal(program: Program) -> None:
    """A second signal ends it at once."""
    calls = await two_calls(program, 300, first=11)
    family = program.family
    program.process.send_signal(signal.SIGTERM)
    await program.until(lambda: "stopping" in program.log, 40)
    program.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(program.process.wait(), 60) == 0
    await asyncio.gather(*(task for _, task in calls.values()))
    assert not any("oodbye" in heard(line) for line, _ in calls.values())
    assert not psutil.wait_procs(family, timeout=20)[1]


async def check_renewal(program: Program) -> None:
    """A renewal touches no call."""
    calls = await two_calls(program, 300)
    rung = {number: await program.ring(sid(number)) for number in (3, 4)}
    expected, url = next((n, url) for n, (url, worker) in rung.items() if worker == 1)
    await program.post("/phone/status", sid(7 - expected), CallStatus="canceled")
    program.process.send_signal(signal.SIGUSR1)
    await program.until(lambda: set(program.workers()) == {1, 2, 3, 4})
    line, call = talk(url, expected, 300)  # its token's worker has retired: 4 came after that
    number = 10
    while (await program.state())["workers"] != 2 or {1, 2} & await takers(program, number):
        number += 2
        await asyncio.sleep(0.1)
    await program.until(lambda: heard(line) == "Hello there.", 60)
    assert not any(task.done() for _, task in calls.values())
    for each, _ in [*calls.values(), (line, call)]:
        each.end()
    await asyncio.gather(call, *(task for _, task in calls.values()))
    await program.until(lambda: set(program.workers()) == {3, 4})
    assert "ERROR" not in program.log


async def takers(program: Program, number: int) -> set[int]:
    """Which workers two new calls are given to; the calls are withdrawn again."""
    rung = [await program.ring(sid(number + n)) for n in range(2)]
    assert all(worker for _, worker in rung), "while workers are renewed every call is taken"
    for n in range(2):
        await program.post("/phone/status", sid(number + n), CallStatus="canceled")
    return {worker for _, worker in rung}


async def check_killed_parent(program: Program) -> None:
    """Workers end when their parent is killed."""
    workers = list(program.workers().values())
    figures = Path(workers[0].cmdline()[-1])
    assert await asyncio.to_thread(figures.is_dir)
    program.process.kill()
    await program.process.wait()
    assert not (await asyncio.to_thread(psutil.wait_procs, workers, timeout=40))[1]
    assert not await asyncio.to_thread(figures.exists)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"DATA_DIR": "/dev/null/nowhere"}, "DATA_DIR: "),
        ({"BOT_LANGUAGE": "de", "STT_PROVIDERS": "embedded"}, "BOT_LANGUAGE: "),
        ({"PORT": "taken"}, "HOST and PORT: "),
    ],
)
async def test_a_start_that_fails_is_one_line(
    start: Start, settings: dict[str, str], line: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        if "PORT" in settings:
            settings = settings | {"PORT": str(other.getsockname()[1])}
        program = await start(**{"PORT": free_port(), "WORKERS": 2} | settings)
        assert await asyncio.wait_for(program.process.wait(), 60) == 1
    found = [each for each in program.log.splitlines() if line in each]
    assert len(found) == 1, program.log
    assert found[0].startswith(line)
    assert "Traceback" not in program.log
