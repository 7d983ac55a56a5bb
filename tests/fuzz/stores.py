"""Results folders: values of every type in every column, manifests of runs, damaged database files."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from pathlib import Path

import mutate
from campaign import ANY, FAULTY, Case, kind
from world import World

from srbench.results.folder import FILE

_TABLES = ("runs", "cells", "plans", "outcomes", "scores", "score_details", "timings", "canaries", "meta")
_FORMATS = ("table", "table", "csv", "json", "markdown", "latex", "html")


@kind("store values", 120)
def store_values(world: World, rng: random.Random, folder: Path) -> Case:
    results = world.copy_results(folder)
    how = rng.random()
    broken = False
    if how < 0.15:
        broken = _file(results / FILE, rng)
    else:
        with sqlite3.connect(results / FILE) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("PRAGMA ignore_check_constraints = ON")
            if how < 0.2:
                table = rng.choice(("runs", "cells", "plans", "outcomes", "scores", "meta"))
                database.execute(f"DROP TABLE {table}")
                broken = True
            elif how < 0.5:
                _manifest(database, rng)
            else:
                for _ in range(rng.randint(1, 3)):
                    _column(database, rng)
        database.close()
    return Case(_reading(world, rng, results), FAULTY if broken else ANY)


def _reading(world: World, rng: random.Random, results: Path) -> list[str]:
    how = rng.random()
    name = str(results)
    if how < 0.62:
        per_image = ["--per-image"] if rng.random() < 0.4 else []
        form = rng.choice(_FORMATS)
        return ["report", name, "--format", form, *(per_image if form in ("csv", "json") else [])]
    if how < 0.72:
        return ["report", "--compare", name, str(world.later), "--format", rng.choice(("table", "csv", "json"))]
    if how < 0.8:
        return ["check", name, "--write-baseline", "b.toml", *rng.choice(([], ["--pixels", "identical"]))]
    if how < 0.9:
        (results / "t.toml").write_text(
            '[[threshold]]\nmethod = "*"\ndataset = "*"\nscale = "*"\nmetric = "psnr"\nmin = 1\n'
        )
        return ["check", name, "--thresholds", str(results / "t.toml")]
    run = ["run", "--out", name, "--methods", "nearest", "--datasets", str(world.images), "--scales", "2"]
    return [*run, "--metrics", "psnr", "--threads", "1"]


def _file(path: Path, rng: random.Random) -> bool:
    """Damage the file; whether it surely holds no results any more."""
    data = path.read_bytes()
    path.unlink()
    how = rng.randrange(6)
    if how == 0:
        path.mkdir()
    elif how == 1:
        path.symlink_to("nowhere")
    elif how == 2:
        path.write_bytes(rng.choice([b"not a database", rng.randbytes(4096), data[:100]]))
    elif how == 3:
        path.write_bytes(mutate.beginning(data, rng, 100))
        return False
    else:
        path.write_bytes(mutate.damaged(data, rng))
        return False
    return True


def _column(database: sqlite3.Connection, rng: random.Random) -> None:
    table = rng.choice(_TABLES)
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    rows = [row for (row,) in database.execute(f"SELECT rowid FROM {table}")]
    if not rows:
        return
    column, row = rng.choice(columns), rng.choice(rows)
    database.execute("PRAGMA writable_schema = ON")
    database.execute(  # what another program writes has no constraints
        "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table' AND name = ?", (table,)
    )
    database.execute("PRAGMA writable_schema = RESET")
    where = "" if rng.random() < 0.3 else f" WHERE rowid = {row}"
    with contextlib.suppress(sqlite3.IntegrityError):  # of unique columns; the case is one without a change then
        database.execute(f"UPDATE {table} SET {column} = ?{where}", (_stored(rng),))


def _stored(rng: random.Random) -> object:
    value = mutate.value(rng)
    if isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)
    return rng.choice([value, value, None, b"\xff\xfe", value])


def _manifest(database: sqlite3.Connection, rng: random.Random) -> None:
    """Another manifest of a run, timing or detail: JSON with values of other types, or no JSON."""
    table, column = rng.choice((("runs", "manifest"), ("runs", "manifest"), ("timings", "record")))
    ((row, text),) = database.execute(f"SELECT rowid, {column} FROM {table} LIMIT 1").fetchall()
    how = rng.random()
    if how < 0.85:
        text = json.dumps(mutate.tree(json.loads(text), rng, most=2))
    else:
        text = rng.choice(
            ["", "null", "[]", "3", "{", "[" * 3000, "[" * 3000 + "]" * 3000, '"x"', mutate.damaged(text.encode(), rng)]
        )
    database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (text, row))
