"""A model made fast for embedding: its trunk frame by frame, what follows clip by clip.

A frame goes through the trunk once, however many clips have it, so that overlapping clips share
the work and nothing is computed for padding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib.config import ConfigError
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.cache import BATCH
from sticc_lib.models.folding import folded
from sticc_lib.models.precision import Bf16, wants_bf16
from sticc_lib.models.trunk import Trunk

HEAD_FRAMES = 128
"""Frames whose clips go through the head at a time on a CPU. CHOICE: enough that calling the
layers costs nothing, and at `paper` no more than 128 MB of maps."""


class Passes:
    """A copy of a model, ready to embed; the model itself stays as it is.

    BatchNorm is folded into the trunk's convolutions. Where the trunk has the usual two halves,
    both run frame by frame; a model with a forward of its own gets whole clips.

    Args:
        model: any.
        from_maps: what comes in are maps of the frozen half and not pixels.
        bf16: autocast of trunk and head; see `models.precision`.
        compiled: run the trunk through torch.compile, which takes a C++ compiler and minutes.
    """

    def __init__(
        self,
        model: VideoModel,
        from_maps: bool = False,
        bf16: Bf16 = "off",
        compiled: bool = False,
    ):
        self.device = next(iter(model.parameters()), torch.empty(0)).device
        self.bf16 = wants_bf16(bf16, self.device)
        self.from_maps = from_maps
        self.model = folded(model)
        self.by_frame = from_maps or type(model).forward is VideoModel.forward
        self.trunk = self._taken_trunk() if self.by_frame else nn.Sequential()
        self._compiled = torch.compile(self.trunk, dynamic=False, options={"freezing": True}) \
            if compiled and len(self.trunk) else None  # fmt: skip

    def __call__(
        self, frames: Tensor, places: Tensor, mask: Tensor, mirrored: bool = False
    ) -> Tensor:
        """Embeddings float32 [n D] of clips; call it in inference mode.

        Args:
            frames: uint8 [u 3 H W], or maps [u C' H' W'].
            places: int [n, T], which of the frames a clip has where.
            mask: bool [n, T].
            mirrored: of the mirror images.

        Raises:
            ConfigError: torch.compile cannot be used here.
        """
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            maps = self._maps(frames, mirrored)
            places, mask = places.to(self.device), mask.to(self.device)
            step = len(places)
            if self.device.type == "cpu":
                step = max(1, HEAD_FRAMES // places.shape[1])
            found = [
                self._head(maps, places[start : start + step], mask[start : start + step])
                for start in range(0, len(places), step)
            ]
        return torch.cat(found)

    def _taken_trunk(self) -> nn.Sequential:
        """The part of the trunk still to be run, out of the copy, whose trunk then does nothing."""
        trunk = self.model.trunk
        parts = [] if self.from_maps else [trunk.frozen]
        if isinstance(trunk, Trunk):
            parts.append(trunk.trainable)
            trunk.trainable = nn.Sequential()
        layers = [part for part in parts if not isinstance(part, nn.Sequential) or len(part)]
        return nn.Sequential(*layers)

    def _maps(self, frames: Tensor, mirrored: bool) -> Tensor:
        """Frames through the trunk: [u C H W]; those that no trunk takes are only made ready."""
        step = BATCH if self.device.type == "cpu" and len(self.trunk) else max(1, len(frames))
        out: Tensor | None = None
        for start in range(0, len(frames), step):
            part = self._through(self._shown(frames[start : start + step], mirrored))
            if len(part) == len(frames):
                return part
            if out is None:
                layout = torch.channels_last if part.ndim == 4 else torch.contiguous_format
                shape = (len(frames), *part.shape[1:])
                out = torch.empty(shape, dtype=part.dtype, device=part.device, memory_format=layout)
            out[start : start + step] = part
        assert out is not None
        return out

    def _shown(self, frames: Tensor, mirrored: bool) -> Tensor:
        frames = frames.to(self.device)
        if not self.from_maps:
            frames = normalise(frames, self.model.spec)
            frames = frames.contiguous(memory_format=torch.channels_last)
        return frames.flip(-1) if mirrored else frames

    def _through(self, frames: Tensor) -> Tensor:
        if self._compiled is None or len(frames) != BATCH:  # compiled for one size; rests run plain
            return self.trunk(frames)
        try:
            return self._compiled(frames)
        except Exception as error:  # dynamo, inductor and the C++ compiler have their own each
            reason = str(error).strip().partition("\n")[0]
            raise ConfigError(
                f"evaluate.compile: torch.compile cannot be used here ({reason}); leave it out"
            ) from error

    def _head(self, maps: Tensor, places: Tensor, mask: Tensor) -> Tensor:
        flat = places.reshape(-1)
        first, count = int(flat[0]), len(flat)
        if torch.equal(flat, torch.arange(first, first + count, device=flat.device)):
            clips = maps[first : first + count]  # no frame twice: nothing to copy
        elif maps.ndim == 4:  # a copy that stays channels_last
            clips = maps.permute(0, 2, 3, 1)[flat].permute(0, 3, 1, 2)
        else:
            clips = maps[flat]
        clips = clips.unflatten(0, places.shape)  # [n T C H W]
        out = self.model.forward_maps(clips, mask) if self.by_frame else self.model(clips, mask)
        return out.embedding.float()
