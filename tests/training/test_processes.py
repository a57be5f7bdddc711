"""Several processes train one model: the same weights in each, and an exact resume."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
import torch
sys.path[:0] = {paths!r}
torch.set_num_threads(1)
import conftest, test_loop
from sticc_lib.models import zoo
from sticc_lib.training import train

data, config, out = conftest.coloured_set(), test_loop.settings(), Path(sys.argv[1])
whole = train(test_loop.new(config), data, config, out / "whole", test_loop.score)
train(test_loop.new(config), data, config, out / "cut", test_loop.score, stop_at=5)
again = train(test_loop.new(config), data, config, out / "cut", test_loop.score)
print(whole.log[0]["loss"], zoo.weights_fingerprint(whole.model), again.resumed_at)
"""


def launched(folder, processes):
    """Lines [loss of the first step, weights, step resumed at], one a process."""
    here = Path(__file__).parent
    script = folder / "script.py"
    script.write_text(SCRIPT.format(paths=[str(here), str(here.parent)]))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone",
               f"--nproc_per_node={processes}", str(script), str(folder)]  # fmt: skip
    quiet = {"ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(
        command,
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.long
def test_two_processes_draw_different_batches_and_end_with_the_same_weights(tmp_path):
    (tmp_path / "two").mkdir()
    (tmp_path / "one").mkdir()
    first, second = launched(tmp_path / "two", 2)
    (alone,) = launched(tmp_path / "one", 1)
    assert first[0] != second[0]  # batches
    assert first[1:] == second[1:] == [first[1], "3"]  # weights; the step that was resumed at
    assert alone[1] != first[1]
    for name in ("best/model.safetensors", "last/model.safetensors", "log.jsonl"):
        whole, cut = (tmp_path / "two" / kind / name for kind in ("whole", "cut"))
        assert whole.read_bytes() == cut.read_bytes(), name
