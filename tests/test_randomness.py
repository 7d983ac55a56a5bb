"""Seeds that a user gives."""

import numpy as np
import pytest

from srbench.errors import SrbenchError
from srbench.randomness import LARGEST_SEED, checked_seed


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 10**30, 1.5, "1", None, [], True, np.float64(1), np.zeros(3)])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(SrbenchError, match="is not a seed; give a whole number from 0"):
        checked_seed(seed)


@pytest.mark.parametrize("seed", [0, 7, LARGEST_SEED, np.int64(3)])
def test_whole_numbers_are_seeds(seed):
    assert checked_seed(seed) == int(seed)
