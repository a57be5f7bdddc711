"""Where people are in a frame: NanoDet through onnxruntime, or a detector of torchvision's.

A detector takes some frames and returns boxes for each, `x y w h score` in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sticc_lib.counting.boxes import clip, suppress
from sticc_lib.counting.video import Frame
from sticc_lib.run import data_dir
from sticc_lib.values import Refusal

SIDE = 416
STRIDES = (8, 16, 32)
BINS = 11
SCORE = 0.45
OVERLAP = 0.5


class DetectorError(Refusal, ValueError):
    """A detector that cannot be used; the message names the file and the remedy."""


class Detector(Protocol):
    """What counting asks of a detector."""

    @property
    def name(self) -> str:
        """For messages and the manifest; another name, another run."""
        ...

    def detect(self, frames: Sequence[Frame]) -> list[np.ndarray]:
        """float32 [n, 5] for each frame: x, y, w, h (pixels, inside the image), score 0..1."""
        ...


class NanoDet:
    """The shipped detector: NanoDet at 416 x 416, class person, on the CPU.

    Args:
        path: the ONNX file; the shipped one by default (data/scripts/make_detector.py).
        score: boxes below it are left out.
        overlap: of two boxes that overlap more (IoU), the better stays.
        threads: frames that may be looked at at a time, each on one thread (ahead.ahead); 0 takes
            as many as PyTorch.

    Raises:
        DetectorError: the file is missing or damaged, or onnxruntime is.
    """

    def __init__(
        self,
        path: str | Path = "",
        score: float = SCORE,
        overlap: float = OVERLAP,
        threads: int = 0,
    ):
        self.path = Path(path) if str(path) else data_dir() / "weights" / "nanodet_416.onnx"
        self.score, self.overlap = score, overlap
        self._session = _session(self.path)
        self.workers = threads or _threads()
        self._centres, self._strides = grid()

    @property
    def name(self) -> str:
        """With the settings that decide what is found."""
        return f"{self.path.name} score {self.score} overlap {self.overlap}"

    def detect(self, frames: Sequence[Frame]) -> list[np.ndarray]:
        """See `Detector`. The frames may be of any size."""
        pixels = np.concatenate([shrink(frame.pixels) for frame in frames])
        person, bins = self._session.run(["person", "bins"], {"frames": pixels})
        return [
            decode(scores, cells, self._centres, self._strides, frame.pixels.shape[:2],
                   self.score, self.overlap)
            for frame, scores, cells in zip(frames, person, bins, strict=True)
        ]  # fmt: skip


def shrink(pixels: np.ndarray) -> np.ndarray:
    """uint8 [1, 416, 416, 3], blue green red, of an RGB picture; the sides change by themselves.

    Bilinear between four neighbours, without smoothing first: it is what NanoDet was trained on,
    and finds slightly more than area means (benchmarks/detector.py).
    """
    import torch
    from torch.nn.functional import interpolate

    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    small = interpolate(image, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return np.ascontiguousarray(small[:, [2, 1, 0]].permute(0, 2, 3, 1).numpy())


def grid(side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the cells of all grids, [cells, 2] (x, y), and their strides, [cells]; pixels."""
    centres, strides = [], []
    for stride in STRIDES:
        cells = side // stride
        across, down = np.meshgrid(np.arange(cells), np.arange(cells))
        centres.append((np.stack([across, down], axis=2).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full(cells * cells, stride))
    return np.concatenate(centres), np.concatenate(strides)


def decode(
    scores: np.ndarray,
    bins: np.ndarray,
    centres: np.ndarray,
    strides: np.ndarray,
    shape: tuple[int, ...],
    score: float = SCORE,
    overlap: float = OVERLAP,
    side: int = SIDE,
) -> np.ndarray:
    """What the network says of a frame as boxes.

    Each cell tells how far the four edges are from its centre, as a distribution over 0 to 10
    strides; its mean is taken (Li et al., Generalized Focal Loss, 2020, eq. 3-4).

    Args:
        scores: [cells], of class person, 0..1.
        bins: [cells, 4 x 11] before the softmax; left, top, right, bottom.
        centres, strides: of the cells (`grid`).
        shape: (height, width) of the frame.
        score, overlap: as in `NanoDet`.
        side: of the picture the network saw.

    Returns:
        float32 [n, 5], best first, inside the frame.
    """
    cells = np.flatnonzero(scores >= score)
    spread = bins[cells].reshape(len(cells), 4, BINS).astype(np.float64)
    spread = np.exp(spread - spread.max(axis=2, keepdims=True))
    mean = (spread * np.arange(BINS)).sum(axis=2) / spread.sum(axis=2)
    far = mean * strides[cells, None]  # [n, 4]
    scale = np.array([shape[1] / side, shape[0] / side])
    corner, size = (centres[cells] - far[:, :2]) * scale, (far[:, :2] + far[:, 2:]) * scale
    boxes = np.concatenate([corner, size, scores[cells, None]], axis=1)
    boxes = clip(boxes, shape[1], shape[0])
    return boxes[suppress(boxes, overlap)].astype(np.float32)


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _session(path: Path) -> Any:
    """An onnxruntime session on the CPU."""
    try:
        import onnxruntime
    except ImportError:
        raise DetectorError(
            "onnxruntime is not installed; pip install onnxruntime, or give boxes from a file"
        ) from None
    if not path.is_file():
        raise DetectorError(f"{path} is missing; make it with data/scripts/make_detector.py")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).splitlines()[0][:200]
        raise DetectorError(f"{path}: not readable as a network ({reason})") from None


