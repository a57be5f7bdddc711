"""A whole set through a model under capture, reduced batch by batch to what tables are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from sticc_lib.config import EvalConfig
from sticc_lib.explain import maps as derived
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.seen import Seen, see
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval.clips import Maps, batches, clips_of, ready, resolved
from sticc_lib.retrieval.embeddings import EmbeddingError
from sticc_lib.run import bar
from sticc_lib.tracklets.table import TrackletSet

EVEN = "even"
KINDS = ("share", "cells", "place", "weight", "frame", "clip", "likeness")
_Parts = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class Survey:
    """What a model's maps say of every tracklet of a set. Heads are averaged.

    Attributes:
        whose: the model in words.
        data: name of the set.
        policy: how tracklets were cut into clips, in words.
        grid: (h, w) of the tokens.
        tracklets: the rows of the set's table, N of them.
        clips: int [n], position in `tracklets` of each clip's tracklet.
        frames: a row a real frame of a clip, F of them: `tracklet`, `clip` (into `clips`), `time`
            (from 0, within the tracklet), `row` (of the set's `frames`), `visibility` where known.
            A frame that stands in two clips has two rows.
        shares: token-weight map -> float [N, L], its weight on each label of `walkers.LABELS`, and
            under `even` what a model gives that looks everywhere alike. Empty without masks.
        placed: token-weight map -> float [N, L], what its mean over the set would give: weight
            that lies where it always lies, whatever there is to see. Empty without masks.
        places: token-weight map -> float [tokens], that mean; sums to 1.
        weights: token-weight map -> float [F], its weight on the frame times the clip's number of
            frames, so that 1 is an even share.
        per_frame: float [F, ...] each: `rho` [F, S], again times the number of frames; `alpha`
            [F, S], the slot's largest weight on a token, and `token` [F, S], which one; `beta`
            [F, S]; `a` [F, M_s].
        per_clip: float [n, ...] each: `pi` [n, S], `b` [n, M_t], `gamma` [n, T].
        likeness: float [S, S], cosines between the slots' vectors z, mean over clips (what the
            diversity loss pushes down); None for a model without slots.
    """

    whose: str
    data: str
    policy: str
    grid: tuple[int, int]
    tracklets: pd.DataFrame
    clips: np.ndarray
    frames: pd.DataFrame
    shares: dict[str, np.ndarray]
    placed: dict[str, np.ndarray]
    places: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    per_frame: dict[str, np.ndarray]
    per_clip: dict[str, np.ndarray]
    likeness: np.ndarray | None

    def rows(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Values [r, ...] of `per_frame` or `per_clip`, and each row's tracklet position [r].

        Raises:
            CaptureError: the model has no such thing; names what it has.
        """
        if name in self.per_clip:
            return self.per_clip[name], self.clips
        if name in self.per_frame:
            return self.per_frame[name], self.clips[self.frames["clip"].to_numpy()]
        known = ", ".join([*self.per_frame, *self.per_clip])
        raise CaptureError(f"{self.whose} has no {name}; it has {known}")

    def mean(self, name: str) -> np.ndarray:
        """Mean over each tracklet's frames or clips: [N, ...]."""
        values, owner = self.rows(name)
        return _mean_by(values, owner, len(self.tracklets))


