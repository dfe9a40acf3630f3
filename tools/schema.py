"""A tool's schema from its signature and docstring, and the check of what a model sends.

Pipecat's own wrapper for direct functions does the reading; here closed sets (`Literal`) become
enums, which it drops, and arguments are checked before the tool sees them.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pipecat.adapters.llm.schemas.direct_function import DirectFunctionWrapper
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model

from bot.errors import TandemError

_MOST_PROBLEMS = 3
_LONGEST_TEXT = 20_000


class Misfit(TandemError):
    """Arguments do not fit a tool's schema; the text tells the model what to send instead."""


class Signature(DirectFunctionWrapper):
    """What the model is told of a tool, and what it may send."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        if not self.description:
            raise TypeError(f"{self.name} has no docstring, so a model cannot know what it does")
        self.description = " ".join(self.description.split())
        for schema in self.properties.values():
            if text := schema.get("description"):
                schema["description"] = " ".join(text.split())
        self._model = _model(function)

    def _typehint_to_jsonschema(self, type_hint: Any) -> dict[str, Any]:
        kinds = [kind for kind in get_args(type_hint) if kind is not type(None)]
        if get_origin(type_hint) is Literal:
            return {"type": "string", "enum": list(get_args(type_hint))}
        if get_origin(type_hint) in (Union, UnionType) and len(kinds) == 1:
            return self._typehint_to_jsonschema(kinds[0])
        schema: dict[str, Any] = super()._typehint_to_jsonschema(type_hint)
        return schema

    def check(self, arguments: object) -> dict[str, Any]:
        """The arguments as the function takes them.

        Empty ones that are not known, and nulls for what may be left out, are let go.

        Raises:
            Misfit: with one message for the model.
        """
        if arguments is None or arguments == "":
            arguments = {}
        if not isinstance(arguments, Mapping):
            raise Misfit(f"{self.name} takes named arguments: {self._usage()}.")
        given = {str(name): value for name, value in arguments.items() if value is not None}
        known = {n: v for n, v in given.items() if n in self.properties or v not in ("", [], {})}
        try:
            checked = self._model.model_validate(known)
        except ValidationError as error:
            problems = [_problem(one) for one in error.errors(include_url=False)]
            text = "; ".join(problems[:_MOST_PROBLEMS])
            raise Misfit(f"{self.name} was called wrongly: {text}. {self._usage()}.") from None
        return {name: getattr(checked, name) for name in checked.model_fields_set}

    def _usage(self) -> str:
        names = [n if n in self.required else f"{n} (optional)" for n in self.properties]
        return f"Its arguments are {', '.join(names)}" if names else "It takes no arguments"


def _model(function: Callable[..., Any]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (_lenient(hints[name]), default)
    config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=_LONGEST_TEXT)
    return create_model(function.__name__, __config__=config, **fields)


def _lenient(hint: Any) -> Any:
    """The type, and around it what models write instead of it."""
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    kinds = [kind for kind in get_args(bare) if kind is not type(None)] or [bare]
    if get_origin(bare) is Literal:
        return Annotated[hint, BeforeValidator(_one_of(get_args(bare)))]
    if len(kinds) == 1 and get_origin(kinds[0]) is Literal:
        return Annotated[hint, BeforeValidator(_one_of(get_args(kinds[0])))]
    if bare is str:
        return Annotated[hint, BeforeValidator(_text)]
    return hint


def _text(value: Any) -> Any:
    """A number where a text is wanted: '5' and 5 are the same to a model."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _one_of(values: tuple[Any, ...]) -> Callable[[Any], Any]:
    def match(value: Any) -> Any:
        if isinstance(value, str):
            folded = re.sub(r"[\s-]+", "_", value.strip().casefold())
            return next((one for one in values if one.casefold() == folded), value)
        return value

    return match


def _problem(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]) or "the arguments"
    if error["type"] == "missing":
        return f"{name} is missing"
    if error["type"] == "extra_forbidden":
        return f"there is no {name}"
    message = str(error["msg"])
    return f"{name}: {message[0].lower()}{message[1:]}"
