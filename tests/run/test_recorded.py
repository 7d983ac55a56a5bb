"""What results folders, also of older versions, say of their methods and datasets."""

from pathlib import Path

import pytest

from srbench.errors import StoreError
from srbench.run.recorded import Recorded

GOLDEN = Path(__file__).parent.parent / "golden"


def test_a_folder_without_results_says_nothing(tmp_path):
    assert Recorded.of(tmp_path) == Recorded.of(tmp_path / "nowhere") == Recorded()
    (tmp_path / "results.sqlite").write_text("no database")
    with pytest.raises(StoreError):
        Recorded.of(tmp_path)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_older_folders_are_understood(version):
    found = Recorded.of(GOLDEN / f"results-v{version}")
    assert set(found.datasets) == {"pictures"}
    assert found.datasets["pictures"].folder is None  # paths were taken out
    assert set(found.datasets["pictures"].images) == {"a", "b", "c"}
    assert found.methods["bicubic"].source == ""
    if version > 1:
        assert "set5" in found.known_datasets
        assert found.methods["theirs"].foreign
        assert found.variants["nearest+"] == "nearest"


def test_the_newest_run_says_where_things_are():
    runs = [
        {
            "datasets": [{"name": "HR", "version": 0, "images": {"a": "1"}, "files": {"a": "/d/x/a.png"}}],
            "methods": [{"name": "net", "hash": "1", "family": "checkpoint"}],
            "sources": {"net": "/w/net.pth"},
        },
        {
            "datasets": [{"name": "HR", "version": 0, "images": {"a": "2"}, "folder": "/d/y"}],
            "methods": [{"name": "net", "hash": "2", "family": "x"}],
        },
    ]
    first, both = Recorded.of_runs(runs[:1]), Recorded.of_runs(runs, [("net", ""), ("net", '{"tile": 16}')])
    assert (first.datasets["HR"].folder, both.datasets["HR"].folder) == (Path("/d/x"), Path("/d/y"))
    assert (first.methods["net"].source, both.methods["net"].source) == ("/w/net.pth", "")
    assert first.methods["net"].checkpoint
    assert not both.methods["net"].checkpoint
    assert both.variants == {"net (tile 16)": "net"}
