"""Write the test PSNR (classic protocol) of a results folder into the cards of the shipped weights. Values of datasets
and scales that the folder does not have whole stay as they are.

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


def main(results: Path) -> None:
    with Reader(results) as reader:
        frame = means(per_image(reader))
    rows = frame[(frame["metric"] == "psnr") & (frame["protocol"] == "classic") & (frame["n"] == frame["planned"])]
    methods = {plugin.name: plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.value}
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
            if not served:  # not in this results folder
                continue
            card["test_psnr"] |= {f"{row.dataset} x{row.scale}": round(row.mean, 6) for row in served}
            card_path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


main(Path(sys.argv[1]))
