"""Reports and gates on 200,000 scores. Processor time, not time: other load on the machine changes it least."""

import importlib.util
import resource
import subprocess
import sys
from pathlib import Path


def _many():
    spec = importlib.util.spec_from_file_location("many_scores", Path(__file__).with_name("many_scores.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cost(*arguments: object) -> tuple[float, float]:
    """Processor seconds and peak memory (MB) of a command of srbench, which must succeed."""
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run([sys.executable, '-m', 'srbench', *sys.argv[1:]], check=True); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, result.stdout.split()[-2:])
    return seconds, kilobytes / 1024


def yardstick() -> float:
    """Processor seconds of a plain loop, 0.35 s on an idle processor of 2023: how much slower this one is now."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    total = 0
    for number in range(10_000_000):
        total += number
    return max(1.0, (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) / 0.35)


def test_many_scores_are_judged_and_shown_in_time(tmp_path: Path):
    many = _many()
    folder = many.fill(tmp_path / "results")
    assert many.SCORES > 200_000
    slower = yardstick()
    baseline = tmp_path / "baseline.toml"
    cost("check", folder, "--write-baseline", baseline)
    assert baseline.read_text().count("[[threshold]]") == many.METHODS * 15 * len(many.METRICS)
    seconds = {
        "check": cost("check", folder, "--thresholds", baseline),
        "report": cost("report", folder, "--output", tmp_path / "page.html"),
    }
    print(f"\n{many.SCORES:,} scores on a machine {slower:.1f} times as slow as an idle one:")
    for name, (used, memory) in seconds.items():
        print(f"{name}: {used:.1f} s of processor time, {memory:.0f} MB")
    assert seconds["check"][0] < 8 * slower
    assert seconds["report"][0] < 15 * slower
    assert max(memory for _, memory in seconds.values()) < 600
