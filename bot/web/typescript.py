"""Writes the page's TypeScript types from the Python models, so that no field is named twice.

`python -m bot.web.typescript` writes `bot/web/pages/src/messages.ts`; a test fails when that file
is not what this would write.
"""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from bot.messages import PageMessage
from bot.web.console.pages import MODELS
from bot.web.messages import Answer, Candidates, Offer, Refused, RoomStatus
from bot.web.room_notes import room_models
from tools.ui import APPS, ui_models, ui_typescript

TARGET = Path(__file__).parent / "pages" / "src" / "messages.ts"
HEADER = "// Written by `python -m bot.web.typescript` from the Python models. Do not edit.\n"


def typescript() -> str:
    """The types of everything that server and page exchange, as one TypeScript module."""
    union = TypeAdapter(PageMessage).json_schema()
    bodies = [Offer, Answer, Candidates, Refused, RoomStatus, *room_models(), *ui_models(), *MODELS]
    http = [(model, "validation") for model in bodies]
    models: dict[str, Any] = union["$defs"] | models_json_schema(http)[1]["$defs"]  # type: ignore[arg-type]
    members = " | ".join(sorted(_name(one) for one in union["oneOf"]))
    parts = [HEADER, f"export type PageMessage = {members};\n", ui_typescript()]
    apps = ", ".join(map(_literal, APPS))
    parts.append(
        f"export const APPS = [{apps}] as const;\n\nexport type App = (typeof APPS)[number];\n"
    )
    parts += [_interface(name, models[name]) for name in sorted(models)]
    return "\n".join(parts)


def _interface(name: str, schema: dict[str, Any]) -> str:
    lines = [f"export interface {name} {{"]
    lines += [f"  {field}: {_type(kind)};" for field, kind in schema["properties"].items()]
    return "\n".join([*lines, "}\n"])


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _name(schema)
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(_literal(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"Array<{_type(schema['items'])}>"
    if schema.get("type") == "object":
        key = _type(schema.get("propertyNames", {"type": "string"}))
        return f"Partial<Record<{key}, {_type(schema['additionalProperties'])}>>"
    plain = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
    return plain[schema["type"]]


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _literal(value: str) -> str:
    return f'"{value}"'


if __name__ == "__main__":
    TARGET.write_text(typescript(), encoding="utf-8")
