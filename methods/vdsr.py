"""VDSR: twenty 3x3 convolutions predict what bicubic interpolation misses; one network for x2, x3 and x4.

Kim, Lee, Lee, Accurate Image Super-Resolution Using Very Deep Convolutional Networks, CVPR 2016
(arXiv:1511.04587): 664,704 weights. The paper minimises the squared error by SGD and clips every element of the
gradient by a bound that grows as the rate falls (section 3.2); here the loss is L1 and the optimiser Adam, whose steps
do not grow with the gradient. The three scales are trained together, as in the paper. The weights beside this file
began at x4 alone and, as their card says, were trained with SOAP and a clipped norm.

The authors' own weights (MatConvNet) have biases, those of most ports have none, and each code base has other names:
tensors are taken by order and shape.
"""

from collections.abc import Mapping
from itertools import pairwise

from torch import Tensor, nn

from srbench.errors import WeightsError
from srbench.method import MethodCard, Sized
from srbench.resize import imresize
from srbench.training import Recipe, TrainedMethod, published
from srbench.weights import sizes


class VdsrNet(nn.Module):
    """(N, 1, H, W) to (N, 1, scale H, scale W); an image that was ``enlarged`` already keeps its size."""

    def __init__(self, scale: int, depth: int = 20, width: int = 64, *, biases: bool = False) -> None:
        super().__init__()
        self.scale = scale
        channels = [1, *[width] * (depth - 1), 1]
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(channels):
            conv = nn.Conv2d(n_in, n_out, 3, padding=1, bias=biases)
            nn.init.kaiming_normal_(conv.weight)
            layers += [conv, nn.ReLU(inplace=True)]
        # The residual starts at zero, the image at bicubic.
        nn.init.zeros_(layers[-2].weight)  # type: ignore[arg-type]
        self.body = nn.Sequential(*layers[:-1])

    def forward(self, lr: Tensor, *, enlarged: bool = False) -> Tensor:
        x = lr if enlarged else imresize(lr, self.scale)
        return x + self.body(x)


class Vdsr(TrainedMethod):
    card = MethodCard(
        name="vdsr",
        title="VDSR",
        year=2016,
        family="cnn, pre-upsampling",
        paper="Kim, Lee, Lee, Accurate Image Super-Resolution Using Very Deep Convolutional Networks, CVPR 2016",
        url="https://arxiv.org/abs/1511.04587",
        colour="luma",
        scales=(2, 3, 4),
        size="20 layers, 64 channels",
        published=published(
            "VDSR paper (arXiv:1511.04587), Table 3",
            {
                "set5": ((2, 37.53, 0.9587), (3, 33.66, 0.9213), (4, 31.35, 0.8838)),
                "set14": ((2, 33.03, 0.9124), (3, 29.77, 0.8314), (4, 28.01, 0.7674)),
                "bsd100": ((2, 31.90, 0.8960), (3, 28.82, 0.7976), (4, 27.29, 0.7251)),
            },
            size="20 layers, 64 channels",
            images="T91 + BSDS200",
        ),
    )
    channels_last = True
    packed = tuple(f"body.{layer}." for layer in range(2, 38, 2))  # all but the first and the last
    takes_enlarged = True
    recipe = Recipe(
        steps=40_000,
        batch=64,
        patch=41,
        loss=(("l1", 1.0),),
        learning_rate=5e-4,
        joint_scales=(2, 3, 4),
        validate_every=500,
    )

    def build(self, scale: int) -> nn.Module:
        return VdsrNet(scale)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Sized:
        """One network for all scales, however many layers it has, of whatever names and in whatever order."""
        kernels = [sizes.kernel(state, name) for name, value in state.items() if value.dim() == 4]
        width = max((n_out for n_out, _, _ in kernels), default=0)
        depth = len(kernels)
        expected = sorted([(width, 1, 3), (1, width, 3), *[(width, width, 3)] * (depth - 2)])
        if depth < 3 or sorted(kernels) != expected:
            raise WeightsError(
                "these are not 3x3 convolutions from luma to luma through one number of channels", sizes.HINT
            )
        biases = len(state) > depth
        words = f"{depth} layers, {width} channels" + (", biases" if biases else "")
        return Sized((2, 3, 4), lambda scale: VdsrNet(scale, depth, width, biases=biases), words)
