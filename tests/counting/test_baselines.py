"""The table of a video: the oracle has no error, floors are what they say."""

import numpy as np
import pandas as pd

from sticc_lib.counting.baselines import Truth, score_table
from sticc_lib.counting.evidence import Evidence, fragments_of


def test_oracle_sum_of_tracks_and_maximum_present():
    stays = [("A", 1, 12), ("A", 25, 38), ("B", 5, 30), ("C", 33, 40)]
    rows = [(f, t, 90.0 * t, 9.0, 20.0, 50.0, p)
            for t, (p, a, b) in enumerate(stays) for f in range(a, b + 1)]  # fmt: skip
    boxes = pd.DataFrame(rows, columns=["frame", "track", "x", "y", "w", "h", "person"])
    boxes, fragments = fragments_of(boxes, 10)
    owner = np.sort(boxes["fragment"].to_numpy())
    evidence = Evidence(boxes, fragments, np.ones((len(owner), 2), np.float32), owner, 5.0)
    truth = Truth(boxes.drop(columns="interval"), 10, 40)
    one = np.ones(len(fragments), int)
    table = score_table(evidence, {"one person": one}, truth)
    oracle = table.loc["oracle identities"]
    errors = [c for c in table if c.startswith(("error", "MAE", "MIAE", "MOAE", "curve"))]
    assert (oracle[errors].astype(float) == 0).all()
    assert oracle["F1"] == oracle["IDF1"] == 1
    assert table.loc["sum of short tracks", "U"] == 4
    assert table.loc["maximum present", "U"] == 2
    assert table.loc["one person", "error U"] == 2
    assert (table.attrs["true U"], table.attrs["true S"], table.attrs["true P"]) == (3, 2, 3)
