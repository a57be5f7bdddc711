"""Maps of a trunk's frozen half, made once for a tracklet set and kept on disk.

Training and embedding then start behind the frozen half, which is most of the cost.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sticc_lib.locks import one_at_a_time
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.folding import fold_batchnorm
from sticc_lib.models.zoo import weights_fingerprint
from sticc_lib.run import atomic, bar, cache_dir, fingerprint, stderr
from sticc_lib.tracklets.table import TrackletSet

BATCH = 32
"""Frames at a time. CHOICE: what 32 frames need stays in a core's cache; the maps are the same to
the last bit whatever the number."""


MOST = 20e9
"""Bytes. CHOICE: the embedded sets take under 1 GB; MARS would take tens, on a disk that holds MARS
already, and whoever trains on it has a GPU for which the frozen half is no cost."""


class FrozenMaps:
    """The frozen half's maps of every frame of one set, float16 [F C' H' W'] on disk.

    Args:
        array: a read-only memory map; row i belongs to row i of the set's `frames`.
    """

    def __init__(self, array: np.ndarray):
        self.array = array

    def read(self, positions: np.ndarray) -> Tensor:
        """Maps of frames: int [n] -> float32 [n C' H' W']."""
        return torch.from_numpy(self.array[np.asarray(positions)].astype(np.float32))


def frozen_maps(model: VideoModel, data: TrackletSet, progress: bool = True) -> FrozenMaps | None:
    """The maps of a set under a model's trunk; loaded where they were made before.

    Returns:
        None where the trunk has no frozen half: there is nothing to keep; and where the maps would
        take more than `MOST` bytes: then the frozen half is computed anew for every batch, and a
        line says so.
    """
    frozen = model.trunk.frozen
    if len(frozen) == 0:
        return None
    path = _path(model, data)
    if not path.exists():
        if _too_large(model, data, progress):
            return None
        with one_at_a_time(path):  # whoever comes second finds it made
            if not path.exists():
                with atomic(path) as temporary:
                    _write(temporary, model, data, progress)
    try:
        return FrozenMaps(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError):  # damaged: it can be made again
        path.unlink()
        return frozen_maps(model, data, progress)


def _too_large(model: VideoModel, data: TrackletSet, progress: bool) -> bool:
    size = model.spec.image_size
    device = next(model.parameters()).device
    with torch.inference_mode():
        one = model.trunk.frozen(torch.zeros(1, 3, *size, device=device))
    needed = one.numel() * 2 * len(data.frames)
    if needed > MOST and progress:
        stderr(f"{data.name}: maps of {needed / 1e9:.3g} GB are not kept, the trunk runs each time")
    return needed > MOST


def _path(model: VideoModel, data: TrackletSet) -> Path:
    key = fingerprint(
        [weights_fingerprint(model.trunk.frozen), str(model.trunk.frozen), model.spec.image_size,
         model.spec.mean, model.spec.std, data.fingerprint()]
    )  # fmt: skip
    return cache_dir() / "maps" / f"{data.name}-{key}.npy"


def _write(path: Path, model: VideoModel, data: TrackletSet, progress: bool) -> None:
    device = next(model.parameters()).device
    frozen = fold_batchnorm(model.trunk.frozen).to(device).to(memory_format=torch.channels_last)
    total = len(data.frames)
    # plain writes, not a memory map: on a full disk those raise, a map kills the process
    with torch.inference_mode(), path.open("wb") as stream:
        starts = range(0, total, BATCH)
        for start in bar(progress, iterable=starts, desc=f"maps of {data.name}", unit="batch"):
            rows = np.arange(start, min(start + BATCH, total))
            pixels = torch.from_numpy(data.read(rows, model.spec.image_size)).to(device)
            frames = normalise(pixels, model.spec).contiguous(memory_format=torch.channels_last)
            part = frozen(frames).to(torch.float16).cpu().numpy()
            if start == 0:
                shape = (total, *part.shape[1:])
                header = {"descr": "<f2", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(stream, header)
            stream.write(part.astype("<f2", copy=False).tobytes())
