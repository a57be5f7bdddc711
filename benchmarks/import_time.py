"""How long `import sticc_lib` and `sticc --help` take: fresh interpreters, the best of five."""

import subprocess
import sys
import time

from measured import tell

CASES = {
    "python_alone": "pass",
    "sticc_lib": "import sticc_lib",
    "sticc_help": "from sticc_lib.cli import main; main(['--help'])",
    "zoo_with_torch": "import sticc_lib.models.zoo",
}


def best_of_five(code: str) -> float:
    """Seconds until an interpreter that runs `code` has ended."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    for name, code in CASES.items():
        tell(f"import_time.{name}", 1000 * best_of_five(code), "ms")
