"""An ONNX model as a method, run by onnxruntime on the processor (the extra ``onnx``).

A model says the axes of what it takes and gives; what they do not say is measured on a small image: the scale, and
whether it takes any size. The image goes in as RGB in [0, 1], as networks exported from PyTorch have it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from srbench.errors import NotSupportedError, WeightsError, reason_of
from srbench.method.base import Method, MethodCard
from srbench.method.feeding import Feeding

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_TRIED = (24, 32)  # height and width of the image on which a model is measured
_BESIDE = (".data", "_data")  # what exporters add to a file's name for weights that they keep outside of it


class OnnxMethod(Method):
    """The network in one ONNX file; one scale. Subclasses are made by :func:`method_from`."""

    source: ClassVar[Path]
    session: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.feeding = Feeding()
        self._lock = threading.Lock()

    def weight_files(self) -> list[Path]:
        beside = [self.source.with_name(self.source.name + suffix) for suffix in _BESIDE]
        return [self.source, *(path for path in beside if path.is_file())]

    def upscale(self, lr: Tensor, scale: float) -> Tensor:
        with self._lock:
            images = [_run(self.session, image[None].cpu()) for image in self.feeding.before(lr)]
        return self.feeding.after(torch.cat(images).to(lr.device))


def method_from(path: Path) -> type[OnnxMethod]:
    """The method in the ONNX file at ``path``, named by the file's stem.

    Raises:
        WeightsError: onnxruntime is not installed; the file is missing, damaged, or of operations it does not know.
        NotSupportedError: the network is none that takes one image of any size and gives a larger one.
    """
    session = _session(path)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type not in _TYPES:
        taken = ", ".join(f"{value.name} ({value.type})" for value in inputs)
        raise NotSupportedError(f"'{path}' takes {taken} and gives {len(outputs)}", "one image in and one out work")
    channels, scale = _measured(path, session)
    card = MethodCard(
        name=path.stem,
        title=f"{path.stem} (ONNX)",
        year=0,
        family="checkpoint",
        paper="an ONNX model, run by onnxruntime",
        colour="luma" if channels == 1 else "rgb",
        scales=(scale,),
    )
    return type("Onnx", (OnnxMethod,), {"card": card, "source": path, "session": session})


def _session(path: Path) -> Any:
    if not path.is_file():
        raise WeightsError(f"no model at '{path}'", "check the path")
    try:
        import onnxruntime
    except ImportError as error:
        raise WeightsError(
            f"'{path}' is an ONNX model, and onnxruntime is not installed", "pip install 'srbench[onnx]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes have no common one
        raise WeightsError(f"onnxruntime cannot load '{path}' ({reason_of(error)})", "export it again") from error


def _measured(path: Path, session: Any) -> tuple[int, int]:
    """The channels of an image that a model takes, and its scale."""
    axes = session.get_inputs()[0].shape
    if len(axes) != 4 or axes[1] not in (1, 3):
        shown = " x ".join(map(str, axes))
        raise NotSupportedError(f"'{path}' takes {shown}", "batch x 1 or 3 channels x height x width works")
    if any(isinstance(axis, int) for axis in axes[2:]):
        raise NotSupportedError(
            f"'{path}' takes images of {axes[2]} x {axes[3]} alone", "export it with dynamic axes for height and width"
        )
    channels = int(axes[1])
    try:
        result = _run(session, torch.full((1, channels, *_TRIED), 0.5))
    except Exception as error:
        raise WeightsError(f"onnxruntime cannot run '{path}' ({reason_of(error)})", "export it again") from error
    scale = result.shape[-2] // _TRIED[0]
    if scale < 2 or tuple(result.shape) != (1, channels, *(scale * side for side in _TRIED)):
        sizes = f"{tuple(result.shape)} of (1, {channels}, {_TRIED[0]}, {_TRIED[1]})"
        raise NotSupportedError(f"'{path}' is not a super-resolution network: it makes {sizes}")
    return channels, scale


def _run(session: Any, image: Tensor) -> Tensor:
    """(1, C, H, W) to (1, C, scale H, scale W), float32."""
    (taken,) = session.get_inputs()
    (result,) = session.run(None, {taken.name: image.numpy().astype(_TYPES[taken.type])})
    return torch.from_numpy(np.asarray(result, np.float32))
