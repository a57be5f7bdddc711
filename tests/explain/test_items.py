"""Usage of items: planted addresses are told apart, memorised and dead ones are named."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from spotlight import quiet, stirred

from sticc_lib.explain import items
from sticc_lib.explain.capture import CaptureError
from sticc_lib.explain.survey import Survey


def planted(address, slots=None):
    """A survey of clips of one frame: addresses [n, M]; persons 1 1 2 2 3 3 ..., cameras 1 2."""
    count = len(address)
    tracklets = pd.DataFrame(
        {"person": 1 + np.arange(count) // 2, "camera": 1 + np.arange(count) % 2},
        index=pd.RangeIndex(10, 10 + count, name="tracklet"),
    )
    frames = pd.DataFrame({"tracklet": tracklets.index, "clip": np.arange(count), "time": 0,
                           "row": np.arange(count)})  # fmt: skip
    per_frame = {} if slots is None else {"alpha": slots, "token": np.full(slots.shape, 3)}
    return Survey("planted", "made", "all", (2, 2), tracklets, np.arange(count), frames, {}, {},
                  {}, {}, per_frame, {"b": np.asarray(address, float)}, None)  # fmt: skip


MEMORISED = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], *[[0.1, 0.9, 0]] * 4])
"""Item 0 belongs to person 1, item 1 to the others, item 2 to nobody."""


def test_an_item_of_one_person_an_item_of_all_and_a_dead_one():
    table = items.usage(planted(MEMORISED), "temporal")
    assert table["largest"].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert table["persons"].tolist() == [1, 2, 0]
    assert table["top persons"].tolist()[:2] == [1, 1]  # as many tracklets as a person has: 2
    assert table["cameras"].tolist() == [2, 2, 0]
    assert table["dead"].tolist() == [False, False, True]
    assert table["mean"].sum() == pytest.approx(1)
    assert items.dead_items(planted(MEMORISED), "temporal") == [2]
    even = items.usage(planted(np.full((6, 3), 1 / 3)), "temporal")
    assert even["entropy"].tolist() == pytest.approx([1] * 3)
    assert even["times even"].tolist() == pytest.approx([1] * 3)
    assert not even["dead"].any()  # never the largest, but at the even share
    alone = np.array([[1.0, 0], [1, 0], *[[0.0, 1]] * 4])
    assert items.usage(planted(alone), "temporal")["entropy"][0] == pytest.approx(0)


def test_usage_by_camera_is_a_mean_address_and_sums_to_one():
    table = items.usage_by(planted(MEMORISED), "temporal", "camera")
    assert table.index.tolist() == [1, 2]
    np.testing.assert_allclose(table.sum(1), 1)
    assert table.loc[1, 0] == pytest.approx((0.9 + 0.1 + 0.1) / 3)
    with pytest.raises(ValueError, match="no column 'age' in the tracklets of made; known: person"):
        items.usage_by(planted(MEMORISED), "temporal", "age")


def test_the_nearest_tracklets_of_an_item_come_in_order():
    address = np.array([[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]])
    found = items.nearest(planted(address), "temporal", 0, k=2)
    assert found["tracklet"].tolist() == [11, 12]
    assert found["address"].tolist() == pytest.approx([0.9, 0.5])
    with pytest.raises(ValueError, match=r"item 2 is outside 0\.\.1"):
        items.nearest(planted(address), "temporal", 2)


def test_nearest_patches_hold_one_patch_a_tracklet_and_its_best():
    made = planted(MEMORISED, slots=np.array([[0.1], [0.3], [0.2], [0.9], [0.4], [0.5]]))
    twice = replace(made, clips=np.array([0, 0, 1, 1, 2, 2]))  # two clips a tracklet
    twice.frames["tracklet"] = made.tracklets.index[twice.clips]
    found = items.nearest_patches(twice, 0, k=3)
    assert found["tracklet"].tolist() == [11, 12, 10]
    assert found["alpha"].tolist() == [0.9, 0.5, 0.3]
    assert found["row"].tolist() == [3, 5, 1]
    assert found["token"].tolist() == [3, 3, 3]
    assert items.nearest_patches(twice, 0, k=99)["tracklet"].is_unique
    with pytest.raises(ValueError, match=r"slot 1 is outside 0\.\.0"):
        items.nearest_patches(twice, 1)


def test_information_runs_from_none_to_the_ceiling(tiny):
    model, share = tiny(spatial="off", temporal_items=3), 1 / 3
    for address, expected in ((np.eye(3), np.log(3)), (np.full((3, 3), share), 0)):
        row = items.summary(planted(np.tile(address, (2, 1))), model).loc["temporal"]
        assert row["information"] == pytest.approx(expected, abs=1e-5)
        assert row["most"] == pytest.approx(np.log(3))
    assert row["kappa"] == 5
    assert row["allowed"] == pytest.approx(1 / (1 + 2 * np.exp(-10)))


def test_all_of_it_works_on_a_model(tiny, coloured):
    model = stirred(tiny())
    found = quiet(model, coloured())
    for memory, width in (("spatial", 4), ("temporal", 3)):
        assert items.stored(model, memory).shape == (4, width)
    assert items.summary(found, model).index.tolist() == ["spatial", "temporal"]
    assert (items.summary(found, model)["largest"] <= 1).all()
    for memory in items.MEMORIES:
        assert items.usage(found, memory)["mean"].sum() == pytest.approx(1, abs=5e-3)
    assert items.nearest_patches(found, 3, k=5)["token"].between(0, 7).all()


def test_what_is_not_there_is_named(tiny, coloured):
    model = tiny(decoders="rg")
    found = quiet(model, coloured(), whose="tiny")
    with pytest.raises(CaptureError, match="tiny has no a; it has"):
        items.usage(found, "spatial")
    with pytest.raises(ValueError, match="memory 'episodic' is none of spatial, temporal, slots"):
        items.usage(found, "episodic")
    with pytest.raises(CaptureError, match="Sticc has no memory"):
        items.summary(found, model)
    with pytest.raises(CaptureError, match="Sticc has no spatial memory"):
        items.stored(model, "spatial")
