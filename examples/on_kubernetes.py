"""A grid on Kubernetes: workers are pods that the Dask operator starts.

    helm install --repo https://helm.dask.org --create-namespace -n dask-operator \\
        --generate-name dask-kubernetes-operator          # once, by who runs the cluster
    pip install 'sticc-lib[cluster]' dask-kubernetes
    python examples/on_kubernetes.py examples/grid.yaml      # in a pod that has the volume as well

What it takes: an image with this project and the same versions of Python, dask and distributed as
here, and a volume (ReadWriteMany) with the project's `reports`, mounted under the same path in all
pods, this one too. Names in capitals are yours. A pod that goes loses nothing: its run is taken up
by another one. The same command goes on after any end.

Not tested by this project, which has no Kubernetes: written after the documentation and the sources
of dask-kubernetes 2024 and later. Dask's ports have no password: keep them inside the cluster
(ClusterIP, as here), and let a network policy say who may reach them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dask_kubernetes.operator import KubeCluster, make_cluster_spec

from sticc_lib.reporting.batch import run_batch

WORKERS = 8
HOME = "/sticc"  # where the volume is mounted; run this from there

if __name__ == "__main__":
    resources = {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"memory": "16Gi"}}
    spec = make_cluster_spec(
        name="sticc-batch",
        image="REGISTRY/sticc:TAG",
        n_workers=WORKERS,
        resources=resources,  # a GPU each: add "nvidia.com/gpu": "1" to the limits
        env={"STICC_HOME": HOME, "STICC_CACHE": "/tmp/sticc-cache"},
        worker_command=["dask-worker", "--nthreads", "1"],  # one run at a time
    )
    pod = spec["spec"]["worker"]["spec"]
    pod["volumes"] = [{"name": "sticc", "persistentVolumeClaim": {"claimName": "CLAIM"}}]
    pod["containers"][0]["volumeMounts"] = [{"name": "sticc", "mountPath": HOME}]
    with KubeCluster(custom_cluster_spec=spec, namespace="NAMESPACE") as cluster:
        batch = run_batch(Path(sys.argv[1]), scheduler=cluster.scheduler_address, root=Path(HOME))
    sys.exit(0 if batch.ok else os.EX_SOFTWARE)
