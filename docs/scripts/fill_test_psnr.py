"""Write the test PSNR (classic protocol) of a results folder into the cards of the shipped weights, and mark those
that trail a method that they beat in the literature.

    srbench run --methods all --protocol classic --out RESULTS
    python docs/scripts/fill_test_psnr.py RESULTS
"""

import json
import sys
from pathlib import Path

from srbench.method import plugins
from srbench.results.leaderboard import means, per_image
from srbench.results.reader import Reader
from srbench.training import TrainedMethod
from srbench.training.shipped import REFERENCE, trailing


def main(results: Path) -> None:
    with Reader(results) as reader:
        frame = means(per_image(reader))
    rows = frame[(frame["metric"] == "psnr") & (frame["protocol"] == "classic") & (frame["n"] > 0)]
    methods = {plugin.name: plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.value}
    cards = {name: method.card for name, method in methods.items() if method.aims_at_pixels}
    behind = {}
    for scale in (2, 3, 4):
        own = rows[(rows["dataset"] == REFERENCE) & (rows["scale"] == scale) & rows["method"].isin(cards)]
        behind[scale] = trailing(cards, dict(zip(own["method"], own["mean"], strict=True)), scale)
    for name, method in methods.items():
        if not isinstance(method, TrainedMethod):
            continue
        own = rows[rows["method"] == name]
        for path in method.weight_files():
            card_path = path.with_suffix(".json")
            card = json.loads(card_path.read_text(encoding="utf-8"))
            if card["method"] != name:  # the weights of another method, which this one shares
                continue
            served = [row for row in own.itertuples() if method.weight_path(row.scale) == path]
            card["test_psnr"] = {f"{row.dataset} x{row.scale}": round(row.mean, 3) for row in served}
            card["under_trained"] = sorted({other for row in served for other in behind[row.scale].get(name, [])})
            card_path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


main(Path(sys.argv[1]))
