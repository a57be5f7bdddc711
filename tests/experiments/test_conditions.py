"""What a method is tested on: levels of occlusion, unseen conditions, real visits."""

import dataclasses

import numpy as np
import pytest

from sticc_lib.config import ConfigError
from sticc_lib.experiments import conditions, grid, session
from sticc_lib.models import zoo
from sticc_lib.retrieval.embeddings import Embeddings
from sticc_lib.retrieval.scores import summarise
from sticc_lib.tracklets.table import Rule


@pytest.fixture
def histogram(small):
    config = small(**{"model.name": "hsv_histogram"})
    return session.new_model(config, session.load_data(config)).eval()


@pytest.mark.parametrize("condition", ["walkers", "walkers_unseen_cameras"])
def test_walkers_are_scored_whole_and_by_level(histogram, small, condition):
    tested = conditions.walkers(histogram, small(), condition, progress=False)
    assert len(tested.level) == len(tested.query_person) == tested.scores.num_queries == 4 * 4 * 2
    assert set(tested.level) <= set(conditions.LEVELS)
    first = tested.scores.first_hit == 1
    for level in set(tested.level):
        share = first[tested.level == level].mean()
        assert tested.numbers[f"{level}.rank1"] == pytest.approx(share)
    assert tested.numbers["mAP"] == tested.scores.mAP
    assert f"{condition}.mAP" not in tested.numbers
    persons = tested.embeddings.tracklets["person"]
    np.testing.assert_array_equal(persons, tested.query_person)
    assert set(tested.embeddings.tracklets["split"]) == {"test"}


def visits(coloured):
    """Four persons, two visits each."""
    data = coloured(lengths=(3,))
    tracklets = data.tracklets.assign(visit=[f"v{n}" for n in data.tracklets.index], split="test",
                                      query=True, gallery=True)  # fmt: skip
    return dataclasses.replace(
        data, tracklets=tracklets, rule=Rule(same_camera_junk=False, exclude_same_visit=True)
    )


def test_visits_are_scored_by_crops_and_whole(histogram, coloured, small):
    tested = conditions.pets(histogram, visits(coloured), small(), progress=False)
    assert tested.numbers == {"frame_mAP": tested.scores.mAP, "visit_rank1": 1.0,
                              "frame_queries": 24, "visit_queries": 8}  # fmt: skip
    assert tested.level is None
    assert len(tested.query_person) == len(tested.scores.ap) == 24
    assert len(tested.embeddings) == 8


def made_up(level, ap, person):
    ap = np.asarray(ap, float)
    scores = summarise(ap, ap, np.where(np.isnan(ap), np.nan, np.where(ap == 1, 1, 9)))
    empty = Embeddings(np.zeros((0, 2), np.float32), np.zeros((0, 1)))
    return conditions.Tested(scores, empty, np.asarray(person), level and np.array(level), {})


def test_intervals_stand_over_persons_and_empty_levels_are_left_out():
    tested = made_up(["none", "none", "heavy", "medium"], [1, 0.5, 0.25, np.nan], [1, 1, 2, 2])
    real = made_up(None, [1.0, 1.0], [1, 2])
    found = conditions.intervals({"walkers": {"sticc": tested}, "pets": {"sticc": real}}, ("mAP",))
    assert found[["condition", "value"]].to_numpy().tolist() == [
        ["no occlusion", 0.75], ["heavy occlusion", 0.25], ["walkers", pytest.approx(1.75 / 3)],
        ["pets", 1.0],
    ]  # fmt: skip
    assert found["queries"].tolist() == [2, 1, 3, 2]
    whole = found.set_index("condition").loc["walkers"]
    assert (whole["low"], whole["high"]) == (0.25, 0.75)  # one person or the other


def test_a_checkpoint_is_tested_with_its_own_settings(small, trained):
    by_run = conditions.evaluate_checkpoint(str(trained), ["walkers"])
    best = trained / "checkpoints" / "sticc" / "best"
    assert by_run["walkers"].numbers == conditions.walkers(zoo.load(best)[0], small()).numbers
    flip = {"evaluate.flip": True}
    flipped = conditions.evaluate_checkpoint(str(best), ["walkers"], changes=flip)
    assert flipped["walkers"].numbers["mAP"] != by_run["walkers"].numbers["mAP"]


@pytest.mark.parametrize(
    ("checkpoint", "data", "changes", "message"),
    [
        ("", ["fog"], {}, "no data fog; known: walkers, .*, pets, pets_mot"),
        ("nowhere", ["walkers"], {}, "nowhere: no such checkpoint"),
        ("", ["walkers"], {"evaluate.flop": True}, "unknown name evaluate.flop"),
    ],
)
def test_what_cannot_be_tested_is_refused_first(
    trained, monkeypatch, checkpoint, data, changes, message
):
    best = trained / "checkpoints" / "sticc" / "best"
    monkeypatch.setattr(conditions, "shipped_checkpoint", lambda: best)
    monkeypatch.setattr(conditions, "walkers", lambda *_: pytest.fail("it was tested"))
    with pytest.raises(ConfigError, match=message):
        conditions.evaluate_checkpoint(checkpoint, data, changes=changes)


def test_sets_that_are_not_here_are_told(trained, monkeypatch):
    monkeypatch.setattr(conditions, "pets_sets", dict)
    with pytest.raises(ConfigError, match="data pets_mot is not on this machine"):
        conditions.evaluate_checkpoint(str(trained), ["pets_mot"])


@pytest.mark.long
def test_real_visits_have_sixteen_clean_crops():
    sets = conditions.pets_sets()
    assert "pets" in sets
    for data in sets.values():
        assert set(data.tracklets["num_frames"]) <= set(range(1, 17))
        assert data.frames["clean"].all()
        assert data.check().rule.exclude_same_visit


def test_each_model_is_tested_once_and_side_by_side_gives_the_same(small, monkeypatch):
    names = ["hsv_histogram", "frozen", "stripes"]
    config = small()
    models = {
        n: session.new_model(small(**{"model.name": n}), session.load_data(config)).eval()
        for n in names
    }
    alone = {n: conditions.walkers(m, config, progress=False) for n, m in models.items()}
    monkeypatch.setattr(grid.os, "cpu_count", lambda: 64)
    found = grid.in_threads(models, lambda m: conditions.walkers(m, config, progress=False))
    assert list(found) == names
    for name in names:
        assert found[name].numbers == alone[name].numbers
