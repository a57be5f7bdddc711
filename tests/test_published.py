"""Published recipes: sizes of the methods themselves, steps as counted, and how they are had."""

import dataclasses

import pytest
import torch

from sticc_lib.config import Config, ConfigError, TrainConfig, from_dict
from sticc_lib.models.peers import methods
from sticc_lib.presets import preset, steps_for, with_model
from sticc_lib.published import PUBLISHED
from sticc_lib.training.settings import check_augmentation, optimizer_for, rate


def recipe(name):
    return preset("paper", **{"model.name": name})


@pytest.mark.parametrize("name", methods.METHODS)
def test_sizes_are_the_methods_own_and_the_optimiser_finds_every_part_it_names(name):
    config, method = recipe(name), methods.METHODS[name]
    trunk = dataclasses.replace(config.model.trunk, weights="none")
    plain = dataclasses.replace(config.model, trunk=trunk)
    assert plain == method.paper(name)
    with torch.device("meta"):
        model = methods.build(method, plain, 625)
    groups = optimizer_for(model, config.train).param_groups
    assert {g["weight_decay"] for g in groups} == {config.train.weight_decay}
    slow = {g["peak"] for g in groups}
    assert slow == ({1e-3, 2e-3} if name == "grl" else {config.train.lr})
    if name == "grl":
        rates = {id(p): g["peak"] for g in groups for p in g["params"]}
        for key, parameter in model.named_parameters():
            if parameter.requires_grad:
                wanted = 1e-3 if key.startswith(("trunk.", "guide.")) else 2e-3
                assert rates[id(parameter)] == wanted, key
    check_augmentation(config.train, from_maps=False)


@pytest.mark.parametrize(
    ("name", "epochs", "batches"),
    [
        ("psta", 500, 625 // 8),  # each person once an epoch
        ("stmn", 200, 625 // 8),
        ("grl", 60, 8298 * 2 // 16),  # each tracklet with a mate
        ("bicnet_tks", 150, 115),  # 8298 tracklets less 625 rests of 1.5, 64 a batch
        ("sinet", 160, 230),
        ("msinet", 350, 115),
        ("ap3d", 240, 230),
    ],
)
def test_steps_are_epochs_times_batches_of_mars(name, epochs, batches):
    config = recipe(name)
    assert steps_for(config) == epochs * batches
    assert config.train.persons * config.train.tracklets in (16, 32, 64)


def test_schedules_fall_at_the_published_epochs():
    config = recipe("psta")
    epoch, total = 78, steps_for(config)
    rates = [rate(e * epoch, total, config.train) for e in range(500)]
    assert rates[0] == pytest.approx(0.01, abs=0.002)
    for e, wanted in ((10, 1), (69, 1), (71, 0.3), (141, 0.09), (211, 0.027), (411, 0.3**5)):
        assert rates[e] == pytest.approx(wanted), e
    config = recipe("grl")
    rates = [rate(e * 1037, steps_for(config), config.train) for e in range(60)]
    assert [rates[e] for e in (0, 14, 15, 30, 45)] == pytest.approx([1, 1, 0.1, 0.01, 0.001])


def test_overrides_go_over_a_recipe_and_other_presets_share_sticcs():
    config = preset("paper", **{"model": {"name": "stmn"}, "train.lr": 3e-4, "data.root": "x"})
    assert (config.train.lr, config.train.sampler, config.model.clip_length) == (3e-4, "id", 6)
    assert config.data.root == "x"
    adapted = preset("quick", **{"model.name": "stmn"})
    assert adapted.train == preset("quick").train == TrainConfig()
    assert adapted.model.head == preset("quick").model.head
    assert preset("paper", **{"model.name": "mean_pool"}).train == preset("paper").train


def test_another_model_takes_its_own_recipe_and_keeps_what_was_changed():
    base = preset("paper", seed=3, **{"data.val_share": 0.1})
    base = from_dict(Config, {"train.bf16": "off"}, base)
    config = with_model(base, "psta", **{"train.lr": 1e-3})
    wanted = preset("paper", seed=3, **{
        "model.name": "psta", "data.val_share": 0.1, "train.bf16": "off", "train.lr": 1e-3,
    })  # fmt: skip
    assert config == wanted
    assert with_model(config, "sticc", **{"train.lr": 3.5e-4}) == base
    quick = preset("quick")
    assert with_model(quick, "psta") == from_dict(Config, {"model.name": "psta"}, quick)
    with pytest.raises(ConfigError, match=r"unknown name train\.rate"):
        with_model(base, "psta", **{"train.rate": 1})


def test_there_is_a_recipe_for_every_method():
    assert set(PUBLISHED) == {*methods.METHODS, "pat"}
