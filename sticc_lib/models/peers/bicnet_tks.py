"""BiCnet-TKS (CVPR 2021): few frames seen large, many seen small, in parts that differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, normalize

from sticc_lib import losses
from sticc_lib.config import LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.common import Head, InsideResNet, refuse, refuse_shape, silent
from sticc_lib.models.peers.keys import keys_by_prefix

HIGH, LOW = (0, 4), (1, 2, 3, 5, 6, 7)
"""Frames of the large and of the small stream."""
ORDER = tuple((HIGH + LOW).index(frame) for frame in range(8))
"""Where frame 0, 1, .. stands when the large stream's frames come first."""
SINGLE_AXES = (
    ("TKS.conv", (3, 4)), ("TKS.fc", (2, 3, 4)),
    ("DAO.conv", (2, 3, 4)), ("conv1.", (2,)), ("layer", (2,)),
)  # fmt: skip
"""Axes of length one that official weights have beside ours, by the beginning of their key."""


class BicnetTks(InsideResNet):
    """Bilateral Complementary Network with TKS, written from specs/peers/BiCNet.md.

    Args:
        spec: T must be 8; a frame's height and width multiples of 64 (256x128 published).
        persons: classes of the identity loss.
        faithful: as the official code has it: while training, the shared BatchNorms see the large
            stream and then the small one, so that their statistics are renewed twice a step.
            CHOICE: False changes nothing: nothing else is odd, and one batch of two frame sizes
            has no other order.
        weights: of the ResNet, `imagenet` or `none`.

    Raises:
        ConfigError: another T or frame size.
    """

    def __init__(self, spec: ModelSpec, persons: int, faithful: bool = True, weights: str = "none"):
        height, width = spec.image_size
        problems = [f"clip_length {spec.clip_length}; expected 8"] * (spec.clip_length != 8)
        if height % 64 or width % 64:
            problems.append(f"frames of {height}x{width}; expected multiples of 64")
        refuse("bicnet_tks", problems)
        super().__init__(spec, weights)
        self.faithful = faithful
        self.lateral = nn.ModuleList(nn.Conv2d(c, 3 * c, 1, bias=False) for c in (256, 512, 1024))
        self.kernels = KernelSelection(512)
        self.diverse = DiverseAttention(1024, height // 32)
        self.head = Head(persons)

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frames [B 8 3 H W], mask [B 8] -> Output with a 2048 embedding, after the BatchNorm.

        Padded frames become repeats of the real ones. `extras`: `raw` [B 2048] before the
        BatchNorm, `parts`, three attentions over stripes [2B stripes] of the small stream.
        """
        refuse_shape("bicnet_tks", self.spec, maps)
        batch = len(maps)
        x = self.stem(cycled(maps, mask).flatten(0, 1)).unflatten(0, (batch, -1))
        high = x[:, list(HIGH)].flatten(0, 1)  # [B*2 64 H/4 W/4]
        low = max_pool2d(x[:, list(LOW)].flatten(0, 1), 2)  # [B*6 64 H/8 W/8]
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
        """[B*2 C H W] -> what the three small frames behind each large one get, [B*6 C H/2 W/2]."""
        width = high.shape[1]
        return self.lateral[number](max_pool2d(high, 2)).unflatten(1, (3, width)).flatten(0, 1)


class KernelSelection(nn.Module):
    """TKS: two kernels over time, near and far; the clip says which channel takes how much."""

    def __init__(self, width: int, inner: int = 32):
        super().__init__()
        # CHOICE: PyTorch's own initialisation; the official one of these layers is not recorded
        self.conv1 = nn.Conv1d(width, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv1d(width, width, 3, padding=2, dilation=2, bias=False)
        self.fc1 = nn.Sequential(nn.Linear(width, inner, bias=False), nn.BatchNorm1d(inner))
        self.fc2 = nn.Linear(inner, 2 * width, bias=False)
        self.W = silent(nn.BatchNorm2d(width))
        self.weights = Tap("clip kernel channel")

    def forward(self, high: Tensor, low: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """Large [B*2 C H W] and small [B*6 C H/2 W/2] stream -> the same."""
        cells = [avg_pool2d(high, 8), avg_pool2d(low, 4)]  # [B*t C h w]
        size = cells[0].shape[2:]
        large, small = (c.unflatten(0, (batch, -1)) for c in cells)
        x = torch.cat([large, small], 1)[:, list(ORDER)]  # [B 8 C h w], frames in their order
        rows = x.permute(0, 3, 4, 2, 1).flatten(0, 2)  # [B*h*w C 8]
        near, far = self.conv1(rows), self.conv2(rows)
        seen = (near + far).unflatten(0, (batch, -1)).mean((1, 3))  # [B C]
        share = self.fc2(torch.relu(self.fc1(seen))).unflatten(1, (2, -1)).softmax(1)
        share = self.weights(share)[:, :, None, :, None]  # [B 2 1 C 1]
        near, far = (y.unflatten(0, (batch, -1)) for y in (near, far))  # [B h*w C 8]
        mixed = (share[:, 0] * near + share[:, 1] * far).permute(0, 3, 2, 1)  # [B 8 C h*w]
        mixed = mixed.unflatten(3, size)
        large, small = (mixed[:, list(i)].flatten(0, 1) for i in (HIGH, LOW))
        high = high + self.W(interpolate(large, scale_factor=8))
        return high, low + self.W(interpolate(small, scale_factor=4))


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
        """Large [B*2 C H W], small [B*6 C H/2 W/2] -> the same, three attentions [2B stripes].

        Its map is [B 8 stripes], frames in their own order.
        """
        tall = avg_pool2d(high, 2).mean(3).mT.unflatten(0, (batch, -1))  # [B 2 stripes C]
        flat = low.mean(3).mT.unflatten(0, (batch, -1))  # [B 6 stripes C]
        thirds = [flat[:, j::3] for j in range(3)]  # small frames j and j + 3
        small = [thirds[0].mean(-1).softmax(-1), *(self.asked(i, thirds[i + 1]) for i in (0, 1))]
        every = torch.cat([tall.mean(-1).softmax(-1), torch.stack(small, 2).flatten(1, 2)], 1)
        every = self.weights(every[:, list(ORDER)])  # [B 8 stripes]
        lifted = self.read(0, every[:, list(HIGH)], tall)
        small = [every[:, [LOW[j], LOW[j + 3]]] for j in range(3)]
        gains = [self.read(j + 1, small[j], thirds[j]) for j in range(3)]
        gains = torch.stack(gains, 2).flatten(0, 2)  # [B*6 C]
        high, low = high + lifted.flatten(0, 1)[..., None, None], low + gains[..., None, None]
        return high, low, [weights.flatten(0, 1) for weights in small]

    def asked(self, number: int, stripes: Tensor) -> Tensor:
        """[B 2 stripes C] -> attention [B 2 stripes] from a learnt question."""
        parts = self.conv1[number]
        score = self.conv[number](stripes).squeeze(-1).flatten(0, 1)  # [B*2 stripes]
        return parts["bn"](parts["conv"](score)).softmax(-1).view(stripes.shape[:3])  # type: ignore[index]

    def read(self, number: int, weights: Tensor, stripes: Tensor) -> Tensor:
        """Weights [B 2 stripes], stripes [B 2 stripes C] -> what is added to the frames [B 2 C]."""
        rows = (weights.unsqueeze(2) @ stripes).squeeze(2)
        return self.W[number](rows.flatten(0, 1)).view_as(rows)


def part_divergence(parts: list[Tensor]) -> Tensor:
    """Attentions over stripes shall differ: how far from orthogonal their roots are.

    Args:
        parts: three of [rows stripes], each summing to 1; the first gets no gradient.
    """
    first, *others = (part.float() for part in parts)
    roots = [first.detach().sqrt(), *(p.sqrt() for p in others)]
    found = []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        both = torch.stack([roots[a], roots[b]], 1)  # [rows 2 stripes]
        apart = both @ both.mT - torch.eye(2, device=both.device)
        found.append(apart.flatten(1).norm(dim=1).mean() / 4)
    return torch.stack(found).mean()


def supervised_contrast(features: Tensor, persons: Tensor, scale: float = 16.0) -> Tensor:
    """What stands for the triplet on LS-VID: each pair of mates against all strangers.

    Args:
        features: [B C].
        persons: int64 [B].
        scale: what cosines are multiplied by.
    """
    unit = normalize(features.float(), dim=1)
    scores = scale * unit @ unit.T
    same = persons.unsqueeze(0) == persons.unsqueeze(1)
    others = scores.masked_fill(same, -torch.inf).logsumexp(1, keepdim=True)
    lost = torch.logaddexp(scores, others) - scores
    return lost[same & ~torch.eye(len(persons), dtype=torch.bool, device=persons.device)].mean()


def official_keys(model: BicnetTks) -> dict[str, str]:
    """Official key -> our key."""
    lateral = [(f"lateral.{i}.", f"layer{i + 1}_h2l.") for i in range(3)]
    parts = [("kernels.", "TKS."), ("diverse.", "DAO."), ("head.", "")]
    return keys_by_prefix(model, [*lateral, *parts])