class Torchvision:
    """A detector of torchvision's, where its COCO weights are at hand or can be downloaded.

    CHOICE: kept for those who have the weights; they are not shipped and no test runs them.

    Args:
        model: a name of `torchvision.models.detection`, as fasterrcnn_mobilenet_v3_large_fpn or
            ssdlite320_mobilenet_v3_large.
        weights: a file with its state; empty to let torchvision fetch its own.
        score: boxes below it are left out.

    Raises:
        DetectorError: no such model, or its weights cannot be had.
    """

    PERSON = 1

    def __init__(self, model: str, weights: str | Path = "", score: float = 0.5):
        from torchvision.models import get_model

        self.name = f"torchvision {model} score {score}"
        self.score = score
        try:
            own = None if str(weights) else "DEFAULT"
            self._model = get_model(model, weights=own, weights_backbone=None).eval()
            if str(weights):
                self._model.load_state_dict(_state(weights))
        except (ValueError, OSError, RuntimeError) as error:
            raise DetectorError(f"torchvision's {model}: {error}") from None

    def detect(self, frames: Sequence[Frame]) -> list[np.ndarray]:
        """See `Detector`."""
        import torch

        images = [torch.from_numpy(f.pixels).permute(2, 0, 1).float() / 255 for f in frames]
        with torch.inference_mode():
            told = self._model(images)
        return [self._boxes(t, f.pixels.shape) for t, f in zip(told, frames, strict=True)]

    def _boxes(self, told: dict[str, Any], shape: tuple[int, ...]) -> np.ndarray:
        keep = (told["labels"] == self.PERSON) & (told["scores"] >= self.score)
        corners, scores = told["boxes"][keep].numpy(), told["scores"][keep].numpy()
        size = corners[:, 2:] - corners[:, :2]
        boxes = np.concatenate([corners[:, :2], size, scores[:, None]], axis=1)
        return clip(boxes, shape[1], shape[0]).astype(np.float32)


def _state(weights: str | Path) -> Any:
    """A model's state; nothing else that the file may hold is run.

    Raises:
        ValueError: it is no such file; torch's own message would advise to run it all the same.
    """
    import torch

    try:
        return torch.load(weights, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # whatever a damaged or hostile file brings about
        kind = type(error).__name__
        raise ValueError(f"{weights}: no state of a model ({kind}); give what torch.save wrote "
                         "of model.state_dict()") from None  # fmt: skip
