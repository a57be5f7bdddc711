"""What each frame is worth, whether order matters, and what uniform weights would change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from sticc_lib.explain import maps as derived
from sticc_lib.explain.again import Again, drifts, filled, first_hits
from sticc_lib.explain.look import Look
from sticc_lib.explain.without import parts_of, without
from sticc_lib.models.base import VideoModel
from sticc_lib.retrieval.embeddings import Embeddings

ACTIONS = {
    "drop": "the frame is left out",
    "erase": "its pixels are the mean colour",
    "noise": "its pixels are noise",
    "swap": "it is a frame of another tracklet",
    "sibling": "it is another frame of the same tracklet, drawn at random",
    "duplicate": "it stands twice",
    "shuffle": "all frames stand in another order",
}
"""What is done to a frame. `sibling` is the baseline: what replacing a frame costs by itself."""


def frames_matter(
    model: VideoModel,
    look: Look,
    clip: int,
    other_frame: np.ndarray,
    gallery: Embeddings | None = None,
    shuffles: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Does each of ACTIONS to every real frame of a clip in turn, and runs the clip again.

    Args:
        model: the one the look was taken of.
        look: the tracklet.
        clip: which of its clips.
        other_frame: uint8 [3 H W], of another tracklet, sized as the look's frames.
        gallery: embeddings of the split by the same model and policy, this tracklet among them.
        shuffles: random orders of the frames.
        seed: of orders, siblings and noise.

    Returns:
        A row an action and frame (`frame` <NA> for a shuffle): `drift`, 1 - cosine with the clip's
        own embedding, and the same of each of `look.blocks`; with a gallery `rank before` and
        `rank`, of the tracklet's first true match (the tracklet's embedding with this clip
        changed). `<map> before` and `<map>`: the frame's weight in each token-weight map, times
        the number of frames, and the same of `relevance` (rho, mean over slots); of a model
        without token weights its weights of frames, if it has any. A dropped frame
        has none; of a duplicated one it is the first copy's. A clip of one real frame has no row
        for `drop`, a model that takes clips of one length only none for `duplicate`.

    Raises:
        ValueError: no such clip, or another frame of the wrong shape.
        CaptureError: another model than that of the look.
    """
    again = Again(model, look, clip)
    if other_frame.shape != again.frames.shape[1:]:
        raise ValueError(f"expected a frame {again.frames.shape[1:]}, got {other_frame.shape}")
    actions, orders, masks, features = _variants(again, look, other_frame, shuffles, seed)
    clips = torch.stack([features[torch.from_numpy(order)] for order in orders])
    before, seen = again.see(again.base[None], again.mask[None]), again.see(clips, masks)
    table = pd.DataFrame(actions, columns=["action", "frame"]).astype({"frame": "Int64"})
    for name, drift in drifts(seen.embeddings, again.original, look.blocks).items():
        table[name] = drift
    if gallery is not None:
        others = look.embeddings.sum(0) - look.embeddings[clip]
        whole = np.concatenate([again.original[None], seen.embeddings]) + others
        ranks = first_hits(gallery, look.tracklet, whole / len(look), model.spec.distance)
        table["rank before"], table["rank"] = ranks[0], ranks[1:]
    place = table["frame"].fillna(0).to_numpy(int)
    number = np.arange(len(table))
    single = table["frame"].notna().to_numpy()
    first, then = _frame_weights(before), _frame_weights(seen)
    for name in first:
        table[f"{name} before"] = np.where(single, first[name][0, place], np.nan)
        kept = single & (table["action"] != "drop").to_numpy()
        table[name] = np.where(kept, then[name][number, place], np.nan)
    return table


