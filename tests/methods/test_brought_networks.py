"""Networks that read their size from a weight file: sizes of the papers, names in files, other code bases."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from srbench.errors import WeightsError
from srbench.method import TorchMethod, plugins
from srbench.method.brought import brought, fit
from srbench.methods.bsrn import BsrnNet
from srbench.methods.carn import CarnNet
from srbench.methods.edsr import EdsrNet
from srbench.methods.espcn import EspcnNet
from srbench.methods.fsrcnn import FsrcnnNet
from srbench.methods.imdn import ImdnNet
from srbench.methods.pan import PanNet
from srbench.methods.rcan import RcanNet
from srbench.methods.rfdn import RfdnNet
from srbench.methods.rlfn import RlfnNet
from srbench.methods.smfanet import SmfanetNet
from srbench.methods.srcnn import SrcnnNet
from srbench.methods.vapsr import VapsrNet
from srbench.methods.vdsr import VdsrNet
from srbench.resize import imresize
from srbench.weights.matching import BY_NAME
from srbench.weights.states import State

PORTED = ["edsr", "espcn", "fsrcnn", "srcnn", "vdsr"]
BROUGHT = ["bsrn", "carn", "imdn", "pan", "rcan", "rfdn", "rlfn", "smfanet", "vapsr"]
CLASSES = {
    plugin.name: plugin.value
    for plugin in plugins.discover()
    if plugin.value is not None and issubclass(plugin.value, TorchMethod)
}


def carn_m(scale):
    return CarnNet(scale, groups=4, efficient=True, shared=True)


@pytest.mark.parametrize(
    ("network", "thousands"),
    [
        (lambda: CarnNet(2), 1592),
        (lambda: ImdnNet(2), 694),
        (lambda: ImdnNet(3), 703),
        (lambda: ImdnNet(4), 715),
        (lambda: RfdnNet(4), 433),
        (lambda: PanNet(4), 272),
        (lambda: RlfnNet(2), 527),
        (lambda: RlfnNet(4), 544),
        (lambda: RlfnNet(4, 46, 4, 48), 317),
        (lambda: VapsrNet(4), 342),
        (lambda: VapsrNet(4, 32, 11, groups=2), 155),
        (lambda: RcanNet(2), 15_445),
        (lambda: EdsrNet(2, 256, 32), 40_730),
    ],
)
def test_parameters_are_as_many_as_is_printed(network, thousands):
    with torch.device("meta"):
        assert sum(p.numel() for p in network().parameters()) == pytest.approx(1000 * thousands, abs=500)


def test_carn_m_is_counted_without_biases():
    assert round(sum(p.numel() for p in carn_m(4).parameters() if p.dim() == 4) / 1000) == 412


@pytest.mark.parametrize(
    ("network", "size", "printed"),
    [
        (lambda: CarnNet(2), (360, 640), 222.8),
        (lambda: CarnNet(3), (240, 427), 118.8),
        (lambda: CarnNet(4), (180, 320), 90.9),
        (lambda: carn_m(2), (360, 640), 91.2),
        (lambda: carn_m(3), (240, 427), 46.1),
        (lambda: carn_m(4), (180, 320), 32.5),
        (lambda: ImdnNet(2), (360, 640), 158.8),
        (lambda: ImdnNet(3), (240, 427), 71.5),
        (lambda: ImdnNet(4), (180, 320), 40.9),
        (lambda: PanNet(4), (180, 320), 28.2),
        # At 256 x 256: the reports of NTIRE 2022 and 2024, and the SwinIR README of RCAN as BasicSR has it.
        (lambda: RfdnNet(4), (256, 256), 27.10),
        (lambda: RlfnNet(4, 46, 4, 48), (256, 256), 19.67),
        (lambda: RcanNet(4, blocks=16), (256, 256), 850.6),
    ],
)
@pytest.mark.sampled(3)
def test_multiply_adds_are_as_many_as_is_printed(network, size, printed):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network()(torch.empty(1, 3, *size))
    assert counter.get_total_flops() / 2e9 == pytest.approx(printed, rel=0.004)


# -- sizes read from files ---------------------------------------------------------------------------------------------


def other(network):
    """The network with random weights, of which none lets the image pass."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.startswith(("sub_mean", "add_mean")):
                parameter.copy_(0.1 * torch.randn_like(parameter))
    return network.eval()


