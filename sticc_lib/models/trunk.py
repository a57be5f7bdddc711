"""Trunks: the networks that turn a frame into a map, in a frozen and a trainable half.

Only the trainable half is called while training; what the frozen half gives never changes and can
be cached (cache.py). The layers are torchvision's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sticc_lib.config import ConfigError, TrunkConfig
from sticc_lib.run import data_dir

EMBEDDED = "mobilenetv2_stride16.safetensors"


class Trunk(nn.Module):
    """A chain of blocks, cut in two.

    Args:
        blocks: frames [n 3 H W] through all of them give the map [n C H/stride W/stride].
        channels: C of the map.
        trainable: how many of the last blocks learn; -1 for all.

    Raises:
        ConfigError: more trainable blocks than there are.
    """

    def __init__(self, blocks: list[nn.Module], channels: int, stride: int, trainable: int):
        super().__init__()
        if not -1 <= trainable <= len(blocks):
            raise ConfigError(
                f"trunk.trainable_blocks: {trainable}; it has {len(blocks)} blocks (-1: all)"
            )
        cut = 0 if trainable == -1 else len(blocks) - trainable
        self.frozen = nn.Sequential(*blocks[:cut]).requires_grad_(False).eval()
        self.trainable = nn.Sequential(*blocks[cut:])
        self.channels, self.stride = channels, stride

    def forward(self, frames: Tensor) -> Tensor:
        """Normalised frames [n 3 H W] -> maps [n C H/stride W/stride]."""
        return self.trainable(self.frozen(frames))

    def train(self, mode: bool = True) -> Trunk:
        """The frozen half stays in eval mode: its BatchNorm statistics are part of the weights."""
        super().train(mode)
        self.frozen.eval()
        return self


def build_trunk(config: TrunkConfig, size: tuple[int, int]) -> Trunk:
    """Builds a trunk for frames of `size` (height, width).

    Raises:
        ConfigError: weights that this trunk does not have, or that cannot be had here.
    """
    if config.weights == "embedded" and config.name != "mobilenet_v2":
        raise ConfigError(
            f"trunk.weights: only mobilenet_v2 is embedded; for {config.name} use imagenet or none"
        )
    if config.weights == "imagenet" and config.name == "small":
        raise ConfigError("trunk.weights: the small trunk has no ImageNet weights; use none")
    builders: dict[str, Callable[[TrunkConfig, tuple[int, int]], Trunk]] = {
        "mobilenet_v2": _mobilenet,
        "resnet50": _resnet,
        "resnet18": _resnet,
        "vit_b16": _vit,
        "small": _small,
    }
    return builders[config.name](config, size)


def _mobilenet(config: TrunkConfig, size: tuple[int, int]) -> Trunk:
    """MobileNetV2 (arXiv 1801.04381) up to stride 16: features[0..13], 96 channels."""
    from torchvision.models import mobilenet_v2

    net = _fetched(mobilenet_v2, "MobileNet_V2_Weights", config)
    blocks = list(net.features.children())[:14]
    if config.weights == "embedded":
        _load_embedded(nn.ModuleDict({"features": nn.Sequential(*blocks)}))
    return Trunk(blocks, 96, 16, config.trainable_blocks)


def _resnet(config: TrunkConfig, size: tuple[int, int]) -> Trunk:
    """ResNet (arXiv 1512.03385) with last stride 1, as re-ID has it: stride 16."""
    from torchvision import models

    label = {"resnet50": "ResNet50_Weights", "resnet18": "ResNet18_Weights"}[config.name]
    net = _fetched(getattr(models, config.name), label, config)
    for module in net.layer4[0].modules():
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2):
            module.stride = (1, 1)
    stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
    channels = net.fc.in_features
    blocks = [stem, net.layer1, net.layer2, net.layer3, net.layer4]
    return Trunk(blocks, channels, 16, config.trainable_blocks)


def _vit(config: TrunkConfig, size: tuple[int, int]) -> Trunk:
    """ViT-B/16 (arXiv 2010.11929); position codes resampled to the frame's grid."""
    from torchvision.models import vit_b_16

    net = _fetched(vit_b_16, "ViT_B_16_Weights", config)
    grid = (size[0] // 16, size[1] // 16)
    encoder = net.encoder
    stem = _Patches(net.conv_proj, net.class_token, encoder.pos_embedding, grid)
    blocks = [stem, *encoder.layers.children()]
    blocks[-1] = nn.Sequential(blocks[-1], encoder.ln, _TokensToMap(grid))
    return Trunk(blocks, net.hidden_dim, 16, config.trainable_blocks)


def _small(config: TrunkConfig, size: tuple[int, int]) -> Trunk:
    """Four convolution blocks, 16-32-64-64 channels, stride 8: from scratch, for `smoke`."""
    widths, strides = (16, 32, 64, 64), (2, 2, 2, 1)
    blocks, previous = [], 3
    for width, stride in zip(widths, strides, strict=True):
        conv = nn.Conv2d(previous, width, 3, stride, 1, bias=False)
        blocks.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True)))
        previous = width
    return Trunk(blocks, previous, 8, config.trainable_blocks)


