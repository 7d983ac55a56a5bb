"""When a printed value and a row are like with like; and that no built-in card's value is taken for another's."""

import pytest

from srbench.method import Published, plugins
from srbench.records import TrainingFacts
from srbench.results.facts import MethodFacts, PublishedValue
from srbench.results.printed import beside, unlike
from srbench.run.manifest import method_facts

VALUE = Published("set5", 4, "psnr", 31.35, "a table", "classic", "20 layers", "T91 + BSDS200")
HERE = {"size": "20 layers", "images": ("T91", "BSDS400"), "protocol": "classic"}


@pytest.mark.parametrize(
    ("here", "reasons"),
    [
        ({}, ()),
        ({"size": "10 layers"}, ("another size: 20 layers (here 10 layers)",)),
        ({"size": ""}, ("size not stated",)),
        ({"images": ("T91",)}, ("other training images: T91 + BSDS200 (here T91)",)),
        ({"images": ("DIV2K",)}, ("other training images: T91 + BSDS200 (here DIV2K)",)),
        ({"images": ()}, ("other training images: T91 + BSDS200 (here none)",)),
        ({"images": None}, ("the row's training images not known (T91 + BSDS200 in print)",)),
        ({"protocol": "basicsr"}, ("another protocol: classic (here basicsr)",)),
    ],
)
def test_size_images_and_protocol_have_to_be_the_rows_own(here, reasons):
    assert unlike(VALUE, **HERE | here) == reasons


@pytest.mark.parametrize(
    ("printed", "here", "same"),
    [
        ("T91 + General-100", ("T91", "BSDS400"), True),
        ("t91 + bsds200", ("BSDS400", "T91"), True),
        ("T91", ("T91",), True),
        ("T91", ("T91", "BSDS400"), False),
        ("BSDS400", ("T91", "BSDS400"), False),
        ("DIV2K", ("T91", "BSDS400"), False),
        ("T91 + DIV2K", ("T91", "BSDS400"), False),
        ("ImageNet", ("T91", "BSDS400"), False),
        ("DF2K", ("DIV2K", "Flickr2K"), True),
        ("DF2K", ("DIV2K",), False),
        ("none", (), True),
        ("none", ("T91",), False),
    ],
)
def test_kinds_of_images(printed, here, same):
    value = Published("set5", 4, "psnr", 30, "a table", size="S", images=printed)
    assert unlike(value, size="S", images=here, protocol="classic") == (
        () if same else (f"other training images: {printed} (here {' + '.join(here) or 'none'})",)
    )


def test_a_value_of_the_very_weights_needs_no_size_and_no_images():
    value = Published("set5", 4, "psnr", 32.35, "a table", "basicsr", exact=True)
    assert unlike(value, size="", images=None, protocol="basicsr") == ()
    assert unlike(value, size="", images=None, protocol="classic") == ("another protocol: basicsr (here classic)",)


def test_what_a_card_does_not_state_is_a_difference():
    value = Published("set5", 4, "psnr", 30, "a table")
    assert unlike(value, **HERE) == ("size not stated", "training images not stated")


def facts(*values, **more):
    training = {4: TrainingFacts(1, 1, 60, "cpu", {"T91": 88, "BSDS400": 392})}
    return MethodFacts("m", "M", published=values, **{"training": training, "size": "20 layers"} | more)


ASKED = ("set5", 4, "psnr", "classic")
LIKE = PublishedValue("set5", 4, "psnr", 31.35, "a table", "classic", "20 layers", "T91 + BSDS200")
OTHER = PublishedValue("set5", 4, "psnr", 30.0, "a table", "classic", "20 layers", "ImageNet")


def test_the_value_with_fewest_differences_comes_first():
    found = beside(facts(OTHER, LIKE), *ASKED)
    assert [(own.value, bool(own.unlike)) for own in found] == [(LIKE, False), (OTHER, True)]
    assert beside(None, *ASKED) == []


def test_a_mean_that_lacks_images_is_not_that_of_print():
    [own] = beside(facts(LIKE), *ASKED, lacking=("mean over 4 of 5 images",))
    assert own.unlike == ("mean over 4 of 5 images",)


def test_weights_of_whose_training_nothing_is_known():
    [own] = beside(facts(LIKE, training={2: TrainingFacts(1, 1, 60, "cpu")}), *ASKED)
    assert own.unlike == ("the row's training images not known (T91 + BSDS200 in print)",)


BUILT_IN = [plugin for plugin in plugins.discover() if plugin.origin == "built in"]


@pytest.mark.parametrize("plugin", BUILT_IN, ids=lambda plugin: plugin.name)
def test_every_value_of_a_built_in_card_says_what_it_is_of(plugin):
    card = plugin.load().card
    assert bool(card.size) or not card.published
    for value in card.published:
        assert value.size, value
        assert value.images, value
        assert value.protocol in ("classic", "basicsr", "srgan", "liif"), value


def test_which_built_in_rows_print_is_like_with_like_with():
    """By their own weights at x4, under ``classic``. Counted over again by hand from the papers' tables."""
    like = set()
    for plugin in BUILT_IN:
        known = method_facts(plugins.instantiate(plugin))
        for data in {value.dataset for value in known.published}:
            first = next(iter(beside(known, data, 4, "psnr", "classic")), None)
            like |= {(plugin.name, data)} if first is not None and not first.unlike else set()
    sets = ("set5", "set14", "bsd100")
    assert like == {(name, data) for name in ("bicubic", "fsrcnn", "vdsr", "lapsrn") for data in sets}
