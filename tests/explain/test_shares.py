"""Tables of a survey: planted shares and correlations come out as planted."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.explain.shares import by_kind, by_level, over_seeds, relevance_and_visibility
from sticc_lib.explain.survey import EVEN, Survey
from sticc_lib.tracklets.table import DataError

PERSON = 1


def planted(person=(0.8, 0.6, 0.4, 0.2), even=0.2, rho=None, visibility=None):
    """Four tracklets of one clip of four frames each: none, medium, medium, heavy."""
    count, time = 4, 4
    tracklets = pd.DataFrame(
        {"person": [1, 1, 2, 2], "camera": [1, 2, 1, 2], "visibility": [1.0, 0.8, 0.7, 0.3],
         "occlusion": ["none", "pole", "car", "car"]},
        index=pd.Index([5, 6, 7, 8], name="tracklet"),
    )  # fmt: skip
    share = np.zeros((count, 5))
    share[:, PERSON], share[:, 0] = person, 1 - np.array(person)
    area = np.tile([1 - even, even, 0, 0, 0], (count, 1))
    clip = np.repeat(np.arange(count), time)
    frames = pd.DataFrame({"tracklet": tracklets.index[clip], "clip": clip,
                           "time": np.tile(np.arange(time), count), "row": np.arange(16),
                           "visibility": np.full(16, 1.0) if visibility is None else visibility}
                          )  # fmt: skip
    rho = np.ones((16, 2)) if rho is None else rho
    return Survey("planted", "made", "all", (2, 2), tracklets, np.arange(count), frames,
                  {"w_RG": share, EVEN: area}, {"w_RG": area}, {"w_RG": np.full(4, 0.25)},
                  {"w_RG": rho[:, 0]}, {"rho": rho}, {}, None)  # fmt: skip


def test_levels_divide_the_tracklets_and_the_ratio_is_that_of_means():
    table = by_level(planted()).set_index("level")
    assert table.index.tolist() == ["none", "medium", "heavy"]
    assert table["n"].tolist() == [1, 2, 1]
    np.testing.assert_allclose(table["share"], [0.8, 0.5, 0.2])
    np.testing.assert_allclose(table["ratio"], [4, 2.5, 1])
    np.testing.assert_allclose(table["place"], 0.2)
    assert table.loc["medium", "sd"] == pytest.approx(np.std([0.6, 0.4], ddof=1))
    assert np.isnan(table.loc["none", "sd"])


def test_kinds_tell_of_every_label_and_divide_by_nothing_where_there_is_none():
    table = by_kind(planted()).set_index(["kind", "label"])
    assert table.index.get_level_values("kind").unique().tolist() == ["none", "car", "pole"]
    assert table.loc[("car", "target visible"), "share"] == pytest.approx(0.3)
    assert table.loc[("car", "background"), "share"] == pytest.approx(0.7)
    assert np.isnan(table.loc[("car", "occluder"), "ratio"])
    assert table.groupby("kind")["share"].sum().tolist() == pytest.approx([1, 1, 1])


def test_seeds_are_averaged_with_their_spread():
    tables = [by_level(planted(even=even)) for even in (0.1, 0.2, 0.3)]
    mean = over_seeds(tables)
    assert mean["even"].tolist() == pytest.approx([0.2] * 3)
    assert mean["even sd"].tolist() == pytest.approx([0.1] * 3)
    assert mean["share sd"].tolist() == pytest.approx([0] * 3)
    assert mean["n"].tolist() == [1, 2, 1]
    assert (mean["seeds"] == 3).all()
    assert over_seeds(tables[:1])["share sd"].isna().all()


def test_tables_of_different_rows_and_no_tables_are_refused():
    with pytest.raises(ValueError, match="no tables"):
        over_seeds([])
    with pytest.raises(ValueError, match="different rows"):
        over_seeds([by_level(planted()), by_level(planted()).iloc[::-1].reset_index(drop=True)])


def test_relevance_that_follows_visibility_correlates_and_steady_clips_do_not_count():
    shown = np.concatenate([[0.2, 0.4, 0.6, 0.8], [1, 0.9, 0.5, 0.1], np.full(8, 0.7)])
    rho = np.stack([shown * 2, -shown], 1) + 3
    table = relevance_and_visibility(planted(rho=rho, visibility=shown)).set_index("weight")
    assert table.loc["rho, slot 0", "correlation"] == pytest.approx(1)
    assert table.loc["rho, slot 1", "correlation"] == pytest.approx(-1)
    assert table.loc["rho, mean over slots", "correlation"] == pytest.approx(1)
    assert table.loc["w_RG of the frame", "correlation"] == pytest.approx(1)
    assert (table["n"] == 2).all()


def test_even_weights_have_no_correlation_at_all():
    shown = np.tile([0.2, 0.4, 0.6, 0.8], 4)
    table = relevance_and_visibility(planted(visibility=shown))
    assert table["correlation"].isna().all()
    assert (table["n"] == 0).all()


def test_sets_without_levels_kinds_or_visibility_are_told():
    bare = planted()
    for column, table in (("visibility", by_level), ("occlusion", by_kind)):
        del bare.tracklets[column]
        with pytest.raises(DataError, match=f"made: no column {column}"):
            table(bare)
    del bare.frames["visibility"]
    with pytest.raises(DataError, match="made: no visibility of frames"):
        relevance_and_visibility(bare)


def test_a_weight_that_goes_by_the_place_in_the_clip_is_told_from_one_that_sees():
    shown = np.concatenate([[0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.8, 0.6], np.full(8, 0.7)])
    sees, counts = shown * 2, np.tile([0.1, 0.2, 0.3, 0.4], 4)
    table = relevance_and_visibility(planted(rho=np.stack([sees, counts], 1), visibility=shown))
    table = table.set_index("weight")
    assert table.loc["rho, slot 0", "correlation"] == pytest.approx(1)
    assert table.loc["rho, slot 0", "place"] < 1
    assert table.loc["rho, slot 1", "correlation"] == pytest.approx(0.9)  # 1 and 0.8
    assert table.loc["rho, slot 1", "place"] == pytest.approx(0.9)
