"""What every model is and returns: ModelSpec, Output, and the two halves of a forward pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sticc_lib import losses
from sticc_lib.config import LossConfig, ModelConfig, Policy
from sticc_lib.values import Refusal

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


IN_CACHE = 2**17
"""Numbers normalised at a time, half a megabyte: what stays in a core's own cache."""


class ClipError(Refusal, ValueError):
    """Clips or a mask that no model can take."""


@dataclass(frozen=True)
class ModelSpec:
    """What a model expects of its input and how its embeddings are compared."""

    clip_length: int
    """T it was made for; other lengths work unless the model says otherwise."""
    image_size: tuple[int, int]
    """(height, width)."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    policy: Policy = "all_frames"
    """How it cuts a tracklet into clips at test time, as published."""
    distance: Literal["cosine", "euclidean", "dot"] = "cosine"
    flip: bool = False
    """Published with the mean over a clip and its mirror image."""
    unit_parts: bool = False
    """Each part of the embedding (`blocks`) has length one before embeddings are compared."""


@dataclass
class Output:
    """What `model(clips)` returns.

    Attributes:
        embedding: [B D], what is ranked.
        features: name -> [B C], the vectors the triplet loss sees, one a branch.
        logits: name -> [B persons], training only, same names.
        extras: tensors a model's own loss terms need.
    """

    embedding: Tensor
    features: dict[str, Tensor] = field(default_factory=dict)
    logits: dict[str, Tensor] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)


class VideoModel(nn.Module):
    """Base of all models over a trunk: frames through the frozen part, then all the rest.

    A subclass sets `spec` and `trunk` and defines `forward_maps`. The split lets training cache
    what the frozen part gives, and go through the same code from there on.
    """

    spec: ModelSpec
    trunk: Any  # models.trunk.Trunk
    settings: ModelConfig  # what the zoo built it from, and for how many training persons
    persons: int
    trunk_parts: tuple[str, ...] = ("trunk.",)
    """How the names of those parameters begin that learn at the trunk's rate."""
    any_length: bool = True
    """Whether clips of other lengths than the spec's work; they are refused where they do not."""
    whole_parts: tuple[str, ...] = ()
    """How the names of those modules begin that only `objective` calls: of several processes each
    then gives them the clips of all."""

    def forward(self, clips: Tensor, mask: Tensor | None = None, from_maps: bool = False) -> Output:
        """Clips to embeddings.

        Args:
            clips: normalised frames [B T 3 H W]; with `from_maps` what the trunk's frozen half
                gave for them, [B T C' H' W'].
            mask: bool [B T], True where a frame is real.

        Raises:
            ClipError: not five dimensions, T = 0, or a mask that is not bool [B T] or hides every
                frame of a clip.
        """
        if clips.ndim != 5:
            raise ClipError(f"expected clips [B T 3 H W], got {tuple(clips.shape)}")
        if clips.shape[1] == 0:
            raise ClipError("a clip needs at least one frame, got T = 0")
        if mask is not None:
            _check_mask(mask, clips)
        if from_maps:
            return self.forward_maps(clips, mask)
        batch, time = clips.shape[:2]
        maps = self.trunk.frozen(clips.flatten(0, 1))  # [B*T C' H' W']
        return self.forward_maps(maps.unflatten(0, (batch, time)), mask)

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """What training makes small; a compared method has its own published terms here.

        Args:
            out: of clips, in training mode. Of several processes, what all of them have, clip by
                clip in the batch's order: every tensor in it has rows of clips, in that order.
            persons: class numbers int64 [B].
            settings: weights of the terms.

        Returns:
            The weighted sum, and every unweighted term by name (detached).
        """
        return losses.total(out.features, out.logits, out.extras, persons, settings)

    def after_step(self, out: Output, persons: Tensor) -> None:
        """What moves with a training step beside weights; nothing, by default.

        Whatever is kept between steps belongs in buffers: checkpoints hold them, and a resumed
        training goes on with them.

        Args:
            out: what the step was made from.
            persons: class numbers int64 [B].
        """

    @property
    def blocks(self) -> dict[str, slice]:
        """Parts of the embedding that mean something by themselves, in order."""
        return {"embedding": slice(None)}

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """The same from the frozen part's maps [B T C' H' W'] on."""
        raise NotImplementedError


def frame_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over frames of [B T ...], padded frames left out -> [B ...]."""
    if mask is None:
        return values.mean(1)
    weight = mask.to(values.dtype).view(*mask.shape, *[1] * (values.ndim - 2))
    return (values * weight).sum(1) / weight.sum(1).clamp_min(1)


def real_first(mask: Tensor) -> Tensor:
    """Places of a mask's [B T] frames, the real ones first, each kind in its order: int [B T]."""
    place = torch.arange(mask.shape[1], device=mask.device)
    # no two frames have the same number, so that it takes no stable sort, which ONNX has not
    return ((~mask).long() * 2**31 + place).argsort(dim=1)


def _check_mask(mask: Tensor, clips: Tensor) -> None:
    if mask.dtype != torch.bool or mask.shape != clips.shape[:2]:
        wanted = tuple(clips.shape[:2])
        raise ClipError(f"expected a bool mask {wanted}, got {mask.dtype} {tuple(mask.shape)}")
    if not bool(mask.any(1).all()):
        raise ClipError(f"mask hides every frame of clip {int((~mask.any(1)).nonzero()[0])}")


def normalise(pixels: Tensor, spec: ModelSpec) -> Tensor:
    """uint8 [..., 3, H, W] to torch's default float, (x/255 - mean) / std. Only here."""
    kind = {"dtype": torch.get_default_dtype(), "device": pixels.device}
    mean, std = (torch.tensor(v, **kind).view(3, 1, 1) * 255 for v in (spec.mean, spec.std))
    rows = pixels.movedim(-3, -1)
    # a FakeTensor (of a model that is being exported) has another type
    if type(pixels) is Tensor and pixels.device.type == "cpu" and rows.is_contiguous():
        return _normalised_rows(rows, mean, std).movedim(-1, -3)
    return (pixels.to(mean.dtype) - mean).div_(std)


def _normalised_rows(rows: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """The same of [..., H, W, 3] as decoders give it: in place, piece by piece in a core's cache.

    Mean and std are laid out along a row of the picture: numbers for three colours alone, taken
    anew at every pixel, would keep the processor from working on several at a time.
    """
    out = torch.empty(rows.shape, dtype=mean.dtype)
    width = max(rows.shape[-2], 1)
    mean, std = mean.view(3).repeat(width), std.view(3).repeat(width)
    lines, given = out.view(-1, 3 * width), rows.reshape(-1, 3 * width)
    step = max(1, IN_CACHE // (3 * width))
    for start in range(0, len(lines), step):
        part = slice(start, start + step)
        lines[part].copy_(given[part]).sub_(mean).div_(std)
    return out