def kept(network, name):
    """The network with its tensors in the order of memory of that method, which decides the last digit."""
    cls = CLASSES[name]
    return network.to(memory_format=torch.channels_last) if cls.channels_last else network


SMALL = [
    ("bsrn", BsrnNet(3, 24, 2, 12, 8, 3, 2), (3,), "2 blocks, 24 channels"),
    ("carn", CarnNet(2, 16), (2, 3, 4), "16 channels"),
    ("carn", CarnNet(4, 16, 2, efficient=True, joint=False), (4,), "16 channels in 2 groups"),
    ("carn", CarnNet(3, 16, 4, efficient=True, shared=True), (2, 3, 4), "16 channels in 4 groups, shared blocks"),
    ("edsr", EdsrNet(8, 12, 3), (8,), "3 blocks, 12 channels"),
    ("edsr", EdsrNet(3, 12, 3, white=255.0, shift=True), (3,), "3 blocks, 12 channels"),
    ("espcn", EspcnNet(3, ((16, 5), (16, 3), (8, 3))), (3,), "5-3-3-3, 16, 16 and 8 channels"),
    ("fsrcnn", FsrcnnNet(2, 16, 5, 1), (2, 3, 4), "16, 5, 1"),
    ("imdn", ImdnNet(2, 24, 3, 6, 2), (2,), "3 blocks, 24 channels"),
    ("pan", PanNet(4, 16, 2, 8, 12), (4,), "2 blocks, 16 channels"),
    ("pan", PanNet(3, 16, 2, 8, 12), (2, 3), "2 blocks, 16 channels"),
    ("rcan", RcanNet(3, 16, 2, 1, 4), (3,), "2 groups of 1 blocks, 16 channels"),
    ("rfdn", RfdnNet(2, 16, 2, 8, 4), (2,), "2 blocks, 16 channels"),
    ("rlfn", RlfnNet(4, 12, 3, 14, 6), (4,), "3 blocks, 12 channels, 14 inside"),
    ("smfanet", SmfanetNet(3, 12, 2, 12, 36, 6), (3,), "2 blocks, 12 channels"),
    ("srcnn", SrcnnNet(3, (9, 3, 5), (16, 8)), (2, 3, 4), "9-3-5, 16 and 8 channels"),
    ("vapsr", VapsrNet(4, 12, 2, 16, 2), (4,), "2 blocks, 12 channels"),
    ("vapsr", VapsrNet(3, 12, 2, 16), (3,), "2 blocks, 12 channels"),
    ("vdsr", VdsrNet(2, 5, 8, biases=True), (2, 3, 4), "5 layers, 8 channels, biases"),
]


@pytest.mark.parametrize(("name", "network", "scales", "size"), SMALL)
def test_the_network_of_a_file_of_any_size_gives_the_same_images(name, network, scales, size, tmp_path):
    torch.save({"params": other(network).state_dict()}, tmp_path / "net.pth")
    method = brought(tmp_path / "net.pth", CLASSES[name])()
    assert (method.card.scales, method.card.size) == (scales, size)
    picture = torch.rand(1, 1 if method.card.colour == "luma" else 3, 17, 20)
    with torch.no_grad():
        theirs = kept(network, name)(picture)
        scale = theirs.shape[-1] // 20
        assert torch.equal(method.module(scale)(picture), theirs)
    assert scale in scales


