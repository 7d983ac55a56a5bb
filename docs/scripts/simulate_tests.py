"""How often the tests behind ranks err: equally good methods on images that are hard for all, so that every finding is
false, and whoever is left out of those that may be the best is left out wrongly.

    python docs/scripts/simulate_tests.py --draws 2000
"""

import argparse

import numpy as np

from srbench.results.signflips import Sample, standings

METHODS = 24


def errors(images, draws, noise, seed):
    """The shares of draws in which any two methods are told apart, and in which the first is not among the best."""
    rng = np.random.default_rng(seed)
    apart = lost = 0
    for _ in range(draws):
        values = rng.normal(28, 3, images) + 0.3 * noise(rng, (METHODS, images))
        found = standings(values, Sample(("simulated",) * images))
        apart += any(standing.first > 1 for standing in found)
        lost += not found[0].may_be_best
    return apart / draws, lost / draws


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--images", type=int, nargs="+", default=[8, 20, 100])
    options = parser.parse_args()
    noises = {
        "normal": lambda rng, shape: rng.normal(0, 1, shape),
        "skewed (exponential)": lambda rng, shape: rng.exponential(1, shape) - 1,
    }
    for skewed, (name, noise) in enumerate(noises.items()):
        for images in options.images:
            apart, lost = errors(images, options.draws, noise, 1000 + images + skewed)
            print(f"{name}, {images} images: {apart:.2%} told apart, {lost:.2%} lost the best", flush=True)


if __name__ == "__main__":
    main()
