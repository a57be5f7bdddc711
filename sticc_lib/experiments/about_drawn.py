"""What notebook 01 asks of drawn people only: masks, occlusion, the harder tests, the anchors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from sticc_lib.experiments import conditions, session
from sticc_lib.experiments.opened import Answer, Opened
from sticc_lib.figures import data as figures
from sticc_lib.figures import sheets
from sticc_lib.tracklets.walkers import LABELS, LEVELS, occlusion_level

ANCHORS = ("hsv_histogram", "frozen")
REPEATED = 4
"""Tracklets on the sheets of the three tests."""


def is_drawn(opened: Opened) -> bool:
    """Whether it is known who is hidden by what."""
    return opened.data.masks is not None and "occlusion" in opened.data.tracklets


def most_hidden(opened: Opened) -> Answer:
    """For each kind of occluder the tracklet that is hidden most, with its masks."""
    if not is_drawn(opened):
        return None, "Nobody labelled its pixels: what hides whom is not known."
    train = opened.data.split("train")
    chosen = train.tracklets.groupby("occlusion")["visibility"].idxmin()
    return sheets.contact_sheet(train, chosen, masks=LABELS), ""


def occlusion(opened: Opened) -> Answer:
    """What hides people, and how much."""
    if not is_drawn(opened):
        return None, ""
    table = opened.data.tracklets
    levels, shown = occlusion_level(table["visibility"]), table["visibility"].mean()
    heavy = float((levels == "heavy").mean())
    hardest = table.groupby("occlusion")["visibility"].mean().idxmin()
    opened.numbers.update({"visibility": shown, "heavy_share": heavy})
    said = f"On average {shown:.0%} of a person shows. {heavy:.0%} of the tracklets are heavily "
    said += f"occluded: they show less than {LEVELS['medium']:.0%}. Most is hidden by *{hardest}*. "
    said += "A *walker* is the treacherous kind: it looks like a person, because it is one, the "
    said += "wrong one."
    return figures.occlusion(table, levels), said


def standard_test(opened: Opened) -> Answer:
    """Some occluded test tracklets."""
    return _condition(opened, "walkers")


def unseen_cameras(opened: Opened) -> Answer:
    """The same under cameras that training never shows."""
    return _condition(opened, "walkers_unseen_cameras")


def unseen_occluders(opened: Opened) -> Answer:
    """The same behind things that training never shows."""
    return _condition(opened, "walkers_unseen_occluders")


def anchors(opened: Opened) -> Answer:
    """Two methods that learned nothing about people, scored where that takes seconds."""
    from sticc_lib.models import zoo

    config = opened.config
    models = {name: zoo.build(name, 1, config=config.model) for name in ANCHORS}
    trunk = f"(Trunk: {config.model.trunk.name}, weights: {config.model.trunk.weights}.)"
    if opened.name == "pets2009":
        from sticc_lib.tracklets.sources import pets2009

        clean = pets2009.evenly_spaced_clean(opened.data, conditions.CROPS)
        scores = {name: conditions.pets(model, clean, config, progress=False).scores.mAP
                  for name, model in models.items()}  # fmt: skip
        opened.numbers.update({name: {"frame_mAP": score} for name, score in scores.items()})
        said = "Mean average precision of single crops over other visits."
        return pd.DataFrame({"frame mAP": scores}).round(3), f"{said} {trunk}"
    if not is_drawn(opened):
        return None, "Not scored here: `sticc compare` ranks its queries, with every method."
    val = session.split_of(opened.data, "val")
    found = {name: session.evaluate_method(model, val, config, progress=False)
             for name, model in models.items()}  # fmt: skip
    rank1 = {name: scores.rank1 for name, (_, scores) in found.items()}
    table = val.tracklets
    twins = int(table.groupby(["person", "camera"]).size().max())  # the rule removes them
    chance = twins * (table["camera"].nunique() - 1) / (len(val) - twins)
    opened.numbers.update({name: {"rank1": score} for name, score in rank1.items()})
    opened.numbers["chance"] = {"rank1": chance}
    alike = _same_camera(found["hsv_histogram"][0].values, table["camera"].to_numpy())
    said = f"Rank-1 of the {len(val)} validation queries across cameras; guessing would give "
    said += f"{chance:.3f}. By colour, the nearest tracklet of all was taken by the same camera in "
    said += f"{alike:.0%} of the cases; a measure blind to cameras would come near "
    return pd.DataFrame({"rank-1": rank1}).round(3), (
        said + f"{1 / table['camera'].nunique():.0%}. {trunk}"
    )


def _condition(opened: Opened, condition: str) -> Answer:
    """The sheet of a test; the same tracklets in each, so that they can be compared."""
    if opened.name != "walkers":
        return None, "It comes with one test." if condition == "walkers" else ""
    standard = opened.data.split("test")
    hidden = np.flatnonzero(standard.tracklets["occlusion"] != "none")[:REPEATED]
    data = standard
    if condition != "walkers":
        few = min(8, opened.config.data.test_persons) if "occluders" in condition else None
        part = replace(opened.config.data, **({"test_persons": few} if few else {}))
        data = session.load_data(replace(opened.config, data=part), condition)
    said = "" if "occluders" not in condition else (
        "The last sheet repeats the first, step for step, with other things in front: whatever a "
        "model loses there it loses to the occluder alone. (Each set numbers its persons from 1.)"
    )  # fmt: skip
    return sheets.contact_sheet(data, data.tracklets.index[hidden]), said


def _same_camera(vectors: np.ndarray, camera: np.ndarray) -> float:
    """Share of tracklets whose nearest neighbour is of their own camera."""
    nearest = (vectors @ vectors.T - 2 * np.eye(len(vectors))).argmax(axis=1)
    return float((camera[nearest] == camera).mean())
