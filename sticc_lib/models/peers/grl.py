"""GRL (CVPR 2021): a guide splits frames into what all share and the rest."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from sticc_lib import losses, processes
from sticc_lib.config import LossConfig
from sticc_lib.models.attention import Tap
from sticc_lib.models.base import ModelSpec, Output, VideoModel
from sticc_lib.models.peers.clips import cycled
from sticc_lib.models.peers.grl_losses import InstanceTable, pair_loss
from sticc_lib.models.peers.keys import keys_by_prefix, resnet_pairs
from sticc_lib.models.peers.quicker import make_pointwise
from sticc_lib.models.trunk import Trunk


class Grl(VideoModel):
    """Global-guided Reciprocal Learning, written from specs/peers/GRL.md.

    C is the trunk's width (2048); inner widths are the official shares of it. The third official
    part (`siamese_video`) is left out: its loss is computed but added nowhere.

    Args:
        trunk: frames to maps.
        spec: T, frame size; `distance` should be `dot`.
        persons: rows of the two tables that the identity losses compare with, in place of a
            classifier: one for frames and clips, one for the rest. They are buffers and so part of
            every checkpoint of ours; official checkpoints have none, and they start at zero.
        faithful: as the official code has it: the mean of the frames, last third of the embedding,
            is shorter than one and so counts less in the dot products. False: each third has
            length one.
    """

    whole_parts = ("pairs.",)

    def __init__(self, trunk: Trunk, spec: ModelSpec, persons: int, faithful: bool = True):
        super().__init__()
        self.trunk, self.spec, self.faithful = trunk, spec, faithful
        width = trunk.channels
        self.guide = Guide(width)
        self.forth, self.back = Recurrence(width), Recurrence(width)
        for part in (self.guide, self.forth, self.back):
            make_pointwise(part)
        self.shared_norm, self.rest_norm = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        self.attention = FrameAttention(width, width // 4)
        self.pairs = PairHead(width)
        self.shared_table = InstanceTable(width, persons)
        self.rest_table = InstanceTable(width, persons)

    @property
    def blocks(self) -> dict[str, slice]:
        """`rest` (x_un), `attended` and `mean` (of x_corr); C numbers each."""
        width = self.trunk.channels
        names = ("rest", "attended", "mean")
        return {name: slice(i * width, (i + 1) * width) for i, name in enumerate(names)}

    def forward_maps(self, maps: Tensor, mask: Tensor | None = None) -> Output:
        """Frozen maps [B T C' H' W'], mask [B T] -> Output with a 3C embedding.

        Padded frames become repeats of the real ones, as the official clips have it.
        `extras`, all of length one: `rest` x_un [B C], `frames` x_corr [B T C], `attended` [B C];
        while training `pairs` [B/2 B/2 2], clips 0, 2, .. (probes) against 1, 3, .. (gallery). Of
        several processes none has all clips here: `objective`, which does, then makes the pairs.
        """
        batch, time = maps.shape[:2]
        frames = self.trunk.trainable(cycled(maps, mask).flatten(0, 1)).unflatten(0, (batch, time))
        shared, rest = self.guide(frames)  # [B T C H W] each
        start = rest.mean(1)  # m0 [B C H W]
        onward, left = self.forth(shared, rest, start)
        homeward, right = self.back(shared.flip(1), rest.flip(1), start)
        x_shared = normalize(self.shared_norm((onward + homeward.flip(1)).flatten(0, 1)), dim=1)
        x_shared = x_shared.unflatten(0, (batch, time))  # x_corr [B T C]
        x_rest = normalize(self.rest_norm(left + right), dim=1)  # x_un [B C]
        attended = self.attention(x_shared)
        mean = x_shared.mean(1) if self.faithful else normalize(x_shared.mean(1), dim=1)
        out = Output(torch.cat([x_rest, attended, mean], 1), {"attended": attended})
        out.extras |= {"rest": x_rest, "frames": x_shared, "attended": attended}
        if self.training and processes.count() == 1:
            out.extras["pairs"] = self.pairs(attended[::2], attended[1::2])
        return out

    def objective(
        self, out: Output, persons: Tensor, settings: LossConfig
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Both tables' identity losses, same-person-or-not of all pairs, soft-margin triplet.

        Raises:
            ValueError: clips do not stand in pairs of one person (`train.sampler=pair`, or an even
                `train.tracklets`).
        """
        probes, gallery = persons[::2], persons[1::2]
        if not torch.equal(probes, gallery):
            raise ValueError(
                "grl needs clips in pairs of one person, side by side; set train.sampler to pair "
                "or train.tracklets to an even number"
            )
        rest, frames, attended = (out.extras[n].float() for n in ("rest", "frames", "attended"))
        owners = persons.repeat_interleave(frames.shape[1])
        pairs = out.extras.get("pairs")
        if pairs is None:
            pairs = self.pairs(attended[::2], attended[1::2])
        same = pairs.float().softmax(-1)[..., 1]  # [P G]
        return losses.summed({
            "id/frames": (1.0, self.shared_table(frames.flatten(0, 1), owners)),
            "id/attended": (1.0, self.shared_table(attended, persons)),
            "id/rest": (1.0, self.rest_table(rest, persons)),
            "pairs": (20.0, pair_loss(same, probes, gallery, self.faithful)),
            "triplet/attended": (1.0, losses.batch_hard_triplet(attended, persons, None)),
        })  # fmt: skip

    def after_step(self, out: Output, persons: Tensor) -> None:
        """Renews the tables: by the frames, then by the clips."""
        frames = out.extras["frames"]
        owners = persons.repeat_interleave(frames.shape[1])
        self.shared_table.update(frames.flatten(0, 1), owners)
        self.shared_table.update(out.extras["attended"], persons)
        self.rest_table.update(out.extras["rest"], persons)


class Guide(nn.Module):
    """GCE: how much each position has of what the whole clip shows, in (0, 1)."""

    def __init__(self, width: int):
        super().__init__()
        half, eighth = width // 2, width // 8
        self.describe = nn.Sequential(nn.Linear(width, half), nn.BatchNorm1d(half), nn.ReLU())
        self.correlate = nn.Sequential(
            nn.Conv2d(width + half, half, 1, bias=False),
            nn.BatchNorm2d(half),  # no ReLU behind it, as published
            nn.Conv2d(half, eighth, 1, bias=False),
            nn.BatchNorm2d(eighth),
            nn.ReLU(),
            nn.Conv2d(eighth, 1, 1, bias=False),
            nn.BatchNorm2d(1),
        )
        self.map = Tap("clip frame token")

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """X [B T C H W] -> X in what all frames share, X in the rest."""
        batch, time, _, height, breadth = frames.shape
        whole = self.describe(frames.mean((1, 3, 4)))[:, None, :, None, None]
        beside = torch.cat([frames, whole.expand(-1, time, -1, height, breadth)], 2)
        found = self.correlate(beside.flatten(0, 1)).sigmoid()  # M [B*T 1 H W]
        found = self.map(found.view(batch, time, -1)).view(batch, time, 1, height, breadth)
        return frames * found, frames * (1 - found)


class Recurrence(nn.Module):
    """TRL in one direction: a memory of the rest says which channels of a frame are new."""

    def __init__(self, width: int):
        super().__init__()
        small, inner = width // 16, width // 4
        self.old, self.new = (
            nn.Sequential(nn.Conv2d(width, width, 1), nn.ReLU()) for _ in range(2)
        )
        self.channels = nn.Sequential(
            nn.Linear(width, small, bias=False), nn.ReLU(), nn.Linear(small, width, bias=False)
        )
        self.update = nn.Sequential(
            nn.Conv2d(width, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.gate = Tap("clip step channel")

    def forward(self, shared: Tensor, rest: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """X_corr, X_un [B T C H W], m [B C H W] -> enhanced frames [B T C], last memory [B C]."""
        gates, news = [], self.new(shared.flatten(0, 1)).view_as(shared)
        for step in range(shared.shape[1]):
            differs = (self.old(memory) - news[:, step]).square().mean((2, 3))
            gates.append(self.channels(differs).sigmoid())  # from the memory before this frame
            memory = memory + rest[:, step]
            memory = torch.relu(memory + self.update(memory))
        gate = self.gate(torch.stack(gates, 1))  # [B T C]
        return shared.mean((3, 4)) * (1 + gate), memory.mean((2, 3))


class FrameAttention(nn.Module):
    """Frames attend to frames; the rows are summed and brought to length one."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        self.project = nn.ModuleDict()
        for name in ("query", "key", "value"):
            layer = nn.Linear(width, inner)
            nn.init.kaiming_uniform_(layer.weight, mode="fan_out")
            nn.init.zeros_(layer.bias)
            self.project[name] = nn.Sequential(layer, nn.BatchNorm1d(inner))
        # officially there, never used: kept so that checkpoints go in and out; it learns nothing
        self.project["value"].requires_grad_(False)
        self.weights = Tap("clip query frame")

    def forward(self, frames: Tensor) -> Tensor:
        """x_corr [B T C] -> [B C]."""
        flat = frames.flatten(0, 1)
        query = normalize(self.project["query"](flat), dim=1).view(*frames.shape[:2], -1)
        key = normalize(self.project["key"](flat), dim=1).view(*frames.shape[:2], -1)
        weights = self.weights((query @ key.mT).softmax(-1))  # [B T T], no scale
        return normalize((weights @ frames).sum(1), dim=1)


class PairHead(nn.Module):
    """Same person or not, from the squared difference of two clips."""

    def __init__(self, width: int):
        super().__init__()
        self.norm, self.classifier = nn.BatchNorm1d(width), nn.Linear(width, 2)
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, probes: Tensor, gallery: Tensor) -> Tensor:
        """[P C], [G C] -> logits [P G 2], the second: same person."""
        apart = (probes.unsqueeze(1) - gallery.unsqueeze(0)).square()  # [P G C]
        return self.classifier(self.norm(apart.flatten(0, 1))).unflatten(0, apart.shape[:2])


def official_keys(model: Grl) -> dict[str, str]:
    """Official key (`cnn.` and `siamese.` before it) -> our key, for a model over a ResNet-50."""
    block = "cnn.temporal_learning_block."
    pairs = [
        ("guide.describe.", "cnn.backbone.glo_fc."),
        ("guide.correlate.", "cnn.backbone.corr_atte."),
        ("shared_norm.", "cnn.corr_bn."),
        ("rest_norm.", "cnn.uncorr_bn."),
        ("pairs.norm.", "siamese.classifierBN."),
        ("pairs.classifier.", "siamese.classifierlinear."),
    ]
    steps = {0: "conv1", 1: "bn1", 3: "conv2", 4: "bn2", 6: "conv3", 7: "bn3"}
    for ours, way in (("forth.", "forward"), ("back.", "backward")):
        gate = way.replace("for", "fore")  # the official spelling
        pairs += [(f"{ours}old.", f"{block}{way}_f1."), (f"{ours}new.", f"{block}{way}_f2.")]
        pairs.append((f"{ours}channels.", f"{block}channel_atte_{gate}_corr."))
        update = f"{block}uncorr_memo_{way}."
        pairs += [(f"{ours}update.{i}.", f"{update}{name}.") for i, name in steps.items()]
    for ours, letter in (("query", "Q"), ("key", "K"), ("value", "V")):
        pairs.append((f"attention.project.{ours}.0.", f"siamese.feat{letter}."))
        pairs.append((f"attention.project.{ours}.1.", f"siamese.feat{letter}_bn."))
    trunk = resnet_pairs(model.trunk, "cnn.backbone.base.", numbered=True)
    found = keys_by_prefix(model, [*trunk, *pairs])
    return {key: ours for key, ours in found.items() if not ours.endswith("_table.table")}
