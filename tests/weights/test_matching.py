"""Tensors of files found under the names that a network has for them."""

import pytest
import torch

from srbench.weights.matching import by_order, readings


def layers(*names: str) -> dict[str, torch.Tensor]:
    return {name: torch.full((2, 2), float(i)) for i, name in enumerate(names)}


def test_names_are_tried_as_they_are_then_without_what_all_of_them_begin_with() -> None:
    tensors = layers("a.net.first.weight", "a.net.last.weight", "a.net.last.num_batches_tracked")
    found = list(readings(tensors))
    assert [list(reading.tensors) for reading in found] == [
        ["a.net.first.weight", "a.net.last.weight"],
        ["net.first.weight", "net.last.weight"],
        ["first.weight", "last.weight"],
    ]
    assert [reading.how for reading in found] == ["by name", "by name, without 'a.'", "by name, without 'a.net.'"]


def test_a_table_renames_what_it_knows() -> None:
    found = list(readings(layers("m.conv_1.weight", "m.conv_2.weight"), ((r"^conv_(\d)", r"body.\1"),)))
    assert [next(iter(reading.tensors)) for reading in found] == ["m.conv_1.weight", "conv_1.weight", "body.1.weight"]
    assert found[-1].how == "by name, without 'm.', by the method's rename table"


def test_a_table_that_gives_two_tensors_one_name_is_not_used() -> None:
    assert len(list(readings(layers("a", "b"), (("[ab]", "c"),)))) == 1


def test_tensors_of_one_shape_are_taken_in_the_order_of_the_layers() -> None:
    tensors = {f"residual.{i}.weight": torch.full((3, 3), float(i)) for i in sorted(range(12), key=str)}
    tensors = {"input.weight": torch.zeros(3, 1), "output.weight": torch.zeros(1, 3), **tensors}
    own = {f"body.{2 * i}.weight": torch.zeros(3, 3) for i in range(12)}
    own = {"head.weight": torch.zeros(3, 1), **own, "tail.weight": torch.zeros(1, 3)}
    found = by_order(tensors, own)
    assert found is not None
    assert list(found.tensors) == list(own)
    assert [float(found.tensors[f"body.{2 * i}.weight"][0, 0]) for i in range(12)] == list(range(12))


def test_the_order_in_a_file_counts_where_it_was_kept() -> None:
    tensors = {name: torch.full((3, 3), float(i)) for i, name in enumerate(("tail.weight", "head.weight"))}
    found = by_order(tensors, {name: torch.zeros(3, 3) for name in ("first.weight", "last.weight")})
    assert found is not None
    assert float(found.tensors["first.weight"][0, 0]) == 0


@pytest.mark.parametrize("tensors", [layers("a.weight"), layers("a.weight", "b.weight", "c.weight")])
def test_nothing_is_left_over_and_nothing_missing(tensors: dict[str, torch.Tensor]) -> None:
    assert by_order(tensors, layers("x.weight", "y.weight")) is None
