"""``srbench convert``: weights of another kind as a safetensors file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.shell import State, err, handled, out
from srbench.errors import SrbenchError, WeightsError

if TYPE_CHECKING:
    from srbench.weights.converting import Conversion

_MOST = 8  # lines on what was dropped


@handled
def command(
    file: Annotated[
        Path,
        typer.Argument(
            help="A weight file: PyTorch (also a whole module, TorchScript), MatConvNet's .mat, .npz, .npy."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="The safetensors file to write; else that of the same name beside it.")
    ] = None,
    state: State = "",
) -> None:
    """Take the tensors out of a weight file, and run nothing that is in it.

    They become a safetensors file, and beside it NAME.manifest.json: from which file they are and its SHA-256, names
    and shapes, and what was left behind. Most files need no conversion: --methods reads them as they are.

    Examples:

      srbench convert model_epoch_50.pth

      srbench convert VDSR_Official.mat --output vdsr.safetensors

      srbench convert model-00001-of-00003.bin
    """
    if not file.exists():
        raise WeightsError(f"no weights at '{file}'", "check the path")

    from srbench.weights import converting

    target = converting.default_output(file) if output is None else output
    if target.suffix.lower() != converting.SUFFIX:
        raise SrbenchError(f"--output '{target}': safetensors alone are written", f"call it NAME{converting.SUFFIX}")
    if target.exists() and not (converting.is_from(target, file) if output is None else not target.samefile(file)):
        raise SrbenchError(f"'{target}' is there already", "name another file with --output")
    found = converting.convert(file, state)
    beside = converting.write(found, target)
    _show(found, file)
    err().print(f"wrote {target} and {beside.name}", markup=False)


def _show(found: Conversion, file: Path) -> None:
    facts = found.manifest
    lines = [
        f"{file.name}: {facts['sources'][0]['format']}; state '{facts['state']}', {len(found.tensors)} tensors, "
        f"{facts['parameters']:,} parameters"
    ]
    if facts["other_states"]:
        lines.append(f"there too: {', '.join(facts['other_states'])} (take one with --state)")
    lines += [f"note: {note}" for note in facts["notes"]]
    dropped = list(facts["dropped"].items())
    lines += [f"not taken: {place}: {what}" for place, what in dropped[:_MOST]]
    if len(dropped) > _MOST:
        lines.append(f"not taken: {len(dropped) - _MOST} more, which the manifest lists")
    for line in lines:
        out().print(line, markup=False, soft_wrap=True)
