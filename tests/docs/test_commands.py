"""Every command that the documentation prints is run as its page says, and a second time.

Quick, with all others: each is accounted for, and ``srbench`` understands its options. Slow (``tox -e docs``): each is
run in an environment that the README's first command made, with what its page says to install beside it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import av
import numpy as np
import pytest
import torch
import typer
from PIL import Image
from safetensors.torch import save_file
from scipy.io import savemat

from srbench import dataset
from srbench.cli import app
from srbench.imaging.images import write_image

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.name: path for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
}
COMMAND = re.compile(r"(?:srbench|python3?|pytest|pip|uv|tox|for|\.venv/bin/\w+)(?: |$)")
# What cannot be run here, by how it begins, and why.
NOT_RUN = {
    "srbench fetch ": "downloads from the internet; tests/cli/test_fetch.py",
    "srbench run --methods bicubic,zoo:": "needs a fetched checkpoint; tests/method/test_zoo.py",
    "srbench reproduce ": "needs fetched checkpoints; tests/cli/test_reproduce.py",
    "srbench run --methods all --datasets set5,bsd100 --device cuda": "needs GPUs; tests/run/executors/test_gpus.py",
    "pip install srbench": "not on a package index yet",
    "pip install 'srbench[": "not on a package index yet",
    "srbench run --methods all --cluster ": "needs a cluster; tests/run/test_clustered.py",
    "srbench run --methods bicubic --datasets sample --metrics psnr,p": "needs extras; tests/metrics/test_iqa.py",
    "python3 -m venv .venv && .venv/bin/python -m pip install -q tox": "is CI, which runs this test",
    "python docs/scripts/on_a_gpu.py": "needs a GPU; tests/test_on_a_gpu.py rehearses it",
    "srbench run --methods nearest,bicubic,aplus,srcnn,fsrcnn": "of an older commit: images of the MOS study",
    "srbench run --methods edsr,perceptual,srgan-mse,srgan,carn": "minutes: images of the MOS study",
    "python docs/scripts/mos_features.py": "reads those images; tests/metrics/test_mos.py has the rest",
}
# How commands are shortened that take minutes. Nothing else is changed.
SHORTER = (
    (r"\(\.venv/bin/srbench fetch weights \|\|", "(false ||"),  # 250 MB
    (r"^\.venv/bin/pytest$", ".venv/bin/pytest tests/test_scale.py"),
    (r"--methods all --scales 2,3,4$", "--methods all --scales 2,3,4 --datasets sample"),
    (r"--methods all --scales 2,3,4 +#", "--methods bicubic,tv-map,fsrcnn --scales 2,3,4 --datasets sample #"),
    (r"--methods all", "--methods bicubic,fsrcnn"),
    (r"--datasets sample,set5", "--datasets sample"),
    (r"(--methods pixelcnn\S*) --datasets set5", r"\1 --datasets pictures"),
    (r"srbench time (?!.*--size)", "srbench time --size 48x32 "),
    (r"experiment corners", "experiment corners --steps 3"),
    (r"experiment burst", "experiment burst --images 1"),
    (r"experiment cascade( --data \S+)?", "experiment cascade --data pictures"),
    (r"measure_registration.py set5", "measure_registration.py pictures --chains down"),
    (r"--steps 800", "--steps 2 --batch 1 --patch 48"),
    (r"--max-minutes [\d.]+", "--max-minutes 0.05"),
    (r"(srbench train .*--(?:max-minutes|init) .*)", r"\1 --set validation_images=1"),
    (r"(srbench train (?!.*--max-minutes).*)", r"\1 --set steps=2 --set validation_images=1"),
    (r"(srbench train (?:rbpn|vespcn) .*)", r"\1 --set patch=48"),
    (r"--side 112", "--side 32"),
)
# What a command says the second time, where that is not what it said the first: exit code and text.
AGAIN = {
    "srbench new-method": (2, "there already"),
    "srbench drop plan": (2, "computed all that it planned"),
    "srbench drop method": (2, "unknown method"),
    "srbench drop": (2, "no "),
    r"(python -m )?srbench train (?!.*--resume)": (2, "--force"),
    r"srbench upscale (?=.*\bclip\b)(?!.*--resume)": (2, "--force"),
}
# What a page says to install beside srbench, in its own words, and the page whose environment it takes.
INSTALLED = {"ci.md": "pip install pytest-benchmark", "plugins.md": "pip install pytest", "video.md": "pip install av"}
CONTRIBUTORS = {"pixelcnn.md": "(../CONTRIBUTING.md)"}
IN_CHECKOUT = ("README", "CONTRIBUTING", "methods", "metrics", "pixelcnn", "training", "training-queue")
# What a page takes for granted: commands, run once.
BEFORE = {
    "ci.md": [
        "srbench new-method my-method",
        "srbench run --methods bicubic,./my_method.py --datasets sample",
        "mkdir ci && srbench check --write-baseline ci/baseline.toml",
    ],
    "metrics.md": ["cp -r docs/mos mos-before"],
    "compare.md": [
        "srbench run --methods edsr,mine=./4x_model.safetensors --datasets pictures",
        *(
            f"srbench run --methods edsr --datasets pictures --metrics psnr --out {side}"
            for side in ("before", "after")
        ),
    ],
    "results.md": [
        "srbench new-method my-method",
        "srbench run --methods bicubic,srcnn,./my_method.py --datasets pictures --metrics psnr,ssim,lpips",
        "srbench run --methods bicubic,srcnn --datasets pictures --metrics psnr,ssim --force",
        "! srbench run --methods bicubic,./killer.py --datasets pictures --scales 3 --metrics psnr",  # run 3
        "srbench run --methods bicubic --datasets pictures --metrics psnr --protocol classic",
        "srbench run --methods edsr,vdsr,mine=./4x_model.safetensors --datasets set5 --metrics psnr",
        "srbench run --methods bicubic --datasets set14 --metrics psnr",
        *(
            f"srbench run --methods bicubic,nearest --datasets pictures --metrics psnr --out results-{side}"
            for side in ("before", "after")
        ),
    ],
    "pixelcnn.md": ["mkdir -p path/to && cp -r T91 BSDS400 path/to"],
    "methods.md": ["mkdir -p path/to && cp -r T91 BSDS400 path/to"],
}
# Ends the run that it is part of when that has stored what another method computed, and leaves a plan behind.
KILLER = """
import os, signal, time
from srbench.method import Method, MethodCard

