"""The shipped STICC: it loads, it is what its config says, and `quick` makes it again."""

import pytest

from sticc_lib.config import Config, from_dict
from sticc_lib.experiments.session import (
    checkpoint_for,
    evaluate_method,
    load_data,
    shipped_checkpoint,
    split_of,
    train_method,
)
from sticc_lib.models import zoo
from sticc_lib.presets import preset


def test_the_shipped_checkpoint_is_sticc_as_quick_has_it():
    _, config, facts = zoo.load(shipped_checkpoint())
    assert config.model == preset("quick").model
    assert config.train == preset("quick").train
    assert facts["persons"] == config.data.train_persons


def test_a_run_without_a_checkpoint_gets_the_shipped_one_and_is_told(tmp_path):
    path, sentence = checkpoint_for(tmp_path)
    assert path == shipped_checkpoint()
    assert "shipped" in sentence


@pytest.mark.long
def test_quick_training_reaches_what_the_shipped_weights_reach(tmp_path):
    config = from_dict(Config, {"threads": 1}, preset("quick"))
    data = load_data(config)
    again = train_method(config, tmp_path, data)
    shipped, _, facts = zoo.load(shipped_checkpoint())
    check = split_of(data, "val")
    stored = evaluate_method(shipped, check, config, progress=False)[1]
    made = evaluate_method(again.model, check, config, progress=False)[1]
    assert stored.mAP == pytest.approx(facts["validation"]["mAP"], abs=0.005)
    # other machines round otherwise; the spread between seeds is about 0.02
    assert made.mAP == pytest.approx(stored.mAP, abs=0.04)
