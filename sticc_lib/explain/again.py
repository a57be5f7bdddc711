"""A look's clip through its model again with something changed: the forward of causal checks."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.look import Look
from sticc_lib.explain.seen import Seen, at_inference, see
from sticc_lib.models.base import Output, VideoModel, normalise
from sticc_lib.models.cache import BATCH
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.ranking import distances, rule_labels, score, sides
from sticc_lib.tracklets.augment import MEAN_COLOUR

Fill = Literal["mean", "noise", "blur"]
FILLS = ("mean", "noise", "blur")


class Again:
    """One clip, ready to be run again.

    Args:
        model: the one the look was taken of.
        look: holds the clip's frames.
        clip: which one, from 0.

    Raises:
        ValueError: no such clip.
        CaptureError: another model than that of the look.
    """

    def __init__(self, model: VideoModel, look: Look, clip: int = 0):
        if not 0 <= clip < len(look):
            raise ValueError(f"clip {clip} is outside 0..{len(look) - 1}")
        self.model, self.whose = model, look.whose
        self.frames, self.mask = look.frames[clip], look.mask[clip]
        # maps are cheaper to change than frames, where a model has this way of being run
        self._halves = type(model).forward is VideoModel.forward
        self._device = next(iter(model.parameters()), torch.empty(0)).device
        self.base = self.features(self.frames)
        """What the frozen half gives for the clip's frames, [T C' H' W']."""
        self.original = self.embed(self.base[None])[0]
        """float32 [D]."""
        if not np.allclose(self.original, look.embeddings[clip], 1e-3, 1e-3):
            raise CaptureError(
                f"this model gives another embedding than the look at {look.whose} holds; look "
                "with the model that is to be checked"
            )

    def features(self, frames: np.ndarray) -> Tensor:
        """uint8 [n 3 H W] through the frozen half, or only normalised where there is none."""
        parts = []
        with at_inference(self.model):
            for start in range(0, len(frames), BATCH):
                pixels = torch.from_numpy(frames[start : start + BATCH]).to(self._device)
                part = normalise(pixels, self.model.spec)
                part = part.contiguous(memory_format=torch.channels_last)
                parts.append(self.model.trunk.frozen(part) if self._halves else part)
        return torch.cat(parts)

    def embed(
        self, clips: Tensor, mask: np.ndarray | None = None, model: VideoModel | None = None
    ) -> np.ndarray:
        """Features of n clips [n T' ...] -> embeddings float32 [n, D].

        Args:
            clips: as `features` gives them for each frame.
            mask: bool [n, T'], or [T'] for all; the clip's own by default.
            model: another one with the same frozen half.
        """
        model = model or self.model
        mask = np.broadcast_to(self.mask if mask is None else mask, clips.shape[:2])
        step = max(1, 8 * BATCH // clips.shape[1])
        parts = []
        with at_inference(model):
            for start in range(0, len(clips), step):
                part = slice(start, start + step)
                out = self._finish(model, clips[part], mask[part])
                parts.append(out.embedding.float().cpu().numpy())
        return np.concatenate(parts)

    def see(self, clips: Tensor, mask: np.ndarray) -> Seen:
        """The same under capture."""
        return see(self.model, lambda: self._finish(self.model, clips, mask), mask, self.whose)

    def _finish(self, model: VideoModel, clips: Tensor, mask: np.ndarray) -> Output:
        real = torch.from_numpy(mask.copy()).to(self._device)
        return model.forward_maps(clips, real) if self._halves else model(clips, real)


def filled(frames: np.ndarray, fill: Fill, spread: float, seed: int = 0) -> np.ndarray:
    """Frames of which nothing is left: what stands in for a part that is taken away.

    Args:
        frames: uint8 [n 3 H W].
        fill: `mean`: the mean colour of the trunk's training (as erasing has it in training).
            `noise`: every value drawn evenly from 0..255. `blur`: the frame itself, blurred.
        spread: sigma of the blur in pixels.
        seed: of the noise.

    Raises:
        ValueError: another fill.
    """
    if fill == "mean":
        colour = np.array(MEAN_COLOUR, np.uint8).reshape(3, 1, 1)
        return np.broadcast_to(colour, frames.shape).copy()
    if fill == "noise":
        return np.random.default_rng(seed).integers(0, 256, frames.shape, np.uint8)
    if fill == "blur":
        from torchvision.transforms.v2.functional import gaussian_blur

        # reflection needs a kernel below twice the frame
        reach = min(int(3 * spread), min(frames.shape[2:]) - 1)
        kernel = [2 * reach + 1] * 2
        return gaussian_blur(torch.from_numpy(frames), kernel, [spread, spread]).numpy()
    raise ValueError(f"fill {fill!r} is none of {', '.join(FILLS)}")


def cosines(vectors: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Cosines [n] of rows [n, D] with one vector [D]; 0 for a vector of zeros."""
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1) * np.linalg.norm(to.astype(np.float64))
    return wide @ to / np.maximum(length, 1e-12)


def drifts(
    vectors: np.ndarray, original: np.ndarray, blocks: dict[str, slice]
) -> dict[str, np.ndarray]:
    """1 - cosine with the original [n], of the whole embedding (`drift`) and of each block."""
    found = {"drift": 1 - cosines(vectors, original)}
    if len(blocks) > 1:
        found |= {n: 1 - cosines(vectors[:, b], original[b]) for n, b in blocks.items()}
    return found


def first_hits(
    gallery: Embeddings, tracklet: int, vectors: np.ndarray, kind: str = "cosine"
) -> np.ndarray:
    """Rank of the first true match, were a tracklet's embedding each of these: float [n].

    Args:
        gallery: embeddings of the whole split, the tracklet among them.
        tracklet: its number; NaN throughout if it has no match.
        vectors: [n, D].
        kind: how embeddings are compared.

    Raises:
        ValueError: the tracklet is not in the gallery's table.
    """
    if tracklet not in gallery.tracklets.index:
        raise ValueError(f"tracklet {tracklet} is not among the embeddings to be ranked against")
    row = gallery.tracklets.index.get_loc(tracklet)
    columns = sides(gallery)[1]
    query = rule_labels(gallery, np.full(len(vectors), row))
    other = rule_labels(gallery, columns)
    far = distances(vectors, gallery.values[columns], kind)  # type: ignore[arg-type]
    return score(
        far, query.person, other.person, query.camera, other.camera, query.tracklet,
        other.tracklet, query_visit=query.visit, gallery_visit=other.visit,
    ).first_hit  # fmt: skip
