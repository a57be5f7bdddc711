"""Chooses the rules of counting on drawn scenes: `python benchmarks/count_scenes.py [scenes]`.

Prints the count error and F1 of each setting over scenes with several seeds, with tracks as they
are ("pure", broken off by chance) and as our tracker makes them ("raw", some of them mixed).
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from sticc_lib.counting import scenes
from sticc_lib.counting.adapt import own_score
from sticc_lib.counting.evidence import Evidence, fragments_of
from sticc_lib.counting.features import crop_features
from sticc_lib.counting.identify import CountSettings, identify
from sticc_lib.counting.scores import score_video
from sticc_lib.counting.tracking import short_tracks
from sticc_lib.experiments.counts import embedder

SETTINGS = {
    "frozen": CountSettings(adapt="none"),
    "wccn": CountSettings(adapt="wccn"),
    "lda": CountSettings(),
    "lda, no going on": CountSettings(go_on=0),
    "lda, ridge .01": CountSettings(ridge=0.01),
    "lda, ridge .5": CountSettings(ridge=0.5),
    "lda, 20 dimensions": CountSettings(dimensions=20),
    "lda, all counted": CountSettings(least_seconds=0),
    "lda, 1 s counted": CountSettings(least_seconds=1),
    "lda, threshold as found": CountSettings(steady=False),
    "lda, any track founds": CountSettings(least_track=0),
    "lda, 1 s founds": CountSettings(least_track=1),
    "lda, online": CountSettings(way="online"),
    "frozen, online": CountSettings(way="online", adapt="none"),
}


def sampled(boxes: pd.DataFrame, crops: int = 8) -> np.ndarray:
    """Rows of the boxes that crops are taken of: up to 8 a fragment, evenly spaced, by fragment."""
    rows = [
        mine[np.linspace(0, len(mine) - 1, min(crops, len(mine))).round().astype(int)]
        for mine in boxes.groupby("fragment").indices.values()
    ]
    return np.concatenate(rows)


def evidence_of(
    boxes: pd.DataFrame,
    pixels: np.ndarray,
    fps: float,
    kind: str,
    raw: bool,
    checkpoint: str = "",
) -> Evidence:
    """What a counter gets of boxes with persons; `raw` joins them by our own tracker.

    The checkpoint is of `sticc` among the features; by default the one for video.
    """
    boxes = boxes.assign(row=np.arange(len(boxes))).sort_values("frame", kind="stable")
    if raw:
        boxes = boxes.assign(track=short_tracks(boxes, fps)["track"].to_numpy())
    boxes, fragments = fragments_of(boxes, round(3 * fps))
    rows = sampled(boxes)
    owner = boxes["fragment"].to_numpy()[rows]
    model = embedder(kind, checkpoint)
    values = crop_features(pixels[boxes["row"].to_numpy()[rows]], owner, kind, model)
    return Evidence(boxes, fragments, values, owner, fps)


def scored(evidence: Evidence, settings: CountSettings) -> dict[str, float]:
    """The scores of one video whose boxes carry `person`."""
    found = identify(evidence, settings)
    boxes = evidence.boxes
    label = pd.factorize(boxes["person"], sort=True)[0] + 1
    samples = np.arange(1, boxes["frame"].max() + 1, round(3 * evidence.fps))
    row = score_video(found.sure()[boxes["fragment"]], boxes, label, boxes, samples)
    inside = found.low <= row["true U"] <= found.high
    return {**row, "threshold": found.cut.value, "covered": inside, "width": found.high - found.low}


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="?", type=int, default=8)
    parser.add_argument("--kind", default="stripes+hsv")
    parser.add_argument("--checkpoint", default="", help="of sticc; by default the one for video")
    chosen = parser.parse_args()
    rows = []
    for seed in range(1, chosen.scenes + 1):
        scene = scenes.load(scenes.SceneConfig(seed=seed, similar=seed % 2 == 0))
        for raw in (False, True):
            evidence = evidence_of(
                scene.boxes, scene.crops, scene.fps, chosen.kind, raw, chosen.checkpoint
            )
            own_of = {m: own_score(evidence, m) for m in ("none", "wccn", "lda")}
            for name, settings in SETTINGS.items():
                row, own = scored(evidence, settings), own_of[settings.adapt]
                rows.append({"tracks": "raw" if raw else "pure", "setting": name, **row, "own": own,
                             "bias": row["U"] - row["true U"]})  # fmt: skip
    table = pd.DataFrame(rows)
    columns = ["error U", "bias", "F1", "IDF1", "MAE present", "threshold", "covered", "width",
               "own"]  # fmt: skip
    order = {name: n for n, name in enumerate(SETTINGS)}
    means = table.groupby(["tracks", "setting"])[columns].mean()
    print(means.sort_index(key=lambda k: k.map(lambda n: order.get(n, n))).round(3).to_string())


if __name__ == "__main__":
    main()
