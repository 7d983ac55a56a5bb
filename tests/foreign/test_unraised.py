"""What a plugin raises where nobody can catch it."""

import subprocess
import sys

import pytest

from srbench.foreign import unraised

PLUGIN = """\
from srbench.method import Method, MethodCard
from srbench.resize import imresize
class Unshown(Exception):
    def __str__(self): raise ValueError
class Mine(Method):
    card = MethodCard(name="mine", title="Mine", year=2024, family="test", paper="none", colour="any")
    def __del__(self):
        {body}
    def upscale(self, lr, scale):
        return imresize(lr, scale)
"""
RUN = "import sys; from srbench.cli import main; sys.argv = ['srbench', *sys.argv[1:]]; main()"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("body", "said"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("raise Unshown", "Unshown: (its text cannot be shown)")],
)
@pytest.mark.parametrize("command", ["upscale", pytest.param("train", marks=pytest.mark.slow)])
def test_of_a_commands_plugin_it_is_a_line_to_the_very_end(tmp_path, pictures, body, said, command):
    (tmp_path / "mine.py").write_text(PLUGIN.format(body=body))
    more = [str(pictures / "a.png")] if command == "upscale" else ["--data", str(pictures), "--output", "o"]
    words = [sys.executable, "-c", RUN, command, "mine.py", *more, "--scale", "2"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert ended.returncode == (0 if command == "upscale" else 2), ended.stderr  # it has no recipe
    assert f"note: Mine.__del__ raised {said}, which is ignored" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_hook_of_another_program_stays(monkeypatch):
    def own(_):
        pass

    monkeypatch.setattr(sys, "unraisablehook", own)
    unraised.in_a_line()
    assert sys.unraisablehook is own
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    unraised.in_a_line()
    assert sys.unraisablehook not in (own, sys.__unraisablehook__)
