"""Make ``srbench/results/literature.toml``, published values that reports can show below measured ones.

    python docs/scripts/make_literature.py published.csv

The CSV has the columns method, dataset, scale, metric, value, protocol, role, source, confirmed_by and note, one row
for each printed number. Taken are PSNR and SSIM of Y (``Y-std``: LR by MATLAB's bicubic, as many border pixels shaved
as the scale) and LPIPS v0.1 with AlexNet, on the five usual datasets, one value for each method, dataset, scale and
metric. Left out are numbers that cannot stand beside srbench's: PSNR of RGB, SSIM by other programs (SRGAN's, SPSR's),
sub-images scored apart, opinions of raters, costs, BSD200 (two datasets have that name); and of numbers about which
sources disagree, all but the original's.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from srbench.tomlfile import literal

TARGET = Path(__file__).resolve().parents[2] / "srbench" / "results" / "literature.toml"
DATASETS = {"Set5": "set5", "Set14": "set14", "BSD100": "bsd100", "Urban100": "urban100", "Manga109": "manga109"}
PROTOCOLS = {  # of a metric, as the CSV calls the protocol: as srbench calls it
    ("PSNR", "Y-std"): "classic",
    ("SSIM", "Y-std"): "classic",
    ("LPIPS", "perceptual"): "basicsr",
}
DOUBTFUL = ("DISAGREES", "differs from published")  # in the note of what another source prints otherwise
SLIPS = {  # of the print or of a copy: far from what the same sources have beside them
    ("SwinIR+ (DIV2K)", "Manga109", "4", "SSIM"),
    *(("FSRCNN", dataset, "8", metric) for dataset in ("Set5", "Set14") for metric in ("PSNR", "SSIM")),
}
UNCLEAR = {"ENet (labelled ENet-PAT)"}  # which network that is
YEARS = {
    **{"Bicubic": 1981, "NE+LLE": 2004, "KK": 2010, "ScSR": 2010, "ANR": 2013, "A+": 2014, "SelfExSR": 2015},
    **{"SRCNN": 2014, "SRCNN-Ex": 2014, "FSRCNN": 2016, "FSRCNN-s": 2016, "ESPCN": 2016, "VDSR": 2016, "DRCN": 2016},
    **{"LapSRN": 2017, "MS-LapSRN": 2018, "DRRN": 2017, "MemNet": 2017, "SRResNet": 2017, "SRGAN": 2017},
    **{"ENet-PAT": 2017, "EDSR": 2017, "MDSR": 2017, "CARN": 2018, "D-DBPN": 2018, "RDN": 2018, "RCAN": 2018},
    **{"ESRGAN": 2018, "RRDB_PSNR": 2018, "IMDN": 2019, "SRFBN": 2019, "Meta-SR": 2019, "SPSR": 2020, "RFDN": 2020},
    **{"LIIF": 2021, "SwinIR": 2021, "RLFN": 2022, "HAT": 2023},
}
HAT = "XPixelGroup/HAT README (benchmark results at x4 without pretraining on ImageNet)"
MORE = [  # printed since: method, values on DATASETS
    ("HAT-S", (32.92, 29.15, 27.97, 27.87, 32.35)),
    ("HAT", (33.04, 29.23, 28.00, 27.97, 32.48)),
]


def main(source: Path) -> None:
    with source.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _taken(row)]
    rows += [
        {"method": method, "dataset": dataset, "scale": "4", "metric": "PSNR", "value": f"{value:.2f}"}
        | {"protocol": "Y-std", "source": HAT}
        for method, values in MORE
        for dataset, value in zip(DATASETS, values, strict=True)
    ]
    sources = {text: f"s{number}" for number, text in enumerate(sorted({row["source"] for row in rows}), start=1)}
    lines = ["# Published values, as reported. Made by docs/scripts/make_literature.py: do not edit.", "", "[sources]"]
    lines += [f"{key} = {literal(text)}" for text, key in sources.items()]
    for method in sorted({row["method"] for row in rows}, key=lambda name: (_year(name), name.lower())):
        lines += ["", "[[method]]", f"name = {literal(_name(method))}", f"title = {literal(method)}"]
        lines += [f"year = {_year(method)}", "values = ["]
        lines += [f"    {line}," for line in _values([row for row in rows if row["method"] == method], sources)]
        lines.append("]")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} values of {len({row['method'] for row in rows})} methods, {len(sources)} sources: {TARGET}")


def _taken(row: dict[str, str]) -> bool:
    place = tuple(row[key] for key in ("method", "dataset", "scale", "metric"))
    return (
        row["dataset"] in DATASETS
        and (row["metric"], row["protocol"]) in PROTOCOLS
        and not any(word in row["note"] for word in DOUBTFUL)
        and place not in SLIPS
        and row["method"] not in UNCLEAR
    )


def _values(rows: list[dict[str, str]], sources: dict[str, str]) -> list[str]:
    """One line for the metrics of a dataset, scale, protocol and source."""
    found: dict[tuple[str, int, str, str], dict[str, float]] = {}
    for row in rows:
        protocol = PROTOCOLS[row["metric"], row["protocol"]]
        key = (DATASETS[row["dataset"]], int(row["scale"]), protocol, sources[row["source"]])
        found.setdefault(key, {})[row["metric"].lower()] = float(row["value"])
    order = list(DATASETS.values())
    lines = []
    for (dataset, scale, protocol, source), own in sorted(found.items(), key=lambda i: (order.index(i[0][0]), i[0])):
        place = {"dataset": dataset, "scale": scale, "protocol": protocol}
        pairs = [f"{key} = {literal(value)}" for key, value in {**place, **own, "source": source}.items()]
        lines.append("{ " + ", ".join(pairs) + " }")
    return lines


def _name(method: str) -> str:
    """'swinir-df2k' of 'SwinIR (DF2K)'."""
    return "-".join(re.findall(r"[a-z0-9+_.-]+", method.lower()))


def _year(method: str) -> int:
    """Of the method, the same for all that was trained under its name."""
    bare = method.partition(" (")[0].removesuffix("+") if method != "A+" else method
    known = [name for name in YEARS if bare == name or bare.startswith(f"{name}-") or bare.startswith(f"{name}_")]
    return YEARS[max(known, key=len)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
