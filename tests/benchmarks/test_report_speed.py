"""How the time of the report page grows with the number of methods."""

import time

from srbench.report.html import render
from srbench.results.reader import Reader


def test_the_page_grows_no_faster_than_its_rows(made_up, tmp_path):
    seconds = {}
    for methods in (2, 5, 20):  # the first warms up: fonts and libraries
        datasets = {"set5": 5, "set14": 14, "bsd100": 100}
        folder = made_up(methods=methods, datasets=datasets, scales=(2, 3, 4), pictures=True)
        with Reader(folder) as reader:
            start = time.process_time()
            page = render(reader)
            seconds[methods] = time.process_time() - start
        folder.rename(tmp_path / f"{methods}")
        print(f"\n{methods} methods: {seconds[methods]:.1f} s, tables and plots {page.tables_and_plots:.1f} s")
    assert seconds[20] < 4 * seconds[5]
