"""LIIF: the paper's network at any size and any scale, as the authors' code computes it; a start as bicubic."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from srbench.errors import NotSupportedError, OutputError, WeightsError
from srbench.evaluation.inference import output
from srbench.imaging.images import write_image
from srbench.method import MethodContext, ScaleRange, plugins
from srbench.method.brought import brought
from srbench.method.wrappers import SelfEnsemble, Tiled
from srbench.methods import liif
from srbench.methods.liif import Liif, LiifNet, neighbours
from srbench.resize import enlarge
from srbench.timing import cost
from srbench.training.losses import Batch, Loss
from srbench.training.session import plan


def made(scale, *arguments, **options):
    """A network with random weights, of which none lets the image pass."""
    torch.manual_seed(0)
    network = LiifNet(scale, *arguments, **options)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "_mean" not in name:
                parameter.copy_(0.06 * torch.randn_like(parameter))
    return network.eval()


def method_of(network):
    """The method with random weights, at the scale of ``network``."""
    method = Liif()
    method._modules[network.scale] = network
    method.require_scale = lambda scale: None
    return method


def close(image, other, error=2e-6):
    """Whether two images differ by no more than rounding, as a share of their range."""
    return (image - other).abs().max() <= error * other.abs().max()


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_the_tiny_one_and_of_the_papers():
    assert parameters(LiifNet(2)) == 185_379
    with torch.device("meta"):
        paper = LiifNet(2, 64, 16, (256,) * 4, residual=False)
    assert (round(parameters(paper.encoder) / 1e4), round(parameters(paper.mlp) / 1e4)) == (122, 35)


def test_multiply_adds_by_hand():
    """The encoder and the MLP's first layer per LR pixel, the rest of the MLP for each of four neighbours per HR pixel:
    a third of what the paper's form costs, which has the first layer at every HR pixel, too."""
    lr, hr = 320 * 180, 1280 * 720
    encoder = 3 * 32 * 9 + 17 * 32 * 32 * 9
    first, rest = 9 * 32 * 64, 2 * 64 * 64 + 64 * 3
    mean = 4 * 3
    assert cost.mult_adds(method_of(made(4)), 4) == lr * (encoder + first) + hr * (4 * rest + mean) == 41_053_593_600
    assert 4 * (first + 4 * 64 + rest) == pytest.approx(0.11e6, rel=0.02)  # the paper's form


def as_the_authors(network, lr, size):
    """The image by the paper's section 3: features unfolded 3x3, the four nearest latent codes of each point found in
    coordinates from -1 to 1, each asked alone, weighted by the areas of the opposite rectangles."""
    features = F.unfold(network.encoder(2 * lr - 1), 3, padding=1)
    height, width = lr.shape[-2:]
    features = features.reshape(1, -1, height, width)

    def centres(count):
        return -1 + (2 * torch.arange(count, dtype=torch.float64) + 1) / count

    known = torch.stack(torch.meshgrid(centres(height), centres(width), indexing="ij"))[None]
    points = torch.stack(torch.meshgrid(centres(size[0]), centres(size[1]), indexing="ij"), dim=-1)
    sides = points.new_tensor([2 / size[0] * height, 2 / size[1] * width])
    predictions, areas = [], []
    for down in (-1, 1):
        for across in (-1, 1):
            moved = points + points.new_tensor([down / height, across / width]) + 1e-6
            grid = moved.clamp(-1 + 1e-6, 1 - 1e-6).flip(-1)[None]
            code = F.grid_sample(features.double(), grid, mode="nearest", align_corners=False)[0]
            centre = F.grid_sample(known, grid, mode="nearest", align_corners=False)[0]
            distance = (points.permute(2, 0, 1) - centre) * points.new_tensor([height, width])[:, None, None]
            x = torch.cat([code, distance, sides[:, None, None].expand(-1, *size)]).permute(1, 2, 0)
            for layer in network.mlp[:-1]:
                x = F.relu(F.linear(x, layer.weight.double(), layer.bias.double()))
            last = network.mlp[-1]
            predictions.append(F.linear(x, last.weight.double(), last.bias.double()))
            areas.append(distance.prod(dim=0).abs() + 1e-9)
    total = sum(areas)
    mean = sum(p * (area / total)[..., None] for p, area in zip(predictions, reversed(areas), strict=True))
    image = mean.permute(2, 0, 1)[None]
    return enlarge(lr.double(), network.scale) + image if network.residual else (image + 1) / 2


@pytest.mark.parametrize("scale", [1.3, 2, 2.5, 3.7, 12])
@pytest.mark.parametrize("residual", [True, False])
def test_images_are_those_of_the_authors_form(scale, residual):
    network = made(scale, 8, 2, (16, 16), residual=residual)
    lr = torch.rand(1, 3, 7, 10)
    with torch.no_grad():
        image = network(lr)
        assert image.shape == (1, 3, round(scale * 7), round(scale * 10))
        assert torch.allclose(image.double(), as_the_authors(network, lr, tuple(image.shape[-2:])), atol=2e-5)


