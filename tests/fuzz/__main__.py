"""The fuzz campaign: ``python tests/fuzz --count 1000``.

Every case hands srbench one damaged, wrong or hostile input, through the command line in this process, and looks at
how it ends: with an exit code that is right for the input, within 30 seconds, without a traceback, and without having
run what the input holds. Everything random is a function of seed, class and number, so a failing case is repeated with

    python tests/fuzz --seed 0 --only kernels --case 17

Exit code 1 if a class has more failures than ``known.toml`` allows it per thousand cases of the campaign.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import json
import logging
import os
import resource
import sys
import time
import tomllib
import warnings
from pathlib import Path

import torch
from campaign import KINDS, LIMIT, Report, closed, run_case
from world import World

MAKERS = ("tables", "stores", "scripts", "pickles", "formats", "arrays", "pictures", "words", "files", "streams")
KNOWN = Path(__file__).with_name("known.toml")
MEMORY = 6 << 30  # bytes of address space that cases may take together, beyond what the process has


def main() -> int:
    for variable in [name for name in os.environ if name.startswith("SRBENCH_")]:
        del os.environ[variable]
    for name in MAKERS:
        importlib.import_module(name)  # enters its classes into KINDS
    parser = argparse.ArgumentParser(description="Hand srbench damaged, wrong and hostile inputs.")
    parser.add_argument("--count", type=int, default=1000, help="how many cases, shared out among the classes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=sorted(KINDS), help="this class; may be repeated")
    parser.add_argument("--case", type=int, help="this case alone, with its output")
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable()
    warnings.simplefilter("ignore")
    _bound_memory()
    kinds = [KINDS[name] for name in chosen.only or KINDS]
    if any(kind.name == "rights" for kind in kinds) and (folder := closed()):
        print(f"rights: left out, since its cases run as another user, who may not read {folder}")
        kinds = [kind for kind in kinds if kind.name != "rights"]
    share = sum(kind.share for kind in kinds) or 1
    report = Report()
    with World() as world:
        for kind in kinds:
            count = max(1, round(chosen.count * kind.share / share))
            start = time.process_time()
            for number in range(count) if chosen.case is None else [chosen.case]:
                faulthandler.dump_traceback_later(2 * LIMIT, exit=True)  # where no signal gets through
                world.note(f"{kind.name} {number}")
                report.failures += run_case(world, kind, chosen.seed, number)
                report.cases[kind.name] += 1
            report.seconds[kind.name] = time.process_time() - start
    faulthandler.cancel_dump_traceback_later()
    if chosen.case is not None:
        for failure in report.failures:
            print(failure.case, failure.detail, sep="\n")
    print(report.causes())
    print(report.table())
    if chosen.json is not None:
        counts = {name: {"cases": report.cases[name], **found} for name, found in report.counted().items()}
        chosen.json.write_text(json.dumps(counts, indent=1))
    return 1 if _too_many(report) else 0


def _bound_memory() -> None:
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, resource.RLIM_INFINITY))


def _too_many(report: Report) -> bool:
    known = tomllib.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    found = False
    for name, counts in report.counted().items():
        allowed = known.get(name, 0) * report.cases[name] / 1000
        if sum(counts.values()) > allowed:
            print(f"{name}: {sum(counts.values())} failures of {report.cases[name]} cases, known are {allowed:.1f}")
            found = True
    return found


sys.exit(main())
