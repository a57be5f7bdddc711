"""Makes data/weights/METHOD_quick*.safetensors from a trained checkpoint, rounded to float16.

    sticc train --preset quick --threads 1 --name again
    python data/scripts/make_quick_weights.py reports/again/checkpoints/sticc/best

Method and seed are the checkpoint's own. The config goes into the file and, for reading, beside it
as JSON.
"""

import argparse
import hashlib
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from sticc_lib.experiments.session import shipped_checkpoint
from sticc_lib.models import zoo
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
    config = zoo.load(folder)[1]
    target = shipped_checkpoint(config.model.name, config.seed)
    with atomic(target) as temporary:
        save_file(half, temporary, notes)
    write_json(target.with_suffix(".json"), read_json(folder / "config.json"))
    for file in (target, target.with_suffix(".json")):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"| `weights/{file.name}` | {file.stat().st_size:,} bytes | MIT | `{digest}` |")


if __name__ == "__main__":
    main()