def _variants(
    again: Again, look: Look, other: np.ndarray, shuffles: int, seed: int
) -> tuple[list[tuple[str, int | None]], np.ndarray, np.ndarray, torch.Tensor]:
    """Actions [n]; which feature stands where [n, T+1]; masks [n, T+1]; the features.

    Every variant has one place more than the clip, for the duplicate; elsewhere it is padding. A
    model that takes no other length has neither.
    """
    rng, real = np.random.default_rng(seed), np.flatnonzero(again.mask)
    length, more = len(again.mask), int(again.model.any_length)
    siblings = _siblings(look, real, again, rng)
    new = np.concatenate(
        [filled(again.frames[:1], "mean", 1), filled(again.frames[:1], "noise", 1, seed),
         other[None], siblings]
    )  # fmt: skip
    features = torch.cat([again.base, again.features(new)])
    base = np.append(np.arange(length), [0] * more).astype(int)
    valid = np.append(again.mask, [False] * more).astype(bool)
    actions, orders, masks = [], [], []

    def add(action: str, frame: int | None, order: np.ndarray, mask: np.ndarray) -> None:
        actions.append((action, frame))
        orders.append(order)
        masks.append(mask)

    for number, frame in enumerate(map(int, real)):
        here = np.arange(len(base)) == frame
        if len(real) > 1:
            add("drop", frame, base, valid & ~here)
        for action, what in (("erase", 0), ("noise", 1), ("swap", 2), ("sibling", 3 + number)):
            add(action, frame, np.where(here, length + what, base), valid)
        if more:
            twice = np.insert(base[:-1], frame, frame)
            add("duplicate", frame, twice, np.insert(again.mask, frame, True))
    for _ in range(shuffles):
        order = base.copy()
        order[real] = rng.permutation(real)
        add("shuffle", None, order, valid)
    return actions, np.array(orders), np.array(masks), features


def _siblings(look: Look, real: np.ndarray, again: Again, rng: np.random.Generator) -> np.ndarray:
    """For each real frame another one of the tracklet [n 3 H W]; itself where there is only one."""
    pool = look.frames[look.mask]
    chosen = []
    for frame in real:
        different = (pool != again.frames[frame]).any((1, 2, 3))
        chosen.append(rng.choice(np.flatnonzero(different) if different.any() else len(pool)))
    return pool[chosen]


def _frame_weights(seen: derived.Seen) -> dict[str, np.ndarray]:
    """Each map's weight on each frame, times the clip's number of frames: [K T].

    Empty for a model without a map over frames: what a frame does can be measured all the same.
    """
    frames = seen.mask.sum(1)[:, None]
    try:
        found = {name: w.sum(2) * frames for name, w in derived.token_weights(seen).items()}
    except derived.CaptureError:
        found = {tap: seen.map(tap) * frames for tap, axes in seen.axes.items()
                 if axes == ("clip", "frame") and tap not in seen.idle}  # fmt: skip
    if "w_RG" in found:
        found["relevance"] = derived.relevance(seen).mean(2) * frames
    return found


def uniform_weights(
    model: VideoModel, look: Look, gallery: Embeddings | None = None
) -> pd.DataFrame:
    """What the learnt weights change: each of `without.PARTS` made uniform in turn.

    Args:
        model: the one the look was taken of.
        look: the tracklet; all of its clips count.
        gallery: embeddings of the split by the same model, this tracklet among them. They keep
            their learnt weights: only the query's are made uniform.

    Returns:
        A row a part that the model has (index `part`; none for other models than STICC): `drift`
        of the tracklet's embedding and of each block, and with a gallery `rank before` and `rank`
        of its first true match.
    """
    parts = parts_of(model)
    clips = [Again(model, look, clip) for clip in range(len(look))]
    original = look.embeddings.mean(0)
    every = [original]
    for part in parts:
        changed = without(model, part)
        every.append(np.mean([c.embed(c.base[None], model=changed)[0] for c in clips], axis=0))
    every = np.array(every)
    table = pd.DataFrame(
        drifts(every[1:], original, look.blocks), index=pd.Index(parts, name="part")
    )
    if gallery is not None:
        ranks = first_hits(gallery, look.tracklet, every, model.spec.distance)
        table["rank before"], table["rank"] = ranks[0], ranks[1:]
    return table
