"""Names that are told apart."""

import itertools
from pathlib import Path

import pytest

from srbench.naming import fold, names_of_files, told_apart

CASES = {
    "one": (["/d/HR"], [], ["HR"]),
    "two parents": (["/d/A/HR", "/d/B/HR"], [], ["A/HR", "B/HR"]),
    "as deep as needed": (["/x/A/HR", "/y/A/HR", "/x/B/HR"], [], ["x/A/HR", "y/A/HR", "B/HR"]),
    "only those that clash": (["/d/A/HR", "/d/B/HR", "/d/A/LR"], [], ["A/HR", "B/HR", "LR"]),
    "taken": (["/d/B/HR"], ["HR"], ["B/HR"]),
    "taken twice": (["/d/B/HR"], ["HR", "B/HR"], ["d/B/HR"]),
    "case of the own name": (["/d/A/HR", "/d/B/hr"], [], ["A/HR", "B/hr"]),
    "case of a taken name": (["/d/A/hr"], ["HR"], ["A/hr"]),
    "a name that looks like a path": (["/d/A/HR"], ["HR", "a/hr"], ["d/A/HR"]),
    "spelling of Unicode": (["/d/A/e\u0301", "/d/B/\u00e9"], [], ["A/e\u0301", "B/\u00e9"]),
}


@pytest.mark.parametrize("case", CASES)
def test_names_are_as_short_as_they_can_be(case):
    paths, taken, expected = CASES[case]
    assert told_apart([(Path(path).name, Path(path).parent) for path in paths], taken) == expected


@pytest.mark.parametrize(
    "paths", [["/HR", "/hr"], ["/d/HR", "/D/HR"], ["/a/x/HR", "/A/x/HR", "/a/X/HR"], ["HR", "./a/HR"]]
)
def test_what_no_folder_tells_apart_gets_a_mark(paths):
    names = told_apart([(Path(path).name, Path(path).parent) for path in paths])
    assert len(set(map(fold, names))) == len(paths)


def test_all_combinations_of_folders_are_told_apart():
    paths = [Path("/", *parts) for n in (1, 2, 3) for parts in itertools.product(("a", "A", "b"), repeat=n)]
    names = told_apart([(path.name, path.parent) for path in paths], {"a", "b/a"})
    assert len(set(map(fold, names))) == len(paths)
    assert not {"a", "b/a"} & set(map(fold, names))


FILES = {
    "no clash": (["a.png", "b.jpg"], ["a", "b"]),
    "one stem": (["x.png", "x.jpg", "y.png"], ["x.png", "x.jpg", "y"]),
    "a stem that is another's file": (["x.png", "x.jpg", "x.png.png"], ["x.png", "x.jpg", "x.png.png"]),
    "a chain": (["x.a.png", "x.a", "x.b"], ["x.a.png", "x.a", "x.b"]),
    "case": (["x.png", "X.jpg"], ["x.png", "X.jpg"]),
}


@pytest.mark.parametrize("case", FILES)
def test_files_of_one_stem_have_their_whole_names(case):
    files, expected = FILES[case]
    assert names_of_files([Path(file) for file in files]) == expected


def test_no_two_files_of_a_folder_have_one_name():
    stems = ("x", "X", "x.png", "y", "y.jpg", "x.PNG")
    files = [Path(f"{stem}{suffix}") for stem in stems for suffix in (".png", ".jpg", ".PNG")]
    for n in (2, 3, len(files)):
        for some in itertools.islice(itertools.combinations(dict.fromkeys(files), n), 500):
            names = names_of_files(some)
            assert len(set(map(fold, names))) == n, (some, names)
