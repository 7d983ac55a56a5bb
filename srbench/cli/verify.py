"""``srbench verify``: are these the images that the literature measured?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import err, handled, out, split
from srbench.errors import SrbenchError, first_few
from srbench.wording import counted

if TYPE_CHECKING:
    from srbench.dataset import Manifest, Verdict

_TOLD = 3  # frames of a clip that are named


@handled
def command(
    datasets: Annotated[list[str], typer.Argument(help="Names of datasets (srbench list datasets).")],
    lr: Annotated[
        list[str] | None,
        typer.Option(help="Folders of LR images, one for each dataset (a name or a folder): which program made them?"),
    ] = None,
) -> None:
    """Compare a dataset on this machine with its manifest, image by image.

    Says of each image: identical, other pixels, wrong size, missing or unreadable. Exit code 1 unless all are
    identical; of a dataset whose pixels are not recorded, unless as many images are here as it has. Of clips it says in
    a line each whether all frames are here and which differ.

    With --lr it says instead which program made LR images of the HR images: MATLAB, Pillow, OpenCV or torch, and by how
    much those of each differ from them. Exit code 1 unless one is recognised.

    Examples:

      srbench verify set5

      srbench verify set5,set14,bsd100

      srbench verify set5 --lr path/to/LR_bicubic/X4
    """
    if lr:
        if not _recognised(split(datasets), split(lr)):
            raise typer.Exit(1)
        return
    from rich.markup import escape
    from rich.table import Table

    from srbench import dataset

    wanted = [dataset.known_as(name) for name in split(datasets)]
    good = True
    console = out()
    for manifest in wanted:
        verdicts = list(dataset.check_images(manifest))
        if manifest.clips:
            good = _tell_clips(manifest, verdicts) and good
            continue
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


def _tell_clips(manifest: Manifest, verdicts: Sequence[Verdict]) -> bool:
    """Say of each clip how its frames are; whether all are here and none is known to be another."""
    from rich.markup import escape
    from rich.table import Table

    console = out()
    table = Table("clip", "frames", "verdict", "detail")
    here = 0
    good = True
    for clip in manifest.clips:
        names = set(clip.names())
        own = [verdict for verdict in verdicts if verdict.image in names]
        found = [verdict for verdict in own if verdict.verdict != "missing"]
        bad = [verdict for verdict in found if verdict.verdict not in ("identical", "not recorded")]
        here += len(found) == clip.frames
        good = good and len(found) == clip.frames and not bad
        verdict = "missing" if not found else "incomplete" if len(found) < clip.frames else ""
        verdict = verdict or (bad[0].verdict if bad else found[0].verdict)
        lacking = [verdict.image for verdict in own if verdict.verdict == "missing"] if found else []
        detail = [f"{one.image}: {one.verdict}" + (f" ({one.detail})" if one.detail else "") for one in bad[:_TOLD]]
        detail += [f"{len(bad) - _TOLD} more"] if len(bad) > _TOLD else []
        detail += [f"missing: {first_few(lacking, _TOLD)}"] if lacking else []
        table.add_row(clip.name, f"{len(found)}/{clip.frames}", verdict, escape("; ".join(detail)))
    identical = sum(verdict.verdict == "identical" for verdict in verdicts)
    console.print(
        f"{manifest.title}: {identical} of {len(verdicts)} frames identical, {here} of "
        f"{counted(len(manifest.clips), 'clip')} here whole",
        markup=False,
    )
    console.print(table)
    return good


def _recognised(specs: Sequence[str], folders: Sequence[str]) -> bool:
    """Say of the LR images in every folder how they were made of a dataset's HR images; whether all are recognised."""
    from rich.table import Column, Table

    from srbench import dataset
    from srbench.dataset import pairs
    from srbench.evaluation.lr_origin import candidates

    if len(specs) != len(folders):
        raise SrbenchError(
            f"{counted(len(folders), 'folder')} of LR images for {counted(len(specs), 'dataset')}",
            "give --lr one for each dataset, in their order",
        )
    console, good = out(), True
    for spec, folder in zip(specs, folders, strict=True):
        data = dataset.find(spec, lambda text: err().print(f"note: {text}", markup=False))
        scale = pairs.scale_of(data, folder)
        low = pairs.given(data, folder, scale)
        found = candidates(((image.read(), low[image.name].read()) for image in data.images), scale)
        best = found[0]
        if best.recognised:
            how = "all pixels are equal" if best.identical else f"but for rounding ({best.equal:.1%} of pixels equal)"
            text = f"{best.name}: {how}"
        else:
            text = f"made in no way that is known here; most like: {best.name}"
        console.print(f"LR images of {data.title} at x{scale}: {text}", markup=False)
        table = Table("made by", *(Column(name, justify="right") for name in ("equal pixels", "mean", "greatest")))
        for one in found:
            table.add_row(one.name, f"{one.equal:.1%}", f"{one.mean:.3f}", str(one.greatest))
        console.print(table)
        good = good and best.recognised
    console.print("mean, greatest: absolute difference in grey levels, 0 to 255")
    return good
