"""The options travel through a command line unchanged."""

import argparse
from pathlib import Path

import pytest

from bot.speech.embedded.options import EmbeddedOptions, add_arguments, from_namespace


def parse(argv: list[str]) -> EmbeddedOptions:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return from_namespace(parser.parse_args(argv))


def test_every_option_survives_the_command_line() -> None:
    options = EmbeddedOptions(
        stages=frozenset({"stt", "tts"}),
        cache=Path("/some where/cache"),
        port=7,
        stt_model="tiny.en",
        llm_model="/models/own.gguf",
        tts_voice="-odd.onnx",
        llm_slots=2,
        llm_context=1024,
        threads=3,
    )

    assert parse(options.to_argv()) == options


def test_without_arguments_the_defaults_hold() -> None:
    assert parse([]) == EmbeddedOptions()


@pytest.mark.parametrize("text", ["", "stt,video", ","])
def test_an_unknown_stage_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--stages", text])
    assert "stages are some of stt,llm,tts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "own"),
    [
        (EmbeddedOptions(), False),
        (EmbeddedOptions(stt_model="tiny.en"), False),
        (EmbeddedOptions(stt_model="large-v3"), True),
        (EmbeddedOptions(llm_model="own.gguf"), True),
    ],
)
def test_only_own_weights_may_ask_a_hub(options: EmbeddedOptions, own: bool) -> None:
    assert options.own_weights is own
