"""Chains of degradations as text."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.degradation import grammar
from srbench.degradation.grammar import (
    BlurStep,
    BurstStep,
    ClipStep,
    DownStep,
    JpegStep,
    KernelStep,
    NoiseStep,
    ParsedChain,
    PoissonStep,
    default_size,
    parse,
)
from srbench.errors import SrbenchError

borders = st.sampled_from(["replicate", "reflect"])
sigmas = st.floats(0.01, 80, exclude_min=True)
odd = st.integers(0, 250).map(lambda n: 2 * n + 1)
names = st.text(st.characters(exclude_characters=">:", exclude_categories=("C", "Z")), min_size=1, max_size=9)
plain = st.one_of(
    st.builds(BlurStep, sigmas, odd, borders),
    st.builds(KernelStep, names.map(lambda name: f"{name}.npy"), borders),
    st.builds(NoiseStep, st.floats(0, 255, exclude_min=True), st.booleans()),
    st.builds(PoissonStep, st.floats(0, 1e9, exclude_min=True)),
    st.builds(JpegStep, st.integers(1, 100), st.sampled_from(["420", "444"])),
    st.just(ClipStep()),
)
down = st.builds(
    DownStep, st.sampled_from(["bicubic", "bilinear", "area", "nearest"]), st.sampled_from(["centre", "first"])
)
even = st.builds(
    lambda sigma, half, phase: (BlurStep(sigma, 2 * half), DownStep("nearest", phase)),
    sigmas,
    st.integers(1, 250),
    st.sampled_from(["centre", "first"]),
)
middles = st.one_of(st.just(()), down.map(lambda step: (step,)), even)
bursts = st.builds(BurstStep, st.integers(1, 64), st.sampled_from(["grid", "random"]), st.booleans())
chains = st.builds(
    lambda burst, before, middle, after: ParsedChain((*burst, *before, *middle, *after)),
    st.lists(bursts, max_size=1),
    st.lists(plain, min_size=1, max_size=3),
    middles,
    st.lists(plain, max_size=3),
)


@given(chains)
def test_a_chain_is_read_back_from_its_text(chain):
    assert parse(str(chain)) == chain
    assert str(parse(str(chain))) == str(chain)
    assert grammar.is_chain(str(chain))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("blur:1.6", [BlurStep(1.6, 11)]),
        ("blur:1.6:7:reflect", [BlurStep(1.6, 7, "reflect")]),
        ("blur:.5:reflect", [BlurStep(0.5, 3, "reflect")]),
        ("blur:C:/my kernels/k.NPY:reflect", [KernelStep("C:/my kernels/k.NPY", "reflect")]),
        ("down", [DownStep("bicubic", "centre")]),
        ("down:first", [DownStep("bicubic", "first")]),
        ("down:nearest", [DownStep("nearest", "centre")]),
        ("down:area:first", [DownStep("area", "first")]),
        ("noise:10:grey>jpeg:40:444", [NoiseStep(10, True), JpegStep(40, "444")]),
        ("  poisson:1e3 >  clip ", [PoissonStep(1000), ClipStep()]),
        ("burst:4:grid > down", [BurstStep(4), DownStep()]),
        ("burst:64:random:blind>down", [BurstStep(64, "random", True), DownStep()]),
        ("burst:2:blind > clip", [BurstStep(2, blind=True), ClipStep()]),
    ],
)
def test_what_a_text_says(text, steps):
    assert list(parse(text).steps) == steps


def test_spellings_of_one_chain_have_one_text():
    assert str(parse("blur:1.60:11>down:bicubic:centre>jpeg:40:420")) == "blur:1.6 > down > jpeg:40"
    assert str(parse("down:nearest")) == "down:nearest:centre"
    assert str(parse("burst:04:grid:blind>down")) == "burst:4:blind > down"


@given(sigmas)
def test_the_default_size_is_the_odd_number_at_or_above_six_sigma(sigma):
    size = default_size(sigma)
    assert size % 2 == 1
    assert size >= 6 * sigma > size - 2


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "has no step; the steps are burst:N.*blur:SIGMA"),
        (" > ", "has no step"),
        ("blur:1.6 > > down", "step 2 of 'blur:1.6 > > down' is empty; leave out a '>'"),
        ("down > ", "step 2 of 'down >' is empty"),
        ("blur:1.6 > dwon", "step 2 of 'blur:1.6 > dwon' is 'dwon', which is no step; did you mean down"),
        ("sharpen:2", "step 1 of 'sharpen:2' is 'sharpen', which is no step; the steps are burst:N.*blur:SIGMA"),
        ("down:bicubik", "step 1 of 'down:bicubik' has 'bicubik', which 'down' does not take; did you mean bicubic"),
        ("down:nearest:center", "has 'center', which 'down' does not take; did you mean centre"),
        ("down:nearest:centre:x", "has an argument too many, 'x'; write down"),
        ("down > noise:3 > down:area", r"step 3 .* is a second 'down' \(the first is step 1\)"),
        ("blur:1.6:12 > down", "step 1 .* has a kernel of 12x12: an even size has no middle pixel"),
        ("blur:1.6:12 > down:nearest", "let 'down:nearest:centre' or 'down:nearest:first' follow"),
        ("blur:1.6:12 > noise:1 > down:nearest:first", "step 1 .* has a kernel of 12x12"),
        ("blur", "step 1 of 'blur' lacks an argument; write blur:SIGMA"),
        ("blur:", "lacks an argument"),
        ("jpeg", "lacks an argument; write jpeg:QUALITY"),
        *((f"blur:{sigma}", f"has a sigma of '{sigma}'") for sigma in ("0", "-1.6", "nan", "inf", "1e999", "x")),
        *((f"noise:{sigma}", f"has a sigma of '{sigma}'") for sigma in ("0", "-3", "nan", "NaN", "1_0", "256")),
        ("poisson:0", "has a peak of '0'; give a number above 0"),
        *((f"jpeg:{q}", f"has a quality of '{q}'; give a whole number from 1 to 100") for q in (0, 101, 4.5, "-1")),
        ("jpeg:40:422", "has '422', which 'jpeg' does not take"),
        ("noise:3:gray", "has 'gray', which 'noise' does not take; did you mean grey"),
        ("blur:1.6:0", "has a size of '0'"),
        ("blur:1.6:7:mirror", "has 'mirror', which 'blur' does not take"),
        ("blur:k.npy:mirror", "has 'mirror', which 'blur' does not take"),
        ("clip:3", "has an argument too many, '3'; write clip"),
        ("burst", "step 1 of 'burst' lacks an argument; write burst:N"),
        ("burst:grid > down", "has a number of frames of 'grid'; give a whole number from 1 to 64"),
        *((f"burst:{n} > down", f"has a number of frames of '{n}'") for n in (0, 65, "-1", 2.5, "nan")),
        ("burst:4:griid > down", "step 1 .* has 'griid', which 'burst' does not take; did you mean grid"),
        ("burst:4:blind:grid > down", "has 'grid' too many; write burst:N"),
        ("burst:4:grid:random > down", "has 'random' too many; write burst:N"),
        ("burst:4:grid:blind:x > down", "has an argument too many, 'x'; write burst:N"),
        ("down > burst:4", "step 2 .* is a 'burst', which is no first step; put it first"),
        ("burst:4 > burst:4 > down", "step 2 .* is a 'burst', which is no first step"),
        ("burst:4", "step 1 of 'burst:4' is a 'burst' alone; say how its frames are made: burst:4 > down"),
        ("x" * 500 + ">down", "step 1 of 'xxx"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, match):
    with pytest.raises(SrbenchError, match=match) as caught:
        parse(text)
    assert len(str(caught.value)) < 500


@given(st.text(max_size=30))
def test_any_text_is_a_chain_or_an_error(text):
    try:
        chain = parse(text)
    except SrbenchError:
        return
    assert parse(str(chain)) == chain


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(value):
    assert float(grammar.number(value)) == value
    assert math.isfinite(float(grammar.number(value)))


def test_reading_a_chain_imports_nothing_large():
    code = "import sys; from srbench.degradation import grammar; grammar.parse('down'); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
