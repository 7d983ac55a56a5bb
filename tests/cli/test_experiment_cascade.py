"""``srbench experiment cascade``, on small pictures."""

import json

import pytest
from PIL import Image

from srbench.experiments.cascade.contestants import QUESTIONS, SPECS


def test_it_prints_tables_writes_a_picture_and_the_numbers_and_goes_on_from_them(srbench, pictures, tmp_path):
    folder = tmp_path / "new" / "cascade"
    result = srbench("experiment", "cascade", "--data", pictures, "--out", folder)
    assert result.exit_code == 0, result.output
    for question in QUESTIONS:
        assert f"{question.title}, x4, classic" in result.stdout
        assert f"better than {question.rival}" in result.stdout
    assert result.stdout.splitlines()[-2:] == [str(folder / "cascade.png"), str(folder / "cascade.json")]
    assert {path.name for path in folder.iterdir()} == {"cascade.json", "cascade.png", "results"}
    with Image.open(folder / "cascade.png") as image:
        image.load()
        assert image.size[0] > image.size[1] > 300
    content = json.loads((folder / "cascade.json").read_text())
    (dataset,) = content["settings"]["datasets"]
    assert [entry["title"] for entry in content["questions"]] == [question.title for question in QUESTIONS]
    for question in content["questions"]:
        rows = {row["method"]: row for row in question["methods"]}
        rival = rows[question["rival"]]["psnr"][dataset]
        for row in rows.values():
            values = row["psnr"][dataset]
            assert sorted(values) == ["a", "b", "c"]
            assert row["mean_psnr"][dataset] == pytest.approx(sum(values.values()) / 3)
            assert row["better_on"][dataset] == sum(values[name] > rival[name] for name in values)
            assert row["better_by"][dataset] == pytest.approx(sum(values[name] - rival[name] for name in values) / 3)

    before = (folder / "cascade.json").read_bytes()
    again = srbench("experiment", "cascade", "--data", pictures, "--out", folder)
    assert again.exit_code == 0, again.output
    assert f"{3 * len(SPECS)} already there" in again.stderr
    assert (folder / "cascade.json").read_bytes() == before


def test_options_of_the_other_experiments_are_refused(wrong):
    for option in ("--steps", "--seed", "--seeds", "--images"):
        wrong("experiment", "cascade", option, 3, match=f"'cascade' has no {option}")
    wrong("experiment", "corners", "--data", "set5", match="'corners' has no --data")


def test_a_dataset_or_a_folder_that_cannot_be(wrong, tmp_path):
    wrong("experiment", "cascade", "--data", "set55", "--out", tmp_path, match="set5")
    (tmp_path / "file").write_text("not a folder")
    wrong("experiment", "cascade", "--out", tmp_path / "file", match="cannot write into .*choose another --out")
