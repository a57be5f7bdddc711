"""STICC's decoders: relevance keeps detail (M3), two memories keep meaning (M4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sticc_lib.config import HeadConfig
from sticc_lib.floats import at_least_fp32
from sticc_lib.models.attention import Tap, masked_softmax
from sticc_lib.models.base import frame_mean, real_first
from sticc_lib.models.encoder import Evidence
from sticc_lib.models.memory import Memory


class DetailDecoder(nn.Module):
    """M3, relevance-guided: each slot over all frames, then the slots (sticc.md, M3)."""

    def __init__(self, config: HeadConfig):
        super().__init__()
        slots, channels = config.slots, config.channels
        self.kappa = nn.Parameter(torch.tensor(config.score_kappa))
        self.narrow = None
        if config.rg_pool == "concat":
            if channels % slots:
                raise ValueError(f"rg_pool=concat needs slots ({slots}) to divide C ({channels})")
            weight = torch.empty(slots, channels, channels // slots)
            self.narrow = nn.Parameter(nn.init.normal_(weight, std=channels**-0.5))
            self.kappa.requires_grad_(False)
        self.pi = Tap("clip slot")

    def forward(self, evidence: Evidence) -> tuple[Tensor, Tensor]:
        """-> RV_FG [B C] and the slots' vectors z [B S C]."""
        z = torch.einsum("bts,btsc->bsc", evidence.relevance, evidence.grid)
        if self.narrow is not None:
            return torch.einsum("bsc,scd->bsd", z, self.narrow).flatten(1), z
        wide, middle = at_least_fp32(z), at_least_fp32(z.mean(1, keepdim=True))
        likeness = nn.functional.cosine_similarity(wide, middle, dim=-1)
        pi = self.pi((self.kappa * likeness).softmax(-1))  # [B S]
        return torch.einsum("bs,bsc->bc", pi.to(z.dtype), z), z


class AbstractionDecoder(nn.Module):
    """M4, memory-guided: a spatial memory of slot patterns, a temporal one of frame patterns.

    See sticc.md, M4. The spatial memory is STMN's idea as stored attention (`attend`) or as
    stored distractors (`subtract`); the temporal one is STMN's.
    """

    def __init__(self, config: HeadConfig, clip_length: int):
        super().__init__()
        channels = config.channels
        self.spatial, self.temporal = config.spatial, config.temporal
        if config.spatial != "off":
            width = config.slots if config.spatial == "attend" else channels
            self.to_address = nn.Linear(channels, channels)
            self.spatial_memory = Memory(config.spatial_items, channels, width, config.kappa)
            self.a = Tap("clip frame item")
        if config.spatial == "attend":
            self.beta = Tap("clip frame slot")
        elif config.spatial == "subtract":
            self.distractor = nn.BatchNorm1d(channels)
            nn.init.zeros_(self.distractor.weight)  # starts without effect, as in STMN
        if config.temporal == "memory":
            self.lstm = nn.LSTM(channels, channels, batch_first=True)
            self.temporal_memory = Memory(
                config.temporal_items, channels, clip_length, config.kappa
            )
            self.b, self.gamma = Tap("clip item"), Tap("clip frame")

    @property
    def width(self) -> int:
        """How many vectors of C it gives."""
        return 1 if self.temporal == "off" else 2

    def forward(
        self, evidence: Evidence, mask: Tensor | None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """-> [r_sp, r_tm] each [B C] (r_sp alone with temporal=off), and the addresses."""
        addresses: dict[str, Tensor] = {}
        frames = self._frames(evidence.grid, mask, addresses)  # [B T C]
        parts = [frame_mean(frames, mask)]
        if self.temporal == "mean":
            parts.append(parts[0])
        elif self.temporal == "memory":
            parts.append(self._over_time(frames, mask, addresses))
        return parts, addresses

    def _frames(self, grid: Tensor, mask: Tensor | None, addresses: dict[str, Tensor]) -> Tensor:
        """f_t [B T C], the slots of a frame condensed under the spatial memory."""
        mean = grid.mean(2)
        if self.spatial == "off":
            return mean
        # only what learns from its rows (BatchNorm) must not see padded frames
        rows = mean[mask] if mask is not None and self.training else mean.flatten(0, 1)
        read, address = self.spatial_memory(self.to_address(rows))
        shape = mean.shape[:2]
        addresses["spatial"] = address  # rows: valid frames
        if mask is not None and not self.training:
            addresses["spatial"] = address[mask.flatten()]
        self.a(_placed(address, mask, shape))
        if self.spatial == "subtract":
            return mean - _placed(self.distractor(read), mask, shape).to(mean.dtype)
        beta = self.beta(_placed(read.softmax(-1), mask, shape))  # [B T S]
        return torch.einsum("bts,btsc->btc", beta.to(grid.dtype), grid)

    def _over_time(
        self, frames: Tensor, mask: Tensor | None, addresses: dict[str, Tensor]
    ) -> Tensor:
        """r_tm [B C]: frames weighted by a stored pattern, chosen by what an LSTM saw."""
        if mask is None:
            mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
        counts = mask.sum(1)
        order = real_first(mask)
        states = self.lstm(frames.gather(1, order.unsqueeze(2).expand_as(frames)))[0]  # [B T C]
        last = states[torch.arange(states.shape[0], device=states.device), counts - 1]
        pattern, address = self.temporal_memory(last)
        addresses["temporal"] = self.b(address)
        scores = _resized(pattern, counts, frames.shape[1])
        scores = torch.empty_like(scores).scatter(1, order, scores)  # back to the frames' places
        gamma = self.gamma(masked_softmax(scores, mask, dim=1))  # [B T]
        return torch.einsum("bt,btc->bc", gamma.to(frames.dtype), frames)


def _placed(rows: Tensor, mask: Tensor | None, shape: torch.Size) -> Tensor:
    """Rows of all frames [B*T K], or of the valid ones [n K], as [B T K], 0 where padded."""
    if mask is None:
        return rows.unflatten(0, shape)
    if rows.shape[0] == shape[0] * shape[1]:
        return rows.unflatten(0, shape) * mask.unsqueeze(2)
    full = rows.new_zeros(*shape, rows.shape[-1])
    full[mask] = rows
    return full


def _resized(pattern: Tensor, counts: Tensor, time: int) -> Tensor:
    """Patterns [B T0] stretched linearly to each clip's number of valid frames -> [B time].

    What `interpolate` does, for clips of different lengths at once and without asking which there
    are; what stands behind a clip's last valid frame has no meaning.
    """
    last = pattern.shape[1] - 1
    ratio = pattern.shape[1] / counts.to(pattern.dtype).unsqueeze(1)
    place = (torch.arange(time, device=counts.device) + 0.5) * ratio - 0.5  # in the pattern
    place = place.clamp(0, last)
    below = place.floor()
    share, index = place - below, below.long()
    above = pattern.gather(1, (index + 1).clamp_max(last))
    return pattern.gather(1, index) * (1 - share) + above * share
