"""``srbench list``."""

import importlib.metadata
import json

import pytest


def test_methods(srbench):
    result = srbench("list", "methods")
    assert result.exit_code == 0
    for name in ("bicubic", "tv-map", "back-projection", "built in"):
        assert name in result.stdout


@pytest.mark.parametrize(
    ("kind", "keys", "name"),
    [
        ("methods", {"name", "title", "year", "family", "scales", "frames", "origin"}, "bicubic"),
        ("datasets", {"name", "title", "images", "where"}, "set5"),
        ("metrics", {"name", "title", "better", "unit"}, "psnr"),
        ("protocols", {"name", "version", "hash", "title", "in words", "decisions", "source"}, "ntire-esr"),
    ],
)
def test_json_is_an_array_of_objects(srbench, kind, keys, name):
    result = srbench("list", kind, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = json.loads(result.stdout)
    assert name in {row["name"] for row in rows}
    assert all(set(row) >= keys for row in rows)
    table = srbench("list", kind)
    assert table.exit_code == 0
    assert name in table.stdout


def test_a_network_without_weights_asks_for_some(srbench):
    rows = {row["name"]: row["weights"] for row in json.loads(srbench("list", "methods", "--json").stdout)}
    assert rows["rlfn"] == ["bring weights: rlfn=FILE"]
    assert rows["bicubic"] == []
    assert [text.partition(":")[0] for text in rows["srcnn"]] == ["x2", "x3", "x4"]


def test_how_many_frames_a_method_takes(srbench):
    rows = {row["name"]: row["frames"] for row in json.loads(srbench("list", "methods", "--json").stdout)}
    assert (rows["bicubic"], rows["vespcn"], rows["shift-and-add"]) == (["1"], ["1", "3"], ["any"])
    lines = [[cell.strip() for cell in line.split("│")] for line in srbench("list", "methods").stdout.splitlines()]
    shown = {cells[1]: cells[6] for cells in lines if len(cells) > 6 and cells[1]}
    assert shown == {name: ", ".join(frames) for name, frames in rows.items()}


def test_datasets_say_where_they_are(srbench, tmp_path, monkeypatch, make_picture):
    from srbench.imaging.images import write_image

    rows = {row["name"]: row for row in json.loads(srbench("list", "datasets", "--json").stdout)}
    assert rows["set5"]["where"] == "not on this machine"
    assert rows["sample"]["where"] == "embedded"
    write_image(tmp_path / "Set5" / "baby.png", make_picture(28, 28, 0))
    monkeypatch.setenv("SRBENCH_DATA", str(tmp_path))
    rows = {row["name"]: row for row in json.loads(srbench("list", "datasets", "--json").stdout)}
    assert rows["set5"]["where"] == f"1 of 5 images in {tmp_path / 'Set5'}"


@pytest.mark.data
def test_datasets_that_are_here(srbench):
    rows = {row["name"]: row for row in json.loads(srbench("list", "datasets", "--json").stdout)}
    assert rows["bsd100"]["images"] == 100
    assert rows["bsd100"]["where"].endswith("HR")


def test_a_broken_method_is_listed_with_its_error(srbench, monkeypatch):
    point = importlib.metadata.EntryPoint("shiny", "no_such_package:Shiny", "srbench.methods")
    real = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda **selection: [point] if selection == {"group": "srbench.methods"} else real(**selection),
    )
    rows = {row["name"]: row for row in json.loads(srbench("list", "methods", "--json").stdout)}
    assert "BROKEN" in rows["shiny"]["title"]
    assert rows["shiny"]["frames"] == rows["shiny"]["scales"] == []
    assert "no_such_package" in rows["shiny"]["title"]
    assert "bicubic" in rows


def test_an_unknown_kind_is_one_line(wrong):
    wrong("list", "metods", match="unknown list 'metods'; did you mean methods")


def test_a_malformed_manifest_is_listed_as_broken(tmp_path, monkeypatch, srbench, go):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "half.toml").write_text("title = ")
    monkeypatch.setenv("SRBENCH_PATH", str(tmp_path))
    result = srbench("list", "datasets", "--json")
    assert result.exit_code == 0
    rows = {row["name"]: row["title"] for row in json.loads(result.stdout)}
    assert rows["half"].startswith("BROKEN: ")
    assert "half.toml' is not valid TOML" in rows["half"]
    assert rows["set5"] == "Set5"
    assert go("nearest", metrics=("psnr",)).computed == 3
    assert srbench("run", "--datasets", "half").exit_code == 2


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_every_name_is_whole_whatever_the_width(srbench, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    rows = json.loads(srbench("list", "methods", "--json").stdout)
    text = srbench("list", "methods").stdout
    assert "…" not in text
    assert max(len(line) for line in text.splitlines() if line[0] in "┏┃┡│└") <= width
    names = "".join(line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│"))
    assert names == "".join(row["name"] for row in rows)  # one that is folded goes on in the next line
    left_out = {60: "year, family, frames, origin", 80: "family, frames, origin", 120: "family, origin", 200: ""}[width]
    assert ("left out for want of room" in text) == bool(left_out)
    assert left_out in text
