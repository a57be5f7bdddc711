"""Pixels: a folder of JPEG crops, ours beside the usual loader, at zero workers.

Crops of 256x128 in temporary files. The usual one: torch's DataLoader over a folder, each picture
opened by PIL, ToTensor, Normalize, collated in batches. Ours: a tracklet set's `read` and
`normalise`, from the same files, from a pack (`sticc pack`) with the same JPEG bytes, and from a
raw pack. Sides alternate, one thread, CPU time. Then the decoders alone, and what the process
holds after each of five epochs.

    OMP_NUM_THREADS=1 python benchmarks/loader.py [repeats] [--quick]
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from measured import alternate, asked, held_mb, tell, tell_ratio
from torch.utils.data import DataLoader, Dataset

from sticc_lib import machine
from sticc_lib.models.base import IMAGENET_MEAN, IMAGENET_STD, ModelSpec, normalise
from sticc_lib.tracklets.pack import pack
from sticc_lib.tracklets.store import FileStore
from sticc_lib.tracklets.table import Rule, TrackletSet

SIZE, BATCH, EPOCHS, TARGET = (256, 128), 64, 5, 3
SPEC = ModelSpec(8, SIZE)


class Folder(Dataset):
    """What one writes first."""

    def __init__(self, root: Path, names: list[str]):
        from torchvision.transforms import Compose, Normalize, ToTensor

        self.root, self.names = root, names
        self.change = Compose([ToTensor(), Normalize(IMAGENET_MEAN, IMAGENET_STD)])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> torch.Tensor:
        from PIL import Image

        with Image.open(self.root / self.names[number]) as image:
            return self.change(image.convert("RGB"))


def made(root: Path, count: int) -> list[str]:
    """Writes so many crops: smooth blots, of about the size of a real crop's file."""
    from torchvision.io import encode_jpeg

    torch.manual_seed(0)
    names = []
    for number in range(count):
        coarse = torch.rand(1, 3, 32, 16) * 255
        smooth = torch.nn.functional.interpolate(coarse, SIZE, mode="bicubic").clamp(0, 255)
        name = f"{number:05d}.jpg"
        (root / name).write_bytes(encode_jpeg(smooth[0].to(torch.uint8), 90).numpy().tobytes())
        names.append(name)
    return names


def the_set(root: Path, names: list[str]) -> TrackletSet:
    """The crops as one person's tracklet."""
    frames = pd.DataFrame({"tracklet": 1, "time": range(len(names)), "path": names})
    row = {"person": 1, "label": "p", "camera": 1, "split": "train", "query": False,
           "gallery": False, "num_frames": len(names), "source": "made"}  # fmt: skip
    tracklets = pd.DataFrame([row], index=pd.RangeIndex(1, 2, name="tracklet"))
    return TrackletSet("made", tracklets, frames, FileStore(root), Rule())


def epoch(data: TrackletSet) -> None:
    """All frames, batch by batch, as the model takes them."""
    for start in range(0, len(data.frames), BATCH):
        rows = np.arange(start, min(start + BATCH, len(data.frames)))
        normalise(torch.from_numpy(data.read(rows, SIZE)), SPEC)


def usual_epoch(loader: DataLoader) -> None:
    for _ in loader:
        pass


def decoders(contents: list[bytes], repeats: int) -> None:
    """Pictures a second of each decoder, and whether they agree."""
    import simplejpeg
    from PIL import Image
    from torchvision.io import ImageReadMode, decode_jpeg

    def by_pil(content: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    def by_torchvision(content: bytes) -> np.ndarray:
        data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        return decode_jpeg(data, mode=ImageReadMode.RGB).permute(1, 2, 0).numpy()

    def by_simplejpeg(content: bytes) -> np.ndarray:
        return simplejpeg.decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)

    def quickest(content: bytes) -> np.ndarray:
        return simplejpeg.decode_jpeg(content, "RGB", fastdct=True, fastupsample=True)

    ways: dict[str, Callable[[bytes], np.ndarray]] = {
        "pil": by_pil, "torchvision": by_torchvision, "simplejpeg": by_simplejpeg,
        "simplejpeg_inexact": quickest,
    }  # fmt: skip
    taken = alternate({n: lambda w=w: [w(c) for c in contents] for n, w in ways.items()}, repeats)
    wanted = by_pil(contents[0]).astype(int)
    for name, way in ways.items():
        rate = len(contents) / (statistics.median(taken[name]) / 1e3)
        apart = int(np.abs(way(contents[0]) - wanted).max())
        tell(f"loader.decode.{name}", rate, f"pictures/s; differs from PIL by {apart} of 255")


def main() -> None:
    repeats, quick = asked(__doc__)
    torch.set_num_threads(1)
    machine.keep_freed_memory()  # as every command of ours does
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "crops"
        root.mkdir()
        names = made(root, 16 if quick else 1024)
        data = the_set(root, names)
        os.environ["TQDM_DISABLE"] = "1"
        packed = pack(data, Path(folder) / "crops.pack")
        raw = pack(data, Path(folder) / "raw.pack", SIZE, raw=True)
        usual = DataLoader(Folder(root, names), BATCH)
        sets = {"files": data, "pack": packed, "raw_pack": raw}
        sides = {name: lambda d=d: epoch(d) for name, d in sets.items()}
        taken = alternate({"usual": lambda: usual_epoch(usual), **sides}, repeats)
        for name in sets:
            target = TARGET if name == "files" else None
            tell_ratio(f"loader.{name}", taken[name], taken["usual"],
                       "folder + PIL + ToTensor, 0 workers", target=target)  # fmt: skip
        decoders([(root / name).read_bytes() for name in names[:256]], repeats)
        first = 0.0
        for turn in range(EPOCHS):
            epoch(data)
            held = held_mb()
            first = held if turn == 0 else first
            tell(f"loader.memory.epoch{turn + 1}", held, "MB held after it")
        tell("loader.memory.growth", held - first, "MB from the first epoch to the last", most=5)


if __name__ == "__main__":
    main()
