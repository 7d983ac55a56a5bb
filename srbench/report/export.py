"""The leaderboard as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from srbench.records import ScoreState
from srbench.results import spreadsheet
from srbench.results.choice import EVERYTHING, Choice
from srbench.results.clips import clips_of
from srbench.results.contest import Contest, contests
from srbench.results.described import described
from srbench.results.facts import FolderFacts
from srbench.results.finite import finite
from srbench.results.leaderboard import (
    MEAN_COLUMNS,
    PER_IMAGE_COLUMNS,
    PUBLISHED_COLUMNS,
    means,
    methods_by_score,
    per_image,
)
from srbench.results.literature import METRICS, Entry
from srbench.results.precision import casts
from srbench.results.reader import Reader
from srbench.results.scales import as_written
from srbench.results.view import VIEW, View

REPORTED = "as reported"
CONTEST_COLUMNS = [
    *("rank_first", "rank_last", "may_be_best"),
    *("best", "difference", "difference_low", "difference_high", "p_value"),
]
COLUMNS = [*MEAN_COLUMNS, *CONTEST_COLUMNS, "origin", *PUBLISHED_COLUMNS]
CLIP_COLUMNS = ["clips", "partial"]  # last, where some row is a mean over clips
_WHOLE = ("n", "rank_first", "rank_last")  # columns of whole numbers, some of them absent


def to_csv(
    reader: Reader, *, by_image: bool = False, choice: Choice = EVERYTHING, literature: Sequence[Entry] = ()
) -> str:
    """Comma-separated values, one header line; texts as :mod:`srbench.results.spreadsheet` writes them.

    A row for each mean (COLUMNS) or for each image and metric (PER_IMAGE_COLUMNS), in full precision. Of means there
    are the ranks from ``rank_first`` to ``rank_last``, whether the method may be the best, and its ``difference`` to
    the ``best`` mean with the interval and the p-value, both of which hold for all pairs of methods at once
    (:mod:`srbench.results.contest`); empty where the images cannot tell, or the method does not compete. ``origin`` is
    'measured', or 'as reported' of the literature's values. Last come size, training images and protocol of the
    published value, whether it is like with like with the row (``published_like``), and if not, why. Where there are
    clips, CLIP_COLUMNS follow: how many a mean is over (``n`` counts their frames), and which of them lack frames.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    facts, images = reader.facts, choice.of(per_image(reader))
    if by_image:
        return spreadsheet.to_csv(_images(images, choice, facts))
    rows = _means(images, choice, literature, facts, _held(images, facts))
    of_clips = any("clips" in row for row in rows)
    frame = as_written(pd.DataFrame(rows, columns=[*COLUMNS, *(CLIP_COLUMNS if of_clips else ())]))
    whole = (*_WHOLE, "clips") if of_clips else _WHOLE
    return spreadsheet.to_csv(frame.astype(dict.fromkeys(whole, "Int64")))


def to_json(
    reader: Reader, *, by_image: bool = False, choice: Choice = EVERYTHING, literature: Sequence[Entry] = ()
) -> str:
    """An object with ``rows`` (as in the CSV), ``runs`` (the manifests) and ``excluded``: every image that is in no
    mean, with its status and the message; ``handling``, what is to be known of how images were computed
    (:mod:`srbench.results.handling`); ``perception_distortion`` (:mod:`srbench.results.perception`) and ``opinions``,
    the raters of the simulated MOS; ``half_precision``, what it changed (:mod:`srbench.results.precision`);
    ``contests``, by metric and dataset, and over all datasets together: who competes, on how many images, with ranks
    and differences to the best. Per image, a row has ``extra`` where its metric keeps more than a value. Absent numbers
    are null.

    Raises:
        SrbenchError: nothing is left of what was chosen.
    """
    from srbench.results.perception import opinions, perception_distortion

    facts, images = reader.facts, choice.of(per_image(reader))
    held = _held(images, facts)
    excluded = images.loc[images["status"] != ScoreState.OK, [*PER_IMAGE_COLUMNS[:-1], "status", "message"]]
    if by_image:
        rows: list[dict[str, Any]] = [
            {name: row[name] for name in PER_IMAGE_COLUMNS}
            | ({"extra": json.loads(row["extra"])} if row["extra"] else {})
            for row in _images(images, choice, facts, "extra").to_dict("records")
        ]
    else:
        rows = _means(images, choice, literature, facts, held)
    handled = images.loc[images["handling"] != "", [*PER_IMAGE_COLUMNS[:-2], "handling"]].drop_duplicates()
    content = {
        "rows": rows,
        "excluded": excluded.to_dict("records"),
        "handling": handled.to_dict("records"),
        "perception_distortion": perception_distortion(images).to_dict("records"),
        "opinions": [row for metric in ("mos", "mos-structural") for row in opinions(images, metric)],
        "half_precision": [asdict(cast) | {"view": cast.view._asdict()} for cast in casts(images, reader)],
        "contests": [_contest(view, contest) for view, own in held.items() for contest in own.values()],
        "runs": [asdict(run) for run in reader.runs()],
    }
    return json.dumps(finite(content), indent=2) + "\n"


