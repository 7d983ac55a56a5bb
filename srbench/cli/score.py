"""``srbench score``: images that another program made, on the same leaderboard."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import OneScale, err, handled, parse_scale, split


@handled
def command(
    folder: Annotated[
        Path, typer.Argument(help="The folder of SR images; of clips the folder of their folders.", metavar="DIR")
    ],
    dataset: Annotated[str, typer.Option(help="The dataset that they belong to: a name or a folder of HR images.")],
    scale: OneScale,
    name: Annotated[str, typer.Option(help="What to call the method on the leaderboard.")],
    metrics: Annotated[list[str] | None, typer.Option(help="Default: as for srbench run.")] = None,
    lr: Annotated[
        str, typer.Option(help="The folder of the LR images that they were made of. Default: bicubic LR images.")
    ] = "",
    protocol: Annotated[
        str, typer.Option(help="Names (srbench list protocols) and files of your own (.toml), separated by commas.")
    ] = "basicsr",
    clips: Annotated[
        list[str] | None,
        typer.Option(help="Names of the clips that are scored, by commas; default: all (docs/datasets.md)."),
    ] = None,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="The dataset's images are LR images without an original.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The results folder.")] = Path("results"),
) -> None:
    """Score SR images that were made elsewhere, as srbench run scores its own.

    Files are paired with the dataset's images by name; endings such as _x4, x4 and _SR are understood. Frames of clips
    are in folders that are called as the clips, and are paired by number. An image without a file, a file without an
    image, or a wrong size is an error, and nothing is stored.

    Examples:

      srbench score their_set5 --dataset set5 --scale 4 --name their-method

      srbench score their_photos --dataset phone_photos --no-reference --scale 4 --name their-method

      srbench score their_vid4 --dataset vid4 --clips city,walk --scale 4 --name their-method --protocol vsr-y

      srbench score their_y_images --dataset set14 --scale 3 --name their-method --protocol classic
    """
    from srbench.cli.progress import CellProgress, progress
    from srbench.cli.run import exit_code, print_summary
    from srbench.cli.tables import print_means
    from srbench.run.external import ForeignOptions, score
    from srbench.run.stopping import sent_signals_interrupt

    line = shlex.join(["srbench", *sys.argv[1:]])
    number, asked, chosen = parse_scale(scale), split(metrics or ()), split(clips or ())
    options = ForeignOptions(folder, dataset, number, name, asked, protocol, out, line, no_reference, lr, chosen)
    with sent_signals_interrupt(), progress(err()) as shown:
        summary = score(options, CellProgress(shown))
    print_means(out, run_id=summary.run_id)
    print_summary(summary, out)
    if code := exit_code(summary):
        raise typer.Exit(code)
