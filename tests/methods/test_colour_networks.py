"""srresnet, edsr, dbpn and srfbn: the papers' sizes, batch normalisation in use, colours, costs, foreign variants."""

import pytest
import torch
from safetensors.torch import save_file

from srbench.errors import TrainingError, WeightsError
from srbench.evaluation.inference import output
from srbench.imaging.color import to_uint8
from srbench.method import MethodContext, plugins
from srbench.methods.dbpn import DbpnNet
from srbench.methods.edsr import EdsrNet
from srbench.methods.srfbn import Srfbn, SrfbnNet
from srbench.methods.srresnet import Srresnet, SrresnetNet
from srbench.resize import imresize
from srbench.timing import cost
from srbench.training.losses import Batch, Loss
from srbench.training.session import plan

NAMES = ["srresnet", "edsr", "dbpn", "srfbn"]


def method_of(name, scale=4):
    """The method as it is shipped, or as a training starts where there are no weights for ``scale``."""
    torch.manual_seed(0)
    method = plugins.instantiate(plugins.find(name)[0])
    method.module(scale)
    method.require_scale = lambda scale: None
    return method


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (lambda: SrresnetNet(4), 1_547_350),
        (lambda: EdsrNet(2), 1_369_859),
        (lambda: EdsrNet(3), 1_554_499),
        (lambda: EdsrNet(4), 1_517_571),
        (lambda: EdsrNet(4, 256, 32, 0.1), 43_089_923),
        (lambda: DbpnNet(4, width=64, features=256, stages=7), 10_426_358),
        # Published with the two mean shifts of the code, 24 numbers that are not trained.
        (lambda: SrfbnNet(4), 483_146 - 24),
        (lambda: SrfbnNet(4, width=64, groups=6), 3_631_478 - 24),
    ],
)
def test_parameter_counts_equal_the_papers(network, count):
    assert sum(p.numel() for p in network().parameters()) == count


def test_dbpn_as_shipped_is_small():
    assert cost.parameters(method_of("dbpn"), 4) <= 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_output_size_of_odd_images_at_every_scale(name):
    method = plugins.instantiate(plugins.find(name)[0])
    for scale in method.card.scales:
        method._modules[scale] = method.build(scale).eval()
        for height, width in ((9, 11), (8, 5)):
            with torch.no_grad():
                result = method.upscale(torch.rand(2, 3, height, width), scale)
            assert result.shape == (2, 3, height * scale, width * scale)


@pytest.mark.parametrize("name", NAMES)
def test_a_training_starts_near_bicubic(name):
    method = plugins.instantiate(plugins.find(name)[0])
    torch.manual_seed(1)
    smooth = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 16, 16), 5, 1, 2)
    for scale in method.card.scales:
        torch.manual_seed(0)
        with torch.no_grad():
            assert (method.build(scale).eval()(smooth) - imresize(smooth, scale)).abs().mean() < 0.03


@pytest.mark.parametrize("name", NAMES)
def test_the_same_image_alone_and_in_a_batch(name):
    """Batch normalisation uses the statistics of the training, not those of what happens to be in the batch."""
    module = method_of(name).module(4)
    images = torch.rand(3, 3, 10, 12) * torch.tensor([0.2, 0.6, 1.0]).reshape(3, 1, 1, 1)
    with torch.no_grad():
        together = module(images)
        for n in range(3):
            assert torch.allclose(module(images[n : n + 1])[0], together[n], atol=2e-6)


def test_normalisation_by_the_batch_would_be_noticed():
    network = SrresnetNet(2, width=16, blocks=2).train()
    for block in network.blocks:
        torch.nn.init.ones_(block.body[-1].weight)
    torch.nn.init.normal_(network.last.weight)
    images = torch.rand(3, 3, 10, 12) * torch.tensor([0.2, 0.6, 1.0]).reshape(3, 1, 1, 1)
    with torch.no_grad():
        assert (network(images[:1])[0] - network(images)[0]).abs().max() > 0.01
        network.eval()
        assert torch.allclose(network(images[:1])[0], network(images)[0], atol=1e-5)


def test_srresnet_freezes_its_statistics_towards_the_end():
    network, method = SrresnetNet(2, width=8, blocks=1).train(), Srresnet()
    lr, hr, loss = torch.rand(2, 3, 6, 6), torch.rand(2, 3, 12, 12), Loss((("l2", 1.0),))

    def moved(progress):
        before = {key: value.clone() for key, value in network.state_dict().items() if "running" in key}
        method.training_loss(network, lr, hr, 2, progress, loss).backward()
        return [not torch.equal(network.state_dict()[key], value) for key, value in before.items()]

    assert all(moved(0.5))
    assert not any(moved(0.9))
    assert network.after[1].weight.grad is not None  # its weights are still trained
    network.train()
    assert all(moved(0.1))


