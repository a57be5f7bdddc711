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


@pytest.mark.parametrize(
    ("method", "seed"), [("sticc", 0), ("sticc", 1), ("sticc", 2), ("attention_pool_joint", 0)]
)
def test_a_shipped_checkpoint_is_its_method_as_quick_has_it(method, seed):
    _, config, facts = zoo.load(shipped_checkpoint(method, seed))
    quick = preset("quick", seed=seed, **{"model.name": method})
    assert config.model == quick.model
    assert config.train == quick.train
    assert config.seed == seed
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
