"""Help of every command."""

import pytest

from srbench.cli import app
from srbench.version import __version__

COMMANDS = [command.name for command in app.registered_commands]


def test_the_commands_of_this_version():
    assert {"run", "report", "check", "upscale", "verify", "list"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_and_debug(srbench, name):
    result = srbench(name, "--help")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert "Example" in text
    assert f"srbench {name}" in text.partition("Example")[2]
    assert "--debug" in text


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_the_first_page_names_every_command(srbench, arguments):
    result = srbench(*arguments)
    assert result.exit_code == 0
    assert all(name in result.stdout for name in COMMANDS)


def test_without_a_command_help_is_shown(srbench):
    result = srbench()
    assert "run" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_command_is_a_usage_error(srbench):
    result = srbench("rnu")
    assert result.exit_code == 2
    assert "rnu" in result.stderr


def test_the_version(srbench):
    result = srbench("--version")
    assert (result.exit_code, result.stdout) == (0, f"srbench {__version__}\n")