def test_between_two_centres_the_nearer_one_weighs_more_and_at_the_border_there_is_one():
    index, distance, weight = neighbours(torch.arange(6), 3, 6)  # x2: a quarter beside each centre
    assert index.tolist() == [[0, 0, 0, 1, 1, 2], [0, 1, 1, 2, 2, 2]]
    assert distance.tolist() == [[-0.5, 0.5, 1.5, 0.5, 1.5, 0.5], [-0.5, -1.5, -0.5, -1.5, -0.5, 0.5]]
    assert weight.tolist() == [[0.25, 0.75, 0.25, 0.75, 0.25, 0.75], [0.75, 0.25, 0.75, 0.25, 0.75, 0.25]]
    index, distance, weight = neighbours(torch.arange(3), 3, 3)  # x1: at the centres
    assert (index[0].tolist(), distance[0].tolist(), weight[0].tolist()) == ([0, 1, 2], [0] * 3, [1] * 3)


@pytest.mark.parametrize("scale", [1, 1.6, 2, 3, 4, 7.3, 12])
def test_it_starts_as_bicubic(scale):
    lr = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        assert torch.equal(LiifNet(scale)(lr), enlarge(lr, scale))


def test_hr_pixels_are_computed_in_parts_that_change_nothing(monkeypatch):
    network, lr = made(3.4), torch.rand(2, 3, 10, 15)
    with torch.no_grad():
        whole = network(lr)
        monkeypatch.setattr(liif, "QUERIES", 300)  # 102 a row: 2 images of 1 row
        assert close(network(lr), whole)
        some = network.at(lr, (34, 51), torch.tensor([0, 7, 33]), torch.tensor([50, 2]))
        assert close(some, whole[..., [0, 7, 33], :][..., [50, 2]])


@pytest.mark.parametrize("scale", [2, 2.5])
def test_tiles_give_the_whole_image(scale):
    method = method_of(made(scale))
    lr = torch.rand(1, 3, 64, 70)
    with torch.no_grad():
        whole = method.upscale(lr, scale)
        tiled = Tiled(method, 60)
        assert tiled.margin(60, scale)[1]
        assert close(tiled.upscale(lr, scale), whole, 1e-5)


@pytest.mark.parametrize("scale", [2, 3.7])
def test_an_image_moved_by_lr_pixels_moves_with_them(scale):
    network, lr = made(scale), torch.rand(1, 3, 40, 60)
    begin, border = round(10 * scale), round(20 * scale)  # what the image's border reaches
    with torch.no_grad():
        moved, whole = network(lr[..., 10:]), network(lr)
    assert close(moved[..., border:-border], whole[..., begin + border : -border], 1e-5)


@pytest.mark.parametrize("scale", [2, 3.7])
def test_the_self_ensemble_mirrors_and_turns_with_the_image(scale):
    method = SelfEnsemble(method_of(made(scale)))
    lr = torch.rand(1, 3, 10, 20)
    with torch.no_grad():
        for turn in (lambda x: x.flip(-1), lambda x: torch.rot90(x, 1, (-2, -1)), lambda x: x.transpose(-2, -1)):
            assert close(method.upscale(turn(lr), scale), turn(method.upscale(lr, scale)), 1e-5)


def test_the_same_image_alone_and_in_a_batch():
    network, images = made(2.5), torch.rand(3, 3, 8, 10)
    with torch.no_grad():
        together = network(images)
        assert all(close(network(images[n : n + 1])[0], together[n]) for n in range(3))


def test_in_a_half_type_it_is_the_same_but_for_rounding():
    network, lr = made(2), torch.rand(1, 3, 12, 12)
    with torch.no_grad():
        exact = network(lr)
        half = network.to(torch.bfloat16)(lr.to(torch.bfloat16))
    assert half.dtype == torch.bfloat16
    assert (half.float() - exact).abs().mean() < 0.05 * exact.abs().mean()


# -- scales ------------------------------------------------------------------------------------------------------------


def test_scales_from_1_to_12():
    method = plugins.instantiate(plugins.find("liif")[0])
    assert method.card.scales == ScaleRange(1, 12)
    for scale in (0.5, 12.5, 16):
        assert not method.supports(scale)
        with pytest.raises(NotSupportedError, match=rf"liif does not support x{scale}") as caught:
            method.require_scale(scale)
        assert caught.value.hint == "it supports x1 to x12"


