"""A network as another code base has it: the same layers, fed or padded in another way."""

from __future__ import annotations

from torch import Tensor, nn


class Ported(nn.Module):
    """``network``, whose tensors are called ``port.…``.

    What code bases do in different ways (borders, range, mean) is in no weight file; what they call the layers is. A
    method's ``rename`` table gives the names of such a code base that beginning, and its ``from_state``, which sees it,
    builds the network as it is there.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.port = network

    def forward(self, lr: Tensor) -> Tensor:
        sr: Tensor = self.port(lr)
        return sr
