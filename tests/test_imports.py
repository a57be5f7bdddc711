"""What is light stays light: importing the package, asking for help, reading a report."""

import subprocess
import sys

import pytest

HEAVY = [
    "torch",
    "torchvision",
    "pandas",
    "matplotlib",
    "seaborn",
    "papermill",
    "av",
    "sklearn",
    "scipy",
]


def loaded(code):
    """Which heavy packages a fresh interpreter holds after some code."""
    ask = f"import sys; print(*[n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{ask}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_the_package_loads_nothing_heavy():
    assert loaded("import sticc_lib, sticc_lib.config, sticc_lib.run, sticc_lib.presets") == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["report", "--help"]])
def test_help_and_version_load_nothing_heavy(arguments):
    call = f"from sticc_lib.cli import main\ntry:\n    main({arguments})\nexcept SystemExit: pass"
    assert loaded(call) == []


def test_pages_are_written_without_torch():
    assert "torch" not in loaded("import sticc_lib.reporting.index")


def test_the_runner_itself_needs_no_torch():
    assert "torch" not in loaded("import sticc_lib.reporting.runner, sticc_lib.reporting.execute")
