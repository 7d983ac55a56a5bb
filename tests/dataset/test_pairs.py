"""Which files are the LR images of HR images: by name, in the layouts in use, all that is wrong named at once."""

import pytest
from PIL import Image

from srbench import dataset, protocol
from srbench.dataset import manifest, pairs
from srbench.dataset.manifest import Manifest
from srbench.errors import DatasetError, DatasetMissingError
from srbench.scale import enlarged_size

BASICSR = protocol.get("basicsr")
NAMES = ("baby", "bird")


@pytest.fixture
def put(tmp_path):
    """Writes images of given sizes below a folder; returns it."""

    def write(files):
        for name, size in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, (9, 99, 199)).save(tmp_path / name)
        return tmp_path

    return write


def found(folder, lr="", scale=4):
    data = dataset.find(str(folder), lambda text: None)
    return {name: image.path.name for name, image in pairs.given(data, lr and str(lr), scale).items()}


# The folder of HR images, its files, and those of its LR images, by what collections keep them in.
LAYOUTS = [
    ("HR", "HR/{}.png", "LR_bicubic/X4/{}x4.png"),
    ("HR", "HR/{}.png", "LR_bicubic/x4/{}.png"),
    ("GT", "GT/{}.png", "LQ/{}.png"),
    ("HR", "HR/{}.png", "LR/{}_LR.png"),
    ("HR", "HR/{}.png", "LRx4/{}_x4.bmp"),
    ("D_valid_HR", "D_valid_HR/{}.png", "D_valid_LR_bicubic/X4/{}x4.png"),
    ("Test/4", "Test/4/{}_HR.png", "Test/4/{}_LR4.png"),
    ("image_SRF_4", "image_SRF_4/{}_SRF_4_HR.png", "image_SRF_4/{}_SRF_4_LR.png"),
    ("all", "all/{}_GT.png", "all/{}_LQ.png"),
    ("all", "all/{}.png", "all/{}x4.png"),
]


@pytest.mark.parametrize(("folder", "high", "low"), LAYOUTS)
def test_the_layouts_in_use_are_recognised_where_one_folder_is_given(put, folder, high, low):
    root = put({pattern.format(name): size for name in NAMES for pattern, size in ((high, (32, 24)), (low, (8, 6)))})
    expected = [low.rpartition("/")[2].format(name) for name in NAMES]
    assert list(found(root / folder).values()) == expected
    assert list(found(root / folder, (root / low).parent).values()) == expected