class Killer(Method):
    card = MethodCard(name="killer", title="", year=2026, family="test", paper="none", colour="any")
    def upscale(self, lr, scale):
        time.sleep(10)
        os.kill(os.getppid(), signal.SIGKILL)
        return lr
"""


def read(page):
    """The text of a page, with what it says that a word of its commands stands for."""
    text = PAGES[page].read_text(encoding="utf-8")
    return re.sub(r"\bDATA\b", match[1], text) if (match := re.search(r"DATA stands for `(.*?)`", text)) else text


def fences(text):
    """(language, content) of the blocks of a page."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(page):
    """The shell commands of a page in their order: of blocks, of indented lines, and of steps of a CI server."""
    text = read(page)
    found = []
    for match in re.finditer(
        r"^```(\w*)\n(.*?)^```|^    (?=\S)((?:[^\n]*\\\n)*[^\n]*)", text, re.DOTALL | re.MULTILINE
    ):
        language, block, indented = match.groups()
        if indented is not None:
            lines = [re.sub(r"\\\n\s*", "", indented)]
        elif language == "yaml":
            folded = re.sub(r">\n +(.*)\n +(.*)", r"\1 \2", block)
            lines = re.findall(r"^ *- (?:run: )?(\w+ .*)", folded, re.MULTILINE)
        else:
            lines = re.sub(r"\\\n\s*", "", block).splitlines() if language == "sh" else []
        found += [line.strip() for line in lines if COMMAND.match(line)]
    return found


