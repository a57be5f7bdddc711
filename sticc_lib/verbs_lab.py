"""The verb of `sticc` that opens JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from sticc_lib.run import project_root


@dataclass(frozen=True)
class Lab:
    """Open JupyterLab on this machine only (127.0.0.1), at the first notebook."""

    port: int = 8888
    """The next free one is taken if it is in use."""
    browser: bool = True
    """Open a browser window."""

    def run(self) -> int:
        root = project_root()
        command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={self.port}", f"--ServerApp.root_dir={root}"]
        command += ["--LabApp.default_url=/lab/tree/notebooks/01_data.ipynb"]
        command += [] if self.browser else ["--no-browser"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; Jupyter asks to be told
            command += ["--allow-root"]
        try:
            return subprocess.call(command, env={**os.environ, "STICC_HOME": str(root)})
        except KeyboardInterrupt:
            return 0
