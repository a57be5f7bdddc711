"""What an exported file holds of a model: the model behind bytes, its LSTM as one operator."""

from __future__ import annotations

import copy
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.folding import fold_batchnorm

Module = TypeVar("Module", bound=nn.Module)


class Deployed(nn.Module):
    """A model as the file holds it: BatchNorm folded into convolutions, normalising first.

    CHOICE: frames come as bytes (uint8 RGB). That is what decoders and cameras give, it is a
    quarter of what floats take to hand over, and a mean or a std mistyped outside, which costs
    accuracy and raises no error, cannot happen. `normalised` leaves it to the user.

    Args:
        model: stays as it is.
        normalised: frames come as float32, (x/255 - mean) / std.
    """

    model: VideoModel

    def __init__(self, model: VideoModel, normalised: bool = False):
        super().__init__()
        # a compared method may hold convolutions and norms side by side that are not run one after
        # the other; there the runtime folds, which knows the order
        fold = model.settings.name not in zoo.PEERS
        held = fold_batchnorm(model) if fold else copy.deepcopy(model).eval()
        self.model = cast(VideoModel, held)
        self.requires_grad_(False)
        self.normalised = normalised

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """[B T 3 H W], [B T] -> [B D]."""
        clips = frames if self.normalised else normalise(frames, self.model.spec)
        maps = self.model.trunk.frozen(clips.flatten(0, 1))
        return self.model.forward_maps(maps.unflatten(0, frames.shape[:2]), mask).embedding


class OnnxLstm(nn.Module):
    """Stands for one layer of `nn.LSTM`, batch first, while a model is traced for ONNX.

    A tracer would unroll that over the frames it was shown. It computes nothing by itself: run in
    torch it gives zeros.
    """

    read: Tensor
    again: Tensor
    bias: Tensor

    def __init__(self, lstm: nn.LSTM):
        super().__init__()
        self.size = lstm.hidden_size
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        read, again, *biases = (_gates(getattr(lstm, name).detach()) for name in names)
        self.register_buffer("read", read[None])  # [1 4H C]
        self.register_buffer("again", again[None])  # [1 4H H]
        self.register_buffer("bias", torch.cat(biases)[None])  # [1 8H]

    def forward(self, frames: Tensor) -> tuple[Tensor, None]:
        """[B T C] -> states [B T H]; what stands for the last state is None."""
        given = (frames.transpose(0, 1), self.read, self.again, self.bias)
        shape = (frames.shape[1], 1, frames.shape[0], self.size)
        states = torch.onnx.ops.symbolic(
            "LSTM", given, {"hidden_size": self.size}, dtype=frames.dtype, shape=shape
        )  # [T 1 B H]
        return states.squeeze(1).transpose(0, 1), None


def without_lstm(module: Module) -> Module:
    """Puts `OnnxLstm` in the place of every LSTM that it can stand for; changes `module`."""
    for part in list(module.modules()):
        for name, child in part.named_children():
            if isinstance(child, nn.LSTM) and _plain(child):
                setattr(part, name, OnnxLstm(child))
    return module


def _plain(lstm: nn.LSTM) -> bool:
    one = lstm.num_layers == 1 and not lstm.bidirectional and not lstm.proj_size
    return bool(one and lstm.bias and lstm.batch_first)


def _gates(rows: Tensor) -> Tensor:
    """torch's order of gates (input, forget, cell, output) to ONNX's (i, o, f, c)."""
    i, f, c, o = rows.chunk(4)
    return torch.cat([i, o, f, c])