def spans(page):
    """Whole commands of srbench within sentences; those with a placeholder in capitals or dots are none, nor are those
    in tables, whose headings tell the rest of them."""
    text = re.sub(r"^```.*?^```|^\|[^\n]*", "", read(page), flags=re.DOTALL | re.MULTILINE)
    found = [" ".join(span.split()) for span in re.findall(r"`(srbench [a-z][^`]*)`", text)]
    return [span for span in found if not re.search(r"\b[A-Z]{3,}\b|\.\.\.", span) and " " in span[8:]]


def why_not(command):
    return next((reason for start, reason in NOT_RUN.items() if command.startswith(start)), None)


ALL = {page: commands(page) for page in PAGES}
RUN = {page: [command for command in found if why_not(command) is None] for page, found in ALL.items()}


# -- accounted for ---------------------------------------------------------------------------------------------------


def test_the_pages_have_commands_of_every_kind():
    every = [command for found in ALL.values() for command in found]
    assert len(every) > 80
    names = {command.name or command.callback.__module__ for command in app.registered_commands}
    printed = {match[1] for command in every for match in re.finditer(r"\bsrbench ([a-z-]+)", command)}
    assert names - printed <= {"list"}  # which the text names


def test_every_line_of_a_shell_block_is_a_command_that_is_run_or_listed():
    for page, path in PAGES.items():
        for language, block in fences(path.read_text(encoding="utf-8")):
            if language == "sh":
                lines = [line for line in re.sub(r"\\\n\s*", "", block).splitlines() if line.strip()]
                assert [line for line in lines if not COMMAND.match(line)] == [], page
        assert all(command in RUN[page] or why_not(command) for command in ALL[page])
    assert {
        start for start in NOT_RUN if not any(c.startswith(start) for found in ALL.values() for c in found)
    } == set()


def test_pages_say_what_their_commands_need():
    for page, words in (INSTALLED | CONTRIBUTORS).items():
        assert words in PAGES[page].read_text(encoding="utf-8"), page


SRBENCH = sorted({
    match[1].replace("$seed", "1").strip()
    for page in PAGES
    for command in (*ALL[page], *spans(page))
    for match in re.finditer(r"\bsrbench ((?!fetch weights \|\|)[a-z](?:\"[^\"]*\"|[^;&|>#\"])*)", command)
})  # fmt: skip


@pytest.mark.parametrize("arguments", SRBENCH)
def test_srbench_understands_every_command(arguments):
    name, *rest = shlex.split(re.sub(r"\)$", "", arguments))
    group = typer.main.get_command(app)
    command = group.get_command(group.context_class(group), name)
    assert command is not None, name
    while hasattr(command, "get_command"):
        name, *rest = rest
        command = command.get_command(command.context_class(command), name)
    command.make_context(name, rest)  # refuses what it does not know


# -- run -------------------------------------------------------------------------------------------------------------


def shell(command, folder, *bins):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["PATH"] = os.pathsep.join([*map(str, bins), environment["PATH"]])
    environment |= {"SRBENCH_CACHE": str(folder / "cache"), "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, input="y\n", capture_output=True, text=True, timeout=3600
    )
    return done.returncode, done.stdout + done.stderr


def shortened(command):
    for pattern, shorter in SHORTER:
        command = re.sub(pattern, shorter, command)
    return command


def copy_of_the_checkout(folder):
    made = {"results", "build", "dist", "shared"}  # by its users

    def ignored(place, names):
        return [n for n in names if n.startswith(".") or n == "__pycache__" or (Path(place) == ROOT and n in made)]

    return Path(shutil.copytree(ROOT, folder, ignore=ignored))


