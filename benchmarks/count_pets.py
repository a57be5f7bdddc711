"""People of PETS2009 counted with each feature, before and after adaptation, and on held-out terms.

`python benchmarks/count_pets.py` prints, for the short tracks of boxes.csv ("pure") and for the
tracks that our tracker makes of the same boxes ("raw"): the count and identities; the same seen
causally (interval by interval); and how well visits are ranked when every track of the person asked
for was left out of the fit, for the plain figure is transductive. Nothing is chosen on it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from count_scenes import evidence_of, sampled

from sticc_lib.counting import adapt
from sticc_lib.counting.baselines import Truth, score_table
from sticc_lib.counting.evidence import Evidence
from sticc_lib.counting.features import crop_features, fragment_means, unit
from sticc_lib.counting.identify import CountSettings, Individuals, identify
from sticc_lib.counting.tune import held_cut, tune
from sticc_lib.run import data_dir
from sticc_lib.tracklets.crops import video_crops
from sticc_lib.tracklets.sources.pets2009 import read_boxes

KINDS = ("frozen", "stripes", "hsv", "stripes+hsv", "sticc", "sticc+hsv", "sticc+stripes+hsv")
FPS, FRAMES, STEP = 7.0, 795, 21


def visit_ap(evidence: Evidence, method: adapt.Method, leave_out: bool) -> float:
    """Mean average precision of fragments ranking those of other visits, person by person."""
    by = evidence.boxes.groupby("fragment")
    person, visit = by["person"].first().to_numpy(), by["visit"].first().to_numpy()
    number, at_once = adapt.track_numbers(evidence)
    means = fragment_means(unit(evidence.values), evidence.owner, len(person))
    found, metric = [], adapt.fit(evidence.values, number, at_once, method)
    for who in np.unique(person):
        if leave_out:
            keep = person[evidence.owner] != who
            names, mine = np.unique(number[keep], return_inverse=True)
            metric = adapt.fit(evidence.values[keep], mine, at_once[np.ix_(names, names)], method)
        vectors = metric(means)
        for row in np.flatnonzero(person == who):
            others = visit != visit[row]
            order = np.argsort(-(vectors[others] @ vectors[row]), kind="stable")
            right = (person[others] == who)[order]
            if right.any():
                found.append((np.cumsum(right)[right] / (np.flatnonzero(right) + 1)).mean())
    return float(np.mean(found))


def tuned(evidence: Evidence, pixels: np.ndarray) -> dict[str, Individuals]:
    """Counts after a minute of tuning: by the tracks held out of it, and with LDA on top."""
    crops = pixels[evidence.boxes["row"].to_numpy()[sampled(evidence.boxes)]]
    model, held = tune(crops, evidence, progress=False)
    found = {}
    for kind in ("tuned", "tuned+hsv"):
        now = evidence.with_values(crop_features(crops, evidence.owner, kind, model))
        cut = held_cut(now, held)
        found[f"{kind}, none"] = identify(now, CountSettings(adapt="none"), cut)
        found[f"{kind}, lda"] = identify(now, CountSettings())
    return found


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", default="pure,raw")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--tune", action="store_true", help="also tune the trunk (a minute)")
    chosen = parser.parse_args()
    folder = data_dir() / "pets2009"
    boxes = read_boxes(folder / "boxes.csv").reset_index(drop=True)
    pixels = np.moveaxis(video_crops(folder / "s2l1_view1.mp4", boxes, (128, 64), "").array, 3, 1)
    truth = Truth(boxes, STEP, FRAMES)
    for tracks in chosen.tracks.split(","):
        answers, ranked, evidence = {}, {}, None
        for kind in chosen.kinds.split(","):
            evidence = evidence_of(boxes, pixels, FPS, kind, tracks == "raw")
            for method in ("none", "wccn", "lda"):
                name = f"{kind}, {method}"
                settings = CountSettings(adapt=method)
                answers[name] = identify(evidence, settings)
                answers[f"{name}, causal"] = identify(evidence, replace(settings, way="online"))
                ranked[name] = {
                    "mAP": visit_ap(evidence, method, False),
                    "mAP, person left out": visit_ap(evidence, method, True),
                    "label-free score": adapt.own_score(evidence, method),
                }
        assert evidence is not None
        if chosen.tune:
            answers |= tuned(evidence, pixels)
        table = score_table(evidence, answers, truth)
        print(f"\n{tracks} tracks: {evidence.fragments['track'].nunique()}; {table.attrs}")
        print(table.astype(float).round(2).to_string())
        print(pd.DataFrame(ranked).T.round(3).to_string())


if __name__ == "__main__":
    main()
