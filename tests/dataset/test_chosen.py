"""Some clips of datasets, by name."""

import pytest

from srbench.dataset import choose_clips, find
from srbench.errors import DatasetError
from srbench.imaging.images import write_image


@pytest.fixture
def folders(tmp_path, make_picture):
    """Two datasets of clips, which share the name of one, and one of still images."""
    for clip in ("one/fox", "one/Owl", "two/fox", "two/cat"):
        for number in (1, 2):
            write_image(tmp_path / clip / f"{number}.png", make_picture(16, 16, 1))
    write_image(tmp_path / "stills" / "a.png", make_picture(16, 16, 1))
    return {name: find(str(tmp_path / name)) for name in ("one", "two", "stills")}


def test_frames_of_the_chosen_clips_are_left_as_they_were(folders):
    one, two = choose_clips([folders["one"], folders["two"]], ["FOX", "owl"])
    assert one == folders["one"]
    assert [image.name for image in two.images] == ["fox/1", "fox/2"]
    assert two.images == tuple(image for image in folders["two"].images if image.clip == "fox")
    assert (one.not_chosen, two.not_chosen) == ((), ("cat",))


def test_no_name_is_all(folders):
    assert choose_clips(list(folders.values()), []) == tuple(folders.values())


@pytest.mark.parametrize(
    ("names", "datasets", "message", "hint"),
    [
        (["ox"], ["one"], "there is no clip 'ox'", "clips of 'one': Owl, fox"),
        (["fox", "ox"], ["one", "two"], "there is no clip 'ox'", "clips of 'one': Owl, fox; clips of 'two': cat, fox"),
        (["owl"], ["one", "two"], "no clip of 'two' is chosen", "clips of 'two': cat, fox"),
        (["fox"], ["one", "stills"], "'stills' is a dataset of still images", "leave --clips out"),
    ],
)
def test_what_there_is_not_is_an_error_that_names_what_there_is(folders, names, datasets, message, hint):
    with pytest.raises(DatasetError, match=message) as raised:
        choose_clips([folders[name] for name in datasets], names)
    assert hint in raised.value.hint


@pytest.mark.data("vid4/city", "vid4/walk")
def test_of_a_known_dataset_the_clips_that_are_not_here_are_told():
    vid4 = find("vid4", note=lambda text: None)
    [city] = choose_clips([vid4], ["city"])
    assert (len(city.images), city.not_chosen) == (34, ("walk",))
    with pytest.raises(DatasetError, match="there is no clip 'calendar'") as raised:
        choose_clips([vid4], ["calendar"])
    assert raised.value.hint == "clips of 'vid4': city, walk (not here: calendar, foliage)"
