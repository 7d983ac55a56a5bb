"""In what two methods that are set against each other differ."""

import pytest

from srbench.results.contestant import load
from srbench.results.differing import facts_of, split

IMAGES = {("set5", "baby"): {"psnr": 30.0}}
RUN = {"srbench": "1.0", "git": "0123456789abcdef-dirty", "device": "cpu", "processor": "EPYC", "python": "3.12"}


@pytest.fixture
def between(scored):
    """What differs between a method in two folders, and what does not, as (what, a, b) and (what, both)."""

    def ask(changes=None, **options):
        one = scored("one", {"m": IMAGES}, manifest=RUN)
        other = scored("two", {"m": IMAGES}, manifest=RUN | (changes or {}), **options)
        differ, alike = split(facts_of(load(one, "m"), load(other, "m")))
        found = {fact.what: (fact.a, fact.b) for fact in differ}
        assert found.pop("results folder") == (str(one), str(other))
        return found, {fact.what: fact.a for fact in alike}

    return ask


def test_nothing_differs(between):
    differ, alike = between()
    assert differ == {}
    assert alike == {
        "code and weights, as one hash": "hash of m",
        "options": "none",
        "precision": "fp32",
        "handling": "nothing special",
        "srbench": "1.0 0123456789ab-dirty",
        "device": "cpu",
        "processor": "EPYC",
        "Python": "3.12",
        "version of psnr": "1",
    }


def weights(sha256, state=""):
    entry = {"name": "m", "title": "M", "hash": "hash of m", "weights": {"m_x4.safetensors": sha256}}
    return {"methods": [entry | {"weight_files": [{"sha256": sha256, "state": state}]}]}


def test_weights_code_versions_device_and_handling(between):
    differ, _ = between({"srbench": "1.1", "device": "cuda (H100)"} | weights("abcdef0123456789", "ema"))
    assert differ == {
        "weights": ("unknown", "m_x4.safetensors abcdef012345 (ema)"),
        "srbench": ("1.0 0123456789ab-dirty", "1.1 0123456789ab-dirty"),
        "device": ("cpu", "cuda (H100)"),
    }


@pytest.mark.parametrize(
    ("options", "what", "said"),
    [
        ({"facts": {"method_hash": "another hash"}}, "code and weights, as one hash", ("hash of m", "another hash")),
        ({"facts": {"precision": "fp16"}}, "precision", ("fp32", "fp16")),
        ({"versions": {"psnr": 2}}, "version of psnr", ("1", "2")),
        ({"versions": {"psnr": 10**12 + 7}}, "version of psnr", ("1", "1 (code 7)")),
    ],
)
def test_of_cells_and_scores(between, options, what, said):
    assert between(**options)[0] == {what: said}


def test_how_images_were_handled(between):
    differ, _ = between(outcome={"handling": '{"tile": 128}'})
    assert differ["handling"][0] == "nothing special"
    assert differ["handling"][1].startswith("1 in tiles: computed in tiles of 128 LR pixels")


def test_only_runs_that_computed_the_images_are_asked(between, scored):
    differ, _ = between()
    scored("two", {"another": IMAGES}, manifest=RUN | {"device": "cuda"})
    one, other = (load(scored(name, {"x": IMAGES}, manifest=RUN), "m") for name in ("one", "two"))
    assert differ == {}
    assert {fact.what for fact in facts_of(one, other) if fact.differs} == {"results folder"}
