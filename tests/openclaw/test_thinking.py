"""One deep answer, streamed, from either of the two who can give it."""

from contextlib import aclosing

import pytest
from anthropic import AsyncAnthropic

from bot.errors import ProviderRefused, ProviderUnavailable
from bot.openclaw import thinking
from bot.openclaw.gateway import Gateway
from bot.openclaw.thinking import AnthropicThinker, GatewayThinker
from tests.fakes.anthropic_api import KEY, AnthropicApi
from tests.fakes.faults import OVERLOADED, UNAUTHORIZED, Fault
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.openclaw_wire import Overloaded, WrongKey
from tests.fakes.script import Pause, Say


async def test_pieces_come_as_they_are_made(openclaw: OpenClawGateway, gateway: Gateway) -> None:
    openclaw.replies.append([Say("Because of light."), Pause(30)])
    thinker = GatewayThinker(gateway, "Tandem")
    heard = ""
    async with aclosing(thinker.think("why is the sky blue?", "call-1")) as pieces:
        async for piece in pieces:
            heard += piece
            if heard.endswith("light."):
                break
    (run,) = openclaw.runs.values()
    assert run.status == "aborted"  # nobody listens any more
    (sent,) = openclaw.of_method("chat.send")
    assert "call-1" in sent["sessionKey"]


async def test_the_end_is_the_end(openclaw: OpenClawGateway, gateway: Gateway) -> None:
    openclaw.replies.append("Because of light.")
    thinker = GatewayThinker(gateway, "Tandem")
    assert "".join([p async for p in thinker.think("why?", "c")]) == "Because of light."
    assert not openclaw.of_method("chat.abort")


async def test_a_failure_and_a_silence_are_errors(
    openclaw: OpenClawGateway, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    thinker = GatewayThinker(gateway, "Tandem")
    openclaw.replies.append([WrongKey()])
    with pytest.raises(ProviderUnavailable, match="authentication failed"):
        assert not [p async for p in thinker.think("why?", "c")]
    openclaw.agent.disabled = False
    openclaw.replies.append([Pause(30)])
    monkeypatch.setattr(thinking, "FIRST_SECONDS", 0.2)
    with pytest.raises(ProviderUnavailable, match="no answer"):
        assert not [p async for p in thinker.think("why?", "c")]
    assert len(openclaw.of_method("chat.abort")) == 1


async def test_an_overloaded_model_is_not_waited_for(
    openclaw: OpenClawGateway, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    openclaw.replies.append([Overloaded(seconds=76, tries=760)])
    monkeypatch.setattr(thinking, "FIRST_SECONDS", 0.5)
    with pytest.raises(ProviderUnavailable, match="no answer"):
        assert not [p async for p in GatewayThinker(gateway, "Tandem").think("why?", "c")]
    (run,) = openclaw.runs.values()
    assert run.status == "aborted"


async def test_anthropic_when_only_that_is_there(anthropic_api: AnthropicApi) -> None:
    anthropic_api.replies.append("Because of light.")
    client = AsyncAnthropic(api_key=KEY, base_url=anthropic_api.origin, max_retries=0)
    thinker = AnthropicThinker(client, "claude-haiku-4-5", "Tandem")
    assert "".join([p async for p in thinker.think("why?", "c")]) == "Because of light."
    await client.close()


@pytest.mark.parametrize(
    ("fault", "error"), [(OVERLOADED, ProviderUnavailable), (UNAUTHORIZED, ProviderRefused)]
)
async def test_anthropics_errors(
    anthropic_api: AnthropicApi, fault: Fault, error: type[Exception]
) -> None:
    anthropic_api.fail(fault)
    client = AsyncAnthropic(api_key=KEY, base_url=anthropic_api.origin, max_retries=0)
    thinker = AnthropicThinker(client, "claude-haiku-4-5", "Tandem")
    with pytest.raises(error, match=str(fault.status)):
        assert not [p async for p in thinker.think("why?", "c")]
    await client.close()
