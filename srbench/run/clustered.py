"""A run whose cells a cluster computes: what is asked before, and what is stored of its machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from srbench.errors import SrbenchError
from srbench.results.store import Store
from srbench.run.executors import profile
from srbench.run.job import Job, Plan
from srbench.run.options import RunOptions

if TYPE_CHECKING:
    from srbench.run.executors.base import Executor


def require(options: RunOptions) -> None:
    """Raise SrbenchError where a cluster cannot be used as it was asked for, before anything is planned."""
    if options.exclusive and not (options.cluster and options.time):
        raise SrbenchError("--exclusive says something of --cluster with --time alone", "leave it out")
    if not options.cluster:
        return
    if options.threads:
        raise SrbenchError("--threads does not go with --cluster", "say how many workers: --cluster local:4")
    if options.device == "cuda:all" or "," in options.device:
        raise SrbenchError(
            f"--device {options.device} is of one machine, and --cluster has others",
            "start a worker for each GPU, with its CUDA_VISIBLE_DEVICES, and give --device cuda",
        )
    if options.time and not options.exclusive:
        raise SrbenchError(
            "--time with --cluster measures what else runs on this machine too",
            "add --exclusive if nothing else does, or time with: srbench time",
        )
    found = profile.parse(options.cluster)
    profile.warn_if_open(found)
    profile.probe(found)


def executor(job: Job, planned: Plan, store: Store) -> Executor:
    """The executor of a run that names a cluster; what computes is entered into the run's manifest as it comes."""
    from srbench.run.executors.dask import Cluster  # late: an extra

    machines: dict[str, dict[str, str]] = {}
    planned.manifest["machines"] = machines

    def met(label: str, machine: Mapping[str, str]) -> None:
        if label not in machines:
            machines[label] = dict(machine)
            store.amend_run(planned.summary.run_id, planned.manifest)

    cluster = Cluster(profile.parse(job.options.cluster), job.options.cell_timeout or None, met)
    planned.manifest["cluster"] = cluster.report
    return cluster
