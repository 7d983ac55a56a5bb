"""``srbench merge``: several results folders made one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.shell import err, handled
from srbench.wording import counted

_TOLD = 5  # missing images that are named


@handled
def command(
    folders: Annotated[list[Path], typer.Argument(help="Results folders, such as those of --shard.")],
    out: Annotated[Path, typer.Option(help="The results folder that they are put into; it may hold results.")] = Path(
        "results"
    ),
) -> None:
    """Put several results folders into one: scores, plans, timings, manifests and SR images.

    What was merged before is known again, so merging twice changes nothing, and a merge that was interrupted is done
    by the same command. The folders stay as they are; images get a second name where the file system can do that, and
    are copied where it cannot. Of a cell that two folders computed with different values both are kept, and reports
    say so.

    Examples:

      srbench merge shard-* --out results

      srbench merge colleague/results --out results
    """
    from srbench.cli.progress import Bar, progress
    from srbench.results.cautions import cautions
    from srbench.results.leaderboard import per_image
    from srbench.results.reader import Reader
    from srbench.run.merging import merge

    with progress(err()) as shown:
        bars: dict[str, Bar] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.bar(what, total, line=lambda bar: f"{bar.title}: {bar.done} of {bar.total}")
            bars[what].update(done + 1)

        merged = merge(folders, out, told)
    with Reader(out) as reader:
        remarks = cautions(reader, per_image(reader))
    known = merged.scores - merged.new_scores
    err().print(
        f"{counted(merged.folders, 'folder')} merged into {out}: {counted(merged.runs, 'run')}, "
        f"{counted(merged.new_scores, 'score')} added to {known}, {counted(merged.images, 'image')} brought",
        markup=False,
    )
    for path in merged.missing[:_TOLD]:
        err().print(f"missing: {path}", style="yellow", markup=False)
    if len(merged.missing) > _TOLD:
        err().print(f"... and {len(merged.missing) - _TOLD} more images; their scores are merged", style="yellow")
    for line in remarks:
        err().print(f"note: {line}", style="yellow", markup=False)