@pytest.fixture(scope="module")
def bins(tmp_path_factory):
    """Folders of programs by page. The README's first command makes the first; twice, as everything here."""
    home = copy_of_the_checkout(tmp_path_factory.mktemp("readme") / "srbench")
    first = shortened(next(command for command in RUN["README.md"] if "-m venv" in command))
    for _ in range(2):
        code, said = shell(first, home, Path(sys.executable).parent)
        assert code == 0, said
    made = {page: [home / ".venv" / "bin"] for page in PAGES}
    install = f"{home}/.venv/bin/uv pip install -q -c {home}/constraints.txt"
    for page, words in INSTALLED.items():
        place = tmp_path_factory.mktemp(page)
        code, said = shell(
            f"{home}/.venv/bin/uv venv -q here && {install} --python here {words.removeprefix('pip install ')} && "
            # Not its path alone: what an editable install leaves there is a .pth as well.
            f"echo 'import site; site.addsitedir(\"{next((home / '.venv').glob('lib/*/site-packages'))}\")' "
            "> $(echo here/lib/*/site-packages)/srbench.pth && "
            f"sed '1c #!'$PWD/here/bin/python {home}/.venv/bin/srbench > here/bin/srbench && chmod +x here/bin/srbench",
            place,
            home / ".venv" / "bin",
        )
        assert code == 0, said
        made[page].insert(0, place / "here" / "bin")
    return made


