"""docs/scripts/start_projections.py: a projection at another scale does to images what that at x4 does."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from srbench.methods.dbpn import GEOMETRY as DBPN
from srbench.methods.srfbn import GEOMETRY as SRFBN

CHANNELS = 3
CASES = [(geometry, scale) for geometry in (SRFBN, DBPN) for scale in geometry if scale != 4]


@pytest.fixture(scope="module")
def script(load_script):
    return load_script("start_projections")


def pair(script, kind, geometry, scale):
    """A random layer at x4, and that made of it at ``scale``."""
    torch.manual_seed(0)
    other, layer = (kind(CHANNELS, CHANNELS, *geometry[s], bias=False).double() for s in (4, scale))
    with torch.no_grad():
        layer.weight.copy_(script.resampled(other.weight, layer, other, scale))
    return other, layer


@pytest.mark.parametrize(("geometry", "scale"), CASES)
def test_what_goes_up_has_the_means_of_x4(script, geometry, scale):
    other, layer = pair(script, torch.nn.ConvTranspose2d, geometry, scale)
    low = torch.rand(1, CHANNELS, 5, 7, dtype=torch.float64)
    with torch.no_grad():
        expected = avg_pool2d(interpolate(other(low), scale_factor=scale), 4)  # on a grid that holds both
        torch.testing.assert_close(layer(low), expected)


@pytest.mark.parametrize(("geometry", "scale"), CASES)
def test_what_comes_down_is_that_of_the_image_at_x4(script, geometry, scale):
    other, layer = pair(script, torch.nn.Conv2d, geometry, scale)
    high = torch.rand(1, CHANNELS, 5 * scale, 7 * scale, dtype=torch.float64)
    with torch.no_grad():
        expected = other(avg_pool2d(interpolate(high, scale_factor=4), scale))
        torch.testing.assert_close(layer(high), expected)


@pytest.mark.parametrize(("name", "scale"), [("srfbn", 2), ("srfbn", 3), ("dbpn", 2)])
def test_a_start_has_all_else_of_x4(script, name, scale, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    path = tmp_path / "start.safetensors"
    monkeypatch.setattr("sys.argv", ["start_projections.py", name, str(scale), "--output", str(path)])
    script.main()
    state = load_file(path)
    shipped = script.plugins.instantiate(script.plugins.find(name)[0]).module(4).state_dict()
    assert set(state) == set(shipped)
    same = {key for key in state if torch.equal(state[key], shipped[key])}
    assert {state[key].shape[2] for key in set(state) - same} == {{2: 6, 3: 7}[scale]}


def test_a_scale_that_a_network_is_not_for_is_refused(script, tmp_path, monkeypatch, capsys):
    path = tmp_path / "start.safetensors"
    monkeypatch.setattr("sys.argv", ["start_projections.py", "dbpn", "3", "--output", str(path)])
    with pytest.raises(SystemExit, match="2"):
        script.main()
    assert "dbpn is no network for x3" in capsys.readouterr().err
    assert not path.exists()
