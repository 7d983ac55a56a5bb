"""``srbench run``: evaluate methods on datasets."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli import names
from srbench.cli.shell import INTERRUPTED, SelfEnsemble, Tile, err, handled, parse_scales, split

if TYPE_CHECKING:
    from srbench.run import RunOptions, Summary


@handled
def command(
    context: typer.Context,
    methods: Annotated[
        list[str], typer.Option(help="all, names, plugin files (.py) or checkpoints, separated by commas.")
    ] = ["all"],  # noqa: B006
    datasets: Annotated[
        list[str] | None,
        typer.Option(help="Names or folders of images. Default: Set5, Set14, BSD100 as far as they are here."),
    ] = None,
    scales: Annotated[str, typer.Option(help="Whole numbers, separated by commas.")] = "4",
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            help="Names, pyiqa:NAME or files (.py). Default: psnr, ssim; lpips, mos where they can be computed."
        ),
    ] = None,
    protocol: Annotated[str, typer.Option(help="basicsr or classic (docs/protocol.md).")] = "basicsr",
    degradation: Annotated[
        str,
        typer.Option(help="How LR images are made: a name (srbench list degradations), kernel:FILE.npy, a .py file."),
    ] = "bicubic",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    threads: Annotated[
        int, typer.Option(min=0, help="Workers, each computing on one thread; 0: one per processor.")
    ] = 0,
    out: Annotated[Path, typer.Option(help="The results folder.")] = Path("results"),
    no_images: Annotated[bool, typer.Option("--no-images", help="Do not keep the SR images.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute again what is already there.")] = False,
    tile: Tile = 0,
    self_ensemble: SelfEnsemble = False,
    time: Annotated[
        bool,
        typer.Option("--time", help="Then time every method, on one thread (docs/timing.md)."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of methods and degradations that draw random numbers.")] = 0,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file with these options, for one run or several (docs/campaigns.md).")
    ] = None,
) -> None:
    """Evaluate methods on datasets and store every score.

    Only what is missing is computed: interrupt it when you like, run it again to go on. Exit code 1 if a cell
    failed, or if a metric asked for by name is unavailable.

    Examples:

      srbench run --methods all

      srbench run --methods bicubic,tv-map --datasets set5,set14 --scales 2,3,4 --protocol classic

      srbench run --methods ./my_method.py --datasets path/to/folder

      srbench run --methods ./4x_model.safetensors --datasets set5

      srbench run --config campaign.toml
    """
    values = {name: value for name, value in context.params.items() if name != "debug"}
    code = _one_run(values) if config is None else _campaign(context, config, values)
    if code:
        raise typer.Exit(code)


def _campaign(context: typer.Context, config: Path, values: Mapping[str, Any]) -> int:
    """Every run of a file; what is given on the command line too overrides the file. The worst exit code."""
    from srbench.cli import campaign

    given = {
        name: value
        for name, value in values.items()
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    worst = 0
    for of_file in campaign.read(config):
        worst = max(worst, _one_run({**values, **of_file, **given}))
        if worst == INTERRUPTED:
            break
    return worst


def _one_run(values: Mapping[str, Any]) -> int:
    """Evaluate and show what came out; ``values`` are the command's parameters by name. The exit code."""
    from srbench.cli.progress import CellProgress, progress

    options = _options(values)
    names.require_methods(options.methods)
    names.require_datasets(options.datasets)
    names.require_metrics(options.metrics)
    names.require_protocol(options.protocol)
    names.require_degradation(options.degradation)
    from srbench.cli.tables import print_means
    from srbench.cli.time_ import print_timings
    from srbench.imaging.memory import keep_memory
    from srbench.run import run

    if not options.time:  # a latency is that of a process as users have it
        keep_memory()
    with progress(err()) as shown:
        summary = run(options, CellProgress(shown))
    print_means(options.out, run_id=summary.run_id)
    if summary.timings:
        print_timings(summary.timings)
    print_summary(summary, options.out)
    return exit_code(summary)


def _options(values: Mapping[str, Any]) -> RunOptions:
    from srbench.run import RunOptions

    methods, datasets, metrics = (split(values[name] or ()) for name in ("methods", "datasets", "metrics"))
    same = ("protocol", "degradation", "device", "threads", "force", "time", "seed", "tile", "self_ensemble")
    return RunOptions(
        methods,
        datasets,
        parse_scales(values["scales"]),
        metrics,
        out=Path(values["out"]),
        keep_images=not values["no_images"],
        command=shlex.join(["srbench", *sys.argv[1:]]),
        **{name: values[name] for name in same},
    )


def exit_code(summary: Summary) -> int:
    """Of the command whose run ended so."""
    if summary.interrupted:
        return INTERRUPTED
    return 1 if summary.failures or summary.unavailable else 0


def print_summary(summary: Summary, folder: Path) -> None:
    """What was computed, how the canary is, and the first failures, on the terminal."""
    console = err()
    for canary in summary.canaries:
        if canary.verdict == "off":
            found = "cannot be measured" if canary.measured is None else f"gives {canary.measured:.3f} dB"
            console.print(
                f"NOT COMPARABLE: bicubic on {canary.dataset} x{canary.scale} {found} instead of "
                f"{canary.expected:.3f} dB: {canary.cause}",
                style="red",
                markup=False,
            )
    good = sum(canary.verdict == "good" for canary in summary.canaries)
    without = sorted({c.dataset for c in summary.canaries if c.verdict == "none"})
    if good:
        console.print(f"canary: bicubic has its recorded PSNR on {good} of {len(summary.canaries)} dataset-scales")
    if without:
        console.print(f"canary: no recorded bicubic value for {', '.join(without)}", markup=False)
    counts = f"{summary.computed} cells computed, {summary.known} already there"
    if summary.not_supported:
        counts += f", {summary.not_supported} not supported"
    if summary.failed:
        counts += f", {summary.failed} failed"
    console.print(f"run {summary.run_id}: {counts}; results in {folder}", markup=False)
    for line in summary.unavailable:
        console.print(f"unavailable: {line}", style="red", markup=False)
    for line in summary.failures[:10]:
        console.print(f"failed: {line}", style="red", markup=False)
    if len(summary.failures) > 10:
        console.print(f"... and {len(summary.failures) - 10} more (srbench report {folder} --format json)", style="red")
    if summary.interrupted:
        console.print(f"interrupted with {summary.left} cells left: the same command goes on from here", style="yellow")
