"""CSV and JSON of clips: two more columns."""

import csv
import io
import json

from srbench.report.export import COLUMNS, to_csv, to_json
from srbench.results.reader import Reader


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_of_clips_there_are_two_more_columns(scored):
    images = [("vid4", f"{clip}/{t}") for clip, frames in (("city", 3), ("walk", 1)) for t in range(frames)]
    content = {"a": {image: {"psnr": 30.0 if "city" in image[1] else 20.0} for image in images}}
    content["a"]["vid4", "city/3"] = {"psnr": "nan"}
    with Reader(scored("r", content)) as reader:
        (row,) = rows(to_csv(reader))
        (contest,) = json.loads(to_json(reader))["contests"]
    assert list(row)[-2:] == ["clips", "partial"]
    assert (float(row["mean"]), row["n"], row["clips"], row["partial"], row["ci_low"]) == (25.0, "4", "2", "city", "")
    assert (contest["images"], contest["clips"], contest["can_tell"]) == (4, 2, False)


def test_of_still_images_the_columns_are_those_that_they_were(scored):
    content = {"a": {("set5", name): {"psnr": 30.0} for name in ("baby", "bird")}}
    with Reader(scored("r", content)) as reader:
        assert to_csv(reader).splitlines()[0] == ",".join(COLUMNS)
