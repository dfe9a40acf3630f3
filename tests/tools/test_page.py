"""The page: commands and answers, and the types that the page is built from."""

import asyncio

import pytest

from bot.web.typescript import _interface
from tests.tools.scene import FakePage
from tools.page import NotShown, Page
from tools.ui import COMMANDS, WindowOpen, ui_models, ui_typescript


async def test_answers_reach_the_command_they_belong_to() -> None:
    sent: list[str] = []

    async def send(command: str, payload: dict[str, object]) -> None:
        sent.append(str(payload["request"]))

    page = Page(send)
    first = asyncio.create_task(page.do(WindowOpen(app="mail")))
    second = asyncio.create_task(page.do(WindowOpen(app="drive")))
    await asyncio.sleep(0.01)
    assert page.heard("ui.done", {"request": sent[1], "ok": True, "text": "two", "windows": []})
    assert page.heard("ui.done", {"request": sent[0], "ok": False, "text": "one"})
    assert await second == "two"
    with pytest.raises(NotShown, match="one"):
        await first
    assert not page.heard("ui.done", {"request": sent[0], "ok": True})  # too late


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("toast", {}),
        ("ui.done", None),
        ("ui.done", {"request": "9", "ok": True}),
        ("ui.done", {"request": "1", "ok": "perhaps"}),
        ("ui.windows", {"windows": ["solitaire"]}),
        ("ui.windows", {"windows": "notes"}),
        ("ui.windows", [1]),
    ],
)
async def test_a_page_cannot_say_just_anything(event: str, payload: object) -> None:
    page = FakePage().page
    assert not page.heard(event, payload)
    assert page.windows == ()


async def test_open_windows_are_known() -> None:
    page = FakePage().page
    assert page.heard("ui.windows", {"windows": ["youtube", "notes"]})
    assert page.windows == ("youtube", "notes")


def test_every_command_has_its_type_for_the_page() -> None:
    union = ui_typescript()
    for name, kind in COMMANDS.items():
        assert f'{{ command: "{name}"; payload: {kind.__name__} }}' in union
    for model in ui_models():
        written = _interface(model.__name__, model.model_json_schema())
        assert written.startswith(f"export interface {model.__name__} {{")
        assert all(f"  {field}: " in written for field in model.model_fields)


def test_every_command_has_a_name_of_its_own() -> None:
    from tools.ui import Command

    kinds = Command.__subclasses__()
    assert len(COMMANDS) == len(kinds)
    assert all(name.count(".") == 1 for name in COMMANDS)
