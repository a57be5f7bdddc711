"""Runs benchmarks one after the other and keeps what they say in `benchmarks/results/results.json`.

    python benchmarks/run.py                    the usual ones; `make bench`
    python benchmarks/run.py ranking rerank     some; the results of others stay
    python benchmarks/run.py --all              the long ones too: hours
    python benchmarks/run.py --quick            tiny, to see that they work; nothing is kept

Each runs on one thread. The file has a flat name a figure, with its value or with its ratio and
both sides, when and at which commit it was measured, and the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import table
from measured import FILE

from sticc_lib import machine
from sticc_lib.run import project_root, read_json, write_json, write_text

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "results.json"
HELPERS = ("measured", "peers", "run", "table")
USUAL = ("ranking", "rerank", "embedding", "training", "loader", "growth", "export")
"""What `make bench` runs: within 25 minutes on two cores that have nothing else to do."""


def names(wanted: list[str], every: bool = False) -> list[str]:
    """Benchmarks by name; if none is asked for the usual ones that are there, or all.

    An unknown one ends the program.
    """
    there = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in HELPERS)
    if unknown := [name for name in wanted if name not in there]:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(there)}")
    usual = [name for name in USUAL if name in there]
    return wanted or (there if every else usual)


def run(name: str, *options: str) -> tuple[dict[str, dict], int]:
    """What one benchmark recorded, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        environment = {"OMP_NUM_THREADS": "1", **os.environ, FILE: str(records)}
        if "--quick" in options:
            environment["STICC_BENCHMARK_FIGURES"] = folder
        command = [sys.executable, str(HERE / f"{name}.py"), *options]
        done = subprocess.run(command, env=environment)
        lines = records.read_text(encoding="utf-8").splitlines() if records.exists() else []
    found = map(json.loads, lines)
    return {record.pop("name"): record for record in found}, done.returncode


def main(asked: list[str]) -> int:
    """Exit code 1 if a benchmark could not run; the others run all the same."""
    failed, quick = [], "--quick" in asked
    chosen = names([a for a in asked if not a.startswith("--")], "--all" in asked)
    for place, name in enumerate(chosen):
        print(f"[{place + 1}/{len(chosen)}] benchmarks/{name}.py", flush=True)
        begun = time.monotonic()
        found, code = run(name, *(["--quick"] if quick and name in USUAL else []))
        print(f"  {time.monotonic() - begun:.0f} s", flush=True)
        if code:
            failed.append(name)
        if code or quick:
            continue
        facts = machine.describe(project_root())
        when = {"benchmark": name, "commit": facts["commit"][:7],
                "measured": datetime.now(UTC).isoformat(timespec="seconds")}  # fmt: skip
        held = read_json(RESULTS) if RESULTS.exists() else {"results": {}}
        kept = {k: v for k, v in held["results"].items() if v.get("benchmark") != name}
        kept |= {k: v | when for k, v in found.items()}
        made = {"machine": facts["machine"], "versions": facts["versions"]}
        ordered = dict(sorted(kept.items()))
        write_json(RESULTS, {**made, "results": ordered})
        write_text(RESULTS.with_name("table.md"), table.markdown(ordered))
    if failed:
        print(f"could not run: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