def test_every_iteration_of_srfbn_is_supervised():
    torch.manual_seed(0)
    network, loss = SrfbnNet(2, width=8, groups=2), Loss((("l1", 1.0),))
    lr, hr = torch.rand(1, 3, 6, 6), torch.rand(1, 3, 12, 12)
    images = network.outputs(lr)
    assert len(images) == 4
    assert torch.equal(network(lr), images[-1])
    values = [loss(Batch(image, hr, lr, 2)).item() for image in images]
    assert len(set(values)) == 4  # feedback: every pass gives another image
    total = Srfbn().training_loss(network, lr, hr, 2, 0.0, loss)
    assert total.item() == pytest.approx(sum(values) / 4, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [0.0, 64.0, 128.0, 255.0])
def test_a_constant_grey_stays_that_grey(name, level):
    """No tint, no shift of the range; at the border the zeros of the padding show."""
    result = 255 * output(method_of(name), torch.full((3, 24, 24), level, dtype=torch.float64), 4)[:, 24:-24, 24:-24]
    assert (result - level).abs().max() < 8
    assert (result.mean(dim=(1, 2)) - level).abs().max() < 4


@pytest.mark.parametrize("name", NAMES)
def test_saturated_colours_stay_in_their_channels(name):
    """Left half pure red, right half pure blue: the overshoot is clipped by rounding, the channels are in order. There
    is hardly any pure blue in the photographs of a training: srresnet makes it (2, 49, 251)."""
    image = torch.zeros(3, 24, 24, dtype=torch.float64)
    image[0, :, :12] = image[2, :, 12:] = 255
    result = to_uint8(255 * output(method_of(name), image, 4)).to(torch.float64)
    left, right = result[:, 16:-16, 16:32].mean(dim=(1, 2)), result[:, 16:-16, -32:-16].mean(dim=(1, 2))
    for mean, full in ((left, 0), (right, 2)):
        assert mean[full] > 235
        assert mean[1] < 64
        assert mean[2 - full] < 25


def test_mult_adds_of_edsr_by_hand():
    lr = 320 * 180
    body = 3 * 64 * 9 + (16 * 2 + 1) * 64 * 64 * 9
    enlarge = 64 * 256 * 9 * (1 + 4)  # the second sub-pixel convolution works at twice the size
    last = 64 * 3 * 9 * 16
    assert cost.mult_adds(method_of("edsr"), 4) == lr * (body + enlarge + last) == 114_230_476_800


@pytest.mark.parametrize("name", ["dbpn", "srfbn"])
def test_mult_adds_of_projections_are_counted_where_they_multiply(name):
    """A projection, up or down, costs 64 C^2 per LR pixel at x4; a reduction of maps by the side that it is on."""
    lr, square = 320 * 180, 32 * 32
    features, output = 3 * 128 * 9 + 128 * 32, 16 * 9 * 32 * 3
    if name == "dbpn":
        projections, reductions, rest = 3 * (4 + 3), (2 + 3) + 16 * (2 + 3), features + 4 * output
    else:
        projections, reductions = 4 * (3 + 3 + 1), 4 * (2 + (2 + 3) + 16 * (2 + 3) + 3)
        rest = features + 4 * output
    assert cost.mult_adds(method_of(name), 4) == lr * ((64 * projections + reductions) * square + rest)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("srresnet", lambda: SrresnetNet(4)),  # the paper's width
        ("edsr", lambda: EdsrNet(4, width=32)),
        ("dbpn", lambda: DbpnNet(4, stages=3)),
        ("srfbn", lambda: SrfbnNet(4, groups=2)),
        ("edsr", lambda: SrresnetNet(4)),
    ],
)
def test_weights_of_another_variant_are_refused(name, other, tmp_path, monkeypatch):
    save_file(other().state_dict(), tmp_path / f"{name}_x4.safetensors")
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    method = plugins.instantiate(plugins.find(name)[0])
    with pytest.raises(WeightsError, match=rf"{name}_x4.safetensors' does not fit the network.*use the file that"):
        method.prepare(4, MethodContext())


def test_a_checkpoint_of_another_variant_is_not_resumed(folder_of_pictures, tmp_path):
    class Wide(Srresnet):
        def build(self, scale):
            return SrresnetNet(scale, width=12, blocks=1)

    class Narrow(Srresnet):
        def build(self, scale):
            return SrresnetNet(scale, width=8, blocks=1)

    def trainer(method):
        changes = {"steps": 2, "batch": 2, "patch": 16, "validation_images": 1, "rescale": [1.0]}
        (job,) = plan(method, [folder_of_pictures], (2,), "cpu", changes, tmp_path / "out")
        return job.trainer(Silent())

    trainer(Wide()).run(Silent(), max_minutes=0)
    with pytest.raises(TrainingError, match=r"of another network .*size mismatch.*variant"):
        trainer(Narrow()).resume()


class Silent:
    def step(self, *_):
        pass

    def note(self, text):
        pass


@pytest.fixture
def folder_of_pictures(tmp_path, make_picture):
    from srbench.imaging.images import write_image

    for n in range(3):
        write_image(tmp_path / "pictures" / f"{n}.png", make_picture(32, 36, n))
    return tmp_path / "pictures"
