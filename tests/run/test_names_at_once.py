"""Two runs that begin at the same moment in one folder: their names are told apart as those of later runs are."""

import pytest
import torch
from safetensors.torch import save_file

from srbench.errors import SrbenchError
from srbench.imaging.images import write_image
from srbench.results.reader import Reader
from srbench.run import external, runner
from srbench.run.external import ForeignOptions


@pytest.fixture
def at_once(monkeypatch):
    """Has another run begin and end between the moment at which a run chooses its names and that at which it is
    entered."""

    def between(other):
        plan, begun = runner.plan, []

        def overtaken(job, store, observer):
            if not begun:
                begun.append(True)
                other()
            return plan(job, store, observer)

        monkeypatch.setattr(runner, "plan", overtaken)

    return between


def names(results):
    with Reader(results) as reader:
        rows = {(r.facts.dataset, r.facts.image_sha256) for r in reader.planned()}
        return rows, {r.facts.method for r in reader.planned()}, [run.status for run in reader.runs()]


def test_two_folders_of_one_name(go, at_once, make_picture, tmp_path, results):
    for seed, name in enumerate(("A/HR", "B/HR")):
        write_image(tmp_path / name / "x.png", make_picture(20, 24, seed))
    first, second = (str(tmp_path / name) for name in ("A/HR", "B/HR"))
    at_once(lambda: go("nearest", datasets=(second,)))
    summary = go("nearest", datasets=(first,))
    assert (summary.computed, summary.failed) == (1, 0)
    rows, _, states = names(results)
    assert {name for name, _ in rows} == {"HR", "A/HR"}
    assert len(rows) == 2
    assert states == ["finished", "finished"]
    assert go("nearest", datasets=(first, second)).known == 2


def test_the_same_folder_is_one_dataset(go, at_once, pictures, results):
    at_once(lambda: go("nearest"))
    assert go("nearest").known == 3
    assert {name for name, _ in names(results)[0]} == {"pictures"}


def test_two_checkpoints_of_one_name(go, at_once, tmp_path, results):
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact

    files = []
    for seed, folder in enumerate(("a", "b")):
        torch.manual_seed(seed)
        network = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2)
        (tmp_path / folder).mkdir()
        files.append(str(tmp_path / folder / "net_g_latest.safetensors"))
        save_file(network.state_dict(), files[-1])
    at_once(lambda: go(files[1]))
    assert go(files[0]).computed == 3
    assert names(results)[1] == {"net_g_latest", "a/net_g_latest"}


def test_images_made_elsewhere_under_the_name_of_a_method_that_has_just_been_run(
    go, at_once, write_plugin, make_picture, tmp_path, results, pictures
):
    for i, name in enumerate(("a", "b", "c")):
        write_image(tmp_path / "theirs" / f"{name}.png", make_picture(28, 28 + 4 * i, i, 1 if name == "c" else 3))
    at_once(lambda: go(write_plugin()))
    options = ForeignOptions(tmp_path / "theirs", str(pictures), 2, "mine", out=results)
    with pytest.raises(SrbenchError, match="'mine' is the name of a method in these results"):
        external.score(options)
    assert len(names(results)[2]) == 1
