"""Runs benchmarks one after the other and keeps what they say in `benchmarks/results/results.json`.

    python benchmarks/run.py                    all; `make bench`
    python benchmarks/run.py ranking rerank     some; the results of others stay

Each runs on one thread. The file has a flat name a figure, with its value or with its ratio and
both sides, when and at which commit it was measured, and the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from measured import FILE

from sticc_lib import machine
from sticc_lib.run import project_root, read_json, write_json

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "results.json"
HELPERS = ("measured", "peers", "run")


def names(wanted: list[str]) -> list[str]:
    """Benchmarks by name, all if none is asked for; an unknown one ends the program."""
    there = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in HELPERS)
    if unknown := [name for name in wanted if name not in there]:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(there)}")
    return wanted or there


def run(name: str) -> tuple[dict[str, dict], int]:
    """What one benchmark recorded, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        environment = {"OMP_NUM_THREADS": "1", **os.environ, FILE: str(records)}
        print(f"benchmarks/{name}.py", flush=True)
        done = subprocess.run([sys.executable, str(HERE / f"{name}.py")], env=environment)
        lines = records.read_text(encoding="utf-8").splitlines() if records.exists() else []
    found = map(json.loads, lines)
    return {record.pop("name"): record for record in found}, done.returncode


def main(wanted: list[str]) -> int:
    """Exit code 1 if a benchmark could not run; the others run all the same."""
    failed = []
    for name in names(wanted):
        found, code = run(name)
        if code:
            failed.append(name)
            continue
        facts = machine.describe(project_root())
        when = {"benchmark": name, "commit": facts["commit"][:7],
                "measured": datetime.now(UTC).isoformat(timespec="seconds")}  # fmt: skip
        held = read_json(RESULTS) if RESULTS.exists() else {"results": {}}
        kept = {k: v for k, v in held["results"].items() if v.get("benchmark") != name}
        kept |= {k: v | when for k, v in found.items()}
        made = {"machine": facts["machine"], "versions": facts["versions"]}
        write_json(RESULTS, {**made, "results": dict(sorted(kept.items()))})
    if failed:
        print(f"could not run: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
