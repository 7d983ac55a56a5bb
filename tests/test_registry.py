"""Entry points of installed packages: read once, and again when something was installed."""

import importlib.metadata
import os

from srbench import registry


def install(site, package, **entries):
    info = site / f"{package}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    lines = "\n".join(f"{name} = {value}" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[srbench.testing]\n{lines}\n")
    os.utime(site, (0, len(list(site.iterdir()))))  # a clock that is too coarse must not decide the test


def names():
    return [entry.name for entry in registry.entry_points("srbench.testing")]


def test_a_package_that_is_installed_meanwhile_is_seen(tmp_path, monkeypatch):
    assert names() == []
    install(tmp_path, "first_kit", z="first_kit:Z", a="first_kit:A")
    assert names() == []  # not on the path
    monkeypatch.syspath_prepend(str(tmp_path))
    assert names() == ["a", "z"]
    install(tmp_path, "second_kit", m="second_kit:M")
    assert names() == ["a", "m", "z"]


def test_metadata_are_read_once(monkeypatch):
    real, asked = importlib.metadata.entry_points, []

    def look(**selection):
        asked.append(selection)
        return real(**selection)

    monkeypatch.setattr(importlib.metadata, "entry_points", look)
    for _ in range(3):
        registry.entry_points("srbench.testing")
        registry.entry_points("srbench.methods")
    assert asked == [{"group": "srbench.testing"}, {"group": "srbench.methods"}]
