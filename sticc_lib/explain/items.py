"""What is stored and who uses it: items of the two memories, slots, and their nearest tracklets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.survey import Survey
from sticc_lib.models.base import VideoModel
from sticc_lib.models.memory import Memory, information, largest_address

MEMORIES = {"spatial": "a", "temporal": "b", "slots": "pi"}
"""Memory -> the address a survey holds of it. Slots are used as much as their weight pi says."""
DEAD = 0.5
"""Share of the even address below which an item that is never the largest is dead. CHOICE: half;
an item at the even share may still blend into every read-out."""


def addresses(survey: Survey, memory: str) -> np.ndarray:
    """Addresses [r, M], a row a real frame (spatial) or a clip (temporal, slots).

    Raises:
        ValueError: no such memory.
        CaptureError: the model has no such memory.
    """
    if memory not in MEMORIES:
        raise ValueError(f"memory {memory!r} is none of {', '.join(MEMORIES)}")
    return survey.rows(MEMORIES[memory])[0]


def usage(survey: Survey, memory: str) -> pd.DataFrame:
    """How much each item is used, and by whom, a row an item.

    Returns:
        `mean` (address, mean over tracklets), `times even` (1: an even share), `largest` (share
        of tracklets in whose mean address it is the largest), `persons` and `cameras` (how many
        stand behind those), `entropy` (over persons, of who its mean address comes from, as a
        share of its largest value: 1 where all persons use it alike), `top persons` and `top
        cameras` (among the tracklets that use it most; CHOICE: as many tracklets as a person has,
        so that 1 says an item has memorised one person), and `dead` (see `dead_items`).
    """
    addresses(survey, memory)
    mean, table = survey.mean(MEMORIES[memory]), survey.tracklets
    items, largest = mean.shape[1], mean.argmax(1)
    each = max(1, int(table["person"].value_counts().median()))
    by_person = pd.DataFrame(mean).groupby(table["person"].to_numpy()).mean().to_numpy()  # [P M]
    parts = by_person / np.maximum(by_person.sum(0), 1e-12)
    entropy = -(parts * np.log(np.maximum(parts, 1e-12))).sum(0) / max(np.log(len(parts)), 1e-12)
    dead, rows = dead_items(survey, memory), []
    for item in range(items):
        mine = table[largest == item]
        top = table.iloc[np.argsort(-mean[:, item], kind="stable")[:each]]
        rows.append(
            {"mean": mean[:, item].mean(), "times even": mean[:, item].mean() * items,
             "largest": float((largest == item).mean()), "persons": mine["person"].nunique(),
             "cameras": mine["camera"].nunique(), "entropy": entropy[item],
             "top persons": top["person"].nunique(), "top cameras": top["camera"].nunique(),
             "dead": item in dead}
        )  # fmt: skip
    return pd.DataFrame(rows).rename_axis("item")


def usage_by(survey: Survey, memory: str, column: str) -> pd.DataFrame:
    """Mean address of each item [groups x items], by a column of the tracklets such as `camera`.

    Raises:
        ValueError: no such column; names those there are.
    """
    addresses(survey, memory)
    if column not in survey.tracklets:
        known = ", ".join(survey.tracklets.columns)
        raise ValueError(f"no column {column!r} in the tracklets of {survey.data}; known: {known}")
    mean = pd.DataFrame(survey.mean(MEMORIES[memory]), index=survey.tracklets.index)
    return mean.groupby(survey.tracklets[column], dropna=False).mean().rename_axis(columns="item")


def dead_items(survey: Survey, memory: str) -> list[int]:
    """Items that are the largest in no address, and below DEAD of the even one in the mean."""
    address = addresses(survey, memory)
    items = address.shape[1]
    used = np.bincount(address.argmax(1), minlength=items) > 0
    weak = address.mean(0) < DEAD / items
    return np.flatnonzero(~used & weak).tolist()


def summary(survey: Survey, model: VideoModel) -> pd.DataFrame:
    """What each memory stores and how it is used, a row a memory that the model has.

    Returns:
        `items`, `dead`, `information` (I(item; input) in nats; under `models.memory.DEAD` the
        memory gives one address whatever it sees), `most` (ln M, its ceiling), `kappa` (learnt
        scale), `largest` (largest address seen) and `allowed` (largest that kappa and M allow).

    Raises:
        CaptureError: the model has no memory.
    """
    rows = {}
    for memory in ("spatial", "temporal"):
        store = _memory(model, memory)
        if store is None:
            continue
        address, kappa = addresses(survey, memory), float(store.kappa.detach())
        items = address.shape[1]
        rows[memory] = {
            "items": items,
            "dead": len(dead_items(survey, memory)),
            "information": information(torch.from_numpy(address)),
            "most": float(np.log(items)),
            "kappa": kappa,
            "largest": float(address.max()),
            "allowed": largest_address(kappa, items),
        }
    if not rows:
        raise CaptureError(f"{type(model).__name__} has no memory; take a STICC with decoders both")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("memory")


def stored(model: VideoModel, memory: str) -> np.ndarray:
    """The values of a memory [M, width]: slot patterns (spatial) or frame patterns (temporal).

    Raises:
        CaptureError: the model has no such memory.
    """
    store = _memory(model, memory)
    if store is None:
        raise CaptureError(f"{type(model).__name__} has no {memory} memory")
    return store.values.detach().float().cpu().numpy()


def _memory(model: VideoModel, memory: str) -> Memory | None:
    """A decoder's memory, where the model has it."""
    return getattr(getattr(model, "abstraction", None), f"{memory}_memory", None)


def nearest(survey: Survey, memory: str, item: int, k: int = 16) -> pd.DataFrame:
    """The k tracklets that use an item most: `tracklet`, `address`, `person`, `camera`.

    Raises:
        ValueError: no such item; names the range.
    """
    count = addresses(survey, memory).shape[1]
    _in_range("item", item, count)
    mean = survey.mean(MEMORIES[memory])[:, item]
    order = np.argsort(-mean, kind="stable")[:k]
    rows = survey.tracklets.iloc[order]
    return pd.DataFrame(
        {"tracklet": rows.index, "address": mean[order], "person": rows["person"].array,
         "camera": rows["camera"].array}
    )  # fmt: skip


def nearest_patches(survey: Survey, slot: int, k: int = 16) -> pd.DataFrame:
    """The k tokens a slot looks at most, one a tracklet at most.

    Returns:
        `tracklet`, `time` (within it), `row` (of the set's `frames`, for reading), `token` (row
        by row over `survey.grid`), `alpha`, `person`, `camera`.

    Raises:
        CaptureError: a model without slots.
        ValueError: no such slot; names the range.
    """
    alpha, owner = survey.rows("alpha")
    _in_range("slot", slot, alpha.shape[1])
    order = np.argsort(-alpha[:, slot], kind="stable")
    first = np.unique(owner[order], return_index=True)[1]  # the best row of each tracklet
    best = order[np.sort(first)][:k]
    rows = survey.tracklets.iloc[owner[best]]
    found = survey.frames.iloc[best][["tracklet", "time", "row"]].reset_index(drop=True)
    return found.assign(
        token=survey.per_frame["token"][best, slot].astype(int), alpha=alpha[best, slot],
        person=rows["person"].array, camera=rows["camera"].array,
    )  # fmt: skip


def _in_range(what: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise ValueError(f"{what} {number} is outside 0..{count - 1}")
