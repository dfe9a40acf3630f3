"""The caller's own profile."""

from bot.store import profiles
from bot.store.store import Store
from tests.tools.conftest import Play
from tests.tools.scene import CALLER, Scene


async def test_things_are_remembered_across_calls_and_forgotten(play: Play, store: Store) -> None:
    first = play()
    assert "Nothing is known" in await first("bot_read_profile")
    await first("bot_update_profile", field="Name", value="Sam")
    await first("bot_update_profile", field="my e-mail address", value="sam@example.com")
    await first("bot_update_profile", field="favourite team", value="Leeds")
    later = play()
    said = await later("bot_read_profile")
    assert said == (
        "Known about the caller: email: sam@example.com; favourite team: Leeds; name: Sam."
    )
    await later("bot_update_profile", field="name", value="Samira")
    assert (await profiles.read(store, CALLER))["name"] == "Samira"
    assert "Forgot" in await later("bot_forget_profile", field="email address")
    assert "no shoe size is known" in await later("bot_forget_profile", field="shoe size")
    assert sorted(await profiles.read(store, CALLER)) == ["favourite_team", "name"]


async def test_everything_is_forgotten_only_after_a_yes(call: Scene, store: Store) -> None:
    await call("bot_update_profile", field="name", value="Sam")
    assert "Not forgotten yet" in await call(
        "bot_forget_profile", field="everything", confirmed_by_caller=True
    )
    assert await profiles.read(store, CALLER)
    call.next_turn()
    await call("bot_forget_profile", field="all", confirmed_by_caller=True)
    assert await profiles.read(store, CALLER) == {}


async def test_it_is_never_somebody_elses(play: Play, store: Store) -> None:
    one, other = play(), play(caller="+15550009999")
    await one("bot_update_profile", field="name", value="Sam")
    assert "Nothing is known" in await other("bot_read_profile")
    told = await other.raw("bot_read_profile", {"user": CALLER, "caller_id": CALLER})
    assert "Sam" not in told


async def test_a_full_profile_says_so(call: Scene) -> None:
    for number in range(profiles.MOST_FIELDS):
        await call("bot_update_profile", field=f"thing {number}", value="x")
    assert "too much" in await call("bot_update_profile", field="one more", value="x")
    assert "Remembered" in await call("bot_update_profile", field="thing 3", value="y")