def survey(
    model: VideoModel,
    data: TrackletSet,
    config: EvalConfig,
    maps: Maps | None = None,
    progress: bool = True,
    whose: str = "",
) -> Survey:
    """One pass over a set under capture; only sums of the maps are kept.

    Args:
        model: any model with a map over frames and tokens; its mode is put back.
        data: all of its tracklets; take a split first.
        config: clip policy and frames at a time. CHOICE: `flip` does not count, a map belongs to
            the frames as they are.
        maps: what the frozen half gives for the frames of `data`, if it was kept.
        progress: show a bar.
        whose: the model in words.

    Raises:
        CaptureError: the model has no attention.
        EmbeddingError: no tracklets, or one without frames.
        PixelError: a frame cannot be read; names it.
    """
    if len(data) == 0:
        raise EmbeddingError(f"{data.name}: no tracklets to look at; is the split empty?")
    length, whose = model.spec.clip_length, whose or type(model).__name__
    config = resolved(model, config)
    rows, masks, counts = clips_of(data, length, config)
    found: list[_Parts] = []
    grid = (0, 0)
    with bar(progress, total=len(rows), desc=f"survey {data.name}", unit="clip") as meter:
        for batch in batches(counts, max(1, config.batch_frames // length)):
            grid, part = _seen(model, data, maps, rows[batch], masks[batch], whose)
            found.append(part)
            meter.update(len(masks[batch]))
    clips = np.repeat(np.arange(len(counts)), counts)
    kept: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in KINDS}
    for kind, name in found[0]:
        kept[kind][name] = np.concatenate([part[kind, name] for part in found])
    places = {name: value.mean(0) for name, value in kept["place"].items()}
    cells = [_mean_by(value, clips, len(data)) for value in kept["cells"].values()]  # [N L tokens]
    likeness = kept["likeness"].get("z")
    return Survey(
        whose=whose,
        data=data.name,
        policy=f"{config.policy}, T = {length}",
        grid=grid,
        tracklets=data.tracklets,
        clips=clips,
        frames=_frames(data, rows, masks, clips),
        shares={n: _mean_by(v, clips, len(data)) for n, v in kept["share"].items()},
        placed={n: cells[0] @ place for n, place in places.items() if cells},
        places=places,
        weights={n: v[masks] for n, v in kept["weight"].items()},
        per_frame={n: v[masks] for n, v in kept["frame"].items()},
        per_clip=kept["clip"],
        likeness=None if likeness is None else likeness.mean(0),
    )


def _seen(
    model: VideoModel, data: TrackletSet, maps: Maps | None, rows: np.ndarray, masks: np.ndarray,
    whose: str,
) -> tuple[tuple[int, int], _Parts]:  # fmt: skip
    """Clips of rows [K T] through the model; only sums come back: the maps of two never meet."""
    forward = partial(ready(model, data if maps is None else maps, rows, masks), False)
    labels = _labels(data, rows, model.spec.image_size)
    return _reduced(see(model, forward, masks, whose), labels)


def _reduced(seen: Seen, labels: np.ndarray | None) -> tuple[tuple[int, int], _Parts]:
    """The grid, and what is kept of a batch, by kind (of KINDS) and name; K clips first."""
    weights, kept = derived.token_weights(seen), {}
    frames = seen.mask.sum(1)[:, None]
    for name, weight in weights.items():
        kept["weight", name] = weight.sum(2) * frames
        kept["place", name] = weight.sum(1)
    if labels is not None:
        cells = derived.label_cells(labels, seen.grid)  # [K T L N]
        even = derived.uniform(seen)
        kept["cells", "labels"] = np.einsum("kt,ktln->kln", even.sum(2), cells)
        for name, weight in (weights | {EVEN: even}).items():
            kept["share", name] = np.einsum("ktn,ktln->kl", weight, cells)
    if derived.ALPHA in seen.maps:
        alpha = derived.attention(seen)  # [K T S N]
        kept["frame", "alpha"], kept["frame", "token"] = alpha.max(-1), alpha.argmax(-1)
    if "RV_FG" in seen.blocks and derived.RHO in seen.maps:
        kept["frame", "rho"] = derived.relevance(seen) * frames[..., None]
    taps = (("frame", "a", derived.A), ("frame", "beta", derived.BETA), ("clip", "pi", derived.PI),
            ("clip", "b", derived.B), ("clip", "gamma", derived.GAMMA))  # fmt: skip
    for kind, name, tap in taps:
        if tap in seen.maps:
            kept[kind, name] = seen.map(tap)
    if seen.slots is not None:
        unit = seen.slots / np.maximum(np.linalg.norm(seen.slots, axis=2, keepdims=True), 1e-12)
        kept["likeness", "z"] = unit @ unit.swapaxes(1, 2)
    return seen.grid, kept


def _labels(data: TrackletSet, rows: np.ndarray, size: tuple[int, int]) -> np.ndarray | None:
    """Label maps [K T H W] of frames given as rows [K T]; each is read once."""
    if data.masks is None:
        return None
    numbers, places = np.unique(rows, return_inverse=True)
    return data.read(numbers, size, masks=True)[places.reshape(rows.shape)]


def _frames(
    data: TrackletSet, rows: np.ndarray, masks: np.ndarray, clips: np.ndarray
) -> pd.DataFrame:
    clip, place = np.nonzero(masks)
    row = rows[clip, place]
    first = np.array([positions[0] for positions in data.frame_positions().values()])
    table = pd.DataFrame(
        {"tracklet": data.tracklets.index[clips[clip]], "clip": clip,
         "time": row - first[clips[clip]], "row": row}
    )  # fmt: skip
    if "visibility" in data.frames:
        table["visibility"] = data.frames["visibility"].to_numpy()[row]
    return table


def _mean_by(values: np.ndarray, owner: np.ndarray, count: int) -> np.ndarray:
    """Means of rows [r, ...] by owner: [count, ...]."""
    total = np.zeros((count, *values.shape[1:]))
    np.add.at(total, owner, values)
    number = np.bincount(owner, minlength=count)
    return total / np.maximum(number, 1).reshape(-1, *[1] * (values.ndim - 1))