PREFIXES = ["", "module.", "_orig_mod.generator."]


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.sampled(3)
def test_every_network_is_filled_from_its_own_tensors_under_any_prefix(name):
    cls = CLASSES[name]
    method = cls()
    scale = method.scales_of_build()[-1]
    network = RcanNet(scale, 16, 2, 2) if name == "rcan" else method.build(scale)
    state = {key: value for key, value in network.state_dict().items() if "num_batches" not in key}
    for prefix in PREFIXES:
        found = fit([State((), {prefix + key: value for key, value in state.items()})], cls)
        assert found is not None, prefix
        assert found.reading.how.startswith(BY_NAME)
        assert found.reading.tensors.keys() == state.keys()
        assert scale in found.sized.scales


@pytest.mark.parametrize(("name", "network", "scales", "size"), SMALL)
def test_no_other_network_takes_the_file(name, network, scales, size):
    state = State((), network.state_dict())
    assert [other for other in {*BROUGHT, *PORTED} if fit([state], CLASSES[other]) is not None] == [name]


@pytest.mark.parametrize(("name", "network", "scales", "size"), SMALL)
def test_a_file_without_its_first_layer_is_refused_in_one_line(name, network, scales, size):
    first = next(key for key in network.state_dict() if key.endswith("weight") and "_mean" not in key)
    part = {key: value for key, value in network.state_dict().items() if key != first}
    assert fit([State((), part)], CLASSES[name]) is None
    if name != "carn":  # its first layer says no size
        with pytest.raises(WeightsError) as caught:
            CLASSES[name].from_state(part)
        assert "\n" not in str(caught.value)
        assert caught.value.hint


# -- other code bases --------------------------------------------------------------------------------------------------


def image(network, channels, scale=0):
    with torch.no_grad():
        return network(PICTURE[:, :channels] if not scale else imresize(PICTURE[:, :channels], scale))


PICTURE = torch.rand(1, 3, 19, 23, generator=torch.Generator().manual_seed(4))


def filled(name, network, tmp_path, scale):
    torch.save(network.state_dict(), tmp_path / "net.pth")
    return brought(tmp_path / "net.pth", CLASSES[name])().module(scale)


@pytest.mark.parametrize("norm", [True, False])
def test_rcan_is_that_of_spandrel(norm, tmp_path):
    from spandrel.architectures.RCAN import RCAN

    theirs = RCAN(scale=3, n_resgroups=2, n_resblocks=2, n_feats=32, reduction=8, norm=norm).eval()
    ours = filled("rcan", theirs, tmp_path, 3)
    assert torch.allclose(image(ours, 3), image(theirs, 3), atol=1e-6)


def test_a_plain_srcnn_pads_with_zeros(tmp_path):
    theirs = nn.Sequential()
    theirs.add_module("conv1", nn.Conv2d(1, 64, 9, padding=4))
    theirs.add_module("first", nn.ReLU())
    theirs.add_module("conv2", nn.Conv2d(64, 32, 1))
    theirs.add_module("second", nn.ReLU())
    theirs.add_module("conv3", nn.Conv2d(32, 1, 5, padding=2))
    ours = filled("srcnn", theirs, tmp_path, 2)
    assert torch.allclose(image(ours, 1), image(theirs, 1, 2), atol=1e-6)


def test_a_plain_espcn_pads_with_zeros_and_four_layers_have_relu(tmp_path):
    def net(layers):
        return nn.Sequential(*layers, nn.PixelShuffle(2)).eval()

    first, second = nn.Conv2d(1, 64, 5, padding=2), nn.Conv2d(64, 32, 3, padding=1)
    third, last = nn.Conv2d(64, 64, 3, padding=1), nn.Conv2d(32, 4, 3, padding=1)
    three = net([first, nn.Tanh(), second, nn.Tanh(), last])
    four = net([first, nn.ReLU(), third, nn.ReLU(), second, nn.ReLU(), last])
    for theirs in (three, four):
        assert torch.allclose(image(filled("espcn", theirs, tmp_path, 2), 1), image(theirs, 1), atol=1e-6)
    named = {"first_part.0": first, "first_part.2": second, "last_part.0": last}
    state = {f"{name}.{key}": value for name, layer in named.items() for key, value in layer.state_dict().items()}
    torch.save(dict(sorted(state.items(), reverse=True)), tmp_path / "named.pth")  # names count, not the order
    assert torch.equal(
        image(brought(tmp_path / "named.pth", CLASSES["espcn"])().module(2), 1),
        image(filled("espcn", three, tmp_path, 2), 1),
    )


