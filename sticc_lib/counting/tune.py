"""Tuning the trunk to one video without labels: contrastive, about a minute (`--adapt tune`).

Positives are crops of one track, negatives crops of tracks seen at once with it; whoever else is
shown may be the same person and is left out (supervised contrastive, arXiv 2004.11362, with masks).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sticc_lib.counting.adapt import folds, thirds, track_numbers
from sticc_lib.counting.calibrate import Cut, cut
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.features import Pixels, unit
from sticc_lib.models import zoo
from sticc_lib.models.base import VideoModel, normalise
from sticc_lib.models.folding import fold_batchnorm
from sticc_lib.run import bar
from sticc_lib.values import ConfigError

BLOCKS = 7
"""Last blocks of the trunk that are tuned (7 to 13 of MobileNetV2's 14)."""
TRACKS, CROPS = 12, 4
"""Of a step: tracks, and crops of each."""
TEMPERATURE = 0.1
HELD = 5
"""One track in so many is held out of tuning, for the threshold."""


def tune(
    pixels: Pixels, evidence: Evidence, steps: int = 150, seed: int = 0, progress: bool = True
) -> tuple[VideoModel, np.ndarray]:
    """Tunes striped features of the frozen trunk.

    Args:
        pixels: crops of 128 x 64, in the order of the evidence's crops.
        evidence: its tracks and who was seen at once; its features do not count.
        steps: of 48 crops, 0.3 to 0.4 CPU seconds each.
        seed: of the batches.
        progress: show a bar.

    Returns:
        The model (use it with `features.crop_features(kind="tuned")`), and the tracks that it did
        not see, bool [tracks], for `held_cut`.

    Raises:
        ConfigError: fewer than two tracks seen at once: there is nothing to tell apart.
    """
    number, at_once = track_numbers(evidence)
    held = folds(number, HELD) == 0
    usable = ~held & (np.bincount(number) >= CROPS) & (at_once & ~held[None]).any(1)
    if usable.sum() < 2:
        raise ConfigError("too few tracks were seen at once to tune on; use --adapt lda")
    model = zoo.build("stripes", 1, trainable_blocks=BLOCKS)
    # BatchNorm folded: batches of few people would spoil its statistics
    model.trunk.trainable = fold_batchnorm(model.trunk.trainable).requires_grad_(True)
    maps = _maps(model, pixels)
    optimiser = torch.optim.AdamW(model.trunk.trainable.parameters(), 3e-4, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-4, total_steps=steps)
    rng = np.random.default_rng(seed)
    apart = torch.from_numpy(at_once)
    for _ in bar(progress, iterable=range(steps), desc="tune", unit="step"):
        rows = _batch(number, at_once, usable, rng)
        clips = maps[rows].float()
        if rng.random() < 0.5:
            clips = clips.flip(-1)
        vectors = nn.functional.normalize(model.forward_maps(clips[:, None]).embedding, dim=1)
        loss = contrastive(vectors, torch.from_numpy(number[rows]), apart)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.trunk.trainable.parameters(), 5.0)
        optimiser.step()
        schedule.step()
    return model.eval(), held


def contrastive(vectors: Tensor, track: Tensor, at_once: Tensor) -> Tensor:
    """Mean over pairs of one track of -log(e^s / (e^s + sum over those seen at once of e^s')).

    Args:
        vectors: [n, D], of length one; s is their cosine over TEMPERATURE.
        track: int64 [n].
        at_once: bool [tracks, tracks].
    """
    likeness = vectors @ vectors.mT / TEMPERATURE
    same = (track[:, None] == track[None]) & ~torch.eye(len(track), dtype=torch.bool)
    other = at_once[track][:, track]
    against = likeness.masked_fill(~other, -torch.inf).logsumexp(1, keepdim=True)
    lost = torch.logaddexp(likeness, against) - likeness
    counts = same & other.any(1, keepdim=True)
    return lost[counts].mean() if bool(counts.any()) else 0 * likeness.sum()


def held_cut(evidence: Evidence, held: np.ndarray) -> Cut:
    """The threshold on tracks that the tuning did not see, against all seen at once with them.

    Args:
        evidence: with the tuned features.
        held: bool [tracks], from `tune`.
    """
    number, at_once = track_numbers(evidence)
    kept, first, last = thirds(unit(evidence.values), number)
    distance = 1 - unit(first) @ unit(last).T
    mine = held[kept]
    different = distance[at_once[np.ix_(kept, kept)] & mine[:, None]]
    same = np.diag(distance)[mine]
    if not (len(same) and len(different)):
        raise ConfigError("no track was held out of the tuning; give a threshold")
    return cut(same, different, "tracks held out of the tuning, at equal cost")


def _maps(model: VideoModel, pixels: Pixels) -> Tensor:
    """What the frozen half gives: float16 [crops, C', H', W']."""
    frozen = fold_batchnorm(model.trunk.frozen).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pixels), 32):
            part = torch.from_numpy(np.ascontiguousarray(pixels[start : start + 32]))
            frames = normalise(part, model.spec).contiguous(memory_format=torch.channels_last)
            parts.append(frozen(frames).half())
    return torch.cat(parts).clone()


def _batch(
    number: np.ndarray, at_once: np.ndarray, usable: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Crops of one track and of those seen with it, of others where these are few; int [n]."""
    anchor = rng.choice(np.flatnonzero(usable))
    mates = rng.permutation(np.flatnonzero(usable & at_once[anchor]))
    rest = rng.permutation(np.flatnonzero(usable & ~at_once[anchor]))
    tracks = [anchor, *mates, *rest[rest != anchor]][:TRACKS]
    rows = [rng.choice(np.flatnonzero(number == t), CROPS, replace=False) for t in tracks]
    return np.concatenate(rows)
