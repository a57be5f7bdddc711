"""BiCnet-TKS (CVPR 2021): few frames seen large, many seen small, in parts that differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output
from sticc_lib.models.peers.bicnet_losses import part_divergence, supervised_contrast
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.common import HOSTS, Head, InsideResNet, refuse, refuse_shape, silent
from sticc_lib.models.peers.keys import keys_by_prefix
from sticc_lib.models.peers.quicker import stacked

RUN = 4
"""Of as many frames the first goes into the large stream, the rest into the small one."""
SINGLE_AXES = (
    ("TKS.conv", (3, 4)), ("TKS.fc", (2, 3, 4)),
    ("DAO.conv", (2, 3, 4)), ("conv1.", (2,)), ("layer", (2,)),
)  # fmt: skip
"""Axes of length one that official weights have beside ours, by the beginning of their key."""


class BicnetTks(InsideResNet):
    """Bilateral Complementary Network with TKS, written from specs/peers/BiCNet.md.

    Published for T = 8 and frames of 256x128. CHOICE: a clip of other length is a shorter or longer
    row of the same runs, one large frame and three small ones; in frames whose sides are no
    multiples of 64 the cells that time is looked at in are half as large.

    Args:
        spec: T must be a multiple of 4, a frame's height and width multiples of 32.
        persons: classes of the identity loss.
        faithful: as the official code has it: while training, the shared BatchNorms see the large
            stream and then the small one, so that their statistics are renewed twice a step.
            CHOICE: False changes nothing: nothing else is odd, and one batch of two frame sizes
            has no other order.
        weights: of the ResNet, `imagenet` or `none`.
        trunk: which ResNet; published is the first of HOSTS.

    Raises:
        ConfigError: another T or frame size.
    """

    any_length = False

    def __init__(
        self,
        spec: ModelSpec,
        persons: int,
        faithful: bool = True,
        weights: str = "none",
        trunk: str = HOSTS[0],
    ):
        time, (height, width) = spec.clip_length, spec.image_size
        problems = [f"clip_length {time}; expected a multiple of {RUN}"] * (time % RUN > 0)
        if height % 32 or width % 32:
            problems.append(f"frames of {height}x{width}; expected multiples of 32")
        refuse("bicnet_tks", problems)
        super().__init__(spec, weights, trunk=trunk)
        self.faithful = faithful
        first, second, third, last = self.widths
        crossings = (first, second, third)
        self.lateral = nn.ModuleList(nn.Conv2d(c, 3 * c, 1, bias=False) for c in crossings)
        self.kernels = KernelSelection(second, 4 if height % 64 or width % 64 else 8)
        self.diverse = DiverseAttention(third, height // 32)
        self.head = Head(persons, last)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frames [B T 3 H W], mask [B T] -> Output with a C embedding, after the BatchNorm.

        Padded frames become repeats of the real ones. `extras`: `raw` [B C] before the
        BatchNorm, `parts`, three attentions over stripes [B*T/4 stripes] of the small stream.
        """
        refuse_shape("bicnet_tks", self.spec, maps)
        batch = maps.shape[0]
        x = self.stem(cycled(maps, mask).flatten(0, 1)).unflatten(0, (batch, -1))
        high, low = apart(x)
        high = stacked(high)  # [B*T/4 64 H/4 W/4]
        low = max_pool2d(stacked(low), 2)  # [B*3T/4 64 H/8 W/8]
        attentions: list[Tensor] = []
        for number, stage in enumerate((self.layer1, self.layer2, self.layer3, self.layer4)):
            high, low = stage(high), stage(low)
            if number < len(self.lateral):
                low = low + self.crossing(number, high)
            if stage is self.layer2:
                high, low = self.kernels(high, low, batch)
            elif stage is self.layer3:
                high, low, attentions = self.diverse(high, low, batch)
        high, low = (s.amax((2, 3)).unflatten(0, (batch, -1)).mean(1) for s in (high, low))
        raw = (high + low) / 2
        out = Output(raw, extras={"raw": raw, "parts": attentions})
        out.embedding = self.head(raw, "clip", out)
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Identity, cosine triplet, and attentions of the small stream that differ.

        With `settings.contrast` the supervised contrast stands for the triplet, as on LS-VID.
        """
        feature = out.features["clip"]
        terms = {"id/clip": (1.0, losses.identity(out.logits["clip"], persons, 0.0))}
        if settings.contrast:
            terms["contrast/clip"] = 1.0, supervised_contrast(feature, persons)
        else:
            terms["triplet/clip"] = 1.0, losses.cosine_triplet(feature, persons, 0.5)
        terms["divergence"] = 0.01, part_divergence(out.extras["parts"])
        return losses.summed(terms)

    def crossing(self, number: int, high: Tensor) -> Tensor:
        """[n C H W] -> what the three small frames behind each large one get, [3n C H/2 W/2]."""
        width = high.shape[1]
        return stacked(self.lateral[number](max_pool2d(high, 2)).unflatten(1, (3, width)))


def apart(frames: Tensor) -> tuple[Tensor, Tensor]:
    """[B T ...] -> frames of the large stream [B T/4 ...] and of the small one [B 3T/4 ...]."""
    runs = frames.unflatten(1, (-1, RUN))
    return runs[:, :, 0], runs[:, :, 1:].flatten(1, 2)


def together(large: Tensor, small: Tensor) -> Tensor:
    """What `apart` has divided, in the order of frames [B T ...]."""
    runs = [large.unsqueeze(2), small.unflatten(1, (-1, RUN - 1))]
    return torch.cat(runs, 2).flatten(1, 2)


class KernelSelection(nn.Module):
    """TKS: two kernels over time, near and far; the clip says which channel takes how much.

    Args:
        width: C.
        cell: side of the cells of the large stream's maps that time is looked at in; half of it in
            the small stream's.
    """

    def __init__(self, width: int, cell: int = 8, inner: int = 32):
        super().__init__()
        self.cell = cell
        # CHOICE: PyTorch's own initialisation; the official one of these layers is not recorded
        self.conv1 = nn.Conv1d(width, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv1d(width, width, 3, padding=2, dilation=2, bias=False)
        self.fc1 = nn.Sequential(nn.Linear(width, inner, bias=False), nn.BatchNorm1d(inner))
        self.fc2 = nn.Linear(inner, 2 * width, bias=False)
        self.W = silent(nn.BatchNorm2d(width))
        self.weights = Tap("clip kernel channel")

    def forward(self, high: Tensor, low: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """Large [B*T/4 C H W] and small [B*3T/4 C H/2 W/2] stream -> the same."""
        cells = [avg_pool2d(high, self.cell), avg_pool2d(low, self.cell // 2)]  # [B*t C h w]
        size = cells[0].shape[2:]
        large, small = (c.unflatten(0, (batch, -1)) for c in cells)
        x = together(large, small)  # [B T C h w]
        rows = x.permute(0, 3, 4, 2, 1).flatten(0, 2)  # [B*h*w C T]
        near, far = self.conv1(rows), self.conv2(rows)
        seen = (near + far).unflatten(0, (batch, -1)).mean((1, 3))  # [B C]
        share = self.fc2(torch.relu(self.fc1(seen))).unflatten(1, (2, -1)).softmax(1)
        share = self.weights(share)[:, :, None, :, None]  # [B 2 1 C 1]
        near, far = (y.unflatten(0, (batch, -1)) for y in (near, far))  # [B h*w C T]
        mixed = (share[:, 0] * near + share[:, 1] * far).permute(0, 3, 2, 1)  # [B T C h*w]
        large, small = (y.flatten(0, 1) for y in apart(mixed.unflatten(3, size)))
        high = high + self.W(interpolate(large, scale_factor=self.cell))
        return high, low + self.W(interpolate(small, scale_factor=self.cell // 2))


class DiverseAttention(nn.Module):
    """DAO: three ways to weigh the stripes of a person, one for each third of the small frames.

    Args:
        width: C.
        stripes: rows of the small stream's map.
    """

    def __init__(self, width: int, stripes: int):
        super().__init__()
        self.conv = nn.ModuleList(nn.Linear(width, 1) for _ in range(2))
        self.conv1 = nn.ModuleList(
            nn.ModuleDict({"conv": nn.Linear(stripes, stripes), "bn": nn.BatchNorm1d(stripes)})
            for _ in range(2)
        )
        self.W = nn.ModuleList(silent(nn.BatchNorm1d(width)) for _ in range(4))
        self.weights = Tap("clip frame stripe")

    def forward(self, high: Tensor, low: Tensor, batch: int) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Large [B*R C H W], small [B*3R C H/2 W/2] -> the same, three attentions [B*R stripes].

        R = T/4. Its map is [B T stripes], frames in their own order.
        """
        tall = avg_pool2d(high, 2).mean(3).mT.unflatten(0, (batch, -1))  # [B R stripes C]
        flat = low.mean(3).mT.unflatten(0, (batch, -1))  # [B 3R stripes C]
        thirds = [flat[:, j::3] for j in range(3)]  # small frames j, j + 3, ..
        small = [thirds[0].mean(-1).softmax(-1), *(self.asked(i, thirds[i + 1]) for i in (0, 1))]
        every = together(tall.mean(-1).softmax(-1), torch.stack(small, 2).flatten(1, 2))
        large, rest = apart(self.weights(every))  # of [B T stripes]
        lifted = self.read(0, large, tall)
        small = [rest[:, j::3] for j in range(3)]
        gains = [self.read(j + 1, small[j], thirds[j]) for j in range(3)]
        gains = torch.stack(gains, 2).flatten(0, 2)  # [B*3R C]
        high, low = high + lifted.flatten(0, 1)[..., None, None], low + gains[..., None, None]
        return high, low, [weights.flatten(0, 1) for weights in small]

    def asked(self, number: int, stripes: Tensor) -> Tensor:
        """[B R stripes C] -> attention [B R stripes] from a learnt question."""
        parts = self.conv1[number]
        score = self.conv[number](stripes).squeeze(-1).flatten(0, 1)  # [B*R stripes]
        return parts["bn"](parts["conv"](score)).softmax(-1).view(stripes.shape[:3])  # type: ignore[index]

    def read(self, number: int, weights: Tensor, stripes: Tensor) -> Tensor:
        """Weights [B R stripes], stripes [B R stripes C] -> what is added to the frames [B R C]."""
        rows = (weights.unsqueeze(2) @ stripes).squeeze(2)
        return self.W[number](rows.flatten(0, 1)).view_as(rows)


def official_keys(model: BicnetTks) -> dict[str, str]:
    """Official key -> our key."""
    lateral = [(f"lateral.{i}.", f"layer{i + 1}_h2l.") for i in range(3)]
    parts = [("kernels.", "TKS."), ("diverse.", "DAO."), ("head.", "")]
    return keys_by_prefix(model, [*lateral, *parts])
