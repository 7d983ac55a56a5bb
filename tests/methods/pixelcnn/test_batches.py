"""Samples are the same however many advance together."""

import pytest
import torch

from srbench.methods.pixelcnn import batches
from srbench.methods.pixelcnn.batches import draw, footprint, free_memory
from srbench.methods.pixelcnn.draw import uniform
from srbench.methods.pixelcnn.sampler import Sampler


@pytest.fixture
def pair(model):
    return model(3, 8, 9)


@pytest.fixture
def noise():
    return uniform(0, 4, (8, 9), 3)


def test_all_at_once(pair, noise):
    said = []
    levels = draw(*pair, noise, say=said.append)
    assert levels.shape == (3, 4, 3, 8, 9)
    assert not said
    assert (levels[:, 0] != levels[:, 1]).any()


@pytest.mark.parametrize("fit", [1, 2, 3, 6, 8], ids=lambda n: f"{n} fit")
def test_smaller_batches_give_the_same_and_are_said_once(pair, noise, fit, monkeypatch):
    whole = draw(*pair, noise)
    room = int((fit + 0.5) * footprint(*pair) / batches.SHARE)
    monkeypatch.setattr(batches, "free_memory", lambda _: room)
    said = []
    assert torch.equal(draw(*pair, noise, say=said.append), whole)
    assert len(said) == 1
    assert "the caches of 12 samples do not fit memory" in said[0]


def test_where_memory_runs_out_after_all_batches_are_halved(pair, noise, monkeypatch):
    whole = draw(*pair, noise)
    started = []

    class Full(Sampler):
        def __init__(self, prior, condition, samples):
            started.append(len(condition.mean) * samples)
            if started[-1] > 2:
                raise RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory")
            super().__init__(prior, condition, samples)

    monkeypatch.setattr(batches, "Sampler", Full)
    said = []
    assert torch.equal(draw(*pair, noise, say=said.append), whole)
    assert started[0] == 12
    assert len(said) == 1


def test_other_errors_and_no_room_for_one_are_not_hidden(pair, noise, monkeypatch):
    class Broken(Sampler):
        def __init__(self, *_):
            raise RuntimeError(message)

    monkeypatch.setattr(batches, "Sampler", Broken)
    for message in ("out of memory", "something else"):
        with pytest.raises(RuntimeError, match=message):
            draw(*pair, noise)


def test_the_footprint_is_about_what_a_sampler_keeps(model):
    prior, condition = model(1, 64, 96, levels=256, width=32, layers=5)
    sampler = Sampler(prior, condition)
    kept = [*vars(sampler).values(), sampler.seen.data]
    own = sum(t.numel() * t.element_size() for t in kept if isinstance(t, torch.Tensor))
    numbers = 64 * 96 * 3 * (4 + 8)
    assert footprint(prior, condition) == pytest.approx(own + numbers, rel=0.5)
    assert free_memory(torch.device("cpu")) > 1 << 26
