"""What notebook 01 shows of rendered people, from what the project ships: no assets needed."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sticc_lib.config import DataConfig
from sticc_lib.experiments import about_rendered
from sticc_lib.run import data_dir
from sticc_lib.tracklets import packed
from sticc_lib.tracklets.table import DataError


def test_strips_show_as_many_pictures_a_person_under_all_their_cameras():
    data = packed.load(data_dir() / about_rendered.SAMPLE)
    tiles = about_rendered.strips(data)
    assert tiles.shape == (about_rendered.SHOWN, about_rendered.PICTURES, 128, 64, 3)
    assert len(np.unique(tiles.reshape(len(tiles), -1), axis=0)) == about_rendered.SHOWN


def test_the_lens_is_each_cameras_own_and_repeats(monkeypatch):
    pytest.importorskip("numba")
    figure, said = about_rendered.lens()
    assert isinstance(figure, Figure)
    assert said == ""
    upper, lower = (np.asarray(i.get_array(), float) for i in figure.axes[0].images)
    assert np.abs(upper - lower).mean() > 3
    again = about_rendered.lens()[0]
    assert (np.asarray(again.axes[0].images[1].get_array()) == lower).all()
    monkeypatch.setattr(about_rendered, "find_spec", lambda name: None)
    assert about_rendered.lens() == (
        None,
        "The lens needs numba: `pip install 'sticc-lib[walkers3d]'`.",
    )


def test_a_missing_picture_says_how_to_get_it_back(monkeypatch, tmp_path):
    monkeypatch.setattr(about_rendered, "data_dir", lambda: tmp_path)
    with pytest.raises(DataError, match="restore it with git checkout"):
        about_rendered.lens()


def test_worlds_are_drawn_beside_rendered(monkeypatch, tmp_path):
    monkeypatch.setenv("STICC_CACHE", str(tmp_path))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    small = DataConfig(train_persons=4, val_persons=1, test_persons=1, cameras=2, frames=4)
    figure, _ = about_rendered.two_worlds(small)
    assert isinstance(figure, Figure)
    assert len(figure.axes[0].images) == 2
