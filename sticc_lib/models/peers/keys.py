"""Official parameter names from ours, by their beginnings."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from sticc_lib.models.trunk import Trunk

Pairs = Sequence[tuple[str, str]]


def keys_by_prefix(model: nn.Module, pairs: Pairs) -> dict[str, str]:
    """Official key -> our key, for every entry of the model's state dict.

    Args:
        pairs: (how our key begins, how the official one begins instead); the first that fits
            counts, so longer ones stand first; a key that none fits is the same in both.
    """
    found = {}
    for ours in model.state_dict():
        pair = next((p for p in pairs if ours.startswith(p[0])), ("", ""))
        found[pair[1] + ours.removeprefix(pair[0])] = ours
    return found


def resnet_pairs(trunk: Trunk, official: str, numbered: bool = False) -> Pairs:
    """Pairs for a ResNet trunk.

    Args:
        official: what stands before the trunk's parts, such as `base.`.
        numbered: parts are counted (0 conv, 1 BatchNorm, 4 to 7 stages), not named.
    """
    parts = ["0", "1", "4", "5", "6", "7"] if numbered else [
        "conv1", "bn1", "layer1", "layer2", "layer3", "layer4"]  # fmt: skip
    blocks = [f"trunk.frozen.{i}." for i in range(len(trunk.frozen))]
    blocks += [f"trunk.trainable.{i}." for i in range(len(trunk.trainable))]
    ours = [f"{blocks[0]}0.", f"{blocks[0]}1.", *blocks[1:]]
    return [(a, f"{official}{b}.") for a, b in zip(ours, parts, strict=True)]
