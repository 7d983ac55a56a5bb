"""Quality against cost, perception and the year."""

from srbench.report.html import planes
from srbench.report.html.costs import Cost


def row(plot, name):
    return next(own for own in plot.rows if own[0] == name)


def test_parameters_and_methods_without(shown):
    costs = {("made-up-1", 4): Cost(1000), ("made-up-2", 4): Cost(2000), ("made-up-4", 4): Cost(0)}
    # 0 is an interpolation, 5 a reconstruction, 3 learns from examples; 4 is a network of unknown size.
    plot = planes.parameters(shown(costs=costs, changes={i: {"training": {}} for i in range(6)}))
    assert [own[0] for own in plot.rows] == [f"Made up {i}" for i in (5, 3, 2, 1, 0)]
    assert row(plot, "Made up 0")[1] == "0"
    assert row(plot, "Made up 5") == ["Made up 5", "0", row(plot, "Made up 5")[2], "yes"]
    texts = {mark[0]: mark[1] for mark in plot.marks}
    assert "no parameters" in texts["made-up-5"]
    assert "2\u2009k parameters" in texts["made-up-2"]
    assert "Nothing is both cheaper and better." in texts["made-up-5"]
    assert "Nothing" not in texts["made-up-1"]
    assert ">none<" in plot.svg
    assert "Set14 (8 images), ×4" in plot.caption  # noqa: RUF001


def timed(ms, subject="set5", noisy=False):
    known = (None, None, None) if noisy else (ms, 0.9 * ms, 1.2 * ms)
    latency, low, high = known
    conditions = f"{subject}, cpu"
    return Cost(None, 1e9 * ms, latency, None, conditions, noisy, subject, low, high)


def test_latency_has_the_quality_of_the_dataset_that_was_timed_and_no_noisy_point(shown):
    costs = {(f"made-up-{i}", 4): timed(10.0 * (i + 1), noisy=i == 2) for i in range(4)}
    own = shown(costs=costs, datasets={"set5": 5, "set14": 8})
    assert own.group == "all"
    plot = planes.latency(own)
    assert plot.caption.startswith("Set5 (5 images), ")
    assert [r[0] for r in plot.rows] == ["Made up 3", "Made up 1", "Made up 0"]
    assert row(plot, "Made up 3")[2] == f"{own.contest('psnr', 'set5').mean['made-up-3']:.2f} dB"
    assert "Too noisy to have a point: Made up 2." in plot.caption
    assert "Timed: set5, cpu. Bars: quartiles." in plot.caption
    assert "quartiles 9 to 12 ms" in plot.marks[-1][1]
    assert len(planes.mult_adds(own).rows) == 4


def test_latency_of_a_size_has_the_quality_of_all_images(shown):
    costs = {(f"made-up-{i}", 4): timed(9.0 + i, "320x180") for i in range(3)}
    plot = planes.latency(shown(costs=costs))
    assert plot.caption.startswith("Set14 (8 images), ")
    assert len(plot.rows) == 3


def test_fewer_than_two_points_are_no_plot(shown):
    own = shown(costs={("made-up-1", 4): timed(1.0, noisy=True)}, lpips=False)
    for make in (planes.latency, planes.mult_adds, planes.perception):
        assert make(own).svg == ""
        assert "Fewer than two methods" in make(own).caption
    assert "Too noisy to have a point: Made up 1." in planes.latency(own).caption
    changes = {i: {"family": "cnn", "training": {}} for i in range(2)}
    assert "No method with a value" in planes.parameters(shown(methods=2, changes=changes)).caption


def test_perception_says_what_its_axis_is(shown):
    plot = planes.perception(shown())
    assert "LPIPS is itself a full-reference distance" in plot.caption
    assert "about another axis" in plot.caption
    assert plot.columns == ["method", "LPIPS", "PSNR"]
    places = {mark[0]: mark[2:] for mark in plot.marks}
    assert places["made-up-5"][0] > places["made-up-0"][0]  # better to the right
    assert places["made-up-5"][1] < places["made-up-0"][1]


def test_years(shown):
    changes = {0: {"year": 2001}, 1: {"year": 0}, 2: {"year": 2001}}
    psnr, lpips = planes.years(shown(methods=4, changes=changes))
    assert psnr.title == "PSNR over 6 years"
    assert lpips.title == "LPIPS over 6 years"
    assert [own[:2] for own in psnr.rows] == [["Made up 3", "1995"], ["Made up 0", "2001"], ["Made up 2", "2001"]]
    assert [mark[0] for mark in psnr.marks if "best of its time" in mark[1]] == ["made-up-3"]
    assert planes.years(shown(methods=3, changes={i: {"year": 2001} for i in range(3)}))[0].svg == ""