def test_a_folder_of_lr_images_for_each_scale(put):
    root = put(
        {f"HR/{name}.png": (32, 24) for name in NAMES}
        | {f"LR/X{scale}/{name}x{scale}.png": (32 // scale, 24 // scale) for name in NAMES for scale in (2, 4)}
        | {f"LR/X2.5/{name}.png": (12, 9) for name in NAMES}
    )
    for scale in (2, 4):
        assert found(root / "HR", scale=scale)["baby"] == f"babyx{scale}.png"
        assert found(root / "HR", root / "LR", scale)["baby"] == f"babyx{scale}.png"
    data = dataset.find(str(root / "HR"))
    assert pairs.given(data, str(root / "LR"), 2.5)["bird"].path == root / "LR/X2.5/bird.png"


def test_lr_images_of_several_scales_in_one_folder_are_told_by_their_names(put):
    sizes = {f"p/{name}_LR{scale}.png": (24 // scale, 24 // scale) for name in NAMES for scale in (2, 3, 4)}
    root = put({f"p/{name}_HR.png": (24, 24) for name in NAMES} | sizes)
    for scale in (2, 3, 4):
        assert list(found(root / "p", scale=scale).values()) == [f"{name}_LR{scale}.png" for name in NAMES]


def test_where_names_say_which_are_lr_images_the_others_are_no_strangers(put):
    kinds = {"HR": (32, 24), "LR": (8, 6), "bicubic": (32, 24)}
    files = {f"other/{name}_SRF_4_{kind}.png": size for name in NAMES for kind, size in kinds.items()}
    root = put({f"HR/{name}.png": (32, 24) for name in NAMES} | files)
    assert found(root / "HR", root / "other")["bird"] == "bird_SRF_4_LR.png"


def test_a_dataset_whose_hr_images_lie_in_a_folder_of_its_own(put):
    root = put({f"set/{kind}/{name}.png": (8, 8) for name in NAMES for kind in ("HR", "LR_bicubic/X2")})
    notes = []
    data = dataset.find(str(root / "set"), notes.append)
    assert (data.name, data.folder, len(data.images)) == ("set", root / "set" / "HR", 2)
    assert "a folder of HR images, which are taken: HR" in notes[0]


def test_all_without_a_partner_are_named_at_once(put):
    root = put(
        {f"HR/{name}.png": (8, 8) for name in ("a", "b", "c")}
        | {f"X4/{name}.png": (2, 2) for name in ("ax4", "a_x4", "cat", "dog")}
    )
    with pytest.raises(DatasetError) as caught:
        found(root / "HR", root / "X4")
    assert "at x4: 2 of 3 HR images have no LR image (b.png, c.png)" in str(caught.value)
    assert "no HR image belongs to 2 LR images (cat.png, dog.png)" in str(caught.value)
    assert "two LR images are of one HR image (a_x4.png and ax4.png)" in str(caught.value)


def test_images_of_another_scale_are_none(put):
    root = put({f"HR/{name}.png": (8, 8) for name in NAMES} | {f"X2/{name}x2.png": (4, 4) for name in NAMES})
    with pytest.raises(DatasetError, match=r"2 are of other scales \(babyx2.png, birdx2.png\).*add --scales 2"):
        found(root / "HR", root / "X2")


def test_no_lr_images_and_several_folders_of_them_are_errors(put):
    root = put({f"HR/{name}.png": (8, 8) for name in NAMES})
    with pytest.raises(DatasetMissingError, match=r"no LR images of HR at x4 beside its HR images; .* --lr"):
        found(root / "HR")
    with pytest.raises(DatasetMissingError, match="no folder at"):
        found(root / "HR", root / "nothing")
    put({f"{kind}/{name}.png": (2, 2) for name in NAMES for kind in ("LR_mild", "LR_wild")})
    with pytest.raises(DatasetError, match=r"several folders hold LR images of HR at x4: .*LR_mild.*LR_wild"):
        found(root / "HR")


def test_lr_images_of_other_images_are_not_beside_them(put):
    root = put({f"v_HR/{name}.png": (8, 8) for name in NAMES} | {f"v_LR/X4/{name}x4.png": (2, 2) for name in NAMES})
    put({"t_LR/X4/0001x4.png": (2, 2)})
    assert found(root / "v_HR") == {"baby": "babyx4.png", "bird": "birdx4.png"}


# -- known datasets ------------------------------------------------------------------------------------------------


def test_a_manifest_says_where_its_lr_images_are_and_which_folders_hold_it(put, monkeypatch):
    root = put(
        {
            f"Real/{camera}/Test/4/{camera}_{i}_{kind}.png": size
            for camera in ("Canon", "Nikon")
            for i in (1, 2)
            for kind, size in (("HR", (32, 32)), ("LR4", (8, 8)))
        }
    )
    real = Manifest(
        *("real", "Real", 1, "", "", "", ("Real",), (), {}),
        unrecorded=4,
        parts=("Canon/Test/4", "Nikon/Test/4"),
        lr={4: "."},
    )
    monkeypatch.setenv("SRBENCH_DATA", str(root))
    monkeypatch.setattr(manifest, "manifests", lambda: {"real": real})
    data = dataset.find("real")
    assert [image.name for image in data.images] == ["canon_1", "canon_2", "nikon_1", "nikon_2"]
    low = pairs.given(data, "", 4)
    assert low["nikon_2"].path == root / "Real/Nikon/Test/4/Nikon_2_LR4.png"
    with pytest.raises(DatasetMissingError, match="no LR images of Real at x2"):
        pairs.given(data, "", 2)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_realsr_is_known_with_its_lr_images(scale):
    real = dataset.known_as(f"realsr-v3-x{scale}")
    assert (real.count, real.recorded, real.lr) == (100, False, {scale: "."})
    assert real.published.get("basicsr", {}).get(scale) == {2: None, 3: 28.6284, 4: 27.2378}[scale]


# -- sizes ---------------------------------------------------------------------------------------------------------


def test_which_sizes_a_scale_explains():
    assert pairs.fits([BASICSR], 4, (321, 481), (80, 120))
    assert not pairs.fits([BASICSR], 4, (321, 481), (81, 121))
    assert not pairs.fits([BASICSR], 4, (321, 481), (160, 240))
    assert pairs.fits([BASICSR], 1, (321, 481), (321, 481))
    assert pairs.fits([BASICSR], 2.5, (512, 512), (204, 204))
    assert enlarged_size((80, 120), 4) == (320, 480)
    assert pairs.likely_scale([BASICSR], [((321, 481), (160, 240)), ((64, 64), (32, 32))]) == 2
    assert pairs.likely_scale([BASICSR], [((321, 481), (160, 240)), ((64, 64), (16, 16))]) == 0


def test_the_scale_of_a_folder_of_lr_images(put):
    root = put({f"{kind}/{name}.png": (n, n) for name in NAMES for kind, n in (("HR", 25), ("A", 8), ("B", 7))})
    data = dataset.find(str(root / "HR"))
    assert pairs.scale_of(data, str(root / "A")) == 3
    with pytest.raises(DatasetError, match="no scale explains LR images of 7x7 of HR images of 25x25"):
        pairs.scale_of(data, str(root / "B"))
