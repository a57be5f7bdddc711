"""Fitting without labels: what varies within a person goes, what parts people stays."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.counting import adapt, calibrate
from sticc_lib.counting.evidence import Evidence, fragments_of
from sticc_lib.counting.features import unit
from sticc_lib.values import ConfigError


def video(people=6, tracks=12, noise=1.5, seed=0) -> Evidence:
    """Tracks side by side; people differ in 4 directions, light and pose vary in 8 others."""
    rng = np.random.default_rng(seed)
    who = rng.normal(size=(people, 4))
    rows, values = [], []
    for track in range(tracks):
        start = 1 + 20 * (track // people)
        for frame in range(start, start + 18):
            rows.append((frame, track, 100.0 * (track % people), 0.0, 20.0, 50.0))
    boxes = pd.DataFrame(rows, columns=["frame", "track", "x", "y", "w", "h"])
    boxes, fragments = fragments_of(boxes, 20)
    for track in boxes["track"]:
        values.append(np.append(who[track % people] + 0.1 * rng.normal(size=4),
                                noise * rng.normal(size=8)))  # fmt: skip
    order = np.argsort(boxes["fragment"].to_numpy(), kind="stable")
    owner = boxes["fragment"].to_numpy()[order]
    return Evidence(boxes, fragments, np.array(values, np.float32)[order], owner, 7.0)


def gap(metric, evidence: Evidence, people=6) -> float:
    """Mean distance of two people over that of one person's crops."""
    vectors = metric(evidence.values)
    far = 1 - vectors @ vectors.T
    person = evidence.track % people
    same = person[:, None] == person[None]
    return far[~same].mean() / far[same].mean()


@pytest.mark.parametrize("method", ["wccn", "lda"])
def test_a_fitted_metric_parts_people_better(method):
    evidence = video()
    plain, fitted = (adapt.fit_evidence(evidence, m, dimensions=4) for m in ("none", method))
    assert gap(fitted, evidence) > 2 * gap(plain, evidence)
    assert adapt.own_score(evidence, method) > adapt.own_score(evidence, "none")


def test_rows_have_length_one_and_the_scale_of_features_does_not_matter():
    evidence = video()
    metric = adapt.fit_evidence(evidence, "lda", dimensions=3)
    assert np.allclose(np.linalg.norm(metric(evidence.values), axis=1), 1, atol=1e-5)
    larger = evidence.with_values(7 * evidence.values)
    again = adapt.fit_evidence(larger, "lda", dimensions=3)
    assert np.allclose(again(larger.values) @ again(larger.values).T,
                       metric(evidence.values) @ metric(evidence.values).T, atol=1e-3)  # fmt: skip


def test_few_tracks_leave_features_as_they_come():
    few = video(people=2, tracks=4)
    assert adapt.fit_evidence(few, "lda").basis is None
    assert np.allclose(adapt.fit_evidence(few, "lda")(few.values), unit(few.values))
    assert "guess" in calibrate.from_video(video(people=1, tracks=1)).origin


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="ridge"):
        adapt.fit_evidence(video(), "lda", ridge=0)


def test_features_that_tell_people_apart_are_chosen():
    evidence = video()
    noise = np.random.default_rng(1).normal(size=evidence.values.shape).astype(np.float32)
    name, scores = adapt.choose({"noise": noise, "real": evidence.values}, evidence)
    assert name == "real"
    assert scores["real"] > scores["noise"]


def test_the_threshold_of_a_video_parts_its_own_tracks_from_strangers():
    cut = calibrate.from_video(video(noise=0.3))
    assert cut.same.mean() < cut.value < cut.different.mean()
    assert cut.error < 0.1
    assert cut.probability(cut.value) == pytest.approx(0.5)
    assert cut.probability(0.0) > 0.5 > cut.probability(2.0)
    assert "same" in str(cut)


def test_a_threshold_by_hand():
    cut = calibrate.cut(np.array([0.1, 0.2, 0.3]), np.array([0.7, 0.8]), "by hand")
    assert cut.value == pytest.approx(0.5)
    assert cut.error == 0
