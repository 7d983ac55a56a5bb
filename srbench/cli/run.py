"""``srbench run``: evaluate methods on datasets."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli import names
from srbench.cli.shell import (
    MOST_THREADS,
    STOPPED,
    Precision,
    SelfEnsemble,
    State,
    Tile,
    err,
    expanded,
    handled,
    parse_scales,
    split,
)
from srbench.errors import SrbenchError
from srbench.wording import counted, printable

if TYPE_CHECKING:
    from srbench.run import RunOptions, Summary


@handled
def command(
    context: typer.Context,
    methods: Annotated[
        list[str],
        typer.Option(
            help="all, names, plugin files (.py) or checkpoints, as NAME=FILE, edsr=FILE, 'A@2 > B@2' too, by commas."
        ),
    ] = ["all"],  # noqa: B006
    datasets: Annotated[
        list[str] | None,
        typer.Option(help="Names or folders of images. Default: Set5, Set14, BSD100 as far as they are here."),
    ] = None,
    scales: Annotated[str, typer.Option(help="Numbers of at least 1, separated by commas: 2,3,2.5.")] = "4",
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            help="Names, pyiqa:NAME, piq:NAME or .py files. Default: psnr, ssim; lpips, mos where they can be computed."
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="Names (srbench list protocols) and files of your own (.toml), separated by commas.")
    ] = "basicsr",
    degradation: Annotated[
        str,
        typer.Option(
            help="How LR images are made: a name (srbench list degradations), a chain such as 'blur:1.6 > down > "
            "jpeg:40', kernel:FILE.npy, a .toml or .py file."
        ),
    ] = "bicubic",
    frames: Annotated[
        int,
        typer.Option(
            min=0,
            max=64,
            help="Frames of a clip that methods of several frames are given, around the one that they super-resolve; "
            "0: as many as suit each (docs/datasets.md).",
        ),
    ] = 0,
    clips: Annotated[
        list[str] | None,
        typer.Option(help="Names of the clips that are measured, by commas; default: all (docs/datasets.md)."),
    ] = None,
    lr: Annotated[
        list[str] | None,
        typer.Option(
            help="Folders of LR images that came with the HR images, one for each of --datasets; "
            "--degradation given looks beside the HR images (docs/datasets.md)."
        ),
    ] = None,
    no_reference: Annotated[
        bool,
        typer.Option(
            "--no-reference",
            help="The images have no original: they are upscaled as they are, and measured "
            "by metrics that need none (docs/datasets.md).",
        ),
    ] = False,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:N; several GPUs, a process each: cuda:0,2 or cuda:all.")
    ] = "auto",
    threads: Annotated[
        int, typer.Option(min=0, max=MOST_THREADS, help="Workers, each computing on one thread; 0: one per processor.")
    ] = 0,
    batch: Annotated[
        int, typer.Option(min=1, help="On a GPU: images of one size that a method computes at once; 1: one by one.")
    ] = 16,
    out: Annotated[Path, typer.Option(help="The results folder.")] = Path("results"),
    no_images: Annotated[bool, typer.Option("--no-images", help="Do not keep the SR images.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compute again what is already there.")] = False,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out images of folders that cannot be used, and say which.")
    ] = False,
    tile: Tile = 0,
    self_ensemble: SelfEnsemble = False,
    precision: Precision = "fp32",
    time: Annotated[
        bool,
        typer.Option("--time", help="Then time every method, on one thread (docs/timing.md)."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of methods and degradations that draw random numbers.")] = 0,
    state: State = "",
    cell_timeout: Annotated[
        float, typer.Option(min=0, help="Seconds after which one image of one method has failed; 0: no limit.")
    ] = 0,
    max_failures: Annotated[
        int, typer.Option("--max-failures", min=0, help="Failed cells after which the run stops; 0: it goes on.")
    ] = 0,
    verify_pixels: Annotated[
        bool, typer.Option("--verify-pixels", help="Decode every image first, also those that have not changed.")
    ] = False,
    shard: Annotated[
        str,
        typer.Option(help="Compute one slice of the run, such as 3/16; srbench merge joins them (docs/scale.md)."),
    ] = "",
    cluster: Annotated[
        str,
        typer.Option(help="Compute on a cluster: local:4, tcp://HOST:8786 or a profile in TOML (docs/cluster.md)."),
    ] = "",
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="With --cluster and --time: nothing else runs on this machine.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file with these options, for one run or several (docs/campaigns.md).")
    ] = None,
) -> None:
    """Evaluate methods on datasets and store every score.

    Only what is missing is computed: interrupt it when you like, run it again to go on. Exit code 1 if a cell
    failed or a metric asked for by name is unavailable, 2 if no method does what was asked.

    Examples:

      srbench run --methods all

      srbench run --methods bicubic,tv-map --datasets set5,set14 --scales 2,3,4 --protocol classic

      srbench run --methods edsr --datasets set5 --protocol basicsr,rgb,./mine.toml

      srbench run --methods ./my_method.py --datasets path/to/folder

      srbench run --methods all --datasets ./phone_photos --no-reference --scales 4

      srbench run --methods all --datasets path/to/HR --lr path/to/LR --scales 4

      srbench run --methods ./4x_model.safetensors --datasets set5

      srbench run --methods bicubic,edsr=./x4.pt --datasets set5

      srbench run --methods a=run1/net_g.pth,b=run2/net_g.pth --datasets path/to/folder

      srbench run --methods all --shard 3/16 --out shard-03

      srbench run --methods all --cluster tcp://10.0.0.1:8786

      srbench run --config campaign.toml
    """
    values = {name: value for name, value in context.params.items() if name != "debug"}
    _require_consistent(_given(context, values))
    code = _one_run(values) if config is None else _campaign(context, config, values)
    if code:
        raise typer.Exit(code)


def _campaign(context: typer.Context, config: Path, values: Mapping[str, Any]) -> int:
    """Every run of a file; what is given on the command line too overrides the file. The worst exit code."""
    from srbench.cli import campaign

    given = _given(context, values)
    worst = 0
    for of_file in campaign.read(config):
        _require_consistent({**of_file, **given})
        worst = max(worst, _one_run({**values, **of_file, **given}))
        if worst >= STOPPED:
            break
    return worst


def _given(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given on the command line."""
    return {
        name: value
        for name, value in values.items()
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }


