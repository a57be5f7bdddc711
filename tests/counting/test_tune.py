"""Tuning to a video: the loss by hand, unknown pairs left alone, and a trunk that learns."""

import numpy as np
import pandas as pd
import pytest
import torch

from sticc_lib.counting import tune
from sticc_lib.counting.evidence import Evidence, fragments_of
from sticc_lib.counting.features import crop_features
from sticc_lib.values import ConfigError


def test_the_loss_by_hand():
    vectors = torch.tensor([[1.0, 0], [0.8, 0.6], [0, 1]])
    at_once = torch.tensor([[False, True], [True, False]])
    loss = tune.contrastive(vectors, torch.tensor([0, 0, 1]), at_once)
    near, far = np.exp(8.0), (np.exp(0.0), np.exp(6.0))
    by_hand = -np.mean([np.log(near / (near + f)) for f in far])
    assert float(loss) == pytest.approx(by_hand, rel=1e-4)


def test_pairs_of_which_nothing_is_known_do_not_count():
    vectors = torch.nn.functional.normalize(torch.randn(6, 4), dim=1)
    track = torch.tensor([0, 0, 1, 1, 2, 2])
    at_once = torch.zeros(3, 3, dtype=torch.bool)
    at_once[0, 1] = at_once[1, 0] = True
    loss = tune.contrastive(vectors, track, at_once)
    moved = torch.cat([vectors[:4], -vectors[4:]])
    assert torch.equal(loss, tune.contrastive(moved, track, at_once))
    assert float(tune.contrastive(vectors, track, at_once & False)) == 0


def test_a_few_steps_part_two_people_who_are_seen_at_once():
    rng = np.random.default_rng(0)
    rows = [(f, t, 90.0 * (t % 2), 0.0, 20.0, 50.0) for t in range(6)
            for f in range(1 + 8 * (t // 2), 9 + 8 * (t // 2))]  # fmt: skip
    boxes = pd.DataFrame(rows, columns=["frame", "track", "x", "y", "w", "h"])
    boxes, fragments = fragments_of(boxes, 8)
    order = np.argsort(boxes["fragment"].to_numpy(), kind="stable")
    owner, track = boxes["fragment"].to_numpy()[order], boxes["track"].to_numpy()[order]
    pixels = rng.integers(0, 60, (len(owner), 3, 128, 64)).astype(np.uint8)
    pixels[track % 2 == 1, 0, 40:60] += 30  # a faint reddish belt
    evidence = Evidence(boxes, fragments, crop_features(pixels, owner, "stripes"), owner, 5.0)
    model, held = tune.tune(pixels, evidence, steps=8, progress=False)
    tuned = crop_features(pixels, owner, "tuned", model)

    def margin(values):
        likeness = values @ values.T
        same = (track % 2)[:, None] == (track % 2)[None]
        return likeness[same].mean() - likeness[~same].mean()

    assert held.sum() == 2
    assert margin(tuned) > 1.5 * margin(evidence.values)
    assert 0 < tune.held_cut(evidence.with_values(tuned), held).value < 2
    again, _ = tune.tune(pixels, evidence, steps=8, progress=False)
    assert np.allclose(crop_features(pixels, owner, "tuned", again), tuned, atol=1e-5)


def test_a_video_of_one_person_cannot_be_tuned_to():
    boxes = pd.DataFrame(
        {"frame": range(1, 9), "track": 1, "x": 0.0, "y": 0.0, "w": 9.0, "h": 20.0}
    )
    boxes, fragments = fragments_of(boxes, 8)
    alone = Evidence(boxes, fragments, np.ones((8, 3), np.float32), np.zeros(8, int), 5.0)
    with pytest.raises(ConfigError, match="too few tracks"):
        tune.tune(np.zeros((8, 3, 128, 64), np.uint8), alone)