Held = dict[View, dict[tuple[str, str], Contest]]  # by view, then by metric and group


def _held(images: pd.DataFrame, facts: FolderFacts) -> Held:
    return {View.of(key): contests(own, facts) for key, own in images.groupby(VIEW, sort=False)}


def _images(images: pd.DataFrame, choice: Choice, facts: FolderFacts, *more: str) -> pd.DataFrame:
    rows = images.loc[images["metric"] != "", [*PER_IMAGE_COLUMNS, *more]]
    return rows.iloc[_places(rows, images, choice, facts)]


def _means(
    images: pd.DataFrame, choice: Choice, literature: Sequence[Entry], facts: FolderFacts, held: Held
) -> list[dict[str, Any]]:
    table = means(images, facts)
    table = table[table["metric"] != ""]
    rows = []
    for row in table.iloc[_places(table, images, choice, facts)].to_dict("records"):
        contest = held[View(row["scale"], row["protocol"], row["degradation"])].get((row["metric"], row["dataset"]))
        ranked = _ranked(contest, row["method"]) if contest else {}
        of_clips = {"clips": row["clips"], "partial": ", ".join(row["partial"])} if row["clips"] else {}
        rows.append({name: (row | ranked | {"origin": "measured"}).get(name) for name in COLUMNS} | of_clips)
    return rows + [reported for entry in literature for reported in _reported(entry, table)]


def _places(rows: pd.DataFrame, images: pd.DataFrame, choice: Choice, facts: FolderFacts) -> list[int]:
    """The places of rows in the chosen order; as they stand where none is."""
    if not choice.sort or rows.empty:
        return list(range(len(rows)))
    methods = described(images, facts)
    best_first = methods_by_score(means(images, facts))
    order = {method.label: i for i, method in enumerate(choice.arranged(methods[label] for label in best_first))}
    labels = rows["method"].tolist()
    return sorted(range(len(rows)), key=lambda place: order[labels[place]])


def _ranked(contest: Contest, label: str) -> dict[str, Any]:
    """Of a method in its contest; empty if it does not compete."""
    if label not in contest.mean:
        return {}
    best = contest.labels[0]
    found = contest.pair(label, best)
    differs = {"best": best, "difference": found.mean, "p_value": found.p}
    differs |= {"difference_low": found.low, "difference_high": found.high}
    if not contest.can_tell:
        return differs
    standing = contest.standings[label]
    ranks = {"rank_first": standing.first, "rank_last": standing.last, "may_be_best": standing.may_be_best}
    return ranks | differs


def _reported(entry: Entry, table: pd.DataFrame) -> list[dict[str, Any]]:
    """What the literature reports of a method where there are measured means; bicubic downscaling alone."""
    places = table.loc[table["degradation"] == "bicubic", ["dataset", *VIEW]].drop_duplicates()
    rows = []
    for dataset, scale, protocol, degradation in places.itertuples(index=False, name=None):
        for metric in (name for name in METRICS if name in set(table["metric"])):
            if (value := entry.value(dataset, scale, metric, protocol)) is not None:
                row = {"method": entry.title, "dataset": dataset, "scale": scale, "protocol": value.protocol}
                row |= {"degradation": degradation, "metric": metric, "mean": value.value}
                row |= {"published_source": value.source, "published_protocol": value.protocol, "origin": REPORTED}
                rows.append({name: row.get(name) for name in COLUMNS})
    return rows


def _contest(view: View, contest: Contest) -> dict[str, Any]:
    return {
        **dict(zip(VIEW, view, strict=True)),
        "metric": contest.metric.name,
        "group": contest.group,
        "datasets": list(contest.datasets),
        "images": len(contest.images),
        **({"clips": len(found)} if (found := clips_of(name for _, name in contest.images)) else {}),
        "can_tell": contest.can_tell,
        "smallest_p": contest.smallest_p,
        "methods": [
            {"method": label, "mean": contest.mean[label], **_ranked(contest, label)} for label in contest.labels
        ],
        "left_out": dict(contest.left_out),
    }
