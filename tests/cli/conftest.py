"""The command line in this process."""

import pytest
from typer.testing import CliRunner

from srbench.cli import app


@pytest.fixture
def srbench():
    """Runs a command line; the result has exit_code, stdout, stderr and exception."""

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def wrong(srbench):
    """A command line that is wrong: one line on stderr that matches, nothing on stdout, no traceback; under --debug
    the error itself is raised."""
    import re

    def call(*arguments, match, code=2):
        result = srbench(*arguments)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        assert re.search(match, lines[0]), lines[0]
        assert "Traceback" not in result.stderr
        debug = srbench(*arguments, "--debug")
        assert debug.exit_code == 1
        assert re.search(match, str(debug.exception))
        return lines[0]

    return call