def _require_consistent(given: Mapping[str, Any]) -> None:
    """Raise SrbenchError for options that say two things of how LR images come about."""
    others = [f"--{name}" for name in ("degradation", "lr") if given.get(name)]
    if given.get("no_reference") and others:
        raise SrbenchError(
            f"--no-reference and {others[0]}: images without an original are the LR images themselves",
            "leave one of the two out",
        )
    if given.get("lr") and given.get("degradation") not in (None, "given"):
        raise SrbenchError(
            f"--lr and --degradation {given['degradation']}: LR images that are given are not made",
            "leave one of the two out",
        )


def _one_run(values: Mapping[str, Any]) -> int:
    """Evaluate and show what came out; ``values`` are the command's parameters by name. The exit code."""
    from srbench.cli.progress import CellProgress, progress

    options = _options(expanded(values))
    names.require_devices(options.device)
    names.require_methods(options.methods)
    names.require_datasets(options.datasets)
    names.require_metrics(options.metrics)
    names.require_protocols(options.protocol)
    names.require_degradation(options.degradation)
    from srbench.cli.tables import print_means
    from srbench.cli.time_ import print_timings
    from srbench.imaging.memory import keep_memory
    from srbench.run import run
    from srbench.run.stopping import Terminated, sent_signals_interrupt

    if not options.time:  # a latency is that of a process as users have it
        keep_memory()
    try:
        with sent_signals_interrupt(), progress(err()) as shown:
            summary = run(options, CellProgress(shown))
    except Terminated as signal:
        err().print(f"ended by {signal} before anything was computed", style="yellow")
        return STOPPED + signal.number
    print_means(options.out, run_id=summary.run_id)
    if summary.timings:
        print_timings(summary.timings)
    print_summary(summary, options.out)
    return exit_code(summary)