class _Patches(nn.Module):
    """Frame -> class token and patch tokens with position codes."""

    def __init__(self, conv: nn.Module, token: Tensor, position: Tensor, grid: tuple[int, int]):
        super().__init__()
        self.conv = conv
        self.token = nn.Parameter(token.detach().clone())
        side = int((position.shape[1] - 1) ** 0.5)
        square = position[:, 1:].detach().unflatten(1, (side, side)).permute(0, 3, 1, 2)
        square = nn.functional.interpolate(square, size=grid, mode="bicubic", antialias=True)
        position = torch.cat([position[:, :1].detach(), square.flatten(2).mT], dim=1)
        self.position = nn.Parameter(position)

    def forward(self, frames: Tensor) -> Tensor:
        tokens = self.conv(frames).flatten(2).mT  # [n N C]
        tokens = torch.cat([self.token.expand(tokens.shape[0], -1, -1), tokens], dim=1)
        return tokens + self.position


class _TokensToMap(nn.Module):
    """[n 1+N C] -> [n C H W], the class token dropped."""

    def __init__(self, grid: tuple[int, int]):
        super().__init__()
        self.grid = grid

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, 1:].mT.unflatten(2, self.grid)


def _fetched(builder: Callable, weights: str, config: TrunkConfig) -> Any:
    """A torchvision network, with its ImageNet weights when they are asked for."""
    net = builder(weights=None)
    if config.weights != "imagenet":
        return net
    from torchvision import models

    source = getattr(models, weights).IMAGENET1K_V1
    try:  # weights_only: what lies in the cache of torch's hub may be anybody's pickle
        net.load_state_dict(source.get_state_dict(check_hash=True, weights_only=True))
    except Exception as error:  # network, hash, a cut or foreign file: all have one remedy
        raise ConfigError(
            f"trunk.weights: ImageNet weights of {config.name} could not be fetched ({error!r}); "
            f"put {source.url} into {torch.hub.get_dir()}/checkpoints, or set trunk.weights to none"
        ) from None
    return net


def _load_embedded(features: nn.Module) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = data_dir() / "weights" / EMBEDDED
    if not path.exists():
        raise ConfigError(f"{path} is missing; restore it with git checkout")
    try:
        state = {name: value.float() for name, value in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path} is damaged; restore it with git checkout ({error})") from None
    missing = features.load_state_dict(state, strict=False)
    wrong = [k for k in missing.missing_keys if not k.endswith("num_batches_tracked")]
    if wrong or missing.unexpected_keys:
        raise ConfigError(
            f"{path} does not fit MobileNetV2: {wrong[:3] + missing.unexpected_keys[:3]}"
        )
