"""What packets' times say: how many frames there are, and whether each lasts as long."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from srbench.video.timing import in_order, timing

NTSC = Fraction(30000, 1001)


def test_times_that_are_rounded_to_milliseconds_are_of_a_constant_rate_however_long():
    times = [round(number / NTSC * 1000) for number in range(100_000)]
    assert timing(times, NTSC, Fraction(1, 1000)).constant
    assert not timing(times, Fraction(30), Fraction(1, 1000)).constant


def test_a_gap_or_a_rate_that_changes_is_found():
    even = list(range(50))
    assert timing(even, Fraction(25), Fraction(1, 25)).constant
    assert not timing([*even[:20], *even[22:]], Fraction(25), Fraction(1, 25)).constant
    slower = [*range(0, 500, 10), *range(500, 1500, 20)]
    assert not timing(slower, Fraction(10), Fraction(1, 100)).constant


def test_packets_come_in_the_order_of_decoding():
    found = timing([100, 103, 101, 102, 106, 104, 105], Fraction(25), Fraction(1, 25))
    assert (found.total, found.first, found.constant) == (7, 100, True)


def test_packets_without_a_time_are_counted():
    assert timing([None, None, None], Fraction(25), Fraction(1, 25)).total == 3
    assert timing([], Fraction(25), Fraction(1, 25)).total == 0


@given(st.permutations(range(40)))
def test_times_in_any_order_within_reach_are_sorted(times):
    assert list(in_order(times)) == sorted(times)
