"""A card is looked at whole, once, when it is made; what is wrong is named."""

import math

import pytest

from srbench.errors import MethodError, SrbenchError
from srbench.method import MethodCard, Published, ScaleRange, plugins
from srbench.metrics import Metric

CARD = {"name": "x", "title": "X", "year": 2026, "family": "f", "paper": "none", "colour": "rgb"}
PUBLISHED = {"dataset": "set5", "scale": 4, "metric": "psnr", "value": 28.42, "source": "a paper"}
METRIC = {
    "name": "x",
    "title": "X",
    "version": 1,
    "higher_is_better": True,
    "unit": "dB",
    "bounds": (0, math.inf),
    "digits": 2,
    "needs": ("sr_luma",),
    "compute": len,
}


class Hostile:
    def __repr__(self):
        raise RuntimeError

    __str__ = __repr__


NO_TEXT = [None, 3, b"x", ["x"], ("x",), Hostile(), "half of a pair \ud83d"]
NO_NAME = [*NO_TEXT, "", " ", " x", "a\nb", "a\x1b[31mb", "a\u2028b", "x" * 201]
NO_WHOLE = [None, "1", 1.0, 1.5, True, -1, math.nan, [1], Hostile()]
NO_TRUTH = [None, 0, 1, "yes", Hostile()]
TEXTS = ("title", "family", "paper", "url", "size", "idea", "equation", "differs")

WRONG_CARDS = [
    *(("name", value) for value in (*NO_NAME, "all")),
    *((name, value) for name in TEXTS for value in NO_TEXT),
    *(
        ("bibtex", value)
        for value in (*NO_TEXT, "Keys 1981", "@article{title = {x}}", "@article{a, title = {x}", "@a{b")
    ),
    *((name, value) for name in ("year", "min_size", "version") for value in NO_WHOLE),
    *((name, value) for name in ("allow_partial_weights", "default", "random") for value in NO_TRUTH),
    *(("colour", value) for value in (None, "RGB", "Luma", "y", "", 3, ["rgb"], Hostile())),
    *(("scales", value) for value in (2, "2", (), (0,), (-2,), (0.5,), ("2",), (True,), {2: 1}, (2, None))),
    *(("scales", value) for value in (ScaleRange(4, 1), ScaleRange(0.5), ScaleRange("1"), ScaleRange(1, math.nan))),
    *(("published", value) for value in (None, 28.42, (28.42,), ({"value": 1},))),
    ("min_size", 0),
]


@pytest.mark.parametrize(("field", "value"), WRONG_CARDS, ids=lambda value: type(value).__name__)
def test_a_wrong_field_of_a_card_is_named(field, value):
    with pytest.raises(MethodError, match=rf"^card of .*: {field} = .* is not ") as caught:
        MethodCard(**CARD | {field: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, value) for name in ("dataset", "metric", "protocol") for value in NO_NAME),
        *(("scale", value) for value in (None, "1", 0.5, True, -1, math.nan, [1], Hostile(), 0)),
        *(("value", value) for value in (None, "28.42", math.nan, math.inf, True)),
        *((name, value) for name in ("source", "size", "images") for value in NO_TEXT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_field_of_a_published_value_is_named(field, value):
    with pytest.raises(MethodError, match=rf"^a published value: {field} = .* is not "):
        Published(**PUBLISHED | {field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", value) for value in (*NO_NAME, "a,b", "a b", "a/b", "a\\b")),
        *((name, value) for name in ("title", "unit", "footnote") for value in NO_TEXT),
        *((name, value) for name in ("version", "digits", "min_size") for value in NO_WHOLE),
        ("version", 2**63),
        ("digits", 16),
        *(("higher_is_better", value) for value in NO_TRUTH),
        *(("bounds", value) for value in (None, 1, (0,), (0, 1, 2), (1, 0), (0, math.nan), ("0", "1"), (None, None))),
        *(("needs", value) for value in (None, "sr_luma", ("SR_luma",), ("",), (3,))),
        *((name, value) for name in ("compute", "prepare", "files") for value in (None, 1, "f")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_field_of_a_metric_is_named(field, value):
    with pytest.raises(SrbenchError, match=rf"^metric .*: {field} = .* is not "):
        Metric(**METRIC | {field: value})


def test_right_ones_are_taken_and_lists_are_tuples():
    card = MethodCard(**CARD | {"scales": [2, 4], "published": [Published(**PUBLISHED)], "name": "Über-SR (2) = a/b"})
    assert (card.scales, len(card.published)) == ((2, 4), 1)
    assert hash(card)
    assert Metric(**METRIC | {"needs": ["sr_luma"], "bounds": [0, 1]}).bounds == (0, 1)


@pytest.mark.parametrize("field", ["colour='RGB'", "colour='Luma'", "name=3", "scales=4"])
def test_a_plugin_with_a_wrong_card_is_one_line(tmp_path, field):
    values = {f"{name}": repr(value) for name, value in CARD.items()} | dict([field.split("=")])
    text = ", ".join(f"{name}={value}" for name, value in values.items())
    path = tmp_path / "mine.py"
    path.write_text(f"from srbench.method import Method, MethodCard\nclass A(Method): card = MethodCard({text})\n")
    with pytest.raises(MethodError, match=rf"mine\.py' cannot be imported: card of .*: {field.split('=')[0]} = "):
        plugins.find(str(path))
