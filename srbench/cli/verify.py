"""``srbench verify``: are these the images that the literature measured?"""

from __future__ import annotations

from typing import Annotated

import typer

from srbench.cli.shell import handled, out, split


@handled
def command(
    datasets: Annotated[list[str], typer.Argument(help="Names of datasets (srbench list datasets).")],
) -> None:
    """Compare a dataset on this machine with its manifest, image by image.

    Says of each image: identical, other pixels, wrong size, missing or unreadable. Exit code 1 unless all are
    identical; of a dataset whose pixels are not recorded, unless as many images are here as it has.

    Examples:

      srbench verify set5

      srbench verify set5,set14,bsd100
    """
    from rich.markup import escape
    from rich.table import Table

    from srbench import dataset

    wanted = [dataset.known_as(name) for name in split(datasets)]
    good = True
    console = out()
    for manifest in wanted:
        verdicts = list(dataset.check_images(manifest))
        bad = [verdict for verdict in verdicts if not verdict.good]
        if not manifest.recorded:
            found = sum(verdict.verdict != "missing" for verdict in verdicts)
            console.print(
                f"{manifest.title}: {found} of {manifest.count} images here; their pixels are not recorded, so there "
                "is nothing to compare them with",
                markup=False,
            )
            good = good and found == manifest.count
            continue
        good = good and not bad
        console.print(f"{manifest.title}: {len(verdicts) - len(bad)} of {len(verdicts)} images identical", markup=False)
        if bad:
            table = Table("image", "verdict", "detail")
            for verdict in bad:
                table.add_row(escape(verdict.image), verdict.verdict, escape(verdict.detail))
            console.print(table)
    if not good:
        raise typer.Exit(1)
