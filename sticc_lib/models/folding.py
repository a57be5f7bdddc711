"""BatchNorm as part of the convolution before it: fewer passes over memory, the same numbers."""

from __future__ import annotations

import copy
import itertools
from typing import TypeVar

import torch
from torch import nn

from sticc_lib.models.base import VideoModel

Module = TypeVar("Module", bound=nn.Module)


def fold_batchnorm(module: Module) -> Module:
    """A copy in eval mode with every convolution-BatchNorm pair folded into the convolution.

    Folds pairs that stand side by side in a Sequential, as in torchvision's MobileNetV2, and
    the named pairs of its ResNets. The caller answers for pairs being run one after the other.
    A BatchNorm without statistics of its own (it takes the batch's) stays.
    """
    module = copy.deepcopy(module).eval()
    for part in module.modules():
        children = list(part.named_children())
        for (name, first), (after, second) in itertools.pairwise(children):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                if second.running_mean is None or second.running_var is None:
                    continue
                setattr(part, name, torch.nn.utils.fusion.fuse_conv_bn_eval(first, second))
                setattr(part, after, nn.Identity())
    return module


def folded(model: VideoModel) -> VideoModel:
    """A copy in eval mode whose trunk has no BatchNorm left that can be folded.

    Only the trunk's two halves: their layers are torchvision's and run in order. What else a model
    holds may keep convolutions and norms side by side that do not follow one another.

    Args:
        model: stays as it is; one without a trunk of two halves is only copied.
    """
    held = copy.deepcopy(model).eval()
    for half in ("frozen", "trainable"):
        part = getattr(held.trunk, half, None)
        if isinstance(part, nn.Module):
            setattr(held.trunk, half, fold_batchnorm(part))
    return held.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