def test_a_broken_image_is_an_error():
    with pytest.raises(OutputError, match=r"NaN|finite"):
        output(method_of(made(2)), torch.full((3, 8, 8), float("nan"), dtype=torch.float64), 2)


# -- training ----------------------------------------------------------------------------------------------------------


def test_the_loss_is_that_of_as_many_rows_and_columns_as_lr_has():
    network, seen = made(2), []
    lr, hr = torch.rand(2, 3, 6, 6), torch.rand(2, 3, 15, 15)

    def loss(batch):
        seen.append(batch)
        return Loss((("l1", 1.0),))(batch)

    torch.manual_seed(1)
    value = Liif().training_loss(network, lr, hr, 2, 0.0, loss)
    torch.manual_seed(1)
    rows, columns = (torch.randperm(15)[:6].sort().values for _ in range(2))
    network.scale = 2.5
    expected = hr - network(lr)
    assert isinstance(seen[0], Batch)
    assert value.item() == pytest.approx(expected[..., rows[:, None], columns].abs().mean().item(), rel=1e-4)
    value.backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


class Silent:
    def __init__(self, trainer=None, last=0):
        self.trainer, self.last = trainer, last

    def step(self, step, *_):
        if self.trainer is not None:
            self.trainer.stop = step >= self.last

    def note(self, text):
        pass


def test_a_resumed_training_equals_an_uninterrupted_one_bit_for_bit(make_picture, tmp_path):
    from safetensors.torch import load_file

    for n in range(3):
        write_image(tmp_path / "pictures" / f"{n}.png", make_picture(32, 36, n))

    class Small(Liif):
        source = tmp_path / "liif.py"

        def build(self, scale):
            return LiifNet(scale, 8, 1, (8,))

    def trainer(output):
        small = {"steps": 6, "batch": 2, "patch": 8, "validation_images": 1, "rescale": [1.0], "validate_every": 6}
        jobs = plan(
            Small(), [tmp_path / "pictures"], (2, 3), "cpu", {**small, "precision": "float32"}, tmp_path / output
        )
        assert len(jobs) == 1
        return jobs[0].trainer(Silent())

    whole = trainer("whole").run(Silent())
    first = trainer("halves")
    first.run(Silent(first, 3))
    second = trainer("halves")
    second.resume()
    resumed = second.run(Silent())
    assert resumed.weights == tmp_path / "halves/liif_x2_x3/liif.safetensors"
    one, other = load_file(whole.weights), load_file(resumed.weights)
    assert all(torch.equal(one[key], other[key]) for key in one)


# -- weights of others -------------------------------------------------------------------------------------------------


def authors_names(state):
    """As the authors' code calls what ``state`` calls otherwise."""
    import re

    changes = (
        (r"^encoder\.first\.", "encoder.head.0."),
        (r"^encoder\.blocks\.(\d+)\.", r"encoder.body.\1."),
        (r"^encoder\.after\.", "encoder.body.2."),
    )
    names = {}
    for name in state:
        own = re.sub(r"^mlp\.(\d+)\.", lambda found: f"imnet.layers.{2 * int(found[1])}.", name)
        for pattern, other in changes:
            own = re.sub(pattern, other, own)
        names[name] = own
    return {names[name]: value for name, value in state.items()}


def test_a_file_of_the_authors_with_an_edsr_body_runs_at_every_scale(tmp_path):
    network = made(2.5, 8, 2, (12, 12, 12, 12), residual=False, shift=True)
    model = {
        "name": "liif",
        "args": {"encoder_spec": {"name": "edsr-baseline"}},
        "sd": authors_names(network.state_dict()),
    }
    torch.save({"model": model, "epoch": 1000}, tmp_path / "edsr-liif.pth")
    method = brought(tmp_path / "edsr-liif.pth", type(plugins.instantiate(plugins.find("liif")[0])))()
    assert (method.card.scales, method.card.size) == (ScaleRange(1, 12), "2 blocks, 8 channels")
    method.prepare(2.5, MethodContext())
    lr = torch.rand(1, 3, 8, 6)
    with torch.no_grad():
        assert torch.allclose(method.upscale(lr, 2.5), network(lr), atol=1e-6)
    assert method.weight_files() == [tmp_path / "edsr-liif.pth"]


def test_another_body_or_mlp_is_refused(tmp_path):
    state = made(2, 8, 2, (12,)).state_dict()
    state["mlp.0.weight"] = state["mlp.0.weight"][:, :-2]  # without cell decoding
    with pytest.raises(WeightsError, match="the MLP has 74 inputs, not those of 3x3 features of 8 channels"):
        Liif.from_state(state)
    with pytest.raises(WeightsError, match=r"there is no tensor 'encoder\.first\.weight'"):
        Liif.from_state({"encoder.SFENet1.weight": torch.zeros(64, 3, 3, 3)})
