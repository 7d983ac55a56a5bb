"""``--state`` of the commands that take checkpoints."""

import pytest
import torch

from srbench.imaging.images import read_image, write_image
from srbench.results.reader import Reader

pytestmark = pytest.mark.filterwarnings("ignore")  # what spandrel and its dependencies warn of on import is theirs


@pytest.fixture
def checkpoint(tmp_path):
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    def state(seed):
        torch.manual_seed(seed)
        return SRVGGNetCompact(num_feat=4, num_conv=1, upscale=2).state_dict()

    path = tmp_path / "net.pth"
    torch.save({"params": state(1), "params_ema": state(2)}, path)
    return path


def test_upscale_takes_the_state_that_is_asked_for(srbench, checkpoint, tmp_path, make_picture):
    write_image(tmp_path / "p.png", make_picture(16, 16, 0))
    made = {}
    for state in ("", "params", "params_ema"):
        out = tmp_path / f"out-{state}"
        options = ["--state", state] if state else []
        result = srbench("upscale", checkpoint, tmp_path / "p.png", "--scale", "2", "--output", out, *options)
        assert result.exit_code == 0, result.output
        assert f"your weights {checkpoint} (state '{state or 'params_ema'}'" in result.stderr
        assert ("(too: params; --state NAME chooses)" in result.stderr) == (not state)
        (path,) = out.iterdir()
        made[state] = read_image(path).tobytes()
    assert made[""] == made["params_ema"] != made["params"]


@pytest.mark.parametrize("in_file", [False, True])
def test_run_takes_it_and_says_so(srbench, checkpoint, pictures, results, tmp_path, in_file):
    options = ["--state", "params"]
    if in_file:
        (tmp_path / "campaign.toml").write_text('state = "params"\n')
        options = ["--config", tmp_path / "campaign.toml"]
    where = ["--datasets", pictures, "--scales", "2", "--metrics", "psnr", "--out", results]
    result = srbench("run", "--methods", f"bicubic,{checkpoint}", *where, *options)
    assert result.exit_code == 0, result.output
    with Reader(results) as reader:
        methods = {method["name"]: method for method in reader.runs()[0].manifest["methods"]}
    assert methods.keys() == {"bicubic", "net#params"}
    assert methods["net#params"]["weight_files"][0]["state"] == "params"
    assert "net#params: your weights" in result.stderr


def test_time_and_explain_take_it(srbench, checkpoint, pictures):
    result = srbench("time", checkpoint, "--size", "8x8", "--scale", "2", "--state", "params")
    assert result.exit_code == 0, result.output
    assert "net#params" in result.stdout
    assert "net#params: your weights" in result.stderr
    where = ["--dataset", pictures, "--scale", "2", "--expect", "20.0"]
    result = srbench("explain", checkpoint, *where, "--state", "params")
    assert result.exit_code == 0, result.output
    assert "net#params on" in result.stdout
    assert "net#params: your weights" in result.stderr


def test_a_checkpoint_at_another_scale_says_which_it_has_and_is_a_failure(srbench, checkpoint, pictures, results):
    where = ["--datasets", pictures, "--scales", "4", "--metrics", "psnr", "--out", results]
    result = srbench("run", "--methods", checkpoint, *where)
    assert result.exit_code == 2
    assert "not supported: net does not support x4; it supports x2" in result.stderr
    assert "nothing was measured" in result.stderr


@pytest.mark.parametrize("command", ["run", "upscale", "time", "explain"])
def test_a_state_that_is_not_there_is_one_line(wrong, checkpoint, pictures, command, results):
    rest = {
        "run": ["--datasets", pictures, "--scales", "2", "--out", results],
        "upscale": [pictures, "--scale", "2"],
        "time": ["--scale", "2"],
        "explain": ["--dataset", pictures, "--expect", "20.0", "--scale", "2"],
    }
    method = ["--methods", checkpoint] if command == "run" else [checkpoint]
    wrong(command, *method, *rest[command], "--state", "ema", match=r"has no state 'ema'; it has: params_ema, params")
    plain = ["--methods", "bicubic"] if command == "run" else ["bicubic"]
    wrong(command, *plain, *rest[command], "--state", "ema", match="none of the methods is a checkpoint")
