"""Marks of what runs are made from: equal while nothing changed, another one when it did."""

import dataclasses

import pytest

from sticc_lib.config import ConfigError, DataConfig
from sticc_lib.experiments import marks
from sticc_lib.tracklets.sources import pets2009
from sticc_lib.tracklets.table import DataError


def test_the_library_s_mark_changes_with_any_source_file(tmp_path, monkeypatch):
    home = tmp_path / "lib" / "experiments"
    home.mkdir(parents=True)
    (home / "a.py").write_text("one")
    monkeypatch.setattr(marks, "__file__", str(home / "marks.py"))
    first = marks.library_mark()
    (home / "__pycache__").mkdir()
    (home / "__pycache__/a.pyc").write_text("compiled")
    assert marks.library_mark() == first
    (home / "a.py").write_text("two")
    second = marks.library_mark()
    (home / "a.py").rename(home / "b.py")
    assert len({first, second, marks.library_mark()}) == 3


def test_drawn_data_need_no_look_and_embedded_ones_have_their_fingerprint():
    assert marks.data_mark(DataConfig()) == marks.data_mark(DataConfig(seed=5))
    assert marks.data_mark(DataConfig(name="pets2009")) == pets2009.load().fingerprint()


def test_rendered_data_change_with_their_assets(tmp_path):
    config = dataclasses.replace(
        DataConfig(name="walkers3d"), options={"assets": str(tmp_path / "assets")}
    )
    (tmp_path / "assets").mkdir()
    first = marks.data_mark(config)
    (tmp_path / "assets/body.obj").write_text("v")
    assert marks.data_mark(config) != first


def test_data_that_are_not_there_are_told():
    with pytest.raises(ConfigError, match=r"data\.name: 'nowhere' is none of walkers, walkers3d"):
        marks.data_mark(DataConfig(name="nowhere"))
    with pytest.raises(ConfigError, match=r"say where mars is, data\.root=FOLDER"):
        marks.data_mark(DataConfig(name="mars"))
    with pytest.raises((ConfigError, DataError), match="/nowhere"):
        marks.data_mark(DataConfig(name="mars", root="/nowhere"))
