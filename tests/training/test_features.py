"""Content losses: the layers and the scaling of the papers, weights found like all others, errors with a hint."""

import json
import sys

import pytest
import torch
from typer.testing import CliRunner

from srbench.cli import app
from srbench.errors import TrainingError, UnknownNameError, WeightsError
from srbench.imaging.images import read_image
from srbench.method import plugins
from srbench.training.features import FEATURES, FeatureNetwork, feature_losses
from srbench.training.losses import Batch
from srbench.training.session import plan
from srbench.weights import backbones


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    """A folder with VGG-19 weights drawn at random, under torchvision's name and with a piece of its classifier."""
    import torchvision

    torch.manual_seed(0)
    with torch.device("meta"):  # its classifier alone would take half a gigabyte
        whole = torchvision.models.vgg19(weights=None).features
    whole = whole.to_empty(device="cpu")
    for parameter in whole.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    state = {f"features.{key}": value for key, value in whole.state_dict().items()}
    folder = tmp_path_factory.mktemp("vgg")
    torch.save({**state, "classifier.0.bias": torch.zeros(4096)}, folder / "vgg19-dcbb9e9d.pth")
    return folder, whole.eval()


def by_hand(features, images):
    """torchvision's documented preprocessing of images in [0, 1], then the layers."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        return features((images - mean.view(3, 1, 1)) / deviation.view(3, 1, 1))


@pytest.mark.parametrize(
    ("name", "end", "shape"),
    [("vgg22", 9, (2, 128, 16, 16)), ("vgg54", 36, (2, 512, 2, 2))],
)
def test_vgg_features_are_those_of_the_paper(vgg, monkeypatch, name, end, shape):
    folder, whole = vgg
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(folder))
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    (found,) = FeatureNetwork(FEATURES[name])(images)
    assert found.shape == shape
    assert torch.allclose(found, by_hand(whole[:end], images) / 12.75, atol=1e-6)
    # conv2_2 and conv5_4 are the last convolutions, and the last layer is their activation.
    assert isinstance(whole[end - 1], torch.nn.ReLU)
    convolutions = [i for i, layer in enumerate(whole) if isinstance(layer, torch.nn.Conv2d)]
    assert convolutions[{"vgg22": 3, "vgg54": 15}[name]] == end - 2


def test_the_content_loss_by_hand(vgg, monkeypatch):
    folder, whole = vgg
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(folder))
    sr, hr = torch.rand(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    sr.requires_grad_()
    loss = feature_losses(["l1", "vgg22"], torch.device("cpu"))
    assert list(loss) == ["vgg22"]
    value = loss["vgg22"](Batch(sr, hr, hr, 2))
    difference = by_hand(whole[:9], sr.detach()) - by_hand(whole[:9], hr)
    assert value.item() == pytest.approx(difference.square().mean().item() / 12.75**2, rel=1e-4)
    value.backward()
    assert sr.grad.abs().sum() > 0


@pytest.mark.weights("squeeze")
def test_squeeze_features_of_grey_and_colour():
    network = FeatureNetwork(FEATURES["squeeze"])
    assert not any(parameter.requires_grad for parameter in network.parameters())
    grey = torch.rand(1, 1, 33, 40, generator=torch.Generator().manual_seed(3))
    found = network(grey)
    assert [layer.shape[1] for layer in found] == [64, 128, 256]
    for a, b in zip(found, network(grey.expand(-1, 3, -1, -1)), strict=True):
        assert torch.equal(a, b)
    assert all((layer >= 0).all() for layer in found)
    with pytest.raises(TrainingError, match=r"16 pixels.*at least 17"):
        network(torch.rand(1, 3, 40, 16))


@pytest.mark.weights("squeeze")
@pytest.mark.data("set5")
def test_squeeze_layers_weigh_about_the_same(training_images):
    """The factors are one over the root mean square on T91; a third of it will do."""
    network, squares = FeatureNetwork(FEATURES["squeeze"]), []
    for path in sorted(training_images.iterdir())[::3]:
        pixels = torch.from_numpy(read_image(path).copy()).permute(2, 0, 1)[None].float() / 255
        if min(pixels.shape[2:]) > 40:
            squares.append([layer.square().mean().item() for layer in network(pixels)])
    assert torch.tensor(squares).mean(dim=0).sqrt().tolist() == pytest.approx([1, 1, 1], rel=0.15)


def test_srgan_is_trained_on_vgg54_by_those_who_have_its_weights(vgg, monkeypatch, folder, tmp_path):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(vgg[0]))
    changes = ["steps=2", "batch=1", "patch=32", "discriminator_width=4", "validation_images=1", "rescale=[1.0]"]
    options = [part for change in changes for part in ("--set", change)]
    arguments = ["train", "srgan", "--data", folder, "--recipe", "vgg54", "--device", "cpu", "--output", tmp_path]
    result = CliRunner().invoke(app, [*map(str, arguments), "--max-minutes", "0", *options])
    assert result.exit_code == 0, result.output
    assert "--recipe vgg54" in result.stderr
    assert "--set steps=2" in result.stderr
    result = CliRunner().invoke(app, [*map(str, arguments), "--resume", *options])
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "srgan_x4/srgan_x4.json").read_text())
    assert card["content_features"] == ["VGG-19, conv5_4 after ReLU"]
    result = CliRunner().invoke(app, [*map(str, arguments), "--resume", *options, "--set", 'loss={"l2": 1}'])
    assert result.exit_code == 2
    assert "is of another recipe" in result.stderr


@pytest.mark.weights("squeeze")
def test_perceptual_is_trained_on_texture_beside_its_own_loss(folder, tmp_path):
    changes = ["steps=2", "batch=1", "patch=32", "validation_images=1", "rescale=[1.0]", "warmup=0"]
    options = ["--recipe", "texture", *(part for change in changes for part in ("--set", change))]
    arguments = ["train", "perceptual", "--data", folder, "--device", "cpu", "--output", tmp_path]
    result = CliRunner().invoke(app, [*map(str, arguments), *options])
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "perceptual_x4/perceptual_x4.json").read_text())
    own = plugins.instantiate(plugins.find("perceptual")[0]).recipe
    assert card["recipe"]["loss"] == [[name, weight] for name, weight in (*own.loss, ("texture", 2.0))]
    assert card["content_features"] == [FEATURES[name].title for name in ("squeeze", "texture")]
    assert card["steps"] == 2


@pytest.mark.weights("squeeze")
def test_blur_costs_more_texture_than_a_shift_though_it_moves_nothing(make_picture):
    """What the piece is for: the content loss asks for edges in their places, a Gram matrix for edges at all."""
    picture = torch.from_numpy(make_picture(72, 72, 0)).permute(2, 0, 1)[None].float() / 255
    hr, moved = picture[..., :64, :64], picture[..., 8:, 8:]
    blurred = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(hr, (2,) * 4, mode="reflect"), 5, stride=1)
    loss = feature_losses(["squeeze", "texture"], torch.device("cpu"))
    values = {name: [piece(Batch(sr, hr, hr, 1)).item() for sr in (moved, blurred)] for name, piece in loss.items()}
    assert values["texture"][0] < 0.7 * values["texture"][1]
    assert values["squeeze"][0] > 10 * values["squeeze"][1]


def test_missing_weights_are_named_with_places_and_ways_out(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "mine"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    with pytest.raises(WeightsError) as caught:
        FeatureNetwork(FEATURES["vgg54"])
    text = str(caught.value)
    assert "no VGG-19 weights: neither vgg19_features.safetensors nor vgg19-*.pth in" in text
    assert str(tmp_path / "mine") in text
    assert str(tmp_path / "torch/hub/checkpoints") in text
    assert "losses that need no weights: l1, l2, charbonnier, cycle, tv, gradient, adversarial" in text


def test_weights_of_another_network_are_refused(monkeypatch, tmp_path):
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "vgg19-dcbb9e9d.pth")
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="does not fit the network: 1 tensors match, 31 missing"):
        FeatureNetwork(FEATURES["vgg22"])


def test_without_torchvision_it_says_so(monkeypatch, tmp_path):
    (tmp_path / "vgg19-dcbb9e9d.pth").touch()
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(TrainingError, match=r"needs torchvision.*losses that need no weights"):
        FeatureNetwork(FEATURES["vgg22"])


def test_a_misspelt_loss_is_named_with_its_neighbour(tiny, folder, tmp_path, observer):
    (job,) = plan(tiny, [folder], (2,), "cpu", {"loss": {"vgg45": 1.0}}, tmp_path)
    with pytest.raises(UnknownNameError, match="unknown loss 'vgg45'; did you mean vgg54"):
        job.trainer(observer)


def test_no_content_loss_looks_through_a_judge():
    """LPIPS judges with AlexNet; its learned weights are in no file that a content loss reads."""
    assert {loss.backbone for loss in FEATURES.values()} == {backbones.VGG19, backbones.SQUEEZENET}
