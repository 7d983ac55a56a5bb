"""What perceptual metrics load: the ImageNet networks that they look through, torchvision's files, of which only the
features stay; and small files of metrics' own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srbench import paths
from srbench.errors import FetchError
from srbench.fetch.download import Observer, download, forget
from srbench.files import replace_file, writing
from srbench.weights import known
from srbench.weights.pinned import PinnedFile

MAX_FILE = 1 << 30  # bytes; AlexNet's file has 244 million


@dataclass(frozen=True)
class BackboneFile:
    """A file of torchvision's, with the hash that it must have, and the name under which its features are kept."""

    name: str
    address: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.name}_features.safetensors"


BACKBONES = (
    BackboneFile(
        "alexnet",
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
        "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    ),
    BackboneFile(
        "squeezenet1_1",
        "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
        "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
    ),
)


FILES = (known.DISTS,)  # kept as they are


def find(file: str) -> Path | None:
    """The weight file of that name in the folders of :func:`srbench.paths.weights`; None if it is nowhere."""
    return next((folder / file for folder in paths.weights() if (folder / file).is_file()), None)


def fetch(backbone: BackboneFile, observer: Observer) -> tuple[Path, bool]:
    """The backbone's features as safetensors, tensors named as in torchvision ('features.0.weight', ...).

    Returns:
        the file, and whether it had to be fetched.

    Raises:
        FetchError: the download failed, or the file is not the one that torchvision publishes.
    """
    here = find(backbone.file)
    if here is not None:
        return here, False
    # Imported late: torch is not needed where the weights are here already.
    from safetensors.torch import save

    from srbench.weights.files import load_state

    source = _downloaded(backbone.address, backbone.sha256, observer)
    state, _ = load_state(source)
    features = {key: value.contiguous() for key, value in state.items() if key.startswith("features.")}
    target = paths.cache() / "weights" / backbone.file
    content = save(features, metadata={"source": backbone.address, "sha256": backbone.sha256})
    with writing(target, "free space or set SRBENCH_CACHE", FetchError), replace_file(target) as stream:
        stream.write(content)
    forget(backbone.address)
    return target, True


def fetch_file(file: PinnedFile, observer: Observer) -> tuple[Path, bool]:
    """A file that is kept as it is, and whether it had to be fetched.

    Raises:
        WeightsError: another file of that name is here.
        FetchError: as :func:`fetch`.
    """
    here = file.find()
    if here is not None:
        file.require(here)
        return here, False
    source = _downloaded(file.address, file.sha256, observer)
    target = paths.cache() / "weights" / file.name
    with writing(target, "free space or set SRBENCH_CACHE", FetchError), replace_file(target) as stream:
        stream.write(source.read_bytes())
    forget(file.address)
    return target, True


def _downloaded(address: str, sha256: str, observer: Observer) -> Path:
    from srbench.weights.files import file_hash  # late: torch

    source = download(address, observer, MAX_FILE)
    found = file_hash(source)
    if found != sha256:
        forget(address)
        raise FetchError(
            f"{address} has sha256 {found}, expected {sha256}",
            "it was removed: try again, or from another network",
        )
    return source
