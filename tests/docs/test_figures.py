"""Figures that the documentation prints are those of the files they come from, or are measured again."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from srbench import dataset
from srbench.imaging.color import luma, round_half_up
from srbench.metrics import mos
from srbench.resize import imresize
from srbench.results import literature

DOCS = Path(__file__).parents[2] / "docs"


def table(page, heading):
    """The rows of the table whose first line begins so, as texts without bold, by their first cell."""
    text = (DOCS / page).read_text(encoding="utf-8")
    block = text[text.index(heading) :].partition("\n\n")[0]
    rows = [[cell.strip().strip("*`") for cell in line.strip("|").split("|")] for line in block.splitlines()]
    return {row[0]: row[1:] for row in rows if not set(row[0]) <= set("-")}


def test_the_fit_of_the_simulated_mos_and_its_validation_are_those_of_its_file(load_script):
    script = load_script("calibrate_mos")
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    tables = script.tables(mos.parameters())
    assert len(tables) == 5
    for table_of_the_script in tables:
        assert table_of_the_script in page
    low = [row["mos"] - row["guesses"]["mos"] for row in mos.parameters()["outside"]]
    assert f"guessed too low, by {min(low):.1f} to {max(low):.1f}." in " ".join(page.split())
    assert f"they count as {mos.parameters()['psnr_of_originals']} dB" in page


def corners():
    """``docs/corners.json``, what ``srbench experiment corners --seeds 3`` wrote: its networks by title."""
    content = json.loads((DOCS / "corners.json").read_text())
    assert content["settings"]["seeds"] == [0, 1, 2]
    return {row["title"]: row for row in content["networks"]}


def over_seeds(number, form):
    """The mean, and the least and the greatest if they are not the same in print."""
    if number["mean"] is None:
        return ""
    mean, low, high = (f"{number[name]:{form}}" for name in ("mean", "low", "high"))
    return mean if low == high else f"{mean} ({low} to {high})"


def test_the_networks_of_the_corners_are_those_of_their_file():
    networks = corners()
    rows = table("experiments.md", "| network | clean")
    header = rows.pop("network")
    assert set(rows) == set(networks)
    for title, cells in rows.items():
        numbers = networks[title]["numbers"]
        bits = over_seeds(numbers["bits"], ".2f")
        expected = {
            "clean": over_seeds(numbers["clean"], ".1%"),
            "top left": over_seeds(numbers["top_left"], ".1%"),
            "both corners": over_seeds(numbers["both"], ".1%"),
            "ghost": over_seeds(numbers["ghost"], ".3f"),
            "distance": over_seeds(numbers["distance"], ".3f"),
            "MSE": over_seeds(numbers["mse"], ".4f"),
            "bits an image": f"at most {bits}" if networks[title]["bound"] else bits,
        }
        assert dict(zip(header, cells, strict=True)) == expected, title


def test_what_is_said_of_the_corners_is_in_their_file():
    gan, vae, prior = (corners()[title]["numbers"] for title in ("GAN", "VAE", "PixelCNN prior"))
    said = " ".join((DOCS / "experiments.md").read_text(encoding="utf-8").split())
    for phrase in (
        f"needs at most {vae['bits']['mean']:.2f} bits where",
        f"{vae['clean']['mean']:.1%} of its outputs are clean.",
        f"draws {gan['clean']['mean']:.1%} clean digits",
        f"{gan['clean']['low']:.1%} to {gan['clean']['high']:.1%}, with",
        f"{gan['top_left']['low']:.1%} to {gan['top_left']['high']:.1%} of them in the top left",
        f"pays {prior['bits']['mean']:.2f} bits where",
        f"{prior['clean']['mean']:.1%} of its outputs are one clean digit",
        f"({prior['both']['mean']:.1%} instead of 87.5% have both)",
    ):
        assert phrase in said
    ranges = [number["clean"]["high"] - number["clean"]["low"] for number in (prior, vae, gan)]
    assert max(ranges) == ranges[2]  # "varies with the seed more than the others"
    assert gan["mse"]["high"] < json.loads((DOCS / "corners.json").read_text())["best"]["guess_mse"]


def test_the_curves_of_the_burst_are_those_of_its_file():
    """``docs/burst.json``, what ``srbench experiment burst`` wrote."""
    content = json.loads((DOCS / "burst.json").read_text())
    found = {(point["method"], point["frames"], point["error"]): point["psnr"] for point in content["points"]}
    at = content["settings"]["at"]
    by_frames, by_error = (table("experiments.md", f"| {head}") for head in ("frames, shifts known", f"{at} frames"))
    frames, errors = map(int, by_frames.pop("frames, shifts known")), by_error.pop(f"{at} frames, error of the shifts")
    counts = list(frames)
    for method, cells in by_frames.items():
        assert cells == [f"{found[method, count, 0.0]:.2f}" for count in counts], method
    for method, cells in by_error.items():
        assert cells == [f"{found[method, at, float(error)]:.2f}" for error in errors], method
    assert f"has {found['back-projection', 1, 0.0]:.2f}.)" in (DOCS / "experiments.md").read_text(encoding="utf-8")


def test_the_networks_in_series_are_those_of_their_file():
    """``docs/cascade.json``, what ``srbench experiment cascade`` wrote."""
    for question in json.loads((DOCS / "cascade.json").read_text())["questions"]:
        rows = table("experiments.md", f"| {question['title']} |")
        assert rows.pop(question["title"]) == ["", "parameters", "Mult-Adds", "sample", f"against `{question['rival']}"]
        assert list(rows) == [method["method"] for method in question["methods"]]
        for method in question["methods"]:
            better, count = (method[key]["sample"] for key in ("better_by", "better_on"))
            assert rows[method["method"]] == [
                method["what"],
                f"{method['parameters']:,}",
                f"{method['mult_adds'] / 1e9:.2f} G",
                f"{method['mean_psnr']['sample']:.2f}",
                "" if method["method"] == question["rival"] else f"{better:+.2f}, better on {count} of 8",
            ]


@pytest.mark.data
def test_what_other_resizers_cost():
    """Bicubic down and up on Set5 at x4, on Y as under ``classic``."""
    found = {}
    for image in dataset.find("set5").images:
        pixels = image.read()
        height, width = (n // 4 * 4 for n in pixels.shape[:2])
        planes = torch.from_numpy(pixels[:height, :width].copy()).permute(2, 0, 1)
        y = round_half_up(luma(planes)).double().reshape(1, 1, height, width)
        small = (height // 4, width // 4)
        flat = Image.fromarray(y[0, 0].numpy().astype(np.float32), mode="F")
        pillow = flat.resize(small[::-1], Image.Resampling.BICUBIC).resize((width, height), Image.Resampling.BICUBIC)
        made = {"MATLAB": imresize(imresize(y, 1 / 4), 4), "Pillow": torch.from_numpy(np.array(pillow)).double()}
        for smooth in (True, False):
            bicubic = {"mode": "bicubic", "align_corners": False}
            lr = torch.nn.functional.interpolate(y, small, antialias=smooth, **bicubic)
            made[f"torch {smooth}"] = torch.nn.functional.interpolate(lr, (height, width), **bicubic)
        for name, sr in made.items():
            error = (sr.reshape(y.shape).clamp(0, 255).round() - y)[..., 4:-4, 4:-4].square().mean()
            found.setdefault(name, []).append(float(10 * torch.log10(255**2 / error)))
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    said = (DOCS / "protocol.md").read_text(encoding="utf-8")
    rows = {name: next(line for line in said.splitlines() if line.startswith(f"| {name}")) for name in
            ("torch's bicubic", "the same with antialiasing", "Pillow's bicubic")}  # fmt: skip
    assert (
        f"{mean['MATLAB'] - mean['torch False']:.2f} dB lower ({mean['torch False']:.2f} for" in rows["torch's bicubic"]
    )
    higher = f"{mean['torch True'] - mean['MATLAB']:.2f} dB higher ({mean['torch True']:.2f})"
    assert higher in rows["the same with antialiasing"]
    assert mean["Pillow"] == pytest.approx(mean["MATLAB"], abs=0.005)
    assert f"nothing ({mean['Pillow']:.2f})" in rows["Pillow's bicubic"]


@pytest.mark.data
def test_bicubic_under_the_degradations_of_the_literature(go, scores, tmp_path):
    said = " ".join((DOCS / "degradations.md").read_text(encoding="utf-8").split())
    printed = re.search(r"at x3 is ([\d.]+) dB under `blur-down`.*? it is ([\d.]+) dB with", said).groups()
    for name, protocol, value in zip(("blur-down", "bicubic-noise"), ("classic", "basicsr"), printed, strict=True):
        where = {"datasets": ("set5",), "scales": (3,), "protocol": protocol, "out": tmp_path / name}
        go("bicubic", metrics=("psnr",), degradation=name, **where)
        found = list(scores(tmp_path / name).values())
        assert len(found) == 5
        assert f"{np.mean(found):.2f}" == value


def test_the_literature_has_as_many_values_as_the_docs_say():
    found = literature.entries().values()
    said = f"{sum(len(entry.values) for entry in found):,} values"
    for page in ("docs/results.md", "CHANGELOG.md"):
        text = " ".join((DOCS.parent / page).read_text(encoding="utf-8").split())
        assert f"{said} of {len(found)} methods" in text
