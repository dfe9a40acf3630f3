"""Which conversation gets which slot of the language model."""

import asyncio

from bot.speech.embedded.slots import Slots, fingerprint, shared

SYSTEM = {"role": "system", "content": "You are a bot."}


def talk(*words: str) -> tuple[str, ...]:
    roles = ("user", "assistant")
    said = [{"role": roles[i % 2], "content": word} for i, word in enumerate(words)]
    return fingerprint([SYSTEM, *said])


def test_only_what_follows_the_system_prompt_counts_as_shared() -> None:
    assert shared(talk("hi"), talk("hello")) == 0
    assert shared(talk("hi", "hello"), talk("hi", "hello", "how are you")) == 2
    assert shared((), talk("hi")) == 0


async def test_a_conversation_finds_its_slot_again() -> None:
    slots = Slots(3)
    taken = {}
    for name in ("anna", "ben", "carl"):
        taken[name] = await slots.take(talk(name))
    for name in ("carl", "anna", "ben"):
        slots.give_back(taken[name], talk(name))

    for name in ("anna", "carl", "ben"):
        assert await slots.take(talk(name, "hello", "and now?")) == taken[name]


async def test_a_new_conversation_gets_the_slot_unused_the_longest() -> None:
    slots = Slots(2)
    old, new = await slots.take(talk("old")), await slots.take(talk("new"))
    slots.give_back(old, talk("old"))
    slots.give_back(new, talk("new"))

    assert await slots.take(talk("somebody else")) == old


async def test_who_finds_none_waits_in_order() -> None:
    slots = Slots(1)
    slot = await slots.take(talk("first"))
    order: list[str] = []

    async def ask(name: str) -> None:
        order.append(f"{name} has {await slots.take(talk(name))}")

    waiting = [asyncio.create_task(ask(name)) for name in ("second", "gone", "third")]
    await asyncio.sleep(0)
    waiting[1].cancel()
    slots.give_back(slot, talk("first"))
    await waiting[0]
    assert order == ["second has 0"]
    slots.give_back(slot, talk("second"))
    await waiting[2]
    assert order == ["second has 0", "third has 0"]


async def test_a_turn_given_to_one_who_just_left_goes_to_the_next() -> None:
    slots = Slots(1)
    slot = await slots.take(talk("first"))
    leaver = asyncio.create_task(slots.take(talk("leaver")))
    patient = asyncio.create_task(slots.take(talk("patient")))
    await asyncio.sleep(0)

    slots.give_back(slot, talk("first"))
    leaver.cancel()

    assert await asyncio.wait_for(patient, 5) == slot
