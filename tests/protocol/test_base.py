"""The protocols and their hashes, which every score carries: changing one makes every stored score stale."""

import dataclasses

import pytest

from srbench import protocol
from srbench.errors import UnknownNameError


@pytest.mark.parametrize(
    ("name", "expected"),
    [("classic", "ff694dfd4f6e4d6a"), ("basicsr", "cd0e22bf233a7285"), ("matlab-rgb", "7778462454675f17")],
)
def test_hashes_are_what_they_were(name, expected):
    assert protocol.get(name).hash == expected


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(protocol.Protocol)])
def test_every_field_but_title_and_source_changes_the_hash(field):
    value = getattr(protocol.CLASSIC, field)
    other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else "rgb"
    changed = dataclasses.replace(protocol.CLASSIC, **{field: other})
    assert (changed.hash == protocol.CLASSIC.hash) == (field in ("title", "source"))


def test_the_decisions_of_the_two_families():
    classic, basicsr = protocol.get("classic"), protocol.get("basicsr")
    assert (classic.working_space, classic.lr_rounded, classic.luma_rounded, classic.grey_as_rgb) == (
        *("luma", False, True),
        False,
    )
    assert (basicsr.working_space, basicsr.lr_rounded, basicsr.luma_rounded, basicsr.grey_as_rgb) == (
        *("rgb", True, False),
        True,
    )
    assert classic.shave == basicsr.shave == 1


def test_matlab_rgb_has_colour_as_basicsr_and_neither_rounds_y_nor_lr():
    rules = protocol.get("matlab-rgb")
    assert (rules.working_space, rules.lr_rounded, rules.luma_rounded, rules.sr_rounded) == ("rgb", False, False, True)
    assert not rules.grey_as_rgb
    assert rules.border(3) == 3


def test_protocols_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        protocol.CLASSIC.shave = 0


def test_an_unknown_name_is_an_error_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean basicsr"):
        protocol.get("basic-sr")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("shave_pixels", 6), ("resize", "pillow"), ("space", "full-range"), ("sr_rounded", False)),
        *(("ssim", "uniform"), ("skip_frames", 2)),
    ],
)
def test_a_field_that_came_later_is_in_the_hash_only_where_it_is_not_the_default(field, value):
    default = getattr(protocol.BASICSR, field)
    assert field not in protocol.BASICSR.described()
    changed = dataclasses.replace(protocol.BASICSR, **{field: value})
    assert changed.described() == protocol.BASICSR.described() | {field: value}
    assert changed.hash != protocol.BASICSR.hash
    assert dataclasses.replace(changed, **{field: default}).hash == "cd0e22bf233a7285"


def test_frames_at_both_ends_of_a_clip_are_left_out():
    rules = dataclasses.replace(protocol.BASICSR, skip_frames=2)
    assert [number for number in range(7) if rules.measures(number, 7)] == [2, 3, 4]
    assert not any(rules.measures(number, 4) for number in range(4))
    assert all(protocol.BASICSR.measures(number, 3) for number in range(3))


def test_the_border_is_a_multiple_of_the_scale_and_pixels_beyond():
    assert [protocol.CLASSIC.border(scale) for scale in (2, 3, 4)] == [2, 3, 4]
    assert dataclasses.replace(protocol.CLASSIC, shave_pixels=6).border(4) == 10
    assert dataclasses.replace(protocol.CLASSIC, shave=0, shave_pixels=6).border(4) == 6


@pytest.mark.parametrize("name", list(protocol.PROTOCOLS))
@pytest.mark.parametrize("scale", [1, 2, 3, 4, 7])
def test_whole_scales_cut_to_a_multiple(name, scale):
    for cut in ("multiple", "floor"):
        sizes = dataclasses.replace(protocol.get(name), cut=cut).sizes(scale, 255, 101)
        assert sizes.hr == (255 // scale * scale, 101 // scale * scale)
        assert sizes.lr == (255 // scale, 101 // scale)


@pytest.mark.parametrize(
    ("scale", "multiple", "floor"),
    [
        (1.5, (255, 170), (255, 170)),
        (2.5, (255, 102), (255, 102)),
        (3.1, (248, 80), (254, 82)),
        (2.4, (252, 105), (254, 106)),
        (10 / 3, (250, 75), (253, 76)),
    ],
)
def test_the_two_rules_of_other_scales(scale, multiple, floor):
    """255 pixels: by hand from gen_LR_img.m (steps 2, 2, 10, 5) and LIIF's floor(H / s), round(floor(H / s) * s)."""
    rules = protocol.BASICSR
    assert rules.sizes(scale, 255, 255) == ((multiple[0],) * 2, (multiple[1],) * 2)
    assert dataclasses.replace(rules, cut="floor").sizes(scale, 255, 255) == ((floor[0],) * 2, (floor[1],) * 2)


def test_the_border_of_a_scale_with_a_fraction_is_rounded_up():
    assert [protocol.BASICSR.border(scale) for scale in (1.5, 2, 3.1)] == [2, 2, 4]
