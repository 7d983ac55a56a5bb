"""Draw the pictures of docs/methods.md: learning curves of the shipped weights, and crops of every method side by side.

python docs/scripts/draw_methods.py results --output docs/images

The curves come from the logs beside the weights; the crops from the SR images that a results folder keeps under the
classic protocol at x4, at the place where the methods differ most. They are of Y, as the protocol measures it, and
enlarged by doubling pixels. Nothing is computed by a method here.
"""

import argparse
import math
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw, ImageFont

from srbench import dataset
from srbench.imaging.images import Pixels, below, read_image
from srbench.method import plugins
from srbench.report.html.windows import densest, differing
from srbench.results.leaderboard import per_image
from srbench.results.reader import Reader
from srbench.training import TrainedMethod
from srbench.training.data import picture_luma

SCALE = 4
SCENES = ("set5/butterfly", "set14/ppt3", "set14/barbara")
COLUMNS, SIDE, ZOOM = 6, 72, 2  # tiles in a row of a picture; pixels of a crop, and their size
AROUND = 96  # pixels of the window in whose middle a crop lies
LINE = 30  # pixels below a crop, for two lines


def methods() -> list[TrainedMethod]:
    made = [plugins.instantiate(plugin) for plugin in plugins.discover() if plugin.value is not None]
    trained = [method for method in made if isinstance(method, TrainedMethod) and method.training_curve(SCALE)]
    own = [method for method in trained if (method.training_card(SCALE) or {})["method"] == method.card.name]
    return sorted(own, key=lambda method: (method.card.year, method.card.name))


def curves() -> Figure:
    """One panel per method: what its validation PSNR is above bicubic's, on the same held-out photographs."""
    shown = methods()
    columns = 4
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(10, 0.4 + 2.1 * rows), layout="constrained", dpi=80)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for panel, method in zip(panels, shown, strict=False):
        card = method.training_card(SCALE) or {}
        steps, psnr = zip(*method.training_curve(SCALE), strict=True)
        panel.plot(steps, np.array(psnr) - card["validation_psnr_bicubic"][f"x{SCALE}"], ".-", color="#0072b3")
        again = "" if card["started_from"] == "random weights" else " (continued)"
        panel.set_title(f"{method.card.name}{again}", fontsize=9)
        panel.set_xlim(left=0)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.tick_params(labelsize=8)
        panel.grid(alpha=0.3)
    for panel in panels[len(shown) :]:
        panel.axis("off")
    figure.supxlabel("step of the last training", fontsize=9)
    figure.supylabel("validation PSNR above bicubic (dB)", fontsize=9)
    return figure


def crops(images: pd.DataFrame, folder: Path, scene: str) -> Image.Image:
    """Every method's crop of one image, the worst first, the original last."""
    data, _, name = scene.partition("/")
    own = images[(images["dataset"] == data) & (images["image"] == name)].sort_values("value")
    if own.empty:
        raise SystemExit(f"the results hold no kept images of {scene} at x{SCALE} under classic")
    original = next(image for image in dataset.find(data).images if image.name == name).read()
    planes = {row.method: grey(read_image(below(folder, row.sr_path))) for row in own.itertuples()}
    window, _ = densest(differing([plane.astype(float) for plane in planes.values()]), AROUND)
    top, left = window.top + (window.height - SIDE) // 2, window.left + (window.width - SIDE) // 2
    tiles = [(f"{row.method}\n{row.value:.2f} dB", planes[row.method]) for row in own.itertuples()]
    tiles.append((f"original\n{scene}", grey(original)))
    side = SIDE * ZOOM
    sheet = Image.new("L", (COLUMNS * (side + 6) - 6, math.ceil(len(tiles) / COLUMNS) * (side + LINE)), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)
    for n, (label, plane) in enumerate(tiles):
        x, y = n % COLUMNS * (side + 6), n // COLUMNS * (side + LINE)
        tile = Image.fromarray(plane[top : top + SIDE, left : left + SIDE])
        sheet.paste(tile.resize((side, side), Image.Resampling.NEAREST), (x, y))
        draw.multiline_text((x + 1, y + side), label, fill=0, font=font, spacing=1)
    return sheet


def grey(pixels: Pixels) -> Pixels:
    plane: Pixels = picture_luma(pixels).numpy()
    return plane


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    parser.add_argument("--scene", action="append", help=f"DATASET/IMAGE; may be repeated; default: {SCENES}")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    curves().savefig(options.output / "curves.png")
    with Reader(options.results) as reader:
        rows = per_image(reader)
    kept = rows[(rows["protocol"] == "classic") & (rows["scale"] == SCALE) & (rows["degradation"] == "bicubic")]
    kept = kept[(kept["metric"] == "psnr") & (kept["sr_path"] != "")]
    for scene in options.scene or SCENES:
        path = options.output / f"crops-{scene.replace('/', '-')}.png"
        crops(kept, options.results, scene).save(path, optimize=True)
        print(path)


main()
