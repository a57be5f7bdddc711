"""One method from data to scores: what is trained on what, and which checkpoint is taken."""

import pytest

from sticc_lib.config import ConfigError
from sticc_lib.experiments import session
from sticc_lib.models import zoo


def test_a_method_learns_from_train_persons_and_validates_on_val_persons(small, tmp_path):
    config = small()
    data = session.load_data(config)
    done = session.train_method(config, tmp_path, data)
    assert done.model.persons == 6
    assert zoo.load(tmp_path / "best")[2]["data"] == session.split_of(data, "train").fingerprint()
    found, scores = session.evaluate_method(done.model, session.split_of(data, "val"), config)
    assert len(found) == scores.num_queries == 3 * 4 * 2
    assert {"mAP": scores.mAP, "rank1": scores.rank1} == {k: done.best[k] for k in ("mAP", "rank1")}


def test_a_set_without_validation_persons_keeps_the_last_weights(small, tmp_path):
    config = small()
    done = session.train_method(config, tmp_path, session.load_data(config).split("train"))
    assert done.best == {}
    last = zoo.load(tmp_path / "last")[0]
    assert zoo.weights_fingerprint(done.model) == zoo.weights_fingerprint(last)


def test_interrupted_it_goes_on_and_ends_the_same(small, tmp_path):
    whole = session.train_method(small(), tmp_path / "whole")
    session.train_method(small(), tmp_path / "broken", stop_at=4)
    resumed = session.train_method(small(), tmp_path / "broken")
    assert 0 < resumed.resumed_at <= 4
    assert resumed.log == whole.log
    assert zoo.weights_fingerprint(resumed.model) == zoo.weights_fingerprint(whole.model)


def test_a_split_without_queries_is_all_query_and_gallery(coloured):
    part = session.split_of(coloured(), "train")
    assert part.tracklets["query"].all()
    assert part.tracklets["gallery"].all()
    marked = coloured()
    marked.tracklets.loc[0, "query"] = True
    assert session.split_of(marked, "train").tracklets["query"].sum() == 1


def test_data_and_conditions_nobody_knows_are_refused(small):
    with pytest.raises(ConfigError, match=r"data.name: 'marss' is none of mars, lsvid"):
        session.load_data(small(**{"data.name": "marss"}))
    with pytest.raises(ConfigError, match=r"data.root: say where mars is"):
        session.load_data(small(**{"data.name": "mars"}))
    with pytest.raises(ConfigError, match="condition: 'fog' is none of walkers, "):
        session.load_data(small(), "fog")


def test_a_model_is_the_seeds(small):
    config, data = small(), session.load_data(small())
    prints = [
        zoo.weights_fingerprint(session.new_model(c, data)) for c in (config, config, small(seed=1))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_the_runs_own_checkpoint_goes_before_the_shipped_one(small, tmp_path, monkeypatch):
    shipped = tmp_path / "sticc"
    monkeypatch.setattr(session, "shipped_checkpoint", lambda method: tmp_path / method)
    with pytest.raises(ConfigError, match=r"no finished training of sticc in .* run notebook 03"):
        session.checkpoint_for(tmp_path)
    shipped.touch()
    assert session.checkpoint_for(tmp_path)[0] == shipped
    with pytest.raises(ConfigError, match="no finished training of mean_pool"):
        session.checkpoint_for(tmp_path, "mean_pool")
    folder = tmp_path / "checkpoints" / "sticc"
    config = small(**{"train.validate_every": 2})
    session.train_method(config, folder, stop_at=4)
    assert (folder / "best").exists()
    path, said = session.checkpoint_for(tmp_path)
    assert path == shipped, "half a training is no result"
    assert said.startswith("sticc: the shipped checkpoint")
    session.train_method(config, folder)
    path, said = session.checkpoint_for(tmp_path)
    assert path == folder / "best"
    assert "this run's own" in said
    assert zoo.load(path)[1] == config
