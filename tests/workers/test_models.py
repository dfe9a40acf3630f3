"""Several workers on the embedded models: real processes, real models."""

import pytest

from tests.fixtures.program import Start, sid, talk

pytestmark = [pytest.mark.models, pytest.mark.timeout(600)]


async def test_all_workers_share_one_set_of_embedded_models(start: Start) -> None:
    embedded = dict.fromkeys(("STT_PROVIDERS", "LLM_PROVIDERS", "TTS_PROVIDERS"), "embedded")
    program = await start(WORKERS=2, **embedded)
    await program.ready(2)
    started = [p.cmdline() for p in program.family]
    sidecars = [c for c in started if "bot.speech.embedded" in c and "engines" in c]
    assert len(sidecars) == 1
    url = (await program.state())["embedded"]["base_url"]
    async with program.http.get(f"{url.removesuffix('/v1')}/ready") as answer:
        assert answer.status == 200
    rung = [await program.ring(sid(n)) for n in range(2)]
    assert sorted(worker for _, worker in rung) == [1, 2]
    line, call = talk(rung[0][0], 0, 300)
    await program.until(lambda: len(line.utterances()) > 0, 60)
    line.end()
    await call
