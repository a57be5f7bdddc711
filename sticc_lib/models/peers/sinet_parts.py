"""The three plug-ins of SINet's code base: SBM, IDM (CVPR 2022) and the statistic attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, normalize, pad

from sticc_lib.models.attention import Tap
from sticc_lib.models.peers.common import Plugin, silent

RUN = 4
"""Frames that the salient-to-broad module takes together."""


class SalientToBroad(Plugin):
    """SBM: what the first frames show best is suppressed in the later ones.

    Args:
        width: C; the gate's inner width is a quarter of it.
        position: number of the last of the first frames, 0 to 2.
        faithful: as officially; False guards the weighted mean against frames in which no
            position stands out, where the official code divides 0 by 0.
    """

    def __init__(self, width: int, position: int, faithful: bool = True, side: int = 3):
        super().__init__()
        inner = width // 4
        self.first, self.side, self.faithful = position + 1, side, faithful
        self.sharpness, self.share = 5.0, 0.1
        self.kernel = nn.Sequential(
            nn.Conv2d(width, side**2, 1), nn.BatchNorm2d(side**2), nn.ReLU()
        )
        self.se = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, inner, 1), nn.ReLU(),
            nn.Conv2d(inner, width, 1), nn.Sigmoid(),
        )  # fmt: skip
        _by_output(self)
        self.kept = Tap("clip frame token")

    def forward(self, maps: Tensor, time: int) -> Tensor:
        """[B*T C H W], T a multiple of 4 -> the same; its map is the share kept [B T N]."""
        runs = maps.unflatten(0, (-1, RUN))  # [R 4 C H W]
        first, later = runs[:, : self.first], runs[:, self.first :]
        gate = self.channels(runs)[:, None, :, None, None]
        keep = self.suppression(torch.relu(first * gate), torch.relu(later * gate))
        whole = torch.cat([keep.new_ones(*first.shape[:2], *keep.shape[2:]), keep], 1)
        shown = whole.flatten(0, 1).unflatten(0, (-1, time)).flatten(2)  # [B T N]
        whole = self.kept(shown).reshape(whole.shape)
        keep = whole[:, self.first :].unsqueeze(2)  # phi [R t_l 1 H W]
        mean = first.mean((1, 3, 4), keepdim=True)
        weight = (1 - keep).mean((1, 3, 4), keepdim=True)
        weight = weight if self.faithful else weight.clamp_min(1e-8)
        seen = ((1 - keep) * later).mean((1, 3, 4), keepdim=True) / weight
        both = [first + self.share * seen, later * keep + self.share * mean]
        return torch.cat(both, 1).flatten(0, 1)

    def channels(self, runs: Tensor) -> Tensor:
        """[R 4 C H W] -> [R C]: gate of the channels that are stronger inside than at the rim."""
        mean = runs.mean((1, 3, 4))
        # CHOICE: two rows (or columns) are all rim; in frames as small as that all of them count
        rows, columns = (slice(1, -1) if n > 2 else slice(None) for n in runs.shape[3:])
        inside = runs[..., rows, columns].mean((1, 3, 4)) / (mean + 1e-8)  # r_c
        central = (inside > 1).to(runs.dtype).detach()
        return self.se(mean[..., None, None]).flatten(1) * central

    def suppression(self, first: Tensor, later: Tensor) -> Tensor:
        """Gated [R t_f C H W], [R t_l C H W] -> phi [R t_l H W], 1 where nothing is suppressed."""
        count, height, breadth = first.shape[0], *first.shape[3:]
        maps = self.kernel(first.flatten(0, 1)).unflatten(0, (count, -1))
        maps = maps.transpose(2, 1).flatten(2)  # [R 9 P], P over frames and positions
        maps = normalize(normalize(maps, p=1, dim=1, eps=1e-12), p=1, dim=2, eps=1e-12)
        filters = first.transpose(1, 2).flatten(2) @ maps.mT  # [R C 9], one filter a run
        filters = filters.unflatten(2, (self.side, self.side))
        frames = pad(later.flatten(0, 1), [self.side // 2] * 4, mode="replicate")
        frames = frames.unflatten(0, (count, -1)).transpose(0, 1).flatten(1, 2)  # [t_l R*C . .]
        likeness = conv2d(frames, filters, groups=count).transpose(0, 1)  # [R t_l H W]
        weights = (likeness / self.side**2).flatten(2).softmax(-1).clamp_min(1e-4)
        rarity = (1 / (weights * height * breadth)).unflatten(2, (height, breadth))  # s
        salient = (rarity < 1).to(rarity.dtype).detach()
        # the mask stays inside: exp of a large s is infinite, and 0 * inf is no number
        return torch.exp(self.sharpness * salient * (rarity - 1))


class Integration(Plugin):
    """IDM: a low-rank exchange over all positions of all frames, the same for every clip.

    Args:
        width: C.
        positions: N, positions of a clip: T*H*W. The module fits no other clip.
        factor: N and C are divided by it.
    """

    def __init__(self, width: int, positions: int, factor: int = 16):
        super().__init__()
        narrow, few = width // factor, max(positions // factor, 1)
        self.chl_reduction = nn.Sequential(nn.Conv2d(width, narrow, 1), nn.BatchNorm2d(narrow))
        self.thw_reduction = nn.Sequential(nn.Conv1d(positions, few, 1), nn.BatchNorm1d(few))
        self.thw_expansion = nn.Sequential(nn.Conv1d(few, positions, 1))
        self.chl_expansion = nn.Sequential(nn.Conv2d(narrow, width, 1))
        _by_output(self)
        silent(self.chl_expansion[0])

    def forward(self, maps: Tensor, time: int) -> Tensor:
        """[B*T C H W] -> the same."""
        low = self.chl_reduction(maps)  # [B*T c H W]
        rows = low.unflatten(0, (-1, time)).permute(0, 1, 3, 4, 2)  # [B T H W c]
        flat = rows.flatten(1, 3)  # [B N c], positions as channels
        mixed = (self.thw_expansion(self.thw_reduction(flat)) + flat).view(rows.shape)
        mixed = mixed.permute(0, 1, 4, 2, 3).flatten(0, 1)
        return torch.relu(maps + self.chl_expansion(mixed))


class StatisticAttention(Plugin):
    """SA (TCSVT 2021): each position takes from the clip's mean, deviation and higher moments."""

    def __init__(self, width: int, shrink: int = 4):
        super().__init__()
        narrow = width // shrink
        self.down_channel = nn.Conv2d(width, narrow, 1)
        self.up_channel = nn.Sequential(nn.Conv2d(narrow, width, 1), nn.BatchNorm2d(width))
        for conv in (self.down_channel, self.up_channel[0]):
            nn.init.kaiming_normal_(conv.weight)  # type: ignore[arg-type]
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        silent(self.up_channel[1])
        self.weights = Tap("clip frame query statistic")

    def forward(self, maps: Tensor, time: int) -> Tensor:
        """[B*T C H W] -> the same; its map is [B T N 5], mean, deviation, 4th to 6th moment."""
        low = self.down_channel(maps)
        size = low.shape[2:]
        rows = low.unflatten(0, (-1, time)).flatten(3).transpose(2, 3)  # [B T N c]
        stats = self.statistics(rows.flatten(1, 2))  # [B 5 c]
        weights = self.weights((rows @ stats.mT.unsqueeze(1)).softmax(-1))
        taken = (weights @ stats.unsqueeze(1)).transpose(2, 3).flatten(0, 1)  # [B*T c N]
        return torch.relu(maps + self.up_channel(taken.unflatten(2, size)))

    @staticmethod
    def statistics(rows: Tensor) -> Tensor:
        """[B P c] -> five statistics over P, each of length one, [B 5 c]."""
        mean = rows.mean(1)
        apart = rows - mean.unsqueeze(1)
        deviation = apart.square().mean(1).sqrt()
        higher = [apart.pow(i).mean(1) / deviation.pow(i) for i in (4, 5, 6)]
        return normalize(torch.stack([mean, deviation, *higher], 1), dim=2)


def _by_output(model: nn.Module) -> None:
    """Convolutions N(0, sqrt(2 / (kernel * outputs))); biases stay as PyTorch draws them."""
    for part in model.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d):
            fan = part.weight[0, 0].numel() * part.out_channels
            nn.init.normal_(part.weight, std=(2 / fan) ** 0.5)
