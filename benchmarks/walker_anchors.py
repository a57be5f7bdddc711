"""The anchors that set the difficulty of the drawn walkers, without any training.

Run `python benchmarks/walker_anchors.py`. Prints mean visibility and the rank-1 of models that
never learned on walkers, on all test persons across cameras: once under the set's own rule, and
once against other cameras only, where a camera's own look cannot mislead them.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from measured import tell

from sticc_lib.config import DataConfig, EvalConfig
from sticc_lib.models import zoo
from sticc_lib.retrieval import ranking
from sticc_lib.retrieval.embed import embed
from sticc_lib.tracklets import walkers
from sticc_lib.tracklets.table import TrackletSet

LIMITS = {"hsv_histogram": 0.10, "frozen": 0.10}
"""Rank-1 that each anchor has to stay below; a model not named here is shown for comparison."""
VISIBILITY = (0.72, 0.82)


def scores(name: str, data: TrackletSet) -> dict[str, float]:
    """Rank-1 and mAP of an untrained model under the set's rule and across cameras only."""
    made = embed(zoo.build(name, num_classes=1), data, EvalConfig(), progress=False)
    found = ranking.evaluate(made)
    camera, person = (data.tracklets[c].to_numpy() for c in ("camera", "person"))
    far = 1 - made.values @ made.values.T
    far[camera[:, None] == camera[None]] = np.inf
    nearest = far.argmin(1)
    return {
        "rank-1": found.cmc[0],
        "mAP": found.mAP,
        "rank-1, other cameras only": float((person[nearest] == person).mean()),
    }


def main() -> int:
    """Prints the table; 1 if an anchor is missed."""
    data = walkers.load(DataConfig()).split("test")
    shown = data.tracklets["visibility"].mean()
    table = pd.DataFrame({name: scores(name, data) for name in zoo.UNTRAINED}).T
    print(f"walkers version {walkers.WALKERS_VERSION}: {data}")
    print(f"mean visibility {shown:.3f} (to lie within {VISIBILITY[0]} and {VISIBILITY[1]})")
    print(table.round(4).to_string())
    for name, row in table.iterrows():
        tell(f"walker_anchors.{name}.rank1", row["rank-1"], "", most=LIMITS.get(str(name)))
    missed = [n for n, limit in LIMITS.items() if not table.loc[n, "rank-1"] < limit]
    missed += [] if VISIBILITY[0] <= shown <= VISIBILITY[1] else ["visibility"]
    print("missed: " + ", ".join(missed) if missed else "all anchors hold")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
