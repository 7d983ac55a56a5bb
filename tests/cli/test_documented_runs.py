"""Every ``srbench run`` that the documentation prints, twice: the second time there is nothing left to compute."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from srbench.imaging.images import write_image
from srbench.metrics import lpips

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "srbench" / "cli" / "run.py"]
COMMAND = re.compile(r"srbench run ((?:--methods|--config|--degradation [a-z]).*?)(?:&&|;|\s#|`|$)")


def documented():
    """The arguments of all runs, each once, as they stand but for the datasets: those are small pictures here."""
    found = {}
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            for match in COMMAND.finditer(line):
                arguments = shlex.split(match[1].replace("$seed", "1"))
                if "FILE.toml" in arguments:
                    continue  # says what a file's name stands for
                if "--datasets" in arguments:
                    at = arguments.index("--datasets")
                    del arguments[at : at + 2]
                if "--config" not in arguments:
                    arguments += ["--datasets", "pictures"]
                found[" ".join(arguments)] = arguments
    return found


RUNS = documented()


@pytest.fixture
def here(tmp_path, monkeypatch, pictures, srbench):
    """A current folder with the files that the commands name, the plugins among them as the documentation prints
    them."""
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    monkeypatch.chdir(tmp_path)
    write_image(pictures / "c.png", np.full((28, 36), 99, np.uint8))  # comes back identical: PSNR is infinite
    assert srbench("new-method", "my-method").exit_code == 0
    pages = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("plugins.md", "degradations.md"))
    printed = {"sharpened.py": "class Sharpened", "my_metric.py": "MEAN_ERROR = ", "my_degradation.py": "MINE = Pipe"}
    for name, word in printed.items():
        (block,) = [text for text in re.findall(r"```python\n(.*?)```", pages, re.DOTALL) if word in text]
        Path(name).write_text(block, encoding="utf-8")
    campaigns = (ROOT / "docs" / "campaigns.md").read_text(encoding="utf-8")
    campaign = re.search(r"```toml\n(.*?)```", campaigns, re.DOTALL)[1]
    Path("campaign.toml").write_text(campaign.replace('"sample"', '"pictures"'), encoding="utf-8")
    np.save("motion.npy", np.full((1, 3), 1 / 3))
    torch.manual_seed(3)
    network = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=4)
    save_file(network.state_dict(), "4x_model.safetensors")
    torch.save({"params": network.state_dict(), "params_ema": network.state_dict()}, "net_g.pth")
    for run in ("run1", "run2"):
        Path(run).mkdir()
        shutil.copy("net_g.pth", run)
    for path in sorted((ROOT / "methods" / "weights").glob("srcnn_x4.*")):  # as a training leaves them
        Path("out1", "srcnn_x4").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, Path("out1", "srcnn_x4"))
    yield
    lpips.ALEX.forget()  # other tests have no weights


def test_the_documentation_has_runs_of_every_kind():
    text = "\n".join(RUNS)
    for word in (
        "--methods all",
        ".py",
        ".safetensors",
        "bits",
        "--tile",
        "--self-ensemble",
        "--degradation",
        "--time",
    ):
        assert word in text
    assert "--config campaign.toml" in text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what spandrel and pyiqa warn of on import is theirs
@pytest.mark.weights("alex")
@pytest.mark.parametrize("command", RUNS)
def test_a_documented_run_computes_nothing_the_second_time(srbench, here, command):
    if "pyiqa:" in command:
        pytest.importorskip("pyiqa")
    first, second = (srbench("run", *RUNS[command]) for _ in range(2))
    for result in (first, second):
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code in (0, 1), result.output
    assert re.findall(r"(\d+) cells computed", first.stderr)[0] != "0"
    computed, known = zip(*re.findall(r"(\d+) cells computed, (\d+) already there", second.stderr), strict=True)
    assert set(computed) == {"0"}, second.stderr
    assert "0" not in known
    assert second.exit_code == first.exit_code
