"""``srbench run --cluster`` and ``--max-failures`` on the command line: what is wrong is said before anything runs."""

import re
import socket

import pytest


@pytest.fixture
def refused(wrong, pictures, results):
    def ask(*options, match):
        wrong("run", "--methods", "nearest", "--datasets", str(pictures), "--out", str(results), *options, match=match)
        assert not results.exists()

    return ask


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("--cluster", "lokal:2"), "'lokal:2' is no cluster; give local:4, tcp://HOST:8786 or a profile"),
        (("--cluster", "local:2", "--threads", "2"), "--threads does not go with --cluster"),
        (("--cluster", "local:2", "--time"), "--time with --cluster measures what else runs.*add --exclusive"),
        (("--exclusive",), "--exclusive says something of --cluster with --time alone"),
        (("--cluster", "gone.toml"), "cannot read profile 'gone.toml'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_does_not_go_together_is_one_line(refused, options, match):
    refused(*options, match=match)


def test_a_scheduler_that_does_not_answer_is_named(refused):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        refused("--cluster", address, match=f"no scheduler answers at {address} within 10 s")


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.sampled(2)
def test_a_run_stops_at_so_many_failures_and_goes_on(srbench, write_plugin, pictures, results, threads):
    plugin = write_plugin("time.sleep(0.2); raise ValueError('no')")
    asked = ["run", "--methods", f"{plugin},nearest", "--datasets", pictures, "--scales", "2,3,4", "--metrics", "psnr"]
    asked += ["--out", results, "--device", "cpu", "--threads", threads]
    stopped = srbench(*asked, "--max-failures", "2")
    assert stopped.exit_code == 1
    assert re.search(r"stopped after [2-8] failed cells, with \d+ cells? left: the same command", stopped.stderr)
    whole = srbench(*asked, "--max-failures", "10")
    assert whole.exit_code == 1
    assert "9 failed" in whole.stderr
    assert "stopped after" not in whole.stderr
