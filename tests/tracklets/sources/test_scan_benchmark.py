"""The benchmark of listing a tree, in little: it measures, and leaves nothing behind."""

import re
import subprocess
import sys

from sticc_lib.run import project_root


def run(*options):
    script = project_root() / "benchmarks" / "scan_tree.py"
    return subprocess.run(
        [sys.executable, str(script), *options], capture_output=True, text=True, check=False
    )


def test_a_tree_of_some_thousand_files_is_made_listed_read_and_removed(tmp_path):
    done = run("--files", "3000", "--where", str(tmp_path))
    assert done.returncode == 0, done.stderr
    made, cold, cached, read = done.stdout.splitlines()
    assert made.startswith("3,000 empty files made")
    assert cold.endswith("3,000 files")
    assert cached.endswith("3,000 files")
    assert read.endswith("3,000 frames, 0 problems")
    for line in (cold, cached, read):
        seconds, megabytes = re.search(r" ([\d.]+) s, .* peak (\d+) MB", line).groups()
        assert float(seconds) < 10
        assert 10 < int(megabytes) < 500
    assert list(tmp_path.iterdir()) == []


def test_a_tree_that_does_not_fit_is_refused_before_it_is_made(tmp_path):
    done = run("--files", str(10**12), "--where", str(tmp_path))
    assert done.returncode == 1
    assert "use --where" in done.stderr
    assert list(tmp_path.iterdir()) == []
