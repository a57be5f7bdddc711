"""A grid on Slurm: each worker is a job, each run of the grid goes to one worker at a time.

    pip install 'sticc-lib[cluster]' dask-jobqueue        # on a file system that all nodes see
    python examples/on_slurm.py examples/grid.yaml           # on a login node, in tmux or screen

What it takes: the project, its environment and the data lie under the same path on all nodes.
Names in capitals are your site's. Jobs that end (walltime, a node that goes down) lose nothing:
their runs go to other workers, trainings from their last checkpoint. The same command goes on
after any end. CHOICE: one core for Dask and `job_cpu` for the run, so that a worker takes one run
at a time; `threads:` in the grid file says how many of them the run uses.

Not tested by this project, which has no Slurm: written after the documentation and the sources of
dask-jobqueue 0.9. Dask's port is open to the cluster's network, and whoever reaches it can run code
as you: keep to networks you trust, or give Dask certificates (distributed.comm in its
configuration).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dask_jobqueue import SLURMCluster

from sticc_lib.reporting.batch import run_batch

JOBS = 8

if __name__ == "__main__":
    with SLURMCluster(
        queue="PARTITION",
        account="PROJECT",
        cores=1,  # of a worker, as Dask counts: runs at a time
        processes=1,
        job_cpu=4,  # that Slurm gives to the job
        memory="16GiB",
        walltime="08:00:00",
        interface="ib0",  # the network that nodes share; see `ip addr`
        local_directory="/tmp",
        log_directory=str(Path.home() / "sticc-slurm-logs"),
        job_extra_directives=[],  # a GPU each: ["--gres=gpu:1"]
        job_script_prologue=[f"cd {Path.cwd()}", "export STICC_CACHE=$TMPDIR/sticc-cache"],
        # a worker leaves in good order before Slurm ends it
        worker_extra_args=["--lifetime", "470m", "--lifetime-stagger", "4m"],
    ) as cluster:
        cluster.scale(jobs=JOBS)  # or cluster.adapt(maximum_jobs=JOBS): jobs as there is work
        batch = run_batch(Path(sys.argv[1]), scheduler=cluster.scheduler_address)
    sys.exit(0 if batch.ok else os.EX_SOFTWARE)
