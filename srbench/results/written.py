"""What the manifests and timings of a results folder are, field by field: who reads them need not doubt any.

They are JSON that another program may have changed, or a disk. Fields that are missing are those of older srbenches;
one of another type than was ever written is damage.
"""

from __future__ import annotations

import re

from srbench.foreign import fields
from srbench.foreign.fields import Rule
from srbench.results.shapes import NUMBER, TEXT, TRUTH, by_name, each, or_none, pair, plain, record, whole
from srbench.scale import LARGEST

_SECONDS = Rule(lambda value: fields.NUMBER.holds(value) and value > 0, "a positive number")
_SCALE = plain(
    Rule(lambda value: fields.NUMBER.holds(value) and 1 <= value <= LARGEST, f"a number from 1 to {LARGEST}")
)
_SCALE_NAME = Rule(lambda text: re.fullmatch(r"[1-9][0-9]{0,6}(\.[0-9]{1,20})?", text) is not None, "a scale")
_ORDER = or_none(whole(0))

_PUBLISHED = record(
    {"dataset": TEXT, "scale": _SCALE, "metric": TEXT, "value": NUMBER, "source": TEXT},
    {**dict.fromkeys(("protocol", "size", "images"), TEXT), "exact": TRUTH},
)
_TRAINING = record(  # srbench.records.TrainingFacts
    {"parameters": whole(0), "steps": whole(0), "wall_seconds": NUMBER, "device": TEXT},
    {
        "images": by_name(whole(0)),
        "started_from": TEXT,
        "content_features": each(TEXT),
        "curve": each(pair(whole(0), NUMBER)),
        "bicubic": or_none(NUMBER),
    },
)
_WEIGHT_FILE = record({}, {"path": TEXT, "sha256": TEXT, "shipped": or_none(TRUTH), "state": TEXT})
_METHOD = record(
    {"name": TEXT},
    {
        **dict.fromkeys(("title", "hash", "family", "paper", "colour", "url", "size"), TEXT),
        **dict.fromkeys(("idea", "equation", "differs", "bibtex"), TEXT),
        **dict.fromkeys(("aims_at_pixels", "own"), TRUTH),
        "year": whole(0, 9999),
        "published": each(_PUBLISHED),
        "training": by_name(_TRAINING, _SCALE_NAME),
        "weights": by_name(TEXT),
        "weight_files": each(_WEIGHT_FILE),
    },
)
_METRIC = record(
    {"name": TEXT},
    {
        **dict.fromkeys(("title", "unit", "footnote"), TEXT),
        "higher_is_better": or_none(TRUTH),
        "digits": whole(0, 15),
        "version": or_none(whole(0)),
        "bounds": or_none(pair(or_none(NUMBER), or_none(NUMBER))),
        "order": _ORDER,
    },
)
_DATASET = record(
    {"name": TEXT},
    {
        **dict.fromkeys(("title", "licence", "citation"), TEXT),
        "order": _ORDER,
        **dict.fromkeys(("images", "files"), by_name(TEXT)),
        "lr": by_name(record(dict.fromkeys(("images", "files"), by_name(TEXT)))),
        "clips": by_name(record({"frames": whole(0)}, {"partial": each(TEXT), "missing": TRUTH, "chosen": TRUTH})),
    },
)
_PROTOCOL = record({"name": TEXT, "hash": TEXT}, {"version": whole(0), "description": TEXT, "skip_frames": whole(0)})

MANIFEST = record(
    {},
    {
        **dict.fromkeys(("command", "srbench", "git", "python", "platform", "processor", "device", "origin"), TEXT),
        "shard": record({"index": whole(1), "count": whole(1), "plan": TEXT}),
        "packages": by_name(TEXT),
        "machine": by_name(TEXT),
        "machines": by_name(by_name(TEXT)),
        "protocol": _PROTOCOL,  # of older srbenches, whose runs had one
        "protocols": each(_PROTOCOL),
        "methods": each(_METHOD),
        "metrics": each(_METRIC),
        "datasets": each(_DATASET),
        "seams": each(record({"method": TEXT})),
    },
)
DETAIL = record({}, {"message": TEXT, "ratings": each(NUMBER), "entropy": TEXT})  # of a score
TIMING = record(  # srbench.records.Timing
    {
        **dict.fromkeys(("method", "subject", "device", "variant", "session"), TEXT),
        "scale": _SCALE,
        "lr_size": pair(whole(1), whole(1)),
        "channels": whole(0),
        "threads": whole(0),
    },
    {
        **dict.fromkeys(("status", "message", "method_hash", "image"), TEXT),
        "seconds": each(plain(_SECONDS)),
        **dict.fromkeys(("peak_memory", "parameters", "mult_adds"), or_none(whole(0))),
        "machine": by_name(lambda _: ""),
    },
)
