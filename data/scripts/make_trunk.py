"""Makes data/weights/mobilenetv2_stride16.safetensors from torchvision's ImageNet MobileNetV2.

    python data/scripts/make_trunk.py ../shared/data/weights/mobilenet_v2-b0353104.pth

Keeps features[0..13] (stride 16), in float16, and records the SHA-256 of the source.
"""

import argparse
import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file

from sticc_lib.run import atomic, data_dir

LAST_FEATURE = 13


def main() -> None:
    """Reads the source with weights_only, keeps the stride-16 part, writes safetensors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="mobilenet_v2-b0353104.pth")
    source = parser.parse_args().source
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    state = torch.load(source, map_location="cpu", weights_only=True)
    kept = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in state.items()
        if name.startswith("features.")
        and int(name.split(".")[1]) <= LAST_FEATURE
        and not name.endswith("num_batches_tracked")
    }
    target = data_dir() / "weights" / "mobilenetv2_stride16.safetensors"
    with atomic(target) as temporary:
        save_file(kept, temporary, {"source_sha256": digest, "licence": "BSD-3-Clause"})
    numbers = sum(value.numel() for value in kept.values())
    print(f"{target.name}: {numbers} numbers, {target.stat().st_size} bytes, source {digest}")


if __name__ == "__main__":
    main()