def _options(values: Mapping[str, Any]) -> RunOptions:
    from srbench.method.plugins import in_state
    from srbench.run import RunOptions
    from srbench.run.shard import Shard

    methods, datasets, metrics, clips, lr = (
        split(values[name] or ()) for name in ("methods", "datasets", "metrics", "clips", "lr")
    )
    same = (
        *("protocol", "degradation", "device", "threads", "force", "time", "seed", "tile", "self_ensemble"),
        *("no_reference", "frames", "precision", "batch", "cell_timeout", "max_failures", "cluster", "exclusive"),
    )
    return RunOptions(
        in_state(methods, values["state"]),
        datasets,
        parse_scales(values["scales"]),
        metrics,
        clips=clips,
        lr=lr,
        out=Path(values["out"]),
        keep_images=not values["no_images"],
        skip_unreadable=values["skip_unreadable"],
        command=shlex.join(["srbench", *sys.argv[1:]]),
        apart=True,
        shard=Shard.parse(values["shard"]) if values["shard"] else None,
        verify_pixels=values["verify_pixels"],
        **{name: values[name] for name in same},
    )


def exit_code(summary: Summary) -> int:
    """Of the command whose run ended so."""
    if summary.interrupted and not summary.gave_up:
        return STOPPED + summary.signal
    if summary.measured_nothing:
        return SrbenchError.exit_code
    return 1 if summary.failures or summary.unavailable else 0


def print_summary(summary: Summary, folder: Path) -> None:
    """What was computed, how the canary is, and the first failures, on the terminal."""
    from srbench.results.handling import remarks

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
    without = [f"'{c.dataset}' x{c.scale}" for c in summary.canaries if c.verdict == "none"]
    if good:
        console.print(f"canary: bicubic has its recorded PSNR on {good} of {len(summary.canaries)} dataset-scales")
    if without:
        console.print(f"canary: no recorded bicubic value for {', '.join(without)}", markup=False)
    counts = f"{counted(summary.computed, 'cell')} computed, {summary.known} already there"
    if summary.not_supported:
        counts += f", {summary.not_supported} not supported"
    if summary.failed:
        counts += f", {summary.failed} failed"
    console.print(f"run {summary.run_id}: {counts}; results in {folder}", markup=False)
    for line in [*summary.unsupported][:10]:
        console.print(f"not supported: {line}", style="yellow", markup=False)
    if len(summary.unsupported) > 10:
        console.print(f"... and {len(summary.unsupported) - 10} more reasons", style="yellow")
    if summary.measured_nothing:
        reason = next(iter(summary.unsupported))
        console.print(f"error: nothing was measured: {printable(reason)}", style="red", markup=False)
    for where, handlings in summary.handled.items():
        for remark in remarks(handlings):
            console.print(f"note: {where}, {remark.short}: {remark.reason}", style="yellow", markup=False)
    for line in summary.unavailable:
        console.print(f"unavailable: {printable(line)}", style="red", markup=False)
    for cause, subjects in list(summary.causes.items())[:10]:
        more = f" (and {len(subjects) - 1} more, as {subjects[1]})" if subjects[1:] else ""
        console.print(printable(f"failed: {subjects[0]}: {cause}{more}"), style="red", markup=False)
    left = sum(map(len, list(summary.causes.values())[10:]))
    if left:
        console.print(f"... and {left} more (srbench report {folder} --format json)", style="red", markup=False)
    rest = counted(summary.left, "cell")
    if summary.gave_up and summary.left:
        failed = counted(summary.failed, "failed cell")
        console.print(f"stopped after {failed}, with {rest} left: the same command goes on from here", style="yellow")
    elif summary.interrupted and not summary.gave_up:
        console.print(f"interrupted with {rest} left: the same command goes on from here", style="yellow")