def test_a_plain_fsrcnn_pads_with_zeros(tmp_path):
    d, s = 16, 5
    features = [nn.Conv2d(1, d, 5, padding=2), nn.PReLU(d)]
    middle = [
        nn.Conv2d(d, s, 1),
        nn.PReLU(s),
        nn.Conv2d(s, s, 3, padding=1),
        nn.PReLU(s),
        nn.Conv2d(s, d, 1),
        nn.PReLU(d),
    ]
    theirs = nn.Sequential()
    theirs.add_module("first_part", nn.Sequential(*features))
    theirs.add_module("mid_part", nn.Sequential(*middle))
    theirs.add_module("last_part", nn.ConvTranspose2d(d, 1, 9, stride=3, padding=4, output_padding=2))
    ours = filled("fsrcnn", theirs, tmp_path, 3)
    assert torch.allclose(image(ours, 1), image(theirs, 1), atol=1e-6)


def test_edsr_of_the_authors_has_its_mean_and_range_in_the_file(tmp_path):
    own = other(EdsrNet(2, 8, 1, white=255.0, shift=True))
    names = {"first": "head.0", "blocks.0": "body.0", "after": "body.1", "enlarge": "tail.0", "last": "tail.1"}
    torch.save({renamed(key, names): value for key, value in own.state_dict().items()}, tmp_path / "net.pth")
    ours = brought(tmp_path / "net.pth", CLASSES["edsr"])().module(2)
    assert ours.white == 255
    assert torch.equal(image(ours, 3), image(kept(own, "edsr"), 3))


def test_edsr_of_basicsr_has_them_in_the_code(tmp_path):
    own = other(EdsrNet(2, 8, 1, white=255.0))
    names = {
        "first": "conv_first",
        "blocks.0.body.0": "body.0.conv1",
        "blocks.0.body.2": "body.0.conv2",
        "after": "conv_after_body",
        "enlarge": "upsample",
        "last": "conv_last",
    }
    torch.save(
        {"params": {renamed(key, names): value for key, value in own.state_dict().items()}}, tmp_path / "net.pth"
    )
    method = brought(tmp_path / "net.pth", CLASSES["edsr"])()
    assert torch.equal(image(method.module(2), 3), image(kept(own, "edsr"), 3))
    assert "by the method's rename table" in str(method.load_audits()[0])


def renamed(key, names):
    begin = max((name for name in names if key.startswith(f"{name}.")), key=len, default="")
    return names[begin] + key.removeprefix(begin) if begin else key


def test_the_first_version_of_vapsr_has_other_names(tmp_path):
    own = other(VapsrNet(4, 12, 2, 16))
    changes = [("atten_branch.pointwise", "spatial_gating_unit.conv1"), ("pixel_norm", "norm")]
    changes += [("atten_branch.depthwise_dilated", "spatial_gating_unit.conv_spatial")]
    changes += [("atten_branch.depthwise.", "spatial_gating_unit.conv0.")]
    state = own.state_dict()
    for new, old in changes:
        state = {key.replace(new, old): value for key, value in state.items()}
    assert not any("atten_branch" in key for key in state)
    torch.save(state, tmp_path / "net.pth")
    assert torch.equal(image(brought(tmp_path / "net.pth", CLASSES["vapsr"])().module(4), 3), image(own, 3))