def fill(folder, page):
    """What the commands name: pictures, plugins as the pages print them, weights, folders of images."""
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    from srbench.methods.carn import CarnNet
    from srbench.methods.edsr import EdsrNet
    from srbench.methods.rlfn import RlfnNet
    from srbench.methods.vdsr import VdsrNet

    sample = {image.name: image.read() for image in dataset.find("sample").images}
    cat, text = sample["cat"][:60, :64], sample["page"][:48, :48]
    for name in ("photo.jpg", "photo.png", "scans/one.png", "large.png", "large.tif"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(cat).save(folder / name)
    with av.open(str(folder / "clip.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=25, width=64, height=60, pix_fmt="yuv420p")
        for number, frame in enumerate([cat, cat[:, ::-1].copy(), cat]):
            write_image(folder / "frames" / f"f{number}.png", frame)
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(video.encode(None))
    alpha = np.dstack([cat, np.full(cat.shape[:2], 200, np.uint8)])
    Image.fromarray(alpha).save(folder / "logo.png")
    write_image(folder / "pictures" / "a.png", cat[:36, :40])  # LPIPS takes 31 pixels and more, at x3 too
    write_image(folder / "pictures" / "b.png", text[:36, :36])
    for name in ("my-clips/a/1.png", "my-clips/a/2.png", "my-clips/b/1.png", "my-clips/b/2.png"):
        write_image(folder / name, cat[:36, :40])
        write_image(folder / name.replace("my-", "their_"), cat[:36, :40] // 2 * 2)
    for name in ("T91", "BSDS400"):
        turned = [pixels[::-1] for pixels in sample.values()]  # sixteen: ten are held out of a training
        for i, pixels in enumerate([*sample.values(), *turned]):
            write_image(folder / name / f"{i}.png", np.ascontiguousarray(pixels[: 120 + i, :128]))
    shutil.copytree(dataset.find("set5").images[0].path.parents[1], folder / "Set5")
    for image in dataset.find("set5").images:
        pixels = image.read()
        height, width = (n // 4 * 4 for n in pixels.shape[:2])
        write_image(folder / "their_set5" / f"{image.name}_x4.png", pixels[:height, :width] // 2 * 2)
    printed = {"sharpened.py": "class Sharpened", "my_metric.py": "MEAN_ERROR = ", "my_degradation.py": "MINE = Pipe"}
    printed |= {"edsr255.py": "class Edsr255", "phone.toml": 'name = "phone"', "campaign.toml": "[[run]]"}
    printed |= {"test_quality.py": "def test_quality", "mean_of_frames.py": "class MeanOfFrames"}
    blocks = [block for path in PAGES.values() for _, block in fences(path.read_text(encoding="utf-8"))]
    for name, word in printed.items():
        (block,) = [block for block in blocks if word in block]
        (folder / name).write_text(block, encoding="utf-8")
    thresholds = next(block for _, block in fences(PAGES["ci.md"].read_text(encoding="utf-8")))
    (folder / "thresholds.toml").write_text(thresholds, encoding="utf-8")
    (folder / "killer.py").write_text(KILLER, encoding="utf-8")
    np.save(folder / "motion.npy", np.full((1, 3), 1 / 3))
    network = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=4)
    save_file(network.state_dict(), folder / "4x_model.safetensors")
    torch.save({"params": network.state_dict(), "params_ema": network.state_dict()}, folder / "net_g.pth")
    torch.save(network, folder / "model_epoch_50.pth")
    brought = {"x4.pt": EdsrNet(4, 8, 2, 1.0), "rlfn_x4.pth": RlfnNet(4, 8, 1), "carn_m.pth": CarnNet(4, 8)}
    for name, own in (brought | {"vdsr.pth": VdsrNet(4, 3, 8)}).items():
        torch.save(own.state_dict(), folder / name)
    savemat(folder / "VDSR_Official.mat", {"weights_conv1": np.ones((9, 2)), "biases_conv1": np.ones(2)})
    shutil.copytree(folder, folder / "run1", ignore=lambda _, names: [n for n in names if n != "net_g.pth"])
    shutil.copytree(folder / "run1", folder / "run2")
    (folder / "out1" / "srcnn_x4").mkdir(parents=True)
    for path in (ROOT / "methods" / "weights").glob("srcnn_x4.*"):  # as a training leaves them
        shutil.copy(path, folder / "out1" / "srcnn_x4")


@pytest.fixture
def here(tmp_path, bins, request):
    """A folder to run a page's commands in, and the programs it finds."""
    page = request.param
    folder = tmp_path / "srbench"
    if page.removesuffix(".md") in IN_CHECKOUT:
        copy_of_the_checkout(folder)
    folder.mkdir(exist_ok=True)
    fill(folder, page)
    found = bins[page]
    if page in CONTRIBUTORS:
        code, said = shell(RUN["CONTRIBUTING.md"][0], folder, *found)
        assert code == 0, said
        found = [folder / ".venv" / "bin"]
    for command in BEFORE.get(page, []):
        code, said = shell(command, folder, *found)
        assert code == 0, f"{command}\n{said}"
    return page, folder, found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what spandrel warns of on import is its own
@pytest.mark.weights("alex", "squeeze")
@pytest.mark.data
@pytest.mark.parametrize("here", [page for page in PAGES if RUN[page]], indirect=True)
def test_the_commands_of_a_page_run_and_run_again(here):
    page, folder, found = here
    for command in RUN[page]:
        if "-m venv" in command:
            continue  # made all environments
        short = shortened(command)
        again = next((said for pattern, said in AGAIN.items() if re.match(pattern, command)), (0, ""))
        for code, words in ((0, ""), again):
            ended, said = shell(short, folder, *found)
            assert (ended, words in said) == (code, True), f"{short}\n{said}"
            assert "Traceback" not in said, f"{short}\n{said}"
        for computed in re.findall(r"(\d+) cells computed", said):
            assert computed == "0", f"computed again: {short}\n{said}"
    if page == "CONTRIBUTING.md":  # the gate's command moves nothing where no method has changed
        own, new = (thresholds(home / "tests" / "thresholds.toml") for home in (ROOT, folder))
        assert new
        for key, table in new.items():
            for name, value in table.items():  # another processor may move the fifth digit
                assert value == pytest.approx(own[key][name], abs=1e-4), (key, name)


def thresholds(path):
    """The limits of a thresholds file, by what each is of."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["threshold"]
    keys = ("method", "dataset", "scale", "protocol", "metric")
    numbers = [{name: value for name, value in table.items() if name not in keys} for table in tables]
    return {tuple(table[key] for key in keys): own for table, own in zip(tables, numbers, strict=True)}


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("here", ["ci.md"], indirect=True)
def test_the_example_of_pytest_runs_and_runs_again(here):
    _, folder, found = here
    for _ in range(2):
        code, said = shell("pytest -q test_quality.py", folder, *found)
        assert (code, "3 passed" in said) == (0, True), said
