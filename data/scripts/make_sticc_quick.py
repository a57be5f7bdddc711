"""Makes data/weights/sticc_quick.safetensors from a trained checkpoint, rounded to float16.

    sticc train --preset quick --name quick-train
    python data/scripts/make_sticc_quick.py reports/quick-train/checkpoints/sticc/best

The config goes into the file and, for reading, beside it as JSON.
"""

import argparse
import hashlib
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from sticc_lib.experiments.session import shipped_checkpoint
from sticc_lib.run import atomic, read_json, write_json


def main() -> None:
    """Copies the description unchanged, the weights as float16 (counters stay integers)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="folder with model.safetensors")
    folder = parser.parse_args().checkpoint
    with safe_open(folder / "model.safetensors", framework="pt") as stored:
        notes = stored.metadata()
        state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    half = {n: v.half() if v.is_floating_point() else v for n, v in state.items()}
    target = shipped_checkpoint()
    with atomic(target) as temporary:
        save_file(half, temporary, notes)
    write_json(target.with_suffix(".json"), read_json(folder / "config.json"))
    for file in (target, target.with_suffix(".json")):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"| `weights/{file.name}` | {file.stat().st_size:,} bytes | MIT | `{digest}` |")


if __name__ == "__main__":
    main()
