"""Point files: written and read, and every way in which they may be wrong is named."""

import numpy as np
import pandas as pd
import pytest

from sticc_lib.counting.points import BoxSize, fit_size, read_points, to_boxes, write_points
from sticc_lib.run import data_dir
from sticc_lib.tracklets.table import DataError
from sticc_lib.values import ConfigError

POINTS = pd.DataFrame({"frame": [1, 1, 43], "x": [10.5, 300, 7], "y": [20.0, 400.25, 8]})


@pytest.mark.parametrize("separator", [" ", ","])
def test_what_is_written_is_read_with_empty_frames(tmp_path, separator):
    write_points(tmp_path / "video", POINTS, [1, 22, 43], separator)
    found = read_points(tmp_path / "video")
    pd.testing.assert_frame_equal(found, POINTS, check_frame_type=False)
    assert found.attrs["frames"] == [1, 22, 43]
    assert (tmp_path / "video" / "22.txt").read_text() == ""


@pytest.mark.parametrize("line", ["1;2", "1 2 3", "1", "nan 4", "1,inf", "a b", "1,,2"])
def test_a_line_that_does_not_fit_is_named(tmp_path, line):
    write_points(tmp_path, POINTS, [1, 22, 43])
    (tmp_path / "22.txt").write_text(f"1 2\n{line}\n")
    with pytest.raises(DataError, match=r"22\.txt line 2"):
        read_points(tmp_path)


def test_a_missing_frame_is_named(tmp_path):
    write_points(tmp_path, POINTS, [1, 22, 43, 64])
    (tmp_path / "43.txt").unlink()
    with pytest.raises(DataError, match=r"43\.txt is missing"):
        read_points(tmp_path)
    with pytest.raises(DataError, match=r"85\.txt is missing"):
        read_points(tmp_path, frames=[1, 22, 85])
    with pytest.raises(DataError, match="no point files"):
        read_points(tmp_path / "nowhere")


def test_points_that_cannot_be_read_again_are_not_written(tmp_path):
    with pytest.raises(DataError, match="row 2"):
        write_points(tmp_path, POINTS, [1, 22])
    with pytest.raises(DataError, match="row 0"):
        write_points(tmp_path, POINTS.assign(x=np.nan), [1, 43])
    with pytest.raises(ConfigError, match="separator"):
        write_points(tmp_path, POINTS, [1, 43], ";")


def test_boxes_stand_on_their_points_and_grow_towards_the_viewer():
    size = BoxSize(height=50, slope=0.1, at=0, aspect=0.4)
    boxes = to_boxes(pd.DataFrame({"frame": 1, "x": [100.0, 100], "y": [100.0, 300]}), size)
    assert boxes["h"].tolist() == [60, 80]
    assert (boxes["y"] + boxes["h"]).tolist() == [100, 300]
    assert (boxes["x"] + boxes["w"] / 2).tolist() == [100, 100]
    with pytest.raises(ConfigError, match="pixels tall"):
        to_boxes(POINTS, BoxSize(height=1, slope=-1))
    again = fit_size(boxes.assign(y=boxes["y"] + boxes["h"]), boxes)
    assert again.slope == pytest.approx(0.1)
    assert again.height + again.slope * (200 - again.at) == pytest.approx(70)


def test_our_points_of_pets_agree_with_its_boxes():
    points = pd.read_csv(data_dir() / "pets2009" / "points.csv")
    boxes = pd.read_csv(data_dir() / "pets2009" / "boxes.csv")
    assert sorted(points["frame"].unique()) == list(range(1, 779, 21))
    assert set(points["person"]) == set("ABCDEFGHIJK")
    assert not points.duplicated(["frame", "person"]).any()
    both = points.merge(boxes, on=["frame", "person"], suffixes=("", "_box"))
    seen = boxes[boxes["frame"].isin(points["frame"])][["frame", "person"]].drop_duplicates()
    assert len(seen.merge(points, on=["frame", "person"])) == len(seen)  # nobody was forgotten
    foot = np.hypot(both["x_box"] + both["w"] / 2 - both["x"],
                    both["y_box"] + both["h"] - both["y"])  # fmt: skip
    assert np.median(foot) < 2
    assert len(points) > len(seen)
